"""Journal: everything that decides what a live service says, on the disk, and in nobody's way."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from rampart.records import HealthState
from rampart.serve.core import StepNote
from rampart.serve.receiver.ring import Packet

from .codec import encode
from .entries import (
    ACTS,
    DECISIONS,
    NO_DIGEST,
    PACKETS,
    SNAPSHOTS,
    STEPS,
    StepEntry,
    chained,
    pack_decisions,
    pack_packet,
    pack_step,
)
from .keep import prune
from .segment import Segment, Sync
from .snapshot import write_snapshot

_log = logging.getLogger("rampart.serve")
FLUSH_S = 0.05  #: shortest time between two flushes
SNAPSHOT_S = 0.5  #: between two snapshots of a site
RETRY_S = 1.0  #: after the disk refused something
SEGMENT_BYTES = 64 << 20
SEGMENT_S = 600.0
KEEP_DAYS = 30.0
QUEUE_LIMIT = 200_000  #: entries that may wait for a slow disk; beyond it they are lost, and counted

Kept = Callable[[int], None]  #: told of the last packet that need not be kept elsewhere any more


@dataclass(slots=True)
class _Flush:
    """Where packets stand: the latest of a chunk, and where that chunk begins."""

    latest: int
    segment: str
    offset: int


@dataclass(slots=True)
class _Site:
    digest: bytes = NO_DIGEST
    state: dict[str, Any] | None = None  # its latest snapshot, with step, digest and until as of then
    next_s: float = 0.0  # when the next one is taken
    in_segment: bool = False  # a state stands in the present segment


@dataclass
class Resume:
    """Where a journal goes on after a restart."""

    digests: Mapping[str, bytes] = field(default_factory=dict)


class Journal:
    """Writes the journal of one session in a thread of its own.

    Parameters
    ----------
    folder : pathlib.Path
        Of the session; made if it is not there. Segments are numbered, and never appended to after a restart.
    header : mapping
        What decides the run; ``sites`` and ``feeds`` among it.
    sites : sequence of str
        Site.id, in the order of the header.
    clock : callable
        ns UTC.
    on_kept : callable
        Told, in the thread of the journal, up to which packet everything is on the disk - or lost, where the disk does
        not take it: the chain goes on.
    memory : callable
        Gives what else a restart needs, as plain data; asked at each snapshot.
    resume : Resume or None
        After a restart.
    sync : callable
        `os.fdatasync`, unless a test says otherwise.
    segment_bytes : int
        From here on a new segment is begun.
    keep_days : float
        Older segments, of earlier sessions too, are removed when a new one is begun.

    Notes
    -----
    Whoever hands something over appends to a list and returns. At most every 50 ms what waits becomes one chunk with a
    checksum, is written and made to last. If that fails, the segment is left as it is, a new one is tried each second,
    health says so, and what could not be kept is counted: warnings never wait for a disk.
    """

    def __init__(
        self,
        folder: Path,
        header: Mapping[str, Any],
        sites: Sequence[str],
        clock: Callable[[], int],
        *,
        on_kept: Kept = lambda sequence: None,
        memory: Callable[[], Any] = lambda: None,
        resume: Resume | None = None,
        sync: Sync = os.fdatasync,
        segment_bytes: int = SEGMENT_BYTES,
        keep_days: float = KEEP_DAYS,
    ) -> None:
        self.folder, self._header, self._clock, self._sync = folder, dict(header), clock, sync
        self._sites = {site: _Site((resume or Resume()).digests.get(site, NO_DIGEST)) for site in sites}
        self._index = {site: i for i, site in enumerate(sites)}
        self._on_kept, self._memory, self._segment_bytes = on_kept, memory, segment_bytes
        self._keep_days = keep_days
        self._change = threading.Condition()
        self._queue: deque[tuple[int, Any]] = deque()
        self._stopping = self._urgent = False
        self._thread: threading.Thread | None = None
        self._segment: Segment | None = None
        self._flushes: deque[_Flush] = deque()
        self._flushed_s = self._retry_s = 0.0
        self._latest = 0  # packet
        self._fault = ""
        self._gap = False
        self.kept = self.lost = self.faults = self.syncs = 0
        self.slowest_s = 0.0

    # -- from other threads

    def packets(self, packets: Sequence[Packet]) -> None:
        """Keep packets; before they are stepped."""
        self._put(PACKETS, packets)

    def note(self, note: StepNote) -> None:
        """Keep a step; in the thread of its site, after everybody was told."""
        mine, state, began_s = self._sites[note.site], None, time.monotonic()
        if began_s >= mine.next_s:
            began_cpu_s = time.thread_time()
            state = encode(note.core.snapshot())
            # one that takes long is taken seldom: the chain spends 2 % of its time on it at most
            mine.next_s = began_s + max(SNAPSHOT_S, 50.0 * (time.thread_time() - began_cpu_s))
        self._put(STEPS, (note, state), urgent=note.outputs is not None and len(note.outputs.warnings) > 0)

    def act(self, what: Mapping[str, Any]) -> None:
        """Keep an act of an operator that is no decision of the chain's, such as a change of mode."""
        self._put(ACTS, dict(what), urgent=True)

    def _put(self, channel: int, item: Any, *, urgent: bool = False) -> None:
        with self._change:
            if len(self._queue) >= QUEUE_LIMIT:
                self.lost += 1
                self._gap = True
                return
            self._queue.append((channel, item))
            self._urgent |= urgent
            self._change.notify()

    def health(self) -> tuple[HealthState, str]:
        """How it stands, and why."""
        if self._fault:
            return HealthState.DOWN, f"not kept: {self._fault}; {self.lost} entries lost"
        if self._thread is None:
            return HealthState.STARTING, "not started"
        return HealthState.OK, ""

    def counters(self) -> dict[str, float]:
        """Running figures by the name they have at ``/metrics``."""
        return {
            "journal_entries_total": self.kept,
            "journal_lost_total": self.lost,
            "journal_faults_total": self.faults,
            "journal_syncs_total": self.syncs,
            "journal_slowest_sync_seconds": self.slowest_s,
            "journal_waiting": len(self._queue),
        }

    # -- its thread

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, end the segment."""
        with self._change:
            self._stopping = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while True:
            items, ending = self._wait()
            if self._ready():
                self._keep(items)
            else:
                self._lose(items)
            self._on_kept(self._latest)
            if ending:
                self._end()
                return

    def _wait(self) -> tuple[list[tuple[int, Any]], bool]:
        with self._change:
            self._change.wait_for(lambda: self._queue or self._stopping, RETRY_S)
            left_s = self._flushed_s + FLUSH_S - time.monotonic()
            if left_s > 0.0:
                self._change.wait_for(lambda: self._urgent or self._stopping, left_s)
            items = list(self._queue)
            self._queue.clear()
            self._urgent = False
            return items, self._stopping

    def _ready(self) -> bool:
        """Whether there is a segment to write to; opens one where it is time."""
        segment = self._segment
        if segment is not None:
            old = self._clock() - segment.opened_ns > SEGMENT_S * 1e9
            if not old and segment.offset < self._segment_bytes:
                return True
            try:
                segment.close()
            except OSError as error:
                self._fail(error)
                return False
            self._segment = None
        if time.monotonic() < self._retry_s:
            return False
        try:
            self._open()
        except OSError as error:
            self._fail(error)
            return False
        return True

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        number = max((int(path.stem) for path in self.folder.glob("[0-9]*.mcap")), default=0) + 1
        path = self.folder / f"{number:06d}.mcap"
        segment = Segment(path, self._header, self._clock(), self._sync)
        try:
            segment.flush()
        except OSError:
            segment.abandon()
            raise
        for site in self._sites.values():
            site.in_segment, site.next_s = False, 0.0
        self._segment = segment
        prune(self.folder.parent, time.time_ns(), self._keep_days, self.folder)
        if self._fault:
            _log.warning("journal: writes again, to %s", path.name)
        self._fault = ""

    def _fail(self, error: OSError) -> None:
        self.faults += 1
        self._gap = True
        self._fault = error.strerror or str(error)
        self._retry_s = time.monotonic() + RETRY_S
        if self._segment is not None:
            self._segment.abandon()
            self._segment = None
            _log.error("journal: %s; the segment is left as it is", self._fault)

    def _lose(self, items: list[tuple[int, Any]]) -> None:
        """What the disk does not take: digests go on, so that they hold again once it does."""
        for channel, item in items:
            self.lost += len(item) if channel == PACKETS else 1
            self._follow(channel, item)

    def _follow(self, channel: int, item: Any) -> None:
        """What is remembered of an entry, kept or not."""
        if channel == PACKETS:
            self._latest = max(self._latest, item[-1].sequence)
        elif channel == STEPS:
            note, state = item
            mine = self._sites[note.site]
            mine.digest = chained(mine.digest, note.outputs)
            if state is not None:
                mine.state = {"step": note.step, "digest": mine.digest, "until": note.until, "state": state}

    def _keep(self, items: list[tuple[int, Any]]) -> None:
        segment = self._segment
        if segment is None or not items:
            return
        offset, states = segment.offset, False
        try:
            if self._gap:
                segment.add(ACTS, self._clock(), to_json({"act": "gap", "lost": self.lost}))
            for channel, item in items:
                self._follow(channel, item)
                states |= self._write(segment, channel, item)
            self._flush(segment)
            self._gap = False
            self._flushes.append(_Flush(self._latest, segment.path.name, offset))
            if states:
                self._snapshot()
        except OSError as error:
            self.lost += sum(len(item) if channel == PACKETS else 1 for channel, item in items)
            self._fail(error)

    def _write(self, segment: Segment, channel: int, item: Any) -> bool:
        """Add one item's entries; True if it brought a state."""
        if channel == PACKETS:
            for packet in item:
                segment.add(PACKETS, packet.received_ns, pack_packet(packet))
            self.kept += len(item)
            return False
        self.kept += 1
        if channel == ACTS:
            segment.add(ACTS, self._clock(), to_json(item))
            return False
        note, state = item
        site, mine = self._index[note.site], self._sites[note.site]
        if len(note.decisions):
            segment.add(DECISIONS, note.now_ns, pack_decisions(site, note.step, note.decisions))
        entry = StepEntry(site, note.step, note.now_ns, note.until, note.outputs is None, mine.digest)
        segment.add(STEPS, note.now_ns, pack_step(entry))
        if state is not None and not mine.in_segment:  # each segment can be replayed by itself
            segment.add(SNAPSHOTS, note.now_ns, encode({"site": site, **(mine.state or {})}))
            mine.in_segment = True
        return state is not None

    def _flush(self, segment: Segment) -> None:
        began_s = time.monotonic()
        segment.flush()
        self._flushed_s = time.monotonic()
        self.syncs += 1
        self.slowest_s = max(self.slowest_s, self._flushed_s - began_s)

    def _snapshot(self) -> None:
        """Put the states of all sites where a restart finds them, once every site has one."""
        if any(site.state is None for site in self._sites.values()):
            return
        until = min(site.state["until"] for site in self._sites.values() if site.state is not None)
        while len(self._flushes) > 1 and self._flushes[0].latest <= until:
            self._flushes.popleft()
        first = self._flushes[0]
        write_snapshot(
            self.folder / "snapshot.bin",
            {
                "segment": first.segment,
                "offset": first.offset,
                "memory": self._memory(),
                "sites": {name: site.state for name, site in self._sites.items()},
            },
            self._sync,
        )

    def _end(self) -> None:
        if self._segment is not None:
            try:
                self._segment.close()
                if all(site.state is not None for site in self._sites.values()):
                    self._snapshot()
            except OSError as error:
                self._fail(error)
            self._segment = None
