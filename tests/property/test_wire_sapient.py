"""SAPIENT: any octets give messages or a named reason; streams do not care how they are cut."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rampart.wire.message_error import MessageError
from rampart.wire.sapient import FrameStream, frame, make_ulid, make_uuid, read_message, require_schema, write_message
from rampart.wire.sapient.rules import _ULID, _UUID

pytest.importorskip("sapient_msg", reason="sapient-msg is not installed")

NODE = make_uuid("node")


def status(name):
    return require_schema()(
        timestamp={"seconds": 1, "nanos": 2},
        node_id=NODE,
        status_report={
            "report_id": make_ulid(0, name), "system": "SYSTEM_OK", "info": "INFO_NEW", "mode": name,
        },
    )  # fmt: skip


@given(st.binary(max_size=400))
def test_any_octets_are_a_message_or_refused(data):
    with suppress(MessageError):
        message = read_message(data)
        assert FrameStream().feed(write_message(message)) == [message.SerializeToString(deterministic=True)]


@given(st.text(min_size=1, max_size=20), st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_octet_never_raises_anything_else(name, at, value):
    data = bytearray(write_message(status(name))[4:])
    data[at % len(data)] = value
    with suppress(MessageError):
        read_message(bytes(data))


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=10), st.lists(st.integers(0, 600), max_size=10))
def test_a_stream_may_be_cut_anywhere(messages, cuts):
    data = b"".join(frame(m) for m in messages)
    stream, got, edges = FrameStream(), [], sorted({0, len(data), *(c % (len(data) + 1) for c in cuts)})
    for start, end in pairwise(edges):
        got += stream.feed(data[start:end])
    assert got == messages


@given(st.integers(0, 2**48 * 10**6 - 1), st.lists(st.text(max_size=10), max_size=4))
def test_identifiers_have_their_form(time_ns, names):
    assert _ULID.fullmatch(make_ulid(time_ns, *names))
    assert _UUID.fullmatch(make_uuid(*names))
