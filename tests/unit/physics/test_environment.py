"""The bundle of arrays that kernels read."""

import math
import pickle

import numpy as np

from rampart.physics.atmosphere import WindProfile
from rampart.physics.environment import Environment
from rampart.physics.terrain import Terrain


def test_still_air_is_shared_and_wind_is_not() -> None:
    one, two = (Environment.standard(latitude_rad=lat) for lat in (0.1, 0.9))
    assert one.atmosphere is two.atmosphere
    windy = Environment.standard(latitude_rad=0.1, wind=WindProfile.constant(3.0, 4.0))
    assert (windy.atmosphere[:, [4, 6]] == [3.0, 4.0]).all()
    assert (one.atmosphere[:, 4:] == 0.0).all()


def test_survives_pickling() -> None:
    here = Environment.standard(latitude_rad=0.6, height_m=700.0, terrain=Terrain.flat(5.0))
    copy = pickle.loads(pickle.dumps(here))
    for ours, theirs in zip(here.arrays("g7"), copy.arrays("g7"), strict=True):
        assert (ours == theirs).all()


def test_arrays_are_what_kernels_take() -> None:
    for array in Environment.standard(latitude_rad=0.6).arrays():
        assert array.dtype == np.float64
        assert array.flags.c_contiguous


def test_gravity_and_rotation_follow_the_latitude() -> None:
    pole = Environment.standard(latitude_rad=math.pi / 2)
    assert abs(pole.site[1] - 9.8321849379) < 1e-9
    np.testing.assert_allclose(pole.site[2:4], [0.0, 7.292115e-5], atol=1e-18)
