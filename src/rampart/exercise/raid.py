"""Raid: the simulated side of an exercise - what flies, and what the sensors see of it, scan by scan."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from rampart.pipeline import Place, Scenario, World, build_places, build_world
from rampart.records import Detections, Tracks
from rampart.sensor.rounds import Rounds
from rampart.sensor.sky import Sky


@dataclass(frozen=True, slots=True)
class Scan:
    """What the sensors of one site hand over at one time."""

    site: str
    now_ns: int
    detections: Detections
    heard: tuple[int, ...]  #: indices of the sensors that hand over, with reports or without


@dataclass
class _Side:
    place: Place
    world: World
    sky: Sky
    rounds: Rounds
    cued: list[Any]  #: sensors that are turned by what the chain sees


class Raid:
    """All sites of a scenario, flown once.

    Parameters
    ----------
    scenario : Scenario
        With threats.
    start_ns : int
        When it begins, ns UTC, whatever the file says.
    seed, run : int
        As of ``rampart run``: the same raid flies.
    """

    def __init__(self, scenario: Scenario, start_ns: int, *, seed: int = 0, run: int = 0) -> None:
        self.scenario = starting(scenario, start_ns)
        self.places = build_places(self.scenario)
        self.end_ns = self.scenario.start_ns + round(scenario.head.duration_s * 1e9)
        self._tracks: dict[str, tuple[int, Tracks]] = {}
        self._lock = threading.Lock()
        self._sides = []
        for place in self.places:
            world = build_world(place, seed=seed, run=run)
            cued = [sensor for sensor in world.sensors if hasattr(sensor, "cue")]
            self._sides.append(_Side(place, world, Sky.build(world.flights), Rounds(world.sensors), cued))

    def see(self, site: str, now_ns: int, tracks: Tracks) -> None:
        """Take what the chain of a site tracks: its cameras turn there. From any thread."""
        with self._lock:
            self._tracks[site] = now_ns, tracks

    def lose(self, site: str, ended_s: np.ndarray) -> None:
        """Flights that ended early, (flights,) seconds since the start, inf where not. From any thread."""
        for side in self._sides:
            if side.place.site.id == site and (ended_s != side.sky.ended_s).any():
                side.sky = side.sky.with_ended(ended_s)

    def worlds(self) -> tuple[World, ...]:
        """Truth, site by site."""
        return tuple(side.world for side in self._sides)

    def scans(self) -> Iterator[Scan]:
        """The scans of all sites in order of delivery; each is made when it is asked for."""
        while True:
            side = min(self._sides, key=lambda s: s.rounds.next_ns)
            now_ns = side.rounds.next_ns
            if now_ns > self.end_ns:
                return
            self._cue(side)
            due = side.rounds.due(now_ns)
            parts = [side.world.sensors[i].step(now_ns, side.sky).records for i in due]
            yield Scan(side.place.site.id, now_ns, Detections.concat(parts), tuple(due))

    def _cue(self, side: _Side) -> None:
        with self._lock:
            seen = self._tracks.get(side.place.site.id)
        if seen is not None:
            for sensor in side.cued:
                sensor.cue(*seen)


def starting(scenario: Scenario, start_ns: int) -> Scenario:
    """The same scenario at another time, to the microsecond."""
    whole_s, rest_ns = divmod(start_ns, 1_000_000_000)
    start = datetime.fromtimestamp(whole_s, UTC).replace(microsecond=rest_ns // 1000)
    return replace(scenario, head=scenario.head.model_copy(update={"start": start}))
