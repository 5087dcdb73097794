"""Visibility is what many looks of the simulated sensor come to."""

import numpy as np
import pytest

from rampart.physics.environment import Environment
from rampart.physics.terrain import Terrain
from rampart.sensor.bearing import CameraSpec, DirectionFinderSpec
from rampart.sensor.gates import Gate
from rampart.sensor.sky import Sky

FAST = np.array([[0.0, -80.0, 0.0]])


@pytest.fixture
def bearing_sensor(site, environment, dice):
    def make(spec, **keys):
        kind = "camera" if spec is CameraSpec else "direction_finder"
        keys = {"position_enu_m": [0.0, 0.0, 5.0], "false_alarms_per_scan": 0.0, **keys}
        return spec(id="b", kind=kind, **keys).build(site, environment, 0, dice(3))

    return make


@pytest.mark.parametrize(("swerling", "range_m"), [(0, 9000.0), (1, 6000.0), (2, 6000.0), (3, 6000.0), (4, 6000.0)])
def test_the_probability_is_the_share_of_looks_that_detect(radar, straight, swerling, range_m):
    """A flight repeated 3,000 times in one scan, each with its own fade and noise; what shares a cell was detected."""
    n, place = 3000, [0.0, range_m, 300.0]
    sensor = radar(mode="staring")
    flight = straight(place, FAST[0], rcs_dbsm=-15.0, swerling=swerling)
    result = sensor.step(sensor.schedule.delivery_ns(0), Sky.build([flight] * n))
    moved = np.array([place]) + FAST * 0.5
    p = sensor.visibility(moved, FAST, flight).p_detect[0]
    detected = int(np.isin(result.info["gates"].gate, (Gate.DETECTED, Gate.CELL)).sum())
    assert 0.3 < p < 0.99
    assert abs(detected / n - p) < 4.5 * np.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize(
    ("gate", "position", "velocity", "keys"),
    [
        (Gate.RANGE, [0.0, 100.0, 50.0], [0.0, 90.0, 0.0], {"min_range_m": 500.0}),
        (Gate.HORIZON, [0.0, 60_000.0, 30.0], [0.0, 90.0, 0.0], {"max_range_m": 90_000.0}),
        (Gate.BEAM, [0.0, 2_000.0, 4_000.0], [0.0, 90.0, 0.0], {"max_elevation_deg": 50.0}),
        (Gate.NOTCH, [0.0, 3_000.0, 500.0], [90.0, 0.0, 0.0], {}),
        (Gate.SNR, [0.0, 9_000.0, 2_000.0], [0.0, 90.0, 0.0], {"reference_range_m": 100.0}),
        (Gate.DETECTED, [0.0, 3_000.0, 500.0], [0.0, 90.0, 0.0], {}),
    ],
)
def test_it_names_the_gate_that_the_scan_names(radar, straight, scan, gate, position, velocity, keys):
    sensor, flight = radar(mode="staring", **keys), straight(position, velocity)
    view = sensor.visibility(np.array([position]), np.array([velocity]), flight)
    assert Gate(int(view.gate[0])) == gate
    assert Gate(int(scan(sensor, flight).info["gates"].gate[0])) == gate


def test_a_ridge_masks_what_lies_behind_it(radar, straight, environment):
    heights = np.zeros((101, 101))
    heights[60, :] = 200.0
    ridge = Environment(environment.site, environment.atmosphere, Terrain(heights, -5000.0, -5000.0, 100.0))
    sensor = radar(environment=ridge)
    places = np.array([[0.0, 900.0, 50.0], [0.0, 3000.0, 50.0], [0.0, 3000.0, 900.0]])
    gates = sensor.visibility(places, np.tile(FAST, (3, 1)), straight(places[0], FAST[0])).gate
    assert [Gate(int(g)) for g in gates] == [Gate.DETECTED, Gate.MASK, Gate.DETECTED]


def test_a_direction_finder_is_deaf_to_the_silent(bearing_sensor, straight):
    sensor, place = bearing_sensor(DirectionFinderSpec), np.array([[0.0, 900.0, 50.0]])
    heard, silent = (straight(place[0], FAST[0], emits=emits) for emits in (True, False))
    assert sensor.visibility(place, FAST, heard).p_detect.tolist() == [0.9]
    view = sensor.visibility(place, FAST, silent)
    assert view.p_detect.tolist() == [0.0]
    assert Gate(int(view.gate[0])) == Gate.SILENT


def test_a_camera_misses_by_chance_and_beyond_its_sight(bearing_sensor, straight):
    sensor = bearing_sensor(CameraSpec, p_detect=0.4, sector_middle_deg=0.0, sector_width_deg=60.0)
    places = np.array([[0.0, 900.0, 50.0], [0.0, 3900.0, 50.0], [900.0, 0.0, 50.0]])
    view = sensor.visibility(places, np.tile(FAST, (3, 1)), straight(places[0], FAST[0]))
    assert view.p_detect.tolist() == [0.4, 0.0, 0.0]
    assert [Gate(int(g)) for g in view.gate] == [Gate.CHANCE, Gate.RANGE, Gate.BEAM]
