# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Compiled flights: many at once to the ground in lanes, or one with all its steps."""

import math

import numba
import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.physics._kernels import INVALID, LANDED, TIMED_OUT, UNDERGROUND, ground_height, rk4_step, rk4_step_inline
from rampart.physics._kernels_memory import read_lane, write_lane

# Flights that a core carries side by side: two to four vectors deep, so that table look-ups of one hide behind others.
LANES = 16
# A start this close to the ground counts as on it [m].
TOUCH_M = 1e-3

# Lanes are stepped in groups of this many, the last of which may be idle: a whole vector costs what two lanes alone do.
GROUP = 1 if numba.config.DISABLE_JIT else 8

# A block of lanes is one flat array of rows: the state, k, the step, the time, and the state at the start of the step.
_K, _H, _T, _OLD, _ROWS = 6, 7, 8, 9, 15

_FLYING, _LANDING = 0, 1


@leaf
def _step_lanes(block, m, site, atmosphere, drag):
    """One Runge-Kutta step of m lanes; the state before it is kept in the rows from _OLD."""
    for i in range(m):
        x, y, z = read_lane(block, i), read_lane(block, LANES + i), read_lane(block, 2 * LANES + i)
        vx, vy, vz = (
            read_lane(block, 3 * LANES + i),
            read_lane(block, 4 * LANES + i),
            read_lane(block, 5 * LANES + i),
        )
        k, h = read_lane(block, _K * LANES + i), read_lane(block, _H * LANES + i)
        x1, y1, z1, vx1, vy1, vz1 = rk4_step_inline(x, y, z, vx, vy, vz, k, h, 0.0, site, atmosphere, drag)
        _write_state(block, i + _OLD * LANES, x, y, z, vx, vy, vz)
        _write_state(block, i, x1, y1, z1, vx1, vy1, vz1)


@leaf(forceinline=True)
def _write_state(block, i, x, y, z, vx, vy, vz):
    write_lane(block, i, x)
    write_lane(block, LANES + i, y)
    write_lane(block, 2 * LANES + i, z)
    write_lane(block, 3 * LANES + i, vx)
    write_lane(block, 4 * LANES + i, vy)
    write_lane(block, 5 * LANES + i, vz)


@leaf
def _hermite(s, h, p0, v0, p1, v1):
    """Cubic between two ends of a step, at the fraction s."""
    r = 1.0 - s
    return r * r * (p0 * (1.0 + 2.0 * s) + h * v0 * s) + s * s * (p1 * (3.0 - 2.0 * s) - h * v1 * r)


@leaf
def _gap(s, h, a, b, ground, frame):
    """Height over the ground at the fraction s of the step from state a to state b."""
    x = _hermite(s, h, a[0], a[3], b[0], b[3])
    y = _hermite(s, h, a[1], a[4], b[1], b[4])
    return _hermite(s, h, a[2], a[5], b[2], b[5]) - ground_height(x, y, ground, frame)


@leaf
def _crossing(h, a, b, ground, frame):
    """Fraction of a step at which it comes down through the ground; 2 if it does not, -1 if it stays under it.

    Over a grid the step is looked at once per cell, so that a hill between its ends is not flown through.
    """
    gap = a[2] - ground_height(a[0], a[1], ground, frame)
    end = b[2] - ground_height(b[0], b[1], ground, frame)
    pieces = 1 if gap > 0.0 else 4
    if frame[4] > frame[3]:
        dx, dy = b[0] - a[0], b[1] - a[1]
        pieces = min(max(pieces, 1 + int(math.sqrt(dx * dx + dy * dy) * frame[2])), 64)
    low, low_gap = 0.0, gap
    for j in range(1, pieces + 1):
        high = j / pieces
        high_gap = end if j == pieces else _gap(high, h, a, b, ground, frame)
        if j == 1 and abs(gap) <= TOUCH_M and high_gap <= 0.0:
            # off the ground and back onto it within the piece: look for the hop
            low, low_gap, high, high_gap = _hop(high, high_gap, h, a, b, ground, frame)
            if low_gap <= 0.0:
                return 0.0
        if low_gap > 0.0 and high_gap <= 0.0:
            return _root(low, low_gap, high, high_gap, h, a, b, ground, frame)
        low, low_gap = high, high_gap
    if end <= 0.0 and gap <= 0.0 and h * b[5] <= 0.0:
        return -1.0
    return 2.0


