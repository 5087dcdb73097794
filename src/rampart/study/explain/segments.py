"""Segments: a run of noisy labels as few intervals, each with the label that held for most of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: An interval more must explain at least this many seconds more [s].
PENALTY_S = 2.0


class Segment(NamedTuple):
    """One interval."""

    start_s: float
    end_s: float
    label: str
    share: float  #: of its time for which the label held


def segment(start_s: Floats, end_s: Floats, labels: Sequence[str], penalty_s: float = PENALTY_S) -> list[Segment]:
    """The intervals that leave the least time unexplained, at a price per interval.

    Parameters
    ----------
    start_s, end_s : ndarray (n,)
        Of each moment, in order.
    labels : sequence of str
        What held then.
    penalty_s : float
        Price of a change of label [s].

    Returns
    -------
    list of Segment

    Notes
    -----
    The minimum of time mislabelled + penalty x changes, found exactly by dynamic programming (the one-dimensional Potts
    problem; A. J. Viterbi, IEEE Trans. Information Theory 13:260, 1967).

    Examples
    --------
    >>> t = np.arange(8.0)
    >>> [tuple(s)[:3] for s in segment(t, t + 1.0, ["snr"] * 3 + ["dwell"] + ["snr"] + ["policy"] * 3)]
    [(0.0, 5.0, 'snr'), (5.0, 8.0, 'policy')]
    """
    if not len(labels):
        return []
    names = sorted(set(labels))
    index = np.array([names.index(label) for label in labels])
    length = np.asarray(end_s) - np.asarray(start_s)
    wrong = length[:, None] * (index[:, None] != np.arange(len(names)))
    path = _cheapest_path(wrong, penalty_s)
    cuts = np.flatnonzero(np.diff(path)) + 1
    found = []
    for part in np.split(np.arange(len(path)), cuts):
        held = length[part][index[part] == path[part[0]]].sum()
        whole = length[part].sum()
        share = float(held / whole) if whole > 0.0 else 1.0
        found.append(Segment(float(start_s[part[0]]), float(end_s[part[-1]]), names[path[part[0]]], share))
    return found


def _cheapest_path(cost: Floats, penalty: float) -> NDArray[np.int64]:
    """The label of each moment (n,) that costs least, cost (n, labels)."""
    n, k = cost.shape
    came = np.zeros((n, k), np.int64)
    total = cost[0].copy()
    for i in range(1, n):
        best = int(np.argmin(total))
        stay = total <= total[best] + penalty
        came[i] = np.where(stay, np.arange(k), best)
        total = np.where(stay, total, total[best] + penalty) + cost[i]
    path = np.empty(n, np.int64)
    path[-1] = int(np.argmin(total))
    for i in range(n - 1, 0, -1):
        path[i - 1] = came[i, path[i]]
    return path
