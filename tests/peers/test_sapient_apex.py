"""The channel ``sapient`` and Apex, Dstl's middleware, in a process and an environment of its own.

`RAMPART_APEX_PYTHON` names the interpreter of that environment: Apex has a package of the same name as the definitions
that we use. Apex runs with its own rules, all of them, but for the conversion of messages to older editions.
"""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing, contextmanager

import numpy as np
import pytest

from rampart.bench.town import head_text, radar_text, zones_text
from rampart.pipeline import LIVE_ROOMS, Outputs, parse_scenario
from rampart.records import (
    DetectionFlag,
    Engagements,
    HealthState,
    Outcome,
    Phase,
    PredictionKind,
    Predictions,
    Site,
    TargetClass,
    Tracks,
    TrackStatus,
    Warnings,
    Zone,
)
from rampart.serve.delivery import Dispatcher, PeerState, Setting

pytest.importorskip("sapient_msg", reason="sapient-msg is not installed")

from rampart.serve.channels.sapient import SapientSpec
from rampart.serve.service import Service
from rampart.wire.sapient import (
    FrameStream,
    SapientFeed,
    faults,
    frame,
    make_ulid,
    make_uuid,
    read_message,
    require_schema,
    write_message,
)

pytestmark = [pytest.mark.counterparty, pytest.mark.slow]
SECOND = 10**9
CHECKS = [
    "mandatory_fields_present", "mandatory_oneof_present", "mandatory_repeated_present", "no_unknown_fields",
    "no_unknown_enum_values", "id_format_valid", "message_timestamp_reasonable", "detection_timestamp_reasonable",
    "supported_icd_version",
]  # fmt: skip
LAUNCHER = """
import functools, sys, threading, trio
listen = trio.serve_tcp
async def on_loopback(handler, port, *, task_status=trio.TASK_STATUS_IGNORED, **options):
    await listen(handler, port, host="127.0.0.1", task_status=task_status)
trio.serve_tcp = on_loopback
from sapient_apex_server.apex import start_apex_main
apex = start_apex_main()
apex.startup_complete.wait()
print("ready", flush=True)
sys.stdin.read()
apex.shutdown()
"""


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Apex:
    """A running Apex: its ports, and what it wrote of each message."""

    def __init__(self, folder, process, child, peer, parent):
        self.folder, self.process = folder, process
        self.child, self.peer, self.parent = child, peer, parent

    def rows(self):
        """Kind of connection, kind of message and error of every message, in order."""
        (path,) = self.folder.glob("data/*.sqlite")
        question = """select c.client_type, m.parsed_type, m.error_description from Message m
                      join Connection c on c.id = m.connection_id order by m.id"""
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute(question).fetchall()


@pytest.fixture
def apex(tmp_path):
    python = os.environ.get("RAMPART_APEX_PYTHON")
    if not python:
        pytest.skip("no RAMPART_APEX_PYTHON: the interpreter of an environment with dstl/Apex-SAPIENT-Middleware")
    child, peer, parent = free_ports(3)
    edition = {"format": "PROTO", "icd_version": "BSI Flex 335 v2.0"}
    config = {
        "logLevel": "INFO",
        "connections": [
            {"type": "Child", "port": child, **edition},
            {"type": "Peer", "port": peer, **edition},
            {"type": "Parent", "port": parent, "forwardAll": False, **edition},
        ],
        "elasticConfig": {"enabled": False},
        "enableTimeSyncAdjustment": False,
        "messageMaxSizeKb": 1024,
        "middlewareId": make_uuid("apex"),
        "enableMessageConversion": False,
        "autoAssignSensorIDInRegistration": {"enable": False},
        "allowPeerRegistration": True,
        "sendRegistrationAck": True,
        "rollover": {"enable": False, "unit": "days", "value": 1},
        "validationOptions": {
            "validationTypes": CHECKS,
            "strictIdFormat": True,
            "messageTimestampRange": [-0.9, 0.1],
            "detectionMinimumGap": 0.08,
            "supportedIcdVersions": ["BSI Flex 335 v2.0"],
        },
    }
    (tmp_path / "apex.json").write_text(json.dumps(config))
    with (tmp_path / "apex.log").open("w") as log:
        process = subprocess.Popen([python, "-c", LAUNCHER, "apex.json"], cwd=tmp_path, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=log, text=True)  # fmt: skip
        try:
            assert process.stdout.readline() == "ready\n", (tmp_path / "apex.log").read_text()[-2000:]
            yield Apex(tmp_path, process, child, peer, parent)
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


