"""Pump: takes packets out of the ring as they come and hands them to the sites they are for."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from rampart.serve.receiver.ring import Packet, Ring

LOOK_MS = 100  #: the ring is looked into so often even if nobody says that there is something
TURN = 4096  #: packets handed over at once

Hand = Callable[[str, list[Packet]], None]  #: site id, packets in order of receipt


class Pump:
    """A thread between ring and sites.

    Parameters
    ----------
    ring, wake_fd
        Of the receiver.
    sites : sequence of str
        Site.id of each feed.
    hand : callable
        Takes packets of one site; must return quickly.
    from_sequence : int
        Packets up to this one have been taken before, by a process that ended.
    """

    def __init__(self, ring: Ring, wake_fd: int, sites: Sequence[str], hand: Hand, *, from_sequence: int = 0) -> None:
        self._ring, self._wake_fd, self._sites, self._hand = ring, wake_fd, tuple(sites), hand
        self._from = from_sequence
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.position = ring.released  #: in the ring, of what has been handed over
        self._ends: list[tuple[int, int]] = []  # sequence of the last packet of a turn -> position after it
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="feeds", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hand over what is there, and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def release(self, sequence: int) -> None:
        """Packets up to this one are not needed any more: they are kept elsewhere, or done with. From any thread."""
        with self._lock:
            position = None
            while self._ends and self._ends[0][0] <= sequence:
                _, position = self._ends.pop(0)
            if position is not None:
                self._ring.release(position)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._wake_fd, select.POLLIN)
        while True:
            ending = self._stopping.is_set()
            poll.poll(0 if ending else LOOK_MS)
            with suppress(BlockingIOError):
                os.read(self._wake_fd, 65_536)
            while self._turn():
                pass
            if ending:
                return

    def _turn(self) -> bool:
        packets, position = self._ring.read(self.position, TURN)
        if position == self.position:
            return False
        self.position = position
        by_site: dict[str, list[Packet]] = {}
        for packet in packets:
            if packet.sequence > self._from:
                by_site.setdefault(self._sites[packet.feed], []).append(packet)
        with self._lock:
            self._ends.append((packets[-1].sequence if packets else 0, position))
        for site, mine in by_site.items():
            self._hand(site, mine)
        return True
