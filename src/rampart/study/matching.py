"""Matching: which track belongs to which truth. The referee's work, after the run."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rampart.records import Tracks, TrackStatus

from .site_run import SiteRun

_NO_TRACKS = Tracks.empty()
_NEEDED = ("number", "time_ns", "updated_ns", "status", "state")


@dataclass(frozen=True)
class Matches:
    """Tracks of one run against truth.

    Attributes
    ----------
    parts : tuple of Tracks
        What the chain said, step by step; `rows` has them in one.
    nearest : numpy.ndarray
        (rows,) index of the flight nearest within the match radius, -1 if none.
    updated : numpy.ndarray
        (rows,) bool: the track took a detection since its row before.
    flight_of : dict
        Track number -> flight it is matched to, -1: to none in most of its updates.
    confirmed : frozenset of int
        Numbers of the tracks that were ever confirmed.
    """

    parts: tuple[Tracks, ...]
    nearest: np.ndarray
    updated: np.ndarray
    flight_of: dict[int, int]
    confirmed: frozenset[int]

    @cached_property
    def rows(self) -> Tracks:
        """Every row the chain said, in order."""
        return Tracks.concat(self.parts)

    def tracks_of(self, flight: int) -> list[int]:
        """Confirmed tracks matched to a flight, in order of their number."""
        return sorted(n for n in self.confirmed if self.flight_of[n] == flight)

    @cached_property
    def identity_switches(self) -> int:
        """Times a flight's track differs from the one before."""
        live = self.updated & (self.rows.status == TrackStatus.CONFIRMED) & (self.nearest >= 0)
        last: dict[int, int] = {}
        switches = 0
        for flight, track in zip(self.nearest[live].tolist(), self.rows.number[live].tolist(), strict=True):
            if self.flight_of[track] == flight:
                switches += last.get(flight, track) != track
                last[flight] = track
        return switches


def match(run: SiteRun, radius_m: float) -> Matches:
    """Match tracks to flights: the nearest within `radius_m` in most of a track's updates.

    Parameters
    ----------
    run : SiteRun
        A finished run.
    radius_m : float
        Match radius [m].
    """
    parts = tuple(out.tracks for out in run.outputs)
    # thousands of runs ask for these few columns only
    number, time_ns, updated_ns, status, state = (_column(parts, name) for name in _NEEDED)
    nearest = _nearest(run, time_ns, state, radius_m)
    order = np.lexsort((time_ns, number))
    same = np.r_[False, number[order][1:] == number[order][:-1]]
    fresh = np.r_[True, updated_ns[order][1:] != updated_ns[order][:-1]][: len(order)]
    updated = np.zeros(len(number), bool)
    updated[order] = ~same | fresh
    flight_of = {}
    numbers = number[updated]
    found = nearest[updated]
    for track in np.unique(number).tolist():
        counts = np.bincount(found[numbers == track] + 1).tolist()
        most = max(counts)
        flight_of[track] = counts.index(most) - 1 if 2 * most > sum(counts) else -1
    confirmed = frozenset(number[status == TrackStatus.CONFIRMED].tolist())
    return Matches(parts, nearest, updated, flight_of, confirmed)


def _column(parts: tuple[Tracks, ...], name: str) -> np.ndarray:
    """One column of all parts, row after row."""
    return np.concatenate([getattr(part, name) for part in (_NO_TRACKS, *parts)])


def _nearest(run: SiteRun, time_ns: np.ndarray, state: np.ndarray, radius_m: float) -> np.ndarray:
    when = (time_ns - run.place.site.start_ns) * 1e-9
    best = np.full(len(when), radius_m)
    nearest = np.full(len(when), -1)
    for i, flight in enumerate(run.world.flights):
        there = np.flatnonzero((when >= flight.start_s) & (when <= min(flight.end_s, run.ended_s[i])))
        if not len(there):
            continue
        distance = np.linalg.norm(run.world.paths[i](when[there]) - state[there, :3], axis=1)
        closer = distance < best[there]
        best[there[closer]] = distance[closer]
        nearest[there[closer]] = i
    return nearest
