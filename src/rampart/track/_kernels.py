"""Compiled heart of the room: one call takes one scan of one sensor through gate, assignment, update, life and birth.

All tracks lie in arrays (columns: `rampart.track.constants`): ``x`` (n, 5, 7) and ``P`` (n, 5, 7, 7) by mode, as of
each track's latest detection; ``real`` and ``whole`` their numbers; ``look`` (n, sensors) when each sensor last looked
at it. A scan is sorted by time, so nothing depends on the order in which its reports came in.
"""

import math

import numpy as np

from rampart.physics._jit import kernel
from rampart.physics._kernels import ground_height
from rampart.track.association._kernels import associate, none
from rampart.track.birth._kernels import START_ODDS, first_not_below, pair_seeds
from rampart.track.classification._kernels import judge_class, see_class
from rampart.track.clutter._kernels import age_clutter, clutter_rates, count_false
from rampart.track.constants import (
    ALIVE,
    BALLISTIC,
    BOOST,
    CLASS,
    COASTED,
    CONFIRMED,
    COUNTED,
    DELETED,
    DETECTION,
    FAMILY,
    FIRST_NS,
    FIT_DOUBT,
    FIT_ROOM,
    FLAGS,
    HAS_ELEVATION,
    HAS_RANGE,
    HISTORY,
    HITS,
    IDENTITY,
    KEPT,
    LOOKS,
    MISSED,
    MU,
    N_CLASSES,
    N_ERRORS,
    N_JOINT,
    N_MODES,
    NUMBER,
    ODDS,
    P_COAST,
    P_CONFIRM_HITS,
    P_CONFIRM_LOOKS,
    P_CONFIRM_ODDS,
    P_CRUISE_TIME,
    P_DELETE_ODDS,
    P_HOVER_STAY,
    P_LAG,
    P_LAYER_HEIGHT,
    P_LAYER_SIGMA,
    P_MAX_SPEED,
    P_SEED_SCANS,
    P_SURE_ODDS,
    P_TURN_TIME,
    RCS,
    RCS_N,
    RECEIVED_NS,
    S_DELAY,
    S_EAST,
    S_PERIOD,
    S_RANGES,
    S_ROTATING,
    SENSORS,
    STATUS,
    SURPRISE,
    TENTATIVE,
    THRUST,
    TIME,
    TURN,
    UPDATED_NS,
    WEIGHT,
    Z_EAST,
    Z_RCS,
    Z_SIGMA,
    Z_TIME,
    ZI_FLAGS,
    ZI_IDENTITY,
    ZI_MASK,
    ZI_NUMBER,
    ZI_RECEIVED_NS,
    ZI_SENSOR,
    ZI_TIME_NS,
)
from rampart.track.filters._kernels import combine, predict_track, score, update_track
from rampart.track.fit._kernels import begin_known, begin_unknown, carry_fall, condense, forget_errors, keep, refit
from rampart.track.life._kernels import (
    LEAST_DETECT,
    MAX_FAMILY,
    clutter_of,
    detect_probability,
    logistic,
    normal_cdf,
    start_mode,
    survive,
)
from rampart.track.measurement._kernels import place
from rampart.track.motion._kernels import copy_mode, predict_mode

# A tentative track is given up below these odds (ln)
GIVE_UP_ODDS = -6.0
# Sight of a mode this unlikely does not widen the search box
IDLE_MODE = 1e-3
# Acceleration that the search box allows for, beyond the modes' own [m/s2]
BOX_ACCELERATION = 30.0
# Half width of the search box in sigma
BOX_SIGMA = 5.0
# Less thrust than this is none [m/s2]
LEAST_THRUST = 10.0
# A fit of this many detections is ended by thrust only when more looks in a row than `DOUBTS` speak for it: one wild
# report must not cost all that was known
ESTABLISHED = 8
DOUBTS = 2.0
# ... and thrust that improbable is then given up: the mere chance of a relight would keep it alive at short periods
COASTS = 0.02
# The ballistic state is worth a fit when its family is at least this probable
FIT_WEIGHT = 0.1
# Looks at which a target is this visible or better count for "M of N"
FAIR_LOOK = 0.25
# Where a track must be before it is said to be underground [m]
UNDERGROUND_M = 50.0
# Columns of the per-track scratch `aside`
A_TIME = 0  # time that the prediction stands for [s]; nan: none
A_DETECT = 1  # probability of detection
A_UP_SIGMA = 2  # one sigma of its height [m]
A_MEAN = 3  # 3..8, mean over modes
N_ASIDE = 9


