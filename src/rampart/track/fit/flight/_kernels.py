"""Compiled flight of a fitted body, with its derivatives by the state and by what the model may have wrong."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.physics._kernels import rk4_step_state, step_jacobian
from rampart.track.constants import (
    FIT_ERROR,
    N_ERRORS,
    N_JOINT,
    P_ERROR,
    P_PROBE,
    P_STEP,
)

# The fit's Runge-Kutta steps, in steps of the filter: they cost the most and err by centimetres
LONGER = 2.0


@leaf
def advance(x, T, gap, p, env, F, W, Y, stages, lanes):
    """Carry a state over a gap [s], and T (7, N_JOINT), its derivatives.

    These are by the state where it began, and by the model's errors in units of their sigma. F (7, 7), W (7, N_JOINT),
    Y (2, 7), stages (4, 24) and lanes (56,) are scratch.
    """
    site, atmosphere, drag = env[0], env[1], env[2]
    n = max(int(math.ceil(abs(gap) / (LONGER * p[P_STEP]) - 1e-9)), 1)
    h = gap / n
    before, other = Y[0], Y[1]
    for _ in range(n):
        for i in range(7):
            before[i] = x[i]
        step_jacobian(before, h, 0.0, site, atmosphere, drag, x, F, stages, lanes)
        for i in range(6):
            for j in range(N_JOINT):
                W[i, j] = 0.0
            for k in range(7):
                for j in range(N_JOINT):
                    W[i, j] += F[i, k] * T[k, j]
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


@leaf
def begin_derivatives(T):
    """Derivatives of a state by itself and by the model's errors, before any time has passed."""
    for i in range(7):
        for j in range(N_JOINT):
            T[i, j] = 1.0 if i == j else 0.0


@leaf
def glide(x, gap, p, env):
    """Carry a state over a gap [s]."""
    n = max(int(math.ceil(abs(gap) / (LONGER * p[P_STEP]) - 1e-9)), 1)
    for _ in range(n):
        rk4_step_state(x, gap / n, 0.0, env[0], env[1], env[2], x)


@kernel
def carry_fall(x, P, fit, dt, p, env, xo, Po, error, cross):
    """A fitted state, its covariance and the model's errors as of dt [s] later, into `xo`, `Po`, `error`, `cross`.

    `error` (N_ERRORS,) and `cross` (N_ERRORS, N_JOINT), the errors' covariance with the state and with each other.
    """
    T, W, F, Y = np.empty((7, N_JOINT)), np.empty((7, N_JOINT)), np.empty((7, 7)), np.empty((2, 7))
    J, stages, lanes = np.empty((N_JOINT, N_JOINT)), np.empty((4, 24)), np.empty(56)
    carry_fall_with(x, P, fit, dt, p, env, xo, Po, error, cross, T, W, F, Y, J, stages, lanes)


@leaf
def carry_fall_with(x, P, fit, dt, p, env, xo, Po, error, cross, T, W, F, Y, J, stages, lanes):
    """`carry_fall`; from T on scratch."""
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
        advance(xo, T, dt, p, env, F, W, Y, stages, lanes)
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
