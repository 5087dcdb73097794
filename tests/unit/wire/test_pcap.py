"""Captures: every kind that is read, and what is refused where."""

import struct

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.wire.asterix import Datagram
from rampart.wire.pcap import format_pcap, parse_pcap, read_pcap, write_pcap

TIME = 1_600_000_000_123_456_000
PAYLOAD = b"asterix?"


def udp(payload=PAYLOAD, port=8600):
    return struct.pack(">HHHH", 1000, port, 8 + len(payload), 0) + payload


def ip4(body, protocol=17, fragment=0, options=b"", total=None):
    length = 20 + len(options) + len(body)
    total = length if total is None else total
    head = struct.pack(">BBHHHBBH8x", 0x45 + len(options) // 4, 0, total, 0, fragment, 64, protocol, 0)
    return head + options + body


def ip6(body, kind=17, extra=b""):
    return struct.pack(">IHBB32x", 6 << 28, len(extra) + len(body), kind, 64) + extra + body


def ethernet(packet, kind=0x0800, tags=()):
    return b"\1" * 12 + b"".join(struct.pack(">HH", tag, 7) for tag in tags) + struct.pack(">H", kind) + packet


def capture(*frames, link=1, order="<", nano=False, kept=None):
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    seconds, fraction = divmod(TIME, 1_000_000_000)
    for frame in frames:
        size = len(frame) if kept is None else kept
        out += struct.pack(order + "IIII", seconds, fraction if nano else fraction // 1000, size, len(frame))
        out += frame[:size]
    return out


def block(order, kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def capture_ng(*frames, link=1, order="<", options=b"", per_second=1_000_000, offset_s=0, simple=False):
    out = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(order, 1, struct.pack(order + "HHI", link, 0, 0) + options)
    out += block(order, 0x0BAD, b"unknown")
    ticks = (TIME - offset_s * 1_000_000_000) * per_second // 1_000_000_000
    for frame in frames:
        if simple:
            out += block(order, 3, struct.pack(order + "I", len(frame)) + frame)
        else:
            head = struct.pack(order + "5I", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
            out += block(order, 6, head + frame)
    return out


def only(data):
    datagrams, counts = parse_pcap(data)
    assert counts.packets == counts.datagrams == 1
    (found,) = datagrams
    return found


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_byte_orders_and_clocks(order, nano):
    found = only(capture(ethernet(ip4(udp())), order=order, nano=nano))
    assert (found.payload, found.received_ns, found.port) == (PAYLOAD, TIME, 8600)


@pytest.mark.parametrize(
    ("frame", "link"),
    [
        (ethernet(ip4(udp())), 1),
        (ethernet(ip4(udp(), options=b"\1" * 4)), 1),
        (ethernet(ip4(udp())) + b"\0" * 9, 1),  # padding to the shortest frame
        (ethernet(ip4(udp(), total=0)), 1),  # left by network cards that segment on their own
        (ethernet(ip4(udp()), tags=[0x8100]), 1),
        (ethernet(ip4(udp()), tags=[0x88A8, 0x8100]), 1),
        (ethernet(ip6(udp()), kind=0x86DD), 1),
        (ethernet(ip6(udp(), kind=0, extra=b"\x11\0" + b"\0" * 6), kind=0x86DD), 1),
        (b"\0" * 14 + b"\x08\x00" + ip4(udp()), 113),
        (b"\x08\x00" + b"\0" * 18 + ip4(udp()), 276),
        (b"\2\0\0\0" + ip4(udp()), 0),
        (b"\0\0\0\2" + ip6(udp()), 108),
        (ip4(udp()), 101),
        (ip6(udp()), 101),
        (ip4(udp()), 228),
        (ip6(udp()), 229),
    ],
)
def test_links(frame, link):
    assert only(capture(frame, link=link)).payload == PAYLOAD
    assert only(capture_ng(frame, link=link)).payload == PAYLOAD


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng(order):
    frame = ethernet(ip4(udp()))
    assert only(capture_ng(frame, order=order)).received_ns == TIME
    nano = struct.pack(order + "HHB3xI", 9, 1, 9, 0)
    assert only(capture_ng(frame, order=order, options=nano, per_second=1_000_000_000)).received_ns == TIME
    binary = struct.pack(order + "HHB3xI", 9, 1, 0x80 | 10, 0)
    assert abs(only(capture_ng(frame, order=order, options=binary, per_second=1024)).received_ns - TIME) < 1_000_000
    offset = struct.pack(order + "HHqI", 14, 8, 1000, 0)
    assert only(capture_ng(frame, order=order, options=offset, offset_s=1000)).received_ns == TIME
    assert only(capture_ng(frame, order=order, simple=True)).payload == PAYLOAD


def test_what_is_not_a_whole_datagram_is_counted():
    frames = [
        ethernet(ip4(b"x" * 30, protocol=6)),
        ethernet(b"\0" * 40, kind=0x0806),
        ethernet(ip4(udp(), fragment=0x2000)),
        ethernet(ip4(udp(), fragment=185)),
        ethernet(ip6(udp(), kind=44), kind=0x86DD),
        ethernet(ip4(struct.pack(">HHHH", 1, 2, 4, 0))),
        ethernet(ip4(struct.pack(">HHHH", 1, 2, 99, 0))),
        b"\1\2\3",
        b"",
        ethernet(ip4(udp())),
    ]
    datagrams, counts = parse_pcap(capture(*frames))
    assert [d.payload for d in datagrams] == [PAYLOAD]
    assert (counts.packets, counts.datagrams) == (10, 1)
    assert counts.rejected == {"ip_fragment": 3, "udp_length": 2}


def test_packets_cut_by_the_capture():
    frame = ethernet(ip4(udp()))
    datagrams, counts = parse_pcap(capture(frame, kept=len(frame) - 1))
    assert not datagrams
    assert counts.rejected == {"cut_by_capture": 1}
    assert parse_pcap(capture(frame, kept=36))[1].rejected == {"cut_by_capture": 1}


@pytest.mark.parametrize("link", [1, 0, 101, 108, 113, 276])
def test_frames_cut_anywhere(link):
    for frame in (ethernet(ip4(udp()), tags=[0x8100]), ip4(udp()), ip6(udp(), kind=0, extra=b"\x2b\0" + b"\0" * 6)):
        for kept in range(len(frame)):
            parse_pcap(capture(frame[:kept], link=link))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "cap: not a capture: no pcap or pcapng mark at octet 0"),
        (b"\x7fELF" + b"\0" * 60, "cap: not a capture"),
        (capture()[:20], "cap: octet 20: the capture ends inside the file header"),
        (capture(ethernet(ip4(udp())))[:30], "cap: octet 24: the capture ends inside a packet header"),
        (capture(ethernet(ip4(udp())))[:-1], "cap: octet 24: the capture ends inside a packet of 50 octets"),
        (capture(link=105), "cap: octet 20: link type 105 is not read; expected Ethernet"),
        (capture() + struct.pack("<IIII", 0, 0, 1 << 30, 1 << 30), "octet 24: a packet of 1073741824 octets cannot be"),
        (capture_ng(ethernet(ip4(udp())))[:-1], "the capture ends inside a block"),
        (capture_ng()[:5], "octet 0: the capture ends inside a block header"),
        (capture_ng() + struct.pack("<III", 6, 8, 8), "a block of 8 octets cannot be"),
        (capture_ng() + block("<", 6, b""), "the capture ends inside a packet block"),
        (capture_ng() + block("<", 6, struct.pack("<5I", 9, 0, 0, 0, 0)), "a packet of interface 9"),
        (capture_ng() + block("<", 6, struct.pack("<5I", 0, 0, 0, 99, 99)), "ends inside a packet of 99 octets"),
        (capture_ng(link=105), "link type 105 is not read"),
        (
            capture_ng(ip4(udp()), link=101, options=struct.pack("<HHqI", 14, 8, 1 << 40, 0)),
            "a time before 1970 or after 2261 cannot be",
        ),
    ],
)
def test_refused(data, said):
    with pytest.raises(InputError) as caught:
        parse_pcap(data, "cap")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_mutated_captures():
    rng = np.random.default_rng(5)
    frame = ethernet(ip4(udp()))
    for whole in (capture(frame, frame), capture_ng(frame, frame, options=struct.pack("<HHB3xI", 9, 1, 9, 0))):
        read = 0
        for _ in range(2000):
            octets = bytearray(whole)
            for _ in range(int(rng.integers(1, 4))):
                octets[rng.integers(len(octets))] = rng.integers(256)
            try:
                datagrams, _ = parse_pcap(bytes(octets))
            except InputError:
                continue
            np.array([d.received_ns for d in datagrams], np.int64)
            read += 1
        assert 100 < read < 2000


def test_cut_at_every_octet_gives_packets_or_one_message():
    for whole in (capture(*[ethernet(ip4(udp()))] * 3), capture_ng(*[ethernet(ip4(udp()))] * 3)):
        for n in range(len(whole)):
            try:
                parse_pcap(whole[:n])
            except InputError:
                continue


def test_written_files_are_read(tmp_path):
    sent = [Datagram(bytes([i]) * i, TIME + 7 * i, 8600 + i) for i in range(5)]
    write_pcap(tmp_path / "a.pcap", sent)
    datagrams, counts = read_pcap(tmp_path / "a.pcap")
    assert [(d.payload, d.received_ns, d.port) for d in datagrams] == [(d.payload, d.received_ns, d.port) for d in sent]
    assert counts.datagrams == 5


def test_header_checksum():
    words = struct.unpack(">10H", format_pcap([Datagram(PAYLOAD, TIME)])[40:60])
    total = sum(words)
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


def test_what_cannot_be_written():
    with pytest.raises(InputError, match="65507"):
        format_pcap([Datagram(b"x" * 65508, TIME)])
    with pytest.raises(InputError, match="1970 to 2106"):
        format_pcap([Datagram(b"x", -1)])
