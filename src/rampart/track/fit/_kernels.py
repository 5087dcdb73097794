"""Compiled fit of a falling body: the most probable flight through all its detections since thrust.

A filter takes its derivatives at the wrong place until drag is known, and keeps the mistake. So the ballistic state is
found anew from all detections: the most probable flight given what was known before the first (Gauss-Newton over
position, velocity and ln drag-to-mass at the first detection; Jazwinski 1970, Stochastic Processes and Filtering
Theory, section 5.3). Beside these seven stand what the model may have wrong, each with its declared sigma: the wind and
the drag curve (`rampart.physics.model_error`), and each sensor's range, azimuth and elevation biases. They are small,
so they enter linearly; what can be seen of them is, the rest stays in the covariance.

A fit that begins from nothing may begin under thrust. Then the first detections lie ahead of where the coasting flight,
carried back, would be. So the first two may be displaced along the course (and slower), or the first alone, or none:
each hypothesis is weighed by what all detections say of those displacements, and the answers are mixed.

When more than `FIT_ROOM` detections are in, neighbours of one sensor are joined into normal points: the mean residual
about the flight found so far, as satellite laser ranging does it (Sinclair 1997). So the whole flight is always there.
"""

import math

import numpy as np

from rampart.physics._jit import kernel
from rampart.physics._kernels import rk4_step_jacobian, rk4_step_state
from rampart.track.constants import (
    FIT_BASE,
    FIT_COUNT,
    FIT_DOUBT,
    FIT_EPOCH,
    FIT_ERROR,
    FIT_FIRST,
    FIT_MASK,
    FIT_OPEN,
    FIT_ROOM,
    FIT_ROW,
    FIT_SENSOR,
    HAS_POSITION,
    HAS_RANGE,
    KEPT,
    N_ERRORS,
    N_JOINT,
    P_BALLISTIC,
    P_BALLISTIC_SPEED,
    P_BURN_TIME,
    P_ERROR,
    P_LN_DRAG,
    P_LN_DRAG_SIGMA,
    P_PROBE,
    P_STEP,
    P_THRUST,
    P_THRUST_SIGMA,
    S_BIAS,
    S_EAST,
    Z_EAST,
    Z_RANGE,
    Z_SIGMA,
    Z_TIME,
)
from rampart.track.measurement._kernels import measure
from rampart.track.motion._kernels import LN_DRAG_HIGH, LN_DRAG_LOW

# Gauss-Newton passes; the flight found last is the first guess, so one or two are the rule
MAX_PASSES = 6
# A pass that moves nothing by more than this many sigma is the last
SMALL_STEP = 0.05
# Position before the first detection, as good as unknown [m]
OPEN_M = 3000.0
# Sensors with biases of their own; those beyond share the last one's
MOST_BIASED = 4
# Range, azimuth and elevation can be biased
N_BIASES = 3
# The fit's Runge-Kutta steps, in steps of the filter: they cost the most and err by centimetres
LONGER = 2.0
# Chance that a first detection was made under thrust, as where tracks start
UNDER_THRUST = 0.3
# Detections that may have been: as many as a boost lasts at slow scans; the modes of the filter see longer ones
BOOSTED = 2
# Displacements of one of them: of its place along the course, of its speed
N_BOOST = 2


@kernel
def forget_errors(fit, p):
    """Nothing is known of the model's errors but their sigmas."""
    block = fit[FIT_ERROR:]
    for i in range(N_ERRORS * (1 + N_JOINT)):
        block[i] = 0.0
    for e in range(N_ERRORS):
        block[N_ERRORS + N_JOINT * e + 7 + e] = p[P_ERROR + e] * p[P_ERROR + e]


