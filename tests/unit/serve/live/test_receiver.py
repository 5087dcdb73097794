"""The receiver, a process of its own: stamps, allow-lists, multicast, drops, streams, and its own death."""

import os
import signal
import socket
import time

import pytest

from rampart.errors import InputError
from rampart.serve.feed import Receiver
from rampart.serve.receiver.framing import BeastFramer, CotFramer, LineFramer

from .site import until

SECOND = 1_000_000_000


@pytest.fixture
def start():
    made = []

    def begin(*inlets, **more):
        numbered = [{"feed": i, **inlet} for i, inlet in enumerate(inlets)]
        receiver = Receiver(numbered, origin_ns=10**18, began_ns=time.monotonic_ns(), **more)
        made.append(receiver)
        receiver.start()
        return receiver

    yield begin
    for receiver in made:
        receiver.close()


def udp(**more):
    return {"transport": "udp", "host": "127.0.0.1", "port": 0, "allow": (), **more}


def send(port, *payloads, host="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for payload in payloads:
            out.sendto(payload, (host, port))


def test_datagrams_with_the_time_by_the_clock_of_the_service(start):
    receiver = start(udp(), udp())
    before = time.monotonic_ns()
    send(receiver.ports[1], b"one", b"two")
    until(lambda: receiver.ring.counts()[1].accepted == 2)
    packets, _ = receiver.ring.read(0)
    assert [(p.feed, p.payload, p.sender) for p in packets] == [(1, b"one", "127.0.0.1"), (1, b"two", "127.0.0.1")]
    began = receiver._config["began_ns"]
    assert 10**18 + before - began - SECOND // 100 <= packets[0].received_ns <= 10**18 + time.monotonic_ns() - began
    assert os.read(receiver.wake_fd, 10)  # the core was told


def test_senders_that_are_not_on_the_list_are_refused_and_counted(start):
    receiver = start(udp(allow=("192.0.2.0/24",)))
    send(receiver.ports[0], b"one", b"two", b"three")
    until(lambda: receiver.ring.counts()[0].refused == 3)
    assert receiver.ring.read(0)[0] == []


def test_a_full_ring_drops_and_counts_each(start):
    receiver = start(udp(), ring_bytes=65_536 * 4)
    for _ in range(12):  # in turns, so that the socket's buffer holds them
        send(receiver.ports[0], *[bytes(60_000)] * 2)
        time.sleep(0.01)
    until(lambda: (c := receiver.ring.counts()[0]).accepted + c.ring_dropped + c.kernel_dropped == 24)
    counted = receiver.ring.counts()[0]
    assert counted.accepted >= 2
    assert counted.ring_dropped > 0


def test_what_the_kernel_drops_while_the_receiver_stands_still_is_counted(start, monkeypatch):
    monkeypatch.setattr("rampart.serve.receiver.inlet.BUFFER_BYTES", 32_768)
    monkeypatch.setattr("rampart.serve.receiver.inlet._SO_RCVBUFFORCE", -1)
    receiver = start(udp())
    os.kill(receiver.pid, signal.SIGSTOP)
    try:
        send(receiver.ports[0], *[bytes(1000)] * 500)
    finally:
        os.kill(receiver.pid, signal.SIGCONT)
    until(lambda: (c := receiver.ring.counts()[0]).accepted + c.kernel_dropped == 500)
    assert receiver.ring.counts()[0].kernel_dropped > 0


def test_one_that_dies_is_started_again_and_what_came_meanwhile_is_there(start):
    receiver = start(udp())
    until(lambda: receiver.pid)
    send(receiver.ports[0], b"before")
    until(lambda: receiver.ring.counts()[0].accepted == 1)
    time.sleep(1.0)  # one that dies at once is not started at once
    os.kill(receiver.pid, signal.SIGKILL)
    send(receiver.ports[0], b"meanwhile")
    until(lambda: receiver.ring.counts()[0].accepted == 2)
    assert receiver.starts == 2
    assert [p.payload for p in receiver.ring.read(0)[0]] == [b"before", b"meanwhile"]
    assert [p.sequence for p in receiver.ring.read(0)[0]] == [1, 2]


def test_multicast(start):
    inlet = udp(host="239.255.7.7", group="239.255.7.7", interface="127.0.0.1")
    try:
        receiver = start(inlet)
    except InputError as error:
        pytest.skip(f"this machine has no multicast on loopback: {error}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        out.sendto(b"all", ("239.255.7.7", receiver.ports[0]))
    until(lambda: receiver.ring.counts()[0].accepted == 1)


def test_a_port_that_is_taken_is_bad_input():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"udp://127.0.0.1:{port}: cannot listen there: Address already in use"):
            Receiver([{"feed": 0, **udp(port=port)}], origin_ns=0, began_ns=0)


def test_a_stream_is_connected_to_again(start):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        receiver = start({"transport": "stream", "host": "127.0.0.1", "port": port, "framing": "line"})
        for text in (b"first\nsecond\nthi", b"fresh\n"):
            peer, _ = server.accept()
            peer.sendall(text)
            n = text.count(b"\n")
            until(lambda n=n: receiver.ring.counts()[0].accepted >= n)
            peer.close()
        until(lambda: receiver.ring.counts()[0].accepted == 3)
    assert [p.payload for p in receiver.ring.read(0)[0]] == [b"first", b"second", b"fresh"]
    until(lambda: not receiver.ring.counts()[0].connected)


@pytest.mark.parametrize("framer", [BeastFramer, LineFramer, CotFramer])
def test_any_octets_in_any_pieces(framer):
    import random

    dice = random.Random(3)
    data = bytes(dice.choice(b"\x1a\x1a123\n</event>abc") for _ in range(20_000))
    whole = framer().feed(data)
    pieces, found, faults, at = framer(), [], 0, 0
    while at < len(data):
        n = dice.randrange(1, 500)
        frames, bad = pieces.feed(data[at : at + n])
        found, faults, at = found + frames, faults + bad, at + n
    assert (found, faults) == whole


def test_a_stream_without_an_end_does_not_grow():
    for framer in (LineFramer(), CotFramer(), BeastFramer()):
        for _ in range(50):
            framer.feed(bytes(10_000))
        assert len(getattr(framer, "_rest", b"")) <= 70_000
