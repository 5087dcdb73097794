"""The ring: nothing is lost unsaid, whatever the sizes; a reader that dies leaves what it had not released."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.serve.receiver.ring import ENTRY_LIMIT, PAYLOAD_LIMIT, Ring

SIZE = 65_536 * 4


@pytest.fixture
def ring():
    made = Ring.create(SIZE, feeds=2)
    yield made
    made.close()


def put(ring, payload, feed=0, received_ns=5):
    slot = ring.slot()
    if slot is None:
        return False
    slot[: len(payload)] = payload
    ring.commit(feed, len(payload), received_ns, bytes([127, 0, 0, 1]), 4711)
    return True


def test_what_goes_in_comes_out(ring):
    assert put(ring, b"one", 0, 11)
    assert put(ring, b"", 1, 12)
    packets, position = ring.read(0)
    assert [(p.sequence, p.feed, p.received_ns, p.payload, p.sender, p.port) for p in packets] == [
        (1, 0, 11, b"one", "127.0.0.1", 4711),
        (2, 1, 12, b"", "127.0.0.1", 4711),
    ]
    assert ring.read(position) == ([], position)
    assert [(c.accepted, c.octets, c.latest_ns) for c in ring.counts()] == [(1, 3, 11), (1, 0, 12)]


def test_a_full_ring_takes_no_more_until_something_is_released(ring):
    taken = 0
    while put(ring, bytes(PAYLOAD_LIMIT)):
        taken += 1
    assert taken >= 2
    packets, position = ring.read(0, limit=1)
    assert not put(ring, b"x")  # read is not released
    ring.release(position)
    packets, end = ring.read(position)
    ring.release(end)
    assert put(ring, b"x")
    assert taken == 1 + len(packets)


def test_a_new_reader_begins_where_the_last_one_released(ring):
    for i in range(4):
        put(ring, bytes([i]))
    _, position = ring.read(0, limit=2)
    ring.release(position)
    again, _ = ring.read(ring.released)
    assert [p.payload for p in again] == [b"\2", b"\3"]


@given(st.lists(st.integers(0, 9000), min_size=1, max_size=200), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_any_sizes_in_any_turns(sizes, turn):
    ring = Ring.create(SIZE)
    try:
        rng = np.random.default_rng(7)
        sent, got, position, refused = [], [], 0, 0
        for i, size in enumerate(sizes):
            payload = rng.bytes(size)
            if put(ring, payload):
                sent.append(payload)
            else:
                refused += 1
            if i % turn == 0:
                packets, position = ring.read(position, limit=turn)
                got += [p.payload for p in packets]
                ring.release(position)
        packets, position = ring.read(position)
        got += [p.payload for p in packets]
        assert got == sent
        assert len(sent) + refused == len(sizes)
        assert ring.counts()[0].accepted == len(sent)
    finally:
        ring.close()


def test_a_ring_that_holds_no_datagram_is_none():
    for size in (4096, 65_537, ENTRY_LIMIT):
        with pytest.raises(ValueError, match="octets for"):
            Ring.create(size)
