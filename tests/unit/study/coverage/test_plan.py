"""Coverage against numbers that can be computed by hand, and against Monte Carlo runs."""

import json
import math
import struct
import zlib

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.pipeline import parse_scenario
from rampart.study.coverage import Rule, plan_coverage
from rampart.study.coverage.files import answer, geojson, table, write_coverage

SITE = """
schema = 1
name = "here"
start = 2021-07-05T21:00:00Z
duration_s = 60.0
[[site]]
id = "s"
origin = { lat_deg = 33.3, lon_deg = 44.4, height_m = 34.0 }
[[zone]]
id = "z"
polygon_en_m = [[-100, -100], [100, -100], [100, 100], [-100, 100]]
shelter_time_s = 15.0
warn_radius_m = 100.0
"""
RADAR = """
[[sensor]]
id = "r1"
kind = "radar3d"
position_enu_m = [0.0, 0.0, 10.0]
minimum_radial_speed_ms = 3.0
max_elevation_deg = 90.0
min_range_m = 1.0
"""
CAMERA = """
[[sensor]]
id = "c1"
kind = "camera"
position_enu_m = [0.0, 0.0, 10.0]
p_detect = 1.0
max_range_m = 3000.0
max_elevation_deg = 90.0
scan_period_s = 1.0
delay_s = 0.5
"""


def plan(text, kind="multirotor", height_m=60.0, **keys):
    keys = {"cell_m": 100.0, "extent_km": 12.0, **keys}
    return plan_coverage(parse_scenario(SITE + text, "here.toml"), kind, height_m, **keys)


@pytest.mark.compiled
def test_the_radius_of_a_radar_is_that_of_its_range_law():
    """One look of 0.9 on -20 dBsm: 10^(-20 / 40) of the reference range."""
    cover = plan(RADAR, rcs_dbsm=-20.0, rule=Rule(detections=1, within_s=0.5))
    expected = math.pi * (12.0 * 10 ** (-0.5)) ** 2
    assert cover.area_km2("r1") == pytest.approx(expected, rel=0.02)
    assert cover.area_km2("all") == cover.area_km2("r1")


@pytest.mark.compiled
def test_the_seconds_of_a_camera_are_distance_over_speed():
    """Sight ends at 3 km; the zone with its radius begins 200 m from the middle; three looks of 1 s and the delay."""
    cover = plan(CAMERA, rule=Rule(detections=3, within_s=5.0), cell_m=20.0)
    north = cover.seconds["c1"][0, 0]
    expected = (math.sqrt(3000.0**2 - 50.0**2) - 200.0) / 18.0 - 3.5
    assert north == pytest.approx(expected, abs=2.0)


def test_a_notch_wider_than_the_speed_leaves_nothing():
    cover = plan(RADAR.replace("= 3.0", "= 25.0"))
    assert cover.area_km2("r1") == 0.0
    assert (cover.seconds["all"] == 0.0).all()
    assert next(iter(cover.gates(cover.sights[0]))) == "notch"


@pytest.mark.compiled
def test_two_sensors_see_no_less_than_each():
    cover = plan(RADAR + CAMERA)
    for name in ("r1", "c1"):
        assert (cover.p_seen["all"] >= cover.p_seen[name] - 1e-12).all()
        assert (cover.seconds["all"] >= cover.seconds[name] - 1e-9).all()


@pytest.mark.compiled
def test_the_map_says_what_monte_carlo_runs_say():
    """The share of 400 stretches of 5 s, flown towards the zone, with three detections or more."""
    from rampart.records import Flight
    from rampart.sensor.sky import Sky

    cover = plan(RADAR + 'reference_range_m = 6600.0\nmode = "staring"\nfalse_alarms_per_scan = 0.0\n')
    sensor_spec = cover.place.sensors[0][1]
    hits, n, distance = 0, 400, 6000.0
    for k in range(n):
        dice = np.random.Generator(np.random.Philox(k))
        sensor = sensor_spec.build(cover.place.site, cover.place.environment, 0, dice)
        time = np.array([0.0, 5.0])
        path = np.column_stack([np.zeros(2), distance + 45.0 - 18.0 * time, np.full(2, 60.0)])
        speed = np.tile([0.0, -18.0, 0.0], (2, 1))
        flight = Flight("a", "a", "s", "multirotor", True, False, time, path, speed, cover.target.flight.rcs_dbsm)
        sky = Sky.build([flight])
        hits += sum(len(sensor.step(sensor.schedule.delivery_ns(i), sky).records) for i in range(10)) >= 3
    row = round((distance + 6000.0) / 100.0)
    p = cover.p_seen["r1"][row, 60]
    assert 0.15 < p < 0.95
    assert abs(hits / n - p) < 4.0 * math.sqrt(p * (1 - p) / n)


