"""Intake: the packets of all feeds of one site as the input of its chain's next step."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from rampart.records import Detections, ExternalTracks
from rampart.serve.receiver.ring import Packet

from .reader import Reader, Taken

WINDOW_NS = 2_000_000_000


class Doubles:
    """Recognises a packet that comes again, as from a radar that sends over two networks.

    Examples
    --------
    >>> doubles = Doubles()
    >>> doubles.again(b"one", 0), doubles.again(b"one", 500_000_000), doubles.again(b"one", 10_000_000_000)
    (False, True, False)
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, int] = OrderedDict()  # mark of the octets -> receipt, oldest first

    def again(self, payload: bytes, received_ns: int) -> bool:
        """True if the same octets came within the last 2 s."""
        mark = hashlib.blake2b(payload, digest_size=16).digest()
        before = self._seen.pop(mark, None)
        self._seen[mark] = received_ns
        while self._seen and received_ns - next(iter(self._seen.values())) > WINDOW_NS:
            self._seen.popitem(last=False)
        return before is not None and abs(received_ns - before) <= WINDOW_NS

    def snapshot(self) -> list[Any]:
        """What it remembers, as plain data."""
        return [list(item) for item in self._seen.items()]

    def restore(self, snapshot: Sequence[Any]) -> None:
        """Take up what `snapshot` gave."""
        self._seen = OrderedDict((bytes(mark), int(at)) for mark, at in snapshot)


class Intake:
    """All feeds of one site. It learns of nothing but packets, so a replay of the journal takes in the same.

    Parameters
    ----------
    readers : mapping
        Reader by number of the feed.
    """

    def __init__(self, readers: Mapping[int, Reader]) -> None:
        self.readers = dict(readers)
        self._doubles = Doubles()

    def take(self, packets: Sequence[Packet]) -> Taken:
        """The reports in packets; those that came twice count once."""
        fresh: dict[int, list[Packet]] = {}
        for packet in packets:
            reader = self.readers[packet.feed]
            if self._doubles.again(packet.payload, packet.received_ns):
                reader.counts["duplicates"] += 1
            else:
                fresh.setdefault(packet.feed, []).append(packet)
        parts = [self.readers[feed].read(fresh[feed]) for feed in sorted(fresh)]
        if not parts:
            return Taken()
        return Taken(
            Detections.concat([part.detections for part in parts]),
            ExternalTracks.concat([part.external for part in parts]),
            frozenset().union(*(part.heard for part in parts)),
        )

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        readers = {feed: reader.snapshot() for feed, reader in self.readers.items()}
        return {"version": 1, "doubles": self._doubles.snapshot(), "readers": readers}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        self._doubles.restore(snapshot["doubles"])
        for feed, state in snapshot["readers"].items():
            if feed in self.readers:
                self.readers[feed].restore(state)
