# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Compiled core of visibility: the geometric gates of `_kernels.refusal` at many places at once."""

import numpy as np

from rampart.physics._jit import kernel

from ._kernels import polar_of, refusal


@kernel
def view(face, position, velocity, smooth, ground, frame, gate, polar):
    """The first geometric gate that refuses a target at each place, into `gate` (n,) and `polar` (n, 4); no dice."""
    seen = np.empty(1, np.bool_)
    for i in range(gate.size):
        polar_of(position[i], velocity[i], face, polar[i])
        gate[i] = refusal(position[i : i + 1], polar[i], face, smooth, ground, frame, seen)
