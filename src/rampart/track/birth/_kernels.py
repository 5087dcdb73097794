"""Compiled birth: which single detections of earlier scans and which free ones of this scan may be of one object."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.birth._kernels_formation import formation_velocities
from rampart.track.clutter._kernels import stated_rate
from rampart.track.constants import (
    HAS_RANGE,
    HAS_RATE,
    P_BIRTHS,
    P_LAYER_HEIGHT,
    P_LAYER_SIGMA,
    P_MAX_SPEED,
    S_DETECT,
    S_PERIOD,
    Z_EAST,
    Z_RATE,
    Z_SIGMA,
    Z_TIME,
    ZI_MASK,
    ZI_SENSOR,
)
from rampart.track.filters._kernels import innovate
from rampart.track.life._kernels import COMPANY_SIGMA_MS, clutter_of
from rampart.track.measurement._kernels import place

# A pair of detections starts a track if the odds that it is one are better than this (ln)
START_ODDS = -5.0
# Velocity prior of a first detection, slow and fast: sigma across the line of sight [m/s], acceleration [m/s2]
SLOW = (40.0, 5.0)
FAST = (300.0, 120.0)
# Speeds beyond so many sigma are none of the slow prior's
SLOW_SIGMA = 6.0


@leaf
def kinship(first, first_mask, second, second_mask, dt, sensor, p, too_far_for_slow, C, B, x, P):
    """Ln likelihood of a detection as the next one of the object that gave the first, dt earlier."""
    place(first, first_mask, sensor[0], sensor[1], sensor[2], p[P_LAYER_HEIGHT], p[P_LAYER_SIGMA], C)
    ux, uy, uz = first[Z_EAST] - sensor[0], first[Z_EAST + 1] - sensor[1], first[Z_EAST + 2] - sensor[2]
    d = max(math.sqrt(ux * ux + uy * uy + uz * uz), 1.0)
    u = B[18]
    u[0], u[1], u[2] = ux / d, uy / d, uz / d
    fast = _kin(first, first_mask, second, second_mask, dt, sensor, p, C, u, FAST, B, x, P)
    if too_far_for_slow:
        return fast - math.log(2.0)
    slow = _kin(first, first_mask, second, second_mask, dt, sensor, p, C, u, SLOW, B, x, P)
    best = max(slow, fast)
    return best + math.log(0.5 + 0.5 * math.exp(min(slow, fast) - best))


@leaf
def _kin(first, first_mask, second, second_mask, dt, sensor, p, C, u, guess, B, x, P):
    """Ln likelihood under one guess of speed across the line of sight and acceleration."""
    across, push = guess[0] * guess[0], guess[1] * guess[1]
    along, rate = across, 0.0
    if first_mask & HAS_RATE:
        along, rate = first[Z_SIGMA + 3] * first[Z_SIGMA + 3], first[Z_RATE]
    for i in range(3):
        x[i], x[3 + i] = first[Z_EAST + i] + dt * rate * u[i], rate * u[i]
        for j in range(3):
            v = (along - across) * u[i] * u[j] + (across if i == j else 0.0)
            a = push if i == j else 0.0
            P[i, j] = C[i, j] + dt * dt * v + 0.25 * dt**4 * a
            P[i, 3 + j] = dt * v + 0.5 * dt**3 * a
            P[3 + j, i] = P[i, 3 + j]
            P[3 + i, 3 + j] = v + dt * dt * a
    ln, _ = innovate(x, P, second, second_mask, sensor[0], sensor[1], sensor[2], p, B[0:8], B[16], B[17], B[8:16])
    return ln


@leaf
def _kin_formed(first, velocity, second, second_mask, dt, sensor, p, C, B, x, P):
    """Ln likelihood for a member of a formation; C (3, 3) is the covariance of the first position."""
    v, a = COMPANY_SIGMA_MS * COMPANY_SIGMA_MS, SLOW[1] * SLOW[1]
    for i in range(3):
        x[i], x[3 + i] = first[Z_EAST + i] + dt * velocity[i], velocity[i]
        for j in range(3):
            P[i, j], P[i, 3 + j], P[3 + j, i], P[3 + i, 3 + j] = C[i, j], 0.0, 0.0, 0.0
        P[i, i] += dt * dt * v + 0.25 * dt**4 * a
        P[i, 3 + i] = dt * v + 0.5 * dt**3 * a
        P[3 + i, i] = P[i, 3 + i]
        P[3 + i, 3 + i] = v + dt * dt * a
    ln, _ = innovate(x, P, second, second_mask, sensor[0], sensor[1], sensor[2], p, B[0:8], B[16], B[17], B[8:16])
    return ln


@kernel
def pair_seeds(n_seed, seed, seed_i, z, zi, order, free, s, sensors, clutter, rates, p):
    """Pairs of an earlier single detection and a free one that may be one object, with odds above `START_ODDS`.

    `order` sorts the detections by east, those without a position last; `rates` (m,) are false alarms per scan.
    Returns how many, and seeds, detections and ln odds over `START_ODDS`, by rising seed; whether each pair moves with
    the formation about it, and the formation's velocity of each seed.
    """
    east, placed = np.empty(len(z)), 0
    for k in range(len(z)):
        east[k] = z[order[k], Z_EAST]
        if east[k] == east[k]:
            placed += 1
    together = formation_velocities(n_seed, seed, seed_i, z, east, placed, order, free, s, sensors, p)
    C, B, x, P = np.empty((3, 3)), np.empty((24, 8)), np.zeros(7), np.zeros((7, 7))
    room = 1024
    while True:
        pair_i, pair_j, gain = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
        alike = np.empty(room, np.int64)
        count = _pair_all(
            n_seed, seed, seed_i, z, zi, order, east, placed, free, s, sensors, clutter, rates, p, together, C, B, x, P,
            pair_i, pair_j, gain, alike,
        )  # fmt: skip
        if count >= 0:
            return count, pair_i, pair_j, gain, alike, together
        room *= 4


@leaf
def _pair_all(
    n_seed, seed, seed_i, z, zi, order, east, placed, free, s, sensors, clutter, rates, p, together, C, B, x, P, pair_i,
    pair_j, gain, alike,
):  # fmt: skip
    """Write all pairs; returns how many, or -1 if there are more than there is room for. C, B, x, P are scratch."""
    sensor = sensors[s]
    prior = math.log(p[P_BIRTHS] / max(stated_rate(clutter), 0.1)) + math.log(sensor[S_DETECT])
    count = 0
    for i in range(n_seed):
        if seed_i[i, ZI_SENSOR] != s:
            continue
        t0, x0, y0, z0 = seed[i, Z_TIME], seed[i, Z_EAST], seed[i, Z_EAST + 1], seed[i, Z_EAST + 2]
        # how far its own place may be wrong: across the line of sight
        wide = 100.0
        if seed_i[i, ZI_MASK] & HAS_RANGE:
            dx, dy = x0 - sensor[0], y0 - sensor[1]
            wide += 4.0 * seed[i, Z_SIGMA + 1] * math.sqrt(dx * dx + dy * dy)
        most = p[P_MAX_SPEED] * (z[len(z) - 1, Z_TIME] - t0) + wide
        for k in range(first_not_below(east, placed, x0 - most), placed):
            j = order[k]
            if east[k] > x0 + most:
                break
            if not free[j]:
                continue
            dt = z[j, Z_TIME] - t0
            reach = p[P_MAX_SPEED] * dt + wide
            dx, dy, dz = z[j, Z_EAST] - x0, z[j, Z_EAST + 1] - y0, z[j, Z_EAST + 2] - z0
            square = dx * dx + dy * dy + dz * dz
            if not (square < reach * reach and dt >= 0.25 * sensor[S_PERIOD]):
                continue
            slow = SLOW_SIGMA * SLOW[0] * dt + wide
            odds, formed = _pair_odds(
                i, j, seed, seed_i, z, zi, together, dt, square > slow * slow, sensor, rates, prior, p, C, B, x, P
            )
            if odds > START_ODDS:
                if count == len(gain):
                    return -1
                alike[count] = 1 if formed else 0
                pair_i[count], pair_j[count], gain[count] = i, j, odds - START_ODDS
                count += 1
    return count


@leaf
def _pair_odds(
    i, j, seed, seed_i, z, zi, together, dt, too_far_for_slow, sensor, rates, prior, p, C, B, x, P
):  # fmt: skip
    """Ln odds that a single detection and a later one are of one object, and whether it moves with a formation."""
    ln = kinship(seed[i], seed_i[i, ZI_MASK], z[j], zi[j, ZI_MASK], dt, sensor, p, too_far_for_slow, C, B, x, P)
    formed = False
    if together[i, 0] == together[i, 0]:
        other = _kin_formed(seed[i], together[i], z[j], zi[j, ZI_MASK], dt, sensor, p, C, B, x, P)
        formed = other > ln
        best = max(ln, other)
        ln = best + math.log(0.5 + 0.5 * math.exp(min(ln, other) - best))
    if ln < -500.0:
        return -math.inf, formed
    skipped = max(math.floor(dt / sensor[S_PERIOD] - 0.5), 0.0)
    odds = prior + ln - clutter_of(z[j], zi[j, ZI_MASK], sensor, rates[j], p)
    return odds + skipped * math.log(1.0 - min(sensor[S_DETECT], 0.98)), formed


@leaf
def first_not_below(values, n, limit):
    """Place of the first of n rising values that is `limit` or more."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if values[middle] < limit:
            low = middle + 1
        else:
            high = middle
    return low
