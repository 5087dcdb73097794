"""Compiled memory of a fit: what was known before the first detection, and the detections kept since."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.constants import (
    FIT_BASE,
    FIT_BURN_FROM,
    FIT_BURN_UNTIL,
    FIT_COUNT,
    FIT_DOUBT,
    FIT_EPOCH,
    FIT_ERROR,
    FIT_FIRST,
    FIT_LIKELY,
    FIT_MASK,
    FIT_OPEN,
    FIT_ROOM,
    FIT_ROW,
    FIT_SENSOR,
    FIT_THRUST,
    HAS_POSITION,
    KEPT,
    N_ERRORS,
    N_JOINT,
    P_BALLISTIC_SPEED,
    P_ERROR,
    P_LN_DRAG,
    P_LN_DRAG_SIGMA,
    Z_EAST,
    Z_TIME,
)
from rampart.track.fit.matrix._kernels import invert

# Position before the first detection, as good as unknown [m]
OPEN_M = 3000.0


@leaf
def forget_errors(fit, p):
    """Nothing is known of the model's errors but their sigmas."""
    block = fit[FIT_ERROR:]
    for i in range(N_ERRORS * (1 + N_JOINT)):
        block[i] = 0.0
    for e in range(N_ERRORS):
        block[N_ERRORS + N_JOINT * e + 7 + e] = p[P_ERROR + e] * p[P_ERROR + e]


@leaf
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
    fit[FIT_FIRST], fit[FIT_DOUBT], fit[FIT_OPEN] = math.nan, 0.0, 1.0
    fit[FIT_THRUST], fit[FIT_BURN_FROM], fit[FIT_BURN_UNTIL] = 0.0, 0.0, math.inf
    fit[FIT_LIKELY], fit[FIT_LIKELY + 1] = 0.0, math.inf
    forget_errors(fit, p)


@kernel
def begin_known(fit, whole, x, P, p):
    """Begin with a predicted state: what thrust has left behind."""
    base = fit[FIT_BASE:]
    whole[KEPT], fit[FIT_OPEN] = 0, 0.0
    forget_errors(fit, p)
    inverse, root = np.empty((7, 7)), np.empty((7, 7))
    if not invert(P, root, inverse):
        whole[KEPT] = FIT_ROOM + 1
        return
    for i in range(7):
        base[i] = x[i]
        fit[FIT_FIRST + i] = x[i]
        for j in range(7):
            base[7 + 7 * i + j] = inverse[i, j]


@leaf
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
    row[FIT_MASK], row[FIT_SENSOR], row[FIT_COUNT] = mask, s, 1.0
    if n == 0:
        fit[FIT_EPOCH] = z[Z_TIME]
    whole[KEPT] = n + 1


@leaf
def kinds(mask, kind):
    """Which of range, azimuth, elevation, range rate and height each number of a detection is."""
    n = 0
    for bit in range(5):
        if (mask >> bit) & 1:
            kind[n] = bit
            n += 1


@leaf
def sort_rows(fit, kept):
    """Bring the rows back in order of time: those of several sensors have been shifted."""
    for n in range(1, kept):
        k = n
        while k > 0 and fit[k * FIT_ROW + Z_TIME] < fit[(k - 1) * FIT_ROW + Z_TIME]:
            for i in range(FIT_ROW):
                a, b = k * FIT_ROW + i, (k - 1) * FIT_ROW + i
                fit[a], fit[b] = fit[b], fit[a]
            k -= 1
