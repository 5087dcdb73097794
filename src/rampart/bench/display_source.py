"""Source: a service that says as much as is asked for, without sensors and without a chain."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rampart.pipeline import Outputs, Place, build_places, load
from rampart.records import (
    N_CLASSES,
    Decisions,
    Engagements,
    Health,
    HealthState,
    Phase,
    Predictions,
    TargetClass,
    Tracks,
    TrackStatus,
    Warnings,
)
from rampart.records.names import N_MODES
from rampart.serve.delivery import PeerHealth

STEP_S = 0.2
TURN_S = 20.0  #: every object flies circles of this period, so that every row changes


class Source:
    """Steps five times a second: so many tracks, all turning, and a warning each second.

    Parameters
    ----------
    tracks : int
        How many.
    """

    mode = "exercise"

    def __init__(self, tracks: int) -> None:
        self.places: tuple[Place, ...] = build_places(load("embassy-rockets"))
        self._n = tracks
        rng = np.random.Generator(np.random.PCG64(7))
        self._centre = rng.uniform(-8000.0, 8000.0, (tracks, 2))
        self._radius = rng.uniform(50.0, 400.0, tracks)
        self._phase = rng.uniform(0.0, 2.0 * np.pi, tracks)
        self._class = rng.integers(TargetClass.MULTIROTOR, TargetClass.CLUTTER, tracks)
        self._listeners: list[Callable[[str, Outputs], None]] = []
        self._stop = threading.Event()
        self._count = 0

    def clock(self) -> int:
        """The computer's: clients compare with it."""
        return time.time_ns()

    def subscribe(self, listener: Callable[[str, Outputs], None]) -> Callable[[], None]:
        """Have each step told."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def said(self, site: str) -> None:
        """Nothing was said before."""

    def decide(self, site: str, decisions: Decisions) -> None:
        """Nobody decides here."""

    def health(self) -> Health:
        """Nothing to say."""
        return Health.empty()

    def peers(self) -> list[PeerHealth]:
        """There are none."""
        return []

    def observed_cover(self, site: str) -> list[dict[str, Any]]:
        """No sensor looks."""
        return []

    def counters(self) -> dict[str, float]:
        """How many steps there were."""
        return {"steps_total": float(self._count)}

    def __enter__(self) -> Source:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        next_s = time.monotonic()
        while not self._stop.wait(max(next_s - time.monotonic(), 0.0)):
            next_s += STEP_S
            outputs = self._step(time.time_ns())
            for listener in list(self._listeners):
                listener(self.places[0].site.id, outputs)

    def _step(self, now_ns: int) -> Outputs:
        self._count += 1
        health = self._sensors(now_ns) if self._count == 1 else Health.empty()
        return Outputs(
            now_ns, self._tracks(now_ns), Predictions.empty(), self._warnings(), Engagements.empty(), {}, None, health
        )

    def _tracks(self, now_ns: int) -> Tracks:
        rate = 2.0 * np.pi / TURN_S
        angle = self._phase + rate * (now_ns % (1000 * 10**9)) * 1e-9
        state = np.zeros((self._n, 6))
        state[:, 0] = self._centre[:, 0] + self._radius * np.cos(angle)
        state[:, 1] = self._centre[:, 1] + self._radius * np.sin(angle)
        state[:, 2] = 200.0
        state[:, 3] = -self._radius * rate * np.sin(angle)
        state[:, 4] = self._radius * rate * np.cos(angle)
        chance = np.full((self._n, N_CLASSES), 0.05)
        chance[np.arange(self._n), self._class] = 0.6
        columns: dict[str, Any] = {
            "number": np.arange(1, self._n + 1),
            "time_ns": np.full(self._n, now_ns),
            "state": state,
            "covariance": np.tile(np.eye(6) * 25.0, (self._n, 1, 1)),
            "existence": np.full(self._n, 0.99),
            "mode_probability": np.full((self._n, N_MODES), 0.2),
            "class_probability": chance,
            "status": np.full(self._n, TrackStatus.CONFIRMED),
            "updated_ns": np.full(self._n, now_ns),
            "first_ns": np.full(self._n, now_ns),
            "sensors": np.ones(self._n, np.uint64),
            "flags": np.ones(self._n, np.uint8),
        }
        return Tracks.build(self._n, **columns)

    def _warnings(self) -> Warnings:
        """Once a second a warning; its time is that at which it is handed over."""
        if self._count % round(1.0 / STEP_S):
            return Warnings.empty()
        number = 1 + self._count // 10
        return Warnings.build(
            1, number=[number], sequence=[self._count], zone=[0], phase=[int(Phase.SHELTER)], time_ns=[time.time_ns()],
            target_class=[int(TargetClass.ROCKET)], time_to_impact_s=[20.0], probability=[0.5], tracks=[(1,)], raid=[1],
        )  # fmt: skip

    def _sensors(self, now_ns: int) -> Health:
        parts = [f"sensor/{sensor.id}" for sensor in self.places[0].site.sensors]
        n = len(parts)
        return Health.build(
            n, time_ns=[now_ns] * n, part=parts, state=[int(HealthState.OK)] * n, since_ns=[now_ns] * n, reason=[""] * n
        )
