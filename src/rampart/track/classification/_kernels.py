"""Compiled classification of tracks: what each source of evidence says of each class, and Bayes' rule over all.

A track keeps small statistics of what was seen (`see_class`); `weigh` makes ln likelihoods of them, by source and class
(rows and columns of one table), and `judge_class` the probabilities. The table of the classes is made by
`rampart.track.classify`, which also says where its figures are from.
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.constants import (
    AIRCRAFT,
    ALIVE,
    BALLISTIC,
    BOOST,
    CLASS,
    CLUTTER,
    EVIDENCE,
    FAMILY,
    FIXED_WING,
    HEARD,
    HITS,
    LAUNCH,
    MISFIT,
    MULTIROTOR,
    N_CLASSES,
    ODDS,
    PICTURE,
    PICTURES,
    POWER,
    POWER_N,
    SAID,
    SAYS_DRONE,
    SIFTED,
    TIME,
    TURN_FROM,
    TURNED,
    TURNING,
    WEIGHT,
    WIDTH,
    WIDTH_N,
    WIDTH_NONE,
    WINDOWS,
    Z_RCS,
    Z_SCORE,
    Z_SNR,
    Z_WIDTH,
    ZI_EMISSION,
    ZI_HINT,
    ZI_IDENTITY,
)
from rampart.track.filters._kernels import combine
from rampart.track.life._kernels import LN_FALSE_ALARM, logistic

# Rows of the table that `weigh` fills, in the order of `classify.SOURCES`
W_PRIOR, W_MOTION, W_KINEMATICS, W_TURNING, W_DRAG, W_RCS, W_WIDTH, W_PICTURE, W_EMISSION, W_IDENTITY = range(10)
N_SOURCES = 10

# Looks over which what is seen (speed, climb, height) is averaged, each with its precision
CLASS_LOOKS = 8.0
# ... and how many independent looks such an average is worth: least ln loss 0 to 25 s after confirmation over simulated
# flights of other seeds than those of the benchmark (docs/decisions/0020)
CLASS_WORTH = 1.75
# Drag, thrust and launch, likewise: the sigma that comes with a drag is a cautious one
DRAG_WORTH = 1.5
# Scatter of one radar cross-section estimate of a fluctuating target [dB] (Swerling 1)
RCS_SCATTER_DB = 5.6
# Mean radar cross-section below which nothing is told apart [m2]
LEAST_POWER = 1e-6
LN_PER_DB = 0.1 * math.log(10.0)
# Turn rates [rad/s], one sigma: straight flight, manoeuvres, circles
STRAIGHT, MANOEUVRE, CIRCLE = 0.02, 0.12, 0.4
# A turn rate is the change of heading over a window that begins with this detection and lasts from two to six seconds;
# that many windows count as independent
FIRST_TURN_HIT = 5
LEAST_WINDOW_S, WINDOW_S = 2.0, 6.0
TURN_WINDOWS = 3.0
# Level flight: one sigma of the climb rate [m/s]
LEVEL_MS = 0.6
# Micro-Doppler: a width above this was found [m/s]; the signal at which one is found in every other look, and the scale
# of the rise [dB]; one sigma of ln width from look to look; what a still body's rare finds look like
FOUND_MS = 2.0
HALF_DB, SCALE_DB = 20.0, 2.0
WIDTH_SIGMA = 0.6
STRAY, STRAY_SIGMA = 0.9, 0.5
# Looks that count as independent: what hides or shows blades lasts for seconds
WIDTH_LOOKS = 4.0
# Pictures that count as independent: the same aspect and background come again
PICTURE_LOOKS = 3.0
LEAST_LN_SCORE = -6.0
# What is heard of a link fades by this share with every look; two links' worth of it counts whole
FADE = 0.93
FULL = 2.0
LINK, REMOTE_ID = 1, 2
# Ln odds that what says that it is something else is of a class (one drone in ten thousand answers as an aircraft), and
# that a drone says it is of the wrong kind
IMPOSTOR, MISLABELLED = -9.2, -3.0
# Ln density of exceptions beyond a band: one in twenty, four times as wide
LN_EXCEPTION = math.log(0.05 / 4.0)
GRAVITY = 9.81
# Features of a class: speed, climb, height, RCS, ln drag: low, high, shoulder each; prior, P(thrust seen); shares of
# straight flight and of manoeuvres; share that moves blades or wings, found rate of the others, mean and sigma of ln
# width; P(link heard); share of level flight; launch angle: low, high, shoulder [deg]
F_SPEED = 0
F_CLIMB = 3
F_HEIGHT = 6
F_RCS = 9
F_DRAG = 12
F_PRIOR = 15
F_BOOST = 16
F_TURN = 17
F_WIDTH = 19
F_LINK = 23
F_LEVEL = 24
F_LAUNCH = 25
N_FEATURES = 28


@leaf
def box(value, sigma, low, high, shoulder):
    """Ln density of a uniform band with Gaussian shoulders, seen through an error of one sigma.

    One in twenty is an exception to what is known of its class (a bird in a gale or a stoop): its shoulder is four
    times as wide.
    """
    s = math.sqrt(shoulder * shoulder + sigma * sigma)
    out = (value - min(max(value, low), high)) / s
    square = 0.5 * out * out
    return -math.log(high - low + 2.5066 * s) + max(-square, LN_EXCEPTION - square / 16.0)


@leaf
def strength(value, n, low, high, shoulder):
    """Ln density of the mean power of n looks [dB] for a class whose mean lies in a band with Gaussian shoulders.

    The mean of n exponential powers (Swerling 1) is a gamma variate: for the mean m and the true mean u the exponent is
    -n (r + exp(-r) - 1) with r = ln(u / m). Outside the band the best compromise of that and the shoulder counts.
    """
    wide = RCS_SCATTER_DB * RCS_SCATTER_DB / n
    ln = -math.log(high - low + 2.5066 * math.sqrt(shoulder * shoulder + wide))
    out = min(max(value, low), high) - value
    if out == 0.0:
        return ln
    best = 1e300
    for i in range(9):
        r = out * (1.0 - 0.125 * i)
        d = (out - r) / shoulder
        r *= LN_PER_DB
        best = min(best, n * (r + math.exp(-r) - 1.0) + 0.5 * d * d)
    return ln - best


@leaf
def bell(value, sigma):
    """Normal density about zero."""
    t = value / sigma
    return math.exp(-0.5 * t * t) / (2.5066282746 * sigma)


@leaf
def turning(rate, sigma, straight, manoeuvre):
    """Ln density of a turn rate seen through an error: straight flight, manoeuvres, circles in their shares."""
    s2 = sigma * sigma
    p = straight * bell(rate, math.sqrt(s2 + STRAIGHT * STRAIGHT))
    p += manoeuvre * bell(rate, math.sqrt(s2 + MANOEUVRE * MANOEUVRE))
    p += (1.0 - straight - manoeuvre) * bell(rate, math.sqrt(s2 + CIRCLE * CIRCLE))
    return math.log(max(p, 1e-12))


@leaf
def climbing(climb, sigma, f):
    """Ln density of an amount of climb: level flight in its share, else the band of the class."""
    rest = math.exp(box(climb, sigma, f[F_CLIMB], f[F_CLIMB + 1], f[F_CLIMB + 2]))
    level = 2.0 * bell(climb, math.sqrt(LEVEL_MS * LEVEL_MS + sigma * sigma))
    return math.log(max(f[F_LEVEL] * level + (1.0 - f[F_LEVEL]) * rest, 1e-30))


@leaf
def see_turn(real, hits, state, cov, table):
    """Take in how fast a track turns: its change of heading since the present window began."""
    now, ve, vn = real[TIME], state[3], state[4]
    if hits < FIRST_TURN_HIT:
        return
    v2 = max(ve * ve + vn * vn, 9.0)
    # of the heading: the velocity's error across itself
    var = max(vn * vn * cov[3, 3] + ve * ve * cov[4, 4] - 2.0 * ve * vn * cov[3, 4], 1e-3) / (v2 * v2)
    dt = now - real[TURN_FROM]
    if real[TURN_FROM + 3] == 0.0:
        dt = 0.0
    elif dt >= LEAST_WINDOW_S:
        oe, on = real[TURN_FROM + 1], real[TURN_FROM + 2]
        angle = math.atan2(oe * vn - on * ve, oe * ve + on * vn)
        wide = var + real[TURN_FROM + 3]
        n = min(real[WINDOWS], TURN_WINDOWS)
        for k in range(N_CLASSES):
            ln = turning(angle / dt, math.sqrt(wide) / dt, table[k, F_TURN], table[k, F_TURN + 1])
            real[TURNING + k] = (n * real[TURNED + k] + ln) / (n + 1.0)
            if dt >= WINDOW_S:
                real[TURNED + k] = real[TURNING + k]
    if dt == 0.0 or dt >= WINDOW_S:
        if dt > 0.0:
            real[WINDOWS] += 1.0
        real[TURN_FROM], real[TURN_FROM + 1], real[TURN_FROM + 2], real[TURN_FROM + 3] = now, ve, vn, var


@leaf
def see_class(x, P, real, whole, table, ground, z, zi, B):
    """Take in what the latest detection shows of a track's class. B (14, 8) scratch."""
    state, cov = B[0], B[1:7]
    combine(x, P, real, whole[ALIVE], state, cov)
    # a state that its own detections contradict is not known as well as its covariance says
    loose = max(real[MISFIT], 1.0)
    vx, vy, vz = state[3], state[4], state[5]
    speed = math.sqrt(vx * vx + vy * vy + vz * vz)
    sigma = math.sqrt(loose * max((cov[3, 3] + cov[4, 4] + cov[5, 5]) / 3.0, 0.0))
    height, rise = state[2] - ground, math.sqrt(loose * max(cov[2, 2], 0.0))
    climb, lift = abs(vz), math.sqrt(loose * max(cov[5, 5], 0.0))
    # a look that knows the speed better counts for more: the first ones hardly know it
    precise = 1.0 / max(sigma * sigma, 0.04)
    if whole[HITS] <= 2:
        real[SIFTED] = 0.0
    real[SIFTED] = min(real[SIFTED], (CLASS_LOOKS - 1.0) * precise) + precise
    share = precise / real[SIFTED]
    for k in range(N_CLASSES):
        f = table[k]
        ln = box(speed, sigma, f[F_SPEED], f[F_SPEED + 1], f[F_SPEED + 2])
        ln += climbing(climb, lift, f)
        ln += box(height, rise, f[F_HEIGHT], f[F_HEIGHT + 1], f[F_HEIGHT + 2])
        if zi[ZI_HINT] == k and k < CLUTTER:
            ln += 2.0
        real[EVIDENCE + k] += share * (ln - real[EVIDENCE + k])
    see_turn(real, whole[HITS], state, cov, table)
    see_launch(x[BALLISTIC], P[BALLISTIC], ground, real)
    see_name(real, zi)
    real[HEARD] *= FADE
    if zi[ZI_EMISSION] == LINK:
        real[HEARD] += 1.0
    see_echo(real, z)
    if z[Z_SCORE] == z[Z_SCORE]:
        n = min(real[PICTURES], CLASS_LOOKS - 1.0)
        real[PICTURES] = n + 1.0
        for k in range(N_CLASSES):
            score = z[Z_SCORE + k]
            ln = max(math.log(score), LEAST_LN_SCORE) if score == score else 0.0
            real[PICTURE + k] += (ln - real[PICTURE + k]) / (n + 1.0)


