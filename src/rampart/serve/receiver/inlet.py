"""Inlet: one socket of the receiver - a bound UDP port, or a connected stream - and its way into the ring."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import ring as ring_words
from .framing import FRAMERS
from .ring import PAYLOAD_LIMIT, Ring

BUFFER_BYTES = 64 << 20  #: asked of the kernel for each UDP socket
BATCH = 512  #: datagrams taken off one socket before the others have their turn
RETRY_S = 1.0  #: between two tries to connect
_SO_RCVBUFFORCE, _SO_RXQ_OVFL, _SO_TIMESTAMPNS = 33, 40, 35
_OLDEST_NS = 2_000_000_000  #: a stamp of the kernel older than this is that of a clock that was set meanwhile

Stamp = Callable[[int], int]  #: monotonic ns -> ns UTC by the clock of the service


class UdpInlet:
    """A bound UDP socket.

    Parameters
    ----------
    feed : int
        Its number.
    config : mapping
        ``host, port``, and where given ``group`` (multicast), ``interface``, ``allow`` (networks) and ``fd`` (a socket
        that is bound already).
    ring, stamp
        Where datagrams go, and by which clock they are stamped.
    """

    def __init__(self, feed: int, config: Mapping[str, Any], ring: Ring, stamp: Stamp) -> None:
        self.feed, self._ring, self._stamp = feed, ring, stamp
        self._allow = [ipaddress.ip_network(text) for text in config.get("allow", ())]
        self._known: dict[str, bytes | None] = {}
        self._scratch = memoryview(bytearray(PAYLOAD_LIMIT))
        fd = config.get("fd")
        self.socket = socket.socket(fileno=fd) if fd is not None else open_udp(config)
        self.socket.setblocking(False)
        self._overflow = 0
        self._dropped = 0
        self._before = ring.counts()[feed].kernel_dropped
        self._inode = os.fstat(self.socket.fileno()).st_ino
        ring.note(feed, ring_words.CONNECTED, 1)

    def fileno(self) -> int:
        """Of the socket."""
        return self.socket.fileno()

    def drain(self) -> int:
        """Take what is there, `BATCH` at most; returns how many entered the ring."""
        taken = 0
        for _ in range(BATCH):
            slot = self._ring.slot()
            try:
                length, ancillary, _, address = self.socket.recvmsg_into([self._scratch if slot is None else slot], 128)
            except BlockingIOError:
                break
            except OSError:
                self._ring.count(self.feed, ring_words.FAULTS)
                break
            received_ns = self._read_ancillary(ancillary)
            sender = self._sender(address[0])
            if sender is None:
                self._ring.count(self.feed, ring_words.REFUSED)
            elif slot is None:
                self._ring.count(self.feed, ring_words.RING_DROPPED)
            else:
                self._ring.commit(self.feed, length, received_ns, sender, address[1])
                taken += 1
        return taken

    def _read_ancillary(self, ancillary: list[tuple[int, int, bytes]]) -> int:
        """When the datagram reached the computer; notes what the kernel had dropped by then."""
        now_ns = time.monotonic_ns()
        for level, kind, data in ancillary:
            if level != socket.SOL_SOCKET:
                continue
            if kind == _SO_TIMESTAMPNS and len(data) >= 16:
                second, nano = struct.unpack_from("@qq", data)
                waited_ns = time.time_ns() - (second * 1_000_000_000 + nano)
                if 0 <= waited_ns < _OLDEST_NS:
                    now_ns -= waited_ns
            elif kind == _SO_RXQ_OVFL and len(data) >= 4:
                self._dropped_by(int.from_bytes(data[:4], "little"))
        return self._stamp(now_ns)

    def _dropped_by(self, total: int) -> None:
        if total > self._dropped:
            self._dropped = total
            self._ring.note(self.feed, ring_words.KERNEL_DROPPED, self._before + total)

    def look(self, drops: Mapping[int, int]) -> None:
        """Take what the kernel counted for each socket, by inode: also where no datagram followed that would say it."""
        self._dropped_by(drops.get(self._inode, 0))

    def _sender(self, host: str) -> bytes | None:
        """Four octets of the sender; None for one that is not on the list."""
        if host not in self._known:
            if len(self._known) > 4096:
                self._known.clear()
            address = ipaddress.ip_address(host)
            listed = not self._allow or any(address in network for network in self._allow)
            self._known[host] = (address.packed if address.version == 4 else b"\0\0\0\0") if listed else None
        return self._known[host]

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


def open_udp(config: Mapping[str, Any]) -> socket.socket:
    """A UDP socket as a feed wants it: bound, member of its group, with the largest buffer that the kernel gives."""
    host, group = str(config["host"]), config.get("group")
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        enlarge(found)
        for option in (_SO_RXQ_OVFL, _SO_TIMESTAMPNS):
            with suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, option, 1)
        if group:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((group, int(config["port"])))
            member = socket.inet_aton(group) + socket.inet_aton(config.get("interface") or "0.0.0.0")
            found.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        else:
            found.bind((host, int(config["port"])))
    except BaseException:
        found.close()
        raise
    return found


def enlarge(found: socket.socket) -> None:
    """Ask for a large receive buffer: beyond the system's limit where we may, up to it where we may not."""
    for option in (_SO_RCVBUFFORCE, socket.SO_RCVBUF):
        with suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
            return


