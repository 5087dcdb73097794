"""CAT048 and CAT062 records as detections and external tracks, and back."""

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.records import DetectionFlag, Detections, TargetClass
from rampart.wire import SensorNoise
from rampart.wire.asterix import (
    Datagram,
    Decoder,
    Editions,
    category,
    encode_block,
    plot_datagrams,
    plots_to_detections,
    source_status,
    system_tracks,
)
from rampart.wire.clock import DAY_NS

DAY = 18_000 * DAY_NS
NOISE = SensorNoise(10.0, 0.003, 0.003, 1.0, 50.0)


def batch(number, *records, received_ns=DAY + 5_000_000_000, edition=None):
    datagram = Datagram(encode_block(category(number, edition), records), received_ns)
    (found,) = Decoder().decode([datagram]).batches
    return found


def plot(**items):
    base = {"010": {"SAC": 25, "SIC": 1}, "140": {"TOD": 4.5}, "040": {"RHO": 10.0, "THETA": 90.0}}
    return {name: value for name, value in (base | items).items() if value is not None}


def detections(*records, **options):
    found, unused = plots_to_detections(batch(48, *records), sensor=lambda name: 0, noise=lambda i: NOISE, **options)
    assert not unused
    return found


def test_position_time_and_noise():
    (row,) = detections(plot())
    assert row.range_m == 18520.0
    assert row.azimuth_rad == pytest.approx(np.pi / 2, abs=1e-15)
    assert np.isnan(row.elevation_rad)
    assert row.time_ns - DAY == 4_500_000_000
    assert row.received_ns - DAY == 5_000_000_000
    assert row.range_sigma_m == pytest.approx(np.hypot(10.0, 1852 / 256 / 12**0.5))
    assert row.azimuth_sigma_rad == pytest.approx(np.hypot(0.003, 2 * np.pi / 65536 / 12**0.5))
    assert np.isnan(row.height_m)
    assert np.isnan(row.height_sigma_m)
    assert np.isnan(row.range_rate_sigma_ms)


def test_flags():
    found = detections(
        plot(**{"020": {"TYP": 1}}),
        plot(**{"020": {"TYP": 1, "SIM": 1}}),
        plot(**{"020": {"TYP": 1, "TST": 1}}),
        plot(**{"020": {"TYP": 1, "RAB": 1}}),
        plot(**{"020": {"TYP": 1, "SIM": 1, "TST": 1}}),
    )
    test, simulated = DetectionFlag.TEST, DetectionFlag.SIMULATED
    assert found.flags.tolist() == [0, simulated, test, test, simulated | test]


def test_heights():
    found = detections(
        plot(**{"090": {"FL": 10.0}}),
        plot(**{"090": {"V": 1, "FL": 10.0}}),
        plot(**{"090": {"G": 1, "FL": 10.0}}),
        plot(**{"090": {"FL": 10.0}, "110": {"HEIGHT": 2000.0}}),
    )
    np.testing.assert_allclose(found.height_m, [304.8, np.nan, np.nan, 609.6])
    steps = np.array([7.62, np.nan, np.nan, 7.62])
    np.testing.assert_allclose(found.height_sigma_m, np.sqrt(50.0**2 + steps**2 / 12))


def test_doppler():
    found = detections(
        plot(**{"120": {"CAL": {"CAL": -300}}}),
        plot(**{"120": {"CAL": {"CAL": -300, "D": 1}}}),
        plot(**{"120": {"RDS": [{"DOP": 5, "AMB": 50, "FRQ": 2800}]}}),
    )
    np.testing.assert_allclose(found.range_rate_ms, [-300.0, np.nan, np.nan])
    np.testing.assert_allclose(found.range_rate_sigma_ms[0], np.hypot(1.0, 1 / 12**0.5))


def test_identity_and_class():
    found = detections(
        plot(**{"070": {"MODE3A": "0470"}}),
        plot(**{"070": {"V": 1, "MODE3A": "0470"}}),
        plot(**{"070": {"MODE3A": "0470"}, "220": {"ADDRESS": 0x3C660C}}),
        plot(**{"030": [{"CODE": 19}]}),
        plot(**{"030": [{"CODE": 23}, {"CODE": 1}]}),
    )
    assert found.identity.tolist() == ["0470", "", "3C660C", "", ""]
    unknown = TargetClass.UNKNOWN
    assert found.class_hint.tolist() == [unknown, unknown, unknown, TargetClass.BIRD, TargetClass.CLUTTER]


