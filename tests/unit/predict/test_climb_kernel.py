"""The kernel of the climbs against the flight kernel; short, so that it also runs with the compiler off."""

import math

import numpy as np
import pytest

from rampart.physics.drag import drag_table
from rampart.physics.environment import Environment
from rampart.physics.flight import fly
from rampart.predict import _kernels_coast

HERE = Environment.standard(latitude_rad=0.7, height_m=300.0)
STATE = np.array([0.0, 0.0, 150.0, 12.0, 0.0, 90.0, math.log(3e-4)])


def climb(curve, *, change_s=math.inf, after=(0.0, 0.4, 1.1, 2.0), limit_s=60.0):
    site, air, blunt = HERE.forces("g1")
    after = np.array(after)
    height, speed, top = np.empty((1, len(after))), np.empty((1, len(after))), np.empty((1, 2))
    _kernels_coast.climb(
        STATE[None].copy(), np.array([curve]), 0.3, change_s, after, 0.25, limit_s,
        site, air, blunt, drag_table("g7"), height, speed, top,
    )  # fmt: skip
    return height[0], speed[0], top[0]


@pytest.mark.parametrize(("share", "shape"), [(1.0, "g1"), (0.0, "g7")])
def test_it_flies_as_the_flight_kernel_does(share, shape):
    height, speed, top = climb([share, 0.0, 0.0])
    flight = fly(STATE, HERE, duration_s=12.0, step_s=0.1, shape=shape, to_ground=False)
    for i, t in enumerate((0.0, 0.4, 1.1, 2.0)):
        row = round(t / 0.1)
        assert height[i] == pytest.approx(flight.position_enu[row, 2], abs=1e-3)
        assert speed[i] == pytest.approx(np.linalg.norm(flight.velocity_enu[row]), abs=1e-3)
    highest = flight.position_enu[:, 2].max()
    assert highest - 0.02 < top[0] < highest + 0.05
    assert top[1] == pytest.approx(flight.time_s[np.argmax(flight.position_enu[:, 2])], abs=0.1)


def test_a_change_of_drag_counts_from_its_moment_on():
    plain, braked = climb([1.0, 0.0, 1.5]), climb([1.0, 0.0, 1.5], change_s=1.0)
    assert braked[0][:2].tolist() == plain[0][:2].tolist()
    assert braked[0][3] < plain[0][3]
    assert braked[2][0] < plain[2][0]


def test_drag_that_falls_with_speed_and_a_top_out_of_reach():
    steady, falling = climb([0.5, 0.0, 0.0]), climb([0.5, 0.2, 0.0])
    # beyond Mach 0.3, where the two meet, the drag is less only for what is faster: here nothing is
    assert falling[2][0] < steady[2][0]
    assert math.isnan(climb([1.0, 0.0, 0.0], limit_s=0.0)[2][0])
