"""Frame: four octets of length, least significant first, then a message; and the stream of them."""

from __future__ import annotations

import struct

from rampart.wire.message_error import MessageError

MAX_BYTES = 1 << 20  #: of one message; Apex's own limit is the same
_LENGTH = struct.Struct("<I")


def frame(message: bytes) -> bytes:
    r"""Put its length in front of a message.

    >>> frame(b"abc")
    b'\x03\x00\x00\x00abc'
    """
    if len(message) > MAX_BYTES:
        raise MessageError("too_long", f"{len(message)} octets, at most {MAX_BYTES} are sent")
    return _LENGTH.pack(len(message)) + message


class FrameStream:
    r"""Takes a stream in pieces and gives whole messages.

    Parameters
    ----------
    max_bytes : int
        A longer message, or an empty one, ends the stream: what stands there is no length.

    Examples
    --------
    >>> stream = FrameStream()
    >>> stream.feed(b"\x03\x00\x00"), stream.feed(b"\x00abc\x01\x00\x00\x00d")
    ([], [b'abc', b'd'])
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._data = bytearray()
        self._dead: MessageError | None = None

    @property
    def pending(self) -> int:
        """Octets that wait for the rest of their message."""
        return len(self._data)

    def feed(self, piece: bytes) -> list[bytes]:
        """Take a piece; give the messages that are whole now.

        Raises
        ------
        MessageError
            ``too_long`` or ``empty``; from then on for every piece, and the connection should be closed.
        """
        if self._dead is not None:
            raise self._dead
        self._data += piece
        messages, at = [], 0
        while len(self._data) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._data, at)
            if not 0 < length <= self.max_bytes:
                self._dead = MessageError(
                    "too_long" if length else "empty", f"a message of {length} octets, at most {self.max_bytes}"
                )
                break
            start = at + _LENGTH.size
            if len(self._data) - start < length:
                break
            messages.append(bytes(self._data[start : start + length]))
            at = start + length
        del self._data[:at]
        if self._dead is not None and not messages:
            raise self._dead
        return messages
