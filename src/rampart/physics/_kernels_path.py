# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Compiled look-up of where packed flights are at a time."""

import math

from rampart.physics._jit import leaf


@leaf
def interpolate(offsets, time, position, velocity, when, out_position, out_velocity, alive):
    """Cubic Hermite of m flights at `when` (m,) into (m, 3), (m, 3) and a mask (m,); nan outside a flight's times."""
    for flight in range(offsets.shape[0] - 1):
        first, last = offsets[flight], offsets[flight + 1] - 1
        t = when[flight]
        alive[flight] = last >= first and time[first] <= t <= time[last]
        if not alive[flight]:
            for j in range(3):
                out_position[flight, j] = math.nan
                out_velocity[flight, j] = math.nan
            continue
        low, high = first, last
        while high - low > 1:
            middle = (low + high) // 2
            if time[middle] <= t:
                low = middle
            else:
                high = middle
        h = time[high] - time[low]
        s = (t - time[low]) / h if h > 0.0 else 0.0
        r = 1.0 - s
        for j in range(3):
            p0, p1, v0, v1 = position[low, j], position[high, j], velocity[low, j], velocity[high, j]
            out_position[flight, j] = r * r * (p0 * (1 + 2 * s) + h * v0 * s) + s * s * (p1 * (3 - 2 * s) - h * v1 * r)
            slope = 6.0 * s * r * (p1 - p0) / h if h > 0.0 else 0.0
            out_velocity[flight, j] = slope + r * (1.0 - 3.0 * s) * v0 + s * (3.0 * s - 2.0) * v1
