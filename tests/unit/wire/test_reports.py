"""CAT015 and CAT021 records as detections and external tracks, and back; CAT062 and CAT034 as a feed sends them."""

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.records import DetectionFlag, Detections, ExternalTracks
from rampart.wire import SensorNoise, read_source
from rampart.wire.asterix import (
    Datagram,
    Decoder,
    aircraft_reports,
    category,
    encode_block,
    report_datagrams,
    reports_to_detections,
    reports_to_tracks,
    source_status,
    system_tracks,
    track_datagrams,
    turn_datagrams,
)
from rampart.wire.clock import DAY_NS
from rampart.wire.pcap import write_pcap

DAY = 18_000 * DAY_NS
NOISE = SensorNoise(10.0, 0.003, 0.004, 1.0, 50.0)


def report(**items):
    base = {
        "010": {"SAC": 25, "SIC": 1},
        "000": {"MT": 1},
        "145": {"TOD": 4.5},
        "625": {"R": {"R": 5000.3}},
        "627": {"AZ": {"AZ": 90.0}},
        "628": {"EL": {"EL": 45.0}},
    }
    return {name: value for name, value in (base | items).items() if value is not None}


def batch(*records):
    datagram = Datagram(encode_block(category(15), records), DAY + 5_000_000_000)
    (found,) = Decoder().decode([datagram]).batches
    return found


def read(*records):
    return reports_to_detections(batch(*records), sensor=lambda name: 0, noise=lambda i: NOISE)


def test_what_a_report_measures():
    found, left_out = read(report(**{"630": {"DPS": {"DPS": 17}}}))
    row = found[0]
    assert row.range_m == pytest.approx(5000.3)
    assert row.azimuth_rad == pytest.approx(np.pi / 2)
    assert row.elevation_rad == pytest.approx(np.pi / 4)
    assert row.snr_db == 17.0
    assert np.isnan(row.range_rate_ms)
    assert row.time_ns - DAY == 4_500_000_000
    assert row.range_sigma_m == pytest.approx(np.hypot(10.0, 0.1 / 12**0.5))
    assert row.elevation_sigma_rad == pytest.approx(np.hypot(0.004, np.pi / 65536 / 12**0.5))
    assert not left_out


def test_its_own_sigmas_win():
    own = {"R": {"R": 5000.3}, "SDR": {"SDR": 3.0}, "RR": {"RR": -300.0}, "SDRR": {"SDRR": 0.5}}
    row = read(report(**{"625": own}))[0][0]
    assert row.range_sigma_m == pytest.approx(np.hypot(3.0, 0.1 / 12**0.5))
    assert row.range_rate_ms == pytest.approx(-300.0)
    assert row.range_rate_sigma_ms == pytest.approx(np.hypot(0.5, 0.1 / 12**0.5))


@pytest.mark.parametrize(
    ("taxonomy", "flag"), [(0, 0), (1, DetectionFlag.TEST), (2, DetectionFlag.SIMULATED), (3, DetectionFlag.SIMULATED)]
)
def test_taxonomy(taxonomy, flag):
    assert read(report(**{"020": {"TTAX": taxonomy}}))[0].flags[0] == int(flag)


def test_what_is_left_out():
    found, left_out = read(
        report(**{"145": None}),
        report(**{"627": None}),
        report(**{"020": {"MOMU": 1}}),
        report(**{"000": {"MT": 5}}),
        report(**{"000": {"MT": 2}}),
        report(**{"626": {"DV": {"DV": 20.0}}}),
    )
    assert len(found) == 1
    assert left_out == {"no_time": 1, "no_position": 1, "multi_static": 1, "track_end": 1, "doppler_only": 1}
    strange = reports_to_detections(batch(report()), sensor=lambda name: None)
    assert strange[1] == {"unknown_sensor": 1}


