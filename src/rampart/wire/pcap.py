"""Pcap: captures of network traffic. UDP payloads with their times and ports; the classic format is written too.

Format facts: the IETF draft of the pcap capture file format, and the one of pcapng.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rampart.errors import InputError

from .asterix.decoder import Datagram
from .file import read_file

#: Link types by number, with the octets in front of the network layer (Ethernet may add VLAN tags).
_ETHERNET, _NULL, _LOOP, _COOKED, _COOKED_2 = 1, 0, 108, 113, 276
_RAW_IP = (12, 14, 101, 228, 229)
_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000),
    b"\xa1\xb2\xc3\xd4": (">", 1_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
MAGICS = (*_MAGICS, b"\x0a\x0d\x0d\x0a")  #: how a capture begins
_MAX_PACKET = 1 << 18  # no capture program takes more of one packet
_VLAN = (0x8100, 0x88A8, 0x9100)
_IPV4, _IPV6 = 0x0800, 0x86DD
_UDP = 17
_END_NS = 9_200_000_000_000_000_000  # what an int64 holds, with room for a day
_IPV6_OPTIONS = (0, 43, 60)  # extension headers that say their length in the same way


@dataclass(slots=True)
class CaptureCounts:
    """What stood in a capture besides whole UDP datagrams."""

    packets: int = 0
    datagrams: int = 0  #: whole UDP datagrams
    other: int = 0  #: packets that are not UDP over IP
    rejected: Counter[str] = field(default_factory=Counter)  #: UDP that cannot be read: cut_by_capture, ip_fragment


def read_pcap(path: str | Path) -> tuple[list[Datagram], CaptureCounts]:
    """Read the UDP datagrams of a capture file.

    Parameters
    ----------
    path : path
        A classic pcap file (either byte order, micro- or nanoseconds) or a pcapng file, of Ethernet with VLAN tags,
        Linux cooked, loopback or raw IP links, IPv4 or IPv6.

    Returns
    -------
    list of Datagram, CaptureCounts
        In the order of the file.

    Raises
    ------
    InputError
        If the file is not a capture, ends inside a packet or has a link type that is not read; with the octet.
    """
    return parse_pcap(read_file(path), path)


def parse_pcap(data: bytes, path: object = "capture") -> tuple[list[Datagram], CaptureCounts]:
    """`read_pcap` for a capture that is in memory; `path` is for messages."""
    counts = CaptureCounts()
    datagrams = []
    frames = _pcapng_frames if data[:4] == MAGICS[-1] else _pcap_frames
    for time_ns, link, start, end in frames(data, path):
        counts.packets += 1
        found = _udp(data, start, end, link, counts)
        if found is None:
            continue
        port, first, last = found
        if last > end:
            counts.rejected["cut_by_capture"] += 1
            continue
        counts.datagrams += 1
        datagrams.append(Datagram(data[first:last], time_ns, port))
    return datagrams, counts


Frame = tuple[int, int, int, int]  #: time [ns], link type, first octet, end


def _pcap_frames(data: bytes, path: object) -> Iterator[Frame]:
    if data[:4] not in _MAGICS:
        raise InputError("not a capture: no pcap or pcapng mark at octet 0", path=path)
    if len(data) < 24:
        raise _cut(path, len(data), "the file header")
    order, unit_ns = _MAGICS[data[:4]]
    link = struct.unpack_from(order + "I", data, 20)[0] & 0x0FFFFFFF
    _check_link(link, path, 20)
    header = struct.Struct(order + "IIII")
    position, total = 24, len(data)
    while position < total:
        if position + 16 > total:
            raise _cut(path, position, "a packet header")
        seconds, fraction, kept, _ = header.unpack_from(data, position)
        start = position + 16
        if kept > _MAX_PACKET:
            raise _damaged(path, position, f"a packet of {kept} octets")
        if start + kept > total:
            raise _cut(path, position, f"a packet of {kept} octets")
        yield seconds * 1_000_000_000 + fraction * unit_ns, link, start, start + kept
        position = start + kept


def _check_link(link: int, path: object, octet: int) -> None:
    if link not in (_ETHERNET, _NULL, _LOOP, _COOKED, _COOKED_2, *_RAW_IP):
        raise InputError(
            f"octet {octet}: link type {link} is not read; expected Ethernet, Linux cooked, loopback or raw IP",
            path=path,
        )


def _cut(path: object, octet: int, what: str) -> InputError:
    return InputError(f"octet {octet}: the capture ends inside {what}", path=path)


def _damaged(path: object, octet: int, what: str) -> InputError:
    return InputError(f"octet {octet}: {what} cannot be; the capture is damaged", path=path)


def _pcapng_frames(data: bytes, path: object) -> Iterator[Frame]:
    """Packets of a pcapng file: section, interface, enhanced and simple packet blocks; others are passed over."""
    position, total, order = 0, len(data), "<"
    interfaces: list[tuple[int, int, int]] = []  # link type, ticks per second, offset [s]
    while position < total:
        if position + 12 > total:
            raise _cut(path, position, "a block header")
        if data[position : position + 4] == MAGICS[-1]:
            order = "<" if data[position + 8 : position + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        kind, length = struct.unpack_from(order + "II", data, position)
        if length < 12 or length % 4:
            raise _damaged(path, position, f"a block of {length} octets")
        if position + length > total:
            raise _cut(path, position, f"a block of {length} octets")
        body, end = position + 8, position + length - 4
        if kind == 1 and end - body >= 8:
            link = struct.unpack_from(order + "H", data, body)[0]
            _check_link(link, path, body)
            interfaces.append((link, *_clock_of(data, body + 8, end, order)))
        elif kind in (3, 6):
            yield _pcapng_packet(data, kind, body, end, order, interfaces, path)
        position += length


def _pcapng_packet(
    data: bytes, kind: int, body: int, end: int, order: str, interfaces: list[tuple[int, int, int]], path: object
) -> Frame:
    enhanced = kind == 6
    head = 20 if enhanced else 4
    if body + head > end:
        raise _cut(path, body, "a packet block")
    if enhanced:
        interface, high, low, kept, _ = struct.unpack_from(order + "5I", data, body)
    else:
        length = struct.unpack_from(order + "I", data, body)[0]
        interface, high, low, kept = 0, 0, 0, min(length, end - body - head)
    if interface >= len(interfaces):
        raise InputError(f"octet {body}: a packet of interface {interface}, which is not described", path=path)
    if body + head + kept > end:
        raise _cut(path, body, f"a packet of {kept} octets")
    link, per_second, offset_s = interfaces[interface]
    time_ns = ((high << 32 | low) * 1_000_000_000) // per_second + offset_s * 1_000_000_000
    if not 0 <= time_ns < _END_NS:
        raise _damaged(path, body, "a time before 1970 or after 2261")
    return time_ns, link, body + head, body + head + kept


def _clock_of(data: bytes, position: int, end: int, order: str) -> tuple[int, int]:
    """Ticks per second and offset [s] from the options of an interface."""
    per_second, offset_s = 1_000_000, 0
    while position + 4 <= end:
        code, length = struct.unpack_from(order + "HH", data, position)
        value = data[position + 4 : min(position + 4 + length, end)]
        if code == 0:
            break
        if code == 9 and value:
            exponent = value[0] & 0x7F
            # 64 digits is far beyond any clock; a larger exponent is damage
            per_second = (2 if value[0] & 0x80 else 10) ** min(exponent, 64)
        elif code == 14 and len(value) == 8:
            offset_s = struct.unpack(order + "q", value)[0]
        position += 4 + length + -length % 4
    return per_second, offset_s


def _udp(data: bytes, start: int, end: int, link: int, counts: CaptureCounts) -> tuple[int, int, int] | None:
    """Destination port, first octet and end of a packet's UDP payload; None if it carries none."""
    network = _network(data, start, end, link)
    found = None if network is None else _transport(data, *network, end, counts)
    if found is None:
        return None
    position, limit = found
    if position + 8 > end:
        counts.rejected["cut_by_capture"] += 1
        return None
    port, length = struct.unpack_from(">HH", data, position + 2)
    last = position + length
    if length < 8 or last > limit:
        counts.rejected["udp_length"] += 1
        return None
    return port, position + 8, last