@kernel
def begin_unknown(fit, whole, z, p):
    """Begin with a body that nothing is known of but that it is somewhere near its first detection."""
    base = fit[FIT_BASE:]
    for i in range(7 + 49):
        base[i] = 0.0
    for i in range(3):
        base[i] = z[Z_EAST + i]
        base[7 + 8 * i] = 1.0 / (OPEN_M * OPEN_M)
        base[7 + 8 * (i + 3)] = 1.0 / (p[P_BALLISTIC_SPEED] * p[P_BALLISTIC_SPEED])
    base[6] = p[P_LN_DRAG]
    base[7 + 48] = 1.0 / (p[P_LN_DRAG_SIGMA] * p[P_LN_DRAG_SIGMA])
    whole[KEPT] = 0
    fit[FIT_FIRST], fit[FIT_DOUBT], fit[FIT_OPEN] = math.nan, 0.0, 1.0
    forget_errors(fit, p)


@kernel
def begin_known(fit, whole, x, P, p):
    """Begin with a predicted state: what thrust has left behind."""
    base = fit[FIT_BASE:]
    whole[KEPT], fit[FIT_OPEN] = 0, 0.0
    forget_errors(fit, p)
    inverse, root = np.empty((7, 7)), np.empty((7, 7))
    if not invert(P, root, inverse):
        whole[KEPT] = FIT_ROOM + 1
        return
    for i in range(7):
        base[i] = x[i]
        fit[FIT_FIRST + i] = x[i]
        for j in range(7):
            base[7 + 7 * i + j] = inverse[i, j]


@kernel
def keep(fit, whole, z, mask, s):
    """Add a detection, if there is room for it."""
    n = whole[KEPT]
    if n > FIT_ROOM:
        return
    if n == FIT_ROOM or mask & HAS_POSITION:
        whole[KEPT] = FIT_ROOM + 1
        return
    row = fit[n * FIT_ROW :]
    for i in range(FIT_MASK):
        row[i] = z[i]
    row[FIT_MASK], row[FIT_SENSOR], row[FIT_COUNT] = mask, s, 1.0
    if n == 0:
        fit[FIT_EPOCH] = z[Z_TIME]
    whole[KEPT] = n + 1


@kernel
def factor(A, L):
    """Lower Cholesky root of a symmetric matrix; False if it is not positive definite."""
    for j in range(len(A)):
        for i in range(j, len(A)):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                if not s > 0.0:
                    return False
                L[j, j] = math.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return True


@kernel
def invert(A, L, out):
    """Inverse of a symmetric positive definite matrix, scaled to unit diagonal first; False if it is none."""
    n = len(A)
    scale, y = np.empty(n), np.empty(n)
    for i in range(n):
        if not A[i, i] > 0.0:
            return False
        scale[i] = 1.0 / math.sqrt(A[i, i])
    for i in range(n):
        for j in range(n):
            out[i, j] = A[i, j] * scale[i] * scale[j]
    if not factor(out, L):
        return False
    for c in range(n):
        for i in range(n):
            y[i] = 0.0
        for i in range(c, n):
            s = 1.0 if i == c else 0.0
            for k in range(c, i):
                s -= L[i, k] * y[k]
            y[i] = s / L[i, i]
        for i in range(n - 1, -1, -1):
            s = y[i]
            for k in range(i + 1, n):
                s -= L[k, i] * y[k]
            y[i] = s / L[i, i]
        for i in range(n):
            out[i, c] = y[i] * scale[i] * scale[c]
    for i in range(n):
        for j in range(i):
            out[i, j] = out[j, i]
    return True


@kernel
def advance(x, T, gap, p, env, F, W, Y):
    """Carry a state over a gap [s], and T (7, N_JOINT), its derivatives.

    These are by the state where it began, and by the model's errors in units of their sigma. F (7, 7), W (7, N_JOINT)
    and Y (2, 7) are scratch.
    """
    site, atmosphere, drag = env[0], env[1], env[2]
    n = max(int(math.ceil(abs(gap) / (LONGER * p[P_STEP]) - 1e-9)), 1)
    h = gap / n
    before, other = Y[0], Y[1]
    for _ in range(n):
        for i in range(7):
            before[i] = x[i]
        rk4_step_jacobian(before, h, 0.0, site, atmosphere, drag, x, F)
        for i in range(6):
            for j in range(N_JOINT):
                s = 0.0
                for k in range(7):
                    s += F[i, k] * T[k, j]
                W[i, j] = s
        for i in range(6):
            for j in range(N_JOINT):
                T[i, j] = W[i, j]
        for e in range(N_ERRORS):
            if p[P_ERROR + e] == 0.0:
                continue
            if e < 2:
                rk4_step_state(before, h, 0.0, site, env[5][e], drag, other)
            else:
                rk4_step_state(before, h, 0.0, site, atmosphere, env[6][e - 2], other)
            c = p[P_ERROR + e] / p[P_PROBE + e]
            for i in range(6):
                T[i, 7 + e] += c * (other[i] - x[i])


