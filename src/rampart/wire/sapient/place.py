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


def read_location(said: Any, undulation_m: float = 0.0) -> tuple[float, float, float, list[float]] | None:
    """Latitude and longitude [rad], height above the ellipsoid [m], one sigma east and north [m]; nan where not said.

    Parameters
    ----------
    said : protobuf message
        A `Location`.
    undulation_m : float
        Height of the geoid above the ellipsoid, added to heights above mean sea level.

    Returns
    -------
    tuple or None
        None for UTM, and for what is no place on the Earth.
    """
    systems = type(said).DESCRIPTOR.fields_by_name
    system = systems["coordinate_system"].enum_type.values_by_number[said.coordinate_system].name
    datum = systems["datum"].enum_type.values_by_number[said.datum].name
    unit = {"LAT_LNG_DEG_M": math.radians(1.0), "LAT_LNG_RAD_M": 1.0}.get(
        system.removeprefix("LOCATION_COORDINATE_SYSTEM_")
    )
    if unit is None:
        return None
    longitude, latitude = said.x * unit, said.y * unit
    if not (abs(latitude) <= 0.5 * math.pi and abs(longitude) <= 2.0 * math.pi):
        return None
    height = said.z + (undulation_m if datum.endswith("_G") else 0.0) if said.HasField("z") else math.nan
    east = said.x_error * unit * math.cos(latitude) if said.HasField("x_error") else math.nan
    north = said.y_error * unit if said.HasField("y_error") else math.nan
    spread = [east * _EARTH_M, north * _EARTH_M]
    return latitude, longitude, height, [s if s > 0.0 else math.nan for s in spread]


def sigmas(covariance: np.ndarray) -> tuple[float, ...]:
    """One sigma along each axis of a covariance.

    >>> sigmas(np.diag([4.0, 9.0]))
    (2.0, 3.0)
    """
    return tuple(math.sqrt(max(float(v), 0.0)) if math.isfinite(v) else math.nan for v in np.diag(covariance))
