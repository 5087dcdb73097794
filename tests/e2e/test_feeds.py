"""Feeds of real formats through the tracker: captures that the test writes, recorded flights, detections tables."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from rampart.errors import InputError
from rampart.pipeline import parse_scenario
from rampart.records import Detections
from rampart.study import run
from rampart.study.feed import track_source, write_answer
from rampart.wire.asterix import plot_datagrams
from rampart.wire.pcap import write_pcap

S = 1_000_000_000
START_NS = 1_625_518_800 * S
#: start east, north [m], velocity [m/s] and height [m] of three aircraft
AIRCRAFT = ((-30e3, 10e3, 180.0, 20.0, 3000.0), (25e3, -20e3, -120.0, 90.0, 6000.0), (5e3, 40e3, 30.0, -220.0, 9000.0))


def turns(count, period_s=4.0, seed=1):
    """CAT048 plots of the aircraft, one per turn of the antenna, with the errors of an air traffic radar."""
    rng = np.random.Generator(np.random.Philox(seed))
    rows = []
    for turn in range(count):
        for east, north, ve, vn, height in AIRCRAFT:
            t = turn * period_s
            azimuth = np.arctan2(east + ve * t, north + vn * t) % (2 * np.pi)
            t += azimuth / (2 * np.pi) * period_s
            e, n = east + ve * t, north + vn * t
            azimuth = (np.arctan2(e, n) + rng.normal(0, np.radians(0.08))) % (2 * np.pi)
            rows.append((t, np.sqrt(e**2 + n**2 + height**2) + rng.normal(0, 70.0), azimuth, height))
    time_s, distance, azimuth, height = np.array(sorted(rows)).T
    time_ns = START_NS + np.rint(time_s * S).astype(np.int64)
    return Detections.build(
        number=np.arange(1, len(rows) + 1),
        time_ns=time_ns,
        received_ns=time_ns + S // 10,
        sensor=np.zeros(len(rows), int),
        range_m=distance,
        azimuth_rad=azimuth,
        height_m=height,
    )


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    """Fifteen turns of a radar as a pcap file."""
    path = tmp_path_factory.mktemp("capture") / "radar.pcap"
    write_pcap(path, plot_datagrams(turns(15), [(25, 201)]))
    return path


def test_a_capture_of_many_turns_gives_its_tracks(capture, tmp_path):
    tracked = track_source(capture, scan_period_s=4.0)
    answer = write_answer(tracked, tmp_path / "tracks.parquet")
    assert answer["records"] == {"48": 45}
    assert answer["tracks"]["confirmed"] == 3
    table = pq.read_table(tmp_path / "tracks.parquet").to_pydict()
    last = {track: i for i, track in enumerate(table["track_id"])}
    found = np.array([(table["east_m"][i], table["north_m"][i]) for i in last.values()])
    when = np.array([table["time_s"][i] for i in last.values()])
    first = table["time_s"][0]
    assert when.max() - first > 20
    for east, north, ve, vn, _ in AIRCRAFT:
        true = np.array([east, north]) + np.array([ve, vn]) * (tracked.tracks.time_ns[-1] - START_NS) / S
        assert np.hypot(*(found - true).T).min() < 500


def test_the_shared_capture_counts_doubles_and_confirms_nothing(shared_data):
    answer = write_answer(track_source(shared_data("asterix/cat_034_048.pcap")), None)
    assert answer["records"] == {"34": 34, "48": 128}
    assert answer["duplicates"] == 50
    assert answer["rejected"] == {}
    assert answer["tracks"]["confirmed"] == 0


def test_system_tracks_are_external(shared_data, tmp_path):
    tracked = track_source(shared_data("asterix/cat_062_065.pcap"))
    answer = write_answer(tracked, tmp_path / "tracks.csv")
    assert answer["records"] == {"62": 2, "65": 1}
    assert answer["external_tracks"] == 2
    assert answer["detections"] == answer["scans"] == 0
    # nothing of our own: they stand as tracks, and say whose they are by having no sensor of ours
    assert answer["tracks"] == {"confirmed": 2, "rows": 2}
    assert answer["joined_tracks"] == 0
    assert tracked.tracks.sensors.tolist() == [0, 0]
    assert tracked.tracks.identity.tolist() == ["4CA7A8", "4CAC7F"]


def test_a_table_of_detections_gives_tracks_without_look_ahead(tmp_path):
    rng = np.random.Generator(np.random.Philox(2))
    lines = ["time_s,sensor,range_m,azimuth_deg,elevation_deg"]
    for scan in range(20):
        x, y, z = -4000 + 150.0 * scan, 5000.0, 1200.0
        d = np.sqrt(x * x + y * y + z * z)
        az, el = np.degrees(np.arctan2(x, y)) % 360, np.degrees(np.arcsin(z / d))
        noise = rng.normal(size=3) * (10.0, 0.2, 0.2)
        lines.append(f"{scan}.0,r1,{d + noise[0]:.2f},{az + noise[1]:.4f},{el + noise[2]:.4f}")
    whole, half = tmp_path / "whole.csv", tmp_path / "half.csv"
    whole.write_text("\n".join(lines) + "\n")
    half.write_text("\n".join(lines[:12]) + "\n")
    full, cut = track_source(whole), track_source(half)
    assert write_answer(full, None)["tracks"]["confirmed"] == 1
    n = len(cut.tracks)
    assert full.tracks.take(np.arange(n)).canonical_bytes() == cut.tracks.canonical_bytes()


SITE = """\
schema = 1
name = "recorded"
start = 2021-07-05T21:00:00Z
duration_s = {duration}