def kernel_drops(path: Path = Path("/proc/net/udp")) -> dict[int, int]:
    """Datagrams dropped by the kernel by inode of the socket; empty where the system does not say."""
    found: dict[int, int] = {}
    with suppress(OSError, ValueError, IndexError):
        for line in path.read_text("ascii").splitlines()[1:]:
            words = line.split()
            found[int(words[9])] = int(words[12])
    return found


class StreamInlet:
    """A TCP connection that is made, and made again, to who sends a stream of frames."""

    def __init__(self, feed: int, config: Mapping[str, Any], ring: Ring, stamp: Stamp) -> None:
        self.feed, self._ring, self._stamp = feed, ring, stamp
        self._address = str(config["host"]), int(config["port"])
        self._framer = FRAMERS[str(config["framing"])]()
        self._sender = b"\0\0\0\0"
        self._next_s = 0.0
        self._up = False
        self.socket: socket.socket | None = None

    def fileno(self) -> int:
        """Of the socket; -1 while there is none."""
        return -1 if self.socket is None else self.socket.fileno()

    def connect(self, now_s: float) -> bool:
        """Begin to connect where there is no connection and it is time; True if there is a new socket to watch."""
        if self.socket is not None or now_s < self._next_s:
            return False
        self._next_s = now_s + RETRY_S
        self._framer = type(self._framer)()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        with suppress(BlockingIOError):
            try:
                self.socket.connect(self._address)
            except BlockingIOError:
                raise
            except OSError:
                self._lose()
                return False
        return True

    def drain(self) -> int:
        """Take what is there; returns how many frames entered the ring. Without a socket afterwards it has ended."""
        if self.socket is None:
            return 0
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return 0
        except OSError:
            data = b""
        if not data:
            self._lose()
            return 0
        if not self._up:
            self._up = True
            self._sender = socket.inet_aton(self.socket.getpeername()[0])
            self._ring.note(self.feed, ring_words.CONNECTED, 1)
        return self._frames(data)

    def _frames(self, data: bytes) -> int:
        received_ns, taken = self._stamp(time.monotonic_ns()), 0
        frames, faults = self._framer.feed(data)
        if faults:
            self._ring.count(self.feed, ring_words.FAULTS, faults)
        for frame in frames:
            slot = self._ring.slot()
            if slot is None:
                self._ring.count(self.feed, ring_words.RING_DROPPED)
                continue
            slot[: len(frame)] = frame
            self._ring.commit(self.feed, len(frame), received_ns, self._sender, self._address[1])
            taken += 1
        return taken

    def _lose(self) -> None:
        self._ring.note(self.feed, ring_words.CONNECTED, 0)
        self._ring.count(self.feed, ring_words.FAULTS)
        self.close()
        self.socket, self._up = None, False

    def look(self, drops: Mapping[int, int]) -> None:
        """Nothing is dropped on a stream."""

    def close(self) -> None:
        """Close the socket."""
        if self.socket is not None:
            self.socket.close()
