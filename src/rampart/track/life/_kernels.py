"""Compiled life of a track: what a sensor could see of it, its existence, its class, its start from two detections."""

import math

from rampart.physics._jit import leaf
from rampart.physics._kernels import acceleration
from rampart.track.clutter._kernels import far_range
from rampart.track.constants import (
    BALLISTIC,
    CRUISE,
    HAS_AZIMUTH,
    HAS_ELEVATION,
    HAS_HEIGHT,
    HAS_POSITION,
    HAS_RANGE,
    HAS_RATE,
    HOVER,
    ODDS,
    P_BALLISTIC_SPEED,
    P_CLUTTER_SPEED,
    P_CRUISE,
    P_HOVER,
    P_HOVER_TIME,
    P_STEERED_SPEED,
    P_SURVIVAL,
    P_THRUST_NOISE,
    P_TURN,
    S_DETECT,
    S_EAST,
    S_MAX_ELEVATION,
    S_MAX_RANGE,
    S_MIN_ELEVATION,
    S_MIN_RANGE,
    S_NOTCH,
    S_REFERENCE,
    THRUST,
    TURN,
    WEIGHT,
    Z_EAST,
    Z_RATE,
    Z_SIGMA,
)
from rampart.track.filters._kernels import fresh_own
from rampart.track.motion._kernels import clamp_own

# Members of a formation differ in velocity by this much, one sigma [m/s]
COMPANY_SIGMA_MS = 6.0
# ln of the signal threshold of a false-alarm probability of 1e-6, the usual order for a search radar
LN_FALSE_ALARM = -13.8
LN_DETECT_09 = math.log(0.9)
# What falls stays this much longer than what is steered: it leaves by being shot, not by its own will
FALLS_LONGER = 100.0
# A hit on something that should be invisible: the model of the sensor is wrong that often
LEAST_DETECT = 0.05
MOST_DETECT = 0.98
# Evidence kept for a family: beyond this (ln) more of the same changes nothing, and a change of mind stays possible
MAX_FAMILY = 25.0


@leaf
def normal_cdf(t):
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-t * math.sqrt(0.5))


@leaf
def logistic(t):
    """Probability from ln odds."""
    if t >= 0.0:
        return 1.0 / (1.0 + math.exp(-t))
    e = math.exp(t)
    return e / (1.0 + e)


@leaf
def detect_probability(x, cov, rcs, s):
    """Probability that a sensor sees a target at state x (6,) with covariance `cov` (6, 6) in one look.

    Cover in range and elevation, the Doppler notch, and the range law of `reference_range_m` with the target's radar
    cross-section where both are known (Swerling 1: Pd = Pfa ^ (1 / (1 + S)), S ~ rcs / R^4; Richards, Fundamentals of
    Radar Signal Processing, section 6.3).
    """
    dx, dy, dz = x[0] - s[S_EAST], x[1] - s[S_EAST + 1], x[2] - s[S_EAST + 2]
    level = math.sqrt(dx * dx + dy * dy) + 1e-6
    d = math.sqrt(level * level + dz * dz)
    spread = math.sqrt(max(cov[0, 0], 1.0))
    p = normal_cdf((d - s[S_MIN_RANGE]) / spread) * normal_cdf((s[S_MAX_RANGE] - d) / spread)
    elevation, wide = math.atan2(dz, level), math.sqrt(max(cov[2, 2], 1.0)) / d
    p *= normal_cdf((elevation - s[S_MIN_ELEVATION]) / wide) * normal_cdf((s[S_MAX_ELEVATION] - elevation) / wide)
    if s[S_NOTCH] > 0.0:
        ux, uy, uz = dx / d, dy / d, dz / d
        rate = ux * x[3] + uy * x[4] + uz * x[5]
        a = ux * cov[3, 3] + uy * cov[3, 4] + uz * cov[3, 5]
        b = ux * cov[3, 4] + uy * cov[4, 4] + uz * cov[4, 5]
        c = ux * cov[3, 5] + uy * cov[4, 5] + uz * cov[5, 5]
        spread = math.sqrt(max(ux * a + uy * b + uz * c, 0.25))
        p *= 1.0 - normal_cdf((s[S_NOTCH] - rate) / spread) + normal_cdf((-s[S_NOTCH] - rate) / spread)
    best = s[S_DETECT]
    if s[S_REFERENCE] > 0.0 and rcs == rcs:
        ratio = s[S_REFERENCE] / d
        signal = (LN_FALSE_ALARM / LN_DETECT_09 - 1.0) * ratio**4 * 10.0 ** (0.1 * rcs)
        best = math.exp(LN_FALSE_ALARM / (1.0 + signal))
    return p * min(best, MOST_DETECT)


