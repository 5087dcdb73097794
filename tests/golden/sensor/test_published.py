"""Other people's numbers for the range law and the horizon; see README.md."""

import math

import numpy as np
import pytest

from rampart.physics.environment import Environment
from rampart.records import Flight, Site
from rampart.sensor.gates import Gate
from rampart.sensor.radar import Radar3DSpec
from rampart.sensor.range_law import p_detect, range_factor, reference_snr
from rampart.sensor.sky import Sky


def test_range_by_cross_section():
    assert range_factor([-10.0, -15.0, -20.0, -30.0]) == pytest.approx([0.562, 0.422, 0.316, 0.178], abs=5e-4)


def test_a_radar_that_sees_quadcopters_at_2_km_sees_0_dbsm_at_3_to_6_km():
    assert 2.0 / range_factor(-8.1) == pytest.approx(3.2, abs=0.05)
    assert 2.0 / range_factor(-19.1) == pytest.approx(6.0, abs=0.05)


def _gate_at(distance_m, height_m):
    site = Site("s", 0.5, 0.5, 0.0)
    here = Environment.standard(latitude_rad=0.5)
    spec = Radar3DSpec(
        id="r",
        kind="radar3d",
        position_enu_m=[0.0, 0.0, 5.0],
        mode="staring",
        false_alarms_per_scan=0.0,
        max_range_m=100_000.0,
        reference_range_m=300_000.0,
    )
    velocity = np.tile([0.0, 100.0, 0.0], (2, 1))
    position = np.array([[0.0, distance_m - 50.0, height_m], [0.0, distance_m + 50.0, height_m]])
    flight = Flight("a", "a", "s", "aircraft", False, False, np.array([0.0, 1.0]), position, velocity, 20.0)
    sensor = spec.build(site, here, 0, np.random.Generator(np.random.Philox(1)))
    result = sensor.step(sensor.schedule.delivery_ns(0), Sky.build([flight]))
    return Gate(int(result.info["gates"].gate[0]))


@pytest.mark.parametrize(("height_m", "horizon_m"), [(10.0, 22_200.0), (30.0, 31_800.0)])
def test_horizon_over_a_smooth_earth(height_m, horizon_m):
    assert _gate_at(horizon_m - 100.0, height_m) == Gate.DETECTED
    assert _gate_at(horizon_m + 100.0, height_m) == Gate.HORIZON


def test_steady_target_needs_13_db():
    assert p_detect(10.0**1.32, 0, 1e-6) == pytest.approx(0.9, abs=0.015)


def test_swerling_1_closed_form():
    for snr in (1.0, 30.0, reference_snr(1e-6)):
        assert p_detect(snr, 1, 1e-6) == pytest.approx(math.pow(1e-6, 1.0 / (1.0 + snr)), abs=1e-12)
