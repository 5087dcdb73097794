"""MQTT beside mosquitto: what its own client gets, and what becomes of warnings when the broker fails in every way."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import threading
import time

import pytest

from rampart.records import AlertStatus, Outcome, Phase, ZoneState
from rampart.serve.channels.mqtt import MqttSpec
from rampart.serve.channels.sse import SseSpec
from rampart.serve.delivery import PeerState, Setting

from .deliveries import (
    SECOND,
    SITE,
    Mosquitto,
    Subscriber,
    certificates,  # noqa: F401
    delivering,
    free_port,
    step,
    until,
    warning,
    zone_state,
)

pytestmark = pytest.mark.counterparty


def spec(port, scheme="mqtt", **keys):
    return MqttSpec(
        id="broker", kind="mqtt", url=f"{scheme}://127.0.0.1:{port}", **{"languages": ["en"], "timeout_s": 2.0, **keys}
    )


@pytest.fixture
def start(require_service, tmp_path):
    program = require_service("mosquitto")
    brokers = []

    def make(*lines, **options):
        brokers.append(Mosquitto(program, tmp_path, *lines, **options))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.kill()


@pytest.fixture
def listen(require_service, tmp_path):
    program = require_service("mosquitto_sub")
    clients = []

    def make(broker, *arguments, **options):
        clients.append(Subscriber(program, broker.port, tmp_path, *arguments, **options))
        return clients[-1]

    yield make
    for client in clients:
        client.end()


def up(dispatcher):
    return until(lambda: dispatcher.health()[0].state == PeerState.UP)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_client_of_theirs_reads_warning_zone_and_status(start, listen, version):
    broker = start()
    client = listen(broker)
    with delivering(spec(broker.port, version=version)) as dispatcher:
        up(dispatcher)
        until(lambda: client.messages("status"))
        dispatcher.tell("embassy", step(warning(1, 0), warning(2, 0, 1, Phase.PREPARE)))
        until(lambda: len(client.messages("zone/")) == 2)
        until(lambda: dispatcher.deliveries().outcome.tolist() == [Outcome.ACKNOWLEDGED] * 2)
        late = listen(broker, topic="rampart/v1/exercise/embassy/#")
        until(lambda: len(late.messages()) == 2)
        until(lambda: any(said["state"] == "up" for *_, said in client.messages("/status")))
    topic, qos, _, said = client.messages("warning/W1")[0]
    assert (topic, qos) == ("rampart/v1/exercise/embassy/warning/W1", 1)
    assert (said["id"], said["phase"], said["status"], said["zone"]) == ("embassy/W1", "shelter", "exercise", "north")
    assert said["words"]["en"]["headline"].startswith("EXERCISE")
    assert [(t, r, s["state"]) for t, _, r, s in sorted(late.messages(), key=lambda m: m[0])] == [
        ("rampart/v1/exercise/embassy/zone/north", True, "shelter"),
        ("rampart/v1/exercise/embassy/zone/south", True, "prepare"),
    ]
    states = [said["state"] for *_, said in client.messages("/status")]
    assert (states[0], states[-1]) == ("starting", "stopped")


def test_actual_and_exercise_never_share_a_topic(start, listen):
    broker = start()
    actual, exercise = (listen(broker, topic=f"rampart/v1/{t}embassy/#") for t in ("", "exercise/"))
    with delivering(spec(broker.port), live=True) as dispatcher:
        up(dispatcher)
        dispatcher.tell("embassy", step(warning(1, status=AlertStatus.ACTUAL), warning(2, zone=1)))
        until(lambda: actual.messages("zone/") and exercise.messages("zone/"))
    assert {said["status"] for *_, said in actual.messages()} == {"actual"}
    assert {said["status"] for *_, said in exercise.messages()} == {"exercise"}
    assert "EXERCISE" not in actual.messages("warning")[0][3]["words"]["en"]["headline"]


def test_an_actual_warning_of_what_is_not_live_is_an_exercise(start, listen):
    broker = start()
    client = listen(broker)
    with delivering(spec(broker.port), live=False) as dispatcher:
        up(dispatcher)
        dispatcher.tell("embassy", step(warning(1, status=AlertStatus.ACTUAL)))
        until(lambda: client.messages("zone/"))
    assert not client.messages("v1/embassy/warning")
    assert not client.messages("v1/embassy/zone")


def test_an_unwatched_zone_is_unknown_and_never_quiet(start, listen):
    broker = start()
    client = listen(broker)
    with delivering(spec(broker.port)) as dispatcher:
        up(dispatcher)
        dispatcher.tell("embassy", step(zones=zone_state(0, ZoneState.QUIET)))
        dispatcher.tell("embassy", step(zones=zone_state(0, ZoneState.UNKNOWN, watched=False)))
        until(lambda: len(client.messages("zone/north")) == 2)
    assert [said["state"] for *_, said in client.messages("zone/north")] == ["quiet", "unknown"]


def test_killed_in_the_raid_and_started_again_it_gets_what_holds_now(start, listen):
    broker = start()
    with delivering(spec(broker.port)) as dispatcher:
        up(dispatcher)
        dispatcher.tell("embassy", step(warning(1, 0), warning(2, 0, 1, Phase.PREPARE)))
        until(lambda: dispatcher.deliveries().outcome.tolist() == [Outcome.ACKNOWLEDGED] * 2)
        broker.kill()
        until(lambda: any(a.what == "connection" for a in dispatcher.alarms()))
        old_ns = time.time_ns() - 700 * SECOND
        dispatcher.tell("embassy", step(warning(3, 0, 1, time_ns=old_ns)))  # expired before it could leave
        dispatcher.tell("embassy", step(warning(2, 1, 1, Phase.SHELTER)))
        dispatcher.tell("embassy", step(warning(2, 2, 1, Phase.RELEASE, reason="it passed")))
        until(lambda: dispatcher.health()[0].queued >= 4)
        broker.start()
        client = listen(broker)
        until(lambda: dispatcher.health()[0].state == PeerState.UP)
        until(lambda: len(client.messages("zone/")) >= 2)
        until(lambda: not dispatcher.alarms())
        rows = dispatcher.deliveries()
    zones = {topic.rpartition("/")[2]: said["state"] for topic, _, _, said in client.messages("zone/")}
    assert zones == {"north": "shelter", "south": "release"}
    later = [(said["id"], said["sequence"]) for *_, said in client.messages("warning/")]
    assert set(later) <= {("embassy/W2", 2)}  # it may have left before their client had subscribed
    outcomes = {(n, s): Outcome(o).label for n, s, o in zip(rows.number, rows.sequence, rows.outcome, strict=True)}
    assert outcomes == {
        (1, 0): "acknowledged",
        (2, 0): "acknowledged",
        (3, 0): "expired",
        (2, 1): "superseded",
        (2, 2): "acknowledged",
    }


def test_a_broker_that_stops_working_is_told_of_and_keeps_nobody_waiting(start):
    broker, port = start(), free_port()
    with delivering(spec(broker.port), SseSpec(id="page", kind="sse", port=port, languages=["en"])) as dispatcher:
        until(lambda: all(h.state == PeerState.UP for h in dispatcher.health()))
        broker.signal(signal.SIGSTOP)
        try:
            until(dispatcher.alarms)
            assert dispatcher.alarms()[0].peer == "broker"
            dispatcher.tell("embassy", step(warning(1)))
            until(lambda: dispatcher.health()[1].counts.get("sent", 0) >= 2)
            until(lambda: dispatcher.health()[0].state == PeerState.DOWN)
        finally:
            broker.signal(signal.SIGCONT)
        until(lambda: dispatcher.health()[0].state == PeerState.UP)
        until(lambda: Outcome.ACKNOWLEDGED in dispatcher.deliveries().outcome)
        assert not dispatcher.alarms()


class Server:
    """A server that is no broker."""

    def __init__(self, answer):
        self.answer, self.socket = answer, socket.create_server(("127.0.0.1", 0))
        self.port, self.connections = self.socket.getsockname()[1], []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections.append(connection)
            with contextlib.suppress(OSError):
                self.answer(connection)

    def close(self):
        self.socket.close()
        for connection in self.connections:
            connection.close()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda connection: None, id="says nothing"),
        pytest.param(reset, id="resets"),
        pytest.param(lambda c: c.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n"), id="speaks HTTP"),
        pytest.param(lambda c: c.sendall(bytes(range(256)) * 64), id="sends garbage"),
        pytest.param(lambda c: c.sendall(b"\x20\x03\x00\x87\x00"), id="refuses: not authorised"),
        pytest.param(lambda c: c.sendall(b"\x20\x03\x00\x00\x00" + b"\xff" * 999), id="garbage after its welcome"),
    ],
)
def test_what_is_no_good_broker_is_named_and_others_go_on(answer):
    pytest.importorskip("aiomqtt", reason="aiomqtt is not installed")
    server, port = Server(answer), free_port()
    try:
        peers = spec(server.port, timeout_s=0.6), SseSpec(id="page", kind="sse", port=port, languages=["en"])
        with delivering(*peers) as dispatcher:
            dispatcher.tell("embassy", step(warning(1)))
            until(lambda: any(a.peer == "broker" for a in dispatcher.alarms()))
            until(lambda: dispatcher.health()[1].counts.get("sent", 0) >= 2)
            until(lambda: len(server.connections) >= 3)
            health = dispatcher.health()[0]
            assert health.dead
            assert health.reason
            assert "Traceback" not in health.reason
    finally:
        server.close()


def test_nobody_there_is_named():
    pytest.importorskip("aiomqtt", reason="aiomqtt is not installed")
    with delivering(spec(free_port())) as dispatcher:
        until(dispatcher.alarms)
        assert "refused" in dispatcher.health()[0].reason


@pytest.mark.parametrize(("right", "version"), [(True, "5"), (False, "5"), (False, "3.1.1")])
def test_a_password_comes_from_a_file_and_stands_nowhere(start, require_service, tmp_path, right, version):
    passwords = tmp_path / "passwords"
    subprocess.run(
        [require_service("mosquitto_passwd"), "-b", "-c", str(passwords), "rampart", "canary-7f3"], check=True
    )
    broker = start(f"password_file {passwords}")
    (tmp_path / "secret").write_text("canary-7f3\n" if right else "canary-wrong\n")
    peer = spec(broker.port, user="rampart", password_file="secret", version=version)
    with delivering(peer, folder=tmp_path) as dispatcher:
        if right:
            up(dispatcher)
        else:
            until(dispatcher.alarms)
            assert "uthori" in dispatcher.health()[0].reason
        assert "canary" not in f"{dispatcher.health()} {dispatcher.alarms_seen} {peer!r}"


@pytest.mark.parametrize(
    ("server", "good"), [("server", True), ("stranger", False), ("elsewhere", False), ("expired", False)]
)
def test_only_a_broker_with_a_good_certificate_is_believed(start, certificates, server, good):  # noqa: F811
    broker = start(tls=(certificates / f"{server}.pem", certificates / f"{server}.key"))
    with delivering(spec(broker.port, "mqtts", ca_file="ca.pem"), folder=certificates) as dispatcher:
        if good:
            dispatcher.tell("embassy", step(warning(1)))
            until(lambda: Outcome.ACKNOWLEDGED in dispatcher.deliveries().outcome)
        else:
            until(dispatcher.alarms)
            assert "certificate" in dispatcher.health()[0].reason


def test_a_topic_that_the_broker_does_not_allow_is_an_alarm(start, tmp_path):
    rules = tmp_path / "rules"
    rules.write_text("topic readwrite rampart/v1/embassy/status\ntopic readwrite rampart/v1/exercise/embassy/zone/#\n")
    broker = start(f"acl_file {rules}")
    with delivering(spec(broker.port)) as dispatcher:
        up(dispatcher)
        dispatcher.tell("embassy", step(warning(1)))
        until(lambda: any(a.what == "refused" for a in dispatcher.alarms()))
        assert dispatcher.deliveries().outcome.tolist() == [Outcome.REFUSED]
        assert dispatcher.health()[0].state == PeerState.UP


def test_a_service_that_dies_leaves_its_last_will(start, listen):
    broker = start()
    client = listen(broker)
    until(lambda: client.process.poll() is None)

    async def live_and_die():
        out = spec(broker.port).build(SITE, Setting(time.time_ns))
        await out.channel.open()
        await asyncio.to_thread(until, lambda: client.messages("status"))
        await out.channel.close()  # without leave, as when the process is killed

    asyncio.run(live_and_die())
    until(lambda: client.messages("status")[-1][3]["state"] == "lost")


def test_names_that_mean_something_to_a_broker_are_kept_apart():
    from rampart.serve.channels.mqtt import level

    names = ["a/b", "a+b", "#", "+", "$SYS", "a%2Fb", "صفر", ""]
    levels = [level(name) for name in names]
    assert len(set(levels)) == len(names)
    assert not any(set("/+#\0") & set(made) for made in levels)
