import gzip
import json
import math

import numpy as np
import pytest
from pydantic import ValidationError

from rampart.errors import InputError
from rampart.physics.geodesy import enu_to_geodetic
from rampart.records import Fate
from rampart.threat.recorded import RecordedSpec


@pytest.fixture
def fly(site, environment, dice, tmp_path):
    """Build the flight of a log, given as text or bytes."""

    def build(content="", name="log.csv", environment=environment, **keys):
        if content is not None:
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        spec = RecordedSpec(id="x", kind="recorded", file=str(tmp_path / name), **keys)
        [flight] = spec.build(site, environment, dice(1))
        return flight

    return build


def error_of(fly, *args, **keys):
    with pytest.raises(InputError) as caught:
        fly(*args, **keys)
    message = str(caught.value)
    assert "\n" not in message
    return message


ABOVE = {"above_en_m": [200.0, -100.0]}


def climb(n=40, step=0.5):
    return "time_s,height_m\n" + "\n".join(f"{step * i},{10.0 * step * i}" for i in range(n)) + "\n"


def test_heights_alone_are_flown_above_a_point(fly):
    flight = fly(climb(), start_s=7.0, **ABOVE)
    assert (flight.start_s, flight.end_s) == (7.0, 26.5)
    assert flight.position_enu[:, :2] == pytest.approx(np.tile([200.0, -100.0], (40, 1)))
    assert flight.position_enu[-1, 2] == pytest.approx(195.0, abs=0.01)
    assert flight.velocity_enu[5:-5] == pytest.approx(np.tile([0.0, 0.0, 10.0], (30, 1)), abs=1e-3)
    assert (flight.kind, flight.threat, flight.fate) == ("recorded", True, Fate.DEPARTED)


def test_heights_alone_count_from_the_ground_there(fly, hills):
    flight = fly(climb(), environment=hills, **ABOVE)
    assert flight.position_enu[0, 2] == pytest.approx(float(hills.terrain.height_at(200.0, -100.0)), abs=0.01)


def test_places_come_out_where_they_were(fly, site):
    truth = np.column_stack([np.linspace(-3_000, 3_000, 60), np.linspace(500, 900, 60), np.linspace(300, 500, 60)])
    place = enu_to_geodetic(truth, site.latitude_rad, site.longitude_rad, site.height_m)
    rows = (
        f"{i},{math.degrees(a):.10f},{math.degrees(o):.10f},{h:.4f}"
        for i, (a, o, h) in enumerate(zip(*place, strict=True))
    )
    text = "time_s,latitude_deg,longitude_deg,height_m\n" + "\n".join(rows)
    assert fly(text).position_enu == pytest.approx(truth, abs=0.01)
    moved = fly(
        text,
        anchor_lat_deg=math.degrees(site.latitude_rad),
        anchor_lon_deg=math.degrees(site.longitude_rad),
        above_en_m=[1_000.0, 0.0],
    )
    assert moved.position_enu == pytest.approx(truth + np.array([1_000.0, 0.0, 0.0]), abs=0.01)


def test_columns_and_units_are_named(fly):
    text = "Flag, Alt (ft) ,T(ms),Alt (ft)\nb,100,0,999\nb,200,1000,999\nb,300,2000,999\n"
    flight = fly(text, time_column="T(ms)", time_unit="ms", height_column=1, height_unit="ft", smoothing_s=0.0, **ABOVE)
    assert flight.time_s.tolist() == [0.0, 1.0, 2.0]
    assert flight.position_enu[:, 2] == pytest.approx([30.48, 60.96, 91.44])
    assert "column 'Alt (ft)' stands 2 times; expected its number instead: 1 or 3" in error_of(
        fly, text, time_column="T(ms)", height_column="Alt (ft)", **ABOVE
    )


def test_a_shorter_table_beside_a_longer_one(fly):
    text = "a,time_s,height_m\n1,0,0\n2,1,10\n3,2,20\n4,,\n5,,\n"
    assert fly(text, smoothing_s=0.0, **ABOVE).end_s == 2.0


def test_place_and_speed_belong_together(fly):
    """The cubic through the knots is one smooth curve: its slope is the velocity, its acceleration has no jumps."""
    rng = np.random.Generator(np.random.Philox(3))
    t = np.cumsum(rng.uniform(0.05, 0.4, 300))
    height = 200.0 * np.sin(t / 8.0) + 300.0 + rng.standard_normal(300)
    text = "time_s,height_m\n" + "\n".join(f"{a:.6f},{b:.6f}" for a, b in zip(t, height, strict=True))
    flight = fly(text, smoothing_s=4.0, **ABOVE)
    h, z, v = np.diff(flight.time_s), flight.position_enu[:, 2], flight.velocity_enu[:, 2]
    end = (6.0 * (z[:-1] - z[1:]) / h + 2.0 * v[:-1] + 4.0 * v[1:]) / h
    begin = (6.0 * (z[1:] - z[:-1]) / h - 4.0 * v[:-1] - 2.0 * v[1:]) / h
    assert end[:-1] == pytest.approx(begin[1:], abs=1e-3)
    inner = slice(20, -20)
    assert (v - 25.0 * np.cos(t / 8.0))[inner].std() < 1.5
    assert (z - 200.0 * np.sin(t / 8.0) - 300.0)[inner].std() < 0.6


