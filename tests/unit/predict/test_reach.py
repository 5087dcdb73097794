"""Corridors of drones and the zones they can be at."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rampart.physics.environment import Environment
from rampart.predict import PredictorSpec, _kernels
from rampart.records import PredictionKind, Site, TargetClass, Tracks, TrackStatus, Zone

SQUARE = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]])
ENVIRONMENT = Environment.standard(latitude_rad=0.58, height_m=34.0)


def _predict(state, zones=(), sigma=(5.0, 5.0, 5.0, 1.0, 1.0, 1.0), **settings):
    chances = np.zeros((1, len(TargetClass)))
    chances[0, TargetClass.MULTIROTOR] = 0.7
    tracks = Tracks.build(
        number=[4],
        time_ns=[10_000_000_000],
        state=[state],
        covariance=[np.diag(np.square(sigma))],
        class_probability=chances,
        status=[TrackStatus.CONFIRMED],
    )
    site = Site("s", 0.58, 0.77, 34.0, zones=tuple(zones))
    result = PredictorSpec(**settings).build(site, ENVIRONMENT).step(10_000_000_000, tracks)
    assert len(result.records) == 1
    return result.records[0], result.info


def test_a_corridor_goes_straight_on():
    row, _ = _predict([1000.0, 0, 50, -10, 5, 1.0], horizon_s=60.0, manoeuvre_m2s3=1.0)
    assert row.kind == PredictionKind.REACH
    assert row.weight == pytest.approx(0.7)
    np.testing.assert_allclose(row.impact_enu, [400.0, 300.0, 50.0])
    variance = 5.0**2 + 60.0**2 * 1.0 + 1.0 * 60.0**3 / 3
    np.testing.assert_allclose(row.impact_covariance, np.diag([variance, variance]), rtol=1e-12)
    assert row.impact_ns == 70_000_000_000
    assert row.asset == -1
    assert math.isnan(row.time_to_asset_s)
    assert np.isnan(row.launch_enu).all()
    assert row.launch_ns == 0


def test_a_dive_ends_on_the_ground():
    row, _ = _predict([1000.0, 0, 200, -30, 0, -20.0])
    assert row.impact_ns == 20_000_000_000
    np.testing.assert_allclose(row.impact_enu, [700.0, 0.0, 0.0], atol=1e-9)


def test_sinking_within_the_noise_is_no_dive():
    row, _ = _predict([1000.0, 0, 30, -30, 0, -1.5])
    np.testing.assert_allclose(row.impact_enu, [-800.0, 0.0, 30.0])


def test_the_asset_is_the_zone_that_can_be_reached_first():
    near, far = Zone("near", SQUARE, warn_radius_m=50.0), Zone("far", SQUARE + 5000.0, warn_radius_m=50.0)
    row, info = _predict([-650.0, 50.0, 40, 20, 0, 0], [far, near], speed_margin_ms=4.0)
    assert row.asset == 1
    assert row.time_to_asset_s == pytest.approx((650.0 - 50.0) / 24.0)
    assert info["closest_m"][0] == 0.0
    away, info = _predict([-650.0, 50.0, 40, -20, 0, 0], [far, near], speed_margin_ms=4.0)
    assert away.time_to_asset_s == row.time_to_asset_s  # it may turn
    assert info["closest_m"][0] == pytest.approx(600.0)


def test_a_hovering_drone_can_come():
    row, _ = _predict([-650.0, 50.0, 40, 0, 0, 0], [Zone("z", SQUARE, warn_radius_m=50.0)], minimum_speed_ms=10.0)
    assert row.time_to_asset_s == pytest.approx(60.0)
    assert np.isfinite(row.impact_sigma_s)


def test_inside_the_radius_there_is_no_time():
    row, _ = _predict([120.0, 50.0, 40, 3, 0, 0], [Zone("z", SQUARE, warn_radius_m=50.0)])
    assert row.time_to_asset_s == 0.0


@given(st.floats(-300, 300), st.floats(-300, 300))
def test_distance_from_a_square(x, y):
    outside = math.hypot(max(-x, x - 100.0, 0.0), max(-y, y - 100.0, 0.0))
    assert _kernels.polygon_distance(x, y, SQUARE, 0, 4) == pytest.approx(outside, abs=1e-9)


@given(*(st.floats(-300, 300) for _ in range(4)))
def test_a_corridor_is_as_near_as_its_nearest_point(px, py, qx, qy):
    found = _kernels.corridor_distance(px, py, qx, qy, SQUARE, 0, 4)
    sampled = [
        _kernels.polygon_distance(px + t * (qx - px), py + t * (qy - py), SQUARE, 0, 4) for t in np.linspace(0, 1, 401)
    ]
    assert found <= min(sampled) + 1e-9
    assert found == pytest.approx(min(sampled), abs=math.hypot(qx - px, qy - py) / 400)
