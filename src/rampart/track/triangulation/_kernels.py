"""Compiled triangulation: where two bearings cross, how well, and a track from two such crossings."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.constants import (
    HAS_AZIMUTH,
    HAS_ELEVATION,
    HAS_POSITION,
    S_DETECT,
    S_EAST,
    S_MAX_RANGE,
    S_PERIOD,
    S_RANGES,
    SENSORS,
    Z_AZIMUTH,
    Z_EAST,
    Z_ELEVATION,
    Z_RANGE,
    Z_ROOT,
    Z_SIGMA,
    Z_TIME,
    ZI_SENSOR,
)
from rampart.track.measurement._kernels import place, wrap
from rampart.track.start._kernels import start_track

PASSES = 8
# Bearings that cross at a smaller angle than this say nothing of the distance [rad]
LEAST_ANGLE = 0.1
# Nearer to a sensor than this nothing is triangulated [m]
NEAREST_M = 30.0
# Where a crossing keeps its squared distance: a position has no range
MISFIT = Z_RANGE


@kernel
def cross(za, mask_a, zb, mask_b, sensor_a, sensor_b, layer, layer_sigma, speed, out, C):
    """Where two bearings cross: position as of the second's time, into out (3,), with covariance C (3, 3).

    Weighted least squares (Gauss-Newton) over azimuths and elevations, with the layer of heights as a weak prior. The
    first bearing is as much wider as a target at `speed` [m/s] moves between the two.

    Returns
    -------
    float
        Squared distance of the fit; inf if they do not cross before both sensors at a fair angle.
    """
    a, b = za[Z_AZIMUTH], zb[Z_AZIMUTH]
    turn = math.sin(wrap(a - b))
    if abs(turn) < math.sin(LEAST_ANGLE):
        return math.inf
    dx, dy = sensor_b[0] - sensor_a[0], sensor_b[1] - sensor_a[1]
    ra = (dx * math.cos(b) - dy * math.sin(b)) / turn
    rb = (dx * math.cos(a) - dy * math.sin(a)) / turn
    if ra < NEAREST_M or rb < NEAREST_M:
        return math.inf
    out[0], out[1], out[2] = sensor_a[0] + ra * math.sin(a), sensor_a[1] + ra * math.cos(a), layer
    if mask_a & HAS_ELEVATION:
        out[2] = sensor_a[2] + ra * math.tan(min(max(za[Z_ELEVATION], -1.4), 1.4))
    elif mask_b & HAS_ELEVATION:
        out[2] = sensor_b[2] + rb * math.tan(min(max(zb[Z_ELEVATION], -1.4), 1.4))
    moved = speed * (zb[Z_TIME] - za[Z_TIME])
    J, g, h = np.empty((3, 3)), np.empty(3), np.empty(3)
    d2 = 0.0
    for _ in range(PASSES):
        for i in range(3):
            g[i] = 0.0
            for j in range(3):
                J[i, j] = 0.0
        J[2, 2] = 1.0 / (layer_sigma * layer_sigma)
        g[2] = (layer - out[2]) * J[2, 2]
        d2 = g[2] * (layer - out[2])
        d2 += _add(za, mask_a, sensor_a, moved, out, J, g, h)
        d2 += _add(zb, mask_b, sensor_b, 0.0, out, J, g, h)
        if not _solve(J, g, C):
            return math.inf
        for i in range(3):
            out[i] += g[i]
    return d2


@leaf
def _add(z, mask, sensor, moved, at, J, g, h):
    """Add the normal equations of one bearing, linearised at `at`; returns its squared distance there."""
    dx, dy, dz = at[0] - sensor[0], at[1] - sensor[1], at[2] - sensor[2]
    level2 = max(dx * dx + dy * dy, 1.0)
    level, r2 = math.sqrt(level2), level2 + dz * dz
    d2 = 0.0
    for kind in range(2):
        if kind == 0 and mask & HAS_AZIMUTH:
            e = wrap(z[Z_AZIMUTH] - math.atan2(dx, dy))
            var = z[Z_SIGMA + 1] ** 2 + moved * moved / level2
            h[0], h[1], h[2] = dy / level2, -dx / level2, 0.0
        elif kind == 1 and mask & HAS_ELEVATION:
            e = z[Z_ELEVATION] - math.atan2(dz, level)
            var = z[Z_SIGMA + 2] ** 2 + moved * moved / r2
            h[0], h[1], h[2] = -dx * dz / (r2 * level), -dy * dz / (r2 * level), level / r2
        else:
            continue
        d2 += e * e / var
        for i in range(3):
            g[i] += h[i] * e / var
            for j in range(3):
                J[i, j] += h[i] * h[j] / var
    return d2


@leaf
def _solve(J, g, C):
    """C = inverse of J (3, 3), g = C g; False if J is not positive definite."""
    a = J[1, 1] * J[2, 2] - J[1, 2] * J[1, 2]
    b = J[0, 2] * J[1, 2] - J[0, 1] * J[2, 2]
    c = J[0, 1] * J[1, 2] - J[0, 2] * J[1, 1]
    det = J[0, 0] * a + J[0, 1] * b + J[0, 2] * c
    if not det > 1e-12 * J[0, 0] * J[1, 1] * J[2, 2]:
        return False
    C[0, 0], C[0, 1], C[0, 2] = a / det, b / det, c / det
    C[1, 1] = (J[0, 0] * J[2, 2] - J[0, 2] * J[0, 2]) / det
    C[1, 2] = (J[0, 1] * J[0, 2] - J[0, 0] * J[1, 2]) / det
    C[2, 2] = (J[0, 0] * J[1, 1] - J[0, 1] * J[0, 1]) / det
    C[1, 0], C[2, 0], C[2, 1] = C[0, 1], C[0, 2], C[1, 2]
    g0, g1, g2 = g[0], g[1], g[2]
    for i in range(3):
        g[i] = C[i, 0] * g0 + C[i, 1] * g1 + C[i, 2] * g2
    return True


@leaf
def put_position(z, at, C):
    """Write a position and the inverse Cholesky root of its covariance into a packed detection."""
    a = math.sqrt(C[0, 0])
    b, d = C[1, 0] / a, C[2, 0] / a
    c = math.sqrt(max(C[1, 1] - b * b, 1e-9 * C[1, 1]))
    e = (C[2, 1] - b * d) / c
    f = math.sqrt(max(C[2, 2] - d * d - e * e, 1e-9 * C[2, 2]))
    for i in range(3):
        z[Z_EAST + i] = at[i]
    z[Z_ROOT], z[Z_ROOT + 1], z[Z_ROOT + 2] = 1.0 / a, 0.0, 0.0
    z[Z_ROOT + 3], z[Z_ROOT + 4], z[Z_ROOT + 5] = -b / (a * c), 1.0 / c, 0.0
    z[Z_ROOT + 6], z[Z_ROOT + 7], z[Z_ROOT + 8] = (b * e - c * d) / (a * c * f), -e / (c * f), 1.0 / f


@leaf
def support(at, C, a, b, sensors, heard, heard_of, speed, near):
    """What other sensors say of a crossing of sensors a and b: squared distance of their nearest bearings.

    inf if it lies beyond the reach of a or b, or if a third sensor that covers it has bearings, but none within `near`
    sigma of it. `heard` are the latest bearings of all sensors, `heard_of` (n,) whose.
    """
    wide2, total = max(C[0, 0], C[1, 1]), 0.0
    wide = math.sqrt(wide2)
    for s in range(len(sensors)):
        row = sensors[s]
        if row[S_RANGES] > 0.0:
            continue
        dx, dy, dz = at[0] - row[S_EAST], at[1] - row[S_EAST + 1], at[2] - row[S_EAST + 2]
        level = max(math.sqrt(dx * dx + dy * dy), 1.0)
        r = math.sqrt(level * level + dz * dz)
        if s in (a, b):
            if r > row[S_MAX_RANGE] + 2.0 * wide:
                return math.inf
            continue
        if r > row[S_MAX_RANGE] - 2.0 * wide or row[S_DETECT] < 0.8:
            continue
        # across the line of sight
        ux, uy = dy / level, -dx / level
        across = ux * ux * C[0, 0] + 2.0 * ux * uy * C[0, 1] + uy * uy * C[1, 1] + (speed * row[S_PERIOD]) ** 2
        azimuth, best, any_heard = math.atan2(dx, dy), math.inf, False
        for j in range(len(heard)):
            if heard_of[j] == s:
                any_heard = True
                off = wrap(heard[j, Z_AZIMUTH] - azimuth)
                best = min(best, off * off / (heard[j, Z_SIGMA + 1] ** 2 + across / (level * level)))
        if any_heard:
            if best > near * near:
                return math.inf
            total += best
    return total


@kernel
def costs(z, zi, of, old, old_i, old_of, period, speed, gate, out):
    """Squared distances of pairs of a new and an older crossing, with that of the speed between them from rest.

    Into out (n, m); inf for pairs of other sensors, too soon one after the other, sharing a bearing, or too fast.
    """
    A, B = np.empty((3, 3)), np.empty((3, 3))
    e = np.empty(3)
    for i in range(len(z)):
        s = zi[i, ZI_SENSOR]
        place(z[i], HAS_POSITION, 0.0, 0.0, 0.0, 0.0, 1.0, A)
        for j in range(len(old)):
            out[i, j] = math.inf
            dt = z[i, Z_TIME] - old[j, Z_TIME]
            shared = (
                of[i, 0] == old_of[j, 0]
                or of[i, 0] == old_of[j, 1]
                or of[i, 1] == old_of[j, 0]
                or of[i, 1] == old_of[j, 1]
            )
            if shared or old_i[j, ZI_SENSOR] != s or dt < 0.5 * period[s]:
                continue
            place(old[j], HAS_POSITION, 0.0, 0.0, 0.0, 0.0, 1.0, B)
            for a in range(3):
                e[a] = z[i, Z_EAST + a] - old[j, Z_EAST + a]
                for b in range(3):
                    B[a, b] += A[a, b]
                B[a, a] += speed * speed * dt * dt
            l0 = math.sqrt(B[0, 0])
            l1, l3 = B[1, 0] / l0, B[2, 0] / l0
            l2 = math.sqrt(max(B[1, 1] - l1 * l1, 1e-9 * B[1, 1]))
            l4 = (B[2, 1] - l3 * l1) / l2
            l5 = math.sqrt(max(B[2, 2] - l3 * l3 - l4 * l4, 1e-9 * B[2, 2]))
            e0 = e[0] / l0
            e1 = (e[1] - l1 * e0) / l2
            e2 = (e[2] - l3 * e0 - l4 * e1) / l5
            d2 = e0 * e0 + e1 * e1 + e2 * e2
            if d2 < gate:
                out[i, j] = d2 + z[i, MISFIT] + old[j, MISFIT]


@kernel
def begin(x, P, real, whole, look, fit, counts, s, bits, sensors, first, first_i, z, zi, odds, p, env, table):
    """Start a track from two crossings, packed as positions; returns its number, 0 if no mode makes sense of them."""
    k, B, alone = counts[0], np.empty((24, 8)), np.full(3, math.nan)
    if not start_track(
        x[k], P[k], real[k], whole[k], look[k], fit[k], s, sensors, first, first_i, z, zi, odds, counts[2], alone, p,
        env, table, B,
    ):  # fmt: skip
        return 0
    whole[k, SENSORS] = bits
    counts[0] += 1
    counts[2] += 1
    return whole[k, 0]
