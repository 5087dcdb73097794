"""Compiled registration: detections corrected by the biases known, pairs of detections that teach more, trust.

A pair is one detection each of two sensors, one after the other on one track. Where the target really was is eliminated
(a diffuse nuisance), so neither the track's errors nor their correlation with the biases enter; each detection is in
one pair at most, so the errors of pairs are independent and the joint Kalman filter of all biases is consistent.
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.constants import (
    ALIVE,
    COASTED,
    CONFIRMED,
    DELETED,
    HAS_POSITION,
    HAS_RANGE,
    HITS,
    MU,
    NUMBER,
    P_BALLISTIC,
    P_LAYER_HEIGHT,
    P_LAYER_SIGMA,
    P_TURN,
    RCS,
    RCS_N,
    S_EAST,
    S_PERIOD,
    S_RANGES,
    SENSORS,
    STATUS,
    THRUST,
    WEIGHT,
    Z_RANGE,
    Z_SIGMA,
    Z_TIME,
    ZI_MASK,
    ZI_NUMBER,
)
from rampart.track.filters._kernels import combine
from rampart.track.life._kernels import detect_probability
from rampart.track.measurement._kernels import measure, place

# Biases of one sensor: range [m], azimuth, elevation [rad], clock [s], each as measured less true
N_BIAS = 4
CLOCK = 3

# What is kept of a sensor: columns of `trust`
LAST = 0  # time of its latest scan [s]
DOUBT = 1  # ln odds that it is broken, from looks at targets that others hold; never below 0
GHOSTS = 2  # its detections, since doubt began, of what others ought to see and do not
BELIEF = 3  # in quarantine: ln odds that it is sound again
SURPRISE = 4  # running mean of the pairs' squared distance per degree of freedom
PAIRS = 5  # pairs used
REJECTED = 6  # pairs outside of the gate
SHUT = 7  # 1: in quarantine
SINCE = 8  # when that began, or ended, [s]
TIMES = 9  # how often
OPENED = 10  # how often its biases were forgotten because pairs no longer fitted
N_TRUST = 11

# The latest detection of a track: columns of `last`
L_NUMBER = 0
L_SENSOR = 1
L_TIME = 2
L_ROWS = 3  # numbers measured; 0: not to be paired
L_NOISE = 4  # density of the acceleration noise [m2/s3]
L_VELOCITY = 5  # 5..13 covariance of velocity [m2/s2]
L_ROW = 14  # from here, by number: innovation, variance, derivative by position (3), which bias (-1: none), by clock
N_ROW = 7
MAX_PAIRED = 4
N_LAST = L_ROW + N_ROW * MAX_PAIRED

# A target may be this far from its track [m]: no more than a unit for "unknown"
NUISANCE_M = 1000.0
# Detections further apart are no pair [s]
LONGEST_S = 5.0
# Pairs of one scan: more teach little
MOST_PAIRS = 64
# Hits before a track teaches
LEAST_HITS = 4
# Ln odds of broken against sound: a target not seen where it should be, and one seen
MISS_DOUBT = 1.6
HIT_TRUST = 3.3
# ... at which a sensor is shut out, with at least so many ghosts, and let in again
SHUT_DOUBT = 9.0
SHUT_GHOSTS = 3.0
OPEN_BELIEF = 33.0
# ... and no scan says more than this, however many targets: a sensor is watched for a while
SCAN_BELIEF = 6.6
# A look counts where the sensor should see the target with this probability
FAIR_LOOK = 0.5
# Pairs this surprising on the mean mean that biases have changed
CHANGED = 4.0
CAP = 12.0
# Nobody else spoke for this long [s] (or three scans): there is nobody to compare with
ALONE_S = 10.0
# Speed at which a clock's error counts where none is measured [m/s]
USUAL_SPEED = 100.0


@leaf
def forget(bias, cov, prior, s):
    """Go back to the prior of one sensor's biases, correlations included."""
    first = N_BIAS * s
    for a in range(first, first + N_BIAS):
        for b in range(len(bias)):
            cov[a, b], cov[b, a] = 0.0, 0.0
    for k in range(N_BIAS):
        cov[first + k, first + k] = prior[s, k] ** 2


