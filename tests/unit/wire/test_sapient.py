"""SAPIENT: what the chain says becomes messages that keep every rule; what others send is read or refused by reason."""

import math
import sys

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.records import AlertStatus, DetectionFlag, Phase, Predictions, TargetClass, Tracks, TrackStatus
from rampart.wire.message_error import MessageError
from rampart.wire.sapient import (
    FrameStream,
    Reaction,
    SapientFeed,
    SapientSession,
    check_age,
    faults,
    frame,
    make_ulid,
    make_uuid,
    read_message,
    require_schema,
    write_message,
)
from rampart.wire.sapient import schema as schema_module
from rampart.words import Notice

from .messages import SENT_NS, site, warnings
from .test_cot_feed import SECOND, falls, tracks

pytest.importorskip("sapient_msg", reason="sapient-msg is not installed")

NODE, OTHER = make_uuid("us"), make_uuid("them")


def feed(**options):
    return SapientFeed(site(), **options)


def octets(message):
    return write_message(message)[4:]


def own(**content):
    return require_schema()(timestamp={"seconds": 1_600_000_000}, node_id=OTHER, **content)


def task(request="", **command):
    said = {"request": request} if request else command
    content = {"task_id": make_ulid(SENT_NS, "task"), "control": "CONTROL_START", "command": said}
    return own(task=content)


def test_the_same_track_has_the_same_identifier_and_another_session_another():
    assert feed().object_id(3) == feed().object_id(3)
    names = {feed(session=s).object_id(n) for s in ("", "a", "b") for n in (1, 2)}
    names |= {feed().alert_id(1), feed().region_id(0)}
    assert len(names) == 8
    assert feed(session="a").region_id(0) == feed(session="b").region_id(0)
    assert feed(session="a").node_id == feed().node_id


def test_a_ulid_sorts_by_time():
    made = [make_ulid(ms * 1_000_000, "x", str(ms % 7)) for ms in (0, 1, 2, 2**31, 1_625_518_819_600, 2**48 - 1)]
    assert made == sorted(made)


def test_registration_and_status_keep_the_rules():
    f = feed(version="1.2", status_interval_s=7.0)
    message = f.registration(SENT_NS)
    assert faults(message) == []
    assert message.registration.icd_version == "BSI Flex 335 v2.0"
    assert message.registration.name == "EXERCISE Rampart Embassy"
    assert message.registration.status_definition.status_interval.value == 7.0
    assert message.registration.mode_definition[0].task.concurrent_tasks == 0
    assert feed(live=True).registration(SENT_NS).registration.name == "Rampart Embassy"
    assert faults(f.status(SENT_NS)) == []
    assert f.status(SENT_NS, goodbye=True).status_report.system == 5


def test_a_track_becomes_a_detection():
    (message,) = feed().detections(tracks(TargetClass.ROCKET), falls())
    assert faults(message) == []
    report = message.detection_report
    assert message.timestamp.ToNanoseconds() == SENT_NS
    assert report.object_id == feed().object_id(1)
    assert (report.state, round(report.detection_confidence, 3)) == ("confirmed", 0.99)
    assert (report.enu_velocity.east_rate, report.enu_velocity.up_rate) == (-30.0, 50.0)
    assert (report.enu_velocity.east_rate_error, report.enu_velocity.north_rate_error) == (1.0, 1.0)
    assert report.location.datum == 2, "above mean sea level: the geoid's height is not given"
    assert report.location.z_error == 4.0
    one_degree_m = math.radians(1.0) * 6_371_008.8
    assert report.location.y_error * one_degree_m == pytest.approx(3.0)
    assert report.location.x_error * one_degree_m * math.cos(math.radians(report.location.y)) == pytest.approx(5.0)
    assert report.location.x == pytest.approx(44.39 + 1000.0 / (one_degree_m * math.cos(math.radians(33.3))), abs=1e-4)
    assert report.location.y == pytest.approx(33.3 + 2000.0 / one_degree_m, abs=1e-4)
    assert report.prediction_location.predicted_timestamp.ToNanoseconds() == SENT_NS + 20 * SECOND
    assert report.prediction_location.location.y == pytest.approx(33.3 + 150.0 / one_degree_m, abs=1e-5)


def test_the_whole_covariance_goes_with_the_track():
    (message,) = feed().detections(tracks(TargetClass.ROCKET), Predictions.empty())
    said = {info.type: info.value for info in message.detection_report.track_info}
    values = [float(v) for v in said["state_covariance_enu"].split()]
    matrix = np.zeros((6, 6))
    matrix[np.triu_indices(6)] = values
    np.testing.assert_allclose(matrix, np.diag([25.0, 9.0, 16.0, 1.0, 1.0, 1.0]))
    assert said["class"] == "rocket"


