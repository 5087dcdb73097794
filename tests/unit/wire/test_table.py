"""Detections and tracks tables."""

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from rampart.errors import InputError
from rampart.records import Tracks, TrackStatus
from rampart.wire import SensorNoise, read_detections, write_tracks
from rampart.wire.table import COLUMNS, TRACK_COLUMNS, parse_detections

HEAD = "time_s,sensor,range_m,azimuth_deg,elevation_deg"
NOISE = SensorNoise(5.0, 0.01, 0.02, 2.0, 30.0)


def test_rows_become_detections():
    text = (
        HEAD + ",snr_db,range_rate_ms,height_m,range_sigma_m\n"
        "0.5,r1,4000,90,10,20,-3,,7\n"
        "0.5,r2,5000,-90,,,,120,\n"
        "\n"
        " 1.5, r1 ,1e3,360,-5,,,,\n"
    )
    table = parse_detections(text)
    detections, unused = table.detections(noise=lambda i: NOISE, start_ns=10**18)
    assert table.sensors == ("r1", "r2")
    assert unused == {}
    assert detections.number.tolist() == [1, 2, 3]
    assert detections.sensor.tolist() == [0, 1, 0]
    assert (detections.time_ns - 10**18).tolist() == [500_000_000, 500_000_000, 1_500_000_000]
    np.testing.assert_allclose(detections.azimuth_rad, np.radians([90, 270, 0]))
    np.testing.assert_allclose(detections.elevation_rad, np.radians([10, np.nan, -5]))
    np.testing.assert_allclose(detections.range_sigma_m, [7, 5, 5])
    np.testing.assert_allclose(detections.elevation_sigma_rad, [0.02, np.nan, 0.02])
    np.testing.assert_allclose(detections.range_rate_sigma_ms, [2, np.nan, np.nan])
    np.testing.assert_allclose(detections.height_sigma_m, [np.nan, 30, np.nan])
    np.testing.assert_allclose(detections.snr_db, [20, np.nan, np.nan])


def test_sensors_of_a_site():
    table = parse_detections(HEAD + "\n0,far,1,0,\n0,near,2,0,\n")
    detections, unused = table.detections(sensor={"near": 3}.get, noise=lambda i: NOISE)
    assert detections.sensor.tolist() == [3]
    assert detections.range_m.tolist() == [2.0]
    assert unused == {"unknown_sensor": 1}
    nothing, unused = table.detections(sensor=lambda name: None)
    assert len(nothing) == 0
    assert unused == {"unknown_sensor": 2}


def test_a_sensor_that_measures_no_range_may_leave_it_empty():
    text = HEAD + "\n0,r,1,2,3\n0,rf,,2,\n"
    table = parse_detections(text, bearing_sensors={"rf"})
    assert np.isnan(table.columns["range_m"][1])
    with pytest.raises(InputError, match=r"t.csv:2: range_m is empty or nan"):
        parse_detections(HEAD + "\n0,r,,2,3\n0,rf,,2,\n", "t.csv", bearing_sensors={"rf"})
    with pytest.raises(InputError, match=r"t.csv:2: range_m is inf"):
        parse_detections(HEAD + "\n0,rf,inf,2,\n", "t.csv", bearing_sensors={"rf"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "t.csv:1: empty; expected a header time_s,sensor,range_m"),
        (HEAD + "\n", "t.csv:1: a header without rows"),
        (HEAD + ",rcs\n0,r,1,2,3,4\n", "t.csv:1: unknown column 'rcs'; expected some of time_s, sensor"),
        (HEAD + ",time_s\n0,r,1,2,3,0\n", "t.csv:1: column time_s stands twice"),
        ("time_s,sensor,range_m,azimuth_deg\n0,r,1,2\n", "t.csv:1: column elevation_deg is missing"),
        (HEAD + "\n0,r,1,2,3\n0,r,1,2\n", "t.csv:3: 4 cells where the header has 5"),
        (HEAD + "\n0,r,1,2,3\n\n0,r,nan,2,3\n", "t.csv:4: range_m is empty or nan; expected a finite number"),
        (HEAD + "\n0,r,,2,3\n", "t.csv:2: range_m is empty or nan"),
        (HEAD + "\n0,r,one,2,3\n", "t.csv:2: range_m is 'one'; expected a number"),
        (HEAD + "\n0,r,1,2,inf\n", "t.csv:2: elevation_deg is inf; expected a finite number or an empty cell"),
        (HEAD + "\n0,r,inf,2,\n", "t.csv:2: range_m is inf; expected a finite number"),
        (HEAD + "\n0,r,-1,2,\n", "t.csv:2: range_m is -1; expected more than 0"),
        (HEAD + "\n0,r,1,361,\n", "t.csv:2: azimuth_deg is 361; expected -360 to 360"),
        (HEAD + "\n0,r,1,2,91\n", "t.csv:2: elevation_deg is 91; expected -90 to 90"),
        (HEAD + "\n1,r,1,2,\n0.5,r,1,2,\n", "t.csv:3: time_s is 0.5 after 1; expected times that do not go back"),
        (HEAD + "\n1e300,r,1,2,\n", "t.csv:2: time_s is 1e+300; expected seconds"),
        (HEAD + "\n0,,1,2,\n", "t.csv:2: sensor is empty; expected a name"),
        (HEAD + ",range_sigma_m\n0,r,1,2,,0\n", "t.csv:2: range_sigma_m is 0; expected more than 0"),
        (HEAD + '\n0,"r,1,2,3\n', "t.csv:2: not CSV"),
    ],
)
def test_what_is_wrong_is_named_by_line(text, said):
    with pytest.raises(InputError) as caught:
        parse_detections(text, "t.csv")
    assert str(caught.value).startswith(said)


