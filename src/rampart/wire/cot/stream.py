"""EventStream: cuts a stream of octets into whole events, however the network chopped it."""

from __future__ import annotations

import re

from rampart.wire.message_error import MessageError
from rampart.wire.xml import DOCTYPE, MAX_BYTES, NOT_XML, TOO_LONG

#: What holds no tag of its own, with how it ends.
_SKIPPED = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_DOCTYPE = b"<!DOCTYPE"
_LONGEST = max(len(opening) for opening in (*_SKIPPED, _DOCTYPE))
_EVENT = re.compile(rb"</?event[\s/>]")
_QUOTE_OR_END = re.compile(rb"[\"'>]")


class EventStream:
    """Takes a stream in pieces and gives whole events.

    Parameters
    ----------
    max_bytes : int
        An event that is longer ends the stream: there is no telling where the next one starts.

    Notes
    -----
    Events follow each other without a separator, with or without declarations between them. The work is linear in the
    octets, whatever the pieces. After an error the stream is dead, and the connection should be closed.

    Examples
    --------
    >>> stream = EventStream()
    >>> stream.feed(b"<?xml version='1.0'?><event a='1'><point/></ev"), stream.feed(b"ent><event/>")
    ([], [b"<event a='1'><point/></event>", b'<event/>'])
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._data = bytearray()
        self._at = 0  # octets up to here are done with
        self._start = -1  # of the event that is open
        self._depth = 0
        self._until = b""  # the end of a comment and the like
        self._tag = -1  # start of a tag whose end is not here yet
        self._quote = b""  # open inside that tag
        self._dead: MessageError | None = None

    def feed(self, piece: bytes) -> list[bytes]:
        """Take a piece; give the events that are whole now.

        Raises
        ------
        MessageError
            ``too_long``, ``doctype`` or ``not_well_formed``; from then on for every piece.
        """
        if self._dead is not None:
            raise self._dead
        self._data += piece
        events: list[bytes] = []
        try:
            while self._step(events):
                pass
            self._forget()
        except MessageError as error:
            self._dead = error
            if not events:
                raise
        return events

    @property
    def pending(self) -> int:
        """Octets that wait for the rest of their event."""
        return len(self._data)

    def _step(self, events: list[bytes]) -> bool:
        """Go on by one tag, comment or instruction; False if more octets are needed."""
        if self._until:
            return self._pass_over()
        if self._tag >= 0:
            return self._close_tag(events)
        at = self._data.find(b"<", self._at)
        self._text(at if at >= 0 else len(self._data))
        if at < 0:
            return False
        opening = bytes(self._data[at : at + _LONGEST])
        if opening.startswith(_DOCTYPE):
            raise MessageError(DOCTYPE, "a DOCTYPE is never accepted")
        for start, end in _SKIPPED.items():
            if opening.startswith(start):
                self._at, self._until = at + len(start), end
                return True
        if len(opening) < _LONGEST and any(o.startswith(opening) for o in (*_SKIPPED, _DOCTYPE)):
            return False
        self._tag, self._at = at, at + 1
        return True

    def _pass_over(self) -> bool:
        end = self._data.find(self._until, self._at)
        if end < 0:
            self._at = max(self._at, len(self._data) - len(self._until) + 1)
            return False
        self._at, self._until = end + len(self._until), b""
        return True

    def _text(self, end: int) -> None:
        """Pass over text up to `end`; between events there may be none."""
        if not self._depth and self._data[self._at : end].strip(b" \t\r\n\x00\xef\xbb\xbf"):
            raise MessageError(NOT_XML, "text between events")
        self._at = max(self._at, end)

    def _close_tag(self, events: list[bytes]) -> bool:
        """Find the end of the open tag; inside quotes there is none."""
        while True:
            if self._quote:
                end = self._data.find(self._quote, self._at)
                found = self._quote if end >= 0 else b""
            else:
                match = _QUOTE_OR_END.search(self._data, self._at)
                end, found = (match.start(), bytes(match[0])) if match else (-1, b"")
            if not found:
                self._at = len(self._data)
                return False
            self._at = end + 1
            if found == b">" and not self._quote:
                break
            self._quote = b"" if self._quote else found
        tag, start, self._tag = bytes(self._data[self._tag : self._at]), self._tag, -1
        self._count(tag, start, events)
        return True

    def _count(self, tag: bytes, start: int, events: list[bytes]) -> None:
        """Open or close an event if the tag does."""
        if not _EVENT.match(tag):
            if not self._depth:
                raise MessageError(NOT_XML, f"{tag[:20].decode(errors='replace')} between events")
            return
        if tag.startswith(b"</"):
            self._depth -= 1
        elif not tag.endswith(b"/>"):
            self._depth += 1
        if self._depth < 0:
            raise MessageError(NOT_XML, "an event ends that never began")
        if self._start < 0:
            self._start = start
        if not self._depth:
            events.append(self._take())

    def _take(self) -> bytes:
        event = bytes(self._data[self._start : self._at])
        if len(event) > self.max_bytes:
            raise MessageError(TOO_LONG, f"{len(event)} octets, at most {self.max_bytes} are read")
        self._start = -1
        return event

    def _forget(self) -> None:
        """Drop what is done with, and refuse to wait for an event without end."""
        keep = self._start if self._start >= 0 else self._tag if self._tag >= 0 else self._at
        if keep > 0:
            del self._data[:keep]
            self._at -= keep
            self._start -= keep if self._start >= 0 else 0
            self._tag -= keep if self._tag >= 0 else 0
        if len(self._data) > self.max_bytes:
            raise MessageError(TOO_LONG, f"an event of more than {self.max_bytes} octets")
