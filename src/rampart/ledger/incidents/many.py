"""Estimates of many incidents at once, over whole columns of claims. The model is that of `estimate`.

Notes
-----
A claim multiplies the chance of the set that it names by 1 + r / g, where g = (1 - r) P(S) is what a guess gives. Words
are told apart by their log odds, kept as multiples of 2^-36: their sums are exact, so that claims of equal weight for
two words tie whatever their order. Of counts, the likelihood is constant between the bounds that are claimed, so mean
and variance follow from sums of the prior between bounds, without the distribution itself.
"""

import numpy as np
from numpy.typing import NDArray

from .columns import NONE, Integers, Opinions

Floats = NDArray[np.float64]

#: Steps of log odds in a unit.
_STEPS = float(1 << 36)

#: With more claims on one count the likelihood could fall below the smallest number: then the distribution is needed.
MOST_CLAIMS = 20


def standing(said: Opinions, *also: Integers) -> NDArray[np.bool_]:
    """Which claims stand: of one named publisher on one incident the last.

    Parameters
    ----------
    said : Opinions
        In the order of their ids.
    *also : (n,) int
        What must be equal, too, for a later claim to take the place of an earlier one.
    """
    stands = np.ones(len(said.id), np.bool_)
    [named] = np.nonzero(said.publisher != NONE)
    keys = [each[named] for each in (said.incident_id, said.source, said.publisher, *also)]
    order = np.lexsort(keys)  # stable: ids ascend within equal keys
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for key in keys:
        same &= key[order[1:]] == key[order[:-1]]
    stands[named[order[:-1][same]]] = False
    return stands


def choices(group: Integers, word: Integers, reliability: Floats, groups: int, words: int) -> Floats:
    """Chances of each word in each group.

    Parameters
    ----------
    group, word : (n,) int
        Of each claim: group from 0 on, index of the word.
    reliability : (n,) float
    groups, words : int

    Returns
    -------
    (groups, words) float
        Each row sums to 1; equal chances without claims.
    """
    odds = np.round(np.log1p(words * reliability / (1.0 - reliability)) * _STEPS)
    weight = np.bincount(group * words + word, odds, groups * words).reshape(groups, words) / _STEPS
    p: Floats = np.exp(weight - weight.max(axis=1, initial=0.0, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def count_moments(starts: Integers, low: Integers, high: Integers, reliability: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of each count from what is claimed.

    Parameters
    ----------
    starts : (m + 1,) int
        Claims ``starts[i]`` to ``starts[i + 1]`` are about count i; one at least, `MOST_CLAIMS` at most.
    low, high : (n,) int
        `high` -1 for "at least".
    reliability : (n,) float

    Returns
    -------
    mean, variance : (m,) float
    """
    size = np.diff(starts)
    mean, variance = np.empty(len(size)), np.empty(len(size))
    tables = _prior_sums(2 * int(max(low.max(initial=0), high.max(initial=0))))
    for claims in np.unique(size):
        [which] = np.nonzero(size == claims)
        rows = starts[which][:, None] + np.arange(claims)
        mean[which], variance[which] = _moments(low[rows], high[rows], reliability[rows], tables)
    return mean, variance


def _prior_sums(largest: int) -> tuple[Floats, Floats, Floats]:
    """Sums of n^k / ((n + 1) (n + 2)) below each n, for k = 0, 1, 2."""
    n = np.arange(max(100, largest) + 1, dtype=np.float64)
    weight = 1.0 / ((n + 1.0) * (n + 2.0))
    first, second, third = (np.concatenate(([0.0], np.cumsum(weight * n**k))) for k in (0, 1, 2))
    return first, second, third


def _moments(low: Integers, high: Integers, r: Floats, tables: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats]:
    """For m counts with k claims each: (m, k) in, (m,) out."""
    end = np.maximum(100, 2 * np.maximum(low, high).max(axis=1))[:, None] + 1  # of the counts that are possible
    after = np.where(high == NONE, end, high + 1)
    zero = np.zeros_like(end)
    edges = np.sort(np.concatenate((zero, low, after, end), axis=1), axis=1)
    below = tables[0]
    guess = (1.0 - r) * (below[after] - below[low]) / below[end]
    begin = edges[:, :-1]
    likelihood = np.ones(begin.shape)
    for k in range(low.shape[1]):
        inside = (begin >= low[:, k, None]) & (begin < after[:, k, None])
        likelihood *= guess[:, k, None] + r[:, k, None] * inside
    total, first, second = ((likelihood * (table[edges[:, 1:]] - table[begin])).sum(axis=1) for table in tables)
    mean = first / total
    return mean, np.maximum(second / total - mean**2, 0.0)