def test_range_beyond_256_nm():
    far = plot(**{"020": {"TYP": 2, "ERR": 1}, "040": {"RHO": 65535 / 256}, "RE": {"ERR": {"RHO": 257.0}}})
    found = detections(plot(), far)
    assert found.range_m.tolist() == [18520.0, 257.0 * 1852]


def test_extended_range_that_is_missing_is_no_position():
    far = plot(**{"020": {"TYP": 2, "ERR": 1}, "040": {"RHO": 65535 / 256}})
    _, unused = plots_to_detections(batch(48, far), sensor=lambda name: 0)
    assert unused == {"no_position": 1}


def test_a_newer_edition_than_configured_is_noticed():
    newer = plot(**{"020": {"TYP": 1, "PAI_VAL": 1}})
    assert plots_to_detections(batch(48, newer, plot()), sensor=lambda name: 0)[1] == {}
    datagram = Datagram(encode_block(category(48), [newer, plot()]), DAY)
    (found,) = Decoder(Editions.parse(["048=1.30"])).decode([datagram]).batches
    detections_, unused = plots_to_detections(found, sensor=lambda name: 0)
    assert len(detections_) == 2
    assert unused == {"unknown_octets": 1}
    status = track(**{"080": {"M5I": 1}})
    datagram = Datagram(encode_block(category(62), [status]), DAY)
    (found,) = Decoder(Editions.parse(["062=1.20"])).decode([datagram]).batches
    assert system_tracks(found)[1] == {"unknown_octets": 1}


def test_what_is_left_out():
    at_the_antenna = plot(**{"040": {"RHO": 0.0}})
    records = [
        plot(),
        plot(**{"140": None}),
        plot(**{"040": None}),
        at_the_antenna,
        plot(**{"010": {"SAC": 9, "SIC": 9}}),
    ]
    found, unused = plots_to_detections(batch(48, *records), sensor={"25/1": 2}.get)
    assert unused == {"no_position": 2, "no_time": 1, "unknown_sensor": 1}
    assert found.sensor.tolist() == [2]


def test_midnight():
    early = batch(48, plot(**{"140": {"TOD": 86399.5}}), received_ns=DAY + DAY_NS + 100_000_000)
    (row,) = plots_to_detections(early, sensor=lambda name: 0)[0]
    assert row.time_ns == DAY + DAY_NS - 500_000_000


def test_plots_are_written_and_read_back():
    rng = np.random.default_rng(7)
    n = 200
    sent = Detections.build(
        number=np.arange(1, n + 1),
        time_ns=DAY + rng.integers(0, 10 * 10**9, n),
        received_ns=DAY + 10**9 * np.repeat(np.arange(20), 10),
        sensor=rng.integers(0, 2, n),
        range_m=rng.uniform(1, 470e3, n),
        azimuth_rad=rng.uniform(0, 2 * np.pi, n),
        range_rate_ms=np.where(rng.random(n) < 0.5, rng.uniform(-500, 500, n), np.nan),
        height_m=np.where(rng.random(n) < 0.5, rng.uniform(-100, 20e3, n), np.nan),
        identity=rng.choice(["", "3C660C", "0470"], n),
        flags=rng.integers(0, 4, n),
    )
    datagrams = plot_datagrams(sent, [(25, 1), (25, 2)])
    assert all(len(d.payload) <= 1403 for d in datagrams)
    (found,) = Decoder().decode(datagrams).batches
    read, unused = plots_to_detections(found, sensor=["25/1", "25/2"].index)
    assert not unused
    order = np.lexsort((sent.number, sent.sensor, sent.received_ns))
    sent = sent.take(order)
    np.testing.assert_allclose(read.range_m, sent.range_m, atol=1852 / 512 + 1e-6)
    turn = (read.azimuth_rad - sent.azimuth_rad + np.pi) % (2 * np.pi) - np.pi
    assert np.max(np.abs(turn)) <= np.pi / 65536 + 1e-12
    assert np.max(np.abs(read.time_ns - sent.time_ns)) <= 7_812_500 // 2 + 256
    np.testing.assert_allclose(read.range_rate_ms, sent.range_rate_ms, atol=0.5)
    np.testing.assert_allclose(read.height_m, sent.height_m, atol=12.5 * 0.3048 + 1e-6)
    for name in ("received_ns", "sensor", "identity", "flags"):
        assert getattr(read, name).tolist() == getattr(sent, name).tolist()


