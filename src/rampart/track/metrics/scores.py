"""Scores of tracks over a whole scene: means over its scans, and identity over all of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .gospa import assign, gospa, ospa

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Objects over time: one row per object and scan."""

    scan: Ints  #: (n,)
    id: Ints  #: (n,)
    position: Floats  #: (n, 3) [m]
    velocity: Floats  #: (n, 3) [m/s]

    @classmethod
    def from_table(cls, table: Floats) -> Points:
        """From rows ``scan, id, x, vx, y, vy, z, vz``, as the tracking bench writes them."""
        rows = np.asarray(table, dtype=float).reshape(-1, 8)
        return cls(rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 2::2], rows[:, 3::2])

    def at(self, scan: int) -> Points:
        """The rows of one scan."""
        k = np.flatnonzero(self.scan == scan)
        return Points(self.scan[k], self.id[k], self.position[k], self.velocity[k])

    def __len__(self) -> int:
        return len(self.scan)


class Identity:
    """Counts how often a target changes its track, and how long its longest track holds it."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}
        self._held: dict[int, dict[int, int]] = {}
        self.switches = 0

    def note(self, target: int, track: int) -> None:
        """A target was assigned to a track in the next scan."""
        self.switches += self._last.get(target, track) != track
        self._last[target] = track
        held = self._held.setdefault(target, {})
        held[track] = held.get(track, 0) + 1

    def longest(self) -> int:
        """Scans held by each target's longest-holding track, summed."""
        return sum(max(held.values()) for held in self._held.values())


@dataclass(frozen=True, slots=True)
class Scores:
    """Means over the scored scans; `id_switches` and `longest_track` over all scans.

    Completeness, ambiguity and spuriousness are as in SIAP (single integrated air picture) metrics.
    """

    gospa_m: float
    ospa_m: float
    missed: float
    false: float
    completeness: float  #: share of targets that are the nearest target of some track within the cutoff
    ambiguity: float  #: tracks near a target, per target so tracked; 1 is best, nan if nothing was tracked
    spurious: float  #: share of tracks with no target within the cutoff, nan without tracks
    position_rms_m: float
    velocity_rms_ms: float
    id_switches: int
    longest_track: float  #: share of truth held by each target's longest track

    def as_dict(self) -> dict[str, Any]:
        """Plain data; nan as None."""
        return {name: None if np.isnan(value) else value for name, value in asdict(self).items()}


def score(truth: Points, tracks: Points, *, cutoff_m: float = 100.0, first_scan: int = 0) -> Scores:
    """Score tracks against truth over all scans that either has.

    Parameters
    ----------
    truth, tracks : Points
        In one frame and one numbering of scans.
    cutoff_m : float
        Cutoff of GOSPA and OSPA, and the largest distance of a pair.
    first_scan : int
        Scans before it count only for identity.
    """
    identity, rows = Identity(), []
    last = int(max(truth.scan.max(initial=-1), tracks.scan.max(initial=-1)))
    for scan in range(last + 1):
        here, found = truth.at(scan), tracks.at(scan)
        targets, assigned = assign(here.position, found.position, cutoff_m)
        for i, j in zip(here.id[targets].tolist(), found.id[assigned].tolist(), strict=True):
            identity.note(i, j)
        if scan >= first_scan:
            rows.append(_score_scan(here, found, targets, assigned, cutoff_m))
    names = rows[0].keys() if rows else ()
    mean = {name: _mean([row[name] for row in rows]) for name in names}
    return Scores(
        gospa_m=mean.get("gospa", 0.0),
        ospa_m=mean.get("ospa", 0.0),
        missed=mean.get("missed", 0.0),
        false=mean.get("false", 0.0),
        completeness=mean.get("completeness", 1.0),
        ambiguity=mean.get("ambiguity", np.nan),
        spurious=mean.get("spurious", np.nan),
        position_rms_m=float(np.sqrt(mean.get("position", np.nan))),
        velocity_rms_ms=float(np.sqrt(mean.get("velocity", np.nan))),
        id_switches=identity.switches,
        longest_track=identity.longest() / max(len(truth), 1),
    )


def _mean(values: list[float]) -> float:
    """Mean over the scans that define a figure; nan if none does."""
    known = [v for v in values if not np.isnan(v)]
    return float(np.mean(known)) if known else float("nan")


def _score_scan(here: Points, found: Points, targets: Ints, assigned: Ints, cutoff_m: float) -> dict[str, float]:
    m, n, nan = len(here), len(found), float("nan")
    whole = gospa(here.position, found.position, cutoff_m)
    out = {
        "gospa": whole.distance_m,
        "ospa": ospa(here.position, found.position, cutoff_m),
        "missed": float(whole.missed),
        "false": float(whole.false),
        "completeness": 0.0 if m else 1.0,
        "ambiguity": nan,
        "spurious": nan,
        "position": nan,
        "velocity": nan,
    }
    if m and n:
        distance = np.linalg.norm(here.position[:, None] - found.position[None], axis=2)
        near = distance.min(axis=0) < cutoff_m
        tracked = len(np.unique(distance.argmin(axis=0)[near]))
        out["completeness"], out["spurious"] = tracked / m, float(np.mean(~near))
        out["ambiguity"] = near.sum() / max(tracked, 1)
    if len(targets):
        out["position"] = whole.localisation_m2 / len(targets)
        difference = here.velocity[targets] - found.velocity[assigned]
        out["velocity"] = float(np.mean(np.sum(difference**2, axis=1)))
    return out