@kernel
def copy_row(source, target):
    """Copy one row of numbers. A loop: slices would cost compile time."""
    for i in range(len(source)):
        target[i] = source[i]


@kernel
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


@kernel
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
    placed = 0
    east = np.empty(m)
    for k in range(m):
        east[k] = z[order[k], Z_EAST]
        if east[k] == east[k]:
            placed += 1
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
        k = first_not_below(east, placed, low[0] - 500.0)
        while k < m:
            j = order[k]
            k += 1
            if k <= placed:
                late = abs(z[j, Z_TIME] - t)
                if east[k - 1] > high[0] + 500.0:
                    k = placed
                    continue
                if not _in_box(z[j], zi[j, ZI_MASK], real[i], x[i], late, low, high, p):
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
            if d2 > limits[_count(zi[j, ZI_MASK])]:
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


@kernel
def _in_box(z, mask, real, x, late, low, high, p):
    """Whether a detection with a position lies in the search box, widened by its own errors and time offset."""
    wide = 4.0 * (z[Z_SIGMA] if z[Z_SIGMA] == z[Z_SIGMA] else 50.0)
    if late > 0.0:
        best = BALLISTIC if real[WEIGHT] > 0.5 else 2
        wide += late * (30.0 + 1.5 * math.hypot(x[best, 3], x[best, 4])) + 0.5 * BOX_ACCELERATION * late * late
    if mask & HAS_RANGE:
        r = z[0]
        wide += 4.0 * r * z[Z_SIGMA + 1]
        if not mask & HAS_ELEVATION:
            # the level distance of a target of unknown height is shorter than assumed, by up to this much
            h = min(p[P_LAYER_HEIGHT] + 3.0 * p[P_LAYER_SIGMA], 0.9 * r)
            wide += r - math.sqrt(r * r - h * h)
        else:
            wide += 4.0 * r * z[Z_SIGMA + 2]
    else:
        wide += 500.0
    wide = min(wide, 1e5)
    e, n = z[Z_EAST], z[Z_EAST + 1]
    return low[0] - wide <= e <= high[0] + wide and low[1] - wide <= n <= high[1] + wide


@kernel
def _count(mask):
    """How many numbers a detection holds."""
    n = 0
    for bit in range(5):
        n += (mask >> bit) & 1
    return n + 3 * ((mask >> 5) & 1)


@kernel
def use_detection(x, P, real, whole, look, fit, s, sensors, z, zi, clutter, p, env, table, xo, Po, c, aside, W, B, cov):
    """Give a track its detection: update, existence, class, status."""
    sensor = sensors[s]
    if aside[A_TIME] != z[Z_TIME]:
        look_ahead(x, P, real, whole[ALIVE], z[Z_TIME], p, env, xo, Po, c, aside, cov, sensor, W)
    for m in range(N_MODES):
        if (whole[ALIVE] >> m) & 1:  # of a dead mode nothing was computed: it keeps what it last knew
            copy_mode(xo[m], Po[m], x[m], P[m])
    mask = zi[ZI_MASK]
    ln, d2 = update_track(x, P, real, whole, z, mask, sensor[S_EAST], sensor[S_EAST + 1], sensor[S_EAST + 2], p, c, B)
    survive(real, z[Z_TIME] - real[COUNTED], p)
    real[COUNTED] = max(real[COUNTED], z[Z_TIME])
    real[ODDS] += math.log(max(aside[A_DETECT], LEAST_DETECT)) + ln - clutter_of(z, mask, sensor, clutter, p)
    real[ODDS] = min(real[ODDS], 30.0)
    real[TIME] = z[Z_TIME]
    look[s] = z[Z_TIME]
    whole[HITS] += 1
    whole[LOOKS] += 1
    whole[HISTORY] = ((whole[HISTORY] << 1) | 1) & 0xFFFFFFFF
    whole[MISSED] = 0
    note_detection(real, whole, z, zi, s)
    settle_modes(x, P, real, whole, d2, _count(mask), p)
    fit_fall(x, P, real, whole, fit, z, mask, s, sensors, xo[BALLISTIC], Po[BALLISTIC], p, env, B)
    ground = ground_height(x[2, 0], x[2, 1], env[3], env[4])
    see_class(x, P, real, whole, table, ground, z, zi, B)
    judge_class(P, x, real, table, whole[IDENTITY] != 0)
    if whole[STATUS] == COASTED or (whole[STATUS] == TENTATIVE and beyond_doubt(real, whole, p)):
        whole[STATUS] = CONFIRMED


