"""SAPIENT nodes as feeds: reports of a sensor of ours are detections, those of others tracks; frames of a stream."""

import math
import socket
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.errors import InputError
from rampart.pipeline import build_places
from rampart.records import (
    N_CLASSES,
    DetectionFlag,
    Predictions,
    Site,
    TargetClass,
    Tracks,
    TrackStatus,
)
from rampart.serve.feed import plan_feeds
from rampart.serve.receiver.framing import SapientFramer
from rampart.serve.receiver.ring import PAYLOAD_LIMIT, Packet
from rampart.serve.service import Service

from .site import FEED, SECOND, TEXT, live_site, until

NOW = 1_750_000_000 * SECOND
RADAR, OTHER = "6a1f2a52-3b5a-4d4e-9d8e-0f0a0b0c0d0e", "11111111-2222-4333-8444-555555555555"
NODES = """
[[feed]]
id = "fusion"
kind = "sapient"
address = "tcp://127.0.0.1:{port}"
edition = "2.0"
"""
ULID = "01J0000000000000000000000"


@pytest.fixture(autouse=True)
def _definitions():
    pytest.importorskip("sapient_msg", reason="sapient-msg is not installed: SAPIENT cannot be read")


def intake(more="", base=TEXT + FEED):
    scenario = live_site(base + NODES.format(port=5020) + more)
    return plan_feeds(scenario, build_places(scenario)).intakes["camp"]