@leaf
def age(bias, cov, prior, dt, stay):
    """Let biases wander for dt [s]: first-order Gauss-Markov, `stay` [s], about zero with the prior's variance."""
    a = math.exp(-dt / stay)
    for i in range(len(bias)):
        bias[i] *= a
        for j in range(len(bias)):
            cov[i, j] *= a * a
        cov[i, i] += (1.0 - a * a) * prior[i // N_BIAS, i % N_BIAS] ** 2


@kernel
def unshared(cov, s, out):
    """Variances of one sensor's biases if those of all others were known, into `out` (4,).

    What is left is what sensors can disagree about; an error that all share moves tracks, not their innovations.
    """
    n, first = len(cov), N_BIAS * s
    m = n - N_BIAS
    L = np.empty((m, m + N_BIAS))
    for i in range(m):
        a = i if i < first else i + N_BIAS
        for j in range(i + 1):
            b = j if j < first else j + N_BIAS
            v = cov[a, b]
            for k in range(j):
                v -= L[i, k] * L[j, k]
            L[i, j] = v / L[j, j] if j < i else math.sqrt(max(v, 1e-6 * cov[a, a]))
    for q in range(N_BIAS):
        left = cov[first + q, first + q]
        for i in range(m):
            v = cov[i if i < first else i + N_BIAS, first + q]
            for k in range(i):
                v -= L[i, k] * L[k, m + q]
            L[i, m + q] = v / L[i, i]
            left -= L[i, m + q] ** 2
        out[q] = max(left, 0.0)


@kernel
def correct(s, z, zi, bias, spread, sensors, p, out):
    """Take the biases of sensor s off its detections z (m, N_Z), into `out`; `spread` (4,) widens their errors."""
    C = np.empty((3, 3))
    first = N_BIAS * s
    for j in range(len(z)):
        row, mask = out[j], zi[j, ZI_MASK]
        for k in range(len(row)):
            row[k] = z[j, k]
        row[Z_TIME] -= bias[first + CLOCK]
        if mask & HAS_POSITION:
            continue
        for k in range(3):
            if (mask >> k) & 1:
                row[Z_RANGE + k] -= bias[first + k]
                row[Z_SIGMA + k] = math.sqrt(row[Z_SIGMA + k] ** 2 + spread[k])
        if mask & HAS_RANGE:
            row[Z_RANGE] = max(row[Z_RANGE], 1.0)
            far = spread[CLOCK] * USUAL_SPEED**2
            row[Z_SIGMA] = math.sqrt(row[Z_SIGMA] ** 2 + far)
            row[Z_SIGMA + 1] = math.sqrt(row[Z_SIGMA + 1] ** 2 + far / row[Z_RANGE] ** 2)
            place(
                row, mask, sensors[s, S_EAST], sensors[s, S_EAST + 1], sensors[s, S_EAST + 2], p[P_LAYER_HEIGHT],
                p[P_LAYER_SIGMA], C,
            )  # fmt: skip


@leaf
def note_rows(mean, z, raw, mask, s, sensors, bias, p, x, B, out):
    """Write what a detection says of its biases, linearised at a track (6,), into `out`; returns how many numbers.

    `z` is corrected by `bias`, `raw` is not: innovations are given as if nothing had been taken off.
    """
    for k in range(6):
        x[k] = mean[k]
    x[6] = 0.0
    H, nu, r = B[0:8], B[16], B[17]
    n = measure(x, z, mask, sensors[s, S_EAST], sensors[s, S_EAST + 1], sensors[s, S_EAST + 2], p, H, nu, r)
    rows, first = 0, N_BIAS * s
    kind = 0
    for a in range(n):
        if mask & HAS_POSITION:
            which = -1
        else:
            while not (mask >> kind) & 1:
                kind += 1
            which = kind
            kind += 1
            if which == 3:
                continue
            r[a] = raw[Z_SIGMA + which] ** 2
            if which > 3:
                which = -1
        if rows >= MAX_PAIRED:
            break
        q = rows * N_ROW
        clock = -(H[a, 0] * mean[3] + H[a, 1] * mean[4] + H[a, 2] * mean[5])
        out[q] = nu[a] + clock * bias[first + CLOCK]
        if which >= 0:
            out[q] += bias[first + which]
        out[q + 1], out[q + 2], out[q + 3], out[q + 4] = r[a], H[a, 0], H[a, 1], H[a, 2]
        out[q + 5], out[q + 6] = which, clock
        rows += 1
    return rows


@kernel
def learn(rows, n, s, moved, bias, m, M):
    """Update biases and nuisances (m, M) by one detection of a pair; returns its squared distance.

    The nuisances lie behind the biases: where the target was (3), and how far it strayed from the track since (3).
    """
    size = len(m)
    at, g = size - 6, np.empty(size)
    d2 = 0.0
    for a in range(n):
        q = a * N_ROW
        which, clock = int(rows[q + 5]), rows[q + 6]
        e, var = rows[q], rows[q + 1]
        for i in range(size):
            v = clock * M[i, N_BIAS * s + CLOCK]
            if which >= 0:
                v += M[i, N_BIAS * s + which]
            for k in range(3):
                v += rows[q + 2 + k] * (M[i, at + k] + (M[i, at + 3 + k] if moved else 0.0))
            g[i] = v
        e -= clock * m[N_BIAS * s + CLOCK]
        var += clock * g[N_BIAS * s + CLOCK]
        if which >= 0:
            e -= m[N_BIAS * s + which]
            var += g[N_BIAS * s + which]
        for k in range(3):
            e -= rows[q + 2 + k] * (m[at + k] + (m[at + 3 + k] if moved else 0.0))
            var += rows[q + 2 + k] * (g[at + k] + (g[at + 3 + k] if moved else 0.0))
        d2 += e * e / var
        for i in range(size):
            f = g[i] / var
            m[i] += f * e
            for j in range(i, size):
                M[i, j] -= f * g[j]
                M[j, i] = M[i, j]
    return d2


@leaf
def pair(old, rows, n, s, dt, limits, bias, cov, prior, trust, m, M):
    """Learn from two detections of one track, `old` of another sensor and `rows` of sensor s, dt [s] later."""
    size = len(m)
    k, other = size - 6, int(old[L_SENSOR])
    for i in range(size):
        m[i] = bias[i] if i < k else 0.0
        for j in range(size):
            M[i, j] = cov[i, j] if i < k and j < k else 0.0
    stray = old[L_NOISE] * abs(dt) ** 3 / 3.0
    for i in range(3):
        M[k + i, k + i] = NUISANCE_M**2
        for j in range(3):
            M[k + 3 + i, k + 3 + j] = dt * dt * old[L_VELOCITY + 3 * i + j]
        M[k + 3 + i, k + 3 + i] += stray
    free = n + int(old[L_ROWS]) - 3
    if free < 1:
        return
    d2 = learn(old[L_ROW:], int(old[L_ROWS]), other, False, bias, m, M)
    d2 += learn(rows, n, s, True, bias, m, M)
    share = min(d2 / free, CAP)
    for q in (s, other):
        trust[q, SURPRISE] += 0.05 * (share - trust[q, SURPRISE])
    if not d2 <= limits[free]:
        trust[s, REJECTED] += 1.0
        trust[other, REJECTED] += 1.0
        for q in (s, other):
            if trust[q, SURPRISE] > CHANGED:
                forget(bias, cov, prior, q)
                trust[q, SURPRISE] = 1.0
                trust[q, OPENED] += 1.0
        return
    trust[s, PAIRS] += 1.0
    trust[other, PAIRS] += 1.0
    for i in range(k):
        bias[i] = m[i]
        for j in range(k):
            cov[i, j] = M[i, j]


@leaf
def others_speak(s, t, trust, sensors):
    """Whether any other sensor that is believed has delivered of late."""
    for q in range(len(trust)):
        quiet = t - trust[q, LAST]
        if q != s and trust[q, SHUT] == 0.0 and quiet <= max(ALONE_S, 3.0 * sensors[q, S_PERIOD]):
            return True
    return False


@leaf
def count_bits(mask):
    """How many sensors a bit mask names."""
    n = 0
    while mask:
        n += mask & 1
        mask >>= 1
    return n


@leaf
def judge(n, s, t, hit, before, whole, real, look, aside, last, sensors, trust, cov6):
    """Compare a scan of sensor s with the tracks that others feed: raise or lower doubt, or belief in quarantine.

    `hit` (n,) is the detection that each track got, -1 if none; `before` (n,) when s looked at it before this scan;
    `last` (n, N_LAST) the tracks' latest detections before it.
    """
    row, shut = trust[s], trust[s, SHUT] > 0.0
    bit = np.int64(1) << np.int64(min(s, 62))
    most = row[BELIEF] + SCAN_BELIEF
    for i in range(n):
        mask = whole[i, SENSORS]
        if hit[i] >= 0 and mask == bit and whole[i, HITS] >= LEAST_HITS:
            if row[DOUBT] > 0.0 and _seen_by_others(s, t, real[i], aside[i], sensors, trust, cov6):
                row[GHOSTS] += 1.0
            continue
        held = whole[i, STATUS] in (CONFIRMED, COASTED)
        if not held or look[i, s] == before[i] or aside[i, 0] != aside[i, 0]:
            continue
        q = int(last[i, L_SENSOR])
        if q < 0 or q == s or t - last[i, L_TIME] > 3.0 * sensors[q, S_PERIOD] or aside[i, 1] < FAIR_LOOK:
            continue
        if shut:
            row[BELIEF] = max(row[BELIEF] + (HIT_TRUST if hit[i] >= 0 else -MISS_DOUBT), 0.0)
        elif count_bits(mask) > 1:
            row[DOUBT] = max(row[DOUBT] + (MISS_DOUBT if hit[i] < 0 else -HIT_TRUST), 0.0)
            if row[DOUBT] == 0.0:
                row[GHOSTS] = 0.0
    row[BELIEF] = min(row[BELIEF], most)


@leaf
def _seen_by_others(s, t, real, aside, sensors, trust, cov6):
    for q in range(len(sensors)):
        if q == s or trust[q, SHUT] > 0.0 or sensors[q, S_RANGES] == 0.0:
            continue
        if t - trust[q, LAST] <= 3.0 * sensors[q, S_PERIOD]:
            rcs = real[RCS] if real[RCS_N] > 0.0 else math.nan
            if detect_probability(aside[3:], cov6, rcs, sensors[q]) >= FAIR_LOOK:
                return True
    return False


@leaf
def settle(n, s, t, whole, bias, cov, prior, trust, sensors):
    """Shut a sensor out, or let it in again, as doubt and belief demand. Returns 1 if it was shut out just now."""
    row = trust[s]
    if row[SHUT] > 0.0:
        if row[BELIEF] >= OPEN_BELIEF:
            let_in(s, t, bias, cov, prior, trust)
        return 0
    if row[DOUBT] < SHUT_DOUBT or row[GHOSTS] < SHUT_GHOSTS or not others_speak(s, t, trust, sensors):
        return 0
    row[SHUT], row[SINCE], row[BELIEF] = 1.0, t, 0.0
    row[TIMES] += 1.0
    bit = np.int64(1) << np.int64(min(s, 62))
    for i in range(n):
        if whole[i, SENSORS] == bit:
            whole[i, STATUS] = DELETED
    return 1


@leaf
def let_in(s, t, bias, cov, prior, trust):
    """End a quarantine; what was known of the sensor's biases is forgotten."""
    row = trust[s]
    row[SHUT], row[SINCE], row[DOUBT], row[GHOSTS], row[BELIEF], row[SURPRISE] = 0.0, t, 0.0, 0.0, 0.0, 1.0
    for k in range(N_BIAS):
        bias[N_BIAS * s + k] = 0.0
    forget(bias, cov, prior, s)


@leaf
def match(n, z, zi, order, used, whole, hit):
    """Write into `hit` (n,) which detection each track got: -1 none, -2 several. `order` sorts detections by number."""
    for i in range(n):
        hit[i] = -1
    for k in range(len(used)):
        low, high = 0, n
        while low < high:
            middle = (low + high) // 2
            if whole[middle, NUMBER] < used[k, 1]:
                low = middle + 1
            else:
                high = middle
        if low >= n or whole[low, NUMBER] != used[k, 1]:
            continue
        first, last = 0, len(order)
        while first < last:
            middle = (first + last) // 2
            if zi[order[middle], ZI_NUMBER] < used[k, 0]:
                first = middle + 1
            else:
                last = middle
        if first < len(order) and zi[order[first], ZI_NUMBER] == used[k, 0]:
            hit[low] = order[first] if hit[low] == -1 else -2


@leaf
def align(n, whole, last, held, out):
    """Bring the `held` rows of latest detections in line with the n tracks (both rise by number), into `out`."""
    k = 0
    for i in range(n):
        while k < held and last[k, L_NUMBER] < whole[i, NUMBER]:
            k += 1
        if k < held and last[k, L_NUMBER] == whole[i, NUMBER]:
            for c in range(N_LAST):
                out[i, c] = last[k, c]
        else:
            out[i, L_NUMBER], out[i, L_SENSOR], out[i, L_TIME], out[i, L_ROWS] = whole[i, NUMBER], -1.0, 0.0, 0.0


@kernel
def observe(
    n, s, t, raw, z, zi, order, used, before, x, P, real, whole, look, aside, sensors, p, limits, bias, cov, prior,
    trust, last, held, out, turn,
):  # fmt: skip
    """Learn from one scan of sensor s that has been taken into the tracks.

    Parameters
    ----------
    n, t
        Tracks before births; latest time of the scan.
    raw, z, zi, order
        Its detections as reported and corrected, and their order by number.
    used, before
        Pairs of detection and track number; when s had looked at each track before.
    x, P, real, whole, look, aside, sensors, p, limits
        As in `rampart.track._kernels`, after the scan.
    bias, cov, prior, trust
        Registration; changed.
    last, held, out
        Latest detection of each track before (`held` rows), and, out, now (n rows).
    turn : int
        Where among the tracks the pairs of this scan begin: all get their turn.

    Returns
    -------
    int
        1 if the sensor was shut out just now.
    """
    hit = np.empty(n, np.int64)
    match(n, z, zi, order, used, whole, hit)
    align(n, whole, last, held, out)
    mean, cov6, x7, B = np.empty(6), np.zeros((6, 6)), np.empty(7), np.empty((24, 8))
    judge(n, s, t, hit, before, whole, real, look, aside, out, sensors, trust, cov6)
    shut = settle(n, s, t, whole, bias, cov, prior, trust, sensors)
    trust[s, LAST] = max(trust[s, LAST], t)
    if trust[s, SHUT] > 0.0:
        return shut
    m, M = np.empty(len(bias) + 6), np.empty((len(bias) + 6, len(bias) + 6))
    applied, rows = bias.copy(), np.empty(N_ROW * MAX_PAIRED)
    pairs = 0
    for k in range(n):
        i = (k + turn) % n
        if hit[i] == -1:
            continue
        old, j = out[i], hit[i]
        steady = (
            j >= 0
            and whole[i, STATUS] == CONFIRMED
            and whole[i, HITS] >= LEAST_HITS
            and real[i, MU + THRUST] * real[i, WEIGHT] < 0.2
        )
        paired = False
        if steady and old[L_ROWS] > 0.0 and old[L_SENSOR] != s and pairs < MOST_PAIRS and aside[i, 0] == z[j, Z_TIME]:
            dt = z[j, Z_TIME] - old[L_TIME]
            if abs(dt) <= LONGEST_S:
                count = note_rows(aside[i, 3:], z[j], raw[j], zi[j, ZI_MASK], s, sensors, applied, p, x7, B, rows)
                pair(old, rows, count, s, dt, limits, bias, cov, prior, trust, m, M)
                pairs += 1
                paired = True
        old[L_SENSOR], old[L_TIME], old[L_ROWS] = s, z[j, Z_TIME] if j >= 0 else t, 0.0
        if steady and not paired:
            combine(x[i], P[i], real[i], whole[i, ALIVE], mean, cov6)
            old[L_ROWS] = note_rows(mean, z[j], raw[j], zi[j, ZI_MASK], s, sensors, applied, p, x7, B, old[L_ROW:])
            w = real[i, WEIGHT]
            old[L_NOISE] = w * p[P_BALLISTIC] + (1.0 - w) * p[P_TURN]
            for a in range(3):
                for b in range(3):
                    old[L_VELOCITY + 3 * a + b] = cov6[3 + a, 3 + b]
    return shut