@leaf
def ln_clutter(mask, distance, elevation, s, rate):
    """Ln density of false alarms per scan in the space of what a detection measures; `rate` false alarms per scan."""
    far = far_range(s)
    ln = math.log(max(rate, 0.1))
    if mask & (HAS_RANGE | HAS_POSITION):
        ln -= math.log(max(far - s[S_MIN_RANGE], 1.0))
    if mask & (HAS_AZIMUTH | HAS_POSITION):
        ln -= math.log(2.0 * math.pi)
    if mask & (HAS_ELEVATION | HAS_POSITION):
        ln -= math.log(max(s[S_MAX_ELEVATION] - s[S_MIN_ELEVATION], 0.01))
    if mask & HAS_POSITION:
        ln -= 2.0 * math.log(max(distance, 1.0)) + math.log(max(math.cos(elevation), 0.05))
    if mask & HAS_HEIGHT:
        ln -= math.log(1e4)
    return ln


@leaf
def clutter_of(z, mask, s, rate, p):
    """`ln_clutter` of a packed detection."""
    dx, dy, dz = z[Z_EAST] - s[S_EAST], z[Z_EAST + 1] - s[S_EAST + 1], z[Z_EAST + 2] - s[S_EAST + 2]
    d, elevation = 1.0, 0.0
    if mask & HAS_POSITION:
        d = math.sqrt(dx * dx + dy * dy + dz * dz)
        elevation = math.atan2(dz, math.sqrt(dx * dx + dy * dy))
        # whitened numbers: the density is per unit of the whitened space
        ln_unit = -math.log(z[14] * z[18] * z[22])
        return ln_clutter(mask, d, elevation, s, rate) + ln_unit
    ln = ln_clutter(mask, d, elevation, s, rate)
    if mask & HAS_RATE:
        ln -= math.log(2.0 * max(p[P_CLUTTER_SPEED] - s[S_NOTCH], 1.0))
    return ln


@leaf
def survive(real, dt, p):
    """Let existence fade over dt [s] by the chance that the object has left.

    What falls hardly leaves before it is down: a few misses in a row must not end a track known for half its flight.
    """
    if dt <= 0.0:
        return
    stays = 1.0 - real[WEIGHT] + real[WEIGHT] / FALLS_LONGER
    gone = -math.expm1(-dt * stays / p[P_SURVIVAL])
    r = logistic(real[ODDS])
    rest = 1.0 - r
    # r s / (1 - r s), written so that r near 1 keeps its digits
    real[ODDS] = math.log(r * (1.0 - gone)) - math.log(rest + r * gone)


@leaf
def scalar_update(x, P, H, e, r, h):
    """Kalman update by one number: derivative H (7,), innovation e, variance r; h scratch. Returns ln likelihood."""
    s = r
    for i in range(7):
        t = 0.0
        for j in range(7):
            t += P[i, j] * H[j]
        h[i] = t
    for i in range(7):
        s += H[i] * h[i]
    for i in range(7):
        g = h[i] / s
        x[i] += g * e
        for j in range(i, 7):
            P[i, j] -= g * h[j]
            P[j, i] = P[i, j]
    return -0.5 * (math.log(s) + e * e / s + 1.8378770664093453)


@leaf
def mode_acceleration(mode, x, p, site, atmosphere, drag):
    """Acceleration that a mode expects, and its derivative by the mode's own component: six numbers [m/s2]."""
    if mode == BALLISTIC:
        k = math.exp(x[6])
        ax, ay, az = acceleration(x[0], x[1], x[2], x[3], x[4], x[5], k, site, atmosphere, drag)
        bx, by, bz = acceleration(x[0], x[1], x[2], x[3], x[4], x[5], 0.0, site, atmosphere, drag)
        return ax, ay, az, ax - bx, ay - by, az - bz
    if mode == THRUST:
        v = max(math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5]), 5.0)
        ux, uy, uz = x[3] / v, x[4] / v, x[5] / v
        return x[6] * ux, x[6] * uy, x[6] * uz - site[1], ux, uy, uz
    return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0


@leaf
def mode_noise(mode, p):
    """Density of a mode's white acceleration [m2/s3] at the start."""
    if mode == THRUST:
        return p[P_THRUST_NOISE]
    if mode == TURN:
        return p[P_TURN]
    if mode == HOVER:
        return p[P_HOVER]
    if mode == BALLISTIC:
        return 0.0
    return p[P_CRUISE]


