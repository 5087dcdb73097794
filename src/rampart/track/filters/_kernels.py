"""Compiled filters of one track: five modes in two families, mixed, predicted and updated.

Family ballistic: thrust, coasting with drag. Family steered: cruise, turn, hover. Modes interact inside their family
(Blom and Bar-Shalom 1988, IEEE Trans. Automatic Control 33:780); a thing never changes its family, so the estimate of
the falling state is not blurred by what drones may do.
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.constants import (
    ALIVE,
    BALLISTIC,
    CRUISE,
    FAMILY,
    HAS_POSITION,
    HAS_RANGE,
    HOVER,
    MISFIT,
    MU,
    N_MODES,
    P_BURN_TIME,
    P_CRUISE_TIME,
    P_HOVER_STAY,
    P_LN_DRAG,
    P_LN_DRAG_SIGMA,
    P_RELIGHT_TIME,
    P_THRUST,
    P_THRUST_SIGMA,
    P_TURN_SIGMA,
    P_TURN_TIME,
    THRUST,
    TURN,
    WEIGHT,
    Z_RANGE,
    Z_SIGMA,
)
from rampart.track.measurement._kernels import measure
from rampart.track.motion._kernels import clamp_own, copy_mode, predict_mode

LOG_2PI = math.log(2.0 * math.pi)
# One detection moves the balance of the families by no more than this: one wild report must not decide for good
MAX_EVIDENCE = 15.0
_NEVER = -1e300
# Slow things fly in company, and the tracker takes one for another: that often; how far apart, one sigma each way [m],
# and how fast, level and up [m/s]
COMPANY = 0.1
COMPANY_M = 20.0
COMPANY_MS, COMPANY_UP_MS = 10.0, 4.0
# Share of the latest detection in the running misfit, and the most that one counts for
FRESH_MISFIT, MOST_MISFIT = 0.4, 50.0


@leaf
def transitions(dt, p, T):
    """Mode transition probabilities over dt [s], into T (5, 5); block diagonal by family."""
    t = abs(dt)
    for i in range(N_MODES):
        for j in range(N_MODES):
            T[i, j] = 0.0
    burn, relight = -math.expm1(-t / p[P_BURN_TIME]), -math.expm1(-t / p[P_RELIGHT_TIME])
    T[THRUST, BALLISTIC], T[THRUST, THRUST] = burn, 1.0 - burn
    T[BALLISTIC, THRUST], T[BALLISTIC, BALLISTIC] = relight, 1.0 - relight
    leave = -math.expm1(-t / p[P_CRUISE_TIME])
    T[CRUISE, CRUISE], T[CRUISE, TURN], T[CRUISE, HOVER] = 1.0 - leave, 0.7 * leave, 0.3 * leave
    leave = -math.expm1(-t / p[P_TURN_TIME])
    T[TURN, TURN], T[TURN, CRUISE], T[TURN, HOVER] = 1.0 - leave, 0.8 * leave, 0.2 * leave
    leave = -math.expm1(-t / p[P_HOVER_STAY])
    T[HOVER, HOVER], T[HOVER, CRUISE], T[HOVER, TURN] = 1.0 - leave, 0.6 * leave, 0.4 * leave


@leaf
def fresh_own(mode, p):
    """Mean and variance of a mode's own component when nothing is known of it."""
    if mode == THRUST:
        return p[P_THRUST], p[P_THRUST_SIGMA] ** 2
    if mode == BALLISTIC:
        return p[P_LN_DRAG], p[P_LN_DRAG_SIGMA] ** 2
    if mode == TURN:
        return 0.0, p[P_TURN_SIGMA] ** 2
    return 0.0, 1.0


@leaf
def mix_into(j, first, last, w, X, P, p, xm, Pm):
    """Moment match of modes first..last-1 with weights w, as the start of mode j; others' own component is not j's."""
    own, spread = fresh_own(j, p)
    for a in range(7):
        xm[a] = 0.0
        for b in range(7):
            Pm[a, b] = 0.0
    for i in range(first, last):
        if w[i] > 0.0:
            for a in range(6):
                xm[a] += w[i] * X[i, a]
            xm[6] += w[i] * (X[i, 6] if i == j else own)
    for i in range(first, last):
        if w[i] <= 0.0:
            continue
        d6 = (X[i, 6] if i == j else own) - xm[6]
        for a in range(6):
            da = X[i, a] - xm[a]
            for b in range(a, 6):
                Pm[a, b] += w[i] * (P[i, a, b] + da * (X[i, b] - xm[b]))
            Pm[a, 6] += w[i] * ((P[i, a, 6] if i == j else 0.0) + da * d6)
        Pm[6, 6] += w[i] * ((P[i, 6, 6] if i == j else spread) + d6 * d6)
    for a in range(7):
        for b in range(a + 1, 7):
            Pm[b, a] = Pm[a, b]


