"""Places on the WGS-84 ellipsoid, in the Earth-fixed frame (ECEF) and in a site's tangent plane (ENU).

All functions take numbers or arrays that broadcast, angles in radians, lengths in metres; positions have shape
(..., 3). Heights are above the ellipsoid unless a caller uses another datum for the site and everything in it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rampart.physics.constants import (
    EARTH_RADIUS_M,
    GRAVITY_EQUATOR_MS2,
    REFRACTION_FACTOR,
    SOMIGLIANA_K,
    WGS84_A_M,
    WGS84_B_M,
    WGS84_E2,
)

Floats = NDArray[np.float64]


def geodetic_to_ecef(latitude_rad: ArrayLike, longitude_rad: ArrayLike, height_m: ArrayLike) -> Floats:
    """Convert latitude, longitude and ellipsoidal height to ECEF.

    Returns
    -------
    ndarray, shape (..., 3)
        x, y, z [m].

    Examples
    --------
    >>> geodetic_to_ecef(0.0, 0.0, 0.0).tolist()
    [6378137.0, 0.0, 0.0]
    """
    lat, lon, height = (np.asarray(a, dtype=float) for a in (latitude_rad, longitude_rad, height_m))
    sin, cos = np.sin(lat), np.cos(lat)
    n = WGS84_A_M / np.sqrt(1.0 - WGS84_E2 * sin * sin)
    xy = (n + height) * cos
    return np.stack(np.broadcast_arrays(xy * np.cos(lon), xy * np.sin(lon), (n * (1.0 - WGS84_E2) + height) * sin), -1)


def ecef_to_geodetic(position_ecef: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Convert ECEF to latitude, longitude [rad] and ellipsoidal height [m].

    Notes
    -----
    Method: Bowring, "Transformation from spatial to geographical coordinates", Survey Review 23 (1976), on the reduced
    latitude, applied three times: below 1e-8 m from the deep ocean to orbit. Checked against pymap3d.

    Examples
    --------
    >>> latitude, longitude, height = ecef_to_geodetic([6378137.0, 0.0, 0.0])
    >>> float(latitude), float(longitude), float(height)
    (0.0, 0.0, 0.0)
    """
    position = np.asarray(position_ecef, dtype=float)
    x, y, z = position[..., 0], position[..., 1], position[..., 2]
    p = np.hypot(x, y)
    second = (WGS84_A_M / WGS84_B_M) ** 2 - 1.0
    # start from the reduced latitude of a point on the ellipsoid
    sin, cos = z * WGS84_A_M, p * WGS84_B_M
    for _ in range(3):
        r = np.hypot(sin, cos)
        sin, cos = sin / r, cos / r
        top = z + second * WGS84_B_M * sin**3
        bottom = p - WGS84_E2 * WGS84_A_M * cos**3
        sin, cos = WGS84_B_M * top, WGS84_A_M * bottom
    latitude = np.arctan2(top, bottom)
    s, c = np.sin(latitude), np.cos(latitude)
    height = p * c + z * s - WGS84_A_M * np.sqrt(1.0 - WGS84_E2 * s * s)
    return latitude, np.arctan2(y, x), height


def _axes(latitude_rad: float, longitude_rad: float) -> Floats:
    """Rows: the unit vectors east, north, up in ECEF."""
    sp, cp = math.sin(latitude_rad), math.cos(latitude_rad)
    sl, cl = math.sin(longitude_rad), math.cos(longitude_rad)
    return np.array([[-sl, cl, 0.0], [-sp * cl, -sp * sl, cp], [cp * cl, cp * sl, sp]])


def _rotate(axes: Floats, vectors: Floats) -> Floats:
    # written out, not by BLAS: the same bits on every machine and for every batch size
    return np.stack([sum(a[i] * vectors[..., i] for i in range(3)) for a in axes], -1)


def ecef_to_enu(position_ecef: ArrayLike, latitude_rad: float, longitude_rad: float, height_m: float) -> Floats:
    """Convert ECEF positions (..., 3) to the tangent plane of the site at the given place.

    Examples
    --------
    >>> ecef_to_enu([6378147.0, 0.0, 0.0], 0.0, 0.0, 0.0).tolist()
    [0.0, 0.0, 10.0]
    """
    offset = np.asarray(position_ecef, dtype=float) - geodetic_to_ecef(latitude_rad, longitude_rad, height_m)
    return _rotate(_axes(latitude_rad, longitude_rad), offset)


def enu_to_ecef(position_enu: ArrayLike, latitude_rad: float, longitude_rad: float, height_m: float) -> Floats:
    """Convert positions (..., 3) in a site's tangent plane to ECEF.

    Examples
    --------
    >>> enu_to_ecef([0.0, 0.0, 10.0], 0.0, 0.0, 0.0).tolist()
    [6378147.0, 0.0, 0.0]
    """
    offset = _rotate(_axes(latitude_rad, longitude_rad).T, np.asarray(position_enu, dtype=float))
    return offset + geodetic_to_ecef(latitude_rad, longitude_rad, height_m)


