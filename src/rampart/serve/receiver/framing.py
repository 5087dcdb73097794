"""Framing: where one message of a stream ends. Anything may come: nothing here grows without bound or raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .ring import PAYLOAD_LIMIT


class Framer(Protocol):
    """Tells the messages of a stream apart."""

    def feed(self, data: bytes) -> tuple[list[bytes], int]:
        """Take octets; the messages complete by now, and how much could not be told apart."""
        ...


class BeastFramer:
    """Frames of the Beast format: 0x1A, a type, and octets in which 0x1A stands doubled; one message each.

    Given out are type, 6 octets of time, signal level and the Mode S message, without the mark and undoubled.

    Examples
    --------
    >>> frame = bytes.fromhex("1a33" + "000000000001" + "40" + "8d406b902015a678d4d220aa4bda" + "1a")
    >>> BeastFramer().feed(frame)[0][0].hex()
    '33000000000001408d406b902015a678d4d220aa4bda'
    """

    _LENGTH = {0x31: 9, 0x32: 14, 0x33: 21}  # octets after the type: time 6, signal 1, message 2, 7 or 14

    def __init__(self) -> None:
        self._frame: bytearray | None = None
        self._escaped = False

    def feed(self, data: bytes) -> tuple[list[bytes], int]:
        """See `Framer`."""
        found, faults = [], 0
        for octet in data:
            if self._escaped:
                self._escaped = False
                if octet != 0x1A:  # a new frame begins
                    if self._frame is not None:
                        faults += 1
                    self._frame = bytearray([octet]) if octet in self._LENGTH else None
                    continue
            elif octet == 0x1A:
                self._escaped = True
                continue
            if self._frame is None:
                continue
            self._frame.append(octet)
            if len(self._frame) == 1 + self._LENGTH[self._frame[0]]:
                found.append(bytes(self._frame))
                self._frame = None
        return found, faults


class LineFramer:
    """Text lines; empty ones are passed over, too long ones are dropped."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> tuple[list[bytes], int]:
        """See `Framer`."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        faults = sum(len(line) > PAYLOAD_LIMIT for line in lines)
        if len(self._rest) > PAYLOAD_LIMIT:
            self._rest, faults = b"", faults + 1
        return [line for line in (one.strip() for one in lines) if line and len(line) <= PAYLOAD_LIMIT], faults


class CotFramer:
    """Cursor-on-Target events of a stream: XML that ends with ``</event>``."""

    _END = b"</event>"

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> tuple[list[bytes], int]:
        """See `Framer`."""
        *events, self._rest = (self._rest + data).split(self._END)
        faults = sum(len(event) > PAYLOAD_LIMIT - len(self._END) for event in events)
        if len(self._rest) > PAYLOAD_LIMIT:
            self._rest, faults = b"", faults + 1
        whole = [event + self._END for event in events if len(event) <= PAYLOAD_LIMIT - len(self._END)]
        return whole, faults


class SapientFramer:
    """SAPIENT messages, each with its length in front: four octets, least significant first.

    What is longer than a slot of the ring is passed over. A length of 0 or of more than 1 MiB is none: from there on
    nothing of the stream can be told apart, until there is a new connection.

    Examples
    --------
    >>> SapientFramer().feed(bytes([2, 0, 0, 0]) + b"ab" + bytes([1, 0]))
    ([b'ab'], 0)
    """

    _LONGEST = 1 << 20

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skip = 0
        self._dead = False

    def feed(self, data: bytes) -> tuple[list[bytes], int]:
        """See `Framer`."""
        found: list[bytes] = []
        if self._dead:
            return found, 0
        passed = min(self._skip, len(data))
        self._skip -= passed
        self._rest += data[passed:]
        faults = 0
        while len(self._rest) >= 4:
            length = int.from_bytes(self._rest[:4], "little")
            if not 0 < length <= self._LONGEST:
                self._dead, self._rest = True, bytearray()
                return found, faults + 1
            if length > PAYLOAD_LIMIT:
                faults += 1
                self._skip = max(4 + length - len(self._rest), 0)
                del self._rest[: 4 + length]
                continue
            if len(self._rest) < 4 + length:
                break
            found.append(bytes(self._rest[4 : 4 + length]))
            del self._rest[: 4 + length]
        return found, faults


FRAMERS: Mapping[str, type[BeastFramer] | type[LineFramer] | type[CotFramer] | type[SapientFramer]] = {
    "beast": BeastFramer,
    "line": LineFramer,
    "cot": CotFramer,
    "sapient": SapientFramer,
}