@kernel
def beyond_doubt(real, whole, p):
    """Whether a track has shown enough to be confirmed."""
    if real[ODDS] >= p[P_SURE_ODDS]:
        return True
    return real[ODDS] >= p[P_CONFIRM_ODDS] and _enough_hits(whole, p)


@kernel
def _enough_hits(whole, p):
    bits, hits = whole[HISTORY], 0
    for k in range(int(p[P_CONFIRM_LOOKS])):
        hits += (bits >> k) & 1
    return hits >= p[P_CONFIRM_HITS]


@kernel
def note_detection(real, whole, z, zi, s):
    """Book what a detection brings besides its measurement."""
    whole[UPDATED_NS] = zi[ZI_TIME_NS]
    whole[RECEIVED_NS] = zi[ZI_RECEIVED_NS]
    whole[DETECTION] = zi[ZI_NUMBER]
    whole[SENSORS] |= np.int64(1) << np.int64(min(s, 62))
    whole[FLAGS] |= zi[ZI_FLAGS]
    if zi[ZI_IDENTITY] != 0:
        whole[IDENTITY] = zi[ZI_IDENTITY]
    if z[Z_RCS] == z[Z_RCS]:
        # mean power: what a radar cross-section in dBsm is the mean of
        n = min(real[RCS_N], 50.0)
        old = 10.0 ** (0.1 * real[RCS]) if n > 0.0 else 0.0
        real[RCS] = 10.0 * math.log10(max((old * n + 10.0 ** (0.1 * z[Z_RCS])) / (n + 1.0), 1e-9))
        real[RCS_N] = n + 1.0


@kernel
def settle_modes(x, P, real, whole, d2, dof, p):
    """Drop modes that are out of the running; bring back those that could become true again."""
    real[FAMILY] = min(max(real[FAMILY], -MAX_FAMILY), MAX_FAMILY)
    if (whole[ALIVE] >> THRUST) & 1:
        # thrust pushes: one that has come out as a drag is no thrust
        sigma = math.sqrt(max(P[THRUST, 6, 6], 1e-6))
        real[MU + THRUST] *= max(normal_cdf((x[THRUST, 6] - LEAST_THRUST) / sigma), 1e-6)
        total = real[MU + THRUST] + real[MU + BALLISTIC]
        real[MU + THRUST] /= total
        real[MU + BALLISTIC] /= total
        note_thrust(real)
        if real[MU + THRUST] < (COASTS if whole[KEPT] >= ESTABLISHED else 1e-4) and whole[HITS] > 4:
            whole[ALIVE] &= ~1
            real[MU + THRUST], real[MU + BALLISTIC] = 0.0, 1.0
    if (whole[ALIVE] >> BALLISTIC) & 1 and d2 == d2:
        real[SURPRISE] = 0.7 * real[SURPRISE] + 0.3 * min(d2 / dof, 50.0)
        if real[SURPRISE] > 6.0 and not whole[ALIVE] & 1:
            relight(x, P, real, whole, p)
        if real[WEIGHT] < 1e-6 and real[FAMILY] < -10.0 and whole[HITS] > 4:
            whole[ALIVE] &= ~3
            real[MU + THRUST], real[MU + BALLISTIC] = 0.0, 0.0
    if real[WEIGHT] > 0.999:
        # falling beyond doubt: keep the steered modes beside it, ready for a change
        a = THRUST if real[MU + THRUST] > 0.5 else BALLISTIC
        for m in range(2, N_MODES):
            for i in range(6):
                x[m, i] = x[a, i]
                for j in range(6):
                    P[m, i, j] = P[a, i, j]
                P[m, i, 6], P[m, 6, i] = 0.0, 0.0
            for i in range(3, 6):
                P[m, i, i] += 100.0
            x[m, 6], P[m, 6, 6] = 0.0, 0.01 if m == TURN else 1.0


