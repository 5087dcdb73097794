"""The way to another SAPIENT node, with a node of our own: registered first, alerts answered, tasks declined."""

import asyncio
import ssl
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError

from rampart.errors import InputError
from rampart.records import AlertStatus, Outcome, Phase, TrackStatus
from rampart.serve.delivery import PeerState, Setting, Urgency
from rampart.words import Notice

from .listening import listening
from .raid import SECOND, START, warning
from .tak import delivering, picture, until

pytest.importorskip("sapient_msg", reason="sapient-msg is not installed")

from rampart.serve.channels.sapient import SapientSpec
from rampart.wire.sapient import FrameStream, frame, make_ulid, make_uuid, read_message, require_schema, write_message

NODE = make_uuid("other")


def make(site, port=5020, folder=Path(), **values):
    values = {"id": "fusion", "kind": "sapient", "url": f"tcp://127.0.0.1:{port}", "timeout_s": 1.0, **values}
    return SapientSpec.model_validate(values, strict=True).build(site, Setting(time.time_ns, folder=folder))


def step(*numbers, **options):
    now_ns = time.time_ns()
    return picture(*numbers, now_ns=now_ns, warnings=[warning(time_ns=now_ns, **options)])


def outcomes(dispatcher):
    return [Outcome(int(o)) for o in dispatcher.deliveries().outcome]


