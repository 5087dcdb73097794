"""Shape: outlines that a marker carries, and how it is coloured."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rampart.wire.xml import Element

#: Name -> opacity, red, green, blue, as a signed 32-bit number.
COLOURS = {
    "red": -0x10000,
    "orange": -0x8100,
    "amber": -0x4100,
    "green": -0xFF5600,
    "grey": -0x7F7F80,
    "violet": -0x6FFF2D,
}


def ellipse(major_m: float, minor_m: float, azimuth_rad: float) -> Element:
    """An ellipse by its semi-axes; the azimuth is that of the major one, clockwise from north.

    >>> ellipse(120.0, 80.0, 0.5).children[0].attributes
    {'major': '120.0', 'minor': '80.0', 'angle': '28.6'}
    """
    angle = math.degrees(azimuth_rad) % 180.0
    axes = {"major": f"{major_m:.1f}", "minor": f"{minor_m:.1f}", "angle": f"{angle if angle < 179.95 else 0.0:.1f}"}
    return Element("shape", children=[Element("ellipse", attributes=axes)])


def polyline(points_deg: Sequence[tuple[float, float]]) -> Element:
    """A closed outline by latitude and longitude."""
    vertices = [Element("vertex", attributes={"lat": f"{lat:.7f}", "lon": f"{lon:.7f}"}) for lat, lon in points_deg]
    return Element("shape", children=[Element("polyline", attributes={"closed": "true"}, children=vertices)])


def marker(colour: int) -> list[Element]:
    """What makes a spot marker of that colour."""
    return [
        Element("color", attributes={"argb": str(colour)}),
        Element("usericon", attributes={"iconsetpath": f"COT_MAPPING_SPOTMAP/b-m-p-s-m/{colour}"}),
    ]


def principal_axes(covariance: np.ndarray) -> tuple[float, float, float]:
    """The greater and the smaller variance of a 2 x 2 covariance, and the azimuth of the greater one.

    Parameters
    ----------
    covariance : (2, 2) array
        East and north.

    Returns
    -------
    tuple of float
        Variances, not below zero, and radians clockwise from north, in [0, pi).

    Examples
    --------
    >>> principal_axes(np.diag([100.0, 25.0]))
    (100.0, 25.0, 1.5707963267948966)
    """
    a, b, c = float(covariance[0][0]), float(covariance[0][1]), float(covariance[1][1])
    middle, spread = 0.5 * (a + c), math.hypot(0.5 * (a - c), b)
    angle_from_east = 0.5 * math.atan2(2.0 * b, a - c)
    return max(middle + spread, 0.0), max(middle - spread, 0.0), (0.5 * math.pi - angle_from_east) % math.pi
