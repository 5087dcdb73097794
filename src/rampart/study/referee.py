"""Referee: holds truth beside the chain and decides what simulated engagements come to."""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rampart.engage.outcome import draw_outcome
from rampart.pipeline import Place, World
from rampart.records import Engagements, Row, Tracks

from .debris import Debris, fall


@dataclass(frozen=True, slots=True)
class Shot:
    """One simulated engagement and what came of it."""

    number: int
    effector: int
    track: int
    rounds: int
    fire_s: float
    intercept_s: float
    flight: int  #: index into World.flights; -1: nothing was there
    miss_distance_m: float  #: from the planned to the true point at intercept; nan if nothing was there
    probability: float  #: with which the outcome was drawn
    destroyed: bool
    aimed: int = -1  #: flight that the track was on when the shot was ordered; -1: a false track
    aircraft_rad: float = math.nan  #: least angle between the line of fire and a friendly aircraft; nan without one


class Referee:
    """Decides outcomes, outside the chain.

    Parameters
    ----------
    place, world
        The site and its truth.
    spec : RefereeSpec
        ``[referee]`` of the scenario.
    rng : numpy.random.Generator
        For outcomes only, drawn in order of intercept time and number.
    debris_rng : numpy.random.Generator or None
        For the pieces of what is destroyed; without it there are none.
    """

    def __init__(
        self,
        place: Place,
        world: World,
        spec: Any,
        rng: np.random.Generator,
        debris_rng: np.random.Generator | None = None,
    ) -> None:
        self._place, self._flights, self._spec, self._rng = place, world.flights, spec, rng
        self._debris_rng = debris_rng
        self._paths = world.paths
        self._effectors = [part.build(place.site, i) for i, (_, part) in enumerate(place.effectors)]
        self._pending: list[tuple[int, int, int, Row]] = []
        self._start_s = np.array([flight.start_s for flight in world.flights])
        self._end_s = np.array([flight.end_s for flight in world.flights])
        self._ended_s = np.full(len(world.flights), np.inf)
        self._friendly = [
            i for i, f in enumerate(world.flights) if f.kind == "aircraft" or (f.identity and not f.threat)
        ]
        self.shots: list[Shot] = []
        self.debris: list[Debris] = []

    def engage(self, engagements: Engagements, tracks: Tracks) -> None:
        """Note engagements as decided; `tracks` are those of the same step."""
        for row in engagements:
            i = tracks.number.tolist().index(row.track)
            target = self._nearest(tracks.state[i, :3].tolist(), self._seconds(int(tracks.time_ns[i])))
            heapq.heappush(self._pending, (int(row.intercept_ns), int(row.number), target, row))

    def resolve(self, now_ns: int) -> np.ndarray:
        """Decide every engagement whose intercept is due; returns the end of each flight [s], inf if it flies on."""
        while self._pending and self._pending[0][0] <= now_ns:
            _, _, target, row = heapq.heappop(self._pending)
            self._decide(target, row)
        return self._ended_s

    def _decide(self, target: int, row: Row) -> None:
        when = self._seconds(int(row.intercept_ns))
        there = target >= 0 and self._start_s[target] <= when < min(self._end_s[target], self._ended_s[target])
        miss = _gap(self._paths[target].at(when), row.intercept_enu.tolist()) if there else math.nan
        effector = self._effectors[int(row.effector)]
        flight = self._flights[target] if there else None
        probability, destroyed = draw_outcome(effector, row, miss, self._rng, flight)
        if destroyed:
            self._ended_s[target] = when
            self._break_up(target, when)
        fire = self._seconds(int(row.fire_ns))
        self.shots.append(
            Shot(
                int(row.number),
                int(row.effector),
                int(row.track),
                int(row.rounds),
                fire,
                when,
                target if there else -1,
                miss,
                probability,
                destroyed,
                target,
                self._aircraft_rad(effector.position_enu, row.intercept_enu, fire, when)
                if self._friendly
                else math.nan,
            )
        )

    def _break_up(self, target: int, when_s: float) -> None:
        """Let what is left of a flight come down."""
        pieces = self._spec.debris_pieces
        if self._debris_rng is None or not pieces:
            return
        path = self._paths[target]
        position, velocity = path.at(when_s), path.velocity_at(when_s)
        ground = float(self._place.environment.terrain.height_at(*position[:2]))
        self.debris.append(fall(target, position, velocity, when_s, ground, pieces, self._debris_rng))

    def _aircraft_rad(self, muzzle: np.ndarray, point: np.ndarray, fire_s: float, hit_s: float) -> float:
        """Least angle between the line of fire and what is friendly, while rounds fly; nan without any in the air."""
        line = np.asarray(point, float) - muzzle
        times = np.linspace(fire_s, hit_s, 5)
        least = math.nan
        for i in self._friendly:
            aside = self._paths[i](times) - muzzle
            cosine = (aside @ line) / np.maximum(np.linalg.norm(aside, axis=1) * np.linalg.norm(line), 1e-9)
            seen = cosine[np.isfinite(cosine)]
            if len(seen):
                least = float(np.fmin(least, math.acos(min(float(seen.max()), 1.0))))
        return least

    def _nearest(self, position_enu: Sequence[float], when_s: float) -> int:
        best, best_m = -1, self._spec.match_radius_m
        for i, path in enumerate(self._paths):
            if not self._start_s[i] <= when_s < min(self._end_s[i], self._ended_s[i]):
                continue
            distance = _gap(path.at(when_s), position_enu)
            if distance < best_m:
                best, best_m = i, distance
        return best

    def _seconds(self, time_ns: int) -> float:
        return (time_ns - self._place.site.start_ns) * 1e-9


def _gap(one: Sequence[float], other: Sequence[float]) -> float:
    """Distance between two places [m]."""
    dx, dy, dz = (a - b for a, b in zip(one, other, strict=True))
    return math.sqrt(dx * dx + dy * dy + dz * dz)