@kernel
def begin_derivatives(T):
    """Derivatives of a state by itself and by the model's errors, before any time has passed."""
    for i in range(7):
        for j in range(N_JOINT):
            T[i, j] = 1.0 if i == j else 0.0


@kernel
def _collect(x1, fit, kept, sensors, p, env, boost, boosts, x, T, A, g, F, W, Y, B):
    """Normal equations at the first state x1: information A, gradient g; x and T are carried to the last detection.

    The last `boosts` unknowns are the displacements of the first detections, `boost` one sigma of each. Returns the sum
    of squared residuals, each over its variance.
    """
    base, d = fit[FIT_BASE:], len(A)
    for i in range(d):
        g[i] = 0.0
        for j in range(d):
            A[i, j] = 1.0 if i == j else 0.0
    for i in range(7):
        x[i] = x1[i]
        for j in range(7):
            A[i, j] = base[7 + 7 * i + j]
            g[i] += A[i, j] * (base[j] - x1[j])
    begin_derivatives(T)
    H, nu, r = B[0:8], B[16], B[17]
    row, kind = np.empty(N_JOINT + 1 + N_BOOST), np.empty(8, np.int64)
    column = np.arange(N_JOINT + 1 + N_BOOST)
    when, last, misfit = fit[FIT_EPOCH], fit[(kept - 1) * FIT_ROW + Z_TIME], 0.0
    for n in range(kept):
        z = fit[n * FIT_ROW :]
        if z[Z_TIME] != when:
            advance(x, T, z[Z_TIME] - when, p, env, F, W, Y)
            when = z[Z_TIME]
        s, mask = int(z[FIT_SENSOR]), int(z[FIT_MASK])
        sensor = sensors[s]
        count = measure(x, z, mask, sensor[S_EAST], sensor[S_EAST + 1], sensor[S_EAST + 2], p, H, nu, r)
        first = N_JOINT + N_BIASES * min(s, MOST_BIASED - 1)
        _kinds(mask, kind)
        _age(last - z[Z_TIME], z, mask, kind, count, p, r)
        width = N_JOINT + 1
        if N_BOOST * n < boosts:
            width += N_BOOST
            for k in range(N_BOOST):
                column[N_JOINT + 1 + k] = d - boosts + N_BOOST * n + k
        for a in range(count):
            misfit += nu[a] * nu[a] / r[a]
            for j in range(N_JOINT):
                row[j] = 0.0
                for k in range(6):
                    row[j] += H[a, k] * T[k, j]
            row[N_JOINT] = sensor[S_BIAS + kind[a]] if kind[a] < N_BIASES else 0.0
            column[N_JOINT] = first + min(kind[a], N_BIASES - 1)
            if width > N_JOINT + 1:
                _displace(H[a], x, boost[N_BOOST * n], boost[N_BOOST * n + 1], row[N_JOINT + 1 :])
            for i in range(width):
                c, at = row[i] / r[a], column[i]
                g[at] += c * nu[a]
                for j in range(i, width):
                    A[at, column[j]] += c * row[j]
    for i in range(d):
        for j in range(i):
            A[i, j] = A[j, i]
    return misfit


@kernel
def _displace(h, x, ahead, slower, out):
    """Derivative of a number (its own by place and velocity: h) by displacements of these sigmas along the course."""
    speed = max(math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5]), 1.0)
    place, velocity = 0.0, 0.0
    for i in range(3):
        place += h[i] * x[3 + i] / speed
        velocity += h[3 + i] * x[3 + i] / speed
    out[0], out[1] = ahead * place, -slower * velocity


