"""The channel `cot` and a taky server in a process of its own, by TCP and by TLS: whole, in order, after any fault."""

import datetime
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from rampart.pipeline import Outputs
from rampart.records import Engagements, Outcome, Phase, Predictions, Site, TargetClass, Tracks, Warnings, Zone
from rampart.serve.channels.cot import CotSpec
from rampart.serve.delivery import Dispatcher, PeerState, Setting
from rampart.wire.cot import Event, EventStream, read_event, write_event
from rampart.wire.xml import Element

pytestmark = pytest.mark.counterparty
SECOND = 10**9
CONFIG = """
[taky]
hostname = test
bind_ip = 127.0.0.1
public_ip = 127.0.0.1
root_dir = {folder}
[cot_server]
port = {port}
[dp_server]
upload_path = {folder}
[ssl]
enabled = {ssl}
ca = {folder}/authority.pem
cert = {folder}/{cert}.pem
key = {folder}/{cert}.key
key_pw =
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def taky(require_service, tmp_path):
    """Starts servers in processes of their own; the same port may be taken again."""
    beside = Path(sys.executable).with_name("taky")
    program = str(beside) if beside.exists() else require_service("taky")

    @contextmanager
    def start(port, certificate=None):
        config = tmp_path / "taky.conf"
        encrypted = str(certificate is not None).lower()
        config.write_text(CONFIG.format(folder=tmp_path, port=port, ssl=encrypted, cert=certificate or "none"))
        with (tmp_path / "taky.log").open("a") as log:
            process = subprocess.Popen([program, "-c", str(config)], cwd=tmp_path, stdout=log, stderr=log)
            try:
                yield process
            finally:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                process.wait(10)

    return start


class Client:
    """Another TAK client, which collects what it is sent."""

    def __init__(self, port, tls=None):
        self.socket, self.stream, self.events = connect(port), EventStream(), []
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1")
        now_ns = time.time_ns()
        contact = Element("contact", attributes={"callsign": "other", "endpoint": "*:-1:stcp"})
        hello = Event("other", "a-f-G-U-C", "h-e", now_ns, now_ns, now_ns + 600 * SECOND, 33.0, 44.0,
                      detail=Element("detail", children=[contact]))  # fmt: skip
        self.socket.sendall(write_event(hello))

    def until(self, done, wait_s=30.0):
        end = time.monotonic() + wait_s
        self.socket.settimeout(0.5)
        while not done(self.events) and time.monotonic() < end:
            try:
                self.events += [read_event(octets) for octets in self.stream.feed(self.socket.recv(1 << 16))]
            except TimeoutError:
                continue
        return done(self.events)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def connect(port):
    until = time.monotonic() + 20.0
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=5.0)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def site():
    square = np.array([[-100.0, 0.0], [100.0, 0.0], [100.0, 200.0], [-100.0, 200.0]])
    zones = (Zone("north", square, 400, 10.0), Zone("south", square - [0.0, 400.0], 100, 15.0))
    return Site("embassy", np.deg2rad(33.3), np.deg2rad(44.39), 34.0, zones=zones)


def warning(number, sequence=0, phase=Phase.SHELTER, zone=0):
    now_ns = time.time_ns()
    rows = Warnings.build(
        number=[number],
        sequence=[sequence],
        zone=[zone],
        phase=[int(phase)],
        time_ns=[now_ns],
        target_class=[int(TargetClass.ROCKET)],
        time_to_impact_s=[20.0 if phase < Phase.RELEASE else float("nan")],
        probability=[0.4],
        status=[1],
        tracks=[(3,)],
        reason=[""],
    )
    return Outputs(now_ns, Tracks.empty(), Predictions.empty(), rows, Engagements.empty(), {}, None)


def make_out(port, folder, scheme="tcp", **values):
    values = {"id": "tak", "kind": "cot", "url": f"{scheme}://127.0.0.1:{port}", "timeout_s": 2.0, **values}
    return CotSpec.model_validate(values, strict=True).build(site(), Setting(time.time_ns, folder=folder))


def outcomes(dispatcher):
    return [Outcome(int(outcome)) for outcome in dispatcher.deliveries().outcome]


def wait(condition, wait_s=30.0):
    end = time.monotonic() + wait_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def state(dispatcher):
    return dispatcher.health()[0].state


def numbers(events):
    return [int(e.uid.rpartition(".W")[2]) for e in events if ".W" in e.uid]


@pytest.mark.slow
def test_two_thousand_warnings_through_taky_are_all_acknowledged_and_all_seen(taky, tmp_path):
    port = free_port()
    with taky(port), Client(port) as client, Dispatcher([make_out(port, tmp_path)], time.time_ns) as dispatcher:
        assert wait(lambda: state(dispatcher) == PeerState.UP)
        for number in range(1, 2001):
            dispatcher.tell("embassy", warning(number))
        assert client.until(lambda events: len(set(numbers(events))) >= 2000, 60.0)
        assert wait(lambda: set(outcomes(dispatcher)) == {Outcome.ACKNOWLEDGED})
        assert len(outcomes(dispatcher)) == 2000
    assert numbers(client.events) == list(range(1, 2001)), "each once, in order"
    for event in client.events:
        if ".W" in event.uid:
            assert event.how == "m-s"
            assert event.part("contact").attributes["callsign"].startswith("EXERCISE SHELTER")


def test_through_tls_with_certificates_on_both_sides(taky, tmp_path, authority):
    authority.issue("server")
    authority.issue("us")
    authority.issue("other")
    port, files = free_port(), {"ca_file": "authority.pem", "certificate_file": "us.pem", "key_file": "us.key"}
    context = ssl.create_default_context(cafile=str(authority.file))
    context.load_cert_chain(tmp_path / "other.pem", tmp_path / "other.key")
    out = make_out(port, tmp_path, "tls", **files)
    with taky(port, "server"), Client(port, context) as client, Dispatcher([out], time.time_ns) as dispatcher:
        dispatcher.tell("embassy", warning(1))
        assert client.until(lambda events: numbers(events) == [1])
        assert wait(lambda: outcomes(dispatcher) == [Outcome.ACKNOWLEDGED])


@pytest.mark.parametrize("case", ["stranger", "expired", "wrong host"])
def test_a_taky_that_is_not_who_it_should_be_is_told_nothing(taky, tmp_path, authority, case):
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    issuer = type(authority)(tmp_path, "stranger") if case == "stranger" else authority
    issuer.issue("server", **{"expired": {"start": now - 3 * day, "end": now - 2 * day},
                              "wrong host": {"host": "tak.example"}}.get(case, {}))  # fmt: skip
    authority.issue("us")
    port, files = free_port(), {"ca_file": "authority.pem", "certificate_file": "us.pem", "key_file": "us.key"}
    with taky(port, "server"):
        connect(port).close()
        with Dispatcher([make_out(port, tmp_path, "tls", **files)], time.time_ns) as dispatcher:
            dispatcher.tell("embassy", warning(1))
            assert wait(lambda: "certificate is not believed" in dispatcher.health()[0].reason)
            assert wait(lambda: outcomes(dispatcher) == [Outcome.WAITING])


def test_a_taky_that_stops_is_noticed_and_after_it_goes_on_what_holds_is_said(taky, tmp_path):
    port, alarms = free_port(), []
    with taky(port) as process, Dispatcher([make_out(port, tmp_path)], time.time_ns, alarms.append) as dispatcher:
        assert wait(lambda: state(dispatcher) == PeerState.UP)
        alarms.clear()
        os.kill(process.pid, signal.SIGSTOP)
        dispatcher.tell("embassy", warning(1))
        dispatcher.tell("embassy", warning(2, zone=1))
        assert wait(lambda: alarms)
        assert "has not answered" in alarms[0].text
        dispatcher.tell("embassy", warning(2, 1, Phase.CANCEL, zone=1))
        assert wait(lambda: outcomes(dispatcher)[:1] == [Outcome.WAITING])
        os.kill(process.pid, signal.SIGCONT)
        with Client(port) as client:
            assert client.until(lambda events: {1, 2} <= set(numbers(events)))
            assert wait(lambda: outcomes(dispatcher)[0] == outcomes(dispatcher)[2] == Outcome.ACKNOWLEDGED)
            last = [event for event in client.events if event.uid.endswith(".W2")][-1]
            assert "CANCEL" in last.part("contact").attributes["callsign"]


def test_a_taky_that_was_started_anew_learns_what_holds(taky, tmp_path):
    port = free_port()
    with Dispatcher([make_out(port, tmp_path)], time.time_ns) as dispatcher:
        with taky(port):
            dispatcher.tell("embassy", warning(1))
            assert wait(lambda: outcomes(dispatcher) == [Outcome.ACKNOWLEDGED])
        assert wait(lambda: state(dispatcher) == PeerState.DOWN)
        with taky(port), Client(port) as client:
            assert client.until(lambda events: numbers(events) == [1])