@leaf
def burn_out(x, P, after, xo, Po):
    """A thrust state, thrust ending at an unknown moment of the next `after` seconds, as the start of a coasting one.

    The velocity still gained is a u, u uniform in [0, after]; the start is moved back so that the end of the interval
    is met (mean exactly, variance from above).
    """
    copy_mode(x, P, xo, Po)
    speed = max(math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5]), 5.0)
    gain = 0.5 * x[6] * after
    spread = (x[6] * x[6] / 12.0 + 0.25 * P[6, 6]) * after * after
    back = -after / 3.0
    for i in range(3):
        ui = x[3 + i] / speed
        xo[i] += back * gain * ui
        xo[3 + i] += gain * ui
        for j in range(3):
            s = spread * ui * x[3 + j] / speed
            Po[i, j] += back * back * s
            Po[i, 3 + j] += back * s
            Po[3 + i, j] += back * s
            Po[3 + i, 3 + j] += s


@leaf
def predict_track(x, P, real, alive, dt, p, site, atmosphere, drag, xo, Po, c, W):
    """Mix and predict all living modes of a track over dt [s].

    Parameters
    ----------
    x, P : (5, 7), (5, 7, 7)
        Posterior of the latest detection.
    real, alive
        The track's numbers and its living modes.
    xo, Po, c : (5, 7), (5, 7, 7), (5,)
        Out: predictions and predicted mode probabilities inside each family.
    W : (6, 7, 7)
        Scratch.
    """
    T, w = W[4], W[5, 1]
    transitions(dt, p, T)
    for j in range(N_MODES):
        c[j] = 0.0
        if not (alive >> j) & 1:
            continue
        first, last = (0, 2) if j < 2 else (2, 5)
        for i in range(first, last):
            w[i] = T[i, j] * real[MU + i] if (alive >> i) & 1 else 0.0
            c[j] += w[i]
        if c[j] < 1e-12:
            c[j] = 1e-12
            w[j] = 1e-12
        for i in range(first, last):
            w[i] /= c[j]
        if w[j] > 1.0 - 1e-9:
            predict_mode(j, x[j], P[j], dt, p, site, atmosphere, drag, xo[j], Po[j], W)
            continue
        if j == BALLISTIC and dt > 0.0:
            burn_out(x[THRUST], P[THRUST], dt, W[5, 2], W[2])
            mix_pair(w[THRUST], W[5, 2], W[2], w[BALLISTIC], x[BALLISTIC], P[BALLISTIC], p, W[5, 0], W[3])
        else:
            mix_into(j, first, last, w, x, P, p, W[5, 0], W[3])
        predict_mode(j, W[5, 0], W[3], dt, p, site, atmosphere, drag, xo[j], Po[j], W)


@leaf
def mix_pair(wt, xt, Pt, wb, xb, Pb, p, xm, Pm):
    """Start of the ballistic mode: burnt-out thrust (weight wt, drag unknown) and coasting before (weight wb)."""
    own, spread = fresh_own(BALLISTIC, p)
    for a in range(6):
        xm[a] = wt * xt[a] + wb * xb[a]
    xm[6] = wt * own + wb * xb[6]
    for a in range(7):
        ta = (xt[a] if a < 6 else own) - xm[a]
        ba = xb[a] - xm[a]
        for b in range(a, 7):
            tb = (xt[b] if b < 6 else own) - xm[b]
            s = Pt[a, b] if b < 6 else (spread if a == 6 else 0.0)
            Pm[a, b] = wt * (s + ta * tb) + wb * (Pb[a, b] + ba * (xb[b] - xm[b]))
            Pm[b, a] = Pm[a, b]


