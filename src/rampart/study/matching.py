"""Matching: which track belongs to which truth. The referee's work, after the run."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rampart.records import Tracks, TrackStatus

from .site_run import SiteRun


@dataclass(frozen=True)
class Matches:
    """Tracks of one run against truth.

    Attributes
    ----------
    rows : Tracks
        Every row the chain said, in order.
    nearest : numpy.ndarray
        (rows,) index of the flight nearest within the match radius, -1 if none.
    updated : numpy.ndarray
        (rows,) bool: the track took a detection since its row before.
    flight_of : dict
        Track number -> flight it is matched to, -1: to none in most of its updates.
    confirmed : frozenset of int
        Numbers of the tracks that were ever confirmed.
    """

    rows: Tracks
    nearest: np.ndarray
    updated: np.ndarray
    flight_of: dict[int, int]
    confirmed: frozenset[int]

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
    rows = Tracks.concat([out.tracks for out in run.outputs])
    nearest = _nearest(run, rows, radius_m)
    order = np.lexsort((rows.time_ns, rows.number))
    same = np.r_[False, rows.number[order][1:] == rows.number[order][:-1]]
    fresh = np.r_[True, rows.updated_ns[order][1:] != rows.updated_ns[order][:-1]][: len(order)]
    updated = np.zeros(len(rows), bool)
    updated[order] = ~same | fresh
    flight_of = {}
    numbers = rows.number[updated]
    found = nearest[updated]
    for number in np.unique(rows.number).tolist():
        counts = np.bincount(found[numbers == number] + 1).tolist()
        most = max(counts)
        flight_of[number] = counts.index(most) - 1 if 2 * most > sum(counts) else -1
    confirmed = frozenset(rows.number[rows.status == TrackStatus.CONFIRMED].tolist())
    return Matches(rows, nearest, updated, flight_of, confirmed)


def _nearest(run: SiteRun, rows: Tracks, radius_m: float) -> np.ndarray:
    when = (rows.time_ns - run.place.site.start_ns) * 1e-9
    best = np.full(len(rows), radius_m)
    nearest = np.full(len(rows), -1)
    for i, flight in enumerate(run.world.flights):
        there = np.flatnonzero((when >= flight.start_s) & (when <= min(flight.end_s, run.ended_s[i])))
        if not len(there):
            continue
        distance = np.linalg.norm(run.world.paths[i](when[there]) - rows.state[there, :3], axis=1)
        closer = distance < best[there]
        best[there[closer]] = distance[closer]
        nearest[there[closer]] = i
    return nearest
