"""Compiled core of the threats: wandering flight, and flights back from an arrival."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.physics._kernels import LANDED, TIMED_OUT, ground_height
from rampart.physics._kernels_flight import fly

# What `launch_height` says where there is no launch: on the ground before the boost, or too fast for any [m]
TOO_LOW, TOO_HIGH = -1e6, 1e6


@leaf
def _steps(length, step):
    """A time in whole steps, and what is left over."""
    steps = math.floor(length / step + 1e-9)
    last = length - steps * step
    return int(steps), last if last > 1e-9 else 0.0


@leaf
def _square(a):
    """Square of a number, and what rounding takes from it (Dekker 1971)."""
    t = 134217729.0 * a  # 2 ** 27 + 1
    high = t - (t - a)
    low = a - high
    p = a * a
    return p, ((high * high - p) + 2.0 * high * low) + low * low


@leaf
def _length(x, y, z):
    """Length of a vector, rounded once, as `math.hypot` gives it: what is searched by it ends on the same bits."""
    px, ex = _square(x)
    py, ey = _square(y)
    pz, ez = _square(z)
    s = px + py
    part = s - px
    lost = (px - (s - part)) + (py - part)
    total = s + pz
    part = total - s
    lost += (s - (total - part)) + (pz - part)
    r = math.sqrt(total)
    if not r > 0.0:
        return r
    pr, er = _square(r)
    return r + (((total - pr) - er) + ((lost + ex) + (ey + ez))) / (2.0 * r)


@kernel
def launch_height(
    state, step, coast_s, boost_s, rail_speed, top_speed, site, atmosphere, drag, ground, frame, coast, boost
):
    """How high above the ground a boost begins [m], flown back from an arrival (7,); see `ballistic.fly_back`.

    Fills `coast` (7 columns) as `fly` does; `boost` is work space of the same kind. Returns the height, the number of
    rows of the coast, and the acceleration of the boost, with which it ends at `rail_speed` [m/s].
    """
    steps, last = _steps(coast_s, step)
    count, status = fly(state, -step, steps, -last, 0.0, True, site, atmosphere, drag, ground, frame, coast)
    if status == LANDED:
        return TOO_LOW, count, 0.0
    if status != TIMED_OUT:
        return TOO_HIGH, count, 0.0
    speed = 0.0
    for n in range(count):
        vx, vy, vz = coast[n, 4], coast[n, 5], coast[n, 6]
        speed = math.sqrt(vx * vx + vy * vy + vz * vz)
        if not speed < top_speed:  # nor where the numbers were left behind
            return TOO_HIGH, count, 0.0
    burnout = np.append(coast[count - 1, 1:], state[6])
    steps, last = _steps(boost_s, step)
    # below what is needed, as gravity and drag take their share: the speed then falls to the rail's from above
    thrust = (speed - rail_speed) / boost_s
    for _ in range(50):
        n, _ = fly(burnout, -step, steps, -last, thrust, False, site, atmosphere, drag, ground, frame, boost)
        start = boost[n - 1]
        speed = _length(start[4], start[5], start[6])
        # drag can carry a flight back in time out of all bounds: then go on in steps of 300 m/s
        over = speed - rail_speed if speed < 300.0 else 300.0
        if abs(over) < 1e-9:
            return start[3] - ground_height(start[1], start[2], ground, frame), count, thrust
        thrust += over / boost_s
    return TOO_HIGH, count, 0.0


@kernel
def wander(step_s, centre, radius, speed, turn_sigma, turn_time_s, start, heading, noise, out):
    """Walk n flyers: level, each at its speed, the turn rate an Ornstein-Uhlenbeck process, back when outside.

    start (n, 2), heading (n,) clockwise from north [rad], speed (n,) [m/s], noise (n, k) normal draws; fills `out`
    (n, k + 1, 2) with places every `step_s`. turn_sigma [rad/s] and turn_time_s are those of the process.
    """
    n, steps = noise.shape
    keep = math.exp(-step_s / turn_time_s)
    kick = turn_sigma * math.sqrt(1.0 - keep * keep)
    for i in range(n):
        x, y, h, rate = start[i, 0], start[i, 1], heading[i], 0.0
        out[i, 0, 0], out[i, 0, 1] = x, y
        for j in range(steps):
            rate = keep * rate + kick * noise[i, j]
            turn = rate
            dx, dy = centre[0] - x, centre[1] - y
            if dx * dx + dy * dy > radius * radius:
                off = math.atan2(dx, dy) - h
                off -= 2.0 * math.pi * math.floor((off + math.pi) / (2.0 * math.pi))
                turn = min(max(off / turn_time_s, -3.0 * turn_sigma), 3.0 * turn_sigma)
            middle = h + 0.5 * turn * step_s
            x += step_s * speed[i] * math.sin(middle)
            y += step_s * speed[i] * math.cos(middle)
            h += turn * step_s
            out[i, j + 1, 0], out[i, j + 1, 1] = x, y
