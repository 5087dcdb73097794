"""Compiled start of a track from two detections."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.physics._kernels import ground_height
from rampart.track.classification._kernels import judge_class, see_class
from rampart.track.constants import (
    ALIVE,
    BALLISTIC,
    CONFIRMED,
    COUNTED,
    FAMILY,
    FIRST_NS,
    HAS_RATE,
    HISTORY,
    HITS,
    IDENTITY,
    LOOKS,
    MISFIT,
    MU,
    N_MODES,
    NUMBER,
    ODDS,
    P_CRUISE_TIME,
    P_HOVER_STAY,
    P_LAYER_HEIGHT,
    P_LAYER_SIGMA,
    P_MAX_SPEED,
    P_TURN_TIME,
    STATUS,
    SURPRISE,
    TENTATIVE,
    THRUST,
    TIME,
    WEIGHT,
    Z_EAST,
    Z_RATE,
    Z_SIGMA,
    Z_TIME,
    ZI_MASK,
    ZI_TIME_NS,
)
from rampart.track.filters._kernels import COMPANY_M, COMPANY_MS, LOG_2PI, in_company
from rampart.track.fit._kernels import refit
from rampart.track.fit.memory._kernels import begin_unknown, keep
from rampart.track.life._kernels import start_mode
from rampart.track.measurement._kernels import place
from rampart.track.upkeep._kernels import beyond_doubt, healthy, note_detection, note_thrust

# Two detections move the balance of the families by no more than the ln odds that they are of one object and the first
# of these, and never by more than the second
LEAST_START, MOST_START = 3.0, 12.0


@kernel
def start_track(
    x, P, real, whole, look, fit, s, sensors, first, first_i, z, zi, odds, number, company, p, env, table, B
):
    """Start a track from two detections, moving like its `company` (3,) if that is not nan.

    Returns False if no mode can make sense of them.
    """
    C1, C2 = np.empty((3, 3)), np.empty((3, 3))
    sensor = sensors[s]
    place(first, first_i[ZI_MASK], sensor[0], sensor[1], sensor[2], p[P_LAYER_HEIGHT], p[P_LAYER_SIGMA], C1)
    place(z, zi[ZI_MASK], sensor[0], sensor[1], sensor[2], p[P_LAYER_HEIGHT], p[P_LAYER_SIGMA], C2)
    dt = z[Z_TIME] - first[Z_TIME]
    ln, prior = B[22], B[23]
    prior[0], prior[1] = 0.3, 0.7
    # what steered bodies do for most of their time: a start that turns or hovers would follow anybody's detections
    prior[2] = p[P_CRUISE_TIME]
    prior[3], prior[4] = 0.7 * p[P_TURN_TIME], 0.3 * p[P_HOVER_STAY]
    steered = prior[2] + prior[3] + prior[4]
    for m in range(2, N_MODES):
        prior[m] /= steered
    for m in range(N_MODES):
        ln[m] = start_mode(
            m, first, first_i[ZI_MASK], sensor, C1, z, zi[ZI_MASK], sensor, C2, dt, company, p, env[0], env[1], env[2],
            x[m], P[m], B,
        )  # fmt: skip
    for k in range(len(real)):
        real[k] = 0.0
    for k in range(len(whole)):
        whole[k] = 0
    whole[ALIVE] = 31
    if not healthy(x, P, 31):
        return False
    best = 0
    for m in range(1, N_MODES):
        if ln[m] > ln[best]:
            best = m
    if x[best, 3] ** 2 + x[best, 4] ** 2 + x[best, 5] ** 2 > p[P_MAX_SPEED] ** 2:
        return False
    real[TIME], real[COUNTED], real[ODDS] = z[Z_TIME], z[Z_TIME], odds
    steered = in_company(
        _share(ln, prior, real, 2, 5), two_in_company(first, first_i[ZI_MASK], C1, z, zi[ZI_MASK], C2, dt)
    )
    # two detections that need not be of one object say less of what it is
    most = min(max(LEAST_START + odds, 2.0), MOST_START)
    real[FAMILY] = min(max(_share(ln, prior, real, 0, 2) - steered, -most), most)
    real[WEIGHT], real[SURPRISE], real[MISFIT] = 0.5, 1.0, 1.0
    whole[NUMBER], whole[STATUS], whole[HITS], whole[LOOKS], whole[HISTORY] = number, TENTATIVE, 2, 2, 3
    whole[FIRST_NS] = first_i[ZI_TIME_NS]
    for k in range(len(look)):
        look[k] = z[Z_TIME]
    begin_unknown(fit, whole, first, p)
    keep(fit, whole, first, first_i[ZI_MASK], s)
    keep(fit, whole, z, zi[ZI_MASK], s)
    if real[MU + THRUST] <= 0.5:
        refit(x[BALLISTIC], P[BALLISTIC], fit, whole, sensors, p, env, B)
    note_thrust(real)
    note_detection(real, whole, first, first_i, s)
    note_detection(real, whole, z, zi, s)
    ground = ground_height(x[2, 0], x[2, 1], env[3], env[4])
    see_class(x, P, real, whole, table, ground, z, zi, B)
    judge_class(P, x, real, table, whole[IDENTITY] != 0)
    if beyond_doubt(real, whole, p):
        whole[STATUS] = CONFIRMED
    return True


@leaf
def two_in_company(first, first_mask, C1, z, mask, C2, dt):
    """Ln likelihood of two range rates, the second dt later, as those of two slow things in company."""
    square, apart = 0.0, 2.0 * COMPANY_M * COMPANY_M + COMPANY_MS * COMPANY_MS * dt * dt
    for a in range(3):
        square += (z[Z_EAST + a] - first[Z_EAST + a]) ** 2
        apart += C1[a, a] + C2[a, a]
    ln = -0.5 * square / apart
    if first_mask & HAS_RATE:
        ln += _slow_rate(first)
    if mask & HAS_RATE:
        ln += _slow_rate(z)
    return ln


@leaf
def _slow_rate(z):
    """Ln likelihood of the range rate of something slow."""
    s = COMPANY_MS * COMPANY_MS + z[Z_SIGMA + 3] * z[Z_SIGMA + 3]
    return -0.5 * (z[Z_RATE] * z[Z_RATE] / s + math.log(s) + LOG_2PI)


@leaf
def _share(ln, prior, real, first, last):
    """Mode probabilities of one family from ln likelihoods; returns that of the family."""
    best, total = ln[first], 0.0
    for m in range(first, last):
        best = max(best, ln[m])
    for m in range(first, last):
        real[MU + m] = prior[m] * math.exp(max(ln[m] - best, -50.0))
        total += real[MU + m]
    for m in range(first, last):
        real[MU + m] = max(real[MU + m] / total, 1e-6)
    return best + math.log(total)
