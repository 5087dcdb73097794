"""Packed paths."""

import math

import numpy as np
import pytest

from rampart.physics import flight
from rampart.physics.environment import Environment
from rampart.physics.path import Paths


def test_a_flight_is_followed_to_a_millimetre() -> None:
    here = Environment.standard(latitude_rad=0.6)
    state = [0.0, 0.0, 0.0, 150.0, 20.0, 200.0, math.log(3e-5)]
    coarse, fine = (flight.fly(state, here, duration_s=90.0, step_s=h) for h in (0.5, 0.05))
    paths = Paths.pack([(coarse.time_s, coarse.position_enu, coarse.velocity_enu)])
    for row in range(0, len(fine.time_s) - 1, 7):
        position, velocity, alive = paths.at(fine.time_s[row])
        assert alive.all()
        np.testing.assert_allclose(position[0], fine.position_enu[row], atol=2e-3)
        np.testing.assert_allclose(velocity[0], fine.velocity_enu[row], atol=2e-2)


def test_cubics_are_exact() -> None:
    time = np.array([0.0, 1.0, 4.0])
    cube, slope = np.outer(time**3, np.ones(3)), np.outer(3.0 * time**2, np.ones(3))
    position, velocity, _ = Paths.pack([(time, cube, slope)]).at(2.5)
    np.testing.assert_allclose(position, 2.5**3)
    np.testing.assert_allclose(velocity, 3.0 * 2.5**2)


def test_each_path_has_its_own_life_and_time() -> None:
    line = ([0.0, 10.0], [[0, 0, 0], [10, 0, 0]], [[1, 0, 0], [1, 0, 0]])
    late = ([20.0, 30.0], [[0, 0, 0], [0, 10, 0]], [[0, 1, 0], [0, 1, 0]])
    point = ([5.0], [[7, 8, 9]], [[1, 2, 3]])
    paths = Paths.pack([line, late, point, ([], [], [])])
    assert len(paths) == 4
    position, velocity, alive = paths.at(5.0)
    assert alive.tolist() == [True, False, True, False]
    np.testing.assert_allclose(position[[0, 2]], [[5.0, 0.0, 0.0], [7.0, 8.0, 9.0]])
    np.testing.assert_allclose(velocity[2], [1.0, 2.0, 3.0])
    assert np.isnan(position[[1, 3]]).all()
    assert np.isnan(velocity[[1, 3]]).all()
    position, _, alive = paths.at([10.0, 30.0, 4.0, math.nan])
    assert alive.tolist() == [True, True, False, False]
    np.testing.assert_allclose(position[:2], [[10.0, 0.0, 0.0], [0.0, 10.0, 0.0]])


def test_no_paths() -> None:
    position, _, alive = Paths.pack([]).at(1.0)
    assert position.shape == (0, 3)
    assert alive.shape == (0,)


def test_times_must_rise() -> None:
    zeros = np.zeros((2, 3))
    with pytest.raises(ValueError, match="rising"):
        Paths.pack([([1.0, 1.0], zeros, zeros)])
    # but only inside a path
    assert len(Paths.pack([([5.0, 6.0], zeros, zeros), ([1.0, 2.0], zeros, zeros)])) == 2
