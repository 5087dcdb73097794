"""Compiled fit of the first detections of a falling body.

Until drag is known a filter takes its derivatives at the wrong place, and keeps the mistake. So as long as detections
are few, the ballistic state is found anew from all of them at each update: the most probable flight given what was
known before the first (Gauss-Newton over position, velocity and ln drag-to-mass; Jazwinski 1970, Stochastic Processes
and Filtering Theory, section 5.3). When `FIT_ROOM` detections are in, the filter goes on alone.
"""

import math

import numpy as np

from rampart.physics._jit import kernel
from rampart.physics._kernels import rk4_step_jacobian, rk4_step_state
from rampart.track.constants import (
    FIT_BASE,
    FIT_MASK,
    FIT_ROOM,
    FIT_ROW,
    FIT_SENSOR,
    HAS_POSITION,
    KEPT,
    P_BALLISTIC,
    P_BALLISTIC_SPEED,
    P_DRAG_WALK,
    P_LN_DRAG,
    P_LN_DRAG_SIGMA,
    P_STEP,
    S_EAST,
    Z_EAST,
    Z_TIME,
)
from rampart.track.measurement._kernels import measure
from rampart.track.motion._kernels import LN_DRAG_HIGH, LN_DRAG_LOW, add_noise, transform

# Gauss-Newton passes; the filter's own estimate is the first guess, so two are the rule
MAX_PASSES = 5
# A pass that moves nothing by more than this many sigma is the last
SMALL_STEP = 0.03
# Position before the first detection, as good as unknown [m]
OPEN_M = 3000.0


@kernel
def begin_unknown(fit, whole, z, p):
    """Begin with a body that nothing is known of but that it is somewhere near its first detection."""
    base = fit[FIT_BASE:]
    for i in range(7 + 49):
        base[i] = 0.0
    for i in range(3):
        base[i] = z[Z_EAST + i]
        base[7 + 8 * i] = 1.0 / (OPEN_M * OPEN_M)
        base[7 + 8 * (i + 3)] = 1.0 / (p[P_BALLISTIC_SPEED] * p[P_BALLISTIC_SPEED])
    base[6] = p[P_LN_DRAG]
    base[7 + 48] = 1.0 / (p[P_LN_DRAG_SIGMA] * p[P_LN_DRAG_SIGMA])
    whole[KEPT] = 0


@kernel
def begin_known(fit, whole, x, P, B):
    """Begin with a predicted state: what thrust has left behind. B (24, 8) is scratch."""
    base = fit[FIT_BASE:]
    whole[KEPT] = 0
    inverse = B[8:16]
    if not invert(P, B[0:8], inverse):
        whole[KEPT] = FIT_ROOM + 1
        return
    for i in range(7):
        base[i] = x[i]
        for j in range(7):
            base[7 + 7 * i + j] = inverse[i, j]


@kernel
def keep(fit, whole, z, mask, s):
    """Add a detection, if there is room for it."""
    n = whole[KEPT]
    if n > FIT_ROOM:
        return
    if n == FIT_ROOM or mask & HAS_POSITION:
        whole[KEPT] = FIT_ROOM + 1
        return
    row = fit[n * FIT_ROW :]
    for i in range(FIT_MASK):
        row[i] = z[i]
    row[FIT_MASK], row[FIT_SENSOR] = mask, s
    whole[KEPT] = n + 1


@kernel
def factor(A, L):
    """Lower Cholesky root of a (7, 7) matrix; False if it is not positive definite."""
    for j in range(7):
        for i in range(j, 7):
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
    """Inverse of a symmetric positive definite (7, 7) matrix, scaled to unit diagonal first; False if it is none."""
    scale = np.empty(7)
    for i in range(7):
        if not A[i, i] > 0.0:
            return False
        scale[i] = 1.0 / math.sqrt(A[i, i])
    for i in range(7):
        for j in range(7):
            out[i, j] = A[i, j] * scale[i] * scale[j]
    if not factor(out, L):
        return False
    y = np.empty(7)
    for c in range(7):
        for i in range(7):
            s = 1.0 if i == c else 0.0
            for k in range(i):
                s -= L[i, k] * y[k]
            y[i] = s / L[i, i]
        for i in range(6, -1, -1):
            s = y[i]
            for k in range(i + 1, 7):
                s -= L[k, i] * y[k]
            y[i] = s / L[i, i]
        for i in range(7):
            out[i, c] = y[i] * scale[i] * scale[c]
    for i in range(7):
        for j in range(i):
            out[i, j] = out[j, i]
    return True


