"""Frames and distances on the WGS-84 ellipsoid, beside pymap3d."""

import math

import numpy as np
import pymap3d
import pytest

from rampart.physics import geodesy

RNG = np.random.default_rng(7)
LAT = np.concatenate([RNG.uniform(-1.5, 1.5, 200), [0.0, math.pi / 2, -math.pi / 2]])
LON = np.concatenate([RNG.uniform(-3.1, 3.1, 200), [0.0, 1.0, 2.0]])
HEIGHT = np.concatenate([RNG.uniform(-11000.0, 60000.0, 200), [0.0, 100.0, -50.0]])
BAGHDAD = (math.radians(33.3), math.radians(44.39), 34.0)


def test_geodetic_to_ecef_agrees_with_pymap3d() -> None:
    ours = geodesy.geodetic_to_ecef(LAT, LON, HEIGHT)
    theirs = np.stack(pymap3d.geodetic2ecef(LAT, LON, HEIGHT, deg=False), -1)
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_ecef_to_geodetic_agrees_with_pymap3d() -> None:
    ecef = geodesy.geodetic_to_ecef(LAT, LON, HEIGHT)
    latitude, _, height = geodesy.ecef_to_geodetic(ecef)
    theirs = pymap3d.ecef2geodetic(*ecef.T, deg=False)
    np.testing.assert_allclose(latitude, theirs[0], atol=2e-12)
    np.testing.assert_allclose(height, theirs[2], atol=1e-5)


def test_ecef_to_geodetic_undoes_geodetic_to_ecef() -> None:
    latitude, longitude, height = geodesy.ecef_to_geodetic(geodesy.geodetic_to_ecef(LAT, LON, HEIGHT))
    np.testing.assert_allclose(latitude, LAT, atol=1e-14)
    np.testing.assert_allclose(height, HEIGHT, atol=1e-8)
    # longitude means nothing at the poles
    np.testing.assert_allclose(longitude[:-2], LON[:-2], atol=1e-14)


def test_enu_agrees_with_pymap3d() -> None:
    near = (BAGHDAD[0] + LAT[:200] / 50.0, BAGHDAD[1] + LON[:200] / 50.0, HEIGHT[:200])
    ours = geodesy.geodetic_to_enu(*near, *BAGHDAD)
    theirs = np.stack(pymap3d.geodetic2enu(*near, *BAGHDAD, deg=False), -1)
    np.testing.assert_allclose(ours, theirs, atol=1e-7)
    back = geodesy.enu_to_geodetic(ours, *BAGHDAD)
    for value, expected in zip(back, near, strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-8)


def test_enu_to_ecef_undoes_ecef_to_enu() -> None:
    enu = RNG.uniform(-40000.0, 40000.0, (100, 3))
    np.testing.assert_allclose(geodesy.ecef_to_enu(geodesy.enu_to_ecef(enu, *BAGHDAD), *BAGHDAD), enu, atol=1e-8)


def test_polar_agrees_with_pymap3d() -> None:
    enu = RNG.uniform(-40000.0, 40000.0, (100, 3))
    distance, azimuth, elevation = geodesy.enu_to_polar(enu)
    # pymap3d's enu2aer overwrites its inputs
    theirs = pymap3d.enu2aer(*(column.copy() for column in enu.T), deg=False)
    np.testing.assert_allclose(azimuth, theirs[0], atol=1e-12)
    np.testing.assert_allclose(elevation, theirs[1], atol=1e-12)
    np.testing.assert_allclose(distance, theirs[2], rtol=1e-14)
    np.testing.assert_allclose(geodesy.polar_to_enu(distance, azimuth, elevation), enu, atol=1e-9)


@pytest.mark.parametrize("east", [-1e-300, -0.0, 0.0])
def test_azimuth_stays_below_a_full_turn(east: float) -> None:
    _, azimuth, _ = geodesy.enu_to_polar([east, 100.0, 0.0])
    assert 0.0 <= azimuth < 2.0 * math.pi


def test_shapes_broadcast() -> None:
    assert geodesy.geodetic_to_ecef(0.5, np.zeros((4, 1)), np.zeros(3)).shape == (4, 3, 3)
    assert geodesy.enu_to_polar(np.zeros((2, 5, 3)))[0].shape == (2, 5)


def test_horizon_is_the_textbook_4_12_km_per_root_metre() -> None:
    # 4/3 Earth: d [km] = 4.12 sqrt(h [m])
    assert geodesy.horizon_distance_m(100.0) == pytest.approx(4.12e4, rel=1e-3)
    assert geodesy.horizon_distance_m(100.0, 25.0) == pytest.approx(6.18e4, rel=1e-3)
    assert geodesy.horizon_distance_m(-5.0) == 0.0


def test_normal_gravity_and_radius() -> None:
    # pole and equator of the WGS-84 standard
    np.testing.assert_allclose(geodesy.normal_gravity_ms2([0.0, math.pi / 2]), [9.7803253359, 9.8321849379], atol=1e-9)
    meridian, normal = pymap3d.rcurve.meridian(33.3), pymap3d.rcurve.transverse(33.3)
    assert geodesy.mean_radius_m(math.radians(33.3)) == pytest.approx(math.sqrt(meridian * normal), rel=1e-12)
