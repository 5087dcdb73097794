# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Compiled order of numbers."""

import numpy as np

from rampart.physics._jit import kernel, leaf

# Runs up to this long are sorted by insertion: fastest for the dozens of rows of a scan
SHORT = 128


@kernel
def rising(values):
    """Indices that sort numbers, (n,): equals keep their order, nan comes last."""
    n = len(values)
    order, other = np.empty(n, np.int64), np.empty(n, np.int64)
    for low in range(0, n, SHORT):
        _insert(values, low, min(low + SHORT, n), order)
    width = SHORT
    while width < n:
        for low in range(0, n, 2 * width):
            _merge(values, order, low, min(low + width, n), min(low + 2 * width, n), other)
        order, other = other, order
        width *= 2
    return order


@leaf
def _insert(values, low, high, order):
    """Sort the indices from `low` to `high`."""
    for j in range(low, high):
        k = j
        while k > low and _is_less(values[j], values[order[k - 1]]):
            order[k] = order[k - 1]
            k -= 1
        order[k] = j


@leaf
def _merge(values, order, low, middle, high, other):
    """Merge two neighbouring runs of `order` into `other`."""
    i, j = low, middle
    for k in range(low, high):
        if j >= high or (i < middle and not _is_less(values[order[j]], values[order[i]])):
            other[k] = order[i]
            i += 1
        else:
            other[k] = order[j]
            j += 1


@leaf
def _is_less(a, b):
    return a < b or (a == a and b != b)
