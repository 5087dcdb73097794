"""Compiled core of the ground: heights at places, rays over it."""

import math

from rampart.physics._jit import leaf
from rampart.physics._kernels import ground_height


@leaf
def ground_heights(east, north, ground, frame, heights):
    """Height of the ground at n places into `heights` (n,)."""
    for i in range(east.shape[0]):
        heights[i] = ground_height(east[i], north[i], ground, frame)


@leaf
def see_over_smooth(sensor, targets, level, radius, seen):
    """Within the horizon distance of a smooth Earth of the given (effective) radius; heights over the plane `level`."""
    reach = math.sqrt(2.0 * radius * max(sensor[2] - level, 0.0))
    for i in range(targets.shape[0]):
        above = targets[i, 2] - level
        dx, dy = targets[i, 0] - sensor[0], targets[i, 1] - sensor[1]
        far = reach + math.sqrt(2.0 * radius * max(above, 0.0))
        seen[i] = above >= 0.0 and sensor[2] >= level and dx * dx + dy * dy <= far * far


@leaf
def see_over_grid(sensor, targets, ground, frame, bend, seen):
    """Rays over a grid; a ray lies `bend` s (D - s) above its chord, s along and D the whole ground distance."""
    for i in range(targets.shape[0]):
        seen[i] = _sees(sensor, targets[i, 0], targets[i, 1], targets[i, 2], ground, frame, bend)


@leaf
def _sees(sensor, x, y, z, ground, frame, bend):
    dx, dy, dz = x - sensor[0], y - sensor[1], z - sensor[2]
    if z < ground_height(x, y, ground, frame) or sensor[2] < ground_height(sensor[0], sensor[1], ground, frame):
        return False
    if not (math.isfinite(dx) and math.isfinite(dy) and math.isfinite(dz)):
        return False
    distance = math.sqrt(dx * dx + dy * dy)
    steps = int(math.ceil(2.0 * distance * frame[2]))
    for j in range(1, steps):
        s = j / steps
        height = sensor[2] + s * dz + bend * s * (1.0 - s) * distance * distance
        # above the highest ground nothing hides the ray
        if height < frame[4] and height < ground_height(sensor[0] + s * dx, sensor[1] + s * dy, ground, frame):
            return False
    return True
