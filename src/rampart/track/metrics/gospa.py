"""Distances between two sets of points: GOSPA and its parts, OSPA."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Gospa:
    """GOSPA of one instant and what it is made of: its square is the sum of three costs.

    Examples
    --------
    >>> part = Gospa(100.0, 0.0, 1, 1)
    >>> part.missed_m2(100.0), part.false_m2(100.0)
    (5000.0, 5000.0)
    """

    distance_m: float
    localisation_m2: float  #: sum of squared errors of assigned pairs
    missed: int  #: targets without a track
    false: int  #: tracks without a target

    def missed_m2(self, cutoff_m: float) -> float:
        """What missed targets cost."""
        return 0.5 * cutoff_m**2 * self.missed

    def false_m2(self, cutoff_m: float) -> float:
        """What false tracks cost."""
        return 0.5 * cutoff_m**2 * self.false


def assign(targets: Floats, tracks: Floats, cutoff_m: float) -> tuple[Ints, Ints]:
    """Pairs of targets and tracks with the least sum of squared distances, each capped at the cutoff.

    Parameters
    ----------
    targets, tracks : ndarray (m, 3), (n, 3)
        Positions [m].
    cutoff_m : float
        Pairs at or beyond it are none.

    Returns
    -------
    ndarray, ndarray
        Indices of the pairs.
    """
    if not len(targets) or not len(tracks):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    distance = np.linalg.norm(targets[:, None] - tracks[None], axis=2)
    rows, columns = linear_sum_assignment(np.minimum(distance, cutoff_m) ** 2)
    near = distance[rows, columns] < cutoff_m
    return rows[near], columns[near]


def gospa(targets: Floats, tracks: Floats, cutoff_m: float = 100.0) -> Gospa:
    """Generalised optimal sub-pattern assignment distance of order 2 with alpha = 2.

    Parameters
    ----------
    targets, tracks : ndarray (m, 3), (n, 3)
        Positions [m].
    cutoff_m : float
        A missed target or a false track costs cutoff^2 / 2.

    Notes
    -----
    Rahmathullah, Garcia-Fernandez and Svensson (2017), "Generalized optimal sub-pattern assignment metric", FUSION.

    Examples
    --------
    >>> import numpy as np
    >>> gospa(np.zeros((1, 3)), np.array([[3.0, 4.0, 0.0]])).distance_m
    5.0
    """
    rows, columns = assign(targets, tracks, cutoff_m)
    squared = float(np.sum((targets[rows] - tracks[columns]) ** 2)) if len(rows) else 0.0
    missed, false = len(targets) - len(rows), len(tracks) - len(rows)
    return Gospa(float(np.sqrt(squared + 0.5 * cutoff_m**2 * (missed + false))), squared, missed, false)


def ospa(targets: Floats, tracks: Floats, cutoff_m: float = 100.0) -> float:
    """Optimal sub-pattern assignment distance of order 2 [m].

    Notes
    -----
    Schuhmacher, Vo and Vo (2008), IEEE Trans. Signal Processing 56:3447. Prefer `gospa`: OSPA does not tell missed from
    false.

    Examples
    --------
    >>> import numpy as np
    >>> ospa(np.zeros((1, 3)), np.zeros((0, 3)))
    100.0
    """
    most = max(len(targets), len(tracks))
    if not most:
        return 0.0
    found = gospa(targets, tracks, cutoff_m)
    single = most - (len(targets) - found.missed)
    return float(np.sqrt((found.localisation_m2 + cutoff_m**2 * single) / most))
