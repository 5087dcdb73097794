"""Compiled intake: check each detection, complete it from the sensor's data sheet, pack it into one row."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.constants import (
    BAD_ANGLE,
    BAD_HEIGHT,
    BAD_POSITION,
    BAD_RANGE,
    BAD_RATE,
    BAD_SENSOR,
    BAD_SIGMA,
    BAD_TIME,
    GOOD,
    HAS_AZIMUTH,
    HAS_ELEVATION,
    HAS_HEIGHT,
    HAS_POSITION,
    HAS_RANGE,
    HAS_RATE,
    N_CLASSES,
    N_Z,
    N_ZI,
    NO_MEASUREMENT,
    P_LAYER_HEIGHT,
    P_LAYER_SIGMA,
    P_SITE_HEIGHT,
    S_EAST,
    S_RANGES,
    S_SIGMA,
    Z_AZIMUTH,
    Z_EAST,
    Z_HEIGHT,
    Z_RANGE,
    Z_RATE,
    Z_RCS,
    Z_ROOT,
    Z_SCORE,
    Z_SIGMA,
    Z_SNR,
    Z_TIME,
    Z_WIDTH,
    ZI_EMISSION,
    ZI_FLAGS,
    ZI_HINT,
    ZI_IDENTITY,
    ZI_MASK,
    ZI_NUMBER,
    ZI_RECEIVED_NS,
    ZI_SENSOR,
    ZI_TIME_NS,
)
from rampart.track.measurement._kernels import place

# No sensor of a site measures beyond these [m, rad, m/s, m]: what does is in other units or broken
MAX_RANGE_M = 1e6
MAX_ANGLE_RAD = 2.0 * math.pi + 0.1
MAX_RATE_MS = 1e4
MAX_HEIGHT_M = 1e5
# A measurement from the future by more than this comes from a wrong clock
AHEAD_NS = 1_000_000_000


@kernel
def take_in(
    number, time_ns, received_ns, sensor, values, sigmas, position, position_covariance, rcs, identity, hint, flags,
    snr, width, emission, score, now_ns, start_ns, sensors, p,
):  # fmt: skip
    """Pack detections into rows; sort the good ones and drop doubles.

    `values` and `sigmas` hold five columns each: range, azimuth, elevation, range rate, height; `identity` (m, 8) the
    code points of eight characters, 0 where a text ends.

    Returns
    -------
    z, zi, int, status
        The rows (n, N_Z) and (n, N_ZI), how many were doubles, and what is wrong with each detection (m,).
    """
    m = len(number)
    z, zi, status = np.empty((m, N_Z)), np.empty((m, N_ZI), np.int64), np.empty(m, np.int8)
    pack(
        number, time_ns, received_ns, sensor, values, sigmas, position, position_covariance, rcs, identity, hint, flags,
        snr, width, emission, score, now_ns, start_ns, sensors, p, np.empty((3, 3)), z, zi, status,
    )  # fmt: skip
    good, good_i, doubles = tidy(z, zi, status)
    return good, good_i, doubles, status


@leaf
def pack(
    number, time_ns, received_ns, sensor, values, sigmas, position, position_covariance, rcs, identity, hint, flags,
    snr, width, emission, score, now_ns, start_ns, sensors, p, C, z, zi, status,
):  # fmt: skip
    """Pack detections into rows z (m, N_Z), zi (m, N_ZI); `status` (m,) says which are good. C (3, 3) is scratch."""
    for j in range(len(number)):
        s = sensor[j]
        row, whole = z[j], zi[j]
        for i in range(len(row)):
            row[i] = math.nan
        whole[ZI_NUMBER], whole[ZI_TIME_NS], whole[ZI_RECEIVED_NS] = number[j], time_ns[j], received_ns[j]
        whole[ZI_SENSOR], whole[ZI_MASK], whole[ZI_HINT] = s, 0, hint[j]
        whole[ZI_FLAGS], whole[ZI_IDENTITY] = flags[j], encode(identity[j])
        row[Z_TIME] = (time_ns[j] - start_ns) * 1e-9
        row[Z_RCS] = rcs[j] if -100.0 < rcs[j] < 100.0 else math.nan
        row[Z_SNR] = snr[j] if -100.0 < snr[j] < 300.0 else math.nan
        row[Z_WIDTH] = width[j] if 0.0 < width[j] < 1e4 else math.nan
        for k in range(N_CLASSES):
            row[Z_SCORE + k] = score[j, k] if 0.0 < score[j, k] < 1e9 else math.nan
        whole[ZI_EMISSION] = emission[j]
        if s < 0 or s >= len(sensors):
            status[j] = BAD_SENSOR
            continue
        if time_ns[j] > now_ns + AHEAD_NS:
            status[j] = BAD_TIME
            continue
        for k in range(5):
            row[Z_RANGE + k] = values[k][j]
            row[Z_SIGMA + k] = sigmas[k][j] if sigmas[k][j] == sigmas[k][j] else sensors[s, S_SIGMA + k]
        row[Z_HEIGHT] -= p[P_SITE_HEIGHT]
        status[j] = _check(row, whole, position[j], position_covariance[j], sensors[s])
        if status[j] == GOOD and whole[ZI_MASK] & HAS_RANGE:
            place(
                row, whole[ZI_MASK], sensors[s, S_EAST], sensors[s, S_EAST + 1], sensors[s, S_EAST + 2],
                p[P_LAYER_HEIGHT], p[P_LAYER_SIGMA], C,
            )  # fmt: skip


@leaf
def encode(text):
    """Eight characters (8,) as one whole number, the first in the lowest byte; 0 for a text that is not ASCII."""
    code = 0
    for k in range(8):
        if text[k] > 127:
            return 0
        code |= np.int64(text[k]) << (8 * k)
    return code


@leaf
def _check(z, zi, position, covariance, sensor):
    """Find what a detection holds and whether it can be true; returns a status and writes the mask."""
    if position[0] == position[0] or position[1] == position[1]:
        zi[ZI_MASK] = HAS_POSITION
        return _check_position(z, position, covariance)
    mask = 0
    r, rate, height = z[Z_RANGE], z[Z_RATE], z[Z_HEIGHT]
    if r == r:
        if not 0.0 < r < MAX_RANGE_M:
            return BAD_RANGE
        mask |= HAS_RANGE
    elif sensor[S_RANGES] > 0.0:
        return BAD_RANGE
    for k in range(2):
        a = z[Z_AZIMUTH + k]
        if a == a:
            if not abs(a) < MAX_ANGLE_RAD or (k == 1 and abs(a) > 0.5 * math.pi + 1e-6):
                return BAD_ANGLE
            mask |= HAS_AZIMUTH if k == 0 else HAS_ELEVATION
    if not mask & HAS_AZIMUTH:
        return NO_MEASUREMENT
    if rate == rate:
        if not abs(rate) < MAX_RATE_MS:
            return BAD_RATE
        mask |= HAS_RATE
    if height == height:
        if not abs(height) < MAX_HEIGHT_M:
            return BAD_HEIGHT
        mask |= HAS_HEIGHT
    for k in range(5):
        if (mask >> k) & 1 and not 0.0 < z[Z_SIGMA + k] < MAX_RANGE_M:
            return BAD_SIGMA
    if (mask & HAS_AZIMUTH and z[Z_SIGMA + 1] > 1.0) or (mask & HAS_ELEVATION and z[Z_SIGMA + 2] > 1.0):
        return BAD_SIGMA
    zi[ZI_MASK] = mask
    return GOOD


@leaf
def _check_position(z, position, C):
    """Take over a measured position and the inverse Cholesky root of its covariance."""
    for i in range(3):
        if not abs(position[i]) < MAX_RANGE_M:
            return BAD_POSITION
        for j in range(3):
            if not abs(C[i, j]) < 1e12 or abs(C[i, j] - C[j, i]) > 1e-6 * (abs(C[i, j]) + 1e-9):
                return BAD_SIGMA
    if not C[0, 0] > 0.0:
        return BAD_SIGMA
    a = math.sqrt(C[0, 0])
    b, d = C[1, 0] / a, C[2, 0] / a
    c2 = C[1, 1] - b * b
    if not c2 > 1e-12 * C[1, 1]:
        return BAD_SIGMA
    c = math.sqrt(c2)
    e = (C[2, 1] - b * d) / c
    f2 = C[2, 2] - d * d - e * e
    if not f2 > 1e-12 * C[2, 2]:
        return BAD_SIGMA
    f = math.sqrt(f2)
    for i in range(3):
        z[Z_EAST + i] = position[i]
    z[Z_ROOT], z[Z_ROOT + 1], z[Z_ROOT + 2] = 1.0 / a, 0.0, 0.0
    z[Z_ROOT + 3], z[Z_ROOT + 4], z[Z_ROOT + 5] = -b / (a * c), 1.0 / c, 0.0
    z[Z_ROOT + 6], z[Z_ROOT + 7], z[Z_ROOT + 8] = (b * e - c * d) / (a * c * f), -e / (c * f), 1.0 / f
    for k in range(5):
        z[Z_RANGE + k] = math.nan
        z[Z_SIGMA + k] = math.nan
    return GOOD


@leaf
def comes_before(z, zi, i, j):
    """Whether row i comes before row j: by time, sensor, range, azimuth, number; what was not measured comes last."""
    for k in (ZI_TIME_NS, ZI_SENSOR):
        if zi[i, k] != zi[j, k]:
            return zi[i, k] < zi[j, k]
    for k in (Z_RANGE, Z_AZIMUTH):
        a, b = z[i, k], z[j, k]
        if a < b or b < a or (a == a) != (b == b):
            return a < b or b != b
    return zi[i, ZI_NUMBER] < zi[j, ZI_NUMBER]


@kernel
def arrange(z, zi, order):
    """Sort row numbers `order` (n,) in place by `comes_before`: a merge sort, so equals keep their places."""
    n = len(order)
    other, width = np.empty(n, np.int64), 1
    while width < n:
        for low in range(0, n, 2 * width):
            middle, high = min(low + width, n), min(low + 2 * width, n)
            i, j = low, middle
            for k in range(low, high):
                if j >= high or (i < middle and not comes_before(z, zi, order[j], order[i])):
                    other[k] = order[i]
                    i += 1
                else:
                    other[k] = order[j]
                    j += 1
        order[:] = other
        width *= 2


@leaf
def in_order(z, zi, status):
    """Whether all rows are good and sorted already, none a double."""
    for j in range(len(z)):
        if status[j] != GOOD:
            return False
        if j and (not comes_before(z, zi, j - 1, j) or _is_double(z, zi, j, j - 1)):
            return False
    return True


@kernel
def tidy(z, zi, status):
    """The good rows in order, without doubles: those that repeat the one before in every measured number.

    Returns
    -------
    z, zi, int
        The rows, and how many were doubles.
    """
    if in_order(z, zi, status):
        return z, zi, 0
    order = np.empty(len(z), np.int64)
    n = 0
    for j in range(len(z)):
        if status[j] == GOOD:
            order[n] = j
            n += 1
    order = order[:n]
    arrange(z, zi, order)
    kept, kept_i = np.empty((n, z.shape[1])), np.empty((n, zi.shape[1]), np.int64)
    k = 0
    for a in range(n):
        if a and _is_double(z, zi, order[a], order[a - 1]):
            continue
        kept[k] = z[order[a]]
        kept_i[k] = zi[order[a]]
        k += 1
    return kept[:k], kept_i[:k], n - k


@leaf
def _is_double(z, zi, i, j):
    """Whether two rows hold the same measurement."""
    equal = zi[i, ZI_TIME_NS] == zi[j, ZI_TIME_NS] and zi[i, ZI_SENSOR] == zi[j, ZI_SENSOR]
    for k in range(Z_RANGE, Z_EAST + 3):
        a, b = z[i, k], z[j, k]
        equal = equal and (a == b or (a != a and b != b))
    return equal


@leaf
def is_one_scan(zi, start_ns, windows_ns):
    """Whether all rows are of one sensor and lie in one of its windows of time."""
    sensor = zi[0, ZI_SENSOR]
    window = (zi[0, ZI_TIME_NS] - start_ns) // windows_ns[sensor]
    for j in range(1, len(zi)):
        if zi[j, ZI_SENSOR] != sensor or (zi[j, ZI_TIME_NS] - start_ns) // windows_ns[sensor] != window:
            return False
    return True
