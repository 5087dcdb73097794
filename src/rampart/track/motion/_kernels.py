"""Compiled motion models. A state is (7,): position, velocity [m, m/s], and the mode's own component.

Covariances are (7, 7), symmetric. A mode without an own component keeps its last row and column at zero, the last
diagonal element at one.
"""

import math

from rampart.physics._jit import leaf
from rampart.physics._kernels import rk4_step_jacobian
from rampart.track.constants import (
    BALLISTIC,
    CRUISE,
    HOVER,
    P_BALLISTIC,
    P_CRUISE,
    P_DRAG_WALK,
    P_HOVER,
    P_HOVER_TIME,
    P_STEP,
    P_THRUST_NOISE,
    P_THRUST_WALK,
    P_TURN,
    P_TURN_WALK,
    THRUST,
    TURN,
)

# Drag-to-mass of anything that falls fast enough to be tracked, generously [ln m2/kg]
LN_DRAG_LOW = math.log(1e-6)
LN_DRAG_HIGH = math.log(2e-3)
# Turn rates beyond this are not flown by anything tracked here [rad/s]
MAX_TURN = 1.2
# Longest step of the thrust model [s]: the flight path turns little in it
THRUST_STEP_S = 1.0


@leaf
def copy_mode(x, P, xo, Po):
    """Copy a state (7,) and its covariance (7, 7). Loops: slices would cost compile time."""
    for i in range(7):
        xo[i] = x[i]
        for j in range(7):
            Po[i, j] = P[i, j]


@leaf
def copy_row(source, target):
    """Copy one row of numbers. A loop: slices would cost compile time."""
    for i in range(len(source)):
        target[i] = source[i]


@leaf
def add_noise(P, q, dt):
    """White acceleration of density q [m2/s3] over dt [s], added to a covariance."""
    t = abs(dt)
    pp, pv, vv = q * t * t * t / 3.0, 0.5 * q * t * abs(t), q * t
    if dt < 0.0:
        pv = -pv
    for i in range(3):
        P[i, i] += pp
        P[i, i + 3] += pv
        P[i + 3, i] += pv
        P[i + 3, i + 3] += vv


@leaf
def transform(F, P, W, out):
    """F P F' into `out`, symmetric to the last bit; W is scratch. `out` may be P. Most of F is zero and is skipped."""
    for i in range(7):
        for j in range(7):
            W[i, j] = 0.0
        for k in range(7):
            f = F[i, k]
            if f != 0.0:
                for j in range(7):
                    W[i, j] += f * P[k, j]
    for j in range(7):
        for i in range(j + 1):
            out[i, j] = 0.0
        for k in range(7):
            f = F[j, k]
            if f != 0.0:
                for i in range(j + 1):
                    out[i, j] += f * W[i, k]
        for i in range(j):
            out[j, i] = out[i, j]


@leaf
def identity(F):
    """Write the unit matrix."""
    for i in range(7):
        for j in range(7):
            F[i, j] = 0.0
        F[i, i] = 1.0


@leaf
def predict_ballistic(x, P, dt, p, site, atmosphere, drag, xo, Po, W):
    """Coasting with drag by Runge-Kutta steps; W (3, 7, 7) scratch."""
    copy_mode(x, P, xo, Po)
    n = max(int(math.ceil(abs(dt) / p[P_STEP] - 1e-9)), 1)
    h = dt / n
    for _ in range(n):
        rk4_step_jacobian(xo, h, 0.0, site, atmosphere, drag, xo, W[0])
        transform(W[0], Po, W[1], Po)
    add_noise(Po, p[P_BALLISTIC], dt)
    Po[6, 6] += p[P_DRAG_WALK] * abs(dt)


@leaf
def predict_thrust(x, P, dt, p, g, xo, Po, W):
    """Constant acceleration x[6] along the velocity (thrust less drag) under gravity g [m/s2]."""
    copy_mode(x, P, xo, Po)
    n = max(int(math.ceil(abs(dt) / THRUST_STEP_S - 1e-9)), 1)
    h = dt / n
    F = W[0]
    for _ in range(n):
        speed = max(math.sqrt(xo[3] * xo[3] + xo[4] * xo[4] + xo[5] * xo[5]), 5.0)
        a, c = xo[6], 0.5 * h * h
        identity(F)
        for i in range(3):
            ui = xo[3 + i] / speed
            for j in range(3):
                s = -ui * xo[3 + j] / speed
                if i == j:
                    s += 1.0
                s *= a / speed
                F[i, 3 + j] += c * s
                F[3 + i, 3 + j] += h * s
            F[i, 3 + i] += h
            F[i, 6] = c * ui
            F[3 + i, 6] = h * ui
        s = a / speed
        for i in range(3):
            xo[i] += h * xo[3 + i] + c * s * xo[3 + i]
        for i in range(3):
            xo[3 + i] += h * s * xo[3 + i]
        xo[2] -= c * g
        xo[5] -= h * g
        transform(F, Po, W[1], Po)
    add_noise(Po, p[P_THRUST_NOISE], dt)
    Po[6, 6] += p[P_THRUST_WALK] * abs(dt)


