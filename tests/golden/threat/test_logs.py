"""Real logs through the `recorded` kind; see README.md."""

import gzip
import json
import math

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.physics.environment import Environment
from rampart.records import Site
from rampart.sensor.gates import Gate
from rampart.sensor.radar import Radar3DSpec
from rampart.sensor.sky import Sky
from rampart.threat.recorded import RecordedSpec

SITE = Site("s", math.radians(46.4), math.radians(14.3), 450.0)
HERE = Environment.standard(latitude_rad=SITE.latitude_rad, height_m=450.0)
ROCKETS = {
    "bella_lui.csv": ({"time_column": "time aprox (s)", "height_column": "z (m)", "to_s": 30.0}, 458.97, 10.53),
    "ndrt_2020.csv": (
        {"time_column": "Time (s)", "height_column": "Altitude (Ft-AGL)", "height_unit": "ft"},
        1320.36,
        17.10,
    ),
    "andromeda.csv": (
        {"time_column": "t(s)", "height_column": "alt(ft)", "height_unit": "ft", "to_s": 100.0},
        3438.55,
        26.75,
    ),
    "prometheus_telemetrum.csv": (
        {"time_column": "time", "height_column": "height", "median_rows": 101, "smoothing_s": 1.0, "to_s": 120.0},
        3892.0,
        29.0,
    ),
}
ADSB = {
    "time_column": "timestamp",
    "time_unit": "ms",
    "latitude_column": "latitude",
    "longitude_column": "longitude",
    "height_column": "altitude",
    "height_unit": "ft",
    "threat": False,
    "as_kind": "aircraft",
    "above_en_m": [0.0, 0.0],
}


def reports_of(path):
    """The reports of a file by time, rising; the last of each time."""
    with gzip.open(path) as stream:
        return {r["timestamp"]: r for r in sorted(json.load(stream), key=lambda r: r["timestamp"])}


def dice():
    return np.random.Generator(np.random.Philox(1))


def fly(path, **keys):
    [flight] = RecordedSpec(id="log", kind="recorded", file=str(path), **keys).build(SITE, HERE, dice())
    return flight


@pytest.mark.parametrize("name", ROCKETS)
def test_a_sounding_rocket_reaches_its_apogee(shared_data, name):
    keys, apogee_m, at_s = ROCKETS[name]
    flight = fly(shared_data(f"rockets/{name}"), above_en_m=[500.0, 0.0], **keys)
    top = int(np.argmax(flight.position_enu[:, 2]))
    first = {"ndrt_2020.csv": 0.04375, "prometheus_telemetrum.csv": -0.30}.get(name, 0.0)
    assert flight.position_enu[top, 2] == pytest.approx(apogee_m, rel=0.003)
    assert flight.time_s[top] + first == pytest.approx(at_s, abs=0.6)
    assert abs(flight.velocity_enu[top, 2]) < 5.0


@pytest.mark.parametrize(
    ("name", "place"),
    [("alpi_italiane", (46.4368, 14.3404)), ("danube_valley", (49.79, 11.13)), ("franconia", (49.79, 11.13))],
)
def test_a_glider_flies_as_it_said(shared_data, name, place):
    path = shared_data(f"adsb/{name}.json.gz")
    keys = {"anchor_lat_deg": place[0], "anchor_lon_deg": place[1], "sort": True, "max_gap_s": 1e6, **ADSB}
    flight = fly(path, **keys)
    reports = reports_of(path)
    assert len(flight.time_s) == len(reports)
    said_ms = np.array([r["groundspeed"] for r in reports.values()]) * 0.514444
    said_track = np.radians([r["track"] for r in reports.values()])
    level = flight.velocity_enu[:, :2]
    # while it flies straight: reports come too rarely to show its circles
    turn, pause = np.abs(np.angle(np.exp(1j * np.diff(said_track)))), np.diff(flight.time_s)
    steady = (turn < 0.14) & (pause < 12.0)
    straight = np.concatenate([[False], steady[1:] & steady[:-1], [False]])
    assert straight.sum() > 400
    off = np.angle(np.exp(1j * (np.arctan2(level[:, 0], level[:, 1]) - said_track)))[straight]
    assert np.median(np.abs(off)) < math.radians(3.0)
    speed = np.linalg.norm(level, axis=1)[straight]
    assert np.median(speed) == pytest.approx(np.median(said_ms[straight]), rel=0.12)


def test_out_of_order_reports_are_refused_unless_sorting_is_asked_for(shared_data):
    with pytest.raises(InputError, match=r"danube_valley.json.gz:1012: time goes backwards .* sort = true"):
        fly(shared_data("adsb/danube_valley.json.gz"), anchor_lat_deg=49.8, anchor_lon_deg=11.1, **ADSB)


def test_one_of_many_aircraft(shared_data):
    path = shared_data("adsb/calfire.json.gz")
    with gzip.open(path) as stream:
        rows = [r for r in json.load(stream) if r["icao24"] == "a3c6bd"]
    keys = {"sort": True, "max_gap_s": 1e6, "anchor_lat_deg": 47.0, "anchor_lon_deg": -122.4, **ADSB}
    assert len(fly(path, aircraft="A3C6BD", **keys).time_s) == len({r["timestamp"] for r in rows})


def test_spoofed_positions_stay_what_they_are(shared_data):
    flight = fly(shared_data("adsb/noisy_spoofing.json.gz"), anchor_lat_deg=41.4, anchor_lon_deg=28.8, **ADSB)
    assert np.isfinite(flight.position_enu).all()
    assert np.linalg.norm(flight.velocity_enu, axis=1).max() > 1_000.0


@pytest.mark.parametrize(
    ("file", "keys", "message"),
    [
        ("rockets/ndrt_2020.csv", {"time_column": "bILBA"}, "column 'bILBA' stands 2 times.*2 or 5"),
        ("rockets/prometheus_telemetrum.csv", {"time_column": "time", "height_column": "altitude"}, "9 or 21"),
        ("rockets/andromeda.csv", {}, "no column 'time_s'; it has"),
        ("terrain/N34W081_part.hgt", {}, "not a text file"),
        ("asterix/cat_034_048.pcap", {}, "not a text file"),
        ("rockets", {}, "Is a directory"),
    ],
)
def test_a_file_of_something_else_is_refused_in_one_line(shared_data, file, keys, message):
    with pytest.raises(InputError, match=message):
        fly(shared_data(file), above_en_m=[0.0, 0.0], **keys)


def test_a_rocket_log_passes_through_a_radar(shared_data):
    keys = ROCKETS["prometheus_telemetrum.csv"][0]
    flight = fly(shared_data("rockets/prometheus_telemetrum.csv"), above_en_m=[3_000.0, 1_000.0], **keys)
    spec = Radar3DSpec(id="r", kind="radar3d", position_enu_m=[0.0, 0.0, 12.0])
    radar, sky = spec.build(SITE, HERE, 0, dice()), Sky.build([flight])
    looks = [radar.step(radar.schedule.delivery_ns(k), sky).info["gates"].gate[0] for k in range(100)]
    assert looks.count(Gate.DETECTED) > 20
    # near its apogee it hardly comes or goes: the notch
    assert set(looks[55:62]) == {Gate.NOTCH}
