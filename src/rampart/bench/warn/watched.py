"""Watched: a raid seen once - sensors, tracker and predictor - and the warners of any zone map and policy over it.

Tracks and impact predictions do not depend on the zones, so one run serves all of them: the comparison is paired.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rampart.physics.area import Areas
from rampart.pipeline import Scenario, build_chain, build_places, build_world
from rampart.records import Picture, Result, Warnings
from rampart.study.score import Scorer
from rampart.study.site_run import SiteRun, run_site
from rampart.warn import Warner

_SILENCE = Warnings.empty()


@dataclass(frozen=True, eq=False)
class Watched:
    """What the chain saw of one raid.

    Attributes
    ----------
    run : SiteRun
        With outputs and looks; nothing was warned of.
    pictures : list of (int, Picture)
        Of every step, with its time [ns UTC].
    scorer : Scorer
        Truth beside it: matches, needs, what was observable.
    end_ns : int
        End of the run.
    """

    run: SiteRun
    pictures: list[tuple[int, Picture]]
    scorer: Scorer
    end_ns: int


class _Listener:
    """A warner that says nothing and remembers what it was shown."""

    def __init__(self) -> None:
        self.pictures: list[tuple[int, Picture]] = []

    def step(self, now_ns: int, inputs: Picture) -> Result[Warnings]:
        self.pictures.append((now_ns, inputs))
        return Result(_SILENCE)

    def snapshot(self) -> dict[str, Any]:
        return {"version": 1}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        del snapshot


def watch(scenario: Scenario, seed: int) -> Watched:
    """Run sensors, tracker and predictor of a scenario with one site."""
    (place,) = build_places(scenario)
    world, listener = build_world(place, seed=seed, run=0), _Listener()
    chain = build_chain(scenario, place, engage=False)
    chain.warner = listener
    duration_s = scenario.head.duration_s
    run = run_site(place, world, chain, None, duration_s=duration_s)
    radius_m: float = scenario.stages["referee"].match_radius_m  # type: ignore[attr-defined]
    scorer = Scorer(run, radius_m, duration_s)
    return Watched(run, listener.pictures, scorer, place.site.start_ns + round(duration_s * 1e9))


def warn(warner: Warner, watched: Watched) -> Warnings:
    """What a warner would have said: every message, in order.

    Parameters
    ----------
    warner : Warner
        A fresh one, of any zones.
    watched : Watched
        The raid.

    Notes
    -----
    Where the warner asks to be woken between two steps it is shown the latest picture again, as the chain does: without
    new detections a prediction stays what it was.
    """
    said, wake_ns = [], None
    latest: Picture | None = None
    for now_ns, picture in [*watched.pictures, (watched.end_ns + 1, None)]:
        while latest is not None and wake_ns is not None and wake_ns < now_ns:
            result = warner.step(wake_ns, latest)
            said.append(result.records)
            wake_ns = None if result.wake_ns is None else max(result.wake_ns, wake_ns + 1)
        if picture is not None:
            result, latest = warner.step(now_ns, picture), picture
            said.append(result.records)
            wake_ns = None if result.wake_ns is None else max(result.wake_ns, now_ns + 1)
    return Warnings.concat(said)


class SharedAreas:
    """Areas that remember their answers, for warners of several policies over the same zones and raid."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas
        self._known: dict[bytes, Any] = {}

    def __len__(self) -> int:
        return len(self._areas)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._areas, name)

    def forget(self) -> None:
        """Start over, for the next raid."""
        self._known.clear()

    def hit_probability(self, mean: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
        """As `Areas.hit_probability`."""
        key = mean.tobytes() + covariance.tobytes()
        if key not in self._known:
            self._known[key] = self._areas.hit_probability(mean, covariance)
        found: NDArray[np.float64] = self._known[key]
        return found

    def pass_probability(self, *ends: NDArray[np.float64]) -> Any:
        """As `Areas.pass_probability`."""
        key = b"".join(end.tobytes() for end in ends)
        if key not in self._known:
            self._known[key] = self._areas.pass_probability(*ends)
        return self._known[key]