@kernel
def note_thrust(real):
    """Remember how sure it ever was that the track is under thrust; what a prior alone can say does not count."""
    real[BOOST] = max(real[BOOST], (real[MU + THRUST] - 0.4) / 0.6)


@kernel
def fit_fall(x, P, real, whole, fit, z, mask, s, sensors, predicted, predicted_P, p, env, B):
    """Find the ballistic state anew from all detections since thrust."""
    if not (whole[ALIVE] >> BALLISTIC) & 1:
        return
    fit[FIT_DOUBT] = fit[FIT_DOUBT] + 1.0 if real[MU + THRUST] > 0.5 else 0.0
    if fit[FIT_DOUBT] > (DOUBTS if whole[KEPT] >= ESTABLISHED else 0.0):
        whole[KEPT] = 0
        forget_errors(fit, p)
        return
    if whole[KEPT] == 0:
        begin_known(fit, whole, predicted, predicted_P, p)
    if whole[KEPT] == FIT_ROOM:
        condense(fit, whole, sensors, p, env, B)
    keep(fit, whole, z, mask, s)
    held = 1 < whole[KEPT] <= FIT_ROOM and real[WEIGHT] > FIT_WEIGHT
    if not held or not refit(x[BALLISTIC], P[BALLISTIC], fit, whole, sensors, p, env, B):
        forget_errors(fit, p)


@kernel
def relight(x, P, real, whole, p):
    """Start the thrust mode anew from the ballistic one, which no longer explains what is seen."""
    whole[ALIVE] |= 1
    real[SURPRISE] = 1.0
    for i in range(6):
        x[THRUST, i] = x[BALLISTIC, i]
        for j in range(6):
            P[THRUST, i, j] = 4.0 * P[BALLISTIC, i, j]
        P[THRUST, i, 6], P[THRUST, 6, i] = 0.0, 0.0
    x[THRUST, 6], P[THRUST, 6, 6] = 0.0, 900.0
    real[MU + THRUST], real[MU + BALLISTIC] = 0.5, 0.5


@kernel
def miss(x, P, real, whole, look, s, sensors, t, p, env, xo, Po, c, aside, W, cov):
    """Account for the looks of a sensor up to time t that brought no detection of a track."""
    sensor = sensors[s]
    slack = -0.1 if sensor[S_ROTATING] > 0.0 else 0.25
    n = math.floor((t - look[s]) / sensor[S_PERIOD] + slack)
    if n < 1.0 or sensor[S_RANGES] == 0.0:
        return
    if sensor[S_ROTATING] > 0.0:
        look[s] += n * sensor[S_PERIOD]
    else:
        look[s] = t
    # a sensor that comes back after a silence has not looked in vain where others have seen the target since
    n = min(n, max(math.floor((t - real[TIME]) / sensor[S_PERIOD] + slack), 1.0))
    if aside[A_TIME] != aside[A_TIME]:
        look_ahead(x, P, real, whole[ALIVE], t, p, env, xo, Po, c, aside, cov, sensor, W)
    survive(real, t - real[COUNTED], p)
    real[COUNTED] = max(real[COUNTED], t)
    real[ODDS] += n * math.log(1.0 - aside[A_DETECT])
    whole[MISSED] += int(n)
    if aside[A_DETECT] >= FAIR_LOOK:
        whole[LOOKS] += int(n)
        whole[HISTORY] = (whole[HISTORY] << int(min(n, 31.0))) & 0xFFFFFFFF
    if whole[STATUS] == CONFIRMED:
        whole[STATUS] = COASTED
    end_of_life(real, whole, t, sensor[S_PERIOD], p, env, aside)


