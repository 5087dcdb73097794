"""Assignment: which shots at which threats, so that least value gets through."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from . import _kernels

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


class Assignment(NamedTuple):
    """Shots and threats, paired."""

    threat: Indices  #: (w,) threat of each shot, -1 for none
    survivors: float  #: expected value that gets through


def assign(p_kill: ArrayLike, value: ArrayLike, limit: ArrayLike | None = None) -> Assignment:
    """Share shots between threats.

    Minimises the sum over threats of value times the product of ``1 - p_kill`` over the shots at it.

    Parameters
    ----------
    p_kill : array_like, shape (w, n)
        Kill probability of each shot at each threat; 0 where it cannot reach it.
    value : array_like, shape (n,)
        What a threat destroys if it gets through, >= 0.
    limit : array_like, shape (n,), optional
        Most shots at each threat; any number if not given.

    Returns
    -------
    Assignment
        The better of two heuristics, each improved by moves and 2-exchange; on a tie the layered one.

    Notes
    -----
    Layered Hungarian: optimal pairs of one shot per threat, then again for the shots left, with what the first layer
    leaves of each value; exact where every threat gets one shot at most. Greedy: always the pair with the largest
    marginal return. Neither dominates with several shots per threat. Ties go to the earlier threat, then the earlier
    shot, so callers sort: by last time to fire, then by track number. Checked against: optima by column generation for
    instances that tests/unit/engage/test_assignment.py rebuilds.

    Examples
    --------
    >>> assign([[0.9, 0.5], [0.8, 0.1]], [1.0, 1.0]).threat.tolist()
    [1, 0]
    """
    p = np.ascontiguousarray(p_kill, dtype=float)
    v = np.ascontiguousarray(value, dtype=float)
    most = np.full(len(v), len(p)) if limit is None else np.asarray(limit)
    most = np.ascontiguousarray(np.minimum(most, len(p)), dtype=np.int64)
    if len(p) == 1 or len(v) == 1:  # one shot, or one threat: nothing to weigh
        only = greedily(p, v, most)
        return Assignment(only, float(_kernels.survivors(p, v, only)))
    layered, greedy = layers(p, v, most), greedily(p, v, most)
    for target in (layered, greedy):
        _kernels.exchange(p, v, most, target)
    values = [float(_kernels.survivors(p, v, target)) for target in (layered, greedy)]
    return Assignment(layered, values[0]) if values[0] <= values[1] else Assignment(greedy, values[1])


def greedily(p: Floats, value: Floats, limit: Indices) -> Indices:
    """Threat of each shot by largest marginal return.

    Examples
    --------
    >>> greedily(np.array([[0.9, 0.5], [0.8, 0.1]]), np.ones(2), np.array([2, 2])).tolist()
    [0, 1]
    """
    target = np.empty(len(p), dtype=np.int64)
    _kernels.share_greedily(p, value, limit, target)
    return target


def layers(p: Floats, value: Floats, limit: Indices) -> Indices:
    """Threat of each shot by one optimal pairing after the other.

    Examples
    --------
    >>> layers(np.array([[0.9, 0.5], [0.8, 0.1]]), np.ones(2), np.array([2, 2])).tolist()
    [1, 0]
    """
    target = np.full(len(p), -1, dtype=np.int64)
    left, room = value.copy(), limit.copy()
    while True:
        shots, threats = np.flatnonzero(target < 0), np.flatnonzero(room > 0)
        if not len(shots) or not len(threats):
            return target
        gain = p[np.ix_(shots, threats)] * left[threats]
        rows, columns = linear_sum_assignment(gain, maximize=True)
        useful = gain[rows, columns] > 0.0
        if not useful.any():
            return target
        chosen = threats[columns[useful]]
        target[shots[rows[useful]]] = chosen
        left[chosen] *= 1.0 - p[shots[rows[useful]], chosen]
        room[chosen] -= 1
