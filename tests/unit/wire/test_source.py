"""Files of all kinds, told by content."""

import os

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.records import Detections, SensorModel
from rampart.wire import Editions, SourceKind, read_source, sniff
from rampart.wire.asterix import Datagram, category, encode_block, plot_datagrams
from rampart.wire.clock import DAY_NS
from rampart.wire.pcap import format_pcap, write_pcap

START = 18_000 * DAY_NS + DAY_NS - 6 * 10**9  # the tests fly over midnight
TABLE = "time_s,sensor,range_m,azimuth_deg,elevation_deg\n0,r1,100,0,1\n1,r2,200,0,\n"


def scans(n=10, targets=3):
    """A radar at two sites' distance that turns once in four seconds and sees every target every time."""
    time_ns = START + np.repeat(np.arange(n), targets) * 4 * 10**9
    return Detections.build(
        number=np.arange(1, n * targets + 1),
        time_ns=time_ns,
        received_ns=time_ns + 200_000_000,
        sensor=np.tile(np.arange(targets) % 2, n),
        range_m=np.tile([20e3, 30e3, 40e3][:targets], n) - np.repeat(np.arange(n), targets) * 800.0,
        azimuth_rad=np.tile([0.1, 2.0, 4.0][:targets], n),
    )


def sensor(name, **figures):
    return SensorModel(name, "radar2d", np.zeros(3), 4.0, **figures)


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "scans.pcap"
    write_pcap(path, plot_datagrams(scans(), [(25, 1), (25, 2)]))
    return path


def test_a_capture_of_many_scans(recording):
    source = read_source(recording)
    assert source.kind is SourceKind.PCAP
    assert source.records == {"48": 30}
    assert (source.duplicates, source.rejected, source.skipped, source.unused) == (0, {}, {}, {})
    assert source.sensors == ("25/1", "25/2")
    sent = scans()
    order = np.lexsort((sent.number, sent.sensor, sent.received_ns))
    assert source.detections.sensor.tolist() == sent.sensor[order].tolist()
    np.testing.assert_array_equal(source.detections.received_ns, sent.received_ns[order])
    np.testing.assert_allclose(source.detections.range_m, sent.range_m[order], atol=3.7)
    assert np.max(np.abs(source.detections.time_ns - sent.time_ns[order])) < 4_000_000
    assert source.detections.number.tolist() == list(range(1, 31))
    assert source.start_ns == sent.received_ns[0]
    assert source.editions["48"] == "1.32"


def test_the_same_scans_as_joined_blocks(tmp_path, recording):
    path = tmp_path / "scans.ast"
    path.write_bytes(b"".join(d.payload for d in plot_datagrams(scans(), [(25, 1), (25, 2)])))
    raw, timed = read_source(path, start_ns=START), read_source(recording)
    assert raw.kind is SourceKind.ASTERIX
    for name in ("time_ns", "range_m", "azimuth_rad", "sensor", "number"):
        np.testing.assert_array_equal(getattr(raw.detections, name), getattr(timed.detections, name))
    np.testing.assert_array_equal(raw.detections.received_ns, raw.detections.time_ns)


def test_sensors_of_a_site(recording):
    source = read_source(recording, sensors=[sensor("x"), sensor("25/2", range_sigma_m=30.0)])
    assert source.sensors == ("x", "25/2")
    assert set(source.detections.sensor.tolist()) == {1}
    assert source.unused == {"unknown_sensor": 20}
    assert source.detections.range_sigma_m[0] == pytest.approx(np.hypot(30.0, 1852 / 256 / 12**0.5))
    named = read_source(recording, sensors=[sensor("a"), sensor("b")], sensor_names={"25/1": 1, "25/2": 0}.get)
    assert not named.unused
    assert named.sensors == ("a", "b")


def test_a_network_sent_twice(tmp_path):
    path = tmp_path / "twice.pcap"
    one = plot_datagrams(scans(), [(25, 1), (25, 2)])
    path.write_bytes(format_pcap([d for pair in zip(one, one, strict=True) for d in pair]))
    source = read_source(path)
    assert source.records == {"48": 60}
    assert (source.duplicates, source.duplicate_records) == (len(one), 30)
    assert len(source.detections) == 30