@kernel
def _boosts(fit, kept, p, boost):
    """How many displacements the fit has, and one sigma of each: of place [m] and speed [m/s], detection by detection.

    Each needs a detection more than the last, and two that are not displaced.
    """
    if fit[FIT_OPEN] == 0.0 or kept < 3:
        return 0
    boosted = min(kept - 2, BOOSTED)
    most = p[P_THRUST] + p[P_THRUST_SIGMA]
    for n in range(boosted):
        longest = min(fit[boosted * FIT_ROW + Z_TIME] - fit[n * FIT_ROW + Z_TIME], 2.0 * p[P_BURN_TIME])
        boost[N_BOOST * n], boost[N_BOOST * n + 1] = 0.5 * most * longest * longest, most * longest
    return N_BOOST * boosted


@kernel
def _without(y, C, few, yo, Co):
    """Mean and covariance given that the last few unknowns are zero, into `yo`, `Co`; returns ln of the Bayes factor.

    Against leaving them free, with unit variance beforehand: the Savage-Dickey ratio (Dickey 1971, Annals of
    Mathematical Statistics 42:204).
    """
    d = len(y)
    first = d - few
    S, L, inverse, gain = np.empty((few, few)), np.empty((few, few)), np.empty((few, few)), np.empty(few)
    for i in range(few):
        for j in range(few):
            S[i, j] = C[first + i, first + j]
    if not invert(S, L, inverse):
        return -math.inf
    ln = 0.0
    for i in range(few):
        ln -= 0.5 * math.log(S[i, i]) + math.log(L[i, i])
        for j in range(few):
            ln -= 0.5 * y[first + i] * inverse[i, j] * y[first + j]
    for i in range(d):
        yo[i] = y[i]
        for k in range(few):
            gain[k] = 0.0
            for j in range(few):
                gain[k] += C[i, first + j] * inverse[j, k]
            yo[i] -= gain[k] * y[first + k]
        for j in range(d):
            Co[i, j] = C[i, j]
            for k in range(few):
                Co[i, j] -= gain[k] * C[first + k, j]
    return ln


@kernel
def _mix_boosts(y, C, boosts, stays):
    """Mix, in place, the answers with none, one and so on of the first detections displaced.

    `stays` is the chance that thrust goes on from the first of them to the second.
    """
    d, kinds = len(y), boosts // N_BOOST + 1
    ys, Cs, w = np.empty((kinds, d)), np.empty((kinds, d, d)), np.empty(kinds)
    best = -math.inf
    for k in range(kinds):
        w[k] = math.log(1.0 - UNDER_THRUST)
        if k > 0:
            w[k] = math.log(UNDER_THRUST * (stays if k > 1 else (1.0 - stays if kinds > 2 else 1.0)) + 1e-300)
        if k < kinds - 1:
            w[k] += _without(y, C, boosts - N_BOOST * k, ys[k], Cs[k])
        best = max(best, w[k])
    total = 0.0
    for k in range(kinds):
        w[k] = math.exp(max(w[k] - best, -100.0))
        total += w[k]
    for i in range(d):
        ys[kinds - 1, i] = y[i]
        for j in range(d):
            Cs[kinds - 1, i, j] = C[i, j]
    for i in range(d):
        y[i] = 0.0
        for k in range(kinds):
            y[i] += w[k] / total * ys[k, i]
    for i in range(d):
        for j in range(d):
            C[i, j] = 0.0
            for k in range(kinds):
                C[i, j] += w[k] / total * (Cs[k, i, j] + (ys[k, i] - y[i]) * (ys[k, j] - y[j]))


@kernel
def _age(age, z, mask, kind, count, p, r):
    """Widen the variances of an old detection by what white acceleration may have done since."""
    if not mask & HAS_RANGE:
        return
    moved = p[P_BALLISTIC] * abs(age) ** 3 / 3.0
    d2 = max(z[Z_RANGE] * z[Z_RANGE], 1.0)
    for a in range(count):
        if kind[a] == 0 or kind[a] == 4:
            r[a] += moved
        elif kind[a] == 3:
            r[a] += p[P_BALLISTIC] * abs(age)
        else:
            r[a] += moved / d2


