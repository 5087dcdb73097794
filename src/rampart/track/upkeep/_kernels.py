"""Compiled upkeep of one track: what a detection, or a look without one, does to its modes, existence and status."""

import math

import numpy as np

from rampart.physics._jit import leaf
from rampart.physics._kernels import ground_height
from rampart.track.classification._kernels import judge_class, see_class
from rampart.track.constants import (
    ALIVE,
    BALLISTIC,
    BOOST,
    COASTED,
    CONFIRMED,
    COUNTED,
    DELETED,
    DETECTION,
    FAMILY,
    FIRST_NS,
    FIT_DOUBT,
    FIT_OPEN,
    FIT_ROOM,
    FIT_THRUST,
    FLAGS,
    HISTORY,
    HITS,
    IDENTITY,
    KEPT,
    LOOKS,
    MISSED,
    MU,
    N_MODES,
    ODDS,
    P_COAST,
    P_CONFIRM_HITS,
    P_CONFIRM_LOOKS,
    P_CONFIRM_ODDS,
    P_DELETE_ODDS,
    P_SURE_ODDS,
    RCS,
    RCS_N,
    RECEIVED_NS,
    S_EAST,
    S_PERIOD,
    S_RANGES,
    S_ROTATING,
    SEEN,
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
    Z_TIME,
    ZI_FLAGS,
    ZI_IDENTITY,
    ZI_MASK,
    ZI_NUMBER,
    ZI_RECEIVED_NS,
    ZI_TIME_NS,
)
from rampart.track.filters._kernels import company, update_track
from rampart.track.fit._kernels import refit
from rampart.track.fit.boost._kernels import may_burn
from rampart.track.fit.memory._kernels import begin_known, forget_errors, keep
from rampart.track.fit.points._kernels import condense
from rampart.track.gate._kernels import A_DETECT, A_MEAN, A_TIME, A_UP_SIGMA, look_ahead, numbers_held
from rampart.track.life._kernels import LEAST_DETECT, MAX_FAMILY, clutter_of, normal_cdf, survive
from rampart.track.motion._kernels import copy_mode

# A tentative track is given up below these odds (ln)
GIVE_UP_ODDS = -6.0
# Less thrust than this is none [m/s2]
LEAST_THRUST = 10.0
# A fit of this many detections is ended by thrust only when more looks in a row than `DOUBTS` speak for it: one wild
# report must not cost all that was known
ESTABLISHED = 8
DOUBTS = 2.0
# ... and thrust that improbable is then given up: the mere chance of a relight would keep it alive at short periods
COASTS = 0.02
# Thrust that is no more probable than this has not been seen: a prior alone can say as much
UNSEEN_THRUST = 0.4
# The ballistic state is worth a fit when its family is at least this probable
FIT_WEIGHT = 0.1
# Looks at which a target is this visible or better count for "M of N"
FAIR_LOOK = 0.25
# A steered track coasts for so many times the time over which it was seen
COAST_SHARE = 2.0
# Where a track must be before it is said to be underground [m]
UNDERGROUND_M = 50.0


@leaf
def use_detection(x, P, real, whole, look, fit, s, sensors, z, zi, clutter, p, env, table, xo, Po, c, aside, W, B, cov):
    """Give a track its detection: update, existence, class, status."""
    sensor = sensors[s]
    if aside[A_TIME] != z[Z_TIME]:
        look_ahead(x, P, real, whole[ALIVE], z[Z_TIME], p, env, xo, Po, c, aside, cov, sensor, W)
    mask, e, n, u = zi[ZI_MASK], sensor[S_EAST], sensor[S_EAST + 1], sensor[S_EAST + 2]
    other = company(real[SEEN : SEEN + 3], z, mask, e, n, u, z[Z_TIME] - real[TIME], p, B)
    for m in range(N_MODES):
        if (whole[ALIVE] >> m) & 1:  # of a dead mode nothing was computed: it keeps what it last knew
            copy_mode(xo[m], Po[m], x[m], P[m])
    ln, d2 = update_track(x, P, real, whole, z, mask, e, n, u, p, c, other, B)
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
    settle_modes(x, P, real, whole, d2, numbers_held(mask), p)
    fit_fall(x, P, real, whole, fit, z, mask, s, sensors, xo[BALLISTIC], Po[BALLISTIC], p, env, B)
    ground = ground_height(x[2, 0], x[2, 1], env[3], env[4])
    see_class(x, P, real, whole, table, ground, z, zi, B)
    judge_class(P, x, real, table, whole[IDENTITY] != 0)
    if whole[STATUS] == COASTED or (whole[STATUS] == TENTATIVE and beyond_doubt(real, whole, p)):
        whole[STATUS] = CONFIRMED


@leaf
def beyond_doubt(real, whole, p):
    """Whether a track has shown enough to be confirmed."""
    if real[ODDS] >= p[P_SURE_ODDS]:
        return True
    return real[ODDS] >= p[P_CONFIRM_ODDS] and _enough_hits(whole, p)