def test_with_the_geoid_known_heights_are_above_the_ellipsoid():
    (above_sea,) = feed().detections(tracks(TargetClass.ROCKET), Predictions.empty())
    (above,) = feed(undulation_m=-2.0).detections(tracks(TargetClass.ROCKET), Predictions.empty())
    assert above.detection_report.location.datum == 1
    assert above.detection_report.location.z == pytest.approx(above_sea.detection_report.location.z - 2.0)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (TargetClass.ROCKET, ("Equipment", "Weapon", "Other", "Rocket")),
        (TargetClass.MORTAR, ("Equipment", "Weapon", "Other", "Mortar bomb")),
        (TargetClass.MULTIROTOR, ("Air Vehicle", "UAV Rotary Wing")),
        (TargetClass.FIXED_WING, ("Air Vehicle", "UAV Fixed Wing")),
        (TargetClass.BIRD, ("Animal", "Bird")),
        (TargetClass.AIRCRAFT, ("Air Vehicle",)),
    ],
)
def test_classes_stand_in_the_core_taxonomy_and_are_registered(kind, path):
    (message,) = feed().detections(tracks(kind), Predictions.empty())
    entries = message.detection_report.classification
    assert sum(entry.confidence for entry in entries) == pytest.approx(1.0, abs=0.011)  # clutter is left out
    known = feed().registration(SENT_NS).registration.mode_definition[0].detection_definition[0]
    classes = known.detection_class_definition[0].class_definition
    for level, name in enumerate(path):
        entry = entries[0]
        assert entry.type == name
        assert entry.confidence > 0.949
        assert level == 0 or entry.level == level
        (definition,) = [c for c in classes if c.type == name]
        entries, classes = entry.sub_class, definition.sub_class


def test_a_track_that_ends_is_lost_once_and_clutter_is_left_out():
    f = feed()
    deleted = tracks(TargetClass.ROCKET, status=TrackStatus.DELETED)
    assert f.detections(deleted, Predictions.empty()) == []
    assert f.detections(tracks(TargetClass.CLUTTER), Predictions.empty()) == []
    f.detections(tracks(TargetClass.ROCKET), Predictions.empty())
    (message,) = f.detections(deleted, falls())
    assert message.detection_report.state == "lost"
    assert not message.detection_report.HasField("prediction_location")
    assert f.detections(deleted, Predictions.empty()) == []


def test_nothing_simulated_is_said_as_real():
    for flags, live, status in (
        (DetectionFlag.SIMULATED, True, "EXERCISE"),
        (DetectionFlag.TEST, True, "TEST"),
        (DetectionFlag.NONE, False, "EXERCISE"),
        (DetectionFlag.NONE, True, "ACTUAL"),
    ):
        (message,) = feed(live=live).detections(tracks(TargetClass.ROCKET, flags=flags), Predictions.empty())
        said = {info.type: info.value for info in message.detection_report.track_info}
        assert said["status"] == status
        assert message.additional_information == ("" if status == "ACTUAL" else f"{status}, not real")
    (message,) = feed().alerts(warnings(Phase.SHELTER, status=[int(AlertStatus.ACTUAL)]))
    assert message.alert.description.startswith("EXERCISE")


def test_launch_points_are_told_only_where_that_is_wanted():
    for wanted in (False, True):
        (message,) = feed(launch_points=wanted).detections(tracks(TargetClass.ROCKET), falls())
        assert ("launch_point" in {i.type for i in message.detection_report.object_info}) == wanted


def test_a_warning_is_one_alert_through_its_phases():
    phases = (Phase.PREPARE, Phase.SHELTER, Phase.RELEASE)
    messages = feed().alerts(warnings(*phases))
    assert [faults(m) for m in messages] == [[], [], []]
    assert len({m.alert.alert_id for m in messages}) == 1
    assert [m.alert.alert_type for m in messages] == [2, 3, 2]
    assert [m.alert.status for m in messages] == [1, 1, 5], "active, active, cleared"
    assert [m.alert.priority for m in messages] == [2, 3, 1]
    assert {m.alert.region_id for m in messages} == {feed().region_id(0)}
    assert [a.object_id for a in messages[1].alert.associated_detection] == [feed().object_id(n) for n in (2, 3)]