@kernel
def _kinds(mask, kind):
    """Which of range, azimuth, elevation, range rate and height each number of a detection is."""
    n = 0
    for bit in range(5):
        if (mask >> bit) & 1:
            kind[n] = bit
            n += 1


@kernel
def refit(x, P, fit, whole, sensors, p, env, B):
    """Replace the ballistic state and covariance by those of the most probable flight through the kept detections.

    Parameters
    ----------
    x, P : (7,), (7, 7)
        The filter's estimate at the last kept detection: the first guess of the first fit. Left as it is where the fit
        fails.
    fit, whole
        The track's kept detections; takes the model's errors and their covariance with the state.
    sensors, p, env
        As everywhere.
    B : (24, 8)
        Scratch.

    Returns
    -------
    bool
        Whether the fit held.
    """
    kept = whole[KEPT]
    if kept > FIT_ROOM:  # given up, or begun from positions: nothing was kept
        return False
    boost = np.empty(N_BOOST * BOOSTED)
    boosts = _boosts(fit, kept, p, boost)
    stays = math.exp(-max(fit[FIT_ROW + Z_TIME] - fit[Z_TIME], 0.0) / p[P_BURN_TIME]) if kept > 1 else 0.0
    d = N_JOINT + N_BIASES * min(len(sensors), MOST_BIASED) + boosts
    A, C, L, g, y = np.empty((d, d)), np.empty((d, d)), np.empty((d, d)), np.empty(d), np.empty(d)
    T, W, F, Y = np.empty((7, N_JOINT)), np.empty((7, N_JOINT)), np.empty((7, 7)), np.empty((2, 7))
    x1, now = np.empty(7), np.empty(7)
    _first_guess(x, fit, kept, p, env, x1)
    for _ in range(MAX_PASSES):
        misfit = _collect(x1, fit, kept, sensors, p, env, boost, boosts, now, T, A, g, F, W, Y, B)
        if not invert(A, L, C):
            return False
        for i in range(d):
            y[i] = 0.0
            for j in range(d):
                y[i] += C[i, j] * g[j]
            misfit -= y[i] * g[i]
        if boosts > 0:
            _mix_boosts(y, C, boosts, stays)
        moved = 0.0
        for i in range(7):
            moved = max(moved, abs(y[i]) / math.sqrt(C[i, i]))
        if not moved < 1e6:
            return False
        # no pass goes further than drag can change in one
        y[6] = min(max(y[6], -1.0), 1.0)
        y[6] = min(max(x1[6] + y[6], LN_DRAG_LOW), LN_DRAG_HIGH) - x1[6]
        for i in range(7):
            x1[i] += y[i]
        if moved < SMALL_STEP:
            break
    _widen(C, misfit, fit, kept)
    return _write(x1, now, y, T, C, fit, p, W, x, P)


@kernel
def _widen(C, misfit, fit, kept):
    """Widen the covariance where the residuals are larger than chance allows: the model is wrong in a way of its own.

    By the ratio of their squares to the two-sigma limit of chi-squared (after Birge 1932, Physical Review 40:207).
    """
    freedom = -7.0
    for n in range(kept):
        mask = int(fit[n * FIT_ROW + FIT_MASK])
        for bit in range(5):
            freedom += (mask >> bit) & 1
    if freedom < 1.0:
        return
    ratio = misfit / (freedom + 2.0 * math.sqrt(2.0 * freedom))
    if ratio > 1.0:
        for i in range(len(C)):
            for j in range(len(C)):
                C[i, j] *= ratio


@kernel
def _first_guess(x, fit, kept, p, env, x1):
    """The first state as it was found last, or the filter's, flown back."""
    if fit[FIT_FIRST] == fit[FIT_FIRST]:
        for i in range(7):
            x1[i] = fit[FIT_FIRST + i]
        return
    for i in range(7):
        x1[i] = x[i]
    span = fit[(kept - 1) * FIT_ROW + Z_TIME] - fit[FIT_EPOCH]
    n = max(int(math.ceil(abs(span) / p[P_STEP] - 1e-9)), 1)
    for _ in range(n):
        rk4_step_state(x1, -span / n, 0.0, env[0], env[1], env[2], x1)


