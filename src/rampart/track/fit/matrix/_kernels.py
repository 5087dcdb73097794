"""Compiled algebra of small symmetric matrices."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf


@leaf
def factor(A, L):
    """Lower Cholesky root of a symmetric matrix; False if it is not positive definite."""
    for j in range(len(A)):
        for i in range(j, len(A)):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                if not s > 0.0:
                    return False
                L[j, j] = math.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return True


@kernel
def invert(A, L, out):
    """Inverse of a symmetric positive definite matrix, scaled to unit diagonal first; False if it is none."""
    return invert_with(A, L, out, np.empty(len(A)))


@leaf
def invert_with(A, L, out, scale):
    """`invert`; scale (n,) is scratch.

    All columns of the inverse are found side by side, in loops that run on vectors.
    """
    n = len(A)
    for i in range(n):
        if not A[i, i] > 0.0:
            return False
        scale[i] = 1.0 / math.sqrt(A[i, i])
    for i in range(n):
        for j in range(n):
            out[i, j] = A[i, j] * scale[i] * scale[j]
    if not factor(out, L):
        return False
    for i in range(n):
        for c in range(n):
            out[i, c] = 1.0 if i == c else 0.0
    for i in range(n):
        for k in range(i):
            _take_away(L[i, k], out[k], out[i])
        _divide(out[i], L[i, i])
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            _take_away(L[k, i], out[k], out[i])
        _divide(out[i], L[i, i])
    for i in range(n):
        for c in range(n):
            out[i, c] = out[i, c] * scale[i] * scale[c]
    for i in range(n):
        for j in range(i):
            out[i, j] = out[j, i]
    return True


@leaf
def _take_away(factor, row, target):
    for c in range(len(target)):
        target[c] -= factor * row[c]


@leaf
def _divide(row, divisor):
    for c in range(len(row)):
        row[c] /= divisor
