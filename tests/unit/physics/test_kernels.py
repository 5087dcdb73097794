"""The functions that kernels of other rooms call."""

import math

import numpy as np
import pytest

from rampart.physics import _kernels
from rampart.physics.atmosphere import WindProfile
from rampart.physics.environment import Environment

WIND = WindProfile(np.array([0.0, 10000.0]), np.array([2.0, 20.0]), np.array([1.0, -8.0]))
FORCES = Environment.standard(latitude_rad=0.58, height_m=34.0, wind=WIND).forces("g1")


def step(state: np.ndarray, h: float, thrust: float) -> np.ndarray:
    out = np.empty(7)
    _kernels.rk4_step_state(state, h, thrust, *FORCES, out)
    return out


@pytest.mark.parametrize("thrust", [0.0, 40.0])
@pytest.mark.parametrize("h", [0.5, -0.25])
@pytest.mark.parametrize("speed", [(180.0, -60.0, 230.0), (400.0, 10.0, 300.0), (20.0, 5.0, -60.0)])
def test_jacobian_is_the_derivative_of_the_step(speed: tuple[float, ...], h: float, thrust: float) -> None:
    state = np.array([800.0, -500.0, 1510.0, *speed, math.log(4e-5)])
    out, jacobian = np.empty(7), np.empty((7, 8))
    _kernels.rk4_step_jacobian(state, h, thrust, *FORCES, out, jacobian)
    np.testing.assert_allclose(out, step(state, h, thrust), rtol=1e-13)
    for column, small in enumerate([0.05] * 3 + [1e-3] * 3 + [1e-5]):
        change = np.zeros(7)
        change[column] = small
        numeric = (step(state + change, h, thrust) - step(state - change, h, thrust)) / (2.0 * small)
        np.testing.assert_allclose(jacobian[:, column], numeric, rtol=1e-6, atol=2e-8)
    numeric = (step(state, h, thrust + 1e-3) - step(state, h, thrust - 1e-3)) / 2e-3
    np.testing.assert_allclose(jacobian[:, 7], numeric, rtol=1e-6, atol=1e-8)


def test_jacobian_without_the_thrust_column_and_in_place() -> None:
    state = np.array([0.0, 0.0, 900.0, 100.0, 20.0, 60.0, -10.0])
    expected, wide, narrow = np.empty(7), np.empty((7, 8)), np.empty((7, 7))
    _kernels.rk4_step_jacobian(state, 0.5, 0.0, *FORCES, expected, wide)
    _kernels.rk4_step_jacobian(state, 0.5, 0.0, *FORCES, state, narrow)
    assert (state == expected).all()
    assert (narrow == wide[:, :7]).all()


def test_a_body_at_rest_has_finite_numbers() -> None:
    out, jacobian = np.empty(7), np.empty((7, 8))
    still = np.array([0.0, 0.0, 50.0, 0.0, 0.0, 0.0, -9.0])
    _kernels.rk4_step_jacobian(still, 0.1, 5.0, *FORCES, out, jacobian)
    assert np.isfinite(out).all()
    assert np.isfinite(jacobian).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300, -1e300])
def test_no_number_leads_out_of_a_table(bad: float) -> None:
    ground = np.arange(6.0).reshape(2, 3)
    frame = np.array([0.0, 0.0, 0.1, 0.0, 5.0])
    assert 0.0 <= _kernels.ground_height(bad, bad, ground, frame) <= 5.0
    for column in range(6):
        state = [0.0, 0.0, 50.0, 10.0, 0.0, 0.0]
        state[column] = bad
        with np.errstate(all="ignore"):
            assert len(_kernels.acceleration(*state, 1e-4, *FORCES)) == 3


def test_gravity_points_at_the_centre_of_the_earth() -> None:
    site, air, drag = Environment.standard(latitude_rad=0.58, rotation_rad_s=0.0).forces()
    radius = 1.0 / site[0]
    for x, y, z in ((0.0, 0.0, 0.0), (8000.0, 6000.0, 4000.0), (-15000.0, 12000.0, 20000.0)):
        ours = np.array(_kernels.acceleration(x, y, z, 0.0, 0.0, 0.0, 0.0, site, air, drag))
        arm = np.array([x, y, z + radius])
        exact = -site[1] * radius**2 / np.linalg.norm(arm) ** 3 * arm
        np.testing.assert_allclose(ours, exact, atol=2e-6)
