"""Client: one open display, and what waits for it. Pictures give way to newer ones; alarms never do."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from .gate import Person

PICTURE_BYTES = 512 << 10  #: pictures that may wait for one display
ALARM_BYTES = 1 << 20  #: alarms that may: one for which more wait has long been gone


class Client:
    """What waits for one display.

    Parameters
    ----------
    person : Person
        Who sits before it.
    now_s : callable
        Monotonic time.

    Notes
    -----
    Each client has queues of its own and waits for nobody. When pictures pile up they are thrown away together, and
    the client gets one snapshot instead once it takes anything again: a slow line sees fewer pictures, never old ones.
    Alarms are kept in order; the whole list of them goes with every snapshot.
    """

    def __init__(self, person: Person, now_s: Callable[[], float]) -> None:
        self.person = person
        self.cut = ""  #: why it was cut off
        self.behind = True  #: it needs a snapshot
        self.rate_hz = 0.0  #: fewer pictures wanted; 0: all
        self.page: Mapping[str, Any] = {}  #: what its page says of itself: sound armed, alive
        self.sent_bytes = self.sent_frames = self.skipped = 0
        self._now_s = now_s
        self._paced_s = -1e9
        self._alarms: deque[bytes] = deque()
        self._pictures: deque[bytes] = deque()
        self._alarm_bytes = self._picture_bytes = 0
        self._wake = asyncio.Event()

    def picture(self, octets: bytes) -> None:
        """A picture: it may be left out."""
        if self.behind:
            self._wake.set()
            return
        if self.rate_hz or self._picture_bytes + len(octets) > PICTURE_BYTES:
            self.fall_behind()
            return
        self._pictures.append(octets)
        self._picture_bytes += len(octets)
        self._wake.set()

    def fall_behind(self) -> None:
        """Throw away the pictures that wait; a snapshot takes their place."""
        self.skipped += len(self._pictures) + 1
        self._pictures.clear()
        self._picture_bytes, self.behind = 0, True
        self._wake.set()

    def alarm(self, octets: bytes) -> None:
        """Alarms: these reach it, or it is cut off and comes back for all of them."""
        if self._alarm_bytes + len(octets) > ALARM_BYTES:
            self.cut_off("too slow")
            return
        self._alarms.append(octets)
        self._alarm_bytes += len(octets)
        self._wake.set()

    def cut_off(self, why: str) -> None:
        """Let it go."""
        self.cut = self.cut or why
        self._wake.set()

    async def take(self, snapshot: Callable[[], list[bytes]]) -> list[bytes]:
        """All that waits, as soon as anything does; nothing once it is cut off."""
        while not self.cut:
            wait_s = self._paced_s - self._now_s() if self.behind else 0.0
            if self._alarms or self._pictures or (self.behind and wait_s <= 0.0):
                break
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), wait_s if self.behind and wait_s > 0.0 else None)
            except TimeoutError:
                continue
        if self.cut:
            return []
        out = list(self._alarms)
        self._alarms.clear()
        self._alarm_bytes = 0
        if self.behind and self._paced_s <= self._now_s():
            out += snapshot()
            self.behind = False
            if self.rate_hz:
                self._paced_s = self._now_s() + 1.0 / self.rate_hz
        out += self._pictures
        self._pictures.clear()
        self._picture_bytes = 0
        self.sent_frames += len(out)
        self.sent_bytes += sum(map(len, out))
        return out

    @property
    def waiting_bytes(self) -> int:
        """What waits for it."""
        return self._alarm_bytes + self._picture_bytes
