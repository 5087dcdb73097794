"""History: the frames that were sent, kept for a while, so that a display can look back with the same eyes."""

from __future__ import annotations

import bisect
import os
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

KEY_S = 10.0  #: between two snapshots from which a look back can start
KEPT_S = 1800.0
MOST_BYTES = 64 << 20
LONGEST_S = 120.0  #: of one answer
EVENTS = 5000


@dataclass(frozen=True, slots=True)
class _Kept:
    time_ms: float
    key: bool
    begin: int  # in the file
    length: int


class History:
    """Frames of one site.

    Parameters
    ----------
    kept_s : float
        How far back they go.
    most_bytes : int
        What they may take; the oldest go first.

    Notes
    -----
    The frames lie in a file without a name, written round and round: a display that has been up for half an hour takes
    no more memory than one that has just begun. A disk that is full costs the past, and nothing else.
    """

    def __init__(self, kept_s: float = KEPT_S, most_bytes: int = MOST_BYTES) -> None:
        self._kept_ms, self._most = 1e3 * kept_s, most_bytes
        self._frames: deque[_Kept] = deque()
        self._keyed_ms = -1e18
        self._fd = _nameless()
        weakref.finalize(self, os.close, self._fd)
        self._lock = threading.Lock()
        self._end = 0
        self.bytes = self.lost = 0
        self._events: deque[dict[str, Any]] = deque(maxlen=EVENTS)

    def wants_key(self, now_ms: float) -> bool:
        """Whether the next frame should be a snapshot."""
        return now_ms - self._keyed_ms >= 1e3 * KEY_S

    def add(self, time_ms: float, octets: bytes, *, key: bool = False) -> None:
        """Keep a frame; frames come in order of time."""
        if key:
            self._keyed_ms = time_ms
        with self._lock:
            begin = self._make_room(len(octets), time_ms)
            if begin is None or not self._write(octets, begin):
                self.lost += 1
                return
            self._frames.append(_Kept(time_ms, key, begin, len(octets)))
            self._end = begin + len(octets)
            self.bytes += len(octets)

    def _write(self, octets: bytes, begin: int) -> bool:
        try:
            return os.pwrite(self._fd, octets, begin) == len(octets)
        except OSError:
            return False

    def _make_room(self, length: int, time_ms: float) -> int | None:
        """Where so many octets may lie, the oldest frames given up for them; None if nowhere."""
        while self._frames and self._frames[0].time_ms < time_ms - self._kept_ms:
            self._drop()
        if length > self._most:
            return None
        begin = self._end
        if begin + length > self._most:
            while self._frames and self._frames[0].begin >= begin:  # what is left of the round before
                self._drop()
            begin = 0
        while self._frames and begin <= self._frames[0].begin < begin + length:
            self._drop()
        return begin

    def _drop(self) -> None:
        self.bytes -= self._frames.popleft().length

    def _read(self, kept: _Kept) -> bytes:
        return os.pread(self._fd, kept.length, kept.begin)

    def mark(self, time_ms: float, what: str, text: str) -> None:
        """Keep an event, for the timeline."""
        self._events.append({"time_ms": time_ms, "what": what, "text": text})

    def events(self) -> list[dict[str, Any]]:
        """What happened, as far back as there are frames."""
        first, _ = self.span()
        return [event for event in self._events if event["time_ms"] >= first]

    def span(self) -> tuple[float, float]:
        """Times between which one can look, ms UTC; twice 0 if nowhere."""
        with self._lock:
            keyed = next((kept.time_ms for kept in self._frames if kept.key), None)
            return (keyed, self._frames[-1].time_ms) if keyed is not None else (0.0, 0.0)

    def between(self, from_ms: float, to_ms: float) -> bytes:
        """Frames from the last snapshot at or before `from_ms` until `to_ms`, each with its length in front (uint32).

        What lies before the first snapshot that is left begins with that one.
        """
        with self._lock:
            return self._between(from_ms, min(to_ms, from_ms + 1e3 * LONGEST_S))

    def _between(self, from_ms: float, to_ms: float) -> bytes:
        frames = list(self._frames)
        times = [kept.time_ms for kept in frames]
        keys = [i for i, kept in enumerate(frames) if kept.key]
        before = [i for i in keys if frames[i].time_ms <= from_ms]
        if not keys:
            return b""
        start = before[-1] if before else keys[0]
        end = max(bisect.bisect_right(times, to_ms), start + 1)
        return join(self._read(kept) for kept in frames[start:end])


def _nameless() -> int:
    """A file that nobody else sees, and that ends with its descriptor."""
    with tempfile.TemporaryFile(prefix="rampart-history-") as file:
        return os.dup(file.fileno())


def join(frames: Iterable[bytes]) -> bytes:
    r"""Frames one after the other, each with its length in front.

    >>> join([b"ab", b"c"])
    b'\x02\x00\x00\x00ab\x01\x00\x00\x00c'
    """
    return b"".join(len(octets).to_bytes(4, "little") + octets for octets in frames)
