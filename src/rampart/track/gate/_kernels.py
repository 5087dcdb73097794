"""Compiled gate: which detections of a scan may belong to which track, and what each pair is worth."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.birth._kernels import first_not_below
from rampart.track.constants import (
    ALIVE,
    BALLISTIC,
    CRUISE,
    HAS_ELEVATION,
    HAS_RANGE,
    MU,
    N_MODES,
    ODDS,
    P_LAYER_HEIGHT,
    P_LAYER_SIGMA,
    RCS,
    RCS_N,
    S_EAST,
    S_PERIOD,
    S_ROTATING,
    THRUST,
    TIME,
    TURN,
    WEIGHT,
    Z_EAST,
    Z_RANGE,
    Z_SIGMA,
    Z_TIME,
    ZI_MASK,
)
from rampart.track.filters._kernels import combine, predict_track, score
from rampart.track.life._kernels import LEAST_DETECT, clutter_of, detect_probability, logistic

# Sight of a mode this unlikely does not widen the search box
IDLE_MODE = 1e-3
# Acceleration that the search box allows for, beyond the modes' own [m/s2]
BOX_ACCELERATION = 30.0
# Half width of the search box in sigma
BOX_SIGMA = 5.0
# A target seen earlier or later than expected may be this much faster than 1.5 times its speed [m/s]
AWAY_MS = 30.0
# Search width of a detection that states a position [m]
POSITION_WIDTH = 700.0
# Columns of the per-track scratch `aside`
A_TIME = 0  # time that the prediction stands for [s]; nan: none
A_DETECT = 1  # probability of detection
A_UP_SIGMA = 2  # one sigma of its height [m]
A_MEAN = 3  # 3..8, mean over modes
N_ASIDE = 9


@leaf
def search_box(x, P, real, alive, dt, q, low, high):
    """East-north box in which a track's next detection must lie: every mode that counts, `BOX_SIGMA` wide."""
    for a in range(2):
        low[a], high[a] = math.inf, -math.inf
    t = abs(dt)
    for m in range(N_MODES):
        w = real[MU + m] * (real[WEIGHT] if m < 2 else 1.0 - real[WEIGHT])
        if not (alive >> m) & 1 or w < IDLE_MODE:
            continue
        push = BOX_ACCELERATION
        if m == THRUST:
            push += abs(x[m, 6]) + 3.0 * math.sqrt(P[m, 6, 6])
        elif m == TURN:
            push += math.hypot(x[m, 3], x[m, 4]) * abs(x[m, 6])
        for a in range(2):
            mean = x[m, a] + dt * x[m, 3 + a]
            var = P[m, a, a] + 2.0 * dt * P[m, a, 3 + a] + t * t * P[m, 3 + a, 3 + a] + q * t * t * t
            half = BOX_SIGMA * math.sqrt(max(var, 0.0)) + 0.5 * push * t * t
            low[a], high[a] = min(low[a], mean - half), max(high[a], mean + half)


@leaf
def look_ahead(x, P, real, alive, t, p, env, xo, Po, c, aside, cov, sensor, W):
    """Predict one track to time t and write what the sensor may expect of it."""
    predict_track(x, P, real, alive, t - real[TIME], p, env[0], env[1], env[2], xo, Po, c, W)
    # combine() reads mode probabilities from `real`; the predicted ones are put there for the moment
    for m in range(N_MODES):
        W[0, 0, m] = real[MU + m]
        real[MU + m] = c[m]
    combine(xo, Po, real, alive, aside[A_MEAN:], cov)
    for m in range(N_MODES):
        real[MU + m] = W[0, 0, m]
    aside[A_TIME] = t
    aside[A_UP_SIGMA] = math.sqrt(cov[2, 2])
    aside[A_DETECT] = detect_probability(aside[A_MEAN:], cov, real[RCS] if real[RCS_N] > 0.0 else math.nan, sensor)


