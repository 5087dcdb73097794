import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rampart.predict import ellipse


def test_axes_lie_along_east_and_north():
    major, minor, azimuth = ellipse([[[900.0, 0.0], [0.0, 100.0]], [[100.0, 0.0], [0.0, 900.0]]], 1.0 - np.exp(-0.5))
    np.testing.assert_allclose(major, 30.0)  # one sigma holds 1 - exp(-1/2)
    np.testing.assert_allclose(minor, 10.0)
    np.testing.assert_allclose(azimuth, [np.pi / 2, 0.0], atol=1e-12)


@given(
    st.floats(1.0, 1e4),
    st.floats(0.01, 1.0),
    st.floats(0.0, np.pi, exclude_max=True),
    st.sampled_from([0.5, 0.9, 0.99]),
)
def test_a_turned_ellipse_is_found_again(major, share, azimuth, probability):
    along, across = np.array([np.sin(azimuth), np.cos(azimuth)]), np.array([np.cos(azimuth), -np.sin(azimuth)])
    minor = major * share
    covariance = major**2 * np.outer(along, along) + minor**2 * np.outer(across, across)
    found = ellipse(covariance, probability)
    k = np.sqrt(-2.0 * np.log(1.0 - probability))
    assert found.major_m == pytest.approx(k * major, rel=1e-9)
    assert found.minor_m == pytest.approx(k * minor, rel=1e-6)
    assert 0.0 <= found.azimuth_rad < np.pi
    if share < 0.99:
        turn = (found.azimuth_rad - azimuth + np.pi / 2) % np.pi - np.pi / 2
        assert abs(turn) < 1e-5


def test_an_ellipse_holds_its_share():
    covariance = np.array([[500.0, 240.0], [240.0, 300.0]])
    points = np.random.default_rng(3).multivariate_normal(np.zeros(2), covariance, 20_000)
    found = ellipse(covariance, 0.9)
    along = points @ [np.sin(found.azimuth_rad), np.cos(found.azimuth_rad)]
    across = points @ [np.cos(found.azimuth_rad), -np.sin(found.azimuth_rad)]
    inside = (along / found.major_m) ** 2 + (across / found.minor_m) ** 2 <= 1.0
    assert inside.mean() == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 20_000))


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1, float("nan")])
def test_a_probability_lies_between_0_and_1(probability):
    with pytest.raises(ValueError, match="0 < p < 1"):
        ellipse(np.eye(2), probability)


def test_a_covariance_is_two_by_two():
    with pytest.raises(ValueError, match=r"expected \(..., 2, 2\)"):
        ellipse(np.eye(3))
