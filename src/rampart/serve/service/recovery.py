"""Recovery: what a service was doing when it ended, from the snapshot and the journal it left."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from rampart.pipeline import Scenario
from rampart.serve.core import SiteCore, Worked
from rampart.serve.journal import History, Resume
from rampart.serve.journal.codec import decode
from rampart.serve.journal.entries import chained
from rampart.serve.journal.history import PastStep
from rampart.serve.journal.snapshot import read_snapshot
from rampart.serve.receiver.ring import Packet

SNAPSHOT = "snapshot.bin"
#: What is older holds no more: tracks have ended, warnings are over, and whoever was told knows.
OLDEST_NS = 600_000_000_000

OnStep = Callable[[str, Worked], None]


def site_key(scenario: Scenario) -> str:
    """What must be the same for a state to be taken up: everything that decides, but the start."""
    decides = {
        **scenario.resolved(),
        "start": "",
        "feed": [spec.model_dump(mode="json") for spec in scenario.parts["feed"]],
    }
    return hashlib.sha256(to_json(decides)).hexdigest()


@dataclass(frozen=True)
class Past:
    """What a session left.

    Attributes
    ----------
    folder : pathlib.Path
        Of the session.
    memory : mapping
        What the service had remembered: ``key, session, start_ns, mode, ended, board, approvals``.
    """

    folder: Path
    memory: Mapping[str, Any]
    sites: Mapping[str, Mapping[str, Any]]
    segment: str
    offset: int


def find_past(state: Path, key: str, now_ns: int) -> Past | None:
    """The latest session's state, if it is whole, of the same site file, and not too old."""
    for folder in sorted((path for path in state.glob("*") if path.is_dir()), reverse=True):
        found = read_snapshot(folder / SNAPSHOT)
        if found is None:
            continue
        memory = found["memory"]
        if memory["key"] != key or now_ns - memory["now_ns"] > OLDEST_NS:
            return None
        return Past(folder, memory, found["sites"], found["segment"], found["offset"])
    return None


@dataclass
class Caught:
    """What was caught up with.

    Attributes
    ----------
    steps : int
        Made again behind the snapshot.
    waiting : mapping
        Packets that were kept but had gone into no step, by site.
    latest : int
        Sequence of the last packet that was kept.
    """

    steps: int = 0
    waiting: dict[str, list[Packet]] = field(default_factory=dict)
    latest: int = 0
    resume: Resume = field(default_factory=Resume)


def catch_up(past: Past, cores: Mapping[str, SiteCore], site_of_feed: Sequence[str], on_step: OnStep) -> Caught:
    """Bring chains to where they were: the snapshot, then every step that the journal holds behind it.

    Parameters
    ----------
    past : Past
    cores : mapping
        By site, in the order of the file; fresh.
    site_of_feed : sequence of str
        Site.id by number of the feed.
    on_step : callable
        Told of each step that is made again.
    """
    names = list(cores)
    digests = {site: bytes(past.sites[site]["digest"]) for site in names}
    for site, core in cores.items():
        core.restore(decode(past.sites[site]["state"]))
    history = History(past.folder, [names.index(site) for site in site_of_feed])
    caught = Caught()
    for found in history.read(past.segment, past.offset):
        if not isinstance(found, PastStep):
            continue
        site = names[found.entry.site]
        if found.entry.step <= int(past.sites[site]["step"]):
            continue
        unseen = [packet for packet in found.packets if packet.sequence > int(past.sites[site]["until"])]
        worked = cores[site].again(found.entry.now_ns, unseen, found.decisions)
        digests[site] = chained(digests[site], None if worked is None else worked.outputs)
        caught.steps += 1
        if worked is not None:
            on_step(site, worked)
    caught.waiting = {
        site: [packet for packet in history.waiting.get(i, ()) if packet.sequence > cores[site].until]
        for i, site in enumerate(names)
    }
    caught.latest = max(history.latest, *(core.until for core in cores.values()))
    caught.resume = Resume(digests)
    return caught
