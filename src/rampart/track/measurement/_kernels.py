"""Compiled measurement models: innovation and derivative of each number that a detection holds."""

import math

from rampart.physics._jit import leaf
from rampart.track.constants import (
    HAS_AZIMUTH,
    HAS_ELEVATION,
    HAS_HEIGHT,
    HAS_POSITION,
    HAS_RANGE,
    HAS_RATE,
    P_EARTH_CURVE,
    Z_AZIMUTH,
    Z_EAST,
    Z_ELEVATION,
    Z_HEIGHT,
    Z_RANGE,
    Z_RATE,
    Z_ROOT,
    Z_SIGMA,
)

# Most numbers in one detection: range, azimuth, elevation, range rate, height, and a position's three
MAX_ROWS = 8
_NEAR_M = 1.0


@leaf
def wrap(a):
    """An angle in [-pi, pi)."""
    return a - 2.0 * math.pi * math.floor((a + math.pi) / (2.0 * math.pi))


@leaf
def measure(x, z, mask, east, north, up, p, H, nu, r):
    """Linearise a detection at a state.

    Parameters
    ----------
    x : (7,)
        State.
    z, mask
        Packed detection and what it holds (HAS_... bits).
    east, north, up : float
        The sensor [m].
    p : parameters
    H, nu, r
        Out, per number: derivative by position and velocity (MAX_ROWS, 6), innovation, variance.

    Returns
    -------
    int
        How many numbers. The own component of a mode is never measured.
    """
    dx, dy, dz = x[0] - east, x[1] - north, x[2] - up
    level2 = max(dx * dx + dy * dy, _NEAR_M)
    level = math.sqrt(level2)
    d2 = level2 + dz * dz
    d = math.sqrt(d2)
    n = 0
    if mask & HAS_RANGE:
        _row(H, n, dx / d, dy / d, dz / d)
        nu[n], r[n] = z[Z_RANGE] - d, z[Z_SIGMA] * z[Z_SIGMA]
        n += 1
    if mask & HAS_AZIMUTH:
        _row(H, n, dy / level2, -dx / level2, 0.0)
        nu[n], r[n] = wrap(z[Z_AZIMUTH] - math.atan2(dx, dy)), z[Z_SIGMA + 1] * z[Z_SIGMA + 1]
        n += 1
    if mask & HAS_ELEVATION:
        c = dz / (d2 * level)
        _row(H, n, -dx * c, -dy * c, level / d2)
        nu[n], r[n] = wrap(z[Z_ELEVATION] - math.atan2(dz, level)), z[Z_SIGMA + 2] * z[Z_SIGMA + 2]
        n += 1
    if mask & HAS_RATE:
        rate = (dx * x[3] + dy * x[4] + dz * x[5]) / d
        ux, uy, uz = dx / d, dy / d, dz / d
        _row(H, n, (x[3] - rate * ux) / d, (x[4] - rate * uy) / d, (x[5] - rate * uz) / d)
        H[n, 3], H[n, 4], H[n, 5] = ux, uy, uz
        nu[n], r[n] = z[Z_RATE] - rate, z[Z_SIGMA + 3] * z[Z_SIGMA + 3]
        n += 1
    if mask & HAS_HEIGHT:
        c = p[P_EARTH_CURVE]
        _row(H, n, c * x[0], c * x[1], 1.0)
        nu[n] = z[Z_HEIGHT] - x[2] - 0.5 * c * (x[0] * x[0] + x[1] * x[1])
        r[n] = z[Z_SIGMA + 4] * z[Z_SIGMA + 4]
        n += 1
    if mask & HAS_POSITION:
        # whitened by the root of its covariance, so that its three numbers are independent
        for i in range(3):
            a, b, c = z[Z_ROOT + 3 * i], z[Z_ROOT + 3 * i + 1], z[Z_ROOT + 3 * i + 2]
            _row(H, n, a, b, c)
            nu[n] = a * (z[Z_EAST] - x[0]) + b * (z[Z_EAST + 1] - x[1]) + c * (z[Z_EAST + 2] - x[2])
            r[n] = 1.0
            n += 1
    return n


@leaf
def _row(H, n, a, b, c):
    H[n, 0], H[n, 1], H[n, 2] = a, b, c
    H[n, 3], H[n, 4], H[n, 5] = 0.0, 0.0, 0.0


@leaf
def place(z, mask, east, north, up, layer, layer_sigma, C):
    """Position covariance of a detection with range, into C (3, 3), and its position into z.

    Without elevation the target is taken to be in a layer of heights.
    """
    if mask & HAS_POSITION:
        _invert_root(z, C)
        return
    r, azimuth = z[Z_RANGE], z[Z_AZIMUTH]
    if mask & HAS_ELEVATION:
        elevation, sigma = z[Z_ELEVATION], z[Z_SIGMA + 2]
    else:
        h, s = layer, layer_sigma
        if mask & HAS_HEIGHT:
            h, s = z[Z_HEIGHT], z[Z_SIGMA + 4]
        elevation = math.asin(min(max((h - up) / r, -0.5), 0.9))
        sigma = min(s / (r * math.cos(elevation)), 0.5)
    sa, ca, se, ce = math.sin(azimuth), math.cos(azimuth), math.sin(elevation), math.cos(elevation)
    ux, uy, uz = sa * ce, ca * ce, se
    z[Z_EAST], z[Z_EAST + 1], z[Z_EAST + 2] = east + r * ux, north + r * uy, up + r * uz
    # unit vectors along range, azimuth, elevation, scaled to one sigma in metres
    a = r * ce * z[Z_SIGMA + 1]
    e = r * sigma
    s0 = z[Z_SIGMA]
    v0, v1, v2 = s0 * ux, s0 * uy, s0 * uz
    a0, a1 = a * ca, -a * sa
    e0, e1, e2 = -e * sa * se, -e * ca * se, e * ce
    C[0, 0] = v0 * v0 + a0 * a0 + e0 * e0
    C[1, 1] = v1 * v1 + a1 * a1 + e1 * e1
    C[2, 2] = v2 * v2 + e2 * e2
    C[0, 1] = v0 * v1 + a0 * a1 + e0 * e1
    C[0, 2] = v0 * v2 + e0 * e2
    C[1, 2] = v1 * v2 + e1 * e2
    C[1, 0], C[2, 0], C[2, 1] = C[0, 1], C[0, 2], C[1, 2]


@leaf
def _invert_root(z, C):
    """Covariance from the inverse Cholesky root kept in z: C = (L^-1)^-1 (L^-1)^-T."""
    a, b, c = z[Z_ROOT], z[Z_ROOT + 3], z[Z_ROOT + 4]
    d, e, f = z[Z_ROOT + 6], z[Z_ROOT + 7], z[Z_ROOT + 8]
    l00, l11, l22 = 1.0 / a, 1.0 / c, 1.0 / f
    l10 = -b * l00 * l11
    l20, l21 = (b * e - c * d) * l00 * l11 * l22, -e * l11 * l22
    C[0, 0] = l00 * l00
    C[0, 1] = l00 * l10
    C[0, 2] = l00 * l20
    C[1, 1] = l10 * l10 + l11 * l11
    C[1, 2] = l10 * l20 + l11 * l21
    C[2, 2] = l20 * l20 + l21 * l21 + l22 * l22
    C[1, 0], C[2, 0], C[2, 1] = C[0, 1], C[0, 2], C[1, 2]
