"""What the flight model may have wrong: a wind that differs from the profile, a drag curve of another shape.

Four numbers stand for it: the wind's error east and north [m/s], the same at all heights, and how far the drag curve
bends from one standard shape towards two others: from G1 towards G7 (slender bodies, whose drag rises later) and
towards the sphere (what tumbles). At low Mach numbers a curve's error is one of the drag-to-mass ratio, which everybody
estimates anyway. The bends are scaled so that one is about the greatest change of ln Cd that it makes.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from rampart.physics._kernels import PIECES_PER_MACH
from rampart.physics.drag import TOP_MACH, drag_coefficient, drag_table, reference_coefficient

Floats = NDArray[np.float64]

#: How many numbers.
N_ERRORS = 4
#: Size of a change of each that is small and still far above rounding [m/s, m/s, 1, 1].
PROBE = (1.0, 1.0, 0.1, 0.1)

# ln Cd that tells G7, and the sphere, from G1 about Mach 1 (0.9 and 1.1): makes one unit of a bend of them
_G7_UNIT = 0.3
_SPHERE_UNIT = 0.5


@cache
def _bends() -> Floats:
    """Change of ln Cd by a unit of each bend, at the ends of a drag table's pieces (2, n + 1)."""
    mach = np.arange(round(TOP_MACH * PIECES_PER_MACH) + 1) / PIECES_PER_MACH
    g1, g7, sphere = (np.log(drag_coefficient(s, mach) / reference_coefficient(s)) for s in ("g1", "g7", "sphere"))
    return np.array([(g7 - g1) / _G7_UNIT, (sphere - g1) / _SPHERE_UNIT])


def bend_drag(table: Floats, slender: float, tumbling: float) -> Floats:
    """A drag table (n, 4) bent towards G7 by `slender` and towards the sphere by `tumbling`.

    Examples
    --------
    >>> bent = bend_drag(drag_table("g1"), 0.3, 0.0)
    >>> bool(np.abs(bent[:, 0] / drag_table("g7")[:, 0] - 1.0).max() < 1e-9)
    True
    """
    factor = np.exp(slender * _bends()[0] + tumbling * _bends()[1])
    bent = table * factor[:-1, None]
    # times a factor that is linear inside a piece; its term of fourth degree is put to the third, so that pieces join
    step = np.diff(factor)[:, None]
    bent[:, 1:] += table[:, :3] * step
    bent[:, 3] += table[:, 3] * step[:, 0]
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