def test_a_camera_that_has_to_be_turned_counts_as_it_searches():
    eye = CAMERA.replace('"camera"', '"eo_ir"').replace("p_detect = 1.0\n", "")
    narrow = plan(eye + "field_of_view_deg = 3.0\n", cell_m=400.0)
    assert narrow.area_km2("c1") == 0.0
    assert next(iter(narrow.gates(narrow.sights[0]))) == "range"
    assert "pointing" in narrow.gates(narrow.sights[0])
    assert any("has to be turned" in note for note in narrow.notes())
    staring = plan(eye + "field_of_view_deg = 30.0\nsector_width_deg = 30.0\n", cell_m=400.0)
    assert staring.area_km2("c1") > 0.1
    assert "pointing" not in staring.gates(staring.sights[0])


def test_a_slow_antenna_is_told_of():
    cover = plan(RADAR + "scan_period_s = 4.0\n")
    assert any("--within-s 12" in note for note in cover.notes())


@pytest.mark.compiled
def test_the_files_hold_what_the_answer_says(tmp_path):
    cover = plan(RADAR + CAMERA)
    said = write_coverage(cover, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(said["files"])
    assert json.loads((tmp_path / "coverage.json").read_text()) == json.loads(json.dumps(answer(cover, said["files"])))
    shapes = json.loads((tmp_path / "coverage.geojson").read_text())
    assert [f["properties"]["sensor"] for f in shapes["features"]] == ["r1", "c1", "all"]
    rows = table(cover).splitlines()
    assert rows[0] == "zone,from_bearing_deg,r1_s,c1_s,all_s"
    assert len(rows) == 1 + 72


@pytest.mark.compiled
def test_polygons_lie_on_the_globe_and_have_the_area_of_the_cells():
    cover = plan(CAMERA, cell_m=40.0)
    [[outer]] = geojson(cover)["features"][0]["geometry"]["coordinates"]
    degrees = np.array(outer)
    assert outer[0] == outer[-1]
    assert abs(degrees[:, 0] - 44.4).max() < 0.04
    east = (degrees[:, 0] - 44.4) * 111.32 * math.cos(math.radians(33.3))
    north = (degrees[:, 1] - 33.3) * 110.9
    area = 0.5 * np.sum(east[:-1] * north[1:] - east[1:] * north[:-1])
    assert area == pytest.approx(cover.area_km2("c1"), rel=0.02)


@pytest.mark.compiled
def test_the_picture_is_a_png_of_the_right_size(tmp_path):
    write_coverage(plan(RADAR), tmp_path)
    data = (tmp_path / "coverage.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    begin = data.index(b"IDAT") + 4
    length = struct.unpack(">I", data[begin - 8 : begin - 4])[0]
    assert len(zlib.decompress(data[begin : begin + length])) == height * (3 * width + 1)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"kind": "unicorn"}, "no kind 'unicorn'"),
        ({"kind": "recorded"}, "no kind 'recorded'"),
        ({"height_m": -5.0}, "height_m = -5"),
        ({"height_m": math.nan}, "height_m = nan"),
        ({"cell_m": 0.0}, "cell_m = 0"),
        ({"extent_km": math.inf}, "extent_km = inf"),
        ({"cell_m": 1.0, "extent_km": 20.0}, "more than 4000"),
        ({"speed_ms": 0.0}, "speed_ms = 0"),
        ({"site_id": "t"}, "has no site 't'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(keys, words):
    with pytest.raises(InputError, match=words) as error:
        plan(RADAR, **keys)
    assert "\n" not in str(error.value)


def test_a_site_without_sensors_is_refused():
    with pytest.raises(InputError, match="no \\[\\[sensor\\]\\]"):
        plan("")