def test_an_alert_that_is_said_later_says_the_seconds_left_then():
    (row,) = warnings(Phase.SHELTER)
    now_ns = int(row.time_ns) + 10 * SECOND
    alert = feed().alert(row, now_ns)
    assert alert.timestamp.ToNanoseconds() == now_ns
    assert "seconds to impact 14.5" in alert.alert.additional_information
    assert "10 seconds" in alert.alert.description


def test_lost_cover_is_an_alert_and_stands_in_the_status():
    f = feed()
    lost = f.notice(Notice.COVERAGE_LOST, 0, SENT_NS, AlertStatus.EXERCISE)
    assert faults(lost) == []
    assert lost.alert.status == 1
    status = f.status(SENT_NS).status_report
    assert status.system == 2
    assert [(s.status_type, s.status_value) for s in status.status] == [(11, "zone North compound is without cover")]
    back = f.notice(Notice.COVERAGE_BACK, 0, SENT_NS, AlertStatus.EXERCISE)
    assert (back.alert.alert_id, back.alert.status) == (lost.alert.alert_id, 5)
    assert f.status(SENT_NS).status_report.system == 1


def test_messages_survive_any_cut_of_the_stream():
    f = feed()
    said = [f.registration(SENT_NS), *f.alerts(warnings(Phase.PREPARE, Phase.SHELTER))]
    data = b"".join(write_message(m) for m in said)
    for step in (1, 3, 7, 1000, len(data)):
        stream, got = FrameStream(), []
        for at in range(0, len(data), step):
            got += stream.feed(data[at : at + step])
        assert [read_message(o) for o in got] == said
        assert stream.pending == 0


@pytest.mark.parametrize(("data", "reason"), [(b"\x00\x00\x00\x00", "empty"), (b"GET / HTTP/1.1\r\n", "too_long")])
def test_what_is_no_length_ends_the_stream_for_good(data, reason):
    stream = FrameStream()
    with pytest.raises(MessageError, match=reason):
        stream.feed(data)
    with pytest.raises(MessageError, match=reason):
        stream.feed(frame(b"x"))


def test_messages_before_a_bad_length_are_given():
    stream = FrameStream()
    assert stream.feed(frame(b"x") + b"\xff\xff\xff\xff") == [b"x"]
    with pytest.raises(MessageError):
        stream.feed(b"")


def broken(change):
    (message,) = feed().detections(tracks(TargetClass.ROCKET), falls())
    change(message)
    return message


BROKEN = {
    "no node": (lambda m: m.ClearField("node_id"), "missing_field", "node_id"),
    "no content": (lambda m: m.ClearField("detection_report"), "missing_choice", "content"),
    "no place": (lambda m: m.detection_report.ClearField("location"), "missing_choice", "location_oneof"),
    "no datum": (lambda m: m.detection_report.location.ClearField("datum"), "missing_field", "location.datum"),
    "bad uuid": (lambda m: setattr(m, "node_id", NODE.upper()), "id_format", "node_id"),
    "bad ulid": (lambda m: setattr(m.detection_report, "object_id", "8" + "0" * 25), "id_format", "object_id"),
    "unknown value": (lambda m: setattr(m.detection_report.location, "datum", 77), "unknown_value", "datum"),
    "nested": (lambda m: m.detection_report.classification[0].ClearField("type"), "missing_field", "0.type"),
}


