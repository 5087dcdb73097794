"""CAP: what is written is read, what the reader takes the schema takes, and no octets do worse than be refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rampart.wire.cap import Alert, Area, Circle, Info, Pair, Reference, read_alert, write_alert
from rampart.wire.cap.layout import CATEGORY, CERTAINTY, SEVERITY, STATUS
from rampart.wire.message_error import MessageError

SECOND = 10**9
SQUARE = ((33.0, 44.0), (33.0, 44.1), (33.1, 44.1), (33.1, 44.0), (33.0, 44.0))
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=30)
SAID = WORDS.filter(str.strip)
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=",<&"), min_size=1, max_size=20)
TIMES = st.integers(0, 4_000_000_000).map(lambda s: s * SECOND)
PAIRS = st.builds(Pair, SAID, WORDS)
GRID = st.integers(-89_000_000, 89_000_000).map(lambda n: n / 1e6)


def boxes(south, west):
    return ((south, west), (south, west + 0.5), (south + 0.25, west + 0.5), (south + 0.25, west), (south, west))


BOXES = st.builds(boxes, GRID, GRID).map(lambda p: tuple((round(a, 6), round(b, 6)) for a, b in p))
AREAS = st.builds(
    Area,
    SAID,
    st.lists(BOXES, max_size=2).map(tuple),
    st.lists(st.builds(Circle, GRID, GRID, st.integers(0, 10**9).map(lambda n: n / 1e6)), max_size=2).map(tuple),
    st.lists(PAIRS, max_size=2).map(tuple),
)
INFOS = st.builds(
    Info,
    st.lists(st.sampled_from(CATEGORY), min_size=1, max_size=3).map(tuple),
    SAID,
    st.just("Unknown"),
    st.sampled_from(SEVERITY),
    st.sampled_from(CERTAINTY),
    language=st.sampled_from([None, "en", "ckb", "ar-IQ"]),
    headline=st.none() | WORDS,
    description=st.none() | WORDS,
    event_code=st.lists(PAIRS, max_size=2).map(tuple),
    parameter=st.lists(PAIRS, max_size=3).map(tuple),
    area=st.lists(AREAS, max_size=2).map(tuple),
)
ALERTS = st.builds(
    Alert,
    NAMES,
    NAMES,
    TIMES,
    st.sampled_from(STATUS),
    st.just("Alert"),
    st.just("Public"),
    source=st.none() | WORDS,
    code=st.lists(WORDS, max_size=2).map(tuple),
    note=st.none() | WORDS,
    references=st.just(()) | st.builds(lambda s, i: (Reference(s, i, 0),), NAMES, NAMES),
    info=st.lists(INFOS, min_size=1, max_size=3).map(tuple),
)


@given(ALERTS.filter(lambda a: all((r.sender, r.identifier) != (a.sender, a.identifier) for r in a.references)))
def test_what_is_written_is_read(alert):
    data = write_alert(alert)
    assert read_alert(data) == alert
    assert write_alert(read_alert(data)) == data


@pytest.fixture(scope="module")
def message():
    info = Info(
        ("Safety",), "Rocket attack", "Immediate", "Extreme", "Likely", language="en", response_type=("Shelter",),
        effective_ns=0, onset_ns=20 * SECOND, expires_ns=600 * SECOND, web="https://a.example/x?y=1",
        parameter=(Pair("a", "b"),), area=(Area("North", (SQUARE,), (Circle(1.0, 2.0, 3.0),), altitude=1.0),),
    )  # fmt: skip
    head = Alert("W1.1", "a@b.example", 10 * SECOND, "Exercise", "Update", "Public", info=(info,))
    return write_alert(replace(head, references=(Reference("a@b.example", "W1.0", 5 * SECOND),)))


PATCHES = st.lists(
    st.tuples(
        st.floats(0.0, 1.0),
        st.integers(0, 6),
        st.binary(max_size=6) | st.sampled_from([b"<", b">", b"&", b"<!DOCTYPE x>", b"]]>", b"\xff", b"<!--", b"'"]),
    ),
    max_size=4,
)


@given(patches=PATCHES)
def test_changed_octets_are_refused_by_reason_or_are_still_good_by_the_schema(message, schema, patches):
    data = bytearray(message)
    for where, cut, put in patches:
        i = int(where * len(data))
        data[i : i + cut] = put
    try:
        read_alert(bytes(data))
    except MessageError as error:
        assert error.reason.replace("_", "").isalnum()  # noqa: PT017
    else:
        assert schema("cap/cap12.xsd", bytes(data)) is None


@given(st.binary(max_size=200))
def test_any_octets_are_refused_by_reason(data):
    with pytest.raises(MessageError):
        read_alert(data)
