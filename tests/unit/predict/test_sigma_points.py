"""The roots, points and moments behind a prediction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rampart.predict import _kernels


def _covariance(seed, rank=7):
    spread = np.random.default_rng(seed).normal(size=(7, rank))
    return spread @ spread.T


def _root(covariance):
    root = np.empty(covariance.shape)
    _kernels.cholesky(covariance, root)
    return root


@given(st.integers(0, 10_000))
def test_the_root_gives_the_matrix_again(seed):
    covariance, root = _covariance(seed), np.empty((7, 7))
    _kernels.cholesky(covariance, root)
    np.testing.assert_allclose(root @ root.T, covariance, rtol=1e-9, atol=1e-9 * np.trace(covariance))


def test_a_direction_that_is_known_exactly_has_no_spread():
    covariance, root = np.diag([4.0, 0.0, 9.0, -1e-20, 1.0, 1.0, 1.0]), np.empty((7, 7))
    _kernels.cholesky(covariance, root)
    np.testing.assert_allclose(np.diag(root), [2.0, 0.0, 3.0, 0.0, 1.0, 1.0, 1.0])


def test_points_have_the_mean_and_covariance_they_came_from():
    mean = np.array([10.0, -20.0, 500.0, 90.0, 80.0, 70.0, -8.5])
    covariance, points = 1e-2 * _covariance(5), np.empty((15, 7))
    _kernels.sigma_points(mean, _root(covariance), points)
    np.testing.assert_allclose(points[1::2] + points[2::2], np.tile(2 * mean, (7, 1)), rtol=1e-12)
    half = 0.5 * (points[1::2] - points[2::2])
    np.testing.assert_allclose(half.T @ half / 3.0, covariance, rtol=1e-9, atol=1e-12)


def test_drag_stays_physical_however_little_is_known():
    points = np.empty((15, 7))
    _kernels.sigma_points(np.array([0.0, 0, 0, 0, 0, 0, -8.0]), np.diag([1.0] * 6 + [5.0]), points)
    assert np.exp(points[:, 6]).min() >= 1e-6 * (1 - 1e-12)
    assert np.exp(points[:, 6]).max() <= 1e-3 * (1 + 1e-12)


def _moments(values, good=None):
    mean, covariance = np.empty(6), np.empty((6, 6))
    _kernels.moments(values, np.ones(15, np.int64) if good is None else good, mean, covariance)
    return mean, covariance


def test_a_linear_map_is_exact():
    rng = np.random.default_rng(1)
    state, covariance, points = rng.normal(size=7), 0.01 * _covariance(2), np.empty((15, 7))
    state[6] = -8.0
    _kernels.sigma_points(state, _root(covariance), points)
    linear = rng.normal(size=(7, 6))
    mean, found = _moments(points @ linear)
    np.testing.assert_allclose(mean, state @ linear, rtol=1e-12)
    np.testing.assert_allclose(found, linear.T @ covariance @ linear, rtol=1e-9, atol=1e-12)


def test_a_parabola_has_the_moments_of_a_gaussian_squared():
    # y = x + x^2 / 4 with x standard normal: mean 1/4, variance 1 + 2/16
    u = np.zeros(15)
    u[1], u[2] = np.sqrt(3.0), -np.sqrt(3.0)
    values = np.zeros((15, 6))
    values[:, 0] = u + u**2 / 4
    mean, covariance = _moments(values)
    assert mean[0] == pytest.approx(0.25)
    assert covariance[0, 0] == pytest.approx(1.125)


def test_a_pair_that_bends_more_than_it_spreads_is_cut():
    values = np.zeros((15, 6))
    values[1, 0], values[2, 0] = 1000.0, 998.0
    mean, covariance = _moments(values)
    assert mean[0] == pytest.approx(1.0 / 3.0)  # not 333 m
    assert covariance[0, 0] == pytest.approx((1.0 + 2.0 / 3.0) / 3.0)


def test_a_point_that_finds_no_ground_counts_by_its_other():
    values, good = np.zeros((15, 6)), np.ones(15, np.int64)
    values[1, 0], values[2, 0] = 1e9, -10.0
    good[1] = 0
    mean, covariance = _moments(values, good)
    assert mean[0] == 0.0
    assert covariance[0, 0] == pytest.approx(100.0 / 3.0)
    good[2] = 0
    mean, covariance = _moments(values, good)
    assert covariance[0, 0] == 0.0


def test_errors_of_the_model_act_linearly_with_all_their_correlations():
    rng = np.random.default_rng(3)
    spread = rng.normal(size=(11, 11)) * np.array([1.0] * 6 + [0.05] + [0.3] * 4)[:, None]
    joint, state, error = spread @ spread.T, np.append(rng.normal(size=6), -8.5), rng.normal(size=4)
    by_state, by_error = rng.normal(size=(7, 6)), rng.normal(size=(4, 6))
    root, points = _root(joint), np.empty((15, 7))
    _kernels.sigma_points(state, root, points)
    values = points @ by_state
    _kernels.add_errors(values, by_error, error, root)
    mean, covariance = _moments(values)
    _kernels.add_error_covariance(by_error, root, covariance)
    both = np.vstack([by_state, by_error])
    np.testing.assert_allclose(mean, state @ by_state + error @ by_error, rtol=1e-12)
    np.testing.assert_allclose(covariance, both.T @ joint @ both, rtol=1e-9, atol=1e-12)


def test_unknown_errors_of_the_model_count_as_none():
    covariance, joint = 0.01 * _covariance(2), np.empty((11, 11))
    _kernels.join(covariance, np.full((4, 11), np.nan), joint)
    np.testing.assert_array_equal(joint[:7, :7], covariance)
    assert not joint[7:].any()
    values = np.arange(90.0).reshape(15, 6)
    before = values.copy()
    _kernels.add_errors(values, np.ones((4, 6)), np.full(4, np.nan), np.zeros((11, 11)))
    np.testing.assert_array_equal(values, before)
