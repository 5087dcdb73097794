"""SIAP (single integrated air picture) attributes: is everything tracked, once, and by nothing but tracks of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .scores import Points

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Siap:
    """Attributes over a whole scene, sums over all scans divided by sums.

    `score` gives means over scans of the first three in their place; the two agree where numbers do not change.
    """

    completeness: float  #: C: targets with a track, of all targets; 1 is best
    ambiguity: float  #: A: tracks of targets, per target with a track; 1 is best
    spuriousness: float  #: S: tracks of nothing, of all tracks; 0 is best
    position_accuracy_m: float  #: PA: root mean square over tracks of targets
    velocity_accuracy_ms: float  #: VA: the same
    longest_segment: float  #: LS: share of its life that a target is held by its longest-holding track; 1 is best


def siap(truth: Points, tracks: Points, *, cutoff_m: float = 100.0, first_scan: int = 0) -> Siap:
    """SIAP attributes, a track being of its nearest target if that is within the cutoff.

    Parameters
    ----------
    truth, tracks : Points
        In one frame and one numbering of scans.
    cutoff_m : float
        Farther tracks are of nothing.
    first_scan : int
        Scans before it do not count.

    Returns
    -------
    Siap
        nan for what nothing defines.

    Notes
    -----
    Votruba et al. (2001), Single Integrated Air Picture Metrics, SIAP System Engineering Task Force technical report
    2001-001. Many tracks may be of one target, no track of two. Checked against Stone Soup's in tests/peers.

    Examples
    --------
    >>> import numpy as np
    >>> truth = Points.from_table(np.array([[0, 1, 0, 0, 0, 0, 0, 0], [0, 2, 500, 0, 0, 0, 0, 0]]))
    >>> tracks = Points.from_table(np.array([[0, 7, 3, 0, 4, 0, 0, 0], [0, 8, 0, 0, 5, 0, 0, 0]]))
    >>> found = siap(truth, tracks)
    >>> found.completeness, found.ambiguity, found.position_accuracy_m
    (0.5, 2.0, 5.0)
    """
    sums = np.zeros(6)
    held: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for scan in np.unique(np.concatenate([truth.scan, tracks.scan])).tolist():
        if scan < first_scan:
            continue
        here, found = truth.at(scan), tracks.at(scan)
        target, track = nearest(here.position, found.position, cutoff_m)
        for i, j in zip(here.id[target].tolist(), found.id[track].tolist(), strict=True):
            held[i][j] += 1
        position = here.position[target] - found.position[track]
        velocity = here.velocity[target] - found.velocity[track]
        tracked = len(np.unique(target))
        sums += [len(here), tracked, len(found), len(track), np.sum(position**2), np.sum(velocity**2)]
    targets, with_track, n, associated, position2, velocity2 = sums.tolist()
    longest = sum(max(tracks_of.values()) for tracks_of in held.values())
    return Siap(
        completeness=_ratio(with_track, targets),
        ambiguity=_ratio(associated, with_track),
        spuriousness=_ratio(n - associated, n),
        position_accuracy_m=float(np.sqrt(_ratio(position2, associated))),
        velocity_accuracy_ms=float(np.sqrt(_ratio(velocity2, associated))),
        longest_segment=_ratio(longest, targets),
    )


def nearest(targets: Floats, tracks: Floats, cutoff_m: float) -> tuple[Ints, Ints]:
    """Each track with its nearest target, if that is within the cutoff: indices of both (k,).

    Examples
    --------
    >>> import numpy as np
    >>> target, track = nearest(np.zeros((1, 3)), np.array([[1.0, 0, 0], [2.0, 0, 0], [500.0, 0, 0]]), 100.0)
    >>> target.tolist(), track.tolist()
    ([0, 0], [0, 1])
    """
    if not len(targets) or not len(tracks):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    distance = np.linalg.norm(targets[:, None] - tracks[None], axis=2)
    target = distance.argmin(axis=0)
    track = np.flatnonzero(distance.min(axis=0) < cutoff_m)
    return target[track], track


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
