"""The Murrili meteorite: the one real fall with a tracked end of its light and a recovered stone."""

import configparser
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rampart.physics import flight, geodesy
from rampart.physics.atmosphere import WindProfile
from rampart.physics.drag import reference_coefficient
from rampart.physics.environment import Environment


def read_wind(path: Path) -> WindProfile:
    """Columns Height, TempK, Press, RHum, Wind, WDir."""
    rows = np.loadtxt(path, delimiter=",", comments="#")
    return WindProfile.from_directions(rows[:, 0], rows[:, 4], rows[:, 5])


def miss_m(shared_data: Callable[[str], Path], wind: WindProfile | None) -> float:
    """Fly the stone as a sphere of its recovered mass; distance of the landing from where it was found."""
    config = configparser.ConfigParser()
    config.read(shared_data("meteor/example_murrili.cfg"))
    met = {key: float(value) for key, value in config["met"].items() if key not in ("name", "exposure_time")}
    found = json.loads(shared_data("meteor/murrili.json").read_text())["recovery"]
    ground = float(config["gnd"]["gndlvl"])
    origin = (math.radians(met["lat0"]), math.radians(met["lon0"]), ground)
    radius = (0.75 * met["mass0"] / (math.pi * met["rdens0"])) ** (1.0 / 3.0)
    k = reference_coefficient("sphere") * math.pi * radius**2 / (2.0 * met["mass0"])
    zenith, azimuth = math.radians(met["zenangle"]), math.radians(met["azimuth0"])
    velocity = -met["vtot0"] * geodesy.polar_to_enu(1.0, azimuth + math.pi, math.pi / 2 - zenith)
    here = Environment.standard(latitude_rad=origin[0], height_m=ground, wind=wind)
    state = np.concatenate([[0.0, 0.0, met["z0"] - ground], velocity, [math.log(k)]])
    landing = flight.fly_to_ground([state], here, shape="sphere", step_s=0.05)
    assert landing.landed.all()
    assert 90.0 < landing.time_s[0] < 120.0
    stone = geodesy.geodetic_to_enu(math.radians(found["lat_deg"]), math.radians(found["lon_deg"]), ground, *origin)
    return float(np.linalg.norm((landing.position_enu[0] - stone)[:2]))


@pytest.mark.compiled
def test_the_stone_comes_down_near_where_it_was_found(shared_data: Callable[[str], Path]) -> None:
    wind = read_wind(shared_data("meteor/example_murrili_wind_profile.csv"))
    with_wind, without = miss_m(shared_data, wind), miss_m(shared_data, None)
    assert with_wind < 300.0
    assert without > 5.0 * with_wind