def test_tracks_are_external():
    placed = {
        "000": {"MT": 2},
        "161": {"TRN": 9},
        "600": {"P84": {"LAT": 33.3, "LON": 44.4}, "HPP": {"X": 12.0, "Y": 15.0}},
        "601": {"GH": {"GH": 812.5}},
        "602": {"HV": {"X": -30.0, "Y": 12.5}},
        "604": {"VV": {"VV": -3.0}},
    }
    found, left_out = reports_to_tracks(batch(report(**placed), report(**{"000": {"MT": 4}}), report()))
    assert left_out == {"track_no_position": 1}
    row = found[0]
    assert (row.source, row.source_track) == ("25/1", 9)
    assert np.degrees(row.latitude_rad) == pytest.approx(33.3, abs=1e-7)
    assert row.height_m == pytest.approx(812.5)
    np.testing.assert_allclose(row.velocity_xyz_ms, [-30.0, 12.5, -3.0])
    np.testing.assert_allclose(row.position_sigma_m, [12.0, 15.0])


def looks(n=300, seed=5):
    rng = np.random.default_rng(seed)
    some = rng.random(n) < 0.8
    return Detections.build(
        number=np.arange(1, n + 1),
        time_ns=DAY + rng.integers(0, 10 * 10**9, n),
        received_ns=DAY + 10**9 * np.repeat(np.arange(n // 10), 10),
        sensor=rng.integers(0, 2, n),
        range_m=rng.uniform(1, 400e3, n),
        azimuth_rad=rng.uniform(0, 2 * np.pi, n),
        elevation_rad=np.where(some, rng.uniform(-0.1, 1.5, n), np.nan),
        range_rate_ms=np.where(some, rng.uniform(-2000, 2000, n), np.nan),
        range_sigma_m=rng.uniform(1, 50, n),
        azimuth_sigma_rad=rng.uniform(0.001, 0.01, n),
        elevation_sigma_rad=rng.uniform(0.001, 0.01, n),
        range_rate_sigma_ms=rng.uniform(0.5, 3, n),
        snr_db=np.where(some, rng.integers(0, 60, n), np.nan),
        flags=rng.integers(0, 4, n),
    )


def test_reports_are_written_and_read_back():
    sent = looks()
    datagrams = report_datagrams(sent, [(25, 1), (25, 2)])
    assert all(len(d.payload) <= 1403 for d in datagrams)
    (found,) = Decoder().decode(datagrams).batches
    got, left_out = reports_to_detections(found, sensor=["25/1", "25/2"].index)
    assert not left_out
    sent = sent.take(np.lexsort((sent.number, sent.sensor, sent.received_ns)))
    np.testing.assert_allclose(got.range_m, sent.range_m, atol=0.0501)
    turn = (got.azimuth_rad - sent.azimuth_rad + np.pi) % (2 * np.pi) - np.pi
    assert np.max(np.abs(turn)) <= np.pi / 65536 + 1e-12
    np.testing.assert_allclose(got.elevation_rad, sent.elevation_rad, atol=np.pi / 131072 + 1e-12)
    np.testing.assert_allclose(got.range_rate_ms, sent.range_rate_ms, atol=0.0501)
    np.testing.assert_allclose(got.azimuth_sigma_rad, sent.azimuth_sigma_rad, atol=3e-5)
    np.testing.assert_allclose(got.snr_db, sent.snr_db)
    assert np.max(np.abs(got.time_ns - sent.time_ns)) <= 7_812_500 // 2 + 256
    # simulated and test is sent as simulated: that alone keeps it from becoming a live warning
    simulated = (sent.flags & int(DetectionFlag.SIMULATED)) > 0
    assert ((got.flags & int(DetectionFlag.SIMULATED)) > 0).tolist() == simulated.tolist()
    assert (got.flags[~simulated] == sent.flags[~simulated]).all()


def test_a_capture_of_reports(tmp_path):
    path = tmp_path / "reports.pcap"
    write_pcap(path, report_datagrams(looks(40), [(25, 1), (25, 2)]))
    source = read_source(path)
    assert source.sensors == ("25/1", "25/2")
    assert source.records == {"15": 40}
    assert len(source.detections) == 40


def test_tracks_of_another_system_are_written_and_read_back():
    sent = ExternalTracks.build(
        source=["25/100"] * 2, source_track=[4, 5], time_ns=[DAY + 10**9] * 2, received_ns=[DAY + 2 * 10**9] * 2,
        latitude_rad=np.radians([33.3, 33.4]), longitude_rad=np.radians([44.4, 44.5]), height_m=[900.0, np.nan],
        velocity_xyz_ms=[[10.0, -20.0, 1.0], [np.nan] * 3], position_sigma_m=[[8.0, 9.5], [np.nan] * 2],
        identity=["3C660C", "0470"], coasted=[False, True], flags=[0, int(DetectionFlag.SIMULATED)],
    )  # fmt: skip
    (found,) = Decoder().decode(track_datagrams(sent)).batches
    got, left_out = system_tracks(found)
    assert not left_out
    np.testing.assert_allclose(got.latitude_rad, sent.latitude_rad, atol=1e-7)
    np.testing.assert_allclose(got.height_m, sent.height_m, atol=1.0)
    np.testing.assert_allclose(got.velocity_xyz_ms, sent.velocity_xyz_ms, atol=0.2)
    np.testing.assert_allclose(got.position_sigma_m, sent.position_sigma_m, atol=0.26)
    for name in ("source", "source_track", "identity", "coasted", "flags"):
        assert getattr(got, name).tolist() == getattr(sent, name).tolist()


def aircraft(**items):
    base = {
        "010": {"SAC": 25, "SIC": 9},
        "071": {"TOD": 4.5},
        "131": {"LAT": 33.3, "LON": 44.4},
        "080": {"ADDRESS": 0x3C660C},
        "140": {"HEIGHT": 10000.0},
        "090": {"NACP": 9},
        "157": {"RATE": -600.0},
        "160": {"GS": 0.06, "TA": 270.0},
    }
    return {name: value for name, value in (base | items).items() if value is not None}


def flying(*records):
    datagram = Datagram(encode_block(category(21), records), DAY + 5_000_000_000)
    (found,) = Decoder().decode([datagram]).batches
    return aircraft_reports(found)


def test_aircraft_name_themselves():
    found, left_out = flying(aircraft())
    row = found[0]
    assert not left_out
    assert (row.source, row.identity, row.source_track) == ("25/9", "3C660C", 0x3C660C)
    assert np.degrees(row.latitude_rad) == pytest.approx(33.3, abs=1e-7)
    assert row.height_m == pytest.approx(3048.0)
    np.testing.assert_allclose(row.velocity_xyz_ms, [-0.06 * 1852, 0.0, -3.048], atol=0.06)
    # 30 m hold 95 % of the errors: 2.45 sigma
    np.testing.assert_allclose(row.position_sigma_m, 30.0 / 2.4477, rtol=1e-4)
    assert row.time_ns - DAY == 4_500_000_000


def test_what_aircraft_leave_unsaid():
    coarse = {"131": None, "130": {"LAT": 33.25, "LON": 44.5}, "071": None, "073": {"TOD": 4.0}}
    found, left_out = flying(
        aircraft(**coarse, **{"090": None, "157": None, "155": {"RATE": 300.0}, "040": {"SIM": 1}}),
        aircraft(**{"071": None}),
        aircraft(**{"131": None}),
        aircraft(**{"040": {"RAB": 1}}),
        aircraft(**{"090": {"NACP": 0}, "160": None, "080": None}),
    )
    assert left_out == {"no_time": 1, "no_position": 1, "surface": 1}
    assert np.degrees(found.longitude_rad[0]) == pytest.approx(44.5, abs=1e-4)
    assert found.flags.tolist() == [int(DetectionFlag.SIMULATED), 0]
    assert np.isnan(found.position_sigma_m).all()
    assert found.velocity_xyz_ms[0, 2] == pytest.approx(1.524)
    assert np.isnan(found.velocity_xyz_ms[1, :2]).all()
    assert (found.identity[1], found.source_track[1]) == ("", -1)


def test_turns_of_an_antenna():
    times = [DAY + 10**9 * i for i in range(3)]
    decoded = Decoder().decode(turn_datagrams((25, 1), times, 1.0))
    assert decoded.records[34] == 3
    (status,) = source_status(decoded.batches)
    assert status.usable
    assert status.scan_period_s == 1.0


def test_what_cannot_be_sent():
    with pytest.raises(InputError, match="CAT015 needs both"):
        report_datagrams(Detections.build(azimuth_rad=[1.0]), [(1, 1)])
    with pytest.raises(InputError, match="expected SAC/SIC"):
        track_datagrams(ExternalTracks.build(source=["radar"], latitude_rad=[0.5], longitude_rad=[0.5]))
