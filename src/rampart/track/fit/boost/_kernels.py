"""Compiled boost: the first detections of a fit may have been made under thrust, which ended at an unknown moment.

Beside the coasting flight, carried back, such a detection lies ahead along the course and is slower. For a burnout at
one moment these displacements are linear in three numbers: the mean acceleration, how far the burnout is off that
moment (times the acceleration), and the growth of the acceleration. So hypotheses, no thrust or a burnout in one of a
row of short intervals (`nodes`), share the normal equations of the flight; each has a border of three unknowns, its
evidence comes out in closed form, and the answers are mixed with their spread (Gaussian sum; Alspach and Sorenson 1972,
IEEE Transactions on Automatic Control 17:439).
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.constants import (
    FIT_BURN_FROM,
    FIT_BURN_UNTIL,
    FIT_EPOCH,
    FIT_LIKELY,
    FIT_OPEN,
    FIT_ROW,
    FIT_THRUST,
    N_JOINT,
    P_BURN_TIME,
    P_THRUST,
    P_THRUST_SIGMA,
    P_THRUST_WALK,
    Z_TIME,
)
from rampart.track.fit.matrix._kernels import invert_with

# Chance that a first detection was made under thrust, as where tracks start
UNDER_THRUST = 0.3
# Unknowns of one burnout: thrust, its end, its growth
N_THRUST = 3
# Most intervals of the burnout, and the shortest of them [s]
MOST_NODES = 12
SHORTEST_NODE_S = 0.2
# Thrust lasts no longer than so many of its mean times
LONGEST = 3.0
# Less than this over a whole boost is no thrust: three times its weight is what an unguided rocket needs to leave its
# rail in one piece, and what little drag is known of must not pass for a long, weak boost [m/s2]
LEAST_BOOST = 30.0
# A hypothesis less probable than this is out of the running
IMPROBABLE = 1e-3


@leaf
def burn_nodes(fit, kept, p, node):
    """Middles of the intervals in which the burnout may lie [s after the epoch], into `node`, and their length.

    Returns how many: none where thrust is out of the question. After the latest there are two detections at least.
    """
    if fit[FIT_OPEN] == 0.0 or kept < 3:
        return 0, 1.0
    last = fit[(kept - 1) * FIT_ROW + Z_TIME] - fit[FIT_EPOCH]
    until = min(fit[FIT_BURN_UNTIL], LONGEST * p[P_BURN_TIME], last)
    window = until - fit[FIT_BURN_FROM]
    if window <= 0.0:
        return 0, 1.0
    apart = 0.5 * last / (kept - 1)
    count = min(max(int(math.ceil(window / max(SHORTEST_NODE_S, apart) - 1e-9)), 1), MOST_NODES)
    length = window / count
    for j in range(count):
        node[j] = fit[FIT_BURN_FROM] + (j + 0.5) * length
    return count, length


@leaf
def may_burn(fit, time, p):
    """Whether a boost that was on when the fit began can go on until a time [s since run start]."""
    return fit[FIT_OPEN] > 0.0 and time - fit[FIT_EPOCH] < LONGEST * p[P_BURN_TIME]


@leaf
def begin_borders(nodes, p, X, S, h):
    """What is known of the unknowns of each node beforehand: X (3 nodes, d), S (nodes, 3, 3), h (nodes, 3)."""
    for j in range(nodes):
        for a in range(N_THRUST):
            h[j, a] = 0.0
            for b in range(N_THRUST):
                S[j, a, b] = 1.0 if a == b else 0.0
            for i in range(X.shape[1]):
                X[N_THRUST * j + a, i] = 0.0
        h[j, 0] = p[P_THRUST] / p[P_THRUST_SIGMA]


@leaf
def add_to_borders(x, age, H, nu, r, count, rows, column, nodes, node, length, gravity, p, X, S, h, d):
    """Add the `count` numbers of a detection made `age` seconds after the epoch to each node that it lies before.

    H, nu, r as `measure` leaves them at the coasting state x; `rows` (count, 12) are the derivatives by the flight's
    unknowns, the last of them in the column `column` (count, 12) says; `d` (N_THRUST,) is scratch.
    """
    thrust = p[P_THRUST]
    either = math.sqrt(thrust * thrust + p[P_THRUST_SIGMA] * p[P_THRUST_SIGMA]) * length / math.sqrt(12.0)
    growth = math.sqrt(p[P_THRUST_WALK] / p[P_BURN_TIME])
    for j in range(nodes):
        t = node[j] - age
        if t <= 0.0:
            continue
        # the course halfway: on its way back a coasting body has turned less than gravity would have it
        up = x[5] - gravity * t * 2.0 / 3.0
        speed = max(math.sqrt(x[3] * x[3] + x[4] * x[4] + up * up), 1.0)
        for a in range(count):
            place = (H[a, 0] * x[3] + H[a, 1] * x[4] + H[a, 2] * up) / speed
            slower = -(H[a, 3] * x[3] + H[a, 4] * x[4] + H[a, 5] * up) / speed
            d[0] = p[P_THRUST_SIGMA] * (0.5 * t * t * place + t * slower)
            d[1] = either * (t * place + slower)
            d[2] = growth * (t * t * t / 6.0 * place + 0.5 * t * t * slower)
            for b in range(N_THRUST):
                c, k = d[b] / r[a], N_THRUST * j + b
                h[j, b] += c * nu[a]
                for e in range(N_THRUST):
                    S[j, b, e] += c * d[e]
                border = X[k]
                for i in range(N_JOINT):
                    border[i] += c * rows[a, i]
                border[column[a, N_JOINT]] += c * rows[a, N_JOINT]


@kernel
def mix_borders(y, C, nodes, node, length, X, S, h, fit, p):
    """Mix, in place, the flight without thrust (mean y, covariance C of the base) with those of the nodes.

    Writes down the probability of thrust and where its end may lie. Returns by how much thrust lessens the misfit.
    """
    M, u, V = np.empty((nodes, len(y), N_THRUST)), np.empty((nodes, N_THRUST)), np.empty((nodes, N_THRUST, N_THRUST))
    w, less, off = np.empty(nodes + 1), np.empty(nodes), np.empty((2, len(y)))
    W = np.empty((4, N_THRUST, N_THRUST))
    return _mix(y, C, nodes, node, length, X, S, h, fit, p, M, u, V, w, less, off[0], off[1], W)


@leaf
def _mix(y, C, nodes, node, length, X, S, h, fit, p, M, u, V, w, less, off, mean, W):
    """`mix_borders`; from M on scratch."""
    n = len(y)
    _prior(fit[FIT_BURN_FROM], nodes, length, p, w)
    for j in range(nodes):
        less[j] = _solve_border(y, C, X[N_THRUST * j : N_THRUST * (j + 1)], S[j], h[j], M[j], u[j], V[j], p, w[j:], W)
    _share(w, nodes)
    _note_thrust(fit, w, nodes, node, length)
    lessened = 0.0
    for i in range(n):
        mean[i] = y[i]
    for j in range(nodes):
        lessened += w[j] * less[j]
        for i in range(n):
            for a in range(N_THRUST):
                mean[i] -= w[j] * M[j, i, a] * u[j, a]
    for i in range(n):
        off[i] = y[i] - mean[i]
    for i in range(n):
        for k in range(n):
            C[i, k] += w[nodes] * off[i] * off[k]
    for j in range(nodes):
        if w[j] < 1e-6:
            continue
        for i in range(n):
            off[i] = y[i] - mean[i]
            for a in range(N_THRUST):
                off[i] -= M[j, i, a] * u[j, a]
        for i in range(n):
            for a in range(N_THRUST):
                for b in range(N_THRUST):
                    W[0, a, b] = M[j, i, a] * V[j, a, b]
            _add_spread(w[j], off[i], off, W[0], M[j], C[i])
    for i in range(n):
        y[i] = mean[i]
    return lessened


@leaf
def _add_spread(weight, offset, off, G, M, row):
    """Add one row of a node's spread to that of the covariance: `offset` off' + G M', weighted."""
    g00, g01, g02, g10, g11, g12 = G[0, 0], G[0, 1], G[0, 2], G[1, 0], G[1, 1], G[1, 2]
    g20, g21, g22 = G[2, 0], G[2, 1], G[2, 2]
    for k in range(len(row)):
        m0, m1, m2 = M[k, 0], M[k, 1], M[k, 2]
        s = offset * off[k] + g00 * m0 + g01 * m1 + g02 * m2 + g10 * m0 + g11 * m1 + g12 * m2
        row[k] += weight * (s + g20 * m0 + g21 * m1 + g22 * m2)