def _network(data: bytes, start: int, end: int, link: int) -> tuple[int, int] | None:
    """Version of IP and first octet of its header."""
    if link in _RAW_IP:
        return _by_version(data, start, end)
    if link in (_NULL, _LOOP):
        return _by_version(data, start + 4, end)
    at = {_ETHERNET: start + 12, _COOKED: start + 14, _COOKED_2: start}[link]
    position = start + 20 if link == _COOKED_2 else at + 2
    if position > end:
        return None
    kind = data[at] << 8 | data[at + 1]
    while kind in _VLAN and position + 4 <= end:
        kind = data[position + 2] << 8 | data[position + 3]
        position += 4
    if kind not in (_IPV4, _IPV6) or position >= end:
        return None
    return (4 if kind == _IPV4 else 6), position


def _by_version(data: bytes, position: int, end: int) -> tuple[int, int] | None:
    if position >= end or data[position] >> 4 not in (4, 6):
        return None
    return data[position] >> 4, position


def _transport(data: bytes, version: int, position: int, end: int, counts: CaptureCounts) -> tuple[int, int] | None:
    """First octet of the UDP header, and the octet after the IP packet; None if it is not whole UDP."""
    if version == 4:
        if position + 20 > end:
            counts.other += 1
            return None
        header = 4 * (data[position] & 15)
        total, _, fragment = struct.unpack_from(">HHH", data, position + 2)
        if data[position + 9] != _UDP or header < 20:
            counts.other += 1
            return None
        if fragment & 0x3FFF:  # more fragments follow, or this is not the first
            counts.rejected["ip_fragment"] += 1
            return None
        # a length of zero is left by network cards that segment on their own
        return position + header, position + (total or end - position)
    return _transport_6(data, position, end, counts)