@kernel
def end_of_life(real, whole, t, period, p, env, aside):
    """Delete a track that is improbable, unseen for too long, or under the ground."""
    limit = GIVE_UP_ODDS if whole[STATUS] == TENTATIVE else p[P_DELETE_ODDS]
    ground = ground_height(aside[A_MEAN], aside[A_MEAN + 1], env[3], env[4])
    sunk = aside[A_MEAN + 2] < ground - UNDERGROUND_M - 2.0 * aside[A_UP_SIGMA]
    unseen = t - real[TIME]
    if real[ODDS] < limit or unseen > p[P_COAST] or sunk:
        whole[STATUS] = DELETED
    elif whole[STATUS] == TENTATIVE:
        # what a sensor cannot see keeps its odds; as a mere beginning it is given up all the same
        stale = unseen > p[P_CONFIRM_LOOKS] * period
        if stale or (whole[LOOKS] >= 3 * p[P_CONFIRM_LOOKS] and not _enough_hits(whole, p)):
            whole[STATUS] = DELETED


@kernel
def healthy(x, P, modes):
    """Whether the modes (bit mask) are finite, in a possible place, with positive variances."""
    for m in range(N_MODES):
        if (modes >> m) & 1:
            for i in range(7):
                if not (abs(x[m, i]) < 1e7 and 0.0 < P[m, i, i] < 1e14):
                    return False
    return True


@kernel
def heal(x, P, real, whole):
    """Drop a ballistic family that has run away; returns False if the steered one has too."""
    if whole[ALIVE] & 3 and not healthy(x, P, whole[ALIVE] & 3):
        whole[ALIVE] &= ~3
        real[MU + THRUST], real[MU + BALLISTIC], real[WEIGHT], real[FAMILY] = 0.0, 0.0, 1e-9, -MAX_FAMILY
    return healthy(x, P, whole[ALIVE])


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
    real[FAMILY] = min(max(_share(ln, prior, real, 0, 2) - _share(ln, prior, real, 2, 5), -12.0), 12.0)
    real[WEIGHT], real[SURPRISE] = 0.5, 1.0
    whole[NUMBER], whole[STATUS], whole[HITS], whole[LOOKS], whole[HISTORY] = number, TENTATIVE, 2, 2, 3
    whole[FIRST_NS] = first_i[ZI_TIME_NS]
    for k in range(len(look)):
        look[k] = z[Z_TIME]
    begin_unknown(fit, whole, first, p)
    if real[MU + THRUST] <= 0.5:
        keep(fit, whole, first, first_i[ZI_MASK], s)
        keep(fit, whole, z, zi[ZI_MASK], s)
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


@kernel
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


