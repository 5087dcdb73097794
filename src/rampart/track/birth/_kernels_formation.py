"""Compiled search for formations: single detections close together that all move alike from one scan to the next.

Two detections alone say little about the velocity of their object; in a formation, each has several possible partners.
All together they say much: the one displacement that brings most of the group onto detections of the next scan.
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track._kernels_order import rising
from rampart.track.constants import P_LAYER_HEIGHT, P_LAYER_SIGMA, S_PERIOD, Z_EAST, Z_TIME, ZI_MASK, ZI_SENSOR
from rampart.track.life._kernels import COMPANY_SIGMA_MS
from rampart.track.measurement._kernels import place

# Objects nearer than this to the next one belong to one formation [m]
LINK_M = 90.0
# Strips of that width among which detections are looked up; a power of two
BINS = 256
# Fewer are none, three at least; more do not vote
LEAST_GROUP = 4
MOST_VOTERS = 64
# Members whose possible partners are tried as the velocity of all
MOST_GUIDES = 8
# Formations fly no faster [m/s]
GROUP_SPEED_MS = 120.0
# A position known no better than this, one sigma, tells no formation [m]
BLURRED_M = 40.0
# Weight of a partner in the right place against none at all
PARTNER = 30.0
# Share of the members that must find a partner
LEAST_SHARE = 0.6
# Partners kept per member
MOST_PARTNERS = 48


@kernel
def formation_velocities(n_seed, seed, seed_i, z, east, placed, order, free, s, sensors, p):
    """Velocity of the formation that each single detection is part of, (n_seed, 3) [m/s]; nan where there is none.

    `east` (m,) are rising east coordinates of the detections `order`, of which `placed` have any.
    """
    out, sensor = np.full((n_seed, 3), math.nan), sensors[s]
    half_scan = 0.5 * sensor[S_PERIOD]
    if not _hangs_together(n_seed, seed, half_scan, np.empty(BINS, np.int64), np.empty((2, n_seed), np.int64)):
        return out
    by_east, sigma2, group = rising(seed[:n_seed, Z_EAST]), np.empty(n_seed), np.empty(n_seed, np.int64)
    members, place_of = np.empty(n_seed, np.int64), np.empty(n_seed, np.int64)
    if not _blur(n_seed, seed, seed_i, by_east, s, sensor, p, place_of, sigma2, group, np.empty((3, 3))):
        return out
    for first in range(n_seed):
        if group[first] >= 0 or not sigma2[first] < BLURRED_M * BLURRED_M:
            continue
        n = _gather(first, n_seed, seed, by_east, place_of, sigma2, half_scan, group, members)
        if n >= LEAST_GROUP:
            _vote(n, members, seed, sigma2, z, east, placed, order, free, sensor, out)
    return out


@leaf
def _hangs_together(n_seed, seed, half_scan, head, links):
    """Whether any single detection is linked to two others of its scan, as in every group of `LEAST_GROUP`.

    Most scans hold no formation: this tells at once, by strips as wide as a link. `head` (BINS,) and `links`
    (2, n_seed) are scratch: the first and the next of each strip, and how many each is linked to.
    """
    after, degree = links[0], links[1]
    for k in range(BINS):
        head[k] = -1
    for i in range(n_seed):
        degree[i] = 0
        if not abs(seed[i, Z_EAST]) < 1e9:
            continue
        strip = int(math.floor(seed[i, Z_EAST] / LINK_M))
        for near in range(strip - 1, strip + 2):
            k = head[near & (BINS - 1)]
            while k >= 0:
                if abs(seed[k, Z_TIME] - seed[i, Z_TIME]) <= half_scan and _is_link(seed[i], seed[k]):
                    degree[i], degree[k] = degree[i] + 1, degree[k] + 1
                    if degree[i] > 1 or degree[k] > 1:
                        return True
                k = after[k]
        after[i], head[strip & (BINS - 1)] = head[strip & (BINS - 1)], i
    return False


@leaf
def _is_link(a, b):
    """Whether two are so close that they may be of one formation."""
    dx, dy, dz = a[Z_EAST] - b[Z_EAST], a[Z_EAST + 1] - b[Z_EAST + 1], a[Z_EAST + 2] - b[Z_EAST + 2]
    return dx * dx + dy * dy + dz * dz < LINK_M * LINK_M


@leaf
def _gather(first, n_seed, seed, by_east, place_of, sigma2, half_scan, group, members):
    """Collect all single detections of one scan that hang together with the first; returns how many."""
    group[first], members[0] = first, first
    n, done = 1, 0
    while done < n:
        a = members[done]
        done += 1
        for way in range(-1, 2, 2):
            k = place_of[a] + way
            while 0 <= k < n_seed and abs(seed[by_east[k], Z_EAST] - seed[a, Z_EAST]) < LINK_M:
                b = by_east[k]
                k += way
                if group[b] >= 0 or abs(seed[b, Z_TIME] - seed[a, Z_TIME]) > half_scan:
                    continue
                if _is_link(seed[a], seed[b]) and sigma2[b] < BLURRED_M * BLURRED_M:
                    group[b], members[n] = first, b
                    n += 1
    return n


@leaf
def _blur(n_seed, seed, seed_i, by_east, s, sensor, p, place_of, sigma2, group, C):
    """How well each place is known, inf where nothing else is near enough to make a formation with; returns how many.

    Also the places in `by_east` and no groups yet. C (3, 3) is scratch.
    """
    sharp = 0
    for k in range(n_seed):
        i = by_east[k]
        place_of[i], group[i], sigma2[i] = k, -1, math.inf
        alone = k == 0 or abs(seed[by_east[k - 1], Z_EAST] - seed[i, Z_EAST]) >= LINK_M
        if alone and (k + 1 == n_seed or abs(seed[by_east[k + 1], Z_EAST] - seed[i, Z_EAST]) >= LINK_M):
            continue
        if seed_i[i, ZI_SENSOR] == s:
            place(seed[i], seed_i[i, ZI_MASK], sensor[0], sensor[1], sensor[2], p[P_LAYER_HEIGHT], p[P_LAYER_SIGMA], C)
            sigma2[i] = (C[0, 0] + C[1, 1] + C[2, 2]) / 3.0
            sharp += sigma2[i] < BLURRED_M * BLURRED_M
    return sharp


@kernel
def _vote(n, members, seed, sigma2, z, east, placed, order, free, sensor, out):
    """Find the velocity that gives most members a partner, and write it to all of them if that is most of them."""
    voters = min(n, MOST_VOTERS)
    v, first = np.empty((voters * MOST_PARTNERS, 3)), np.empty(voters + 1, np.int64)
    count, variance = 0, 0.0
    for a in range(voters):
        first[a] = count
        i = members[a]
        most = GROUP_SPEED_MS * (z[len(z) - 1, Z_TIME] - seed[i, Z_TIME])
        low = 0
        while low < placed and east[low] < seed[i, Z_EAST] - most:
            low += 1
        kept = 0
        for k in range(low, placed):
            j = order[k]
            if east[k] > seed[i, Z_EAST] + most or kept == MOST_PARTNERS:
                break
            dt = z[j, Z_TIME] - seed[i, Z_TIME]
            if not free[j] or dt < 0.25 * sensor[S_PERIOD]:
                continue
            speed2 = 0.0
            for b in range(3):
                v[count, b] = (z[j, Z_EAST + b] - seed[i, Z_EAST + b]) / dt
                speed2 += v[count, b] * v[count, b]
            if speed2 < GROUP_SPEED_MS * GROUP_SPEED_MS:
                variance += (2.0 * sigma2[i]) / (dt * dt)
                count += 1
                kept += 1
    first[voters] = count
    if not count:
        return
    variance = variance / count + COMPANY_SIGMA_MS * COMPANY_SIGMA_MS
    best, guide, at = -1.0, 0, np.empty(3)
    for k in range(first[min(voters, MOST_GUIDES)]):
        found, _ = _support(v, first, voters, v[k, 0], v[k, 1], v[k, 2], variance, at, False)
        if found > best:
            best = found
            guide = k
    x, y, w = v[guide, 0], v[guide, 1], v[guide, 2]
    share = 0.0
    for _ in range(5):
        _, share = _support(v, first, voters, x, y, w, variance, at, True)
        x, y, w = at[0], at[1], at[2]
    if share > LEAST_SHARE:
        for a in range(n):
            out[members[a], 0], out[members[a], 1], out[members[a], 2] = x, y, w


@leaf
def _support(v, first, voters, x, y, w, variance, at, move):
    """How well a velocity gives partners to all (ln), and the share that has one; `at` (3,) the partners' mean."""
    total, share = 0.0, 0.0
    at[0], at[1], at[2] = 0.0, 0.0, 0.0
    for a in range(voters):
        near, sx, sy, sw = 0.0, 0.0, 0.0, 0.0
        for k in range(first[a], first[a + 1]):
            dx, dy, dw = v[k, 0] - x, v[k, 1] - y, v[k, 2] - w
            e = (dx * dx + dy * dy + dw * dw) / variance
            if e < 16.0:
                g = PARTNER * math.exp(-0.5 * e)
                near += g
                if move:
                    sx, sy, sw = sx + g * v[k, 0], sy + g * v[k, 1], sw + g * v[k, 2]
        total += math.log(1.0 + near)
        part = 1.0 / (1.0 + near)
        share += near * part
        at[0], at[1], at[2] = at[0] + part * sx, at[1] + part * sy, at[2] + part * sw
    if share > 0.0:
        at[0], at[1], at[2] = at[0] / share, at[1] / share, at[2] / share
    return total, share / voters
