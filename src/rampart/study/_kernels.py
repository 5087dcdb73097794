"""Compiled core of scoring."""

import math

from rampart.physics._jit import kernel


@kernel
def claim(i, until_s, knot_s, position, velocity, start_ns, time_ns, state, nearest, distance):
    """Give flight `i` the rows that it is nearer to than what they belong to: `nearest` (n,), `distance` (n,) [m].

    The flight is the cubic Hermite curve through its knots (k,), (k, 3), (k, 3), up to `until_s` [s]. The rows are of
    tracks: time_ns (n,) [ns UTC], state (n, >= 3) [m]; the run began at `start_ns`.
    """
    last = knot_s.size - 2
    k = 0
    for row in range(time_ns.size):
        when = (time_ns[row] - start_ns) * 1e-9
        if when < knot_s[0] or when > min(knot_s[last + 1], until_s):
            continue
        while k < last and knot_s[k + 1] <= when:
            k += 1
        while knot_s[k] > when:
            k -= 1
        length, s = knot_s[k + 1] - knot_s[k], when - knot_s[k]
        total = 0.0
        for j in range(3):
            slope = (position[k + 1, j] - position[k, j]) / length
            bend = (velocity[k, j] + velocity[k + 1, j] - 2.0 * slope) / length
            square, cube = (slope - velocity[k, j]) / length - bend, bend / length
            there = position[k, j] + velocity[k, j] * s + square * (s * s) + cube * (s * s * s)
            total += (there - state[row, j]) * (there - state[row, j])
        gap = math.sqrt(total)
        if gap < distance[row]:
            nearest[row], distance[row] = i, gap