[[site]]
id = "base"
origin = {{ lat_deg = {lat}, lon_deg = {lon}, height_m = 0.0 }}

[[sensor]]
id = "r1"
kind = "radar3d"
position_enu_m = [-2500.0, 0.0, 12.0]
max_range_m = 60000.0
reference_range_m = 25000.0
max_elevation_deg = 85.0
minimum_radial_speed_ms = 3.0

[[threat]]
id = "flight"
kind = "recorded"
threat = false
"""


def recorded(shared_data, name, keys, lat=45.0, lon=10.0, duration=60.0):
    text = SITE.format(lat=lat, lon=lon, duration=duration)
    text += f'file = "{shared_data(name).resolve()}"\n{keys}'
    return parse_scenario(text, "recorded.toml")


def test_a_rocket_log_of_heights_is_tracked_up_and_over(shared_data):
    scenario = recorded(
        shared_data,
        "rockets/bella_lui.csv",
        "time_column = 2\nheight_column = 3\nabove_en_m = [0.0, 0.0]\nto_s = 25.0\n",
        duration=30.0,
    )
    done = run(scenario, seed=1)
    (site,) = done.sites
    flight = site.world.flights[0]
    assert 440 < flight.position_enu[:, 2].max() < 480
    assert done.summary["tracks"]["confirmed"] >= 1
    assert done.summary["warnings"]["issued"] == 0


def test_recorded_gliders_are_tracked_and_never_a_threat(shared_data, tmp_path):
    scenario = recorded(
        shared_data,
        "adsb/franconia.json.gz",
        'time_column = "timestamp"\ntime_unit = "ms"\nlatitude_column = "latitude"\nlongitude_column = "longitude"\n'
        'height_column = "altitude"\nheight_unit = "ft"\nsort = true\nfrom_s = 0.0\nto_s = 600.0\n',
        lat=49.8,
        lon=11.2,
        duration=300.0,
    )
    done = run(scenario, seed=1)
    assert done.summary["warnings"]["issued"] == 0
    assert done.summary["warnings"]["false"] == 0
    json.dumps(done.summary)


def test_a_recorded_flight_of_one_row_or_running_back_is_refused(tmp_path):
    for rows, words in (("0,45,10,100\n", "row"), ("5,45,10,100\n4,45,10,120\n", "time")):
        (tmp_path / "log.csv").write_text("time_s,latitude_deg,longitude_deg,height_m\n" + rows)
        text = SITE.format(lat=45.0, lon=10.0, duration=10.0) + 'file = "log.csv"\n'
        with pytest.raises(InputError, match=words) as caught:
            run(parse_scenario(text, "s.toml", folder=tmp_path), seed=1)
        assert "log.csv" in str(caught.value)
