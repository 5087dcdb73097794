"""What the flight model may have wrong: a wind that differs from the profile, a drag curve of another shape.

Four numbers stand for it: the wind's error east and north [m/s], the same at all heights, and the ln of the drag
coefficient's error about Mach 0.9 and above Mach 1. At low Mach numbers the curve's error is one of the drag-to-mass
ratio, which everybody estimates anyway. Between them these two bends span most of what tells the standard shapes apart.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from rampart.physics._kernels import PIECES_PER_MACH
from rampart.physics.drag import drag_table

Floats = NDArray[np.float64]

#: How many numbers.
N_ERRORS = 4
#: Size of a change of each that is small and still far above rounding [m/s, m/s, 1, 1].
PROBE = (1.0, 1.0, 0.1, 0.1)

# A bump of the transonic rise, and what lies above it: ln Cd by Mach number, linear between
_MACH = (0.0, 0.6, 0.9, 1.05, 1.2, 5.0)
_RISE = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
_ABOVE = (0.0, 0.0, 0.0, 1.0, 1.0, 1.0)


def bend_drag(table: Floats, rise: float, above: float) -> Floats:
    """A drag table (n, 4) with its Cd times exp(`rise`) about Mach 0.9 and times exp(`above`) from Mach 1.05 on.

    Examples
    --------
    >>> bent = bend_drag(drag_table("g1"), 0.2, -0.1)
    >>> bool(bent[20, 0] == 1.0), round(float(bent[36, 0] / drag_table("g1")[36, 0]), 4)
    (True, 1.2214)
    """
    edge = np.arange(len(table) + 1) / PIECES_PER_MACH
    factor = np.exp(rise * np.interp(edge, _MACH, _RISE) + above * np.interp(edge, _MACH, _ABOVE))
    low, step = factor[:-1], np.diff(factor)
    bent = table * low[:, None]
    # times a factor that is linear inside a piece; what that makes of fourth degree is below 1e-6 and left out
    bent[:, 1:] += table[:, :3] * step[:, None]
    return bent


def shift_wind(atmosphere: Floats, east_ms: float, north_ms: float) -> Floats:
    """An atmosphere table (n, 8) with another wind, at all heights."""
    shifted = atmosphere.copy()
    shifted[:, 4] += east_ms
    shifted[:, 6] += north_ms
    return shifted


def probe_winds(atmosphere: Floats) -> Floats:
    """The atmosphere with each wind error of `PROBE` (2, n, 8)."""
    return np.ascontiguousarray([shift_wind(atmosphere, PROBE[0], 0.0), shift_wind(atmosphere, 0.0, PROBE[1])])


@cache
def probe_drags(shape: str) -> Floats:
    """The drag table of a shape with each bend of `PROBE` (2, n, 4), read-only."""
    table = drag_table(shape)
    bent = np.ascontiguousarray([bend_drag(table, PROBE[2], 0.0), bend_drag(table, 0.0, PROBE[3])])
    bent.setflags(write=False)
    return bent
