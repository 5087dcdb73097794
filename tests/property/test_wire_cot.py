"""CoT: what is written is read, any octets are refused by reason, and a stream gives what was put in."""

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.wire.cot import Event, EventStream, read_event, write_event
from rampart.wire.message_error import MessageError
from rampart.wire.xml import Element, write_xml, xml_text

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20)
NAMES = st.text("abcdefghij_", min_size=1, max_size=6)
UIDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cc", "Cf", "Zs"]), min_size=1)
TIMES = st.integers(0, 4_000_000_000_000).map(lambda ms: ms * 1_000_000)
METRES = st.just(math.nan) | st.integers(0, 10**6).map(lambda n: n / 10)
ELEMENTS = st.recursive(
    st.builds(lambda n, a, t: Element(n, attributes=a, text=t), NAMES, st.dictionaries(NAMES, TEXT, max_size=3), TEXT),
    lambda inner: st.builds(lambda n, c: Element(n, children=c), NAMES, st.lists(inner, max_size=3)),
    max_leaves=6,
)
EVENTS = st.builds(
    lambda uid, start, last, lat, lon, hae, ce, le, kind, children: Event(
        uid, kind, "m-s", start, start, start + last, lat, lon, hae, ce, le,
        detail=Element("detail", children=children),
    ),
    UIDS.filter(lambda s: s.isprintable() and s.strip()),
    TIMES,
    st.integers(0, 10**6).map(lambda ms: ms * 1_000_000),
    st.integers(-900_000_000, 900_000_000).map(lambda n: n / 1e7),
    st.integers(-1_800_000_000, 1_800_000_000).map(lambda n: n / 1e7),
    METRES,
    METRES,
    METRES,
    st.sampled_from(["a-h-A-W", "a-u-A", "b-m-p-s-m", "a-f-G-U-C;x y"]),
    st.lists(ELEMENTS, max_size=3),
)  # fmt: skip


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


@settings(max_examples=50)
@given(EVENTS)
def test_what_is_written_is_read(event):
    data = write_event(event)
    read = read_event(data)
    assert (read.uid, read.type, read.time_ns, read.stale_ns) == (event.uid, event.type, event.time_ns, event.stale_ns)
    assert (read.latitude_deg, read.longitude_deg) == (event.latitude_deg, event.longitude_deg)
    assert all(
        same(a, b)
        for a, b in zip((read.hae_m, read.ce_m, read.le_m), (event.hae_m, event.ce_m, event.le_m), strict=True)
    )
    assert read.detail == event.detail
    assert write_event(read) == data


@settings(max_examples=50)
@given(st.lists(EVENTS, max_size=4), st.data())
def test_a_stream_gives_what_was_put_in(events, data):
    octets = [write_event(event) for event in events]
    joined = b"\n".join(octets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(joined)), max_size=6)))
    stream, found = EventStream(), []
    for start, end in zip([0, *cuts], [*cuts, len(joined)], strict=True):
        found += stream.feed(joined[start:end])
    assert found == octets
    assert stream.pending == 0


BASE = write_event(
    Event("u1", "a-u-A", "m-s", 0, 0, 10**10, 33.3, 44.4, 1.0, 2.0, 3.0, detail=Element("detail", text="x"))
)
PATCHES = st.lists(
    st.tuples(
        st.floats(0.0, 1.0),
        st.integers(0, 6),
        st.binary(max_size=6) | st.sampled_from([b"<", b">", b"&", b"<!DOCTYPE x>", b"]]>", b"\xff", b"<!--", b"'"]),
    ),
    max_size=4,
)


@given(PATCHES)
def test_changed_octets_are_events_or_refused_by_reason(patches):
    data = bytearray(BASE)
    for where, cut, put in patches:
        i = int(where * len(data))
        data[i : i + cut] = put
    try:
        event = read_event(bytes(data))
    except MessageError as error:
        assert error.reason  # noqa: PT017
    else:
        assert -90.0 <= event.latitude_deg <= 90.0
        write_event(event)
    try:
        for cut_out in EventStream().feed(bytes(data)):
            assert cut_out in bytes(data)
    except MessageError as error:
        assert error.reason  # noqa: PT017


@given(st.binary(max_size=200))
def test_any_octets_are_refused_by_reason(data):
    with pytest.raises(MessageError):
        read_event(data)


ODD_TEXT = st.text(st.one_of(st.sampled_from("ab &<>\"'\r\n\t\x00\x1f\ud800\ufffe"), st.characters()), max_size=8)
ODD_ELEMENTS = st.recursive(
    st.builds(lambda a, t: Element("x", attributes={"a": a}, text=t), ODD_TEXT, ODD_TEXT),
    lambda inner: st.builds(
        lambda a, t, c: Element("y", attributes={"a": a, "b": ""}, text=t, children=c),
        ODD_TEXT,
        ODD_TEXT,
        st.lists(inner),
    ),
    max_leaves=8,
)


@given(ODD_ELEMENTS)
def test_elements_are_written_as_the_standard_library_writes_them(element):
    def tree(element):
        made = ET.Element(element.name, {name: xml_text(value) for name, value in element.attributes.items()})
        made.text = xml_text(element.text) or None
        made.extend(tree(child) for child in element.children)
        return made

    assert write_xml(element) == ET.tostring(tree(element), encoding="unicode")