@leaf
def see_launch(x, P, ground, real):
    """Take in at what angle a falling body left the ground: its speed along the ground stays, drag apart, and height
    and speed give the speed down there.
    """
    along = math.sqrt(x[3] * x[3] + x[4] * x[4])
    leaving = math.sqrt(along * along + x[5] * x[5] + 2.0 * GRAVITY * max(x[2] - ground, 0.0))
    up = math.sqrt(max(leaving * leaving - along * along, 0.0))
    if leaving < 1.0:
        return
    real[LAUNCH] = math.degrees(math.atan2(up, along))
    # of angle = atan2(up, along), each as uncertain as velocity and height make it
    s2 = (P[3, 3] + P[4, 4]) * 0.5 * up * up
    s2 += (x[5] * x[5] * P[5, 5] + GRAVITY * GRAVITY * P[2, 2]) * along * along / max(up * up, 1.0)
    real[LAUNCH + 1] = math.degrees(math.sqrt(max(s2, 0.0)) / (leaving * leaving))


@leaf
def see_name(real, zi):
    """Take in what a target says it is: a message of a drone gives its kind, a transponder is an aircraft's."""
    if zi[ZI_IDENTITY] == 0:
        return
    if zi[ZI_EMISSION] != LINK and zi[ZI_EMISSION] != REMOTE_ID:
        real[SAID] = 1.0 + AIRCRAFT
    elif zi[ZI_HINT] == MULTIROTOR or zi[ZI_HINT] == FIXED_WING:
        real[SAID] = 1.0 + zi[ZI_HINT]
    elif real[SAID] != 1.0 + MULTIROTOR and real[SAID] != 1.0 + FIXED_WING:
        real[SAID] = SAYS_DRONE