@kernel
def gate(n, x, P, real, whole, look, s, sensors, z, zi, order, limits, rates, p, env, work, pair_i, pair_j, gain):
    """All pairs of track and detection worth considering, with their gains; returns how many (negative: room ran out).

    `order` sorts the detections by east, those without a position last; `limits` (9,) are gates by count of numbers,
    `rates` (m,) false alarms per scan about each detection.
    """
    xo, Po, c, aside = work
    m = len(z)
    sensor = sensors[s]
    sight = np.empty((4, m))
    placed, widest = line_up(z, zi, order, sensor, p, sight)
    east = sight[0]
    W, B, cov = np.empty((6, 7, 7)), np.empty((24, 8)), np.empty((6, 6))
    low, high, shift = np.empty(2), np.empty(2), np.empty((N_MODES, 7))
    count = 0
    first_s, last_s = z[0, Z_TIME], z[m - 1, Z_TIME]
    for i in range(n):
        aside[i, A_TIME] = math.nan
        # when the beam should pass: exact for staring sensors, a guess for rotating ones
        t = last_s
        if sensor[S_ROTATING] > 0.0:
            turns = math.floor((0.5 * (first_s + last_s) - look[i, s]) / sensor[S_PERIOD] + 0.5)
            t = min(max(look[i, s] + turns * sensor[S_PERIOD], first_s), last_s)
        search_box(x[i], P[i], real[i], whole[i, ALIVE], t - real[i, TIME], 10.0, low, high)
        best = BALLISTIC if real[i, WEIGHT] > 0.5 else CRUISE
        speed = math.hypot(x[i, best, 3], x[i, best, 4])
        late = max(t - first_s, last_s - t)
        most = widest + late * (AWAY_MS + 1.5 * speed) + 0.5 * BOX_ACCELERATION * late * late
        k = first_not_below(east, placed, low[0] - most)
        while k < m:
            at, j = k, order[k]
            k += 1
            if at < placed:
                if east[at] > high[0] + most:
                    k = placed
                    continue
                wide, late = sight[2, at], abs(sight[3, at] - t)
                if late > 0.0:
                    wide += late * (AWAY_MS + 1.5 * speed) + 0.5 * BOX_ACCELERATION * late * late
                if not (low[0] - wide <= east[at] <= high[0] + wide):
                    continue
                if not (low[1] - wide <= sight[1, at] <= high[1] + wide):
                    continue
            if sensor[S_ROTATING] > 0.0 and z[j, Z_TIME] - look[i, s] < 0.5 * sensor[S_PERIOD]:
                continue
            if aside[i, A_TIME] != aside[i, A_TIME]:
                look_ahead(
                    x[i], P[i], real[i], whole[i, ALIVE], z[j, Z_TIME], p, env, xo[i], Po[i], c[i], aside[i], cov,
                    sensor, W,
                )  # fmt: skip
            states = xo[i]
            off = z[j, Z_TIME] - aside[i, A_TIME]
            if off != 0.0:
                for a in range(N_MODES):
                    for b in range(7):
                        shift[a, b] = xo[i, a, b] + (off * xo[i, a, 3 + b] if b < 3 else 0.0)
                states = shift
            ln, d2 = score(
                z[j], zi[j, ZI_MASK], sensor[S_EAST], sensor[S_EAST + 1], sensor[S_EAST + 2], real[i, WEIGHT], states,
                Po[i], c[i], whole[i, ALIVE], p, B,
            )  # fmt: skip
            if d2 > limits[numbers_held(zi[j, ZI_MASK])]:
                continue
            exists = logistic(real[i, ODDS])
            pd = max(aside[i, A_DETECT], LEAST_DETECT)
            worth = ln + math.log(exists * pd) - clutter_of(z[j], zi[j, ZI_MASK], sensor, rates[j], p)
            worth -= math.log(max(1.0 - exists * aside[i, A_DETECT], 1e-3))
            if count >= len(pair_i):
                return -1
            pair_i[count], pair_j[count], gain[count] = i, j, worth
            count += 1
    return count


@leaf
def line_up(z, zi, order, sensor, p, sight):
    """East, north, half width of what its errors allow and time of each detection, by rising east, into `sight` (4, m).

    Returns how many have a position (the others come last) and the greatest half width.
    """
    placed, widest = 0, 0.0
    for k in range(len(z)):
        j = order[k]
        sight[0, k], sight[1, k], sight[2, k], sight[3, k] = z[j, Z_EAST], z[j, Z_EAST + 1], 0.0, z[j, Z_TIME]
        if z[j, Z_EAST] == z[j, Z_EAST]:
            sight[2, k] = box_width(z[j], zi[j, ZI_MASK], sensor, p)
            widest = max(widest, sight[2, k])
            placed += 1
    return placed, widest


@leaf
def box_width(z, mask, sensor, p):
    """How far a detection's own errors may take its position out of a search box [m]."""
    if not mask & HAS_RANGE:
        return POSITION_WIDTH
    r, across = z[Z_RANGE], z[Z_RANGE] * z[Z_SIGMA + 1]
    var = z[Z_SIGMA] * z[Z_SIGMA] + across * across
    if mask & HAS_ELEVATION:
        # an error in elevation moves the level distance by as much as the target is high
        lift = abs(z[Z_EAST + 2] - sensor[S_EAST + 2]) * z[Z_SIGMA + 2]
        return 4.0 * math.sqrt(var + lift * lift)
    # the level distance of a target of unknown height is shorter than assumed, by up to this much
    h = min(p[P_LAYER_HEIGHT] + 3.0 * p[P_LAYER_SIGMA], 0.9 * r)
    return 4.0 * math.sqrt(var) + r - math.sqrt(r * r - h * h)


@leaf
def numbers_held(mask):
    """How many numbers a detection holds."""
    n = 0
    for bit in range(5):
        n += (mask >> bit) & 1
    return n + 3 * ((mask >> 5) & 1)