@leaf
def _prior(begin, nodes, length, p, w):
    """Ln probability of each node beforehand, that of no thrust last. Where `begin` is past, thrust is certain."""
    whole = -math.expm1(-nodes * length / p[P_BURN_TIME])
    for j in range(nodes):
        share = math.exp(-j * length / p[P_BURN_TIME]) * -math.expm1(-length / p[P_BURN_TIME]) / whole
        w[j] = math.log(UNDER_THRUST * share)
    w[nodes] = math.log(1.0 - UNDER_THRUST) if begin <= 0.0 else -math.inf


@leaf
def _solve_border(y, C, X, S, h, M, u, V, p, w, W):
    """Unknowns u of one node and their covariance V; M = C X'. Its ln evidence is added to w[0].

    Returns by how much it lessens the misfit of the flight without thrust. W (4, 3, 3) is scratch.
    """
    n = len(y)
    T, L, v = W[0], W[1], W[2, 0]
    for a in range(N_THRUST):
        s = h[a]
        for i in range(n):
            s -= X[a, i] * y[i]
        v[a] = s
    for i in range(n):
        s0, s1, s2 = 0.0, 0.0, 0.0  # side by side: each alone would wait for its last sum
        for k in range(n):
            c = C[i, k]
            s0, s1, s2 = s0 + c * X[0, k], s1 + c * X[1, k], s2 + c * X[2, k]
        M[i, 0], M[i, 1], M[i, 2] = s0, s1, s2
    for a in range(N_THRUST):
        for b in range(N_THRUST):
            s = S[a, b]
            for i in range(n):
                s -= X[a, i] * M[i, b]
            T[a, b] = s
    if not invert_with(T, L, V, W[3, 0]):
        w[0] = -math.inf
        for a in range(N_THRUST):
            u[a] = 0.0
        return 0.0
    prior = p[P_THRUST] / p[P_THRUST_SIGMA]
    less = -prior * prior
    for a in range(N_THRUST):
        u[a] = 0.0
        for b in range(N_THRUST):
            u[a] += V[a, b] * v[b]
        less += u[a] * v[a]
        w[0] -= math.log(L[a, a]) + 0.5 * math.log(T[a, a])
    # thrust pushes: one that has come out as none, or as a drag, is no thrust
    push = (p[P_THRUST_SIGMA] * u[0] - LEAST_BOOST) / (p[P_THRUST_SIGMA] * math.sqrt(2.0 * V[0, 0]))
    w[0] += 0.5 * less + math.log(max(0.5 * math.erfc(-push), 1e-30))
    return less