def test_not_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(HEAD.encode() + b"\n\xff\xfe\n")
    with pytest.raises(InputError, match="octet 48: not UTF-8 text"):
        read_detections(path)


def test_byte_order_mark_and_line_ends(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbf" + HEAD.encode() + b"\r\n0,r,1,2,3\r\n")
    assert len(read_detections(path)) == 1


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


GOOD = {
    "time_s": [0.0, 1.0],
    "sensor": ["a", "b"],
    "range_m": [1, 2],
    "azimuth_deg": [0.0, 1.0],
    "elevation_deg": [None, 2.0],
}


def test_parquet(tmp_path):
    table = read_detections(parquet(tmp_path / "t.parquet", **GOOD))
    assert table.sensors == ("a", "b")
    np.testing.assert_allclose(table.columns["elevation_deg"], [np.nan, 2.0])
    assert set(table.columns) == set(COLUMNS) - {"sensor"}
    numbered = read_detections(parquet(tmp_path / "t.parquet", **GOOD | {"sensor": [7, 7]}))
    assert numbered.sensors == ("7",)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (GOOD | {"rcs": [1, 2]}, "unknown column 'rcs'"),
        (GOOD | {"range_m": ["1", "2"]}, "column range_m holds string; expected numbers"),
        (GOOD | {"range_m": [1.0, None]}, "row 2: range_m is empty or nan"),
        (GOOD | {"sensor": ["a", None]}, "row 2: sensor is empty"),
        ({name: [] for name in GOOD}, "no rows"),
    ],
)
def test_parquet_refused(tmp_path, columns, said):
    with pytest.raises(InputError) as caught:
        read_detections(parquet(tmp_path / "t.parquet", **columns))
    assert said in str(caught.value)


def test_a_parquet_file_that_is_none(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(InputError, match="not a Parquet file that can be read"):
        read_detections(path)


def tracks():
    covariance = np.zeros((3, 6, 6))
    covariance[:, :3, :3] = [[1, 2, 3], [2, 4, 5], [3, 5, 6]]
    probability = np.full((3, 9), 0.05)
    probability[:, 0] = 0.6
    probability[2] = np.nan
    return Tracks.build(
        number=[1, 2, 1],
        time_ns=np.array([1, 1, 2]) * 10**9,
        state=np.arange(18.0).reshape(3, 6),
        covariance=covariance,
        existence=[0.9, 0.3, 0.95],
        class_probability=probability,
        status=[TrackStatus.CONFIRMED, TrackStatus.TENTATIVE, TrackStatus.COASTED],
    )


def test_tracks_table(tmp_path):
    assert write_tracks(tmp_path / "t.parquet", tracks(), site="s", start_ns=10**9) == 2
    rows = pq.read_table(tmp_path / "t.parquet").to_pylist()
    assert tuple(rows[0]) == TRACK_COLUMNS
    assert [row["time_s"] for row in rows] == [0.0, 1.0]
    assert [row["track_id"] for row in rows] == ["s/T1", "s/T1"]
    assert [row["status"] for row in rows] == ["confirmed", "coasted"]
    assert [row["class"] for row in rows] == ["rocket", "unknown"]
    assert rows[0]["class_probability"] == 0.6
    assert [rows[1][name] for name in ("east_m", "up_ms")] == [12.0, 17.0]
    triangle = [rows[0][f"cov_{name}"] for name in ("ee", "en", "eu", "nn", "nu", "uu")]
    assert triangle == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_tentative_tracks_and_csv(tmp_path):
    assert write_tracks(tmp_path / "t.csv", tracks(), site="s", tentative=True) == 3
    assert pa_csv.read_csv(tmp_path / "t.csv").column("status").to_pylist() == ["confirmed", "tentative", "coasted"]
    assert write_tracks(tmp_path / "none.parquet", Tracks.empty(), site="s") == 0


def test_tracks_refused(tmp_path):
    with pytest.raises(InputError, match=r"tracks are written to .parquet or .csv, not .txt"):
        write_tracks(tmp_path / "t.txt", tracks(), site="s")
    with pytest.raises(InputError, match="cannot be written"):
        write_tracks(tmp_path / "no" / "t.parquet", tracks(), site="s")
    with pytest.raises(InputError, match="cannot be written"):
        write_tracks(tmp_path / "no" / "t.csv", tracks(), site="s")
