"""Compiled classification of tracks: what the evidence says of each class."""

import math

import numpy as np

from rampart.physics._jit import kernel
from rampart.track.constants import (
    AIRCRAFT,
    ALIVE,
    BALLISTIC,
    BOOST,
    CLASS,
    CLUTTER,
    EVIDENCE,
    FAMILY,
    HITS,
    N_CLASSES,
    ODDS,
    RCS,
    RCS_N,
    WEIGHT,
    ZI_HINT,
)
from rampart.track.filters._kernels import combine
from rampart.track.life._kernels import logistic

# Looks over which what is seen (speed, climb, height) is averaged
CLASS_LOOKS = 8.0
# ... and how many independent looks such an average is worth
CLASS_WORTH = 1.5
# Scatter of one radar cross-section estimate of a fluctuating target [dB] (Swerling 1: 5.6 dB)
RCS_SCATTER_DB = 5.6
# Features of a class: speed, climb, height, RCS, ln drag: low, high, shoulder each; then prior, P(thrust seen)
F_SPEED = 0
F_CLIMB = 3
F_HEIGHT = 6
F_RCS = 9
F_DRAG = 12
F_PRIOR = 15
F_BOOST = 16
N_FEATURES = 17


@kernel
def box(value, sigma, low, high, shoulder):
    """Ln density of a uniform band with Gaussian shoulders, seen through an error of one sigma."""
    s = math.sqrt(shoulder * shoulder + sigma * sigma)
    out = value - min(max(value, low), high)
    return -math.log(high - low + 2.5066 * s) - 0.5 * (out / s) * (out / s)


@kernel
def see_class(x, P, real, whole, table, ground, z, zi, B):
    """Average in what the latest detection shows of speed, climb and height, by class. B (14, 8) scratch."""
    state, cov = B[0], B[1:7]
    combine(x, P, real, whole[ALIVE], state, cov)
    vx, vy, vz = state[3], state[4], state[5]
    speed = math.sqrt(vx * vx + vy * vy + vz * vz)
    sigma = math.sqrt(max((cov[3, 3] + cov[4, 4] + cov[5, 5]) / 3.0, 0.0))
    height, rise = state[2] - ground, math.sqrt(max(cov[2, 2], 0.0))
    climb, lift = abs(vz), math.sqrt(max(cov[5, 5], 0.0))
    share = 1.0 / min(whole[HITS] - 1.0, CLASS_LOOKS) if whole[HITS] > 2 else 1.0
    for k in range(N_CLASSES):
        f = table[k]
        ln = box(speed, sigma, f[F_SPEED], f[F_SPEED + 1], f[F_SPEED + 2])
        ln += box(climb, lift, f[F_CLIMB], f[F_CLIMB + 1], f[F_CLIMB + 2])
        ln += box(height, rise, f[F_HEIGHT], f[F_HEIGHT + 1], f[F_HEIGHT + 2])
        if zi[ZI_HINT] == k and k < CLUTTER:
            ln += 2.0
        real[EVIDENCE + k] += share * (ln - real[EVIDENCE + k])


@kernel
def judge_class(P, x, real, table, named):
    """Class probabilities and the weight of the ballistic family from all evidence.

    The families' likelihood of motion, the averaged sight of speed, climb and height, the mean radar cross-section;
    between falling classes also drag and a phase of thrust; between steered ones an identity (`named`).
    """
    ln = np.empty(N_CLASSES)
    drag = np.empty(3)
    sigma = math.sqrt(max(P[BALLISTIC, 6, 6], 0.0))
    mean = 0.0
    for k in range(3):
        f = table[k]
        drag[k] = box(x[BALLISTIC, 6], sigma, f[F_DRAG], f[F_DRAG + 1], f[F_DRAG + 2])
        seen = real[BOOST]
        drag[k] += math.log(seen * f[F_BOOST] + (1.0 - seen) * (1.0 - f[F_BOOST]))
        mean += math.exp(drag[k]) / 3.0
    best = -1e300
    for k in range(N_CLASSES):
        f = table[k]
        ln[k] = math.log(f[F_PRIOR]) + CLASS_WORTH * real[EVIDENCE + k]
        if real[RCS_N] > 0.0:
            ln[k] += box(real[RCS], RCS_SCATTER_DB / math.sqrt(real[RCS_N]), f[F_RCS], f[F_RCS + 1], f[F_RCS + 2])
        if k < 3:
            ln[k] += drag[k] - math.log(mean) + real[FAMILY]
        elif named and k != AIRCRAFT:
            ln[k] -= 7.0
        if k == CLUTTER:
            ln[k] = -1e300
        best = max(best, ln[k])
    total, falling = 0.0, 0.0
    for k in range(N_CLASSES):
        ln[k] = math.exp(max(ln[k] - best, -60.0)) if k != CLUTTER else 0.0
        total += ln[k]
        if k < 3:
            falling += ln[k]
    real[WEIGHT] = min(max(falling / total, 1e-9), 1.0 - 1e-9)
    exists = logistic(real[ODDS])
    for k in range(N_CLASSES):
        real[CLASS + k] = exists * ln[k] / total
    real[CLASS + CLUTTER] = 1.0 - exists