@leaf
def start_mode(mode, z1, mask1, s1, C1, z2, mask2, s2, C2, dt, company, p, site, atmosphere, drag, x, P, B):
    """State and covariance of one mode from two detections dt apart, as of the second; ln likelihood of range rates.

    Position is the second's; velocity the difference over time plus half the mode's acceleration; a broad prior on
    velocity, or that of the formation around it (`company` (3,), nan if none); then both range rates, the first carried
    to the second's time. A thrust points along the velocity, which two positions alone give badly: so the start is made
    again with the direction that the first pass found.
    """
    own, _ = fresh_own(mode, p)
    at = B[4]
    for i in range(3):
        at[3 + i] = (z2[Z_EAST + i] - z1[Z_EAST + i]) / dt
        at[i] = z2[Z_EAST + i]
    at[6] = own
    ln = 0.0
    for _ in range(3 if mode == THRUST else 1):
        ln = _start_once(
            mode, z1, mask1, s1, C1, z2, mask2, s2, C2, dt, company, p, site, atmosphere, drag, at, x, P, B
        )
        for i in range(7):
            at[i] = x[i]
    clamp_own(mode, x)
    return ln


@leaf
def _start_once(mode, z1, mask1, s1, C1, z2, mask2, s2, C2, dt, company, p, site, atmosphere, drag, at, x, P, B):
    """One pass of `start_mode`, with the acceleration and its derivatives as they are at the state `at`."""
    H, h, acc, by_own = B[0], B[1], B[2], B[3]
    own, spread = fresh_own(mode, p)
    a = mode_acceleration(mode, at, p, site, atmosphere, drag)
    acc[0], acc[1], acc[2], by_own[0], by_own[1], by_own[2] = a
    q = mode_noise(mode, p)
    x[6] = own
    for i in range(3):
        acc[i] += (own - at[6]) * by_own[i]
        x[i] = z2[Z_EAST + i]
        x[3 + i] = (z2[Z_EAST + i] - z1[Z_EAST + i]) / dt + 0.5 * dt * acc[i]
        for j in range(3):
            P[i, j] = C2[i, j]
            P[i, 3 + j] = C2[i, j] / dt
            P[3 + j, i] = C2[i, j] / dt
            P[3 + i, 3 + j] = (C1[i, j] + C2[i, j]) / (dt * dt) + 0.25 * dt * dt * spread * by_own[i] * by_own[j]
        P[3 + i, 3 + i] += q * dt / 3.0
        P[3 + i, 6] = 0.5 * dt * spread * by_own[i]
        P[6, 3 + i] = P[3 + i, 6]
        P[i, 6], P[6, i] = 0.0, 0.0
    P[6, 6] = spread
    wide = p[P_BALLISTIC_SPEED] if mode < 2 else p[P_STEERED_SPEED]
    if mode == HOVER:
        wide = math.sqrt(0.5 * p[P_HOVER] * p[P_HOVER_TIME]) + 1.0
    for i in range(3):
        for j in range(7):
            H[j] = 0.0
        H[3 + i] = 1.0
        if mode >= CRUISE and mode != HOVER and company[i] == company[i]:
            scalar_update(x, P, H, company[i] - x[3 + i], COMPANY_SIGMA_MS * COMPANY_SIGMA_MS, h)
        else:
            scalar_update(x, P, H, -x[3 + i], wide * wide, h)
    ln = 0.0
    if mask2 & HAS_RATE:
        ln += _use_rate(z2, s2, 0.0, x, P, acc, by_own, own, q, H, h)
    if mask1 & HAS_RATE:
        ln += _use_rate(z1, s1, dt, x, P, acc, by_own, own, q, H, h)
    return ln


@leaf
def _use_rate(z, s, age, x, P, acc, by_own, own, q, H, h):
    """Update by a range rate that is `age` seconds old, through the state carried back over that time.

    `acc` is the acceleration where the own component is `own`; it has been corrected since.
    """
    more = x[6] - own
    a0, a1, a2 = acc[0] + more * by_own[0], acc[1] + more * by_own[1], acc[2] + more * by_own[2]
    v0, v1, v2 = x[3] - age * a0, x[4] - age * a1, x[5] - age * a2
    c = 0.5 * age * age
    dx = x[0] - age * x[3] + c * a0 - s[S_EAST]
    dy = x[1] - age * x[4] + c * a1 - s[S_EAST + 1]
    dz = x[2] - age * x[5] + c * a2 - s[S_EAST + 2]
    d = max(math.sqrt(dx * dx + dy * dy + dz * dz), 1.0)
    u0, u1, u2 = dx / d, dy / d, dz / d
    rate = u0 * v0 + u1 * v1 + u2 * v2
    H[0], H[1], H[2] = (v0 - rate * u0) / d, (v1 - rate * u1) / d, (v2 - rate * u2) / d
    H[3], H[4], H[5] = u0 - age * H[0], u1 - age * H[1], u2 - age * H[2]
    H[6] = -age * (u0 * by_own[0] + u1 * by_own[1] + u2 * by_own[2])
    r = z[Z_SIGMA + 3] * z[Z_SIGMA + 3] + q * age
    return scalar_update(x, P, H, z[Z_RATE] - rate, r, h)
