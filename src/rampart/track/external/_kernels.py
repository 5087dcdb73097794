"""Compiled joining of estimates whose common errors nobody knows."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf

N = 6
# Steps of the golden-section search: the weight is found to 1e-4
STEPS = 19
GOLDEN = 0.6180339887498949


@leaf
def factor(A, L):
    """Cholesky factor of a covariance (6, 6), into L; returns ln of its determinant, nan if it is none."""
    ln = 0.0
    for i in range(N):
        for j in range(i + 1):
            v = A[i, j]
            for k in range(j):
                v -= L[i, k] * L[j, k]
            if j < i:
                L[i, j] = v / L[j, j]
            else:
                if not v > 0.0:
                    return math.nan
                L[i, i] = math.sqrt(v)
                ln += 2.0 * math.log(L[i, i])
        for j in range(i + 1, N):
            L[i, j] = 0.0
    return ln


@kernel
def invert(L, out):
    """The inverse of L L' (6, 6)."""
    M = np.zeros((N, N))
    for j in range(N):
        M[j, j] = 1.0 / L[j, j]
        for i in range(j + 1, N):
            v = 0.0
            for k in range(j, i):
                v -= L[i, k] * M[k, j]
            M[i, j] = v / L[i, i]
    for i in range(N):
        for j in range(i + 1):
            v = 0.0
            for k in range(i, N):
                v += M[k, i] * M[k, j]
            out[i, j], out[j, i] = v, v


@kernel
def distances(x, P, y, Q, far, out):
    """Squared Mahalanobis distances of estimates x (n, 6) and y (m, 6), as if independent, into out (n, m).

    Pairs further apart than `far` sigma in any coordinate, or without a proper covariance, are inf.
    """
    S, L, e = np.empty((N, N)), np.empty((N, N)), np.empty(N)
    for i in range(len(x)):
        for j in range(len(y)):
            out[i, j] = math.inf
            near = True
            for a in range(N):
                e[a] = x[i, a] - y[j, a]
                near = near and e[a] * e[a] <= far * far * (P[i, a, a] + Q[j, a, a])
            if not near:
                continue
            for a in range(N):
                for b in range(N):
                    S[a, b] = P[i, a, b] + Q[j, a, b]
            ln = factor(S, L)
            if ln != ln:
                continue
            d2 = 0.0
            for a in range(N):
                for k in range(a):
                    e[a] -= L[a, k] * e[k]
                e[a] /= L[a, a]
                d2 += e[a] * e[a]
            out[i, j] = d2


@leaf
def _information(w, A, B, J, L):
    for i in range(N):
        for j in range(N):
            J[i, j] = w * A[i, j] + (1.0 - w) * B[i, j]
    return factor(J, L)


@kernel
def intersect(x, P, y, Q, z, R):
    """Covariance intersection of two estimates of one thing, into z (6,) and R (6, 6); returns the weight of the first.

    Consistent whatever the correlation of their errors is (Julier and Uhlmann 1997, American Control Conference,
    2369). The weight makes the determinant of R smallest; ln det of the information is concave in it, so a
    golden-section search finds it. Negative if a covariance is none: nothing is written then.
    """
    A, B, J, L = np.empty((N, N)), np.empty((N, N)), np.empty((N, N)), np.empty((N, N))
    ln = factor(P, L)
    if ln != ln:
        return -1.0
    invert(L, A)
    ln = factor(Q, L)
    if ln != ln:
        return -1.0
    invert(L, B)
    low, high = 0.0, 1.0
    left, right = 1.0 - GOLDEN, GOLDEN
    at_left, at_right = _information(left, A, B, J, L), _information(right, A, B, J, L)
    for _ in range(STEPS):
        if at_left > at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = _information(left, A, B, J, L)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = _information(right, A, B, J, L)
    w = 0.5 * (low + high)
    best = _information(w, A, B, J, L)
    for end in (0.0, 1.0):
        if _information(end, A, B, J, L) >= best:
            w = end
            best = _information(end, A, B, J, L)
    _information(w, A, B, J, L)
    invert(L, R)
    for a in range(N):
        v = 0.0
        for i in range(N):
            f = 0.0
            for k in range(N):
                f += w * A[i, k] * x[k] + (1.0 - w) * B[i, k] * y[k]
            v += R[a, i] * f
        z[a] = v
    return w