@leaf
def predict_straight(x, P, dt, decay, q, xo, Po):
    """Straight flight (`decay` inf) or hover, where velocity dies away with time constant `decay` [s].

    Integrated Ornstein-Uhlenbeck process, white acceleration of density q; backwards in time it is taken as straight.
    """
    b, a = 1.0, dt
    if decay < math.inf and dt > 0.0:
        b = math.exp(-dt / decay)
        a = decay * (1.0 - b)
    for i in range(3):
        xo[i] = x[i] + a * x[3 + i]
        xo[3 + i] = b * x[3 + i]
    xo[6] = x[6]
    for i in range(3):
        for j in range(3):
            ppv, pvp, pvv = P[i, 3 + j], P[3 + i, j], P[3 + i, 3 + j]
            Po[i, j] = P[i, j] + a * (ppv + pvp) + a * a * pvv
            Po[i, 3 + j] = b * (ppv + a * pvv)
            Po[3 + i, j] = b * (pvp + a * pvv)
            Po[3 + i, 3 + j] = b * b * pvv
    for i in range(7):
        Po[i, 6] = 0.0
        Po[6, i] = 0.0
    Po[6, 6] = 1.0
    if b == 1.0:
        add_noise(Po, q, dt)
        return
    t = decay
    pp, pv, vv = q * t * t * (dt - 2.0 * a + 0.5 * t * (1.0 - b * b)), 0.5 * q * a * a, 0.5 * q * t * (1.0 - b * b)
    for i in range(3):
        Po[i, i] += pp
        Po[i, i + 3] += pv
        Po[i + 3, i] += pv
        Po[i + 3, i + 3] += vv


@leaf
def predict_turn(x, P, dt, p, xo, Po, W):
    """Level coordinated turn at rate x[6] [rad/s], anticlockwise positive; climb is straight.

    Bar-Shalom, Li and Kirubarajan (2001), Estimation with Applications to Tracking and Navigation, section 11.7.
    """
    w, t = x[6], dt
    wt = w * t
    s, c = math.sin(wt), math.cos(wt)
    if abs(wt) > 1e-4:
        sw, cw = s / w, (1.0 - c) / w
        dsw, dcw = (wt * c - s) / (w * w), (wt * s - 1.0 + c) / (w * w)
    else:
        sw, cw = t, 0.5 * w * t * t
        dsw, dcw = -w * t * t * t / 3.0, 0.5 * t * t
    vx, vy = x[3], x[4]
    F = W[0]
    identity(F)
    F[0, 3], F[0, 4], F[0, 6] = sw, -cw, dsw * vx - dcw * vy
    F[1, 3], F[1, 4], F[1, 6] = cw, sw, dcw * vx + dsw * vy
    F[2, 5] = t
    F[3, 3], F[3, 4], F[3, 6] = c, -s, -t * (s * vx + c * vy)
    F[4, 3], F[4, 4], F[4, 6] = s, c, t * (c * vx - s * vy)
    xo[0], xo[1], xo[2] = x[0] + sw * vx - cw * vy, x[1] + cw * vx + sw * vy, x[2] + t * x[5]
    xo[3], xo[4], xo[5], xo[6] = c * vx - s * vy, s * vx + c * vy, x[5], w
    transform(F, P, W[1], Po)
    add_noise(Po, p[P_TURN], dt)
    Po[6, 6] += p[P_TURN_WALK] * abs(dt)


@leaf
def predict_mode(mode, x, P, dt, p, site, atmosphere, drag, xo, Po, W):
    """Carry one mode's state and covariance over dt [s] into `xo`, `Po`; W (3, 7, 7) is scratch."""
    if mode == BALLISTIC:
        predict_ballistic(x, P, dt, p, site, atmosphere, drag, xo, Po, W)
    elif mode == THRUST:
        predict_thrust(x, P, dt, p, site[1], xo, Po, W)
    elif mode == CRUISE:
        predict_straight(x, P, dt, math.inf, p[P_CRUISE], xo, Po)
    elif mode == TURN:
        predict_turn(x, P, dt, p, xo, Po, W)
    elif mode == HOVER:
        predict_straight(x, P, dt, p[P_HOVER_TIME], p[P_HOVER], xo, Po)


@leaf
def clamp_own(mode, x):
    """Keep a mode's own component within what is physical."""
    if mode == BALLISTIC:
        x[6] = min(max(x[6], LN_DRAG_LOW), LN_DRAG_HIGH)
    elif mode == TURN:
        x[6] = min(max(x[6], -MAX_TURN), MAX_TURN)
