"""Crossings: bearings that no track used, crossed with those of other places until two crossings make a track."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rampart.records import Site
from rampart.track import constants as k

from . import _kernels

if TYPE_CHECKING:
    from rampart.track.settings import TrackerSpec
    from rampart.track.state import State

#: Speed that a target may have between the looks of two sensors, and of a start, one sigma [m/s].
SPEED_MS = 25.0
#: Squared distance that a crossing may have: two elevations and the layer of heights, 99.9 %.
GATE = 16.3
#: A crossing less certain than this says nothing [m].
WIDEST_M = 1000.0
#: Another sensor that covers a crossing must show a bearing within so many sigma of it.
NEAR_SIGMA = 4.0
#: Crossings kept at most: beyond, bearings are clutter.
MOST = 200
#: A start must beat rivals, other crossings of its new bearings, by so much in squared distance.
MARGIN = 4.0
#: Bearings of one scan looked at.
MOST_BEARINGS = 8


@dataclass
class _Pool:
    """Rows of packed bearings or crossings."""

    z: np.ndarray
    zi: np.ndarray
    of: np.ndarray  #: (n, 3) of a crossing: numbers of its two bearings, bit mask of their sensors

    @classmethod
    def empty(cls) -> _Pool:
        return cls(np.empty((0, k.N_Z)), np.empty((0, k.N_ZI), np.int64), np.empty((0, 3), np.int64))

    def take(self, keep: np.ndarray) -> _Pool:
        return _Pool(self.z[keep], self.zi[keep], self.of[keep])

    def join(self, z: np.ndarray, zi: np.ndarray, of: np.ndarray) -> _Pool:
        return _Pool(np.concatenate([self.z, z]), np.concatenate([self.zi, zi]), np.concatenate([self.of, of]))


class Crossings:
    """Starts tracks from bearings of two places.

    Parameters
    ----------
    site : Site
        Its sensors; those that measure no range take part.
    spec : TrackerSpec
        Settings.
    sensors, p : ndarray
        Tables of the tracker.

    Notes
    -----
    Bearings of n targets from two places cross in up to n^2 points; all but n are ghosts. What keeps them down:
    bearings that a track has used never get here; elevations must agree; a third sensor that watches the place must
    show a bearing towards it (`SensorModel.witness_range_m`; finders of links are no witnesses against what no finder
    has heard); two crossings, of different bearings, must make a speed that a steered thing flies; a start
    must be likelier than its rivals, or waits; and a ghost that starts all the same must go on getting bearings that
    the tracks of real targets compete for.
    """

    def __init__(self, site: Site, spec: TrackerSpec, sensors: np.ndarray, p: np.ndarray) -> None:
        self._bearing = sensors[:, k.S_RANGES] == 0.0
        places = {tuple(np.round(row[k.S_EAST : k.S_EAST + 3])) for row in sensors[self._bearing]}
        self.active = len(places) > 1
        self._sensors, self._p = sensors, p
        self._period = sensors[:, k.S_PERIOD]
        self._watch_m = np.array([s.witness_range_m for s in site.sensors])
        self._links = np.array([s.hears_links for s in site.sensors], bool)
        self._layer = spec.layer_height_m, spec.layer_sigma_m
        self._life = spec.seed_scans + 0.5
        self._free, self._fixes, self._heard = _Pool.empty(), _Pool.empty(), _Pool.empty()

    def takes(self, sensor: int) -> bool:
        """Whether a sensor's scans are of interest."""
        return self.active and bool(self._bearing[sensor])

    def observe(
        self, sensor: int, z: np.ndarray, zi: np.ndarray, used: np.ndarray, state: State, env: Any, table: np.ndarray
    ) -> np.ndarray:
        """Take the bearings of one scan that no track used; returns pairs of detection and new track, (n, 2)."""
        t = float(z[-1, k.Z_TIME])
        self._forget(t, sensor)
        none = np.full((len(z), 3), -1, np.int64)
        self._heard = self._heard.take(self._heard.zi[:, k.ZI_SENSOR] != sensor).join(z, zi, none)
        free = ~np.isin(zi[:, k.ZI_NUMBER], used[:, 0])
        self._free = self._free.take(~np.isin(self._free.zi[:, k.ZI_NUMBER], used[:, 0]))
        rows = np.flatnonzero(free)[:MOST_BEARINGS]
        fixes = self._cross(sensor, z[rows], zi[rows], t)
        pairs = self._start(fixes, len(rows), state, env, table)
        gone = pairs[:, 0]
        self._free = self._free.join(z[rows], zi[rows], none[rows])
        self._free = self._free.take(~np.isin(self._free.zi[:, k.ZI_NUMBER], gone))
        self._fixes = self._fixes.join(fixes.z, fixes.zi, fixes.of)
        spent = np.isin(self._fixes.of[:, :2], gone)
        self._fixes = self._fixes.take(~(spent[:, 0] | spent[:, 1]))
        if len(self._fixes.z) > MOST:
            self._fixes = self._fixes.take(np.arange(len(self._fixes.z) - MOST, len(self._fixes.z)))
        return pairs

    def _forget(self, t: float, sensor: int) -> None:
        """Drop what is too old: bearings after one look, crossings after some."""
        for name, looks in (("_free", 1.5), ("_heard", 1.5), ("_fixes", self._life)):
            pool = getattr(self, name)
            life = looks * np.maximum(self._period[pool.zi[:, k.ZI_SENSOR]], self._period[sensor])
            setattr(self, name, pool.take(t - pool.z[:, k.Z_TIME] < life))

    def _cross(self, sensor: int, z: np.ndarray, zi: np.ndarray, t: float) -> _Pool:
        """Crossings of new bearings with free ones of other sensors."""
        rows, whole, of = [], [], []
        at, C, here = np.empty(3), np.empty((3, 3)), self._sensors[sensor]
        heard_of = np.ascontiguousarray(self._heard.zi[:, k.ZI_SENSOR])
        for i in range(len(self._free.z)):
            other = int(self._free.zi[i, k.ZI_SENSOR])
            if other == sensor:
                continue
            there, witnesses = self._sensors[other], self._witnesses(sensor, other)
            for j in range(len(z)):
                d2 = _kernels.cross(
                    self._free.z[i], self._free.zi[i, k.ZI_MASK], z[j], zi[j, k.ZI_MASK], there, here, *self._layer,
                    SPEED_MS, at, C,
                )  # fmt: skip
                if not (d2 <= GATE and max(C[0, 0], C[1, 1]) < WIDEST_M**2):
                    continue
                d2 += _kernels.support(at, C, sensor, other, witnesses, self._heard.z, heard_of, SPEED_MS, NEAR_SIGMA)
                if d2 == math.inf:
                    continue
                row, ints = np.full(k.N_Z, np.nan), zi[j].copy()
                row[k.Z_TIME] = z[j, k.Z_TIME]
                row[_kernels.MISFIT] = d2
                _kernels.put_position(row, at, C)
                ints[k.ZI_MASK] = k.HAS_POSITION
                ints[k.ZI_SENSOR] = max(sensor, other)
                ints[k.ZI_FLAGS] |= self._free.zi[i, k.ZI_FLAGS]
                ints[k.ZI_IDENTITY] = ints[k.ZI_IDENTITY] or self._free.zi[i, k.ZI_IDENTITY]
                rows.append(row)
                whole.append(ints)
                of.append(
                    (zi[j, k.ZI_NUMBER], self._free.zi[i, k.ZI_NUMBER], 1 << min(sensor, 62) | 1 << min(other, 62))
                )
        if not rows:
            return _Pool.empty()
        return _Pool(np.array(rows), np.array(whole), np.array(of, np.int64))

    def _witnesses(self, a: int, b: int) -> np.ndarray:
        """The sensors, each but `a` and `b` reaching no further than what it does not report is not there.

        A camera that looks at one target all the time reports, look after look, nothing everywhere else: that must not
        keep finders from starting what they hear. Nor must finders that hear one drone keep microphones from another
        that is silent on the radio.
        """
        reach = np.minimum(self._sensors[:, k.S_MAX_RANGE], self._watch_m)
        if not (self._links[a] or self._links[b]):
            reach[self._links] = 0.0
        reach[[a, b]] = self._sensors[[a, b], k.S_MAX_RANGE]
        table = self._sensors.copy()
        table[:, k.S_MAX_RANGE] = reach
        return table

    def _start(self, fixes: _Pool, bearings: int, state: State, env: Any, table: np.ndarray) -> np.ndarray:
        """Tracks from new crossings and those of before, the likeliest first."""
        old, cost = self._fixes, np.empty((len(fixes.z), len(self._fixes.z)))
        _kernels.costs(fixes.z, fixes.zi, fixes.of, old.z, old.zi, old.of, self._period, SPEED_MS, GATE, cost)
        found = [(float(cost[i, j]), int(i), int(j)) for i, j in np.argwhere(cost < math.inf)]
        state.reserve(len(fixes.z))
        spent: set[int] = set()
        pairs: list[tuple[int, int]] = []
        best = {int(i): float(cost[i].min()) for i in np.flatnonzero((cost < math.inf).any(axis=1))}
        rival = {
            i: min((best[m] for m in best if m != i and self._rivals(fixes, m, i)), default=math.inf) for i in best
        }
        for total, i, j in sorted(found):
            if rival[i] < total + MARGIN:
                continue
            numbers = {int(n) for n in (*fixes.of[i, :2], *self._fixes.of[j, :2])}
            if numbers & spent:
                continue
            number = self._begin(fixes, i, j, -0.5 * total - math.log(max(bearings, 1)), state, env, table)
            if number:
                spent |= numbers
                pairs += [(n, number) for n in sorted(numbers)]
        return np.array(pairs, np.int64).reshape(-1, 2)

    @staticmethod
    def _rivals(fixes: _Pool, m: int, i: int) -> bool:
        """Whether two crossings share a bearing."""
        return bool(fixes.of[m, 0] == fixes.of[i, 0] or fixes.of[m, 1] == fixes.of[i, 1])

    def _begin(self, fixes: _Pool, i: int, j: int, odds: float, state: State, env: Any, table: np.ndarray) -> int:
        old, s = self._fixes, int(fixes.zi[i, k.ZI_SENSOR])
        bits = int(fixes.of[i, 2] | old.of[j, 2])
        arrays = state.arrays
        return int(
            _kernels.begin(
                *arrays[:6],
                state.counts,
                s,
                bits,
                self._sensors,
                old.z[j],
                old.zi[j],
                fixes.z[i],
                fixes.zi[i],
                odds,
                self._p,
                env,
                table,
            )
        )

    def save(self) -> dict[str, np.ndarray]:
        """Copies of all that waits."""
        pools = {"free": self._free, "fixes": self._fixes, "heard": self._heard}
        return {
            f"{name}_{part}": getattr(pool, part).copy() for name, pool in pools.items() for part in ("z", "zi", "of")
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Take up what `save` gave."""
        self._free, self._fixes, self._heard = (
            _Pool(*(np.array(saved[f"{name}_{part}"]) for part in ("z", "zi", "of")))
            for name in ("free", "fixes", "heard")
        )
