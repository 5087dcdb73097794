"""Perfect tracks: a chain that knows where everything is, the real engager behind it and the real referee beside it.

What is left to chance is what effectors do, so that closed forms say what must come out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from rampart.pipeline import Chain, Place, Purpose, Scenario, World, build_places, parse_scenario, stream
from rampart.records import (
    Detections,
    Engagements,
    Fate,
    Flight,
    Picture,
    PredictionKind,
    Predictions,
    Result,
    TargetClass,
    Tracks,
    TrackStatus,
    Warnings,
)
from rampart.study.referee import Referee
from rampart.study.site_run import SiteRun, run_site

SECOND = 1_000_000_000
_HEAD = """
schema = 1
name = "oracle"
start = 2021-07-05T21:00:00Z
duration_s = 600000.0
[[site]]
id = "base"
origin = { lat_deg = 33.30, lon_deg = 44.39, height_m = 34.0 }
[[zone]]
id = "all"
polygon_en_m = [[-1e7, -1e7], [1e7, -1e7], [1e7, 1e7], [-1e7, 1e7]]
warn_radius_m = 0.0
defended = true
"""
_LAUNCHER: Mapping[str, Any] = {
    "kind": "interceptor",
    "position_enu_m": [0.0, 0.0, 0.0],
    "min_range_m": 0.0,
    "max_range_m": 1e6,
    "speed_ms": 1000.0,
    "response_s": 0.0,
    "burst_s": 0.0,
    "reload_s": 0.0,
    "rounds": 10_000,
}


class Battle(NamedTuple):
    """A scenario and its one site."""

    scenario: Scenario
    place: Place


def battle(effectors: Sequence[Mapping[str, Any]], **rules: Any) -> Battle:
    """A scenario with launchers that are ready at once, one kill probability each, and nothing else.

    Parameters
    ----------
    effectors : sequence of dict
        Each with ``p``, and keys of ``[[effector]]`` in place of the plain ones.
    **rules
        Keys of ``[engage]``.
    """
    text = [_HEAD]
    for k, given in enumerate(effectors):
        keys = {**_LAUNCHER, "kill_probability_at_m": [[0.0, given["p"]]], **given}
        del keys["p"]
        text += ["[[effector]]", f'id = "e{k}"', *(f"{name} = {_toml(value)}" for name, value in keys.items())]
    rules = {"release_delay_s": 0.0, "look_s": 0.01, "aircraft_angle_deg": 0.0, **rules}
    text += ["[engage]", *(f"{name} = {_toml(value)}" for name, value in rules.items())]
    scenario = parse_scenario("\n".join(text), "oracle")
    return Battle(scenario, build_places(scenario)[0])


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)


def still(
    number: int, arrival_s: float, end_s: float, place: Sequence[float], end: Sequence[float] | None = None
) -> Flight:
    """A threat that is there from its arrival to its end: at one place, or on a straight line to another."""
    arrival_s, end_s = (round(t * SECOND) * 1e-9 for t in (arrival_s, end_s))  # as the run loop reads its clock
    knots = np.array([place, place if end is None else end], float)
    velocity = np.broadcast_to((knots[1] - knots[0]) / (end_s - arrival_s), (2, 3)).copy()
    return Flight(
        f"t-{number}", "t", "base", "fixed_wing", True, False,
        np.array([arrival_s, end_s]), knots, velocity, 0.0, fate=Fate.IMPACT,
    )  # fmt: skip


def ring(count: int, radius_m: float) -> np.ndarray:
    """Places (count, 3) round the origin, all apart."""
    angle = 2.0 * np.pi * np.arange(count) / max(count, 1)
    return np.column_stack([radius_m * np.sin(angle), radius_m * np.cos(angle), np.zeros(count)])


class PerfectTracker:
    """A tracker that is told the truth: one confirmed track per flight in the air, numbered as the flights."""

    def __init__(self, flights: Sequence[Flight], start_ns: int) -> None:
        self._start_ns = start_ns
        self._begin_ns = np.array([start_ns + round(f.start_s * SECOND) for f in flights], np.int64)
        self._end_ns = np.array([start_ns + round(f.end_s * SECOND) for f in flights], np.int64)
        self._place = np.array([f.position_enu[0] for f in flights]).reshape(-1, 3)
        self._velocity = np.array([f.velocity_enu[0] for f in flights]).reshape(-1, 3)
        self.ended_s: Any = np.full(len(flights), np.inf)  #: the referee's own array
        self._rows: dict[int, Tracks] = {}

    def step(self, now_ns: int, inputs: Detections) -> Result[Tracks]:
        """All flights in the air."""
        del inputs
        alive = (self._begin_ns <= now_ns) & (now_ns < self._end_ns) & ~np.isfinite(self.ended_s)
        there = np.flatnonzero(alive)
        coming = self._begin_ns[self._begin_ns > now_ns]
        return Result(self._tracks(now_ns, there), wake_ns=int(coming.min()) if len(coming) else None)

    def _tracks(self, now_ns: int, there: np.ndarray) -> Tracks:
        n = len(there)
        age_s = (now_ns - self._begin_ns[there])[:, None] * 1e-9
        now = np.full(n, now_ns)
        classes = np.zeros((n, len(TargetClass)))
        classes[:, TargetClass.FIXED_WING] = 1.0
        return Tracks.build(
            n,
            number=there + 1,
            time_ns=now,
            state=np.hstack([self._place[there] + age_s * self._velocity[there], self._velocity[there]]),
            covariance=np.zeros((n, 6, 6)),
            existence=np.ones(n),
            class_probability=classes,
            status=np.full(n, int(TrackStatus.CONFIRMED)),
            hits=np.full(n, 10),
            updated_ns=now,
            received_ns=now,
        )

    def end_of(self, numbers: np.ndarray) -> np.ndarray:
        """When flights end, (n,) ns."""
        return self._end_ns[numbers - 1]

    def snapshot(self) -> dict[str, Any]:
        """Nothing is kept."""
        return {"version": 1}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Nothing is taken up."""


