"""Compiled heart of the room: one call takes one scan of one sensor through gate, assignment, update, life and birth.

All tracks lie in arrays (columns: `rampart.track.constants`): ``x`` (n, 5, 7) and ``P`` (n, 5, 7, 7) by mode, as of
each track's latest detection; ``real`` and ``whole`` their numbers; ``look`` (n, sensors) when each sensor last looked
at it. A scan is sorted by time, so nothing depends on the order in which its reports came in.
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track._kernels_order import rising
from rampart.track.association._kernels import associate, none
from rampart.track.birth._kernels import START_ODDS, pair_seeds
from rampart.track.clutter._kernels import age_clutter, clutter_rates, count_false
from rampart.track.constants import (
    DELETED,
    N_MODES,
    NUMBER,
    ODDS,
    P_SEED_SCANS,
    S_PERIOD,
    S_RANGES,
    STATUS,
    Z_EAST,
    Z_TIME,
    ZI_NUMBER,
    ZI_SENSOR,
)
from rampart.track.echoes._kernels import expect_echoes, is_echo, see_echoes
from rampart.track.gate._kernels import A_TIME, gate
from rampart.track.motion._kernels import copy_mode, copy_row
from rampart.track.start._kernels import start_track
from rampart.track.upkeep._kernels import heal, miss, use_detection


@leaf
def compact(n, x, P, real, whole, look, fit):
    """Drop deleted tracks, keep the order; returns how many are left."""
    k = 0
    for i in range(n):
        if whole[i, STATUS] != DELETED:
            if k != i:
                for m in range(N_MODES):
                    copy_mode(x[i, m], P[i, m], x[k, m], P[k, m])
                copy_row(real[i], real[k])
                copy_row(whole[i], whole[k])
                copy_row(look[i], look[k])
                copy_row(fit[i], fit[k])
            k += 1
    return k


@kernel
def step_scan(
    s, z, zi, limits, x, P, real, whole, look, fit, seed, seed_i, counts, clutter, sensors, p, table, env, work, pair_i,
    pair_j, gain, used,
):  # fmt: skip
    """Take one scan of sensor `s` into the tracks.

    Parameters
    ----------
    z, zi : (m, N_Z), (m, N_ZI)
        Its detections, sorted by time.
    x, P, real, whole, look, fit, seed, seed_i
        Tracks and single detections, with room for m more of each.
    counts : (3,) int64
        Numbers of tracks and of single detections, and the next track number; changed.
    clutter : (sensors, N_CLUTTER)
        What is known of each sensor's false alarms; changed.
    work : tuple
        Scratch by track: predictions, their covariances and mode probabilities, and `aside`.
    pair_i, pair_j, gain
        Scratch for pairs.
    used : (2 m, 2) int64
        Out: detection and track numbers that were brought together.

    Returns
    -------
    int
        Rows of `used`; negative if `pair_i` is too short (nothing was changed but deleted tracks dropped).
    """
    n = compact(counts[0], x, P, real, whole, look, fit)
    counts[0] = n
    m = len(z)
    t, order, sensor = z[m - 1, Z_TIME], rising(z[:, Z_EAST]), sensors[s]
    rates, echo = clutter_rates(z, sensor, clutter[s]), np.empty(m, np.int64)
    expect_echoes(z, zi, sensor, clutter[s], p, rates, echo)
    pairs = 0
    for i in range(n):
        work[3][i, A_TIME] = math.nan
    if m and n:
        pairs = gate(
            n, x, P, real, whole, look, s, sensors, z, zi, order, limits, rates, p, env, work, pair_i, pair_j, gain
        )
        if pairs < 0:
            return -1
    chosen = none(max(n, 1))
    if pairs:
        associate(n, m, pairs, pair_i, pair_j, gain, chosen)
    free = np.empty(m, np.bool_)
    for j in range(m):
        free[j] = True
    rows = _update_all(
        n, s, t, z, zi, x, P, real, whole, look, fit, sensors, rates, p, table, env, work, pair_j, chosen, free, used
    )
    see_echoes(n, z, zi, sensor, clutter[s], real, whole, pair_j, chosen, echo)
    if sensor[S_RANGES] > 0.0:
        rows = _give_birth(
            rows, s, t, z, zi, order, x, P, real, whole, look, fit, seed, seed_i, counts, clutter, rates, sensors, p,
            table, env, free, used, echo,
        )  # fmt: skip
    return rows


@kernel
def _update_all(
    n, s, t, z, zi, x, P, real, whole, look, fit, sensors, rates, p, table, env, work, pair_j, chosen, free, used
):  # fmt: skip
    """Hits and misses of all tracks; returns rows of `used`."""
    return _update_each(
        n, s, t, z, zi, x, P, real, whole, look, fit, sensors, rates, p, table, env, work, pair_j, chosen, free, used,
        np.empty((6, 7, 7)), np.empty((24, 8)), np.empty((6, 6)),
    )  # fmt: skip


@leaf
def _update_each(
    n, s, t, z, zi, x, P, real, whole, look, fit, sensors, rates, p, table, env, work, pair_j, chosen, free, used,
    W, B, cov,
):  # fmt: skip
    """`_update_all`; W, B, cov are scratch."""
    xo, Po, c, aside = work
    rows = 0
    for i in range(n):
        if chosen[i] >= 0:
            j = pair_j[chosen[i]]
            free[j] = False
            use_detection(
                x[i], P[i], real[i], whole[i], look[i], fit[i], s, sensors, z[j], zi[j], rates[j], p, env, table, xo[i],
                Po[i], c[i], aside[i], W, B, cov,
            )  # fmt: skip
            used[rows, 0], used[rows, 1] = zi[j, ZI_NUMBER], whole[i, NUMBER]
            rows += 1
        else:
            miss(x[i], P[i], real[i], whole[i], look[i], s, sensors, t, p, env, xo[i], Po[i], c[i], aside[i], W, cov)
        if not heal(x[i], P[i], real[i], whole[i]):
            whole[i, STATUS] = DELETED
    return rows


@kernel
def _give_birth(
    rows, s, t, z, zi, order, x, P, real, whole, look, fit, seed, seed_i, counts, clutter, rates, sensors, p, table,
    env, free, used, echo,
):  # fmt: skip
    """New tracks from pairs of free detections; the rest waits. Returns rows of `used`."""
    m, n_seed = len(z), counts[1]
    age_clutter(t, sensors[s], clutter[s])
    pairs, pair_i, pair_j, gain, alike, together = pair_seeds(
        n_seed, seed, seed_i, z, zi, order, free, s, sensors, clutter[s], rates, p
    )
    spent = np.empty(n_seed, np.bool_)
    for i in range(n_seed):
        spent[i] = False
    if pairs:
        chosen = none(n_seed)
        associate(n_seed, m, pairs, pair_i, pair_j, gain, chosen)
        partner = none(m)
        for i in range(n_seed):
            if chosen[i] >= 0:
                partner[pair_j[chosen[i]]] = chosen[i]
        B, company = np.empty((24, 8)), np.empty(3)
        for j in range(m):
            if partner[j] < 0:
                continue
            i, k = pair_i[partner[j]], counts[0]
            for a in range(3):
                company[a] = together[i, a] if alike[partner[j]] else math.nan
            if start_track(
                x[k], P[k], real[k], whole[k], look[k], fit[k], s, sensors, seed[i], seed_i[i], z[j], zi[j],
                gain[partner[j]] + START_ODDS, counts[2], company, p, env, table, B,
            ):  # fmt: skip
                # a doubtful start leaves its detections free to start a better one
                free[j] = real[k, ODDS] < 0.0
                spent[i] = not free[j]
                used[rows, 0], used[rows, 1] = seed_i[i, ZI_NUMBER], counts[2]
                used[rows + 1, 0], used[rows + 1, 1] = zi[j, ZI_NUMBER], counts[2]
                rows += 2
                counts[0] += 1
                counts[2] += 1
    _wait(n_seed, t, z, zi, seed, seed_i, counts, clutter, s, sensors, p, free, spent, echo)
    return rows


@leaf
def _wait(n_seed, t, z, zi, seed, seed_i, counts, clutter, s, sensors, p, free, spent, echo):
    """Keep what may still start a track: single detections that are not too old, and the free ones of this scan."""
    k = 0
    for i in range(n_seed):
        life = (p[P_SEED_SCANS] + 0.5) * sensors[seed_i[i, ZI_SENSOR], S_PERIOD]
        if spent[i]:
            continue
        if t - seed[i, Z_TIME] >= life:
            origin = seed_i[i, ZI_SENSOR]
            count_false(seed[i], sensors[origin], clutter[origin])
        else:
            if k != i:
                copy_row(seed[i], seed[k])
                copy_row(seed_i[i], seed_i[k])
            k += 1
    for j in range(len(z)):
        if free[j] and z[j, Z_EAST] == z[j, Z_EAST] and not is_echo(clutter[s], echo[j]):
            copy_row(z[j], seed[k])
            copy_row(zi[j], seed_i[k])
            k += 1
    counts[1] = k