@leaf
def weigh_name(said, k):
    """Ln likelihood of what a target says for class k; 0 for what it says it is."""
    drone = k in (MULTIROTOR, FIXED_WING)
    if said == SAYS_DRONE:
        return 0.0 if drone else IMPOSTOR
    if said == 1.0 + MULTIROTOR or said == 1.0 + FIXED_WING:
        return 0.0 if said == 1.0 + k else MISLABELLED if drone else IMPOSTOR
    return 0.0 if k == AIRCRAFT else IMPOSTOR


@leaf
def see_echo(real, z):
    """Take in the strength of an echo and the width of its micro-Doppler.

    A weak target is seen only when it fluctuates upwards. The excess of an exponential power over the threshold is
    distributed as the power itself, so what is above the threshold has the right mean (Swerling 1).
    """
    rcs, snr = z[Z_RCS], z[Z_SNR]
    if rcs == rcs:
        power = 10.0 ** (0.1 * rcs)
        if snr == snr and 10.0 ** (0.1 * snr) > -LN_FALSE_ALARM - 1.0:  # else its threshold is another one
            power *= 1.0 + LN_FALSE_ALARM / 10.0 ** (0.1 * snr)
        n = min(real[POWER_N], 50.0)
        real[POWER] = (real[POWER] * n + power) / (n + 1.0)
        real[POWER_N] = n + 1.0
    width = z[Z_WIDTH]
    if width == width:
        if width > FOUND_MS:
            n = min(real[WIDTH_N], CLASS_LOOKS - 1.0)
            real[WIDTH] = (real[WIDTH] * n + math.log(width)) / (n + 1.0)
            real[WIDTH_N] = n + 1.0
        elif snr == snr:
            real[WIDTH_NONE] += 1.0 / (1.0 + math.exp(-(snr - HALF_DB) / SCALE_DB))


