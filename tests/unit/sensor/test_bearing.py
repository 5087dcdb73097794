import math

import numpy as np
import pytest
from pydantic import ValidationError

from rampart.errors import InputError
from rampart.records import DetectionFlag, TargetClass
from rampart.sensor.bearing import CameraSpec, DirectionFinderSpec
from rampart.sensor.gates import Gate, count_gates
from rampart.sensor.sky import Sky

PLACE = [800.0, 1_500.0, 200.0]


@pytest.fixture
def build(site, environment, dice):
    def make(spec, kind, seed=1, **keys):
        keys = {"position_enu_m": [0.0, 0.0, 5.0], "false_alarms_per_scan": 0.0, "p_detect": 1.0, **keys}
        return spec(id="b", kind=kind, **keys).build(site, environment, 0, dice(seed))

    return make


@pytest.fixture
def finder(build):
    return lambda **keys: build(DirectionFinderSpec, "direction_finder", **keys)


@pytest.fixture
def camera(build):
    return lambda **keys: build(CameraSpec, "camera", **keys)


def test_a_direction_finder_is_deaf_to_what_is_silent(finder, straight, scan):
    talks, silent = straight(PLACE, [0, 5, 0], emits=True), straight(PLACE, [0, 5, 0])
    result = scan(finder(), talks, silent)
    assert [Gate(g) for g in result.info["gates"].gate] == [Gate.DETECTED, Gate.SILENT]


def test_it_reports_bearings_only(finder, straight, scan):
    row = scan(finder(), straight(PLACE, [0.0, 0.0, 0.0], emits=True)).records[0]
    assert row.azimuth_rad == pytest.approx(math.atan2(800, 1500), abs=5 * math.radians(2.0))
    assert row.elevation_rad == pytest.approx(math.atan2(195, 1700), abs=5 * math.radians(4.0))
    for name in ("range_m", "range_rate_ms", "snr_db", "rcs_dbsm", "height_m"):
        assert math.isnan(getattr(row, name))
    assert row.flags == DetectionFlag.SIMULATED


def test_its_noise_is_what_it_says(camera, straight, scan):
    flight = straight(PLACE, [0.0, 0.0, 0.0])
    sensor = camera(scan_period_s=0.1)
    rows = [sensor.step(sensor.schedule.delivery_ns(k), Sky.build([flight])).records for k in range(900)]
    azimuth = np.array([r.azimuth_rad[0] for r in rows]) - math.atan2(800, 1500)
    elevation = np.array([r.elevation_rad[0] for r in rows]) - math.atan2(195, 1700)
    for error in (azimuth, elevation):
        assert abs(error.mean()) < 4.0 * math.radians(0.05) / 30.0
        assert error.std() == pytest.approx(math.radians(0.05), rel=0.1)


def test_elevation_can_be_left_out(finder, straight, scan):
    row = scan(finder(measures_elevation=False, false_alarms_per_scan=3.0), straight(PLACE, [0, 5, 0], emits=True))
    assert np.isnan(row.records.elevation_rad).all()
    assert np.isnan(row.records.elevation_sigma_rad).all()


def test_it_hears_who_a_drone_says_it_is(finder, straight, scan):
    drone = straight(PLACE, [0, 5, 0], emits=True, identity="RID00001")
    assert scan(finder(), drone).records.identity.tolist() == ["RID00001"]


def test_a_camera_sees_as_far_as_it_is_clear(camera, straight, scan):
    near, far = straight(PLACE, [0, 5, 0]), straight([0.0, 5_000.0, 300.0], [0, 5, 0])
    assert count_gates(scan(camera(), near, far).info["gates"]) == {"detected": 1, "range": 1}


def test_a_camera_has_a_field_of_view(camera, straight, scan):
    sensor = camera(sector_middle_deg=180.0, sector_width_deg=60.0)
    result = scan(sensor, straight(PLACE, [0, 5, 0]), straight([0.0, -900.0, 90.0], [0, 5, 0]))
    assert [Gate(g) for g in result.info["gates"].gate] == [Gate.BEAM, Gate.DETECTED]


def test_what_is_not_picked_out_is_chance(camera, straight):
    sensor, sky = camera(p_detect=0.7, scan_period_s=0.1), Sky.build([straight(PLACE, [0, 5, 0])])
    gates = [sensor.step(sensor.schedule.delivery_ns(k), sky).info["gates"].gate[0] for k in range(600)]
    assert set(gates) == {Gate.DETECTED, Gate.CHANCE}
    assert abs(gates.count(Gate.DETECTED) - 420) < 4.0 * math.sqrt(600 * 0.21)


def test_a_camera_tells_the_class_as_often_as_stated(camera, straight):
    sensor = camera(p_class=0.6, scan_period_s=0.1)
    sky = Sky.build([straight(PLACE, [0, 5, 0], kind="fixed_wing")])
    hints = [int(sensor.step(sensor.schedule.delivery_ns(k), sky).records.class_hint[0]) for k in range(600)]
    assert set(hints) == {TargetClass.FIXED_WING, TargetClass.UNKNOWN}
    assert abs(hints.count(TargetClass.FIXED_WING) - 360) < 4.0 * math.sqrt(600 * 0.24)


def test_false_alarms_are_poisson_in_the_field_of_view(camera):
    sensor, sky = camera(false_alarms_per_scan=2.0, sector_width_deg=90.0), Sky.build([])
    batches = [sensor.step(sensor.schedule.delivery_ns(k), sky) for k in range(400)]
    assert abs(sum(len(b.records) for b in batches) - 800) < 4.0 * math.sqrt(800)
    azimuth = np.concatenate([b.records.azimuth_rad for b in batches])
    assert (np.abs((azimuth + math.pi) % (2 * math.pi) - math.pi) <= math.radians(45.0)).all()
    assert all((b.info["flight"] == -1).all() for b in batches)


def test_a_restored_sensor_goes_on_as_the_first_would_have(finder, straight):
    first, second = (
        finder(false_alarms_per_scan=2.0, p_detect=0.5),
        finder(seed=1, false_alarms_per_scan=2.0, p_detect=0.5),
    )
    sky = Sky.build([straight(PLACE, [0, 5, 0], emits=True)])
    for k in range(4):
        first.step(first.schedule.delivery_ns(k), sky)
    second.restore(first.snapshot())
    for k in range(4, 8):
        a, b = (s.step(s.schedule.delivery_ns(k), sky).records for s in (first, second))
        assert a.canonical_bytes() == b.canonical_bytes()


def test_the_chain_is_told_that_it_measures_no_range(site):
    model = CameraSpec(id="c", kind="camera", position_enu_m=[0.0, 0.0, 5.0]).model(site)
    assert math.isnan(model.range_sigma_m)
    assert model.azimuth_sigma_rad == pytest.approx(math.radians(0.05))


def test_underground_and_nonsense_are_refused(camera):
    with pytest.raises(InputError, match="below the ground"):
        camera(position_enu_m=[0.0, 0.0, -1.0])
    with pytest.raises(ValidationError, match="sector_width_deg"):
        camera(sector_width_deg=0.0)
    with pytest.raises(ValidationError, match="min_elevation_deg below"):
        camera(min_elevation_deg=85.0)