@leaf
def _hop(high, high_gap, h, a, b, ground, frame):
    """Ends of a bracket, above and below the ground, of a flight that starts on it and is below it at `high`.

    The gap at the lower end is zero if there is no hop that lasts longer than a millionth of `high`.
    """
    for _ in range(20):
        low = 0.5 * high
        low_gap = _gap(low, h, a, b, ground, frame)
        if low_gap > 0.0:
            return low, low_gap, high, high_gap
        high, high_gap = low, low_gap
    return 0.0, 0.0, high, high_gap


@leaf
def _root(low, low_gap, high, high_gap, h, a, b, ground, frame):
    """Zero of the gap between low (above the ground) and high: regula falsi with the Illinois rule, to 0.1 mm."""
    s, side = high, 0
    for _ in range(40):
        s = (low * high_gap - high * low_gap) / (high_gap - low_gap)
        g = _gap(s, h, a, b, ground, frame)
        if abs(g) < 1e-4 or high - low < 1e-9:
            break
        if g > 0.0:
            low, low_gap = s, g
            high_gap = 0.5 * high_gap if side > 0 else high_gap
            side = 1
        else:
            high, high_gap = s, g
            low_gap = 0.5 * low_gap if side < 0 else low_gap
            side = -1
    return s


@leaf
def _touch_down(state, t, ground, frame):
    """Move a state that is within a step's error of the ground onto it, along its velocity; returns the time there."""
    for _ in range(5):
        height = ground_height(state[0], state[1], ground, frame)
        gap = state[2] - height
        if abs(gap) < 1e-7:
            break
        rate = _leaving(state, height, ground, frame)
        dt = -gap / rate if rate != 0.0 else 0.0
        # on a border between two slopes this can mislead: never by more than 10 ms
        dt = min(max(dt, -0.01), 0.01)
        state[0] += dt * state[3]
        state[1] += dt * state[4]
        state[2] += dt * state[5]
        t += dt
    return t


@leaf
def _start_status(state, h, ground, frame):
    """Status of a flight that ends where it starts; -1 for one that flies."""
    for j in range(7):
        if not math.isfinite(state[j]):
            return INVALID
    height = ground_height(state[0], state[1], ground, frame)
    gap, rate = state[2] - height, state[5]
    if gap > TOUCH_M:
        return -1
    if gap >= -TOUCH_M:
        rate = _leaving(state, height, ground, frame)
    if h * rate > 0.0:
        return -1
    return LANDED if gap >= -TOUCH_M else UNDERGROUND


@leaf
def _leaving(state, height, ground, frame):
    """Rate at which a state gains height over the ground, whose height is `height` there [m/s]."""
    if frame[4] == frame[3]:
        return state[5]
    # the slope close by: a centimetre or so ahead
    ahead = ground_height(state[0] + 1e-4 * state[3], state[1] + 1e-4 * state[4], ground, frame)
    return state[5] - (ahead - height) * 1e4


@kernel
def fly_to_ground(states, h, max_time, site, atmosphere, drag, ground, frame, landings, status):
    """Fly n states (n, 7) to the ground; h < 0 flies back in time.

    Fills `landings` (n, 7): position, velocity, time since the state (below zero for h < 0), and `status` (n,). Each
    flight is computed alone in its lane, so neither order nor size of the batch changes a bit of it.
    """
    _fly_lanes(
        states, h, max_time, site, atmosphere, drag, ground, frame, landings, status, np.zeros(_ROWS * LANES),
        np.empty((2, LANES), np.int64), np.empty((2, 6)),
    )  # fmt: skip


