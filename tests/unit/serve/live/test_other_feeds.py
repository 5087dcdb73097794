"""ADS-B, Cursor on Target and files as feeds."""

import math
import socket
import time

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.ledger import RecordingReader, RecordingWriter, make_header
from rampart.pipeline import build_places
from rampart.records import DetectionFlag, Detections, TargetClass
from rampart.serve.feed import plan_feeds
from rampart.serve.receiver.ring import Packet
from rampart.serve.service import Service
from rampart.wire.asterix import Datagram
from rampart.wire.cot.event import Event
from rampart.wire.cot.writer import write_event
from rampart.wire.pcap import write_pcap

from .site import FEED, SECOND, TEXT, datagram, live_site, marker, until

NOW = 1_750_000_000 * SECOND
#: The even position message and the velocity of the textbook "The 1090 Megahertz Riddle" (J. Sun), section 1.4 ff.
POSITION = "8d40621d58c382d690c8ac2863a7"
SPEED = "8d485020994409940838175b284f"
ADSB = '[[feed]]\nid = "receiver"\nkind = "adsb"\naddress = "beast://127.0.0.1:{port}"\n'
COT = '[[feed]]\nid = "tak"\nkind = "cot"\naddress = "udp://127.0.0.1:0"\n'
NETHERLANDS = TEXT.replace("lat_deg = 33.30, lon_deg = 44.39", "lat_deg = 52.2, lon_deg = 3.9")


def intake(text):
    scenario = live_site(text)
    return plan_feeds(scenario, build_places(scenario)).intakes["camp"]


def beast(digits, at_ns=NOW, sequence=1):
    return Packet(sequence, 1, at_ns, b"\x33" + bytes(6) + b"\x40" + bytes.fromhex(digits))


@pytest.fixture
def adsb():
    pytest.importorskip("rs1090", reason="rs1090 is not installed: ADS-B cannot be decoded")
    return intake(NETHERLANDS + FEED + ADSB.format(port=30005))


def test_a_position_is_a_track_of_another_system(adsb):
    taken = adsb.take([beast(POSITION)])
    (row,) = taken.external
    assert (str(row.source), int(row.source_track), str(row.identity)) == ("ADS-B", 0x40621D, "40621D")
    assert math.degrees(row.latitude_rad) == pytest.approx(52.2572, abs=1e-4)
    assert math.degrees(row.longitude_rad) == pytest.approx(3.91937, abs=1e-4)
    assert np.isnan(row.velocity_xyz_ms).all()
    assert row.position_sigma_m[0] == pytest.approx(92.6 / 2.448, rel=1e-3)  # NUCp 7
    assert taken.heard == frozenset()


def test_velocity_and_height_come_of_other_messages(adsb):
    adsb.readers[1]._known["40621d"] = {"at_ns": NOW}
    adsb.take([beast(SPEED)])
    known = adsb.readers[1]._known["485020"]
    assert math.hypot(known["east"], known["north"]) == pytest.approx(159.2 * 1852 / 3600, rel=1e-3)
    assert known["up"] == pytest.approx(-832 * 0.3048 / 60)
    adsb.readers[1]._known["40621d"] |= {key: value for key, value in known.items() if key != "at_ns"}
    (row,) = adsb.take([beast(POSITION, NOW + SECOND, 2)]).external
    assert row.height_m == pytest.approx((38_000 + 550) * 0.3048)
    assert row.velocity_xyz_ms[2] == pytest.approx(-832 * 0.3048 / 60)
    (late,) = adsb.take([beast(POSITION, NOW + 20 * SECOND, 3)]).external
    assert np.isnan(late.velocity_xyz_ms).all()


def test_damaged_and_other_messages_are_counted(adsb):
    rng = np.random.default_rng(3)
    packets = [Packet(i, 1, NOW, rng.bytes(int(rng.integers(0, 30)))) for i in range(2000)]
    packets += [beast(POSITION[:20] + "00" + POSITION[22:], sequence=3000)]  # its parity is wrong
    assert len(adsb.take(packets).external) == 0
    assert adsb.readers[1].counts["rejected/message"] == 1


def test_aircraft_come_over_a_connection():
    pytest.importorskip("rs1090", reason="rs1090 is not installed: ADS-B cannot be decoded")
    with socket.create_server(("127.0.0.1", 0)) as server:
        text = NETHERLANDS + FEED + ADSB.format(port=server.getsockname()[1])
        with Service(live_site(text)) as service:
            peer, _ = server.accept()
            frame = (b"\x33" + bytes(6) + b"\x40" + bytes.fromhex(POSITION)).replace(b"\x1a", b"\x1a\x1a")
            peer.sendall(b"\x1a" + frame + b"\x1a")
            until(lambda: len(service.view("camp").tracks))
            assert service.view("camp").tracks.identity.tolist() == ["40621D"]
            peer.close()


