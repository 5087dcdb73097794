"""Compiled core of scoring: which flight a track belongs to, how far a point is from a zone."""

import math

from rampart.physics._jit import kernel, leaf


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


@leaf
def distances(points, polygon, out):
    """Distance of points (n, 2) from a polygon (m, 2) into `out` (n,), 0 inside by the even-odd rule."""
    m = polygon.shape[0]
    for i in range(points.shape[0]):
        x, y = points[i, 0], points[i, 1]
        inside, least = False, math.inf
        for j in range(m):
            east, north = polygon[j, 0], polygon[j, 1]
            k = j + 1 if j + 1 < m else 0
            dx, dy = polygon[k, 0] - east, polygon[k, 1] - north
            along = ((x - east) * dx + (y - north) * dy) / max(dx * dx + dy * dy, 1e-12)
            along = min(max(along, 0.0), 1.0)
            gap = math.hypot(x - east - along * dx, y - north - along * dy)
            if not gap >= least:
                least = gap
            if (north > y) != (polygon[k, 1] > y) and x < east + (y - north) * dx / (dy if dy != 0.0 else 1.0):
                inside = not inside
        out[i] = 0.0 if inside else least