@kernel
def _fly(x, gap, p, site, atmosphere, drag, F, Phi, W):
    """Carry a state over a gap, and the derivative Phi by where it began."""
    n = max(int(math.ceil(abs(gap) / p[P_STEP] - 1e-9)), 1)
    for _ in range(n):
        rk4_step_jacobian(x, gap / n, 0.0, site, atmosphere, drag, x, F)
        for i in range(7):
            for j in range(7):
                s = 0.0
                for k in range(7):
                    s += F[i, k] * Phi[k, j]
                W[i, j] = s
        for i in range(7):
            for j in range(7):
                Phi[i, j] = W[i, j]


@kernel
def _collect(x1, fit, kept, sensors, p, site, atmosphere, drag, x, A, g, S, B):
    """Normal equations at the first state x1: information A, gradient g; x, S[1] are carried to the last detection."""
    base = fit[FIT_BASE:]
    F, Phi, W = S[0], S[1], S[2]
    for i in range(7):
        x[i] = x1[i]
        g[i] = 0.0
        for j in range(7):
            A[i, j] = base[7 + 7 * i + j]
            g[i] += A[i, j] * (base[j] - x1[j])
            Phi[i, j] = 1.0 if i == j else 0.0
    H, nu, r, row = B[0:8], B[16], B[17], B[18]
    for n in range(kept):
        z = fit[n * FIT_ROW :]
        if n:
            _fly(x, z[Z_TIME] - fit[(n - 1) * FIT_ROW + Z_TIME], p, site, atmosphere, drag, F, Phi, W)
        sensor = sensors[int(z[FIT_SENSOR])]
        count = measure(x, z, int(z[FIT_MASK]), sensor[S_EAST], sensor[S_EAST + 1], sensor[S_EAST + 2], p, H, nu, r)
        for a in range(count):
            for j in range(7):
                s = 0.0
                for k in range(6):
                    s += H[a, k] * Phi[k, j]
                row[j] = s
            for i in range(7):
                g[i] += row[i] * nu[a] / r[a]
                for j in range(7):
                    A[i, j] += row[i] * row[j] / r[a]


@kernel
def refit(x, P, fit, whole, sensors, p, site, atmosphere, drag, B):
    """Replace the ballistic state and covariance by those of the most probable flight through the kept detections.

    Parameters
    ----------
    x, P : (7,), (7, 7)
        The filter's estimate at the last kept detection: the first guess. Left as it is where the fit fails.
    fit, whole
        The track's kept detections.
    sensors, p, site, atmosphere, drag
        As everywhere.
    B : (24, 8)
        Scratch.

    Returns
    -------
    bool
        Whether the fit held.
    """
    kept = whole[KEPT]
    S = np.empty((6, 7, 7))
    A, C, L = S[3], S[4], S[5]
    x1, now, g = np.empty(7), np.empty(7), np.empty(7)
    for i in range(7):
        x1[i] = x[i]
    span = fit[(kept - 1) * FIT_ROW + Z_TIME] - fit[Z_TIME]
    n = max(int(math.ceil(abs(span) / p[P_STEP] - 1e-9)), 1)
    for _ in range(n):
        rk4_step_state(x1, -span / n, 0.0, site, atmosphere, drag, x1)
    for _ in range(MAX_PASSES):
        _collect(x1, fit, kept, sensors, p, site, atmosphere, drag, now, A, g, S, B)
        if not invert(A, L, C):
            return False
        moved = 0.0
        for i in range(7):
            d = 0.0
            for j in range(7):
                d += C[i, j] * g[j]
            moved = max(moved, abs(d) / math.sqrt(C[i, i]))
            # no pass goes further than drag can change in one
            x1[i] += d if i < 6 else min(max(d, -1.0), 1.0)
        x1[6] = min(max(x1[6], LN_DRAG_LOW), LN_DRAG_HIGH)
        if not moved < 1e6:
            return False
        if moved < SMALL_STEP:
            break
    _collect(x1, fit, kept, sensors, p, site, atmosphere, drag, now, A, g, S, B)
    if not invert(A, L, C):
        return False
    transform(S[1], C, S[2], L)
    add_noise(L, p[P_BALLISTIC], span)
    L[6, 6] += p[P_DRAG_WALK] * span
    for i in range(7):
        if not (math.isfinite(now[i]) and L[i, i] > 0.0):
            return False
    for i in range(7):
        x[i] = now[i]
        for j in range(7):
            P[i, j] = L[i, j]
    return True
