"""Matching: which track belongs to which truth. The referee's work, after the run."""

from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

import numpy as np

from rampart.records import Tracks, TrackStatus

from . import _kernels
from .site_run import SiteRun

_NO_TRACKS = Tracks.empty()
_CONFIRMED = int(TrackStatus.CONFIRMED)
_needed = attrgetter("number", "time_ns", "updated_ns", "status", "state")


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
        live = self.updated & (self.rows.status == _CONFIRMED) & (self.nearest >= 0)
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
    columns = zip(*map(_needed, (_NO_TRACKS, *parts)), strict=True)
    number, time_ns, updated_ns, status, state = map(np.concatenate, columns)
    nearest = _nearest(run, time_ns, state, radius_m)
    order = np.lexsort((time_ns, number))
    ordered, when_ns = number[order], updated_ns[order]
    updated = np.ones(len(number), bool)  # a track's first row always is
    updated[order[1:]] = (ordered[1:] != ordered[:-1]) | (when_ns[1:] != when_ns[:-1])
    flight_of = {}
    numbers = number[updated]
    found = nearest[updated]
    for track in np.unique(number).tolist():
        counts = np.bincount(found[numbers == track] + 1).tolist()
        most = max(counts)
        flight_of[track] = counts.index(most) - 1 if 2 * most > sum(counts) else -1
    confirmed = frozenset(number[status == _CONFIRMED].tolist())
    return Matches(parts, nearest, updated, flight_of, confirmed)


def _nearest(run: SiteRun, time_ns: np.ndarray, state: np.ndarray, radius_m: float) -> np.ndarray:
    distance = np.full(len(time_ns), float(radius_m))
    nearest = np.full(len(time_ns), -1)
    for i, flight in enumerate(run.world.flights):
        knots = map(np.ascontiguousarray, (flight.time_s, flight.position_enu, flight.velocity_enu))
        _kernels.claim(i, float(run.ended_s[i]), *knots, run.place.site.start_ns, time_ns, state, nearest, distance)
    return nearest