def _transport_6(data: bytes, position: int, end: int, counts: CaptureCounts) -> tuple[int, int] | None:
    if position + 40 > end:
        counts.other += 1
        return None
    payload = data[position + 4] << 8 | data[position + 5]
    kind, at, limit = data[position + 6], position + 40, position + 40 + payload
    while kind in _IPV6_OPTIONS and at + 8 <= end:
        kind, at = data[at], at + 8 * (data[at + 1] + 1)
    if kind == 44:
        counts.rejected["ip_fragment"] += 1
        return None
    if kind != _UDP:
        counts.other += 1
        return None
    return at, limit


def write_pcap(path: str | Path, datagrams: Iterable[Datagram], *, address: str = "239.0.0.1") -> None:
    """Write datagrams to a classic pcap file with times in nanoseconds.

    Parameters
    ----------
    path : path
        Overwritten.
    datagrams : iterable of Datagram
        In order of time; port 8600 where none is given.
    address : str
        IPv4 destination; the source is 127.0.0.1.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = Path(folder.name, "a.pcap")
    >>> write_pcap(file, [Datagram(b"hello", 1_600_000_000_123_456_789, 8600)])
    >>> [(d.payload, d.received_ns, d.port) for d in read_pcap(file)[0]]
    [(b'hello', 1600000000123456789, 8600)]
    >>> folder.cleanup()
    """
    Path(path).write_bytes(format_pcap(datagrams, address=address))


def format_pcap(datagrams: Iterable[Datagram], *, address: str = "239.0.0.1") -> bytes:
    """The octets of the file that `write_pcap` writes: raw IPv4 packets, no link layer."""
    target = bytes(int(part) for part in address.split("."))
    parts = [struct.pack("<4sHHiIII", b"\x4d\x3c\xb2\xa1", 2, 4, 0, 0, _MAX_PACKET, 101)]
    for datagram in datagrams:
        packet = _ipv4(datagram.payload, target, 8600 if datagram.port is None else datagram.port)
        seconds, fraction = divmod(datagram.received_ns, 1_000_000_000)
        if not 0 <= seconds < 1 << 32:
            raise InputError(f"a pcap file holds times from 1970 to 2106, not {datagram.received_ns} ns")
        parts += [struct.pack("<IIII", seconds, fraction, len(packet), len(packet)), packet]
    return b"".join(parts)


def _ipv4(payload: bytes, target: bytes, port: int) -> bytes:
    """An IPv4 packet with a UDP datagram; the UDP checksum is left out, as IPv4 allows."""
    if len(payload) > 65507:
        raise InputError(f"a UDP datagram holds at most 65507 octets, this one has {len(payload)}")
    udp = struct.pack(">HHHH", port, port, 8 + len(payload), 0)
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, _UDP, 0, b"\x7f\0\0\1", target)
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return header[:10] + struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF) + header[12:] + udp + payload
