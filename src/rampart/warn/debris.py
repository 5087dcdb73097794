"""Debris: what may come down where a threat ended in the air. It is read off tracks alone: nothing else is asked.

A threat's track that is lost well before its time of impact, or out of which new tracks appear, has perhaps come apart.
What that means for people under it does not depend on why: pieces take up to a minute to fall.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rampart.records import Site

from .danger import Danger, zone_grounds
from .policy import SECOND, Policy, Threat
from .sight import Sight, same_flight

#: Lost so long before the impact, beside three sigma of its time, is lost in the air [s].
_EARLY_S = 3.0
#: New tracks this near to a threat [m] are pieces of it ...
_NEAR_M = 100.0
#: ... if there are so many of them ...
_PIECES = 2
#: ... and it was there so long before [s], so that it did not set out together with them.
_OLDER_S = 3.0
#: A new track so soon after a loss [s], where the lost one would be by then, is the lost one.
_FOUND_S = 12.0
#: Pieces fall no slower than this [m/s].
_FALL_MS = 40.0


@dataclass(frozen=True, slots=True)
class Debris:
    """Pieces of one threat on their way down."""

    track: int
    east_m: float  #: under the place where the threat was last seen
    north_m: float
    since_ns: int
    arrival_ns: int  #: when the slowest are down
    until_ns: int  #: nobody under it is released before
    belief: float
    target_class: int
    drone: bool
    flags: int
    hits: int
    updated_ns: int
    received_ns: int
    zones: tuple[int, ...] = ()  #: within the radius
    position: tuple[float, float, float] = (math.nan, math.nan, math.nan)  #: at its latest detection
    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    seen_ns: int = 0  #: when that was

    def threat(self, probability: float) -> Threat:
        """What it means for a zone that it falls on with `probability`."""
        return Threat(
            self.track,
            self.drone,
            self.target_class,
            probability * self.belief,
            self.arrival_ns,
            0.0,
            self.hits,
            self.updated_ns,
            self.received_ns,
            self.flags,
            debris=True,
        )


@dataclass(slots=True)
class Flying:
    """A threat in the air, as its latest detection showed it."""

    danger: Danger
    first_ns: int
    seen_ns: int = 0  #: step that had its latest detection
    pieces: int = 0
    apart: bool = False  #: has been noted as come apart


class Fallout:
    """Which zones debris comes down on.

    Parameters
    ----------
    site : Site
        Gives the zones.
    radius_m : float
        How far from the place below a threat's end its pieces come down.
    """

    def __init__(self, site: Site, radius_m: float) -> None:
        self._radius_m = radius_m
        self._ground = zone_grounds(site)

    def zones(self, east_m: float, north_m: float) -> tuple[int, ...]:
        """Zones within the radius of a place."""
        return tuple(np.flatnonzero(self._ground.distance([[east_m, north_m]])[0] <= self._radius_m).tolist())

    def probabilities(self, debris: Debris) -> list[tuple[int, float]]:
        """For each zone within the radius, that a piece falls on it: spread normally, half the radius one sigma."""
        if not debris.zones:
            return []
        sigma = max(0.5 * self._radius_m, 1.0)
        p = self._ground.hit_probability([[debris.east_m, debris.north_m]], [np.eye(2) * sigma**2])[0]
        return [(zone, float(p[zone])) for zone in debris.zones]


class DebrisWatch:
    """Follows the threats in the air and tells where one of them ended.

    Parameters
    ----------
    policy : Policy
        How long and how far debris counts.
    fallout : Fallout
        The site's zones.
    sight : Sight
        The site's sensors: a loss that they explain - behind the horizon, out of range, in the Doppler notch - is none.
    """

    def __init__(self, policy: Policy, fallout: Fallout, sight: Sight) -> None:
        self._policy, self._fallout, self._sight = policy, fallout, sight
        self._flying: dict[int, Flying] = {}
        self._known: set[int] = set()
        self.falling: list[Debris] = []

    @property
    def rests(self) -> bool:
        """Nothing flies or falls."""
        return not (self._flying or self._known or self.falling)

    def step(self, now_ns: int, dangers: Sequence[Danger], working: tuple[bool, ...] | None = None) -> list[Debris]:
        """Take up one step, with the sensors that work; returns what began to fall in it."""
        if self.falling:
            self.falling = [debris for debris in self.falling if debris.until_ns > now_ns]
        if not dangers and not self._flying:
            self._known.clear()
            return []
        seen = {danger.track: danger for danger in dangers}
        fresh_tracks = [seen[t] for t in seen if t not in self._known]
        if fresh_tracks:
            self.falling = [debris for debris in self.falling if not _flies_on(now_ns, debris, fresh_tracks)]
        begun = [self._lose(now_ns, self._flying.pop(t), working) for t in [t for t in self._flying if t not in seen]]
        if fresh_tracks:
            begun += self._come_apart(now_ns, fresh_tracks)
        for danger in dangers:
            self._follow(now_ns, danger)
        self._known = set(seen)
        fresh = [debris for debris in begun if debris is not None]
        self.falling += fresh
        return fresh

    def _follow(self, now_ns: int, danger: Danger) -> None:
        """Keep a threat as its latest detection shows it."""
        before = self._flying.get(danger.track)
        if before is not None and danger.hits <= before.danger.hits:
            return
        if danger.belief < self._policy.least_weight or not danger.predicted:
            self._flying.pop(danger.track, None)  # fresh detections say that it is none
        elif before is None:
            self._flying[danger.track] = Flying(danger, now_ns, now_ns)
        else:
            before.danger, before.seen_ns = danger, now_ns

    def _come_apart(self, now_ns: int, fresh: Sequence[Danger]) -> list[Debris | None]:
        """Threats out of which new tracks appear."""
        begun: list[Debris | None] = []
        for flying in self._flying.values():
            if flying.apart or now_ns - flying.first_ns < _OLDER_S * SECOND:
                continue
            flying.pieces += sum(math.dist(new.position, flying.danger.position) < _NEAR_M for new in fresh)
            if flying.pieces >= _PIECES:
                flying.apart = True
                begun.append(self._begin(now_ns, flying))
        return begun

    def _lose(self, now_ns: int, flying: Flying, working: tuple[bool, ...] | None) -> Debris | None:
        """A track that is gone: debris if it would have been seen had it flown on."""
        danger = flying.danger
        seen = self._sight.flying_on(danger.position, danger.velocity, falls=not danger.drone, working=working)
        return self._begin(now_ns, flying) if seen else None

    def _begin(self, now_ns: int, flying: Flying) -> Debris | None:
        danger, policy = flying.danger, self._policy
        east, north, up = danger.position
        left_s = (danger.impact_ns - danger.updated_ns) / SECOND - 3.0 * danger.sigma_s
        if danger.hits < policy.proven_hits or not math.isfinite(east + north + up):
            return None
        if not danger.drone and left_s < _EARLY_S:
            return None
        hold_ns = round(policy.debris_hold_s * SECOND)
        fall_ns = min(round(max(up, 0.0) / _FALL_MS * SECOND), hold_ns)
        return Debris(
            danger.track,
            east,
            north,
            now_ns,
            now_ns + fall_ns,
            now_ns + hold_ns,
            danger.belief,
            danger.target_class,
            danger.drone,
            danger.flags,
            danger.hits,
            danger.updated_ns,
            danger.received_ns,
            self._fallout.zones(east, north),
            danger.position,
            danger.velocity,
            flying.seen_ns,
        )

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        flying = [
            [f.danger._replace(zones=None)._asdict(), f.first_ns, f.seen_ns, f.pieces, f.apart]
            for f in self._flying.values()
        ]
        return {"flying": flying, "known": sorted(self._known), "falling": [asdict(d) for d in self.falling]}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        self._flying = {}
        for fields, *more in snapshot["flying"]:
            danger = Danger(**_tuples(fields, "position", "velocity"))
            self._flying[danger.track] = Flying(danger, *more)
        self._known = set(snapshot["known"])
        self.falling = [Debris(**_tuples(f, "zones", "position", "velocity")) for f in snapshot["falling"]]


def _flies_on(now_ns: int, debris: Debris, fresh: Sequence[Danger]) -> bool:
    """Whether one of the tracks that are new is the one that was lost."""
    seconds = (now_ns - debris.seen_ns) / SECOND
    return seconds < _FOUND_S and any(
        new.belief > 0.0
        and same_flight(debris.position, debris.velocity, new.position, seconds, falls=not debris.drone)
        for new in fresh
    )


def _tuples(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Plain data with some lists as tuples."""
    return {**fields, **{name: tuple(fields[name]) for name in names}}