class Node:
    """Takes messages, acknowledges a registration, and answers alerts as it is told."""

    def __init__(self):
        self.messages, self.connections, self.writer = [], 0, None
        self.accepts, self.alerts, self.garbage = True, None, b""

    async def serve(self, reader, writer):
        self.connections += 1
        self.writer, stream = writer, FrameStream()
        writer.write(self.garbage)
        try:
            while piece := await reader.read(65536):
                for octets in stream.feed(piece):
                    message = read_message(octets)
                    self.messages.append(message)
                    self.answer(message, octets)
        except OSError:
            pass
        finally:
            writer.close()

    def answer(self, message, octets):
        kind = message.WhichOneof("content")
        if kind == "registration" and self.accepts is not None:
            reasons = [] if self.accepts else ["no room"]
            self.say(registration_ack={"acceptance": self.accepts, "ack_response_reason": reasons})
        if kind == "alert" and self.alerts == "error":
            self.say(error={"packet": octets, "error_message": ["Timestamp delta\n-0:00:01"]})
        elif kind == "alert" and self.alerts:
            status = f"ALERT_ACK_STATUS_{self.alerts}"
            self.say(alert_ack={"alert_id": message.alert.alert_id, "alert_ack_status": status, "reason": ["busy"]})

    def say(self, **content):
        now_ns = time.time_ns()
        stamp = {"seconds": now_ns // SECOND, "nanos": now_ns % SECOND}
        self.writer.write(write_message(require_schema()(timestamp=stamp, node_id=NODE, **content)))

    def of(self, kind):
        return [m for m in self.messages if m.WhichOneof("content") == kind]


@asynccontextmanager
async def node(tls=None):
    there = Node()
    async with listening(there.serve, tls=tls) as there.port:
        yield there


def test_we_register_and_report_before_anything_else(site):
    async def work():
        async with node() as there, delivering(make(site, there.port)) as dispatcher:
            dispatcher.tell("embassy", step(3))
            await until(lambda: there.of("detection_report"))
            kinds = [m.WhichOneof("content") for m in there.messages]
            assert kinds == ["registration", "status_report", "alert", "detection_report"]
            assert {m.node_id for m in there.messages} == {there.messages[0].node_id}
            await until(lambda: outcomes(dispatcher) == [Outcome.SENT])
            assert dispatcher.health()[0].state == PeerState.UP

    asyncio.run(work())


def test_nothing_is_said_to_a_node_that_does_not_take_us(site):
    async def work():
        async with node() as there:
            there.accepts = False
            async with delivering(make(site, there.port)) as dispatcher:
                dispatcher.tell("embassy", step(3))
                await until(lambda: there.connections >= 2)
                assert {m.WhichOneof("content") for m in there.messages} == {"registration"}
                says = f"tcp://127.0.0.1:{there.port}: registration refused: no room"
                assert dispatcher.heard[0].text == f"fusion (sapient): {says}"

    asyncio.run(work())


def test_a_node_that_says_nothing_to_our_registration_is_told_to_the_operator(site):
    async def work():
        async with node() as there:
            there.accepts = None
            async with delivering(make(site, there.port)) as dispatcher:
                await until(lambda: dispatcher.heard)
                assert "no answer" in dispatcher.heard[0].text or "does not answer" in dispatcher.heard[0].text
            async with delivering(make(site, there.port, register_first=False)) as dispatcher:
                dispatcher.tell("embassy", step(3))
                await until(lambda: there.of("alert"))

    asyncio.run(work())


@pytest.mark.parametrize(
    ("answer", "acknowledges", "outcome"),
    [
        ("ACCEPTED", True, Outcome.ACKNOWLEDGED),
        ("ACCEPTED", False, Outcome.ACKNOWLEDGED),
        ("REJECTED", True, Outcome.REFUSED),
        ("error", True, Outcome.REFUSED),
        ("error", False, Outcome.REFUSED),
        (None, False, Outcome.SENT),
    ],
)
def test_what_became_of_an_alert_is_known(site, answer, acknowledges, outcome):
    async def work():
        async with node() as there, delivering(make(site, there.port, acknowledges=acknowledges)) as dispatcher:
            there.alerts = answer
            dispatcher.tell("embassy", step(3))
            await until(lambda: outcomes(dispatcher) == [outcome])
            if outcome == Outcome.REFUSED:
                (alarm,) = dispatcher.heard
                assert alarm.what == "refused"
                assert "embassy/W1" in alarm.text
                assert "\n" not in alarm.text

    asyncio.run(work())


def test_tasks_are_declined_and_requests_that_every_node_meets_are_met(site):
    async def work():
        async with node() as there, delivering(make(site, there.port)):
            await until(lambda: there.of("status_report"))
            for number, command in enumerate(({"mode_change": "Fire"}, {"request": "Status"})):
                there.say(task={"task_id": make_ulid(0, str(number)), "control": "CONTROL_START", "command": command})
            await until(lambda: len(there.of("status_report")) == 2)
            assert [m.task_ack.task_status for m in there.of("task_ack")] == [2, 1]
            assert {m.destination_id for m in there.of("task_ack")} == {NODE}

    asyncio.run(work())


def test_after_a_lost_connection_we_register_again_and_say_what_holds(site):
    async def work():
        async with node() as there, delivering(make(site, there.port)) as dispatcher:
            dispatcher.tell("embassy", step(3))
            await until(lambda: outcomes(dispatcher) == [Outcome.SENT])
            there.messages.clear()
            there.writer.transport.abort()
            await until(lambda: there.of("alert"))
            assert there.messages[0].WhichOneof("content") == "registration"
            (alert,) = there.of("alert")
            assert abs(alert.timestamp.ToNanoseconds() - time.time_ns()) < SECOND // 2, "written anew"

    asyncio.run(work())


@pytest.mark.parametrize("garbage", [b"HTTP/1.1 400\r\n\r\n", frame(b"\xff\xff\xff"), b"\x00\x00\x00\x00"])
def test_garbage_keeps_no_other_channel(site, garbage):
    async def work():
        async with node() as bad, node() as good:
            bad.garbage = garbage
            async with delivering(make(site, bad.port, id="bad"), make(site, good.port, id="good")) as dispatcher:
                dispatcher.tell("embassy", step(3))
                await until(lambda: good.of("alert"))
                await until(lambda: bad.of("alert") or dispatcher.heard)
                assert {alarm.peer for alarm in dispatcher.heard} <= {"bad"}
                assert all("no SAPIENT" in alarm.text for alarm in dispatcher.heard)

    asyncio.run(work())


def test_by_tls_both_sides_are_known_or_nothing_is_said(site, authority, tmp_path):
    async def work():
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(*authority.issue("server"))
        authority.issue("us")
        type(authority)(tmp_path, "stranger")
        ours = {"certificate_file": "us.pem", "key_file": "us.key"}
        async with node(context) as there:
            url = f"tls://127.0.0.1:{there.port}"
            trusting = make(site, folder=tmp_path, url=url, ca_file="authority.pem", **ours)
            async with delivering(trusting) as dispatcher:
                dispatcher.tell("embassy", step(3))
                await until(lambda: there.of("alert"))
            there.messages.clear()
            async with delivering(make(site, folder=tmp_path, url=url, ca_file="stranger.pem", **ours)) as dispatcher:
                dispatcher.tell("embassy", step(3))
                await until(lambda: dispatcher.heard)
                assert "certificate is not believed" in dispatcher.heard[0].text
            assert there.messages == []

    asyncio.run(work())


def test_we_say_goodbye(site):
    async def work():
        async with node() as there:
            channel = make(site, there.port).channel
            await channel.open()
            await channel.leave()
            await until(lambda: [m for m in there.of("status_report") if m.status_report.system == 5])
            await channel.close()

    asyncio.run(work())


def desk(site, **values):
    return make(site, **values).encoder


def test_an_alert_is_an_event_and_a_state_and_written_when_it_leaves(site):
    event, state = desk(site).encode(picture(now_ns=START, warnings=[warning()]))
    assert (event.urgency, state.urgency) == (Urgency.WARNING, Urgency.STATE)
    assert event.bulletin.name == "embassy/W1"
    assert event.key == state.key == event.extra["say"](START).alert.alert_id
    assert event.extra["say"](START + SECOND).timestamp.ToNanoseconds() == START + SECOND
    assert event.expires_ns == event.bulletin.expires_ns


def test_all_tracks_of_a_step_are_told_at_once_and_with_one_time(site):
    d, told = desk(site), []
    for i in range(31):  # ten steps per second
        numbers = (1, 2, 3) if i else (1, 2)
        told += d.encode(picture(*numbers, now_ns=START + i * SECOND // 10))
    times = [read_message(m.body[4:]).timestamp.ToNanoseconds() - START for m in told]
    assert times == [0] * 2 + [SECOND] * 3 + [2 * SECOND] * 3 + [3 * SECOND] * 3
    assert {m.urgency for m in told} == {Urgency.PICTURE}
    assert all(m.expires_ns - m.created_ns < SECOND for m in told), "a receiver refuses what is older"


def test_a_track_that_ends_between_two_rows_is_lost_in_the_next(site):
    d = desk(site)
    list(d.encode(picture(1, 2, now_ns=START)))
    list(d.encode(picture(1, now_ns=START + SECOND // 2, status=TrackStatus.DELETED)))
    said = [read_message(m.body[4:]) for m in d.encode(picture(2, now_ns=START + SECOND))]
    assert sorted(m.detection_report.state for m in said) == ["confirmed", "lost"]
    assert {m.timestamp.ToNanoseconds() for m in said} == {START + SECOND}


def test_lost_cover_is_an_alert_that_holds(site):
    (message,) = desk(site).notice(Notice.COVERAGE_LOST, 0, START, AlertStatus.EXERCISE)
    assert message.urgency == Urgency.STATE
    assert "EXERCISE" in read_message(message.body[4:]).alert.description


def test_a_release_clears_the_alert(site):
    (event, _) = desk(site).encode(picture(now_ns=START, warnings=[warning(sequence=1, phase=Phase.RELEASE)]))
    assert read_message(event.body[4:]).alert.status == 5


@pytest.mark.parametrize(
    "values", [{"url": "udp://127.0.0.1"}, {"node_id": "1"}, {"status_s": 0.0}, {"task": True}, {"track_s": 0.0}]
)
def test_a_bad_key_is_refused(site, values):
    with pytest.raises(ValidationError):
        make(site, **values)


def test_certificates_without_tls_are_refused(site):
    with pytest.raises(InputError, match=r"out 'fusion': ca_file, .* are for tls://"):
        make(site, ca_file="ca.pem")
