"""Generic drag: how the drag coefficient of a shape runs with the Mach number.

Drag decelerates by k rho (Cd(M) / Cd_ref) V v_rel, with k = Cd_ref S / (2 m) in m2/kg the drag-to-mass ratio of a
state. Cd_ref is the shape's own Cd at Mach 0.5, where drag hardly changes with speed: k is the subsonic drag-to-mass
ratio, half the inverse of a subsonic ballistic coefficient m / (Cd S), and it means the same under every shape. Three
shapes stand for all bodies: a blunt-based one (g1), a slender one (g7), and a sphere for anything that tumbles.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

from rampart.errors import InputError
from rampart.physics._kernels import PIECES_PER_MACH

Floats = NDArray[np.float64]

REFERENCE_MACH = 0.5
TOP_MACH = 5.0

# Mach number: Cd. G1 (flat base, 2-calibre ogive) and G7 (boat tail, 10-calibre ogive) are the standard projectiles
# of the US Army Ballistic Research Laboratory; the numbers are the published ones: R. L. McCoy, Modern Exterior
# Ballistics (1999), chapter 9.
_G1 = (
    (0.0, 0.2629), (0.05, 0.2558), (0.1, 0.2487), (0.15, 0.2413), (0.2, 0.2344), (0.25, 0.2278), (0.3, 0.2214),
    (0.35, 0.2155), (0.4, 0.2104), (0.45, 0.2061), (0.5, 0.2032), (0.55, 0.2020), (0.6, 0.2034), (0.7, 0.2165),
    (0.725, 0.2230), (0.75, 0.2313), (0.775, 0.2417), (0.8, 0.2546), (0.825, 0.2706), (0.85, 0.2901), (0.875, 0.3136),
    (0.9, 0.3415), (0.925, 0.3734), (0.95, 0.4084), (0.975, 0.4448), (1.0, 0.4805), (1.025, 0.5136), (1.05, 0.5427),
    (1.075, 0.5677), (1.1, 0.5883), (1.125, 0.6053), (1.15, 0.6191), (1.2, 0.6393), (1.25, 0.6518), (1.3, 0.6589),
    (1.35, 0.6621), (1.4, 0.6625), (1.45, 0.6607), (1.5, 0.6573), (1.55, 0.6528), (1.6, 0.6474), (1.65, 0.6413),
    (1.7, 0.6347), (1.75, 0.6280), (1.8, 0.6210), (1.85, 0.6141), (1.9, 0.6072), (1.95, 0.6003), (2.0, 0.5934),
    (2.05, 0.5867), (2.1, 0.5804), (2.15, 0.5743), (2.2, 0.5685), (2.25, 0.5630), (2.3, 0.5577), (2.35, 0.5527),
    (2.4, 0.5481), (2.45, 0.5438), (2.5, 0.5397), (2.6, 0.5325), (2.7, 0.5264), (2.8, 0.5211), (2.9, 0.5168),
    (3.0, 0.5133), (3.1, 0.5105), (3.2, 0.5084), (3.3, 0.5067), (3.4, 0.5054), (3.5, 0.5040), (3.6, 0.5030),
    (3.7, 0.5022), (3.8, 0.5016), (3.9, 0.5010), (4.0, 0.5006), (4.2, 0.4998), (4.4, 0.4995), (4.6, 0.4992),
    (4.8, 0.4990), (5.0, 0.4988),
)  # fmt: skip
_G7 = (
    (0.0, 0.1198), (0.05, 0.1197), (0.1, 0.1196), (0.15, 0.1194), (0.2, 0.1193), (0.25, 0.1194), (0.3, 0.1194),
    (0.35, 0.1194), (0.4, 0.1193), (0.45, 0.1193), (0.5, 0.1194), (0.55, 0.1193), (0.6, 0.1194), (0.65, 0.1197),
    (0.7, 0.1202), (0.725, 0.1207), (0.75, 0.1215), (0.775, 0.1226), (0.8, 0.1242), (0.825, 0.1266), (0.85, 0.1306),
    (0.875, 0.1368), (0.9, 0.1464), (0.925, 0.1660), (0.95, 0.2054), (0.975, 0.2993), (1.0, 0.3803), (1.025, 0.4015),
    (1.05, 0.4043), (1.075, 0.4034), (1.1, 0.4014), (1.125, 0.3987), (1.15, 0.3955), (1.2, 0.3884), (1.25, 0.3810),
    (1.3, 0.3732), (1.35, 0.3657), (1.4, 0.3580), (1.5, 0.3440), (1.55, 0.3376), (1.6, 0.3315), (1.65, 0.3260),
    (1.7, 0.3209), (1.75, 0.3160), (1.8, 0.3117), (1.85, 0.3078), (1.9, 0.3042), (1.95, 0.3010), (2.0, 0.2980),
    (2.05, 0.2951), (2.1, 0.2922), (2.15, 0.2892), (2.2, 0.2864), (2.25, 0.2835), (2.3, 0.2807), (2.35, 0.2779),
    (2.4, 0.2752), (2.45, 0.2725), (2.5, 0.2697), (2.55, 0.2670), (2.6, 0.2643), (2.65, 0.2615), (2.7, 0.2588),
    (2.75, 0.2561), (2.8, 0.2533), (2.85, 0.2506), (2.9, 0.2479), (2.95, 0.2451), (3.0, 0.2424), (3.1, 0.2368),
    (3.2, 0.2313), (3.3, 0.2258), (3.4, 0.2205), (3.5, 0.2154), (3.6, 0.2106), (3.7, 0.2060), (3.8, 0.2017),
    (3.9, 0.1975), (4.0, 0.1935), (4.2, 0.1861), (4.4, 0.1793), (4.6, 0.1730), (4.8, 0.1672), (5.0, 0.1618),
)  # fmt: skip
# Smooth sphere fired at Reynolds numbers below the drag crisis: Charters and Thomas, "The aerodynamic performance of
# small spheres from subsonic to high supersonic velocities", Journal of the Aeronautical Sciences 12 (1945), rounded.
_SPHERE = (
    (0.0, 0.466), (0.2, 0.477), (0.4, 0.488), (0.5, 0.497), (0.6, 0.526), (0.7, 0.592), (0.8, 0.661), (0.9, 0.737),
    (1.0, 0.814), (1.1, 0.887), (1.2, 0.951), (1.3, 0.991), (1.4, 1.003), (1.5, 1.008), (1.6, 1.009), (1.8, 1.007),
    (2.0, 1.001), (2.5, 0.981), (3.0, 0.960), (3.5, 0.945), (4.0, 0.929), (5.0, 0.920),
)  # fmt: skip
_POINTS = {"g1": _G1, "g7": _G7, "sphere": _SPHERE}

SHAPES = tuple(_POINTS)


def drag_coefficient(shape: str, mach: ArrayLike) -> Floats:
    """Cd of a shape at Mach numbers, by PCHIP through the published points; constant above Mach 5.

    Examples
    --------
    >>> float(drag_coefficient("g1", 1.0))
    0.4805
    """
    return np.asarray(_curve(shape)(np.clip(np.asarray(mach, dtype=float), 0.0, TOP_MACH)))


def reference_coefficient(shape: str) -> float:
    """Cd_ref of a shape: its Cd at Mach 0.5.

    Examples
    --------
    >>> reference_coefficient("g7")
    0.1194
    """
    return float(drag_coefficient(shape, REFERENCE_MACH))


@cache
def _curve(shape: str) -> PchipInterpolator:
    if shape not in _POINTS:
        raise InputError(f"drag shape {shape!r} does not exist; expected one of {', '.join(SHAPES)}")
    mach, coefficient = np.array(_POINTS[shape]).T
    return PchipInterpolator(mach, coefficient)


@cache
def drag_table(shape: str) -> Floats:
    """Cd(M) / Cd_ref as cubic pieces for the kernels.

    Returns
    -------
    ndarray, shape (200, 4), read-only
        Coefficients c0..c3 of the fraction of each interval of 0.025 in Mach number, up to Mach 5.

    Examples
    --------
    >>> float(drag_table("g1")[20, 0])  # Mach 0.5
    1.0
    """
    curve, width = _curve(shape), 1.0 / PIECES_PER_MACH
    mach = np.arange(round(TOP_MACH * PIECES_PER_MACH) + 1) * width
    value, slope = curve(mach), curve(mach, 1) * width
    rise = np.diff(value)
    # Hermite form: the curve and its slope at both ends, so that the pieces join as smoothly as the PCHIP does
    table = np.column_stack(
        [value[:-1], slope[:-1], 3.0 * rise - 2.0 * slope[:-1] - slope[1:], slope[:-1] + slope[1:] - 2.0 * rise]
    )
    table /= reference_coefficient(shape)
    table.setflags(write=False)
    return table