@kernel
def step_scan(
    s, t, z, zi, order, limits, x, P, real, whole, look, fit, seed, seed_i, counts, clutter, sensors, p, table, env,
    work, pair_i, pair_j, gain, used,
):  # fmt: skip
    """Take one scan of sensor `s`, whose last time is `t`, into the tracks.

    Parameters
    ----------
    z, zi : (m, N_Z), (m, N_ZI)
        Its detections, sorted by time; `order` (m,) sorts them by east.
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
    sensor = sensors[s]
    rates = clutter_rates(z, sensor, clutter[s])
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
    if sensor[S_RANGES] > 0.0:
        rows = _give_birth(
            rows, s, t, z, zi, order, x, P, real, whole, look, fit, seed, seed_i, counts, clutter, rates, sensors, p,
            table, env, free, used,
        )  # fmt: skip
    return rows


@kernel
def _update_all(
    n, s, t, z, zi, x, P, real, whole, look, fit, sensors, rates, p, table, env, work, pair_j, chosen, free, used
):  # fmt: skip
    """Hits and misses of all tracks; returns rows of `used`."""
    xo, Po, c, aside = work
    W, B, cov = np.empty((6, 7, 7)), np.empty((24, 8)), np.empty((6, 6))
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
    env, free, used,
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
    for j in range(m):
        if free[j] and z[j, Z_EAST] == z[j, Z_EAST]:
            copy_row(z[j], seed[k])
            copy_row(zi[j], seed_i[k])
            k += 1
    counts[1] = k
    return rows


@kernel
def view(
    n, now, x, P, real, whole, look, fit, sensors, p, env, state, covariance, fallen, fallen_covariance, error,
    error_covariance, mode, classes, existence, status,
):  # fmt: skip
    """Tracks as of time `now`: predictions of all modes, joined; existence less what silent sensors imply."""
    W, xo, Po = np.empty((6, 7, 7)), np.empty((N_MODES, 7)), np.empty((N_MODES, 7, 7))
    numbers = np.empty(real.shape[1])
    for i in range(n):
        alive, dt = whole[i, ALIVE], now - real[i, TIME]
        for m in range(N_MODES):
            # without mixing: the state as it stands, carried on
            if (alive >> m) & 1 and m == BALLISTIC:
                carry_fall(x[i, m], P[i, m], fit[i], dt, p, env, xo[m], Po[m], error[i], error_covariance[i])
            elif (alive >> m) & 1:
                predict_mode(m, x[i, m], P[i, m], dt, p, env[0], env[1], env[2], xo[m], Po[m], W)
        copy_row(real[i], numbers)
        if alive & 3 and not healthy(xo, Po, alive & 3):
            # a fall that no body takes (a start from clutter, carried on for too long): nothing is said of it
            alive &= ~3
            numbers[MU + THRUST], numbers[MU + BALLISTIC], numbers[WEIGHT] = 0.0, 0.0, 1e-9
        for m in range(N_MODES):
            mode[i, m] = numbers[MU + m] * (numbers[WEIGHT] if m < 2 else 1.0 - numbers[WEIGHT])
        if not alive & 3:
            for m in range(2, N_MODES):
                mode[i, m] = numbers[MU + m]
        combine(xo, Po, numbers, alive, state[i], covariance[i])
        if (alive >> BALLISTIC) & 1:
            copy_mode(xo[BALLISTIC], Po[BALLISTIC], fallen[i], fallen_covariance[i])
        else:
            for a in range(7):
                fallen[i, a] = math.nan
                for b in range(7):
                    fallen_covariance[i, a, b] = math.nan
            for a in range(N_ERRORS):
                error[i, a] = math.nan
                for b in range(N_JOINT):
                    error_covariance[i, a, b] = math.nan
        status[i] = whole[i, STATUS]
        _hear_silence(now, numbers, look[i], sensors, p, state[i], covariance[i])
        existence[i] = logistic(numbers[ODDS])
        for k in range(N_CLASSES):
            classes[i, k] = real[i, CLASS + k]
        if status[i] != DELETED and (
            numbers[ODDS] < (GIVE_UP_ODDS if status[i] == TENTATIVE else p[P_DELETE_ODDS])
            or now - real[i, TIME] > p[P_COAST]
        ):
            status[i] = DELETED


@kernel
def _hear_silence(now, numbers, look, sensors, p, state, cov):
    """Count the looks that sensors should have delivered by now, the lag included, and did not.

    What another sensor has seen since stands against the silence of one: that may be its own fault.
    """
    for s in range(len(sensors)):
        row = sensors[s]
        if row[S_RANGES] == 0.0:
            continue
        since = max(look[s], numbers[TIME])
        n = math.floor((now - row[S_DELAY] - p[P_LAG] - since) / row[S_PERIOD] - 1.0)
        if n >= 1.0:
            pd = detect_probability(state, cov, numbers[RCS] if numbers[RCS_N] > 0.0 else math.nan, row)
            numbers[ODDS] += n * math.log(1.0 - pd)
