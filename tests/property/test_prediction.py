"""Predictions of any ballistic state: proper covariances, and no preferred direction."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rampart.physics.environment import Environment
from rampart.predict import predict_impact
from rampart.records import Tracks

EARTH = Environment.standard(latitude_rad=0.58, height_m=34.0)
STILL = Environment.standard(latitude_rad=0.0, earth_radius_m=math.inf, rotation_rad_s=0.0)

states = st.builds(
    lambda e, n, u, speed, climb, course, drag: np.array(
        [
            e,
            n,
            u,
            speed * math.cos(climb) * math.sin(course),
            speed * math.cos(climb) * math.cos(course),
            speed * math.sin(climb),
            math.log(drag),
        ]
    ),
    st.floats(-8000, 8000),
    st.floats(-8000, 8000),
    st.floats(5, 4000),
    st.floats(20, 400),
    st.floats(-1.5, 1.4),
    st.floats(0, 6.28),
    st.floats(2e-5, 4e-4),
)
spreads = st.builds(
    lambda seed, p, v, k: (
        np.diag([p, p, p, v, v, v, k]) @ (0.5 * np.eye(7) + 0.3 * np.random.default_rng(seed).normal(size=(7, 7)))
    ),
    st.integers(0, 10_000),
    st.floats(0.1, 60),
    st.floats(0.01, 40),
    st.floats(0.001, 0.7),
)


def _predict(state, spread, environment):
    track = Tracks.build(1, ballistic_state=[state], ballistic_covariance=[spread @ spread.T])[0]
    return predict_impact(track, environment)


@given(states, spreads)
def test_covariances_are_proper(state, spread):
    row = _predict(state, spread, EARTH)
    assert np.isfinite([*row.impact_enu, *row.impact_velocity_enu, row.impact_sigma_s]).all()
    assert row.impact_sigma_s >= 0.0
    for covariance in (row.impact_covariance, row.launch_covariance):
        if np.isfinite(covariance).all():
            np.testing.assert_array_equal(covariance, covariance.T)
            assert np.linalg.eigvalsh(covariance).min() >= -1e-9 * np.trace(covariance)
    assert row.ellipse_major_m >= row.ellipse_minor_m >= 0.0
    assert np.isfinite(row.launch_enu).all() == (row.launch_ns != 0)


@given(states, spreads, st.floats(0.1, 6.2))
def test_a_turned_world_gives_the_turned_prediction(state, spread, angle):
    c, s = math.cos(angle), math.sin(angle)
    turn = np.eye(7)
    turn[:2, :2] = turn[3:5, 3:5] = [[c, -s], [s, c]]
    row, turned = _predict(state, spread * 1e-3, STILL), _predict(turn @ state, turn @ spread * 1e-3, STILL)
    np.testing.assert_allclose(turned.impact_enu, turn[:3, :3] @ row.impact_enu, atol=0.05)
    assert abs(turned.impact_ns - row.impact_ns) < 2_000_000
    expected = turn[:2, :2] @ row.impact_covariance @ turn[:2, :2].T
    np.testing.assert_allclose(turned.impact_covariance, expected, atol=0.02 * np.trace(expected))
