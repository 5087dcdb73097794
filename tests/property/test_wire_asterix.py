"""ASTERIX: what is encoded is decoded, and the fast face reads what the complete one reads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.errors import DecodeError
from rampart.wire.asterix import (
    CATEGORIES,
    category,
    decode_block,
    decode_columns,
    decode_record,
    editions,
    encode_block,
)
from rampart.wire.asterix.columns import WANTED

_LETTERS = "ABCXYZ0189 "


def values(field):
    """Any value that a field can say, exact or not."""
    if field.kind == "octal":
        return st.integers(0, (1 << field.bits) - 1).map(lambda n: f"{n:0{field.bits // 3}o}")
    if field.kind == "hex":
        return st.integers(0, (1 << field.bits) - 1).map(lambda n: f"{n:0{field.bits // 4}x}")
    if field.kind in ("icao", "ascii"):
        size = field.bits // (6 if field.kind == "icao" else 8)
        return st.text(_LETTERS, min_size=size, max_size=size)
    if field.kind == "":
        return st.integers(0, (1 << field.bits) - 1)
    low = -(1 << (field.bits - 1)) if field.kind == "s" else 0
    high = low + (1 << field.bits) - 1
    return st.floats(low * field.lsb, high * field.lsb)


def part(fields):
    return st.fixed_dictionaries({field.name: values(field) for field in fields if field.name})


def content(item):
    if item.shape == "compound" or (item.shape == "explicit" and item.items):
        inner = {sub.id: content(sub) for sub in item.items if sub}
        return st.fixed_dictionaries({}, optional=inner).filter(bool)
    if item.shape == "explicit":
        return st.binary(max_size=20).map(lambda octets: {"bytes": octets.hex()})
    if item.shape == "fixed":
        return part(item.parts[0])
    if item.shape == "extended":
        octets = [part(fields) for fields in item.parts]
        return st.integers(1, len(octets)).flatmap(
            lambda n: st.tuples(*octets[:n]).map(lambda parts: {k: v for p in parts for k, v in p.items()})
        )
    return st.lists(part(item.parts[0]), min_size=item.shape == "chained", max_size=3)


def records(layout):
    items = {item.id: content(item) for item in layout.items if item}
    return st.fixed_dictionaries({}, optional=items).filter(bool)


def steps(item):
    """The largest rounding error of each field of an item, by name."""
    return {field.name: field.lsb / 2 for fields in item.parts for field in fields if field.kind in ("u", "s")}


def assert_close(item, sent, read):
    if isinstance(sent, list):
        assert len(sent) == len(read)
        for a, b in zip(sent, read, strict=True):
            assert_close(item, a, b)
    elif item.items:
        assert sent.keys() == read.keys()
        for sub in item.items:
            if sub and sub.id in sent:
                assert_close(sub, sent[sub.id], read[sub.id])
    else:
        half = steps(item)
        assert sent.keys() == read.keys()
        for name, value in sent.items():
            if name in half:
                assert abs(read[name] - value) <= half[name] * (1 + 1e-9)
            else:
                assert read[name] == value


LAYOUTS = [
    category(number, edition) for number in CATEGORIES for edition in {editions(number)[0], editions(number)[-1]}
]
LAYOUTS.sort(key=lambda layout: (layout.number, layout.edition))
IDS = [f"{layout.number:03d}-{layout.edition}" for layout in LAYOUTS]


@pytest.mark.parametrize("layout", LAYOUTS, ids=IDS)
@settings(max_examples=60)
@given(data=st.data())
def test_encoded_records_are_decoded(layout, data):
    sent = data.draw(st.lists(records(layout), min_size=1, max_size=3))
    block = encode_block(layout, sent)
    read = decode_block(layout, block[3:])
    assert len(read) == len(sent)
    for a, b in zip(sent, read, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            assert_close(layout.item(name), a[name], b[name])
    # what was read is on the grid: it comes out as the same octets
    assert encode_block(layout, read) == block


def looked_up(record, path):
    for name in path.split("/"):
        if isinstance(record, list):
            record = record[0] if record else {}
        if not isinstance(record, dict) or name not in record:
            return None
        record = record[name]
    return record


@pytest.mark.parametrize("layout", LAYOUTS, ids=IDS)
@settings(max_examples=60)
@given(data=st.data())
def test_columns_say_what_records_say(layout, data):
    source = {"010": {"SAC": 1, "SIC": 2}}
    sent = [record | source for record in data.draw(st.lists(records(layout), min_size=1, max_size=4))]
    body = encode_block(layout, sent)[3:]
    columns, rejected = decode_columns(layout, body, np.array([[0, len(body)]]))
    read = [decode_record(layout, body, int(first))[0] for first in columns.first]
    assert len(read) + sum(rejected.values()) == len(sent)
    assert set(rejected) <= {"time_of_day", "position"}
    for path in WANTED[layout.number]:
        item, _, name = path.rpartition("/")
        try:
            field = layout.item(item).field(name)[1]
        except KeyError:
            assert np.isnan(columns[path]).all()
            continue
        for i, record in enumerate(read):
            expected = looked_up(record, path)
            if expected is None:
                assert np.isnan(columns[path][i])
            elif field.kind == "octal":
                assert columns[path][i] == int(expected, 8)
            elif field.kind != "icao":
                assert columns[path][i] == expected


@given(octets=st.binary(max_size=60), layout=st.sampled_from(LAYOUTS))
@settings(max_examples=500)
def test_any_octets(octets, layout):
    try:
        _, end = decode_record(layout, octets)
    except DecodeError:
        return
    assert 0 < end <= len(octets)