@pytest.mark.parametrize(("change", "reason", "path"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_named_and_neither_read_nor_written(change, reason, path):
    message = broken(change)
    (fault,) = faults(message)
    assert fault.reason == reason
    assert fault.path.endswith(path)
    with pytest.raises(MessageError, match=reason):
        read_message(message.SerializeToString())
    with pytest.raises(MessageError, match=reason):
        write_message(message)


def test_an_unknown_field_is_refused():
    data = octets(feed().status(SENT_NS)) + b"\xa0\x06\x01"  # field 100, a number
    with pytest.raises(MessageError, match=r"unknown_field: message number 100"):
        read_message(data)


def test_another_edition_is_refused():
    message = feed().registration(SENT_NS)
    message.registration.icd_version = "BSI Flex 335 v1.0"
    with pytest.raises(MessageError, match="icd_version"):
        octets(message)
    message.registration.icd_version = "BSI_Flex_335_v2.0"
    assert faults(message) == []


@pytest.mark.parametrize("data", [b"", b"\xff" * 40, b"<event/>", b"\x0a\x05"])
def test_garbage_is_refused(data):
    with pytest.raises(MessageError):
        read_message(data)


def test_a_message_nested_without_end_is_refused():
    data = b""
    for field in (*[4] * 300, 3, 11, 7):  # sub-classes of a class of a detection report
        data = bytes([field << 3 | 2]) + _varint(len(data)) + data
    with pytest.raises(MessageError, match="not_sapient"):
        read_message(data)


def _varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def test_age_is_held_against_the_clock():
    message = feed().status(SENT_NS)
    check_age(message, SENT_NS + SECOND // 2)
    with pytest.raises(MessageError, match="too_old"):
        check_age(message, SENT_NS + SECOND)
    with pytest.raises(MessageError, match="from_the_future"):
        check_age(message, SENT_NS - SECOND // 2)


def session(**options):
    return SapientSession(feed(node_id=NODE, **options))


def test_a_session_registers_and_says_that_it_is_there():
    s = session()
    assert [m.WhichOneof("content") for m in s.open(SENT_NS)] == ["registration"]
    first, second = s.due(SENT_NS), s.due(SENT_NS + 5 * SECOND)
    assert [m.status_report.info for m in (*first, *second)] == [1, 2], "new, then unchanged"
    assert s.due(SENT_NS + 6 * SECOND) == []
    s.feed.notice(Notice.COVERAGE_LOST, 0, SENT_NS, AlertStatus.EXERCISE)
    assert [m.status_report.info for m in s.due(SENT_NS + 6 * SECOND)] == [1], "a change is said at once"
    s.open(SENT_NS + 7 * SECOND)
    assert [m.status_report.info for m in s.due(SENT_NS + 7 * SECOND)] == [1], "new on every connection"


def test_an_acknowledged_alert_is_known_by_its_warning():
    s = session()
    s.remember(4)
    ack = {"alert_id": s.feed.alert_id(4), "alert_ack_status": "ALERT_ACK_STATUS_REJECTED", "reason": ["busy"]}
    assert s.receive(own(alert_ack=ack), SENT_NS).acknowledged == [(4, "rejected")]
    ack["alert_id"] = s.feed.alert_id(5)
    assert s.receive(own(alert_ack=ack), SENT_NS).acknowledged == []


@pytest.mark.parametrize(
    "message",
    [
        task("Start"),
        task(mode_change="Engage"),
        task(look_at={"location_list": {"locations": [{"x": 1.0, "y": 2.0}]}}),
        task(follow={"follow_object_id": make_ulid(0, "x")}),
    ],
    ids=["start", "mode", "look", "follow"],
)
def test_tasks_are_declined_with_a_reason(message):
    (answer,) = session().receive(message, SENT_NS).messages
    assert faults(answer) == []
    assert (answer.task_ack.task_id, answer.task_ack.task_status) == (message.task.task_id, 2)
    assert answer.task_ack.reason[0] == "Rampart reports and warns; it takes no tasks"
    assert answer.destination_id == OTHER


@pytest.mark.parametrize(("request_", "kind"), [("Registration", "registration"), ("Status", "status_report")])
def test_every_node_registers_and_reports_when_asked(request_, kind):
    first, second = session().receive(task(request_), SENT_NS).messages
    assert first.task_ack.task_status == 1
    assert second.WhichOneof("content") == kind


def test_a_task_for_another_node_is_not_answered():
    message = task("Status")
    message.destination_id = OTHER
    assert session().receive(message, SENT_NS) == Reaction()


def test_errors_and_refused_registrations_are_told():
    s = session()
    assert s.receive(own(error={"packet": b"x", "error_message": ["bad"]}), SENT_NS).errors == ["bad"]
    refused = s.receive(own(registration_ack={"acceptance": False, "ack_response_reason": ["full"]}), SENT_NS)
    assert (refused.registered, refused.errors) == (False, ["full"])
    assert s.receive(own(registration_ack={"acceptance": True}), SENT_NS).registered is True


def test_no_function_makes_a_task():
    f = feed()
    said = [f.registration(SENT_NS), f.status(SENT_NS), *f.alerts(warnings(Phase.SHELTER))]
    said += f.detections(tracks(TargetClass.ROCKET), falls())
    assert not [m for m in said if m.HasField("task")]


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    for cached in (schema_module.require_schema, schema_module.options, schema_module.protobuf):
        cached.cache_clear()
    monkeypatch.setitem(sys.modules, "sapient_msg.bsi_flex_335_v2_0.sapient_message_pb2", None)
    try:
        with pytest.raises(InputError, match=r'pip install "rampart\[sapient\]"'):
            feed().status(SENT_NS)
    finally:
        for cached in (schema_module.require_schema, schema_module.options, schema_module.protobuf):
            cached.cache_clear()


def test_no_tracks_no_messages():
    assert feed().detections(Tracks.empty(), Predictions.empty()) == []
