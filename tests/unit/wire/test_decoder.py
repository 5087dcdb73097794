"""Datagrams to columns: duplicates, skipped categories, counters."""

import numpy as np

from rampart.wire.asterix import Datagram, Decoder, category, decode_joined, encode_block, reason

S = 1_000_000_000


def plot(tod, **items):
    return {"010": {"SAC": 25, "SIC": 201}, "140": {"TOD": tod}, "040": {"RHO": 10.0, "THETA": 45.0}} | items


def block(*records):
    return encode_block(category(48), records)


def test_a_datagram_that_comes_again_is_processed_once():
    one, two = block(plot(1.0), plot(1.0)), block(plot(2.0))
    decoded = Decoder().decode([Datagram(one, 0), Datagram(one, 1), Datagram(two, 2), Datagram(one, 3)])
    assert decoded.records == {48: 7}
    assert decoded.duplicates == 2
    assert decoded.duplicate_records == 4
    (batch,) = decoded.batches
    assert batch.columns.time_of_day_s.tolist() == [1.0, 1.0, 2.0]
    assert batch.received_ns.tolist() == [0, 0, 2]


def test_duplicates_across_calls_and_outside_the_window():
    decoder = Decoder(window_s=2.0)
    one = block(plot(1.0))
    assert decoder.decode([Datagram(one, 0)]).duplicates == 0
    assert decoder.decode([Datagram(one, 1 * S)]).duplicates == 1
    assert decoder.decode([Datagram(one, 2 * S)]).duplicates == 1
    assert decoder.decode([Datagram(one, 9 * S)]).duplicates == 0


def test_the_filter_forgets():
    decoder = Decoder(window_s=1.0)
    for i in range(1000):
        decoder.decode([Datagram(block(plot(i / 128)), i * S)])
    assert len(decoder._duplicates._received) <= 2


def test_other_categories_are_counted():
    decoded = Decoder().decode(
        [Datagram(b"\x13\x00\x05\x01\x02" + block(plot(1.0)), 0), Datagram(b"\xfe\x00\x04\x01", 0)]
    )
    assert decoded.records == {48: 1}
    assert decoded.skipped == {19: 1}
    assert decoded.rejected == {reason.CATEGORY: 1}


def test_good_records_before_and_after_a_bad_one_survive():
    good, bad = block(plot(1.0)), b"\x30\x00\x05\xf0\x01"  # truncated
    half = bytearray(block(plot(2.0), plot(3.0)))
    half[-10] = 0xFF  # the second record's field specification now promises items that are not there
    decoded = Decoder().decode(
        [Datagram(good + bad + bytes(half) + block(plot(4.0)), 0), Datagram(block(plot(5.0)), 1)]
    )
    assert decoded.batches[0].columns.time_of_day_s.tolist() == [1.0, 2.0, 4.0, 5.0]
    assert sum(decoded.rejected.values()) == 2
    assert decoded.records == {48: 4}


def test_a_bad_length_drops_the_rest_of_the_datagram_only():
    torn = block(plot(1.0)) + b"\x30\xff\xff\x80"
    decoded = Decoder().decode([Datagram(torn, 0), Datagram(block(plot(2.0)), 1)])
    assert decoded.batches[0].columns.time_of_day_s.tolist() == [1.0, 2.0]
    assert decoded.rejected == {reason.BLOCK_LENGTH: 1}


def test_impossible_values():
    day = plot(0.0)
    data = bytearray(block(day, plot(1.0)))
    data[6:9] = (86400 * 128).to_bytes(3, "big")
    no_source = encode_block(category(48), [{"140": {"TOD": 1.0}}])
    far = encode_block(category(62), [{"010": {"SAC": 1, "SIC": 1}, "105": {"LAT": 91.0, "LON": 0.0}}])
    decoded = Decoder().decode([Datagram(bytes(data), 0), Datagram(no_source, 0), Datagram(far, 0)])
    assert decoded.rejected == {reason.TIME_OF_DAY: 1, reason.NO_SOURCE: 1, reason.POSITION: 1}
    assert decoded.records == {48: 1, 62: 0}


def test_joined_blocks_resynchronise():
    blocks = [block(plot(i / 8)) for i in range(8)]
    damaged = bytearray(blocks[3])
    damaged[1:3] = b"\xff\xff"
    data = b"".join(blocks[:3]) + bytes(damaged) + b"".join(blocks[4:])
    decoded = decode_joined(data)
    assert decoded.batches[0].columns.time_of_day_s.tolist() == [0.0, 0.125, 0.25, 0.5, 0.625, 0.75, 0.875]
    assert decoded.rejected == {reason.BLOCK_LENGTH: 1}


def test_joined_duplicates():
    one = block(plot(1.0))
    decoded = decode_joined(one + block(plot(2.0)) + one)
    assert (decoded.records, decoded.duplicates, decoded.duplicate_records) == ({48: 3}, 1, 1)
    assert len(decoded.batches[0].columns) == 2


def test_nothing():
    assert Decoder().decode([]).records == {}
    assert Decoder().decode([Datagram(b"", 0)]).rejected == {}
    assert decode_joined(b"").batches == []


def test_a_block_without_records():
    assert Decoder().decode([Datagram(b"\x30\x00\x03", 0)]).records == {48: 0}


def test_more_records_than_the_first_guess():
    # the smallest records there are, so that the output table has to be emptied and filled again
    tiny = b"\x41" + (3 + 3 * 20000).to_bytes(2, "big") + b"\x80\x01\x02" * 20000
    (batch,) = Decoder().decode([Datagram(tiny, 0)]).batches
    assert len(batch.columns) == 20000
    assert np.all(batch.columns["010/SIC"] == 2)
