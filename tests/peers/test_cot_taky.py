"""The events of a run through a taky server in a process of its own: each comes out at another client as it went in."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rampart.records import AlertStatus
from rampart.study import run
from rampart.wire.cot import CotFeed, Event, EventStream, read_event, write_event
from rampart.wire.xml import Element
from rampart.words import Notice

pytestmark = pytest.mark.counterparty
WAIT_S = 20.0
CONFIG = """
[taky]
hostname = test
bind_ip = 127.0.0.1
public_ip = 127.0.0.1
root_dir = {folder}
[cot_server]
port = {port}
mon_ip =
[dp_server]
upload_path = {folder}
[ssl]
enabled = false
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def connect(port):
    until = time.monotonic() + WAIT_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1.0)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


class Client:
    """A TAK client: says who it is, sends octets, and collects events."""

    def __init__(self, port, uid, now_ns):
        self.socket, self.stream, self.events = connect(port), EventStream(), []
        device = {"os": "1", "version": "1", "device": "test", "platform": "test"}
        children = [
            Element("takv", attributes=device),
            Element("contact", attributes={"callsign": uid, "endpoint": "*:-1:stcp"}),
            Element("__group", attributes={"name": "Cyan", "role": "Team Member"}),
        ]
        hello = Event(uid, "a-f-G-U-C", "h-e", now_ns, now_ns, now_ns + 600 * 10**9, 33.0, 44.0,
                      detail=Element("detail", children=children))  # fmt: skip
        self.socket.sendall(write_event(hello))

    def until(self, done):
        """Collect events until `done` holds; False if it never does."""
        end = time.monotonic() + WAIT_S
        while not done(self.events) and time.monotonic() < end:
            try:
                piece = self.socket.recv(1 << 16)
            except TimeoutError:
                continue
            self.events += [read_event(octets) for octets in self.stream.feed(piece)]
        return done(self.events)


@pytest.fixture
def port(require_service, tmp_path):
    beside = Path(sys.executable).with_name("taky")
    program, port = str(beside) if beside.exists() else require_service("taky"), free_port()
    config = tmp_path / "taky.conf"
    config.write_text(CONFIG.format(folder=tmp_path, port=port))
    log = (tmp_path / "taky.log").open("w")
    with log, subprocess.Popen([program, "-c", str(config)], cwd=tmp_path, stdout=log, stderr=log) as process:
        yield port
        process.terminate()


def events_of_a_run(now_ns):
    """All events of a run, as if it began now: the server passes on nothing that is stale."""
    (site_run,) = run("bdsc-rocket", seed=7).sites
    site = site_run.place.site
    feed, shift_ns, events = CotFeed(site), now_ns - site.start_ns, []
    for out in site_run.outputs:
        events += feed.warnings(out.warnings) + feed.tracks(out.tracks) + feed.predictions(out.predictions, out.tracks)
    events.append(feed.notice(Notice.COVERAGE_LOST, 0, site.start_ns, AlertStatus.TEST))
    return [
        Event(e.uid, e.type, e.how, e.time_ns + shift_ns, e.start_ns + shift_ns, e.stale_ns + shift_ns,
              e.latitude_deg, e.longitude_deg, e.hae_m, e.ce_m, e.le_m, e.qos, e.opex, e.access, e.detail)
        for e in events
    ]  # fmt: skip


def key(event):
    return event.uid, event.time_ns // 1_000_000


def test_every_event_of_a_run_comes_out_at_another_client(port):
    now_ns = time.time_ns()
    events = events_of_a_run(now_ns)
    assert len(events) > 100
    receiver = Client(port, "receiver", now_ns)
    sender = Client(port, "sender", now_ns)
    with receiver.socket, sender.socket:
        assert receiver.until(lambda got: any(e.uid == "sender" for e in got))
        for event in events:
            sender.socket.sendall(write_event(event) + b"\n")
        sent = {key(event): event for event in events}
        assert receiver.until(lambda got: sent.keys() <= {key(e) for e in got})
    for got in receiver.events:
        if key(got) in sent:
            was = sent[key(got)]
            assert (got.type, got.how, got.detail) == (was.type, was.how, was.detail)
            assert got.stale_ns // 1_000_000 == was.stale_ns // 1_000_000