@leaf
def _share(w, nodes):
    """Probabilities from their logarithms, in place; the last is that of no thrust."""
    best, total = -math.inf, 0.0
    for j in range(nodes + 1):
        best = max(best, w[j])
    for j in range(nodes + 1):
        w[j] = math.exp(max(w[j] - best, -100.0)) if w[j] > -math.inf else 0.0
        total += w[j]
    for j in range(nodes + 1):
        w[j] /= total


@leaf
def _note_thrust(fit, w, nodes, node, length):
    """Write down how probable thrust is, and between what moments it may have ended."""
    fit[FIT_THRUST] = 1.0 - w[nodes]
    begin, end = math.inf, 0.0
    for j in range(nodes):
        if w[j] > IMPROBABLE:
            begin, end = min(begin, node[j] - length), node[j] + length
    fit[FIT_LIKELY] = max(begin, 0.0) if w[nodes] < IMPROBABLE else 0.0
    fit[FIT_LIKELY + 1] = end


@leaf
def settle_boost(fit):
    """Leave out burnouts that have become improbable, for good; without any the question of thrust is closed."""
    if fit[FIT_OPEN] == 0.0:
        return
    fit[FIT_BURN_FROM] = max(fit[FIT_BURN_FROM], fit[FIT_LIKELY])
    fit[FIT_BURN_UNTIL] = min(fit[FIT_BURN_UNTIL], fit[FIT_LIKELY + 1])
    if fit[FIT_BURN_UNTIL] <= 0.0:
        fit[FIT_OPEN] = 0.0