@leaf
def innovate(x, P, z, mask, east, north, up, p, H, nu, r, S):
    """Ln likelihood of a detection under one predicted mode, and its squared Mahalanobis distance. S (8, 8) scratch."""
    n = measure(x, z, mask, east, north, up, p, H, nu, r)
    for b in range(n):
        h0, h1, h2, h3, h4, h5 = H[b, 0], H[b, 1], H[b, 2], H[b, 3], H[b, 4], H[b, 5]
        g0 = P[0, 0] * h0 + P[0, 1] * h1 + P[0, 2] * h2
        g1 = P[1, 0] * h0 + P[1, 1] * h1 + P[1, 2] * h2
        g2 = P[2, 0] * h0 + P[2, 1] * h1 + P[2, 2] * h2
        g3 = P[3, 0] * h0 + P[3, 1] * h1 + P[3, 2] * h2
        g4 = P[4, 0] * h0 + P[4, 1] * h1 + P[4, 2] * h2
        g5 = P[5, 0] * h0 + P[5, 1] * h1 + P[5, 2] * h2
        if h3 != 0.0 or h4 != 0.0 or h5 != 0.0:
            g0 += P[0, 3] * h3 + P[0, 4] * h4 + P[0, 5] * h5
            g1 += P[1, 3] * h3 + P[1, 4] * h4 + P[1, 5] * h5
            g2 += P[2, 3] * h3 + P[2, 4] * h4 + P[2, 5] * h5
            g3 += P[3, 3] * h3 + P[3, 4] * h4 + P[3, 5] * h5
            g4 += P[4, 3] * h3 + P[4, 4] * h4 + P[4, 5] * h5
            g5 += P[5, 3] * h3 + P[5, 4] * h4 + P[5, 5] * h5
        for a in range(b, n):
            S[a, b] = g0 * H[a, 0] + g1 * H[a, 1] + g2 * H[a, 2] + g3 * H[a, 3] + g4 * H[a, 4] + g5 * H[a, 5]
        S[b, b] += r[b]
    d2, ln_det = 0.0, 0.0
    for a in range(n):
        for b in range(a):
            s = S[a, b]
            for k in range(b):
                s -= S[a, k] * S[b, k]
            S[a, b] = s / S[b, b]
        s = S[a, a]
        e = nu[a]
        for k in range(a):
            s -= S[a, k] * S[a, k]
            e -= S[a, k] * nu[k]
        s = max(s, 1e-3 * r[a])
        ln_det += math.log(s)
        S[a, a] = math.sqrt(s)
        nu[a] = e / S[a, a]
        d2 += nu[a] * nu[a]
    return -0.5 * (d2 + ln_det + n * LOG_2PI), d2


@leaf
def score(z, mask, east, north, up, weight, xo, Po, c, alive, p, B):
    """Ln likelihood of a detection over all modes, and the least squared distance of any mode that counts.

    `weight` is the probability of the ballistic family; B (24, 8) scratch.
    """
    best, total, near = _NEVER, 0.0, math.inf
    for m in range(N_MODES):
        w = c[m] * (weight if m < 2 else 1.0 - weight)
        if not (alive >> m) & 1 or w < 1e-6:
            continue
        ln, d2 = innovate(xo[m], Po[m], z, mask, east, north, up, p, B[0:8], B[16], B[17], B[8:16])
        if w > 1e-3 or near == math.inf:
            near = min(near, d2)
        ln += math.log(w)
        if ln > best:
            total = total * math.exp(best - ln) + 1.0
            best = ln
        else:
            total += math.exp(ln - best)
    if total == 0.0:
        return _NEVER, math.inf
    return best + math.log(total), near


@leaf
def update_mode(x, P, z, mask, east, north, up, p, iterations, B):
    """Update one mode in place, one number after the other (errors are independent); returns ln likelihood, distance.

    With more iterations the detection is linearised again where the last pass ended, always from the same prediction
    (iterated extended Kalman filter: Bell and Cathey 1993, IEEE Trans. Automatic Control 38:294).
    """
    H, nu, r = B[0:8], B[16], B[17]
    x0, at, h = B[18], B[19], B[20]
    P0 = B[8:15]
    for i in range(7):
        x0[i], at[i] = x[i], x[i]
        for j in range(7):
            P0[i, j] = P[i, j]
    ln, d2 = 0.0, 0.0
    for step in range(iterations):
        n = measure(at, z, mask, east, north, up, p, H, nu, r)
        if step:
            for i in range(7):
                x[i] = x0[i]
                for j in range(7):
                    P[i, j] = P0[i, j]
        for a in range(n):
            e, s = nu[a], r[a]
            for i in range(6):
                e += H[a, i] * (at[i] - x[i])
            for i in range(7):
                t = 0.0
                for j in range(6):
                    t += P[i, j] * H[a, j]
                h[i] = t
            for i in range(6):
                s += H[a, i] * h[i]
            if step == 0:
                d2 += e * e / s
                ln -= 0.5 * (math.log(s) + LOG_2PI)
            for i in range(7):
                g = h[i] / s
                x[i] += g * e
                for j in range(i, 7):
                    P[i, j] -= g * h[j]
                    P[j, i] = P[i, j]
        for i in range(7):
            at[i] = x[i]
    return ln - 0.5 * d2, d2


@kernel
def company(seen, z, mask, east, north, up, dt, p, B):
    """Ln likelihood of a detection as that of any slow thing near the place `seen` (3,) of the latest one, dt [s] ago.

    What flies in a flock is taken for its neighbour now and then. The path is broken then, which no steered mode makes
    sense of; a fall or a thrust, knowing less, would. So the place is that of the detection, whatever filters made of
    it. A bearing alone says nothing of places.
    """
    if not mask & (HAS_RANGE | HAS_POSITION):
        return _NEVER
    near, Q = B[19], np.zeros((6, 6))
    across = z[Z_RANGE] * z[Z_SIGMA + 1] if mask & HAS_RANGE else 0.0
    for a in range(3):
        near[a], near[3 + a] = seen[a], 0.0
        spread = COMPANY_MS if a < 2 else COMPANY_UP_MS
        v = spread * spread
        Q[a, a] = COMPANY_M * COMPANY_M + across * across + v * dt * dt
        Q[a, 3 + a], Q[3 + a, a], Q[3 + a, 3 + a] = v * dt, v * dt, v
    ln, _ = innovate(near, Q, z, mask, east, north, up, p, B[0:8], B[16], B[17], B[8:16])
    return ln


