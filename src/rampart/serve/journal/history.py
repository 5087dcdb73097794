"""History: a session's journal read back, step by step, as far as it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from rampart.errors import InputError
from rampart.records import Decisions
from rampart.serve.receiver.ring import Packet

from .codec import decode
from .entries import (
    ACTS,
    DECISIONS,
    HEADER,
    PACKETS,
    SNAPSHOTS,
    STEPS,
    StepEntry,
    unpack_decisions,
    unpack_packet,
    unpack_step,
)
from .scan import Entry, scan

_NOTHING = Decisions.empty()


@dataclass(frozen=True, slots=True)
class PastStep:
    """A step as it was made: what went in, and the digest of what came out."""

    entry: StepEntry
    packets: tuple[Packet, ...]
    decisions: Decisions


@dataclass(frozen=True, slots=True)
class PastState:
    """The state of a site after a step."""

    site: int
    step: int
    digest: bytes
    until: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """From here on something is missing: the disk did not take it."""

    lost: int


def segments(folder: Path) -> list[Path]:
    """The segments of a session in their order."""
    return sorted(path for path in folder.glob("[0-9]*.mcap") if path.stem.isdigit())


def is_journal(path: Path) -> bool:
    """Whether a path is the folder of a session's journal."""
    return path.is_dir() and bool(segments(path))


def read_header(folder: Path) -> dict[str, Any]:
    """What stands first in a session's journal.

    Raises
    ------
    InputError
        If the folder holds no journal.
    """
    for path in segments(folder):
        for entry in scan(path):
            if entry.channel == HEADER:
                try:
                    found = from_json(entry.data)
                except ValueError:
                    break
                if isinstance(found, dict) and found.get("schema") == 1:
                    return found
            break
    raise InputError("holds no journal: no segment begins as one", path=folder)


@dataclass
class History:
    """Reads entries in their order and puts together what belongs together.

    Parameters
    ----------
    folder : pathlib.Path
        Of the session.
    site_of_feed : sequence of int
        Position of the site in the header's list, by number of the feed.
    """

    folder: Path
    site_of_feed: Sequence[int]
    waiting: dict[int, list[Packet]] = field(default_factory=dict)  #: packets that have gone into no step yet, by site
    latest: int = 0  #: sequence of the last packet read

    def read(self, segment: str = "", offset: int = 0) -> Iterator[PastStep | PastState | Gap]:
        """Steps, states and gaps, from the segment and place on that a snapshot names; all if none is given."""
        decided: dict[tuple[int, int], Decisions] = {}
        for path in segments(self.folder):
            if path.name < segment:
                continue
            for entry in scan(path, offset if path.name == segment else 0):
                try:
                    found = self._take(entry, decided)
                except (ValueError, KeyError, TypeError, IndexError):
                    return  # checksums hold, sense does not: nothing behind it is believed
                if found is not None:
                    yield found

    def _take(self, entry: Entry, decided: dict[tuple[int, int], Decisions]) -> PastStep | PastState | Gap | None:
        if entry.channel == PACKETS:
            packet = unpack_packet(entry.data)
            self.waiting.setdefault(self.site_of_feed[packet.feed], []).append(packet)
            self.latest = max(self.latest, packet.sequence)
        elif entry.channel == DECISIONS:
            site, step, decisions = unpack_decisions(entry.data)
            decided[site, step] = decisions
        elif entry.channel == STEPS:
            return self._step(unpack_step(entry.data), decided)
        elif entry.channel == SNAPSHOTS:
            found: Mapping[str, Any] = decode(entry.data)
            return PastState(found["site"], found["step"], found["digest"], found["until"], found["state"])
        elif entry.channel == ACTS:
            act = from_json(entry.data)
            if act.get("act") == "gap":
                return Gap(int(act["lost"]))
        return None

    def _step(self, entry: StepEntry, decided: dict[tuple[int, int], Decisions]) -> PastStep:
        waiting = self.waiting.get(entry.site, [])
        packets = tuple(packet for packet in waiting if packet.sequence <= entry.until)
        self.waiting[entry.site] = [packet for packet in waiting if packet.sequence > entry.until]
        return PastStep(entry, packets, decided.pop((entry.site, entry.step), _NOTHING))

    def forget(self, site: int, until: int) -> None:
        """Packets of a site up to this one have gone into a state."""
        self.waiting[site] = [packet for packet in self.waiting.get(site, ()) if packet.sequence > until]
