"""Ring: shared memory between the receiver and the core. One writes, one reads, nobody locks, every loss is counted."""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from contextlib import suppress
from typing import NamedTuple

HEAD_BYTES = 8192
#: Longest payload: that of a UDP datagram.
PAYLOAD_LIMIT = 65_535
#: total length, feed, unused, sequence, receipt [ns], payload length, sender (IPv4) and its port
_ENTRY = struct.Struct("<IHHQqI4sH2x4x")
ENTRY_BYTES = _ENTRY.size
ENTRY_LIMIT = ENTRY_BYTES + PAYLOAD_LIMIT + 8
_WRAP = 0xFFFFFFFF
_MAGIC = 0x52414D5052494E47  # "RAMPRING"

# words of the head
_W_MAGIC, _W_SIZE, _W_WRITTEN, _W_RELEASED, _W_SEQUENCE, _W_BEAT, _W_PID, _W_FEEDS = range(8)
_FEED_WORD = 16
_FEED_WORDS = 8
FEED_LIMIT = (HEAD_BYTES // 8 - _FEED_WORD) // _FEED_WORDS
ACCEPTED, OCTETS, REFUSED, RING_DROPPED, KERNEL_DROPPED, CONNECTED, LATEST_NS, FAULTS = range(_FEED_WORDS)


class Packet(NamedTuple):
    """One datagram, or one frame of a stream, as it was received."""

    sequence: int  #: counts what was accepted, all feeds together, from 1
    feed: int  #: position in the plan of feeds
    received_ns: int  #: by the clock of the service, ns UTC
    payload: bytes
    sender: str = ""
    port: int = 0


class FeedCounts(NamedTuple):
    """What the receiver counted of one feed since the ring was made."""

    accepted: int  #: put into the ring
    octets: int
    refused: int  #: from senders that are not on the list
    ring_dropped: int  #: the ring was full: the core did not keep up
    kernel_dropped: int  #: the socket's buffer was full: the receiver did not keep up
    connected: bool  #: of a stream; a bound UDP socket counts as connected
    latest_ns: int  #: receipt of the latest one, ns UTC; 0 if there was none
    faults: int  #: connections that failed or broke, and frames that could not be told apart


class Ring:
    """A ring of datagrams in memory that two processes share.

    Parameters
    ----------
    fd : int
        Of the memory: `create` makes it, a child process inherits it.

    Notes
    -----
    Positions only grow; each is written by one side: an entry is first written whole, then `written` moves past it. The
    reader keeps its own place and *releases* what it no longer needs, so that a reader that dies leaves all that it
    had not released to the next one. Where an entry would not fit, it is counted and gone: the writer never waits.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._map = mmap.mmap(fd, 0)
        self._view = memoryview(self._map)
        self._words = self._view[:HEAD_BYTES].cast("Q")
        if self._words[_W_MAGIC] != _MAGIC:
            raise ValueError("the shared memory is no ring")
        self.size = int(self._words[_W_SIZE])
        self._body = self._view[HEAD_BYTES : HEAD_BYTES + self.size]

    @classmethod
    def create(cls, size: int = 64 << 20, feeds: int = 1) -> Ring:
        """A new, empty ring of `size` octets; gone when the last process that has it ends.

        Raises
        ------
        ValueError
            For a size that holds no datagram, or more feeds than `FEED_LIMIT`.
        """
        if size % 4096 or size < 2 * ENTRY_LIMIT or not 0 <= feeds <= FEED_LIMIT:
            raise ValueError(f"ring of {size} octets for {feeds} feeds")
        fd = _memory()
        os.ftruncate(fd, HEAD_BYTES + size)
        with mmap.mmap(fd, HEAD_BYTES) as head:
            struct.pack_into("<8Q", head, 0, _MAGIC, size, 0, 0, 0, 0, 0, feeds)
        return cls(fd)

    def close(self) -> None:
        """Let go of the memory."""
        for view in (self._words, self._body, self._view):
            view.release()
        self._map.close()
        with suppress(OSError):
            os.close(self.fd)

    # -- writing: the receiver only

    def slot(self) -> memoryview | None:
        """Where the next payload may be written, PAYLOAD_LIMIT octets; None if the ring is full."""
        written = int(self._words[_W_WRITTEN])
        at = written % self.size
        left = self.size - at
        need = ENTRY_LIMIT if left >= ENTRY_LIMIT else left + ENTRY_LIMIT
        if written + need - int(self._words[_W_RELEASED]) > self.size:
            return None
        if left < ENTRY_LIMIT:
            struct.pack_into("<I", self._body, at, _WRAP)
            self._words[_W_WRITTEN] = written + left
            at = 0
        return self._body[at + ENTRY_BYTES : at + ENTRY_BYTES + PAYLOAD_LIMIT]

    def commit(self, feed: int, length: int, received_ns: int, sender: bytes = b"\0\0\0\0", port: int = 0) -> None:
        """Make what was written into `slot` an entry."""
        written, sequence = int(self._words[_W_WRITTEN]), int(self._words[_W_SEQUENCE]) + 1
        total = (ENTRY_BYTES + length + 7) & ~7
        _ENTRY.pack_into(self._body, written % self.size, total, feed, 0, sequence, received_ns, length, sender, port)
        self._words[_W_SEQUENCE] = sequence
        self._words[_W_WRITTEN] = written + total
        at = _FEED_WORD + feed * _FEED_WORDS
        self._words[at + ACCEPTED] += 1
        self._words[at + OCTETS] += length
        self._words[at + LATEST_NS] = received_ns

    def count(self, feed: int, what: int, n: int = 1) -> None:
        """Add to one of a feed's counters."""
        self._words[_FEED_WORD + feed * _FEED_WORDS + what] += n

    def note(self, feed: int, what: int, value: int) -> None:
        """Set one of a feed's figures."""
        self._words[_FEED_WORD + feed * _FEED_WORDS + what] = value

    def beat(self, monotonic_ns: int, pid: int) -> None:
        """Show that the receiver is there, and who it is."""
        self._words[_W_BEAT] = monotonic_ns
        self._words[_W_PID] = pid

    # -- reading

    @property
    def beat_ns(self) -> int:
        """When the receiver last showed that it is there, by the monotonic clock."""
        return int(self._words[_W_BEAT])

    @property
    def writer_pid(self) -> int:
        """Process that writes; 0 before the first beat."""
        return int(self._words[_W_PID])

    @property
    def released(self) -> int:
        """Position up to which nothing is needed any more: where a new reader begins."""
        return int(self._words[_W_RELEASED])

    @property
    def filled(self) -> float:
        """Share of the ring that waits to be released."""
        return (int(self._words[_W_WRITTEN]) - int(self._words[_W_RELEASED])) / self.size

    def read(self, position: int, limit: int = 4096) -> tuple[list[Packet], int]:
        """The packets from a position on, at most `limit`, and the position after them."""
        packets: list[Packet] = []
        written = int(self._words[_W_WRITTEN])
        while position < written and len(packets) < limit:
            at = position % self.size
            total = int.from_bytes(self._body[at : at + 4], "little")
            if total == _WRAP:
                position += self.size - at
                continue
            _, feed, _, sequence, received_ns, length, sender, port = _ENTRY.unpack_from(self._body, at)
            payload = bytes(self._body[at + ENTRY_BYTES : at + ENTRY_BYTES + length])
            packets.append(Packet(sequence, feed, received_ns, payload, _dotted(sender), port))
            position += total
        return packets, position

    def release(self, position: int) -> None:
        """Say that nothing before a position is needed any more."""
        self._words[_W_RELEASED] = position

    def counts(self) -> list[FeedCounts]:
        """What was counted, by feed."""
        found = []
        for feed in range(int(self._words[_W_FEEDS])):
            at = _FEED_WORD + feed * _FEED_WORDS
            w = [int(value) for value in self._words[at : at + _FEED_WORDS]]
            found.append(FeedCounts(w[0], w[1], w[2], w[3], w[4], bool(w[5]), w[6], w[7]))
        return found


def _memory() -> int:
    """Memory without a name in the file system, or the nearest to it that the system has."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("rampart-ring")
    with tempfile.TemporaryFile() as stream:
        return os.dup(stream.fileno())


def _dotted(sender: bytes) -> str:
    return ".".join(map(str, sender)) if any(sender) else ""