@leaf
def in_company(steered, other):
    """Ln likelihood of the steered family, given that of its modes and that of `company`."""
    a, b = math.log(1.0 - COMPANY) + steered, math.log(COMPANY) + other
    return max(a, b) + math.log1p(math.exp(-abs(a - b)))


@leaf
def update_track(x, P, real, whole, z, mask, east, north, up, p, c, other, B):
    """Update all living modes (predicted, in x, P) and the balance of modes and families.

    `other` is the ln likelihood of the detection as that of something in `company`.

    Returns
    -------
    float, float
        ln likelihood over all modes, and the squared distance of the ballistic mode (nan where it is dead).
    """
    ln = B[21]
    alive = whole[ALIVE]
    fallen, far = math.nan, B[23]
    for m in range(N_MODES):
        if (alive >> m) & 1:
            ln[m], d2 = update_mode(x[m], P[m], z, mask, east, north, up, p, 2 if m < 2 else 1, B)
            clamp_own(m, x[m])
            far[m] = d2
            if m == BALLISTIC:
                fallen = d2
    balance = B[22]
    for family in range(2):
        first, last = (0, 2) if family == 0 else (2, 5)
        best = _NEVER
        for m in range(first, last):
            if (alive >> m) & 1:
                best = max(best, ln[m])
        total = 0.0
        for m in range(first, last):
            if (alive >> m) & 1:
                real[MU + m] = c[m] * math.exp(max(ln[m] - best, -100.0))
                total += real[MU + m]
            else:
                real[MU + m] = 0.0
        for m in range(first, last):
            real[MU + m] = max(real[MU + m] / total, 1e-12) if (alive >> m) & 1 else 0.0
        balance[family] = best + math.log(total) if total > 0.0 else _NEVER
    w = real[WEIGHT]
    if not alive & 3:
        note_misfit(real, 0.0, alive, far, mask)
        return balance[1], fallen
    change = balance[0] - in_company(balance[1], other)
    falls = w * math.exp(min(change, 0.0))
    note_misfit(real, falls / (falls + (1.0 - w) * math.exp(min(-change, 0.0))), alive, far, mask)
    change = min(max(change, -MAX_EVIDENCE), MAX_EVIDENCE)
    # a fall that makes no sense of it either says little: evidence over its dispersion
    real[FAMILY] += change / max(real[MISFIT], 1.0) if change > 0.0 else change
    top = max(balance[0], balance[1])
    return top + math.log(w * math.exp(balance[0] - top) + (1.0 - w) * math.exp(balance[1] - top)), fallen


@leaf
def note_misfit(real, falls, alive, far, mask):
    """Take in how far the latest detection was from what was expected: `far` (modes,), squared, in sigma.

    `falls` is the probability of the ballistic family.
    """
    d2, n = 0.0, 3 * ((mask >> 5) & 1)
    for bit in range(5):
        n += (mask >> bit) & 1
    for m in range(N_MODES):
        if (alive >> m) & 1:
            d2 += real[MU + m] * (falls if m < 2 else 1.0 - falls) * far[m]
    real[MISFIT] += FRESH_MISFIT * (min(d2 / n, MOST_MISFIT) - real[MISFIT])


@leaf
def mode_weight(m, real, alive):
    """Probability of a mode among all five; 0 for a dead one."""
    return real[MU + m] * (real[WEIGHT] if m < 2 else 1.0 - real[WEIGHT]) if (alive >> m) & 1 else 0.0


@leaf
def combine(x, P, real, alive, out, cov):
    """Moment match of position and velocity over all modes, into `out` (6,) and `cov` (6, 6)."""
    for a in range(6):
        out[a] = 0.0
        for b in range(6):
            cov[a, b] = 0.0
    for m in range(N_MODES):
        w = mode_weight(m, real, alive)
        if w > 0.0:
            for a in range(6):
                out[a] += w * x[m, a]
    for m in range(N_MODES):
        w = mode_weight(m, real, alive)
        if w > 0.0:
            for a in range(6):
                da = x[m, a] - out[a]
                for b in range(a, 6):
                    cov[a, b] += w * (P[m, a, b] + da * (x[m, b] - out[b]))
    for a in range(6):
        for b in range(a + 1, 6):
            cov[b, a] = cov[a, b]