class PerfectPredictor(PerfectTracker):
    """Says of each track where it ends and when."""

    def __init__(self, tracker: PerfectTracker) -> None:
        self._of = tracker

    def step(self, now_ns: int, inputs: Tracks) -> Result[Predictions]:  # type: ignore[override]
        """One prediction per track."""
        n = len(inputs)
        end_ns = self._of.end_of(inputs.number)
        ahead_s = (end_ns - now_ns)[:, None] * 1e-9
        flat = np.zeros((n, 2, 2))
        place, velocity = inputs.state[:, :3], inputs.state[:, 3:]
        records = Predictions.build(
            n,
            track=inputs.number,
            time_ns=np.full(n, now_ns),
            kind=np.full(n, int(PredictionKind.REACH)),
            weight=np.ones(n),
            position_enu=place,
            position_covariance=flat,
            velocity_enu=velocity,
            impact_enu=place + ahead_s * velocity,
            impact_covariance=flat,
            impact_ns=end_ns,
            impact_sigma_s=np.zeros(n),
        )
        return Result(records)


class Silent(PerfectPredictor):
    """A warner that says nothing."""

    def __init__(self) -> None:
        pass

    def step(self, now_ns: int, inputs: Picture) -> Result[Warnings]:  # type: ignore[override]
        """Nothing."""
        return Result(Warnings.empty())


class Apart:
    """Several engagers that do not know of each other, each with track numbers of its own."""

    def __init__(self, engagers: Sequence[Any], orders: Sequence[np.ndarray]) -> None:
        self._engagers, self._orders = engagers, orders
        self._count = 0

    def step(self, now_ns: int, inputs: Picture) -> Result[Engagements]:
        """What all of them order."""
        parts = []
        for index, (engager, order) in enumerate(zip(self._engagers, self._orders, strict=True)):
            tracks = inputs.tracks.replace(number=order[inputs.tracks.number - 1] + 1)
            predictions = inputs.predictions.replace(track=order[inputs.predictions.track - 1] + 1)
            ordered = engager.step(now_ns, Picture(tracks, predictions)).records
            if len(ordered):
                back = np.argsort(order)[ordered.track - 1] + 1
                parts.append(ordered.replace(track=back, effector=np.full(len(ordered), index)))
        joined = Engagements.concat(parts)
        first, self._count = self._count + 1, self._count + len(joined)
        return Result(joined.replace(number=np.arange(first, self._count + 1)))


@dataclass(frozen=True)
class _Bell:
    """In the sensors' place: the run loop's first step."""

    schedule: Any

    def step(self, now_ns: int, sky: Any) -> Result[Detections]:
        del now_ns, sky
        return Result(Detections.empty(), {"flight": np.zeros(0, int), "gates": None})


def fight(
    where: Battle,
    flights: Sequence[Flight],
    *,
    seed: int,
    run: int,
    orders: Sequence[np.ndarray] | None = None,
) -> SiteRun:
    """One raid through the run loop: perfect tracks, real engager, real referee.

    Parameters
    ----------
    where : Battle
        Of `battle`.
    flights : sequence of Flight
        Of `still`.
    seed, run : int
        Of the referee's dice, as in any run.
    orders : sequence of ndarray, optional
        Each effector decides alone, and numbers the tracks in this order of its own.
    """
    scenario, place = where
    start_ns = place.site.start_ns
    bell = _Bell(SimpleNamespace(period_ns=2**62, delivery_ns=lambda k: start_ns))
    world = World(tuple(flights), (bell,))
    referee = Referee(place, world, scenario.stages["referee"], stream(seed, run, Purpose.OUTCOME, 0))
    tracker = PerfectTracker(flights, start_ns)
    tracker.ended_s = referee.resolve(start_ns)
    rng = stream(seed, run, Purpose.LOOK, 0)
    engager = _engager(scenario, place, orders, rng)
    chain: Any = Chain(place.site, tracker, PerfectPredictor(tracker), Silent(), engager)
    end_s = max((flight.end_s for flight in flights), default=0.0)
    return run_site(place, world, chain, referee, duration_s=end_s + 1.0)


def _engager(scenario: Scenario, place: Place, orders: Sequence[np.ndarray] | None, rng: np.random.Generator) -> Any:
    rules: Any = scenario.stages["engage"]
    effectors = [spec.build(place.site, i) for i, (_, spec) in enumerate(place.effectors)]
    if orders is None:
        return rules.build(place.site, place.environment, effectors, rng)
    return Apart([rules.build(place.site, place.environment, [effector]) for effector in effectors], orders)