@leaf
def _fly_lanes(states, h, max_time, site, atmosphere, drag, ground, frame, landings, status, block, lanes, ends):
    """`fly_to_ground`; `block`, `lanes` (2, LANES) and `ends` (2, 6) are scratch."""
    n, flight, phase, a, b = states.shape[0], lanes[0], lanes[1], ends[0], ends[1]
    coming, m = 0, 0
    plenty = max_time - abs(h) - 1e-9
    while True:
        while m < LANES and coming < n:
            status[coming] = _start_status(states[coming], h, ground, frame)
            for j in range(6):
                landings[coming, j] = states[coming, j]
            landings[coming, 6] = 0.0
            if status[coming] < 0:
                for j in range(6):
                    block[j * LANES + m] = states[coming, j]
                block[_K * LANES + m] = math.exp(states[coming, 6])
                block[_H * LANES + m] = math.copysign(min(abs(h), max_time), h)
                block[_T * LANES + m] = 0.0
                flight[m], phase[m] = coming, _FLYING
                m += 1
            coming += 1
        if m == 0:
            break
        _step_lanes(block, m if m < 3 else -(-m // GROUP) * GROUP, site, atmosphere, drag)
        i = 0
        while i < m:
            block[_T * LANES + i] += block[_H * LANES + i]
            # most lanes are high up and have time: only the others are looked at. A nan fails the first comparison too.
            if block[2 * LANES + i] > frame[4] and abs(block[_T * LANES + i]) < plenty and phase[i] == _FLYING:
                i += 1
                continue
            done = _judge(block, i, phase, h, max_time, ground, frame, a, b)
            if done < 0:
                i += 1
                continue
            row = flight[i]
            status[row] = done
            for j in range(6):
                landings[row, j] = b[j]
            landings[row, 6] = block[_T * LANES + i]
            # the last lane takes the empty place; its own verdict is still to come
            m -= 1
            for j in range(_ROWS):
                block[j * LANES + i] = block[j * LANES + m]
            flight[i], phase[i] = flight[m], phase[m]


@leaf
def _judge(block, i, phase, h, max_time, ground, frame, a, b):
    """After a step of lane i: its final status with the state in `b`, or -1 if it flies on."""
    for j in range(6):
        b[j] = block[j * LANES + i]
    if phase[i] == _LANDING:
        block[_T * LANES + i] = _touch_down(b, block[_T * LANES + i], ground, frame)
        return LANDED
    # a nan fails this comparison too
    if not b[2] > frame[4]:
        if not math.isfinite(b[2]):
            return INVALID
        for j in range(6):
            a[j] = block[(_OLD + j) * LANES + i]
        s = _crossing(block[_H * LANES + i], a, b, ground, frame)
        if s < 0.0:
            return UNDERGROUND
        if s <= 1.0:
            # fly this step again, but only as far as the ground
            block[_T * LANES + i] -= block[_H * LANES + i]
            block[_H * LANES + i] *= s
            phase[i] = _LANDING
            for j in range(6):
                block[j * LANES + i] = a[j]
            return -1
    left = max_time - abs(block[_T * LANES + i])
    if left <= 1e-9:
        return TIMED_OUT
    block[_H * LANES + i] = math.copysign(min(abs(h), left), h)
    return -1


@kernel
def fly(state, h, steps, last, thrust, stop, site, atmosphere, drag, ground, frame, rows):
    """Fly one state (7,) by `steps` steps of h and one of `last` seconds; h < 0 flies back in time.

    Fills `rows` (steps + 2, 7): time since the state, position, velocity, from the state on. With `stop` it ends on the
    ground. Returns the number of rows and the status.
    """
    a, b = np.empty(6), np.empty(6)
    k = math.exp(state[6])
    rows[0, 0] = 0.0
    for j in range(6):
        a[j] = state[j]
        rows[0, 1 + j] = state[j]
    if stop:
        start = _start_status(state, h, ground, frame)
        if start >= 0:
            return 1, start
    for n in range(1, steps + 2):
        dt = last if n == steps + 1 else h
        if dt == 0.0:
            return n, TIMED_OUT
        b[0], b[1], b[2], b[3], b[4], b[5] = rk4_step(
            a[0], a[1], a[2], a[3], a[4], a[5], k, dt, thrust, site, atmosphere, drag
        )
        rows[n, 0] = (n - 1) * h + dt
        done = -1
        if not math.isfinite(b[2]):
            return n, INVALID
        if stop and b[2] <= frame[4]:
            s = _crossing(dt, a, b, ground, frame)
            if s < 0.0:
                return n, UNDERGROUND
            if s <= 1.0:
                b[0], b[1], b[2], b[3], b[4], b[5] = rk4_step(
                    a[0], a[1], a[2], a[3], a[4], a[5], k, s * dt, thrust, site, atmosphere, drag
                )
                rows[n, 0] = _touch_down(b, (n - 1) * h + s * dt, ground, frame)
                done = LANDED
        for j in range(6):
            a[j] = b[j]
            rows[n, 1 + j] = b[j]
        if done >= 0:
            return n + 1, done
    return steps + 2, TIMED_OUT
