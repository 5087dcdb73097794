"""CoT: a stream is cut into whole events, however it was chopped, and never waits for ever."""

import pytest

from rampart.wire.cot import EventStream
from rampart.wire.message_error import MessageError

ODD = b"<event a='</event>' b=\"x>y'z\"><!-- </event> <event> --><![CDATA[</event><event>]]><d/></event>"
NESTED = b"<event><detail><event/><event><p/></event></detail></event >"
PLAIN = b'<event uid="1"><point/></event>'
EVENTS = [PLAIN, ODD, NESTED, b"<event/>", b"<event\n></event>"]
STREAM = b"\xef\xbb\xbf<?xml version='1.0'?>\n" + b"\n <!-- <event> -->\r\n\x00".join(EVENTS) + b"\n"


def cut(stream, pieces):
    return [event for piece in pieces for event in stream.feed(piece)]


def test_one_piece():
    assert EventStream().feed(STREAM) == EVENTS


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64])
def test_any_pieces(size):
    stream = EventStream()
    assert cut(stream, [STREAM[i : i + size] for i in range(0, len(STREAM), size)]) == EVENTS
    assert stream.pending == 0


@pytest.mark.parametrize("at", range(len(STREAM)))
def test_any_cut(at):
    assert cut(EventStream(), [STREAM[:at], STREAM[at:]]) == EVENTS


def test_what_is_not_whole_waits():
    stream = EventStream()
    assert stream.feed(PLAIN[:-1]) == []
    assert stream.pending == len(PLAIN) - 1
    assert stream.feed(PLAIN[-1:] + PLAIN[:5]) == [PLAIN]
    assert stream.pending == 5


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"hello", "not_well_formed"),
        (b"<event/>x<event/>", "not_well_formed"),
        (b"<message/>", "not_well_formed"),
        (b"<eventual/>", "not_well_formed"),
        (b"</event>", "not_well_formed"),
        (b"<!DOCTYPE event []><event/>", "doctype"),
        (b"<event><!DOCTYPE x></event>", "doctype"),
        (b"<event>" + b"x" * 70_000, "too_long"),
        (b"<event a='" + b"x" * 70_000, "too_long"),
        (b"<event>" + b"x" * 70_000 + b"</event>", "too_long"),
        (b"GET / HTTP/1.1\r\n", "not_well_formed"),
    ],
)
def test_what_is_no_stream_of_events_ends_it(data, expected):
    stream = EventStream()
    with pytest.raises(MessageError) as found:
        cut(stream, [*(data[i : i + 1000] for i in range(0, len(data), 1000)), b""])
    assert found.value.reason == expected
    with pytest.raises(MessageError, match=expected):
        stream.feed(PLAIN)


def test_good_events_before_a_fault_are_not_lost():
    stream = EventStream()
    assert stream.feed(PLAIN + PLAIN + b"garbage" + PLAIN) == [PLAIN, PLAIN]
    with pytest.raises(MessageError, match="not_well_formed"):
        stream.feed(b"")


def test_an_endless_comment_takes_no_memory():
    stream = EventStream()
    stream.feed(b"<!--")
    for _ in range(200):
        stream.feed(b"x" * 1000)
    assert stream.pending < 10
    assert stream.feed(b"-->" + PLAIN) == [PLAIN]