class Client:
    """Another node: keeps what it is sent."""

    def __init__(self, port):
        self.socket, self.stream, self.messages = socket.create_connection(("127.0.0.1", port), 10), FrameStream(), []
        self.node_id = make_uuid("client", str(port))

    def until(self, done, wait_s=20.0):
        end = time.monotonic() + wait_s
        self.socket.settimeout(0.2)
        while not done(self) and time.monotonic() < end:
            try:
                piece = self.socket.recv(1 << 16)
            except TimeoutError:
                continue
            self.messages += [read_message(octets) for octets in self.stream.feed(piece)]
        return done(self)

    def of(self, kind):
        return [m for m in self.messages if m.WhichOneof("content") == kind]

    def say(self, **content):
        now_ns = time.time_ns()
        stamp = {"seconds": now_ns // SECOND, "nanos": now_ns % SECOND}
        self.socket.sendall(write_message(require_schema()(timestamp=stamp, node_id=self.node_id, **content)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def site():
    square = np.array([[-100.0, 0.0], [100.0, 0.0], [100.0, 200.0], [-100.0, 200.0]])
    return Site("embassy", np.deg2rad(33.3), np.deg2rad(44.39), 34.0, zones=(Zone("north", square, 400, 10.0),))


def make_out(port, **values):
    values = {"id": "apex", "kind": "sapient", "url": f"tcp://127.0.0.1:{port}", **values}
    return SapientSpec.model_validate(values, strict=True).build(site(), Setting(time.time_ns))


def step(n, warning=None, status=TrackStatus.CONFIRMED):
    """A step with `n` rockets, and perhaps a warning: number, sequence, phase."""
    now_ns = time.time_ns()
    classes = np.full((n, len(TargetClass)), 0.02 / (len(TargetClass) - 1))
    classes[:, TargetClass.ROCKET] = 0.98
    numbers = np.arange(1, n + 1)
    position = np.column_stack([100.0 * numbers, 2000.0 + 0.0 * numbers, 500.0 + 0.0 * numbers])
    tracks = Tracks.build(
        n,
        number=numbers,
        time_ns=[now_ns] * n,
        state=np.hstack([position, np.tile([-30.0, -40.0, 50.0], (n, 1))]),
        covariance=[np.diag([25.0, 9.0, 16.0, 1.0, 1.0, 1.0])] * n,
        class_probability=classes,
        existence=[0.99] * n,
        status=[int(status)] * n,
        flags=[int(DetectionFlag.SIMULATED)] * n,
    )
    predictions = Predictions.build(
        n,
        track=numbers,
        time_ns=[now_ns] * n,
        kind=[int(PredictionKind.IMPACT)] * n,
        weight=[0.9] * n,
        impact_enu=[[10.0, 150.0, 0.0]] * n,
        impact_covariance=[np.diag([400.0, 100.0])] * n,
        impact_ns=[now_ns + 20 * SECOND] * n,
    )
    warnings = Warnings.empty()
    if warning is not None:
        number, sequence, phase = warning
        warnings = Warnings.build(
            number=[number],
            sequence=[sequence],
            zone=[0],
            phase=[int(phase)],
            time_ns=[now_ns],
            target_class=[int(TargetClass.ROCKET)],
            time_to_impact_s=[20.0 if phase < Phase.RELEASE else float("nan")],
            probability=[0.4],
            status=[1],
            tracks=[(1,)],
            reason=[""],
        )
    return Outputs(now_ns, tracks, predictions, warnings, Engagements.empty(), {}, None)


def wait(condition, wait_s=20.0):
    end = time.monotonic() + wait_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def outcomes(dispatcher):
    return [Outcome(int(o)) for o in dispatcher.deliveries().outcome]


@contextmanager
def delivering(out):
    with Dispatcher([out], time.time_ns) as dispatcher:
        assert wait(lambda: dispatcher.health()[0].state == PeerState.UP), dispatcher.health()
        yield dispatcher


def test_as_a_child_of_apex_everything_reaches_its_peers_and_nothing_is_refused(apex):
    with Client(apex.peer) as peer, delivering(make_out(apex.child)) as dispatcher:
        phases = (Phase.PREPARE, Phase.SHELTER, Phase.RELEASE)
        for sequence, phase in enumerate(phases):
            dispatcher.tell("embassy", step(3, (1, sequence, phase)))
            time.sleep(1.05)
        assert peer.until(lambda p: len(p.of("alert")) == 3 and len(p.of("detection_report")) >= 9)
        assert outcomes(dispatcher) == [Outcome.SENT] * 3
        node = peer.of("registration")[0].node_id
        assert [m.alert.status for m in peer.of("alert")] == [1, 1, 5]
        assert peer.of("status_report")
        task = {"task_id": make_ulid(0, "t"), "control": "CONTROL_START", "command": {"mode_change": "Fire"}}
        peer.say(destination_id=node, task=task)
        assert peer.until(lambda p: p.of("task_ack"))
        assert peer.of("task_ack")[0].task_ack.task_status == 2
    assert [row for row in apex.rows() if row[2]] == []


def test_a_peers_acknowledgement_reaches_the_record_of_delivery(apex):
    with Client(apex.peer) as peer, delivering(make_out(apex.child, acknowledges=True)) as dispatcher:
        dispatcher.tell("embassy", step(1, (1, 0, Phase.SHELTER)))
        assert peer.until(lambda p: p.of("alert"))
        (alert,) = peer.of("alert")
        ack = {"alert_id": alert.alert.alert_id, "alert_ack_status": "ALERT_ACK_STATUS_ACCEPTED"}
        peer.say(destination_id=alert.node_id, alert_ack=ack)
        assert wait(lambda: outcomes(dispatcher) == [Outcome.ACKNOWLEDGED])


def test_as_a_peer_of_apex_alerts_and_detections_reach_parents(apex):
    with Client(apex.parent) as parent, delivering(make_out(apex.peer)) as dispatcher:
        dispatcher.tell("embassy", step(3, (1, 0, Phase.SHELTER)))
        assert parent.until(lambda p: p.of("alert") and len(p.of("detection_report")) == 3)
    assert [row for row in apex.rows() if row[2]] == []


def test_a_hundred_targets_twenty_times_all_arrive(apex):
    """By Apex's own rules, that of 80 ms between detections among them; at most four times per second."""
    with Client(apex.peer) as peer, delivering(make_out(apex.child, track_s=0.25)) as dispatcher:
        for i in range(1, 21):
            began = time.monotonic()
            dispatcher.tell("embassy", step(100))
            assert peer.until(lambda p, n=100 * i: len(p.of("detection_report")) == n)
            time.sleep(max(began + 0.26 - time.monotonic(), 0.0))
        seen = Counter(m.detection_report.object_id for m in peer.of("detection_report"))
        assert set(seen.values()) == {20}
    assert [row for row in apex.rows() if row[2]] == []


def report(feed):
    (message,) = feed.detections(step(1).tracks, Predictions.empty())
    now_ns = time.time_ns()
    message.timestamp.FromNanoseconds(now_ns)
    return message


FEED = """
[[feed]]
id = "fusion"
kind = "sapient"
address = "tcp://127.0.0.1:{port}"
edition = "2.0"
sensors = {{ r0 = "{radar}" }}
"""


def town(port, radar):
    """A site with one radar, which it hears through Apex."""
    radar_0 = radar_text(0, period_s=0.5, delay_s=0.0, false_alarms=1.0, reference_range_m=12_000.0)
    places = head_text('mode = "exercise"') + zones_text("shelter_time_s = 10.0\n") + radar_0
    text = places + FEED.format(port=port, radar=radar)
    return parse_scenario(text, "bench.toml", rooms=LIVE_ROOMS)


def nodes_report(node, number, **place):
    """Of any node, in degrees and metres."""
    report = {"report_id": make_ulid(time.time_ns(), node.node_id), "object_id": make_ulid(0, str(number)), **place}
    node.say(detection_report=report)


def test_what_nodes_report_through_apex_is_heard_as_detections_and_tracks(apex):
    """Two nodes behind Apex: a radar of the site, and a system with tracks of its own. We connect as its peer."""
    there = {
        "x": 10.01, "y": 45.01, "z": 300.0, "x_error": 1e-4, "y_error": 1e-4, "datum": "LOCATION_DATUM_WGS84_E",
        "coordinate_system": "LOCATION_COORDINATE_SYSTEM_LAT_LNG_DEG_M",
    }  # fmt: skip
    with Client(apex.child) as radar, Client(apex.child) as other:
        radar.node_id, other.node_id = make_uuid("a radar"), make_uuid("another system")
        for node in (radar, other):
            hello = SapientFeed(site()).registration(time.time_ns())
            hello.node_id = node.node_id
            node.socket.sendall(write_message(hello))
            assert node.until(lambda n: n.of("registration_ack"))
        with Service(town(apex.peer, radar.node_id)) as service:
            assert wait(lambda: service._feeds.receiver.ring.counts()[0].connected)
            for k in range(6):
                bearing = {"range": 4000.0 - 50.0 * k, "azimuth": 30.0, "elevation": 10.0,
                           "coordinate_system": "RANGE_BEARING_COORDINATE_SYSTEM_DEGREES_M",
                           "datum": "RANGE_BEARING_DATUM_TRUE"}  # fmt: skip
                nodes_report(radar, 1, range_bearing=bearing)
                nodes_report(other, 2, location=there)
                time.sleep(0.5)
            assert wait(lambda: service.counters()['detections_total{site="bench"}'] == 6)
            assert wait(lambda: {0, 1} <= {int(n) // 1_000_001 for n in service.view("bench").tracks.number})
            assert HealthState.OK in service.view("bench").health.state
    assert [row for row in apex.rows() if row[2]] == []


BROKEN = {
    "no node": lambda m: m.ClearField("node_id"),
    "no content": lambda m: m.ClearField("detection_report"),
    "no place": lambda m: m.detection_report.ClearField("location"),
    "no datum": lambda m: m.detection_report.location.ClearField("datum"),
    "uuid in capitals": lambda m: setattr(m, "node_id", m.node_id.upper()),
    "no ulid": lambda m: setattr(m.detection_report, "object_id", "8" + "0" * 25),
    "ulid in small letters": lambda m: setattr(m.detection_report, "report_id", m.detection_report.report_id.lower()),
    "unknown value": lambda m: setattr(m.detection_report.location, "datum", 77),
    "class without a name": lambda m: m.detection_report.classification[0].ClearField("type"),
    "unknown field": lambda m: m.MergeFromString(b"\xa0\x06\x01"),
}


def test_what_our_rules_refuse_apex_refuses_and_no_more(apex):
    feed = SapientFeed(site())
    with Client(apex.child) as client:
        client.socket.sendall(write_message(feed.registration(time.time_ns())))
        assert client.until(lambda c: c.of("registration_ack"))
        for name, change in BROKEN.items():
            time.sleep(0.1)
            message = report(feed)
            assert faults(message) == []
            change(message)
            assert faults(message), name
            client.socket.sendall(frame(message.SerializeToString()))
        time.sleep(0.1)
        good = report(feed)
        client.socket.sendall(write_message(good))
        assert client.until(lambda c: len(c.of("error")) == len(BROKEN))
        assert wait(lambda: len(apex.rows()) == len(BROKEN) + 2)
    errors = [row[2] for row in apex.rows()]
    assert errors[0] is None
    assert errors[-1] is None
    assert all("Validation" in error for error in errors[1:-1])


def test_an_old_clock_is_an_alarm_not_a_silence(apex):
    alarms = []
    spec = {"id": "apex", "kind": "sapient", "url": f"tcp://127.0.0.1:{apex.child}"}
    late = SapientSpec.model_validate(spec, strict=True).build(site(), Setting(lambda: time.time_ns() - 30 * SECOND))
    with Dispatcher([late], time.time_ns, alarms.append):
        assert wait(lambda: any("registration refused" in a.text and "Timestamp delta" in a.text for a in alarms))


def test_apex_that_stops_and_goes_on_gets_what_holds(apex):
    with Client(apex.peer) as peer, delivering(make_out(apex.child)) as dispatcher:
        os.kill(apex.process.pid, signal.SIGSTOP)
        try:
            for _ in range(40):
                dispatcher.tell("embassy", step(100, (1, 0, Phase.SHELTER)))
                time.sleep(0.02)
        finally:
            os.kill(apex.process.pid, signal.SIGCONT)
        assert peer.until(lambda p: p.of("alert"))