@leaf
def _enough_hits(whole, p):
    bits, hits = whole[HISTORY], 0
    for k in range(int(p[P_CONFIRM_LOOKS])):
        hits += (bits >> k) & 1
    return hits >= p[P_CONFIRM_HITS]


@leaf
def note_detection(real, whole, z, zi, s):
    """Book what a detection brings besides its measurement."""
    whole[UPDATED_NS] = zi[ZI_TIME_NS]
    whole[RECEIVED_NS] = zi[ZI_RECEIVED_NS]
    whole[DETECTION] = zi[ZI_NUMBER]
    whole[SENSORS] |= np.int64(1) << np.int64(min(s, 62))
    whole[FLAGS] |= zi[ZI_FLAGS]
    if z[Z_EAST] == z[Z_EAST]:
        for a in range(3):
            real[SEEN + a] = z[Z_EAST + a]
    if zi[ZI_IDENTITY] != 0:
        whole[IDENTITY] = zi[ZI_IDENTITY]
    if z[Z_RCS] == z[Z_RCS]:
        # mean power: what a radar cross-section in dBsm is the mean of
        n = min(real[RCS_N], 50.0)
        old = 10.0 ** (0.1 * real[RCS]) if n > 0.0 else 0.0
        real[RCS] = 10.0 * math.log10(max((old * n + 10.0 ** (0.1 * z[Z_RCS])) / (n + 1.0), 1e-9))
        real[RCS_N] = n + 1.0


@leaf
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


@leaf
def note_thrust(real):
    """Remember how sure it ever was that the track is under thrust; what a prior alone can say does not count."""
    real[BOOST] = max(real[BOOST], (real[MU + THRUST] - UNSEEN_THRUST) / (1.0 - UNSEEN_THRUST))


@leaf
def fit_fall(x, P, real, whole, fit, z, mask, s, sensors, predicted, predicted_P, p, env, B):
    """Find the ballistic state anew from all detections since thrust."""
    if not (whole[ALIVE] >> BALLISTIC) & 1:
        return
    if real[MU + THRUST] > 0.5 and 0 < whole[KEPT] < FIT_ROOM and may_burn(fit, z[Z_TIME], p):
        # what it does under thrust is weighed once it coasts
        keep(fit, whole, z, mask, s)
        forget_errors(fit, p)
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
    elif fit[FIT_OPEN] > 0.0 and whole[KEPT] >= ESTABLISHED:
        # a whole flight tells better than the modes did at the time
        real[BOOST] = max((fit[FIT_THRUST] - UNSEEN_THRUST) / (1.0 - UNSEEN_THRUST), 0.0)


@leaf
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


@leaf
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


@leaf
def end_of_life(real, whole, t, period, p, env, aside):
    """Delete a track that is improbable, unseen for too long, or under the ground."""
    limit = GIVE_UP_ODDS if whole[STATUS] == TENTATIVE else p[P_DELETE_ODDS]
    ground = ground_height(aside[A_MEAN], aside[A_MEAN + 1], env[3], env[4])
    sunk = aside[A_MEAN + 2] < ground - UNDERGROUND_M - aside[A_UP_SIGMA]
    unseen = t - real[TIME]
    longest = p[P_COAST]
    if real[WEIGHT] < 0.5:
        # what flies as it likes is soon anywhere: it is carried on no longer than its past bears
        seen = 1e-9 * (whole[UPDATED_NS] - whole[FIRST_NS])
        longest = min(longest, max(COAST_SHARE * seen, p[P_CONFIRM_LOOKS] * period))
    if real[ODDS] < limit or unseen > longest or sunk:
        whole[STATUS] = DELETED
    elif whole[STATUS] == TENTATIVE:
        # what a sensor cannot see keeps its odds; as a mere beginning it is given up all the same
        stale = unseen > p[P_CONFIRM_LOOKS] * period
        if stale or (whole[LOOKS] >= 3 * p[P_CONFIRM_LOOKS] and not _enough_hits(whole, p)):
            whole[STATUS] = DELETED


@leaf
def healthy(x, P, modes):
    """Whether the modes (bit mask) are finite, in a possible place, with positive variances."""
    for m in range(N_MODES):
        if (modes >> m) & 1:
            for i in range(7):
                if not (abs(x[m, i]) < 1e7 and 0.0 < P[m, i, i] < 1e14):
                    return False
    return True


@leaf
def heal(x, P, real, whole):
    """Drop a ballistic family that has run away; returns False if the steered one has too."""
    if whole[ALIVE] & 3 and not healthy(x, P, whole[ALIVE] & 3):
        whole[ALIVE] &= ~3
        real[MU + THRUST], real[MU + BALLISTIC], real[WEIGHT], real[FAMILY] = 0.0, 0.0, 1e-9, -MAX_FAMILY
    return healthy(x, P, whole[ALIVE])