def geodetic_to_enu(
    latitude_rad: ArrayLike,
    longitude_rad: ArrayLike,
    height_m: ArrayLike,
    site_latitude_rad: float,
    site_longitude_rad: float,
    site_height_m: float,
) -> Floats:
    """Convert geodetic places to the tangent plane of a site; returns (..., 3).

    Examples
    --------
    >>> (geodetic_to_enu(0.5, 0.7, 30.0, 0.5, 0.7, 20.0).round(6) + 0.0).tolist()
    [0.0, 0.0, 10.0]
    """
    ecef = geodetic_to_ecef(latitude_rad, longitude_rad, height_m)
    return ecef_to_enu(ecef, site_latitude_rad, site_longitude_rad, site_height_m)


def enu_to_geodetic(
    position_enu: ArrayLike, site_latitude_rad: float, site_longitude_rad: float, site_height_m: float
) -> tuple[Floats, Floats, Floats]:
    """Convert positions (..., 3) in a site's tangent plane to latitude, longitude [rad] and height [m].

    Examples
    --------
    >>> latitude, longitude, height = enu_to_geodetic([0.0, 0.0, 5.0], 0.5, 0.7, 20.0)
    >>> round(float(latitude), 9), round(float(longitude), 9), round(float(height), 6)
    (0.5, 0.7, 25.0)
    """
    return ecef_to_geodetic(enu_to_ecef(position_enu, site_latitude_rad, site_longitude_rad, site_height_m))


def enu_to_polar(position_enu: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Convert positions (..., 3) to range [m], azimuth (clockwise from north, 0 to 2 pi) and elevation [rad].

    Examples
    --------
    >>> [round(float(a), 6) for a in enu_to_polar([100.0, 0.0, 0.0])]
    [100.0, 1.570796, 0.0]
    """
    position = np.asarray(position_enu, dtype=float)
    east, north, up = position[..., 0], position[..., 1], position[..., 2]
    level = np.hypot(east, north)
    azimuth = np.arctan2(east, north)
    azimuth = np.where(azimuth < 0.0, azimuth + 2.0 * math.pi, azimuth)
    # a tiny negative angle rounds up to a full turn
    azimuth = np.where(azimuth >= 2.0 * math.pi, 0.0, azimuth)
    return np.hypot(level, up), azimuth, np.arctan2(up, level)


def polar_to_enu(range_m: ArrayLike, azimuth_rad: ArrayLike, elevation_rad: ArrayLike) -> Floats:
    """Convert range, azimuth (clockwise from north) and elevation to positions (..., 3).

    Examples
    --------
    >>> polar_to_enu(100.0, 0.0, 0.0).tolist()
    [0.0, 100.0, 0.0]
    """
    r, azimuth, elevation = (np.asarray(a, dtype=float) for a in (range_m, azimuth_rad, elevation_rad))
    level = r * np.cos(elevation)
    parts = np.broadcast_arrays(level * np.sin(azimuth), level * np.cos(azimuth), r * np.sin(elevation))
    return np.stack(parts, -1)


def horizon_distance_m(sensor_height_m: ArrayLike, target_height_m: ArrayLike = 0.0) -> Floats:
    """Greatest ground distance at which a radar sees a target over a smooth Earth, refraction by the 4/3 rule.

    Parameters
    ----------
    sensor_height_m, target_height_m : array_like
        Heights above the ground [m]; below zero counts as zero.

    Notes
    -----
    d = sqrt(2 k R h1) + sqrt(2 k R h2), k = 4/3: Skolnik, Introduction to Radar Systems, section 8.1; h << R.

    Examples
    --------
    >>> round(float(horizon_distance_m(12.0, 30.0)) / 1000, 1)
    36.9
    """
    radius = REFRACTION_FACTOR * EARTH_RADIUS_M
    heights = (np.maximum(np.asarray(h, dtype=float), 0.0) for h in (sensor_height_m, target_height_m))
    return np.asarray(sum(np.sqrt(2.0 * radius * h) for h in heights), dtype=float)


def normal_gravity_ms2(latitude_rad: ArrayLike) -> Floats:
    """Gravity on the WGS-84 ellipsoid, rotation included (Somigliana's formula, NGA.STND.0036 equation 4-1).

    Examples
    --------
    >>> round(float(normal_gravity_ms2(0.0)), 6)
    9.780325
    """
    s2 = np.sin(np.asarray(latitude_rad, dtype=float)) ** 2
    return np.asarray(GRAVITY_EQUATOR_MS2 * (1.0 + SOMIGLIANA_K * s2) / np.sqrt(1.0 - WGS84_E2 * s2))


def mean_radius_m(latitude_rad: ArrayLike) -> Floats:
    """Radius of the sphere that fits the ellipsoid best at a latitude: the geometric mean of its two curvatures.

    Examples
    --------
    >>> round(float(mean_radius_m(0.0)))
    6356752
    """
    s2 = np.sin(np.asarray(latitude_rad, dtype=float)) ** 2
    return np.asarray(WGS84_B_M / (1.0 - WGS84_E2 * s2))
