# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Compiled paths: predictions as the kernels that look for shots read them, and how probably they hit."""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.physics.area._kernels import hit_all


@leaf
def write_shown(
    at, of, start_ns, impact_kind, track_ns, covariance, kind, time_ns, impact_ns, position, velocity, impact,
    impact_velocity, path, shown_covariance, valid_s,
):  # fmt: skip
    """Predictions `of` (m,) as paths (m, 14), with covariance (m, 6, 6) and validity [s] (m,) of the tracks `at` (m,).

    A path is begin and end [s], place and velocity at both. What does not fall flies straight, at the speed that takes
    it to its corridor's end. Returns whether all paths are finite.
    """
    finite = True
    for m in range(of.size):
        k, row = of[m], path[m]
        row[0], row[1] = (time_ns[k] - start_ns) * 1e-9, (impact_ns[k] - start_ns) * 1e-9
        span = max(row[1] - row[0], 1e-9)
        for a in range(3):
            row[2 + a], row[8 + a] = position[k, a], impact[k, a]
            if kind[k] == impact_kind:
                row[5 + a], row[11 + a] = velocity[k, a], impact_velocity[k, a]
            else:
                row[5 + a] = (impact[k, a] - position[k, a]) / span
                row[11 + a] = row[5 + a]
        for a in range(row.size):
            finite = finite and math.isfinite(row[a])
        valid_s[m] = (track_ns[at[m]] - start_ns) * 1e-9
        for i in range(6):
            for j in range(6):
                shown_covariance[m, i, j] = covariance[at[m], i, j]
    return finite


@kernel
def likeliest(impact, covariance, corners, first, radius, centre, extent, convex, pieces, piece, out):
    """Greatest probability that each impact (m, 3) with covariance (m, 2, 2) lies in an area, into `out` (m,).

    `corners` to `piece` are `Areas.arrays` of one area or more.
    """
    chances = np.empty((impact.shape[0], radius.shape[0]))
    hit_all(impact, covariance, corners, first, radius, centre, extent, convex, pieces, piece, chances)
    for i in range(chances.shape[0]):
        out[i] = chances[i, 0]
        for j in range(1, chances.shape[1]):
            out[i] = max(out[i], chances[i, j])