def test_status_and_tracks_of_a_capture(tmp_path):
    path = tmp_path / "mixed.pcap"
    service = {"010": {"SAC": 25, "SIC": 1}, "000": {"TYP": 1}, "030": {"TOD": 86394.0}, "041": {"PERIOD": 4.0}}
    track = {"010": {"SAC": 25, "SIC": 9}, "070": {"TOD": 86394.0}, "105": {"LAT": 1.0, "LON": 2.0}}
    extra = encode_block(category(34), [service]) + encode_block(category(62), [track]) + b"\x13\x00\x04\x80"
    write_pcap(path, [*plot_datagrams(scans(1), [(25, 1), (25, 2)]), Datagram(extra, START)])
    source = read_source(path)
    assert source.records == {"34": 1, "48": 3, "62": 1}
    assert source.skipped == {"19": 1}
    assert len(source.external) == 1
    assert source.scan_periods_s[0] == 4.0
    assert np.isnan(source.scan_periods_s[1])
    assert source.start_ns == START


def test_editions_change_what_is_read(tmp_path):
    path = tmp_path / "low.ast"
    record = {"010": {"SAC": 1, "SIC": 1}, "140": {"TOD": 1.0}, "040": {"RHO": 1.0}, "090": {"FL": -1.0}}
    path.write_bytes(encode_block(category(48), [record]))
    assert read_source(path).detections.height_m[0] == pytest.approx(-30.48)
    old = read_source(path, editions=Editions.parse(["048=1.21"]))
    assert np.isnan(old.detections.height_m[0])
    assert old.unused == {"flight_level": 1}  # 4,095, which no altimeter says
    assert old.editions["48"] == "1.21"


@pytest.mark.parametrize("name", ["t.csv", "t.txt"])
def test_a_table(tmp_path, name):
    path = tmp_path / name
    path.write_text(TABLE)
    source = read_source(path, start_ns=START)
    assert source.kind is SourceKind.CSV
    assert source.sensors == ("r1", "r2")
    assert source.detections.range_sigma_m.tolist() == [10.0, 10.0]
    assert source.detections.time_ns.tolist() == [START, START + 10**9]
    site = [sensor("r2", range_sigma_m=3.0)]
    assert read_source(path, sensors=site).detections.range_sigma_m.tolist() == [3.0]
    assert read_source(path, sensors=site).unused == {"unknown_sensor": 1}


def test_kinds_by_content(tmp_path, recording):
    recording.rename(tmp_path / "capture.csv")
    assert sniff(tmp_path / "capture.csv") is SourceKind.PCAP
    (tmp_path / "r").write_bytes(b"\x89MCAP0\r\n" + b"\0" * 20)
    assert sniff(tmp_path / "r") is SourceKind.MCAP
    with pytest.raises(InputError, match="a recording, not a feed"):
        read_source(tmp_path / "r")
    (tmp_path / "p").write_bytes(b"PAR1....")
    assert sniff(tmp_path / "p") is SourceKind.PARQUET
    with pytest.raises(InputError, match="not a Parquet file"):
        read_source(tmp_path / "p")
    (tmp_path / "big").write_bytes((b"\x30\x00\x0a" + b"\0" * 7) * 7000)
    assert sniff(tmp_path / "big") is SourceKind.ASTERIX
    with pytest.raises(InputError, match=r"no ASTERIX record from octet 0 on that could be read \(empty_record 7000\)"):
        read_source(tmp_path / "big")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty file"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 80, "octet 0: nothing that is read (7f 45 4c 46"),
        (b"hello world, this is a letter\n", "octet 0: nothing that is read"),
        (format_pcap([]), "no ASTERIX in this capture (0 packets, 0 UDP datagrams)"),
        (format_pcap([Datagram(b"\x12\x34\x01\x00\x00\x01" + b"\0" * 20, 0)]), "no ASTERIX in this capture (1 packets"),
        (format_pcap([Datagram(b"x" * 50, 0)])[:-3], "octet 24: the capture ends inside a packet of 78 octets"),
    ],
)
def test_refused_with_file_and_place(tmp_path, content, said):
    path = tmp_path / "f"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_source(path)
    assert str(caught.value).startswith(f"{path}: {said}")


def test_a_folder_and_nothing(tmp_path):
    with pytest.raises(InputError, match="a folder; expected a file"):
        read_source(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_source(tmp_path / "none")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root reads everything")
def test_unreadable(tmp_path, recording):
    recording.chmod(0)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read_source(recording)
