"""One record to and from a dict: shapes, values, refusals."""

import numpy as np
import pytest

from rampart.errors import DecodeError, InputError
from rampart.wire.asterix import (
    category,
    decode_block,
    decode_columns,
    decode_record,
    encode_block,
    encode_record,
    reason,
)

PLOT = category(48)


def test_warning_codes_are_chained():
    # two independent libraries read 98, 1 and 10 from these octets
    block = bytes.fromhex("300014f1014100fd140000000000000000c50314")
    (record,) = decode_block(PLOT, block[3:])
    assert [code["CODE"] for code in record["030"]] == [98, 1, 10]
    assert decode_block(PLOT, encode_block(PLOT, [record])[3:]) == [record]


def test_range_beyond_256_nm_stands_in_the_expansion_field():
    record = {
        "020": {"TYP": 2, "TST": 0, "ERR": 1},
        "040": {"RHO": 65535 / 256, "THETA": 10.0},
        "RE": {"ERR": {"RHO": 257.0}},
    }
    octets = encode_record(PLOT, record)
    decoded, end = decode_record(PLOT, octets)
    assert end == len(octets)
    assert decoded["RE"] == {"ERR": {"RHO": 257.0}}


def test_expansion_field_of_another_edition_is_kept():
    record, _ = decode_record(PLOT, bytes.fromhex("0101010204aabbcc"))
    assert record == {"RE": {"bytes": "aabbcc"}}
    assert encode_record(PLOT, record).hex() == "0101010204aabbcc"


def test_more_octets_of_an_extended_item_than_the_edition_knows():
    layout = category(48, "1.30")
    octets = bytes.fromhex("20" + "2101fe")
    record, end = decode_record(layout, octets)
    assert end == 4
    assert record["020"]["TYP"] == 1
    assert record["020"]["extra"] == "fe"
    assert encode_record(layout, record) == octets


def test_text_values():
    record = {"070": {"MODE3A": "0470", "L": 1}, "240": {"IDENT": "RYR5XW"}, "260": {"ACAS": "0123456789abcd"}}
    decoded, _ = decode_record(PLOT, encode_record(PLOT, record))
    assert decoded["070"]["MODE3A"] == "0470"
    assert decoded["240"]["IDENT"] == "RYR5XW  "
    assert decoded["260"]["ACAS"] == "0123456789abcd"
    plan = category(62)
    decoded, _ = decode_record(plan, encode_record(plan, {"390": {"CS": {"CS": "DLH1A"}}}))
    assert decoded["390"]["CS"]["CS"] == "DLH1A  "


def test_flight_level_below_zero_needs_the_newest_edition():
    octets = encode_record(PLOT, {"090": {"FL": -2.5}})
    assert decode_record(PLOT, octets)[0]["090"]["FL"] == -2.5
    assert decode_record(category(48, "1.31"), octets)[0]["090"]["FL"] == 4096 - 2.5


@pytest.mark.parametrize(
    ("number", "octets", "why"),
    [
        (48, "", reason.TRUNCATED),
        (48, "8001", reason.TRUNCATED),
        (48, "f1", reason.TRUNCATED),
        (48, "0101010180", reason.FSPEC),
        (48, "00", reason.EMPTY),
        (48, "01010102", reason.TRUNCATED),
        (48, "0101010400", reason.EXPLICIT),
        (48, "0101010403aa", reason.TRUNCATED),
        (48, "0120ff0102", reason.TRUNCATED),  # 250: 255 elements promised
        (48, "020101", reason.FSPEC),  # 130: presence bits go on
        (48, "01400100", reason.TRUNCATED),
        (62, "40", reason.UNDEFINED),
        (62, "0101010180", reason.UNDEFINED),
        (65, "0180", reason.UNDEFINED),
        (34, "0440", reason.UNDEFINED),  # 050: the second sub-item is not used
    ],
)
def test_reasons(number, octets, why):
    data = bytes.fromhex(octets)
    with pytest.raises(DecodeError) as caught:
        decode_record(category(number), data)
    assert caught.value.reason == why
    columns, rejected = decode_columns(category(number), data, np.array([[0, len(data)]]))
    assert len(columns) == 0
    assert rejected == ({why: 1} if data else {})


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"999": {}}, "CAT048 has no item '999'"),
        ({"040": {"RANGE": 1}}, "CAT048/040 has no field 'RANGE'; expected some of RHO, THETA"),
        ({"040": {"RHO": 300.0}}, "CAT048/040 RHO: 300.0 does not fit; expected 0 to 255.996 NM"),
        ({"042": {"X": float("nan")}}, "CAT048/042 X: nan cannot be written as s"),
        ({"070": {"MODE3A": "0980"}}, "CAT048/070 MODE3A: '0980' cannot be written as octal"),
        ({"240": {"IDENT": "low"}}, "CAT048/240 IDENT: 'low' cannot be written as icao"),
        ({"240": {"IDENT": "TOOLONGNAME"}}, "cannot be written as icao"),
        ({"020": {"XYZ": 1}}, "CAT048/020 has no field 'XYZ'"),
        ({"030": []}, "CAT048/030: expected at least one element"),
        ({"250": [{}] * 256}, "CAT048/250: at most 255 elements fit"),
        ({"SP": {"bytes": "00" * 255}}, "CAT048/SP: at most 254 octets fit"),
        ({"130": {"QQQ": {}}}, "CAT048/130 has no item 'QQQ'"),
    ],
)
def test_what_cannot_be_encoded(record, said):
    with pytest.raises(InputError) as caught:
        encode_record(PLOT, record)
    assert said in str(caught.value)


def test_block_too_long():
    with pytest.raises(InputError, match="65535 octets"):
        encode_block(PLOT, [{"SP": {"bytes": "00" * 254}}] * 300)