@kernel
def _write(x1, now, y, T, C, fit, p, W, x, P):
    """Carry what was found to the last detection: state, covariance, errors; False if it makes no sense."""
    for i in range(7):
        for j in range(N_JOINT):
            now[i] += T[i, j] * y[j]
            W[i, j] = 0.0
            for k in range(N_JOINT):
                W[i, j] += T[i, k] * C[k, j]
    for i in range(7):
        s = 0.0
        for k in range(N_JOINT):
            s += W[i, k] * T[i, k]
        if not (math.isfinite(now[i]) and s > 0.0):
            return False
    for i in range(7):
        x[i] = now[i]
        fit[FIT_FIRST + i] = x1[i]
        for j in range(i, 7):
            s = 0.0
            for k in range(N_JOINT):
                s += W[i, k] * T[j, k]
            P[i, j] = s
            P[j, i] = s
    block = fit[FIT_ERROR:]
    for e in range(N_ERRORS):
        sigma = p[P_ERROR + e]
        block[e] = sigma * y[7 + e]
        row = block[N_ERRORS + N_JOINT * e :]
        for i in range(7):
            row[i] = sigma * W[i, 7 + e]
        for f in range(N_ERRORS):
            row[7 + f] = sigma * p[P_ERROR + f] * C[7 + e, 7 + f]
    return True


@kernel
def condense(fit, whole, sensors, p, env, B):
    """Join neighbouring detections of one sensor into normal points, so that there is room for more.

    Pairs with the fewest detections first, so that all points come to hold about as many. A point is the flight's own
    measurement at the mean time, plus the weighted mean of the residuals.
    """
    kept = whole[KEPT]
    states, residuals = np.empty((kept, 7)), np.empty((kept, 8))
    x, H, nu, r = np.empty(7), B[0:8], B[16], B[17]
    for i in range(7):
        x[i] = fit[FIT_FIRST + i]
    when = fit[FIT_EPOCH]
    for n in range(kept):
        z = fit[n * FIT_ROW :]
        if z[Z_TIME] != when:
            _glide(x, z[Z_TIME] - when, p, env)
            when = z[Z_TIME]
        for i in range(7):
            states[n, i] = x[i]
        sensor = sensors[int(z[FIT_SENSOR])]
        measure(x, z, int(z[FIT_MASK]), sensor[S_EAST], sensor[S_EAST + 1], sensor[S_EAST + 2], p, H, nu, r)
        for a in range(8):
            residuals[n, a] = nu[a]
    gone = np.zeros(kept, np.bool_)
    freed, limit = 0, 2.0
    while freed < kept // 4 and limit < 1e6:
        for n in range(BOOSTED if fit[FIT_OPEN] > 0.0 else 0, kept):
            if not gone[n]:
                m = _partner(fit, kept, gone, n)
                if m >= 0 and fit[n * FIT_ROW + FIT_COUNT] + fit[m * FIT_ROW + FIT_COUNT] <= limit:
                    _join(fit, n, m, states, residuals, sensors, p, env, x, B)
                    gone[m] = True
                    freed += 1
        limit *= 2.0
    k = 0
    for n in range(kept):
        if not gone[n]:
            for i in range(FIT_ROW):
                fit[k * FIT_ROW + i] = fit[n * FIT_ROW + i]
            k += 1
    whole[KEPT] = k if k < kept else FIT_ROOM + 1
    _sort_rows(fit, k)


@kernel
def _glide(x, gap, p, env):
    """Carry a state over a gap [s]."""
    n = max(int(math.ceil(abs(gap) / (LONGER * p[P_STEP]) - 1e-9)), 1)
    for _ in range(n):
        rk4_step_state(x, gap / n, 0.0, env[0], env[1], env[2], x)


@kernel
def _partner(fit, kept, gone, n):
    """The next row of the same sensor that measures the same; -1 if there is none."""
    for m in range(n + 1, kept):
        same = fit[m * FIT_ROW + FIT_SENSOR] == fit[n * FIT_ROW + FIT_SENSOR]
        if not gone[m] and same:
            return m if fit[m * FIT_ROW + FIT_MASK] == fit[n * FIT_ROW + FIT_MASK] else -1
    return -1


