"""Region: a made-up country of towns and villages, cut into ever more warning zones that nest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rampart.records import Zone

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Zones of the sets, coarse to fine: what one country had in 2006, 2012, 2015 and 2019.
COUNTS = (25, 127, 250, 1700)
HALF_M = 20_000.0  #: the land is a square of twice this
RESIDENTS = 60_000  #: points that stand for `PEOPLE` each
PEOPLE = 10.0
TOWNS = 24  #: places where people live close together
RURAL_SHARE = 0.15  #: of the people, spread over all of the land
SHELTER_S = 15.0
RADIUS_M = 100.0  #: danger radius about an impact
_TILT_RAD = 0.4  #: cuts are tilted by up to this, or all streets would be straight


@dataclass(frozen=True, eq=False)
class ZoneSet:
    """The land, divided once.

    Attributes
    ----------
    zones : tuple of Zone
        Convex, of about equal population; together they are the whole land.
    home : ndarray (residents,)
        The zone that each resident lives in.
    parent : ndarray (zones,)
        The zone of the next coarser set that each is a part of; -1 in the coarsest.
    people : ndarray (zones,)
        Who lives there.
    area_m2 : ndarray (zones,)
    """

    zones: tuple[Zone, ...]
    home: Ints
    parent: Ints
    people: Floats
    area_m2: Floats

    def __len__(self) -> int:
        return len(self.zones)


@dataclass(frozen=True, eq=False)
class Region:
    """Residents (n, 2), east and north [m], and the zone sets, coarse to fine."""

    residents: Floats
    sets: tuple[ZoneSet, ...]

    @classmethod
    def make(cls, seed: int = 0, counts: tuple[int, ...] = COUNTS, residents: int = RESIDENTS) -> Region:
        """Draw a region; equal seeds give equal regions.

        Notes
        -----
        Each set is cut from the one before by straight cuts across the longer side of a zone, tilted at random, with
        people divided in proportion; so zones are convex, nest, and hold about as many people as each other.

        Examples
        --------
        >>> region = Region.make(1, counts=(4, 9), residents=900)
        >>> [len(s) for s in region.sets], region.sets[0].people.tolist()
        ([4, 9], [2250.0, 2250.0, 2250.0, 2250.0])
        """
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
        people = _settle(rng, residents)
        square = HALF_M * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
        parts = [_Part(square, np.arange(residents))]
        sets: list[ZoneSet] = []
        for count in counts:
            pieces = [_cut(rng, part, k, people) for part, k in zip(parts, _shares(parts, count), strict=True)]
            parent = np.repeat(np.arange(len(parts)) if sets else np.array([-1]), [len(p) for p in pieces])
            parts = [part for some in pieces for part in some]
            sets.append(_zone_set(parts, parent.astype(np.int64), residents))
        return cls(people, tuple(sets))


@dataclass(frozen=True, eq=False)
class _Part:
    polygon: Floats  #: (k, 2) convex, counter-clockwise
    inside: Ints  #: residents


def _settle(rng: np.random.Generator, n: int) -> Floats:
    """Where people live: towns of different size, and a thin spread over the land."""
    centre = rng.uniform(-0.8 * HALF_M, 0.8 * HALF_M, (TOWNS, 2))
    size = rng.uniform(300.0, 2_000.0, TOWNS)
    weight = rng.dirichlet(np.full(TOWNS, 1.5))
    found = np.zeros((0, 2))
    while len(found) < n:
        rural = rng.random(n) < RURAL_SHARE
        town = rng.choice(TOWNS, n, p=weight)
        points = centre[town] + size[town, None] * rng.standard_normal((n, 2))
        points = np.where(rural[:, None], rng.uniform(-HALF_M, HALF_M, (n, 2)), points)
        found = np.concatenate([found, points[(np.abs(points) < HALF_M).all(1)]])
    return np.ascontiguousarray(found[:n])


def _shares(parts: list[_Part], count: int) -> list[int]:
    """Into how many each part is cut: the larger ones into one more where it does not come out even."""
    base, more = divmod(count, len(parts))
    large = np.argsort([-_area(part.polygon) for part in parts], kind="stable")[:more]
    return [base + (i in set(large.tolist())) for i in range(len(parts))]


def _cut(rng: np.random.Generator, part: _Part, k: int, people: Floats) -> list[_Part]:
    """Cut a part into `k`."""
    if k == 1:
        return [part]
    few = k // 2
    angle = _long_axis(part.polygon) + rng.uniform(-_TILT_RAD, _TILT_RAD)
    normal = np.array([np.cos(angle), np.sin(angle)])
    along = people[part.inside] @ normal
    order = np.argsort(along, kind="stable")
    split = round(len(order) * few / k)
    offset = 0.5 * float(along[order[split - 1]] + along[order[split]])
    low = _Part(_clip(part.polygon, normal, offset), part.inside[order[:split]])
    high = _Part(_clip(part.polygon, -normal, -offset), part.inside[order[split:]])
    return [*_cut(rng, low, few, people), *_cut(rng, high, k - few, people)]


def _long_axis(polygon: Floats) -> float:
    """Direction in which the corners spread most [rad]."""
    spread = np.cov(polygon.T)
    return 0.5 * float(np.arctan2(2.0 * spread[0, 1], spread[0, 0] - spread[1, 1]))


def _clip(polygon: Floats, normal: Floats, offset: float) -> Floats:
    """The part of a convex polygon where ``x . normal <= offset``."""
    side, corners = polygon @ normal - offset, []
    for i in range(len(polygon)):
        j = (i + 1) % len(polygon)
        if side[i] <= 0.0:
            corners.append(polygon[i])
        if (side[i] < 0.0 < side[j]) or (side[j] < 0.0 < side[i]):
            corners.append(polygon[i] + side[i] / (side[i] - side[j]) * (polygon[j] - polygon[i]))
    return np.array(corners)


def _area(polygon: Floats) -> float:
    following = np.roll(polygon, -1, axis=0)
    return 0.5 * abs(float((polygon[:, 0] * following[:, 1] - polygon[:, 1] * following[:, 0]).sum()))


def _zone_set(parts: list[_Part], parent: Ints, residents: int) -> ZoneSet:
    home, zones = np.empty(residents, np.int64), []
    for i, part in enumerate(parts):
        home[part.inside] = i
        zones.append(
            Zone(
                f"z{len(parts)}-{i + 1}",
                part.polygon,
                population=PEOPLE * len(part.inside),
                shelter_time_s=SHELTER_S,
                warn_radius_m=RADIUS_M,
            )
        )
    people = np.array([zone.population for zone in zones])
    return ZoneSet(tuple(zones), home, parent, people, np.array([_area(part.polygon) for part in parts]))