def event(uid="ANDROID-7", kind="a-n-A-M-H-Q", **more):
    values = {
        "time_ns": NOW,
        "start_ns": NOW,
        "stale_ns": NOW + 30 * SECOND,
        "latitude_deg": 33.31,
        "longitude_deg": 44.4,
    }
    return write_event(Event(uid, kind, "m-g", **{**values, "hae_m": 300.0, "ce_m": 20.0, **more}))


def test_what_flies_on_others_maps_is_a_track():
    found = intake(TEXT + FEED + COT)
    packets = [Packet(i, 1, NOW, data) for i, data in enumerate((event(), event(), event("x", opex="e-night")), 1)]
    taken = found.take(packets)
    assert len(taken.external) == 2  # the second one came twice
    assert taken.external.class_probability[0].argmax() == int(TargetClass.MULTIROTOR)
    assert taken.external.position_sigma_m[0].tolist() == [20.0, 20.0]
    assert taken.external.flags.tolist() == [0, int(DetectionFlag.TEST)]
    assert taken.external.source_track[0] != taken.external.source_track[1]


def test_what_is_ours_on_the_ground_over_or_no_event_is_passed_over():
    found = intake(TEXT + FEED + COT)
    over = event("y", stale_ns=NOW - SECOND, start_ns=NOW - 2 * SECOND)
    octets = [event("rampart.camp.T3"), event(kind="a-f-G-U-C"), over, b"<event", b"\xff\x00"]
    assert len(found.take([Packet(i, 1, NOW, data) for i, data in enumerate(octets, 1)]).external) == 0
    counts = found.readers[1].counts
    assert [counts[f"unused/{why}"] for why in ("ours", "not_air", "stale")] == [1, 1, 1]
    assert sum(n for name, n in counts.items() if name.startswith("rejected/")) == 2


def file_feed(path, more=""):
    return TEXT + f'[[feed]]\nid = "played"\nkind = "file"\nfile = "{path}"\n{more}'


@pytest.mark.compiled
def test_a_recording_is_played_and_all_of_it_is_marked(tmp_path):
    place = build_places(live_site(TEXT + FEED))[0]
    header = make_header(scenario={"name": "x"}, scenario_toml="", seed=0, run=0, version="0", sites=[place.site])
    with RecordingWriter(tmp_path / "r.mcap", header=header) as writer:
        for i in range(10):
            at = NOW + i * SECOND // 10
            one = Detections.build(
                number=[i], time_ns=[at], received_ns=[at], sensor=[0], range_m=[4e3], azimuth_rad=[1.0]
            )
            writer.batch("camp", at, one, 0, heard=[0])
        writer.summary({})
    assert RecordingReader(tmp_path / "r.mcap").sites[0].sensors[0].id == "r1"
    flags = []
    with Service(live_site(file_feed(tmp_path / "r.mcap"))) as service:
        service.subscribe(lambda site, outputs: flags.extend(outputs.tracks.flags.tolist()))
        until(lambda: service.counters()['detections_total{site="camp"}'] == 10)
        assert service.view("camp").health.state.tolist() == [0]
    assert set(flags) <= {int(DetectionFlag.SIMULATED)}


@pytest.mark.compiled
def test_a_capture_is_played_though_its_times_are_of_another_day(tmp_path):
    octets = [Datagram(datagram(NOW + i * SECOND // 10), NOW + i * SECOND // 10, 8600) for i in range(5)]
    write_pcap(tmp_path / "c.pcap", [*octets, Datagram(marker(NOW), NOW + SECOND, 8600)])
    text = file_feed(tmp_path / "c.pcap", 'sensors = { r1 = "25/201" }\n')
    with Service(live_site(text)) as service:
        until(lambda: service.counters()['detections_total{site="camp"}'] == 15)
        time.sleep(0.1)
        assert "its clock is" in " ".join(service.health().reason.tolist())


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"neither")
    with pytest.raises(InputError, match="neither a recording nor a capture"):
        intake(file_feed(tmp_path / "x.bin"))
    with pytest.raises(InputError, match="no such file"):
        intake(file_feed(tmp_path / "y.bin"))
