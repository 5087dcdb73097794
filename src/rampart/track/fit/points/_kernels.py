"""Compiled normal points: neighbouring detections of one sensor joined into one, so that there is room for more.

A point is the mean residual about the flight found so far, as satellite laser ranging does it (Sinclair 1997). So the
whole flight is always there.
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.constants import (
    FIT_BURN_FROM,
    FIT_BURN_UNTIL,
    FIT_COUNT,
    FIT_EPOCH,
    FIT_FIRST,
    FIT_MASK,
    FIT_OPEN,
    FIT_ROOM,
    FIT_ROW,
    FIT_SENSOR,
    KEPT,
    S_EAST,
    Z_SIGMA,
    Z_TIME,
)
from rampart.track.fit.boost._kernels import settle_boost
from rampart.track.fit.flight._kernels import glide
from rampart.track.fit.memory._kernels import kinds, sort_rows
from rampart.track.measurement._kernels import measure

# Most rows that are left alone because they may have been made under thrust
MOST_APART = 10


@kernel
def condense(fit, whole, sensors, p, env, B):
    """Join neighbouring detections of one sensor into normal points, so that there is room for more.

    Pairs with the fewest detections first, so that all points come to hold about as many. A point is the flight's own
    measurement at the mean time, plus the weighted mean of the residuals.
    """
    kept = whole[KEPT]
    states, residuals = np.empty((kept, 7)), np.empty((kept, 8))
    x, H, nu, r = np.empty(7), B[0:8], B[16], B[17]
    for i in range(7):
        x[i] = fit[FIT_FIRST + i]
    when = fit[FIT_EPOCH]
    for n in range(kept):
        z = fit[n * FIT_ROW :]
        if z[Z_TIME] != when:
            glide(x, z[Z_TIME] - when, p, env)
            when = z[Z_TIME]
        for i in range(7):
            states[n, i] = x[i]
        sensor = sensors[int(z[FIT_SENSOR])]
        measure(x, z, int(z[FIT_MASK]), sensor[S_EAST], sensor[S_EAST + 1], sensor[S_EAST + 2], p, H, nu, r)
        for a in range(8):
            residuals[n, a] = nu[a]
    gone = np.zeros(kept, np.bool_)
    settle_boost(fit)
    apart = _under_thrust(fit, kept)
    freed, limit = 0, 2.0
    if fit[FIT_BURN_FROM] > 0.0:  # thrust is certain, so how it began matters no more
        while apart - freed > MOST_APART:
            gone[freed] = True
            freed += 1
    while freed < kept // 4 and limit < 1e6:
        for n in range(apart, kept):
            if not gone[n]:
                m = _partner(fit, kept, gone, n)
                if m >= 0 and fit[n * FIT_ROW + FIT_COUNT] + fit[m * FIT_ROW + FIT_COUNT] <= limit:
                    _join(fit, n, m, states, residuals, sensors, p, env, x, B)
                    gone[m] = True
                    freed += 1
        limit *= 2.0
    k = 0
    for n in range(kept):
        if not gone[n]:
            for i in range(FIT_ROW):
                fit[k * FIT_ROW + i] = fit[n * FIT_ROW + i]
            k += 1
    whole[KEPT] = k if k < kept else FIT_ROOM + 1
    sort_rows(fit, k)


@leaf
def _under_thrust(fit, kept):
    """How many of the first rows may have been made under thrust, half of them at most.

    They are left alone: a mean over them would be of no one flight.
    """
    n = 0
    if fit[FIT_OPEN] > 0.0:
        while 2 * n < kept and fit[n * FIT_ROW + Z_TIME] < fit[FIT_EPOCH] + fit[FIT_BURN_UNTIL]:
            n += 1
    return n


@leaf
def _partner(fit, kept, gone, n):
    """The next row of the same sensor that measures the same; -1 if there is none."""
    for m in range(n + 1, kept):
        same = fit[m * FIT_ROW + FIT_SENSOR] == fit[n * FIT_ROW + FIT_SENSOR]
        if not gone[m] and same:
            return m if fit[m * FIT_ROW + FIT_MASK] == fit[n * FIT_ROW + FIT_MASK] else -1
    return -1


@kernel
def _join(fit, n, m, states, residuals, sensors, p, env, x, B):
    """Join row m into row n; `states` and `residuals` of row n become those of the point."""
    a, b = fit[n * FIT_ROW :], fit[m * FIT_ROW :]
    H, nu, r, kind = B[0:8], B[16], B[17], np.empty(8, np.int64)
    share = b[FIT_COUNT] / (a[FIT_COUNT] + b[FIT_COUNT])
    for i in range(7):
        x[i] = states[n, i]
    later = share * (b[Z_TIME] - a[Z_TIME])
    glide(x, later, p, env)
    sensor, mask = sensors[int(a[FIT_SENSOR])], int(a[FIT_MASK])
    count = measure(x, a, mask, sensor[S_EAST], sensor[S_EAST + 1], sensor[S_EAST + 2], p, H, nu, r)
    kinds(mask, kind)
    for c in range(count):
        at = 1 + kind[c]
        sa, sb = a[Z_SIGMA + kind[c]], b[Z_SIGMA + kind[c]]
        wa, wb = 1.0 / (sa * sa), 1.0 / (sb * sb)
        mean = (wa * residuals[n, c] + wb * residuals[m, c]) / (wa + wb)
        a[at] += mean - nu[c]
        a[Z_SIGMA + kind[c]] = 1.0 / math.sqrt(wa + wb)
        residuals[n, c] = mean
    a[Z_TIME] += later
    a[FIT_COUNT] += b[FIT_COUNT]
    for i in range(7):
        states[n, i] = x[i]