def test_smoothing_passes_what_is_longer_and_stops_what_is_shorter(fly):
    t = np.arange(0.0, 60.0, 0.05)
    for period, keeps in ((1.0, 0.0), (40.0, 1.0)):
        height = 100.0 + 10.0 * np.sin(2.0 * math.pi * t / period)
        text = "time_s,height_m\n" + "\n".join(f"{a:.3f},{b:.6f}" for a, b in zip(t, height, strict=True))
        flown = fly(text, smoothing_s=4.0, **ABOVE).position_enu[200:-200, 2] - 100.0
        assert flown.std() / (10.0 / math.sqrt(2.0)) == pytest.approx(keeps, abs=0.05) or period == 40.0
        if period == 40.0:
            assert flown == pytest.approx(height[200:-200] - 100.0, abs=0.1)


def test_a_running_median_takes_out_spikes(fly):
    lines = climb().splitlines()
    lines[21] = "10.0,9000"
    text = "\n".join(lines)
    assert fly(text, **ABOVE).position_enu[:, 2].max() > 1_000.0
    assert fly(text, median_rows=5, **ABOVE).position_enu[:, 2].max() < 200.0


def test_rows_of_one_time_are_averaged(fly):
    flight = fly("time_s,height_m\n0,0\n1,10\n1,12\n2,20\n", smoothing_s=0.0, **ABOVE)
    assert flight.time_s.tolist() == [0.0, 1.0, 2.0]
    assert flight.position_enu[1, 2] == pytest.approx(11.0)


def test_cuts_and_pieces(fly):
    text = "time_s,height_m\n" + "\n".join(f"{t},{t}" for t in [*range(10), *range(500, 530), *range(900, 905)])
    longest = fly(text, **ABOVE)
    assert (len(longest.time_s), longest.start_s, longest.end_s) == (30, 0.0, 29.0)
    assert len(fly(text, piece=3, **ABOVE).time_s) == 5
    assert len(fly(text, max_gap_s=1_000.0, **ABOVE).time_s) == 45
    assert len(fly(text, from_s=505.0, to_s=510.0, **ABOVE).time_s) == 6
    assert "piece = 4, but gaps above 120 s leave 3" in error_of(fly, text, piece=4, **ABOVE)
    assert "no rows between from_s and to_s; the log lasts 904 s" in error_of(fly, text, from_s=2_000.0, **ABOVE)


def test_reports_of_one_aircraft_from_json(fly):
    reports = [
        {"icao24": a, "timestamp": 1_000 * t, "latitude": 33.3 + 1e-4 * t, "longitude": 44.39, "altitude": 1_000 + t}
        for t in range(30)
        for a in ("aaaaaa", "bbbbbb")
    ]
    reports[6]["altitude"] = None
    keys = {
        "time_column": "timestamp",
        "time_unit": "ms",
        "latitude_column": "latitude",
        "longitude_column": "longitude",
        "height_column": "altitude",
        "height_unit": "ft",
    }
    data = json.dumps(reports).encode()
    assert len(fly(data, "log.json", aircraft="AAAAAA", **keys).time_s) == 29
    assert len(fly(gzip.compress(data), "log.json.gz", aircraft="bbbbbb", **keys).time_s) == 30
    table = {k: {str(i): r[k] for i, r in enumerate(reports) if r["icao24"] == "bbbbbb"} for k in reports[0]}
    assert len(fly(json.dumps(table), "table.json", **keys).time_s) == 30
    assert "no rows to fly" in error_of(fly, data, "log.json", aircraft="cccccc", **keys)
    assert "report 1 has no 'speed'" in error_of(fly, data, "log.json", **{**keys, "height_column": "speed"})


def test_what_it_is_taken_for(fly):
    flight = fly(climb(), as_kind="aircraft", threat=False, identity="D-1234", swerling=3, **ABOVE)
    assert (flight.kind, flight.threat, flight.identity, flight.swerling) == ("aircraft", False, "D-1234", 3)
    assert 5.0 <= flight.rcs_dbsm <= 15.0
    assert fly(climb(), rcs_dbsm=-3.0, **ABOVE).rcs_dbsm == -3.0
    assert fly(climb(), ballistic=True, **ABOVE).fate == Fate.IMPACT


