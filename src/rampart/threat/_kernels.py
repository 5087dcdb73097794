"""Compiled core of the threats: wandering flight, and coasts back from an arrival."""

import math

from rampart.physics._jit import kernel
from rampart.physics._kernels_flight import fly


@kernel
def coast_back(state, step_s, steps, last_s, top_speed, site, atmosphere, drag, ground, frame, rows):
    """Coast back in time from an arrival (7,) by `steps` steps and one of `last_s`: fills `rows` as `fly` does.

    Returns the number of rows, the status, and whether it was slower than `top_speed` all the way [m/s].
    """
    count, status = fly(state, -step_s, steps, -last_s, 0.0, True, site, atmosphere, drag, ground, frame, rows)
    for n in range(count):
        vx, vy, vz = rows[n, 4], rows[n, 5], rows[n, 6]
        if not math.sqrt(vx * vx + vy * vy + vz * vz) < top_speed:  # nor where the numbers were left behind
            return count, status, False
    return count, status, True


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
