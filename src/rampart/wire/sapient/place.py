"""Place: positions of the site's plane as SAPIENT locations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rampart.wire.cot.frame import Frame

_EARTH_M = 6_371_008.8  #: mean radius: errors need no ellipsoid


def location(
    frame: Frame, position_enu: np.ndarray, sigma_m: tuple[float, float, float] | None = None
) -> dict[str, Any]:
    """A location in degrees and metres.

    Parameters
    ----------
    frame : Frame
        Site and geoid.
    position_enu : (3,) array
        Metres, in the site's plane.
    sigma_m : tuple of float or None
        One sigma east, north and up; what is not finite is left out.

    Returns
    -------
    dict
        x is the longitude and y the latitude, in degrees, and so are their errors; z is above the ellipsoid where the
        undulation is known and above mean sea level (datum WGS84_G) where it is not.
    """
    latitude, longitude, height = (float(value) for value in frame.geodetic(position_enu))
    known = not math.isnan(frame.undulation_m)
    said: dict[str, Any] = {
        "x": round(longitude, 8),
        "y": round(latitude, 8),
        "z": round(height, 2),
        "coordinate_system": "LOCATION_COORDINATE_SYSTEM_LAT_LNG_DEG_M",
        "datum": "LOCATION_DATUM_WGS84_E" if known else "LOCATION_DATUM_WGS84_G",
    }
    if sigma_m is not None:
        degree_m = math.radians(1.0) * _EARTH_M
        around = max(math.cos(math.radians(latitude)), 1e-6)
        errors = {"x": sigma_m[0] / (degree_m * around), "y": sigma_m[1] / degree_m, "z": sigma_m[2]}
        said |= {f"{axis}_error": error for axis, error in errors.items() if math.isfinite(error)}
    return said


def sigmas(covariance: np.ndarray) -> tuple[float, ...]:
    """One sigma along each axis of a covariance.

    >>> sigmas(np.diag([4.0, 9.0]))
    (2.0, 3.0)
    """
    return tuple(math.sqrt(max(float(v), 0.0)) if math.isfinite(v) else math.nan for v in np.diag(covariance))