# --- bad logs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "log.csv: the file is empty"),
        ("time_s,height_m\n", "log.csv: threat 'x': no rows to fly; expected at least 2"),
        ("time_s,height_m\n1,2\n", "log.csv:2: threat 'x': 1 row(s) to fly; expected at least 2"),
        ("time_s,height_m\n1,2\n1,3\n", "log.csv:3: threat 'x': 1 row(s) to fly"),
        ("time_s,height_m\n0,1\n2,2\n1,3\n", "log.csv:4: time goes backwards from 2 to 1"),
        ("time_s,height_m\n0,1\n1,nan\n", "log.csv:3: column 'height_m' holds 'nan', expected a finite number"),
        ("time_s,height_m\n0,1\n1,inf\n", "log.csv:3: column 'height_m' holds 'inf'"),
        ("time_s,height_m\n0,1\n1,\n", "log.csv:3: column 'height_m' holds ''"),
        ("time_s,height_m\n0,1\n1,1_0\n", "log.csv:3: column 'height_m' holds '1_0'"),
        ("time_s,height_m\n0,1\n1\n", "log.csv:3: column 'height_m' holds ''"),
        ("t,h\n0,1\n", "log.csv:1: no column 'time_s'; it has t, h"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "log.csv: not a text file"),
        ('time_s,height_m\n"0,1\n1,2\n', "log.csv:"),
    ],
)
def test_a_bad_log_is_one_line_with_its_place(fly, text, message):
    assert message in error_of(fly, text, **ABOVE)


def test_rows_in_any_order_fly_if_asked(fly):
    flight = fly("time_s,height_m\n0,1\n2,3\n1,2\n", sort=True, smoothing_s=0.0, **ABOVE)
    assert flight.position_enu[:, 2].tolist() == [1.0, 2.0, 3.0]


def test_places_off_the_earth_are_refused(fly):
    text = "time_s,latitude_deg,longitude_deg,height_m\n0,33,44,1\n1,144,44,1\n"
    assert "log.csv:3: latitude 144 deg, expected -90 to 90" in error_of(fly, text)


def test_missing_files_folders_and_broken_archives(fly, tmp_path):
    assert "nix.csv: cannot read the recorded flight: No such file" in error_of(fly, None, "nix.csv", **ABOVE)
    (tmp_path / "folder").mkdir()
    assert "folder: cannot read the recorded flight: Is a directory" in error_of(fly, None, "folder", **ABOVE)
    assert "cut.json.gz: cannot read" in error_of(fly, gzip.compress(b"[" * 99)[:20], "cut.json.gz", **ABOVE)
    assert "no.json:1: not JSON" in error_of(fly, "[{", "no.json", **ABOVE)
    assert "deep.json: not JSON" in error_of(fly, "[" * 100_000, "deep.json", **ABOVE)
    assert "text.json: expected a JSON list" in error_of(fly, '"x"', "text.json", **ABOVE)
    assert "report 1 is no object" in error_of(fly, "[1, 2]", "list.json", **ABOVE)


def test_heights_alone_need_a_point(fly):
    assert "heights alone need above_en_m" in error_of(fly, climb(), latitude_column=None, longitude_column=None)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"latitude_column": None}, "both latitude_column and longitude_column"),
        ({"anchor_lat_deg": 3.0}, "both anchor_lat_deg"),
        ({"anchor_lat_deg": 3.0, "anchor_lon_deg": 3.0}, "expected above_en_m"),
        ({"time_column": True}, "a header, or the number of a column"),
        ({"height_column": -1}, "a header, or the number of a column"),
        ({"median_rows": 4}, "odd number"),
        ({"height_unit": "yd"}, "height_unit"),
        ({"as_kind": "ufo"}, "as_kind"),
        ({"count": 2}, "count"),
    ],
)
def test_nonsense_is_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        RecordedSpec(id="x", kind="recorded", file="log.csv", **keys)


def test_places_may_be_metres_in_the_sites_frame(fly):
    log = "t,x,y,z\n" + "\n".join(f"{k},{12.0 * k},{-5.0 * k},{60.0}" for k in range(30)) + "\n"
    keys = {"time_column": "t", "east_column": "x", "north_column": "y", "height_column": "z", "as_kind": "multirotor"}
    flight = fly(log, **keys)
    assert flight.position_enu[-1] == pytest.approx([348.0, -145.0, 60.0], abs=1e-3)
    assert flight.tip_speed_ms > 20.0
    with pytest.raises(ValidationError, match="north_column"):
        fly(log, east_column="x")
    assert "no column 'w'" in error_of(fly, log, **{**keys, "north_column": "w"})
