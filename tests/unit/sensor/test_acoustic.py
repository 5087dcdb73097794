import math

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.sensor.acoustic import SOUND_MS, AcousticSpec, noise_db, received_db
from rampart.sensor.gates import Gate
from rampart.sensor.sky import LOUDNESS_DB


@pytest.fixture
def array(site, environment, dice):
    def make(seed=1, **keys):
        keys = {"position_enu_m": [0.0, 0.0, 2.0], "false_alarms_per_scan": 0.0, **keys}
        return AcousticSpec(id="a", kind="acoustic", **keys).build(site, environment, 0, dice(seed))

    return make


def spec(**keys):
    return AcousticSpec(id="a", kind="acoustic", position_enu_m=[0.0, 0.0, 2.0], **keys)


@pytest.mark.parametrize("range_m", [200.0, 300.0, 500.0])
def test_published_ranges_are_calibration_points(range_m):
    """One microphone: 200 m trained on clean sound, 300 m most, 500 m trained on attenuated sound."""
    heard = spec(reference_range_m=range_m, wind_ms=2.0)
    assert heard.p_detect(range_m, LOUDNESS_DB["multirotor"]) == pytest.approx(0.9)
    assert heard.p_detect(1.6 * range_m, LOUDNESS_DB["multirotor"]) < 0.5


@pytest.mark.parametrize(("shield_db", "gain"), [(2.4, 1.31), (7.4, 2.31)])
def test_a_wind_shield_gains_the_published_share_of_range(shield_db, gain):
    """31 to 131 % in wind."""

    def reach(shield):
        r = np.geomspace(5.0, 1000.0, 4000)
        p = spec(wind_ms=12.0, wind_shield_db=shield, background_db=20.0).p_detect(r, LOUDNESS_DB["multirotor"])
        return r[p >= 0.5].max()

    assert reach(shield_db) / reach(0.0) == pytest.approx(gain, rel=0.04)


def test_sound_falls_by_six_db_per_doubling_and_a_little_more():
    fall = received_db(80.0, 100.0) - received_db(80.0, 200.0)
    assert fall == pytest.approx(20.0 * math.log10(2.0) + 0.5)


def test_wind_noise_rises_with_the_dynamic_pressure():
    assert noise_db(20.0, -50.0, 0.0) - noise_db(10.0, -50.0, 0.0) == pytest.approx(40.0 * math.log10(2.0), abs=1e-6)


def test_it_hears_rotors_not_wings(array, straight, scan):
    here = [60.0, 80.0, 40.0]
    result = scan(array(), *(straight(here, [0, 1, 0], kind=kind) for kind in ("multirotor", "bird", "rocket")))
    assert [Gate(g) for g in result.info["gates"].gate] == [Gate.DETECTED, Gate.SILENT, Gate.SILENT]


def test_far_away_it_is_drowned_in_noise(array, straight, scan):
    result = scan(array(wind_ms=8.0), straight([0.0, 700.0, 40.0], [0, 1, 0], kind="multirotor"))
    assert Gate(result.info["gates"].gate[0]) == Gate.NOISE


def test_it_hears_where_the_target_was(array, straight, scan):
    """Sound takes its time: at 340 m the bearing is a second old."""
    flight = straight([-30.0, 340.0, 2.0], [30.0, 0.0, 0.0], kind="fixed_wing")
    sensor = array(azimuth_sigma_deg=0.001, reference_range_m=900.0, wind_ms=1.0)
    azimuth = scan(sensor, flight, number=1).records.azimuth_rad[0]
    east_now = -30.0 + 30.0 * 2.0
    assert SOUND_MS * math.tan(azimuth) == pytest.approx(east_now - 30.0, abs=0.5)


def test_the_map_knows_what_the_simulation_knows(array, straight, scan):
    flight = straight([0.0, 280.0, 60.0], [0, 0.1, 0], kind="multirotor")
    sensor = array()
    p = sensor.visibility(flight.position_enu[:1], flight.velocity_enu[:1], flight).p_detect[0]
    hits = sum(len(scan(array(seed=k), flight).records) for k in range(300)) / 300
    assert hits == pytest.approx(p, abs=4.0 * math.sqrt(p * (1.0 - p) / 300) + 1e-3)


def test_underground_is_an_error(array):
    with pytest.raises(InputError, match="below the ground"):
        array(position_enu_m=[0.0, 0.0, -3.0])