@leaf
def weigh_width(real, f):
    """Ln likelihood of the micro-Doppler of a class with features f: it moves blades or wings, or keeps still.

    Whether it does lasts: a soaring bird does not beat its wings in this look or the next.
    """
    seen, none = min(real[WIDTH_N], WIDTH_LOOKS), min(real[WIDTH_NONE], WIDTH_LOOKS)
    if seen + none == 0.0:
        return 0.0
    moves, found = f[F_WIDTH], f[F_WIDTH + 1]
    p = moves * 0.97**seen * 0.03**none
    q = (1.0 - moves) * found**seen * (1.0 - found) ** none
    if seen > 0.0:
        s2 = WIDTH_SIGMA * WIDTH_SIGMA / seen
        p *= bell(real[WIDTH] - f[F_WIDTH + 2], math.sqrt(f[F_WIDTH + 3] * f[F_WIDTH + 3] + s2))
        q *= bell(real[WIDTH] - STRAY, math.sqrt(STRAY_SIGMA * STRAY_SIGMA + s2))
    return math.log(max(p + q, 1e-9))


@leaf
def weigh(P, x, real, table, named, out):
    """Ln likelihoods of all evidence into `out` (N_SOURCES, N_CLASSES): rows `W_*`, columns by class."""
    rcs = 10.0 * math.log10(max(real[POWER], LEAST_POWER)) if real[POWER_N] > 0.0 else 0.0
    n = max(real[POWER_N], 1.0)
    drag_sigma = math.sqrt(max(P[BALLISTIC, 6, 6], 0.0))
    drag, steered, share = 0.0, 0.0, 0.0
    for k in range(N_CLASSES):
        f = table[k]
        for i in range(N_SOURCES):
            out[i, k] = 0.0
        out[W_PRIOR, k] = math.log(f[F_PRIOR])
        out[W_KINEMATICS, k] = CLASS_WORTH * real[EVIDENCE + k]
        out[W_WIDTH, k] = weigh_width(real, f)
        out[W_PICTURE, k] = min(real[PICTURES], PICTURE_LOOKS) * real[PICTURE + k]
        out[W_EMISSION, k] = min(real[HEARD] / FULL, 1.5) * math.log(f[F_LINK])
        if real[POWER_N] > 0.0:
            out[W_RCS, k] = strength(rcs, n, f[F_RCS], f[F_RCS + 1], f[F_RCS + 2])
        if k < 3:
            out[W_MOTION, k] = real[FAMILY]
            out[W_DRAG, k] = box(x[BALLISTIC, 6], drag_sigma, f[F_DRAG], f[F_DRAG + 1], f[F_DRAG + 2])
            seen = real[BOOST]
            out[W_DRAG, k] += math.log(seen * f[F_BOOST] + (1.0 - seen) * (1.0 - f[F_BOOST]))
            out[W_DRAG, k] += box(real[LAUNCH], real[LAUNCH + 1], f[F_LAUNCH], f[F_LAUNCH + 1], f[F_LAUNCH + 2])
            out[W_DRAG, k] *= DRAG_WORTH
            drag += math.exp(out[W_DRAG, k]) / 3.0
        else:
            out[W_TURNING, k] = min(real[WINDOWS] + 1.0, TURN_WINDOWS) * real[TURNING + k]
            steered += f[F_PRIOR] * math.exp(out[W_TURNING, k])
            share += f[F_PRIOR]
            if named:
                out[W_IDENTITY, k] = weigh_name(real[SAID], k)
    # drag and launch tell falling bodies apart and turn rates steered ones; which family it is, their motion says
    for k in range(3):
        out[W_DRAG, k] -= math.log(drag)
    for k in range(3, N_CLASSES):
        out[W_TURNING, k] -= math.log(steered / share)


@kernel
def judge_class(P, x, real, table, named):
    """Class probabilities and the weight of the ballistic family from all evidence.

    Clutter is not among the hypotheses: what a track is when it is none of an object is 1 - its existence.
    """
    out, ln = np.empty((N_SOURCES, N_CLASSES)), np.empty(N_CLASSES)
    weigh(P, x, real, table, named, out)
    best = -1e300
    for k in range(N_CLASSES):
        ln[k] = 0.0
        for i in range(N_SOURCES):
            ln[k] += out[i, k]
        if k != CLUTTER:
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
