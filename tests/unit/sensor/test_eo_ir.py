import math

import numpy as np
import pytest
from pydantic import ValidationError

from rampart.records import TargetClass, Tracks, TrackStatus
from rampart.sensor import optics
from rampart.sensor.eo_ir import EoIrSpec
from rampart.sensor.gates import Gate
from rampart.sensor.sky import Sky

PLACE = [0.0, 900.0, 60.0]


@pytest.fixture
def camera(site, environment, dice):
    def make(seed=1, **keys):
        keys = {"position_enu_m": [0.0, 0.0, 5.0], "false_alarms_per_scan": 0.0, **keys}
        return EoIrSpec(id="c", kind="eo_ir", **keys).build(site, environment, 0, dice(seed))

    return make


def tracks_at(*places):
    state = np.array([[*place, 0.0, 0.0, 0.0] for place in places], float)
    n = len(places)
    return Tracks.build(n, number=np.arange(1, n + 1), state=state, status=np.full(n, TrackStatus.CONFIRMED),
                        class_probability=np.full((n, 9), 1.0 / 9.0))  # fmt: skip


def cued(sensor, *places, scan=0):
    sensor.cue(sensor.schedule.delivery_ns(scan) - 1, tracks_at(*places))
    return sensor


@pytest.mark.parametrize(
    ("half", "task"), [(optics.DETECT_CYCLES, 1.0), (optics.RECOGNISE_CYCLES, 4.0), (optics.IDENTIFY_CYCLES, 6.4)]
)
def test_johnsons_criteria(half, task):
    assert optics.p_task(task, half) == pytest.approx(0.5)
    assert optics.p_task(2.0 * task, half) == pytest.approx(0.95, abs=0.01)


def test_visibility_is_where_two_percent_of_contrast_are_left():
    assert optics.contrast(8000.0, 8000.0, 0.0) == pytest.approx(0.02, abs=1e-4)


def test_rain_takes_its_decibels():
    dry, wet = optics.contrast(1000.0, 1e9, 0.0), optics.contrast(1000.0, 1e9, 10.0)
    assert 10.0 * math.log10(dry / wet) == pytest.approx(1.076 * 10.0**0.67)


def test_scores_name_as_many_rightly_as_are_recognised(dice):
    rng, n = dice(3), 20_000
    kind = np.full(n, TargetClass.MULTIROTOR)
    for p in (0.2, 0.5, 0.9):
        separation = optics.separation_of(np.full(n, p))
        score = optics.scores(kind, separation, rng.standard_normal((n, optics.N_LOOKS)))
        right = (score[:, :7].argmax(axis=1) == TargetClass.MULTIROTOR).mean()
        assert right == pytest.approx(p + (1.0 - p) / optics.N_LOOKS, abs=0.015)


def test_scores_are_calibrated(dice):
    """Among pictures with a posterior of p, the share p shows what is said."""
    rng, n = dice(4), 60_000
    kinds = np.array([TargetClass.ROCKET, TargetClass.MULTIROTOR, TargetClass.FIXED_WING, TargetClass.BIRD,
                      TargetClass.AIRCRAFT])  # fmt: skip
    kind = kinds[rng.integers(0, 5, n)]
    score = optics.scores(kind, np.full(n, 1.5), rng.standard_normal((n, optics.N_LOOKS)))[:, kinds]
    posterior = score / score.sum(axis=1, keepdims=True)
    said, right = posterior[:, 1], kind == TargetClass.MULTIROTOR
    for low in np.arange(0.0, 0.9, 0.1):
        inside = (said >= low) & (said < low + 0.1)
        assert right[inside].mean() == pytest.approx(said[inside].mean(), abs=0.03)


def test_it_looks_at_what_it_is_told_to(camera, straight, scan):
    flight, other = (straight(place, [0, 1, 0], kind="multirotor") for place in (PLACE, [900.0, 0.0, 60.0]))
    result = scan(cued(camera(), PLACE), flight, other)
    assert [Gate(g) for g in result.info["gates"].gate] == [Gate.DETECTED, Gate.POINTING]
    row = result.records[0]
    assert row.azimuth_rad % (2 * math.pi) == pytest.approx(0.0, abs=0.01) or row.azimuth_rad > 6.27
    assert np.isfinite(row.class_score).all()


def test_it_needs_time_to_turn(camera, straight, scan):
    flight = straight([0.0, -900.0, 60.0], [0, 0, 0], kind="multirotor")
    sensor = camera(slew_deg_s=60.0, scan_period_s=0.5)
    gates = []
    for k in range(9):
        cued(sensor, [0.0, -900.0, 60.0], scan=k)
        gates.append(Gate(scan(sensor, flight, number=k).info["gates"].gate[0]))
    # 180 degrees at 60 degrees a second, 0.4 s of each 0.5 s: seven full turns of 24 degrees before it is there
    assert gates[:7] == [Gate.POINTING] * 7
    assert gates[7:] == [Gate.DETECTED] * 2


def test_it_takes_its_cues_in_turn(camera, straight, scan):
    places = [[-300.0, 900.0, 60.0], [300.0, 900.0, 60.0]]
    flights = [straight(place, [0, 0, 0], kind="multirotor") for place in places]
    sensor, seen = camera(slew_deg_s=200.0), []
    for k in range(6):
        cued(sensor, *places, scan=k)
        gate = scan(sensor, *flights, number=k).info["gates"].gate
        seen.append(tuple(int(i) for i in np.flatnonzero(gate == Gate.DETECTED)))
    assert seen in ([(0,), (1,)] * 3, [(1,), (0,)] * 3)


@pytest.mark.parametrize(
    ("keys", "gate"),
    [
        ({"thermal": False, "night": True}, Gate.LIGHT),
        ({"visibility_m": 700.0}, Gate.LIGHT),
        ({"rain_mm_h": 150.0, "visibility_m": 1300.0}, Gate.LIGHT),
        ({"field_of_view_deg": 41.0}, Gate.PIXELS),
        ({"thermal": True, "night": True}, Gate.DETECTED),
    ],
)
def test_night_weather_and_size_have_their_gates(camera, straight, scan, keys, gate):
    flight = straight(PLACE, [0, 1, 0], kind="multirotor")
    assert Gate(scan(cued(camera(**keys), PLACE), flight).info["gates"].gate[0]) == gate


def test_without_cues_it_sweeps(camera, straight, scan):
    flight = straight([900.0, 0.0, 68.0], [0, 0, 0], kind="multirotor")
    sensor = camera(pointing="sweep")
    gates = [Gate(scan(sensor, flight, number=k).info["gates"].gate[0]) for k in range(120)]
    assert gates.count(Gate.DETECTED) == 1


def test_a_restored_camera_goes_on_as_it_would_have(camera, straight):
    flight, sensor = straight(PLACE, [5, 1, 0], kind="multirotor"), camera(false_alarms_per_scan=0.5)
    sky = Sky.build([flight])
    cued(sensor, PLACE).step(sensor.schedule.delivery_ns(0), sky)
    other = camera(seed=9, false_alarms_per_scan=0.5)
    other.restore(sensor.snapshot())
    a, b = (s.step(s.schedule.delivery_ns(1), sky).records for s in (sensor, other))
    assert a.canonical_bytes() == b.canonical_bytes()


@pytest.mark.parametrize("width", [0.0, -1.0, 121.0])
def test_a_field_of_view_must_be_one(camera, width):
    with pytest.raises(ValidationError, match="field_of_view_deg"):
        camera(field_of_view_deg=width)
