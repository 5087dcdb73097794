"""Compiled fit of a falling body: the most probable flight through all its detections since thrust.

A filter takes its derivatives at the wrong place until drag is known, and keeps the mistake. So the ballistic state is
found anew from all detections: the most probable flight given what was known before the first (Gauss-Newton over
position, velocity and ln drag-to-mass at the first detection; Jazwinski 1970, Stochastic Processes and Filtering
Theory, section 5.3). Beside these seven stand what the model may have wrong, each with its declared sigma: the wind and
the drag curve (`rampart.physics.model_error`), and each sensor's range, azimuth and elevation biases. They are small,
so they enter linearly; what can be seen of them is, the rest stays in the covariance. Detections made under thrust
before the fall are told apart by `rampart.track.fit.boost`.
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.physics._kernels import rk4_step_state
from rampart.track.constants import (
    FIT_BASE,
    FIT_EPOCH,
    FIT_ERROR,
    FIT_FIRST,
    FIT_MASK,
    FIT_ROOM,
    FIT_ROW,
    FIT_SENSOR,
    HAS_RANGE,
    KEPT,
    N_ERRORS,
    N_JOINT,
    P_BALLISTIC,
    P_ERROR,
    P_STEP,
    S_BIAS,
    S_EAST,
    Z_RANGE,
    Z_TIME,
)
from rampart.track.fit.boost._kernels import (
    MOST_NODES,
    N_THRUST,
    add_to_borders,
    begin_borders,
    burn_nodes,
    mix_borders,
)
from rampart.track.fit.flight._kernels import advance, begin_derivatives
from rampart.track.fit.matrix._kernels import invert
from rampart.track.fit.memory._kernels import kinds
from rampart.track.measurement._kernels import measure
from rampart.track.motion._kernels import LN_DRAG_HIGH, LN_DRAG_LOW

# Gauss-Newton passes; the flight found last is the first guess, so one or two are the rule
MAX_PASSES = 6
# A pass that moves nothing by more than this many sigma is the last
SMALL_STEP = 0.05
# Sensors with biases of their own; those beyond share the last one's
MOST_BIASED = 4
# Range, azimuth and elevation can be biased
N_BIASES = 3


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
    node = np.empty(MOST_NODES)
    nodes, length = burn_nodes(fit, kept, p, node)
    d = N_JOINT + N_BIASES * min(len(sensors), MOST_BIASED)
    X, S, h = np.empty((N_THRUST * nodes, d)), np.empty((nodes, N_THRUST, N_THRUST)), np.empty((nodes, N_THRUST))
    A, C, L, g, y = np.empty((d, d)), np.empty((d, d)), np.empty((d, d)), np.empty(d), np.empty(d)
    T, W, F, Y = np.empty((7, N_JOINT)), np.empty((7, N_JOINT)), np.empty((7, 7)), np.empty((2, 7))
    x1, now, stages, lanes = np.empty(7), np.empty(7), np.empty((4, 24)), np.empty(56)
    rows, kind, column = np.empty((8, N_JOINT + 1)), np.empty(8, np.int64), np.empty((8, N_JOINT + 1), np.int64)
    _first_guess(x, fit, kept, p, env, x1)
    for _ in range(MAX_PASSES):
        misfit = _collect(
            x1, fit, kept, sensors, p, env, nodes, node, length, now, T, A, g, X, S, h, F, W, Y, stages, lanes, B, rows,
            kind, column,
        )  # fmt: skip
        if math.isnan(misfit) or not invert(A, L, C):
            return False
        for i in range(d):
            y[i] = 0.0
            for j in range(d):
                y[i] += C[i, j] * g[j]
            misfit -= y[i] * g[i]
        if nodes > 0:
            misfit -= mix_borders(y, C, nodes, node, length, X, S, h, fit, p)
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


@leaf
def _collect(
    x1, fit, kept, sensors, p, env, nodes, node, length, x, T, A, g, X, S, h, F, W, Y, stages, lanes, B, rows, kind,
    column,
):  # fmt: skip
    """Normal equations at the first state x1: information A, gradient g; x and T are carried to the last detection.

    X, S, h are the borders of the burnouts at `node` (`rampart.track.fit.boost`); from F on scratch. Returns the sum of
    squared residuals of the flight without thrust, each over its variance; nan if the flight leaves all bounds, as one
    through detections that do not belong together can when it is flown back.
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
    begin_borders(nodes, p, X, S, h)
    H, nu, r = B[0:8], B[16], B[17]
    when, last, misfit = fit[FIT_EPOCH], fit[(kept - 1) * FIT_ROW + Z_TIME], 0.0
    latest = node[nodes - 1] if nodes > 0 else -1.0
    for n in range(kept):
        z = fit[n * FIT_ROW :]
        if z[Z_TIME] != when:
            advance(x, T, z[Z_TIME] - when, p, env, F, W, Y, stages, lanes)
            when = z[Z_TIME]
        if not math.isfinite(x[0] + x[1] + x[2]):
            return math.nan
        s, mask = int(z[FIT_SENSOR]), int(z[FIT_MASK])
        sensor = sensors[s]
        count = measure(x, z, mask, sensor[S_EAST], sensor[S_EAST + 1], sensor[S_EAST + 2], p, H, nu, r)
        kinds(mask, kind)
        _age(last - z[Z_TIME], z, mask, kind, count, p, r)
        for a in range(count):
            misfit += nu[a] * nu[a] / r[a]
            row, at = rows[a], column[a]
            for j in range(N_JOINT):
                row[j], at[j] = 0.0, j
            for k in range(6):
                for j in range(N_JOINT):
                    row[j] += H[a, k] * T[k, j]
            row[N_JOINT] = sensor[S_BIAS + kind[a]] if kind[a] < N_BIASES else 0.0
            at[N_JOINT] = N_JOINT + N_BIASES * min(s, MOST_BIASED - 1) + min(kind[a], N_BIASES - 1)
            for i in range(N_JOINT + 1):
                c, line = row[i] / r[a], A[at[i]]
                g[at[i]] += c * nu[a]
                for j in range(i, N_JOINT):
                    line[j] += c * row[j]
                line[at[N_JOINT]] += c * row[N_JOINT]
        if when - fit[FIT_EPOCH] < latest:
            add_to_borders(
                x, when - fit[FIT_EPOCH], H, nu, r, count, rows, column, nodes, node, length, env[0][1], p, X, S, h,
                B[18],
            )  # fmt: skip
    for i in range(d):
        for j in range(i):
            A[i, j] = A[j, i]
    return misfit


@leaf
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


@leaf
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


@leaf
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


@leaf
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
