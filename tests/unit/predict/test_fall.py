"""Fall points of stones."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rampart.bench.falls import load_fall, load_profile
from rampart.errors import InputError
from rampart.physics.atmosphere import WindProfile
from rampart.predict.fall import FallErrors, FallStart, predict_fall

STONE = FallStart(-0.51, 2.4, 18_000.0, 3000.0, 0.4, 1.4, mass_kg=1.5, density_kg_m3=3400.0)
ERRORS = FallErrors(1e-5, 1e-5, 100.0, 200.0, 0.003, 0.01, ln_mass=0.2, ln_density=0.05, ln_drag=0.2, wind_ms=4.0)
WIND = WindProfile(np.array([0.0, 10_000.0, 20_000.0]), np.array([2.0, 30.0, 5.0]), np.array([1.0, -5.0, 2.0]))
CONFIG = """[met]
lat0 = -29.2
lon0 = 137.4
z0 = 18000
vtot0 = 3100
zenangle = 21.8
azimuth0 = 82.6
mass0 = 1.7
rdens0 = 3500
[gnd]
atmosprofile = ./wind.csv
gndlvl = -15
"""
PROFILE = "# Height, TempK, Wind, WDir\n10, 300, 3, 350\n1000, 290, 5, 10\n"


@pytest.mark.compiled
def test_wind_carries_a_stone_along():
    still, east = predict_fall(STONE), predict_fall(STONE, wind=WindProfile.constant(10.0, 0.0))
    carried = still.offset_m(east.latitude_rad, east.longitude_rad)
    assert carried[0] == pytest.approx(10.0 * still.time_s, rel=0.1)
    assert abs(carried[1]) < 60.0  # the Earth turns


@pytest.mark.compiled
def test_the_covariance_is_that_of_many_falls():
    fall = predict_fall(STONE, errors=replace(ERRORS, wind_ms=0.0), wind=WIND)
    rng = np.random.default_rng(4)
    points = []
    for _ in range(400):
        z = rng.standard_normal(9)
        drawn = FallStart(
            STONE.latitude_rad + 1e-5 * z[0],
            STONE.longitude_rad + 1e-5 * z[1],
            STONE.height_m + 100.0 * z[2],
            STONE.speed_ms + 200.0 * z[3],
            STONE.zenith_rad + 0.003 * z[4],
            STONE.azimuth_rad + 0.01 * z[5],
            STONE.mass_kg * math.exp(0.2 * z[6]),
            STONE.density_kg_m3 * math.exp(0.05 * z[7]),
            math.exp(0.2 * z[8]),
        )
        one = predict_fall(drawn, errors=FallErrors(ln_drag=0.0, wind_ms=0.0), wind=WIND)
        points.append(fall.offset_m(one.latitude_rad, one.longitude_rad))
    scatter = np.cov(np.array(points).T)
    assert np.sqrt(np.diag(fall.covariance)) == pytest.approx(np.sqrt(np.diag(scatter)), rel=0.12)


@pytest.mark.compiled
def test_errors_of_the_wind_widen_the_ellipse_by_about_their_drift():
    calm = predict_fall(STONE, errors=replace(ERRORS, wind_ms=0.0), wind=WIND)
    windy = predict_fall(STONE, errors=replace(ERRORS, wind_ms=4.0, wind_layer_m=20_000.0), wind=WIND)
    more = np.sqrt(np.trace(windy.covariance - calm.covariance) / 2.0)
    assert more == pytest.approx(4.0 * calm.time_s, rel=0.1)
    assert windy.contains(windy.latitude_rad, windy.longitude_rad)
    assert not calm.contains(calm.latitude_rad + 0.01, calm.longitude_rad)


@pytest.mark.compiled
def test_what_never_comes_down_is_refused():
    with pytest.raises(ValueError, match="half an hour"):
        predict_fall(replace(STONE, mass_kg=1e-9, density_kg_m3=1.0))


def test_a_fall_is_read_with_its_winds(tmp_path):
    (tmp_path / "fall.cfg").write_text(CONFIG)
    (tmp_path / "wind.csv").write_text(PROFILE)
    case = load_fall(tmp_path / "fall.cfg")
    assert case.start.speed_ms == 3100.0
    assert case.start.zenith_rad == pytest.approx(math.radians(21.8))
    assert case.ground_height_m == -15.0
    # from 350 to 10 degrees through north: the wind blows south at full strength
    assert case.wind.at(505.0)[1] == pytest.approx(-4.0, abs=0.05)


@pytest.mark.parametrize(
    ("config", "profile", "message"),
    [
        (CONFIG.replace("z0 = 18000", "z0 = high"), PROFILE, r"fall.cfg: z0 in \[met\] is 'high'"),
        (CONFIG.replace("mass0 = 1.7\n", ""), PROFILE, r"fall.cfg: no mass0 in \[met\]"),
        (CONFIG.replace("mass0 = 1.7", "mass0 = 0"), PROFILE, "above zero"),
        ("mass0 = 1", PROFILE, "not a fall's .cfg"),
        (CONFIG, PROFILE.replace("1000,", "5,"), r"wind.csv:3: Height 5 does not rise above 10"),
        (CONFIG, PROFILE.replace("290, 5", "290, x"), r"wind.csv:3: expected finite numbers"),
        (CONFIG, PROFILE.replace("WDir", "Dir"), r"wind.csv:1: no column WDir"),
        (CONFIG, "# Height, Wind, WDir\n", "no rows"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, config, profile, message):
    (tmp_path / "fall.cfg").write_text(config)
    (tmp_path / "wind.csv").write_text(profile)
    with pytest.raises(InputError, match=message):
        load_fall(tmp_path / "fall.cfg")


def test_a_missing_profile_is_named(tmp_path):
    with pytest.raises(InputError, match=r"wind.csv: cannot read"):
        load_profile(tmp_path / "wind.csv")
