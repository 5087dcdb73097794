"""Mutated ASTERIX: nothing but counters, whatever the octets say."""

import numpy as np
import pytest

from rampart.errors import DecodeError
from rampart.wire.asterix import (
    CATEGORIES,
    Datagram,
    Decoder,
    category,
    decode_joined,
    decode_record,
    encode_block,
    reason,
)
from rampart.wire.asterix.block import split_blocks
from rampart.wire.asterix.columns import decode_columns

RECORDS = {
    15: {
        "010": {"SAC": 1, "SIC": 2},
        "000": {"MT": 1},
        "020": {"TTAX": 3},
        "030": [{"CODE": 3}, {"CODE": 9}],
        "145": {"TOD": 100.0},
        "300": [{"CLS": 3, "PRB": 80}],
        "600": {"P84": {"LAT": 45.0, "LON": 15.0}},
        "625": {"R": {"R": 5000.0}, "RR": {"RR": -300.0}},
        "627": {"AZ": {"AZ": 90.0}},
        "628": {"EL": {"EL": 12.0}, "SDEL": {"SDEL": 0.2}},
        "630": {"DPS": {"DPS": 17}},
    },
    21: {
        "010": {"SAC": 1, "SIC": 2},
        "040": {"ATP": 1, "SIM": 1},
        "071": {"TOD": 100.0},
        "131": {"LAT": 45.0, "LON": 15.0},
        "080": {"ADDRESS": 1},
        "090": {"NUCR": 1, "NACP": 9},
        "160": {"GS": 0.05, "TA": 90.0},
        "295": {"AOS": {"AGE": 0.5}, "GH": {"AGE": 0.1}},
    },
    34: {
        "010": {"SAC": 1, "SIC": 2},
        "000": {"TYP": 2},
        "030": {"TOD": 100.0},
        "050": {"COM": {"NOGO": 0}, "MDS": {"CHAB": 2}},
        "070": [{"TYP": 1, "COUNT": 3}, {"TYP": 2, "COUNT": 4}],
        "120": {"HGT": 10, "LAT": 45.0, "LON": 15.0},
    },
    48: {
        "010": {"SAC": 1, "SIC": 2},
        "140": {"TOD": 100.0},
        "020": {"TYP": 3, "TST": 0, "PAI_VAL": 1},
        "040": {"RHO": 20.0, "THETA": 200.0},
        "090": {"FL": 50.0},
        "130": {"SRL": {"SRL": 1.0}, "APD": {"APD": -0.5}},
        "250": [{"MB": "0123456789abcd", "BDS1": 4}, {"MB": "00000000000000", "BDS1": 5}],
        "030": [{"CODE": 1}, {"CODE": 19}],
        "120": {"CAL": {"CAL": -40}, "RDS": [{"DOP": 1, "AMB": 2, "FRQ": 3}]},
        "RE": {"ERR": {"RHO": 300.0}},
    },
    62: {
        "010": {"SAC": 1, "SIC": 2},
        "070": {"TOD": 100.0},
        "105": {"LAT": 45.0, "LON": 15.0},
        "380": {"ADR": {"ADR": 1}, "TIS": {"NAV": 1}, "TID": [{"ALT": 100}], "MET": {"WSD": 3}},
        "040": {"TRN": 7},
        "080": {"MON": 1, "SIM": 1, "CST": 1},
        "290": {"TRK": {"AGE": 1.0}, "MLT": {"AGE": 2.0}},
        "510": [{"IDENT": 1, "TRACK": 2}, {"IDENT": 3, "TRACK": 4}],
        "500": {"APC": {"X": 5.0, "Y": 6.0}, "ARC": {"ARC": 12.5}},
    },
    65: {"010": {"SAC": 1, "SIC": 2}, "000": {"TYP": 1}, "030": {"TOD": 100.0}, "040": {"NOGO": 0}},
}


def slow_face(number, data):
    """Records and reason of one block's body by the complete decoder."""
    records, position = [], 0
    try:
        while position < len(data):
            record, position = decode_record(category(number), data, position)
            records.append(record)
    except DecodeError as error:
        return records, error.reason
    return records, None


def mutations(rng, data, n):
    for _ in range(n):
        octets = bytearray(data)
        for _ in range(rng.integers(1, 4)):
            kind, at = rng.integers(4), int(rng.integers(len(octets)))
            if kind == 0:
                octets[at] = rng.integers(256)
            elif kind == 1:
                octets[at] ^= 1 << rng.integers(8)
            elif kind == 2 and len(octets) > 4:
                del octets[at : at + int(rng.integers(1, 4))]
            else:
                octets[at:at] = rng.bytes(int(rng.integers(1, 4)))
            if not octets:
                octets = bytearray(b"\0")
        yield bytes(octets)


@pytest.mark.parametrize("number", CATEGORIES)
def test_both_faces_agree_on_mutated_blocks(number):
    rng = np.random.default_rng(number)
    body = encode_block(category(number), [RECORDS[number]] * 3)[3:]
    outcomes = set()
    for data in mutations(rng, body, 400):
        records, why = slow_face(number, data)
        columns, rejected = decode_columns(category(number), data, np.array([[0, len(data)]]))
        impossible = sum(n for name, n in rejected.items() if name not in reason.STRUCTURAL)
        structural = {name: n for name, n in rejected.items() if name in reason.STRUCTURAL}
        assert structural == ({} if why is None else {why: 1})
        assert len(columns) + impossible == len(records)
        outcomes.add(why)
    assert len(outcomes) >= 3


def test_mutated_datagrams_never_raise_and_counters_add_up():
    rng = np.random.default_rng(1)
    datagram = b"".join(encode_block(category(n), [RECORDS[n]] * 2) for n in CATEGORIES)
    before = encode_block(category(65), [RECORDS[65]])
    for data in mutations(rng, datagram, 1500):
        decoded = Decoder().decode([Datagram(before + data, 0)])
        assert decoded.records[65] >= 1  # the good block in front survives
        blocks, stop = split_blocks(data, 0, len(data))
        known = dict.fromkeys(CATEGORIES, 0)
        failed = int(stop < len(data))
        for number, first, end in blocks:
            if number in known:
                records, why = slow_face(number, data[first:end])
                known[number] += len(records)
                failed += why is not None
        known[65] += 1
        other = sum(decoded.rejected.get(name, 0) for name in (reason.NO_SOURCE, reason.TIME_OF_DAY, reason.POSITION))
        foreign = decoded.rejected.get(reason.CATEGORY, 0)
        assert sum(decoded.records.values()) + other == sum(known.values())
        assert sum(decoded.rejected.values()) - other - foreign == failed
        assert decoded.blocks + foreign == len(blocks) + 1


def test_random_octets():
    rng = np.random.default_rng(2)
    for n in [*range(40), 500, 5000]:
        data = rng.bytes(n)
        Decoder().decode([Datagram(data, 0)])
        decode_joined(data)


def test_padding_counts_once():
    block = encode_block(category(65), [RECORDS[65]])
    padded = block[:1] + (len(block) + 50).to_bytes(2, "big") + block[3:] + b"\0" * 50
    decoded = Decoder().decode([Datagram(padded, 0)])
    assert decoded.records == {65: 1}
    assert decoded.rejected == {reason.EMPTY: 1}


def test_bounds_outside_the_data_are_refused():
    with pytest.raises(ValueError, match="outside"):
        decode_columns(category(65), b"\x80\x01\x02", np.array([[0, 4]]))