@kernel
def _join(fit, n, m, states, residuals, sensors, p, env, x, B):
    """Join row m into row n; `states` and `residuals` of row n become those of the point."""
    a, b = fit[n * FIT_ROW :], fit[m * FIT_ROW :]
    H, nu, r, kind = B[0:8], B[16], B[17], np.empty(8, np.int64)
    share = b[FIT_COUNT] / (a[FIT_COUNT] + b[FIT_COUNT])
    for i in range(7):
        x[i] = states[n, i]
    later = share * (b[Z_TIME] - a[Z_TIME])
    _glide(x, later, p, env)
    sensor, mask = sensors[int(a[FIT_SENSOR])], int(a[FIT_MASK])
    count = measure(x, a, mask, sensor[S_EAST], sensor[S_EAST + 1], sensor[S_EAST + 2], p, H, nu, r)
    _kinds(mask, kind)
    for c in range(count):
        at = 1 + kind[c]
        sa, sb = a[Z_SIGMA + kind[c]], b[Z_SIGMA + kind[c]]
        wa, wb = 1.0 / (sa * sa), 1.0 / (sb * sb)
        mean = (wa * residuals[n, c] + wb * residuals[m, c]) / (wa + wb)
        a[at] += mean - nu[c]
        a[Z_SIGMA + kind[c]] = 1.0 / math.sqrt(wa + wb)
        residuals[n, c] = mean
    a[Z_TIME] += later
    a[FIT_COUNT] += b[FIT_COUNT]
    for i in range(7):
        states[n, i] = x[i]


@kernel
def _sort_rows(fit, kept):
    """Bring the rows back in order of time: those of several sensors have been shifted."""
    for n in range(1, kept):
        k = n
        while k > 0 and fit[k * FIT_ROW + Z_TIME] < fit[(k - 1) * FIT_ROW + Z_TIME]:
            for i in range(FIT_ROW):
                a, b = k * FIT_ROW + i, (k - 1) * FIT_ROW + i
                fit[a], fit[b] = fit[b], fit[a]
            k -= 1


@kernel
def carry_fall(x, P, fit, dt, p, env, xo, Po, error, cross):
    """A fitted state, its covariance and the model's errors as of dt [s] later, into `xo`, `Po`, `error`, `cross`.

    `error` (N_ERRORS,) and `cross` (N_ERRORS, N_JOINT), the errors' covariance with the state and with each other.
    """
    T, W, F, Y = np.empty((7, N_JOINT)), np.empty((7, N_JOINT)), np.empty((7, 7)), np.empty((2, 7))
    J = np.empty((N_JOINT, N_JOINT))
    block = fit[FIT_ERROR:]
    for i in range(7):
        xo[i] = x[i]
        for j in range(7):
            J[i, j] = P[i, j]
    for e in range(N_ERRORS):
        sigma = p[P_ERROR + e] if p[P_ERROR + e] > 0.0 else 1.0
        error[e] = block[e]
        for i in range(N_JOINT):
            cross[e, i] = block[N_ERRORS + N_JOINT * e + i]
            s = cross[e, i] / sigma
            if i >= 7 and p[P_ERROR + i - 7] > 0.0:
                s /= p[P_ERROR + i - 7]
            J[7 + e, i], J[i, 7 + e] = s, s
    begin_derivatives(T)
    if dt != 0.0:
        advance(xo, T, dt, p, env, F, W, Y)
    for e in range(N_ERRORS):
        if p[P_ERROR + e] > 0.0:
            for i in range(6):
                xo[i] += T[i, 7 + e] * error[e] / p[P_ERROR + e]
    for i in range(7):
        for j in range(N_JOINT):
            W[i, j] = 0.0
            for k in range(N_JOINT):
                W[i, j] += T[i, k] * J[k, j]
    for i in range(7):
        for e in range(N_ERRORS):
            cross[e, i] = p[P_ERROR + e] * W[i, 7 + e]
        for j in range(i, 7):
            s = 0.0
            for k in range(N_JOINT):
                s += W[i, k] * T[j, k]
            Po[i, j] = s
            Po[j, i] = s