def written(number=1, node=RADAR, at_ns=NOW, **content):
    from rampart.wire.sapient import require_schema, write_message

    stamp = {"seconds": at_ns // SECOND, "nanos": at_ns % SECOND}
    return write_message(require_schema()(timestamp=stamp, node_id=node, **content))


def report(number=1, **more):
    place = {} if "range_bearing" in more else {"location": PLACE}
    return {"report_id": ULID + "0", "object_id": ULID + str(number), **place, **more}


PLACE = {
    "x": 44.4, "y": 33.31, "z": 300.0, "x_error": 1e-4, "y_error": 1e-4,
    "coordinate_system": "LOCATION_COORDINATE_SYSTEM_LAT_LNG_DEG_M", "datum": "LOCATION_DATUM_WGS84_E",
}  # fmt: skip
BEARING = {
    "range": 4.0, "azimuth": 30.0, "elevation": 10.0, "azimuth_error": 0.5,
    "coordinate_system": "RANGE_BEARING_COORDINATE_SYSTEM_DEGREES_KM", "datum": "RANGE_BEARING_DATUM_TRUE",
}  # fmt: skip


def packets(*octets, feed=1, at_ns=NOW):
    """Messages as they leave the framer."""
    return [Packet(i, feed, at_ns + SECOND // 20, data[4:]) for i, data in enumerate(octets, 1)]


def test_what_rampart_reports_is_read_as_a_track_with_class_velocity_and_mark():
    from rampart.wire.sapient import SapientFeed, write_message

    other = Site("east", np.radians(33.31), np.radians(44.40), 30.0, start_ns=NOW)
    classes = np.full((1, N_CLASSES), 0.02)
    classes[0, TargetClass.MULTIROTOR] = 1.0 - 0.02 * (N_CLASSES - 1)
    tracks = Tracks.build(
        number=[7], time_ns=[NOW], state=[[100.0, 200.0, 300.0, 10.0, -20.0, 1.0]], covariance=[np.eye(6) * 25.0],
        existence=[0.9], class_probability=classes, status=[int(TrackStatus.CONFIRMED)],
    )  # fmt: skip
    for live, mark in ((True, DetectionFlag.NONE), (False, DetectionFlag.SIMULATED)):
        feed = SapientFeed(other, live=live, undulation_m=0.0)
        octets = [write_message(message) for message in feed.detections(tracks, Predictions.empty())]
        (row,) = intake().take(packets(*octets)).external
        assert str(row.source) == f"SAPIENT {feed.node_id[:8]}"
        assert math.degrees(row.latitude_rad) == pytest.approx(33.31 + 200.0 / 111_000, abs=1e-4)
        assert row.height_m == pytest.approx(330.0, abs=0.1)
        assert row.velocity_xyz_ms == pytest.approx([10.0, -20.0, 1.0])
        assert row.position_sigma_m == pytest.approx([5.0, 5.0], rel=0.01)
        assert row.class_probability[TargetClass.MULTIROTOR] == pytest.approx(0.84, abs=0.02)
        assert row.class_probability.sum() == pytest.approx(1.0)
        assert int(row.flags) == int(mark)


def test_reports_of_our_sensor_are_its_detections():
    found = intake(f'sensors = {{ r1 = "{RADAR}" }}\n', base=TEXT)
    from_words = found.take(packets(written(detection_report=report(range_bearing=BEARING)), feed=0))
    (row,) = from_words.detections
    assert from_words.heard == {0}
    assert (row.range_m, row.azimuth_rad, row.elevation_rad) == pytest.approx((4000.0, np.radians(30), np.radians(10)))
    assert row.azimuth_sigma_rad == pytest.approx(np.radians(0.5))
    assert row.range_sigma_m == 10.0  # of the data sheet
    (place,) = found.take(packets(written(detection_report=report(2)), feed=0)).detections
    east, north = (44.4 - 44.39) * 111_320 * np.cos(np.radians(33.3)), 0.01 * 110_900
    assert place.range_m == pytest.approx(np.hypot(np.hypot(east, north), 254.0), rel=0.01)
    assert place.azimuth_rad == pytest.approx(np.arctan2(east, north), abs=0.01)


def test_a_node_that_fails_or_leaves_is_not_heard_and_said():
    found = intake(f'sensors = {{ r1 = "{RADAR}" }}\n', base=TEXT)
    reader = found.readers[0]
    for i, (system, heard) in enumerate((("ERROR", False), ("OK", True), ("GOODBYE", False), ("WARNING", True))):
        at_ns = NOW + 3 * i * SECOND
        status = {"report_id": ULID + "3", "system": f"SYSTEM_{system}", "info": "INFO_NEW", "mode": "normal"}
        said = written(at_ns=at_ns, status_report=status)
        seen = written(at_ns=at_ns, detection_report=report(range_bearing=BEARING))
        taken = found.take(packets(said, seen, feed=0, at_ns=at_ns))
        assert (len(taken.detections), taken.heard == {0}) == (int(heard), heard)
        assert any(RADAR in text for text in reader.troubles.values()) != heard
        again = type(reader)(build_places(live_site())[0].site, {RADAR: 0}, frozenset(), 0.0)
        again.restore(reader.snapshot())
        assert (again.troubles, again.snapshot()) == (reader.troubles, reader.snapshot())


def test_what_is_ours_not_allowed_lost_or_elsewhere_is_passed_over():
    from rampart.wire.sapient import make_uuid

    found = intake(f'allow = ["{OTHER}"]\n')
    utm = {**PLACE, "coordinate_system": "LOCATION_COORDINATE_SYSTEM_UTM_M", "utm_zone": "38S"}
    octets = [
        written(node=make_uuid("rampart", "camp"), detection_report=report()),
        written(detection_report=report()),
        written(node=OTHER, detection_report=report(state="lost")),
        written(node=OTHER, detection_report=report(location=utm)),
        written(node=OTHER, detection_report=report(3)),
        b"\0\0\0\0\xff\xff",
    ]
    assert len(found.take(packets(*octets)).external) == 1
    counts = found.readers[1].counts
    assert [counts[f"unused/{why}"] for why in ("ours", "not_allowed", "lost", "place")] == [1, 1, 1, 1]
    assert counts["rejected/not_sapient"] == 1


def test_only_azimuths_from_true_north_count():
    found = intake(f'sensors = {{ r1 = "{RADAR}" }}\n', base=TEXT)
    magnetic = {**BEARING, "datum": "RANGE_BEARING_DATUM_MAGNETIC"}
    assert len(found.take(packets(written(detection_report=report(range_bearing=magnetic)), feed=0)).detections) == 0
    assert found.readers[0].counts["unused/place"] == 1


def test_the_file_is_checked():
    for more, message in (
        ('sensors = { r9 = "' + RADAR + '" }\n', "no sensor 'r9'"),
        ('sensors = { r1 = "x" }\n', "sensors"),
        ('allow = ["radar"]\n', "allow"),
    ):
        with pytest.raises(InputError, match=message):
            intake(more)
    with pytest.raises(InputError, match="edition"):
        live_site(TEXT + FEED + NODES.format(port=1).replace("2.0", "1.0"))
    with pytest.raises(InputError, match="address"):
        live_site(TEXT + FEED + NODES.format(port=1).replace("tcp:", "udp:"))


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.data())
@settings(max_examples=60, deadline=None)
def test_frames_come_out_as_they_went_in_however_they_are_cut(messages, data):
    stream = b"".join(len(m).to_bytes(4, "little") + m for m in messages)
    framer, found = SapientFramer(), []
    while stream:
        n = data.draw(st.integers(1, len(stream)))
        got, faults = framer.feed(stream[:n])
        assert faults == 0
        found, stream = found + got, stream[n:]
    assert found == messages


def test_frames_too_long_are_passed_over_and_nonsense_ends_the_stream():
    framer, long = SapientFramer(), PAYLOAD_LIMIT + 5
    stream = long.to_bytes(4, "little") + bytes(long) + b"\x02\0\0\0ab"
    pieces = [framer.feed(stream[i : i + 30_000]) for i in range(0, len(stream), 30_000)]
    assert ([f for found, _ in pieces for f in found], sum(faults for _, faults in pieces)) == ([b"ab"], 1)
    assert framer.feed(b"\xff\xff\xff\xff") == ([], 1)
    assert framer.feed(b"\x02\0\0\0ab") == ([], 0)


@pytest.mark.compiled
def test_a_middleware_is_connected_to_and_heard():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        text = TEXT + NODES.format(port=port) + f'sensors = {{ r1 = "{RADAR}" }}\n'

        def serve():
            line, _ = listening.accept()
            with line:
                line.sendall(written(at_ns=service.clock(), detection_report=report(range_bearing=BEARING)))
                line.recv(1)

        service = Service(live_site(text))
        thread = threading.Thread(target=serve, daemon=True)
        with service:
            thread.start()
            until(lambda: service.counters()['detections_total{site="camp"}'] == 1)
            until(lambda: service.view("camp").health.state.tolist() == [0])
        thread.join(5.0)
