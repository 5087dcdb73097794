"""Compiled view: all tracks as of one time, as they are reported."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.constants import (
    ALIVE,
    BALLISTIC,
    CLASS,
    DELETED,
    MU,
    N_CLASSES,
    N_ERRORS,
    N_JOINT,
    N_MODES,
    ODDS,
    P_COAST,
    P_DELETE_ODDS,
    P_LAG,
    RCS,
    RCS_N,
    S_DELAY,
    S_PERIOD,
    S_RANGES,
    STATUS,
    TENTATIVE,
    THRUST,
    TIME,
    WEIGHT,
)
from rampart.track.filters._kernels import combine
from rampart.track.fit.flight._kernels import carry_fall_with
from rampart.track.life._kernels import detect_probability, logistic
from rampart.track.motion._kernels import copy_mode, copy_row, predict_mode
from rampart.track.upkeep._kernels import GIVE_UP_ODDS, healthy


@kernel
def view(
    n, now, x, P, real, whole, look, fit, sensors, p, env, state, covariance, fallen, fallen_covariance, error,
    error_covariance, mode, classes, existence, status,
):  # fmt: skip
    """Tracks as of time `now`: predictions of all modes, joined; existence less what silent sensors imply."""
    xo, Po, numbers = np.empty((N_MODES, 7)), np.empty((N_MODES, 7, 7)), np.empty(real.shape[1])
    _view_each(
        n, now, x, P, real, whole, look, fit, sensors, p, env, state, covariance, fallen, fallen_covariance, error,
        error_covariance, mode, classes, existence, status, xo, Po, numbers, np.empty((6, 7, 7)),
        np.empty((2, 7, N_JOINT)), np.empty((2, 7)), np.empty((N_JOINT, N_JOINT)), np.empty((4, 24)), np.empty(56),
    )  # fmt: skip


@leaf
def _view_each(
    n, now, x, P, real, whole, look, fit, sensors, p, env, state, covariance, fallen, fallen_covariance, error,
    error_covariance, mode, classes, existence, status, xo, Po, numbers, W, T, Y, J, stages, lanes,
):  # fmt: skip
    """`view`; from `xo` on scratch."""
    for i in range(n):
        alive, dt = whole[i, ALIVE], now - real[i, TIME]
        for m in range(N_MODES):
            # without mixing: the state as it stands, carried on
            if (alive >> m) & 1 and m == BALLISTIC:
                carry_fall_with(
                    x[i, m], P[i, m], fit[i], dt, p, env, xo[m], Po[m], error[i], error_covariance[i], T[0], T[1], W[0],
                    Y, J, stages, lanes,
                )  # fmt: skip
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
            or now - p[P_LAG] - real[i, TIME] > p[P_COAST]
        ):
            status[i] = DELETED


@leaf
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