def test_speed_that_does_not_fit_is_doubtful():
    fast = Detections.build(range_m=[9000.0] * 2, azimuth_rad=[1.0] * 2, range_rate_ms=[-700.0, -511.6], number=[1, 2])
    (found,) = Decoder().decode(plot_datagrams(fast, [(1, 1)])).batches
    assert found.columns["120/CAL/CAL"].tolist() == [-512.0, -512.0]
    assert found.columns["120/CAL/D"].tolist() == [1.0, 0.0]


def test_a_bearing_cannot_be_a_plot():
    with pytest.raises(InputError, match="detection 0 has no range and azimuth"):
        plot_datagrams(Detections.build(azimuth_rad=[1.0]), [(1, 1)])


def track(**items):
    base = {
        "010": {"SAC": 25, "SIC": 100},
        "070": {"TOD": 4.0},
        "105": {"LAT": 33.25, "LON": 44.5},
        "100": {"X": 100.0, "Y": -200.0},
        "185": {"VX": 10.0, "VY": -20.0},
        "040": {"TRN": 77},
        "080": {"MON": 0},
        "130": {"ALT": 1000.0},
        "220": {"ROCD": -625.0},
        "500": {"APC": {"X": 30.0, "Y": 40.0}},
    }
    return {name: value for name, value in (base | items).items() if value is not None}


def test_system_tracks():
    found, unused = system_tracks(
        batch(
            62,
            track(),
            track(**{"080": {"SIM": 1}, "380": {"ADR": {"ADR": 0xABCDEF}}}),
            track(**{"080": {"CST": 1}, "060": {"MODE3A": "7700"}, "340": {"TYP": {"TST": 1}}}),
            track(**{"070": None}),
            track(**{"105": None, "100": None}),
            track(**{"105": None}),
        )
    )
    assert unused == {"no_position": 1, "no_time": 1}
    assert found.source.tolist() == ["25/100"] * 4
    assert found.source_track.tolist() == [77] * 4
    assert found.identity.tolist() == ["", "ABCDEF", "7700", ""]
    assert found.flags.tolist() == [0, DetectionFlag.SIMULATED, DetectionFlag.TEST, 0]
    assert found.coasted.tolist() == [False, False, True, False]
    row = found[0]
    assert row.time_ns == DAY + 4 * 10**9
    assert np.degrees([row.latitude_rad, row.longitude_rad]) == pytest.approx([33.25, 44.5])
    assert row.height_m == pytest.approx(304.8, abs=0.96)
    assert row.position_xy_m.tolist() == [100.0, -200.0]
    assert row.velocity_xyz_ms == pytest.approx([10.0, -20.0, -3.175])
    assert row.position_sigma_m.tolist() == [30.0, 40.0]
    assert np.isnan(found.latitude_rad[3])


def status(number, **items):
    return batch(number, {"010": {"SAC": 1, "SIC": 2}, "000": {"TYP": 1}, "030": {"TOD": 4.0}} | items)


def test_status_of_a_radar():
    good = {"050": {"COM": {"NOGO": 0}}, "041": {"PERIOD": 4.0}}
    (found,) = source_status([status(34, **good)])
    assert (found.source, found.category, found.usable, found.faults) == ("1/2", 34, True, ())
    assert found.scan_period_s == 4.0
    (found,) = source_status([status(34, **good), status(34, **{"050": {"COM": {"NOGO": 1, "TSV": 1}}})])
    assert not found.usable
    assert found.faults == ("not operational", "time source invalid")


@pytest.mark.parametrize(("nogo", "usable"), [(0, True), (1, True), (2, False), (3, False)])
def test_status_of_a_system(nogo, usable):
    (found,) = source_status([status(65, **{"040": {"NOGO": nogo}})])
    assert found.usable is usable
    assert bool(found.faults) is (nogo > 0)
    (found,) = source_status([status(65, **{"040": {"NOGO": nogo, "TSV": 1}})])
    assert not found.usable
