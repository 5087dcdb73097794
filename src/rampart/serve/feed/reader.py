"""Reader: turns the packets of one feed into reports of its site. It reads no clock and opens nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rampart.records import Detections, ExternalTracks
from rampart.serve.receiver.ring import Packet


@dataclass(frozen=True, slots=True)
class Taken:
    """What packets held.

    Attributes
    ----------
    detections : Detections
        Sensor indices are those of the site; not yet numbered.
    external : ExternalTracks
        Tracks of other systems.
    heard : frozenset of int
        Indices of the sensors that spoke, with reports or without.
    """

    detections: Detections = field(default_factory=Detections.empty)
    external: ExternalTracks = field(default_factory=ExternalTracks.empty)
    heard: frozenset[int] = frozenset()


class Reader(ABC):
    """Turns the packets of one feed into reports.

    Attributes
    ----------
    counts : Counter
        ``records/48``, ``rejected/REASON``, ``skipped/CATEGORY``, ``unused/REASON``, and what else a kind counts.
    troubles : dict
        What an operator must know of a sender, by a name that stays the same: one line each; gone when it is over.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.troubles: dict[str, str] = {}

    @abstractmethod
    def read(self, packets: Sequence[Packet]) -> Taken:
        """The reports in packets, in order of receipt. Bad ones are counted, never raised."""

    def snapshot(self) -> dict[str, Any]:
        """What it remembers, as plain data; counters are no part of it."""
        return {}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up what `snapshot` gave."""
        del snapshot
