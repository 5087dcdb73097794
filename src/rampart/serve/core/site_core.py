"""SiteCore: the chain of one site in a thread of its own. Reports in, what it says out; nobody waits for anybody."""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rampart.pipeline import Chain, Outputs
from rampart.records import Decisions, Detections, ExternalTracks
from rampart.serve.feed.intake import Intake
from rampart.serve.receiver.ring import Packet

from .clock import Clock

_log = logging.getLogger("rampart.serve")
#: After a short step the chain rests for as long as it took, until so long after its begin at most: reports gather.
GATHER_S = 0.06
BREATH_S = 0.001  #: others have their turn after each step
TURN_NS = 1_000_000_000  #: of a backlog, so much goes into one step
IDLE_S = 1.0  #: without reports and wakes a step is made this often: who hears of no step takes the chain for dead

Tell = Callable[[str, Outputs], None]  #: site id, what its chain said; called in the thread of the site
Note = Callable[["StepNote"], None]  #: told of each step after everybody else, in the thread of the site


@dataclass(frozen=True, slots=True)
class StepNote:
    """All that is needed to make a step again, and what came of it.

    Attributes
    ----------
    site : str
    step : int
        Counted from 1, over restarts.
    now_ns : int
        Its time, ns UTC.
    until : int
        Sequence of the last packet that has gone into a step of this site.
    decisions : Decisions
        Numbered.
    worked : Worked or None
        What went in and came out; None if the chain failed.
    core : SiteCore
        For whoever wants a snapshot: the chain stands still while a note is taken.
    """

    site: str
    step: int
    now_ns: int
    until: int
    decisions: Decisions
    worked: Worked | None
    core: SiteCore

    @property
    def outputs(self) -> Outputs | None:
        """What the chain said; None if it failed."""
        return None if self.worked is None else self.worked.outputs


def rest_s(took_s: float) -> float:
    """How long a chain rests after a step: while a long one was made, reports have gathered already.

    >>> [round(rest_s(took_s), 3) for took_s in (0.004, 0.04, 0.3)]
    [0.004, 0.02, 0.001]
    """
    return max(min(took_s, GATHER_S - took_s), BREATH_S)


def _beyond(packets: list[Packet]) -> list[Packet]:
    """Cut a backlog: leaves the packets of one turn in the list, and returns the others."""
    if not packets or packets[-1].received_ns - packets[0].received_ns <= TURN_NS:
        return []
    end = bisect_right(packets, packets[0].received_ns + TURN_NS, key=lambda packet: packet.received_ns)
    rest = packets[end:]
    del packets[end:]
    return rest


@dataclass(frozen=True, slots=True)
class CoreHealth:
    """How a site's chain keeps up."""

    site: str
    steps: int
    detections: int
    faults: int  #: steps in which the chain failed; their reports are lost, the next step goes on
    waiting: int  #: reports, or packets of them, that wait for the next step
    lag_s: float  #: how long the oldest report of the last step had waited when the chain had done with it
    stepped_ns: int = 0  #: when the last step was done, ns UTC; of a backlog, steps have times of before


@dataclass(frozen=True, slots=True)
class Worked:
    """One step: what went into the chain, and what came out."""

    detections: Detections
    external: ExternalTracks
    heard: tuple[int, ...]
    decisions: Decisions
    outputs: Outputs


@dataclass(slots=True)
class _Mail:
    """What came in for one step."""

    detections: list[Detections] = field(default_factory=list)
    external: list[ExternalTracks] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    heard: set[int] = field(default_factory=set)
    decisions: list[Decisions] = field(default_factory=list)
    behind_ns: int | None = None  # of a backlog: receipt of the last packet of this turn

    def __bool__(self) -> bool:
        return bool(self.packets or self.heard or self.decisions or self.external or self.detections)


class SiteCore:
    """Steps the chain of one site.

    Parameters
    ----------
    site : str
        Site.id.
    chain : Chain
        Stepped in the thread of this object only.
    clock : callable
        ns UTC.
    tell : callable
        Told what the chain says, at once and in order; must return quickly.
    speed : float
        Seconds of `clock` per real second.
    intake : Intake or None
        What makes reports of packets; without it there are none.
    note : callable or None
        Told of each step once everybody else has been.

    Notes
    -----
    Everything that came in while the chain was busy makes the next batch, so batches grow with the load and the delay
    stays bounded by two steps. A step is made for each batch, whenever a stage asks for it (`Outputs.wake_ns`), and
    once per second; times of steps never go back. Of a backlog, a turn is stepped as of its last packet, not as of now:
    else every track would seem to have been silent for as long as the chain is behind. The times and batches are all
    that the chain learns: recorded, they can be replayed.
    """

    def __init__(
        self,
        site: str,
        chain: Chain,
        clock: Clock,
        tell: Tell,
        *,
        speed: float = 1.0,
        intake: Intake | None = None,
        note: Note | None = None,
    ) -> None:
        self.site, self._chain, self._clock, self._tell, self._speed = site, chain, clock, tell, speed
        self._intake, self._note = intake or Intake({}), note
        self._until = 0
        self._change = threading.Condition()
        self._inbox = _Mail()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._last_ns = 0
        self._wake_ns: int | None = None
        self._steps = self._count = self._decided = self._faults = 0
        self._lag_s, self._stepped_ns = 0.0, 0

    def receive(
        self, detections: Detections, heard: Iterable[int] | None = None, external: ExternalTracks | None = None
    ) -> None:
        """Take what sensors handed over, from any thread. Reports are stamped as received now.

        Parameters
        ----------
        detections : Detections
            Sensor indices are those of the site.
        heard : iterable of int or None
            The sensors that spoke, with reports or without; those of the reports if not given.
        external : ExternalTracks or None
            Reports of other systems' tracks.
        """
        spoke = np.unique(detections.sensor).tolist() if heard is None else list(heard)
        stamped = detections.replace(received_ns=np.full(len(detections), self._clock(), np.int64))
        with self._change:
            self._inbox.heard.update(spoke)
            if len(stamped):
                self._inbox.detections.append(stamped)
            if external is not None and len(external):
                self._inbox.external.append(external)
            self._change.notify()

    def take(self, packets: Sequence[Packet]) -> None:
        """Take packets of this site's feeds, in order of receipt, from any thread. They are read in the next step."""
        with self._change:
            self._inbox.packets.extend(packets)
            self._change.notify()

    def decide(self, decisions: Decisions) -> None:
        """Take what operators decided, from any thread. They are numbered as they are stepped."""
        with self._change:
            self._inbox.decisions.append(decisions)
            self._change.notify()

    def start(self) -> None:
        """Begin to step."""
        self._last_ns = self._last_ns or self._clock()
        self._thread = threading.Thread(target=self._run, name=f"chain {self.site}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Step what waits, and end."""
        with self._change:
            self._stopping = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> SiteCore:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def health(self) -> CoreHealth:
        """How it keeps up."""
        with self._change:
            waiting = sum(len(batch) for batch in self._inbox.detections) + len(self._inbox.packets)
        done = self._steps - self._faults, self._count, self._faults
        return CoreHealth(self.site, *done, waiting, self._lag_s, self._stepped_ns)

    def _run(self) -> None:
        while (mail := self._wait()) is not None:
            began_s = time.monotonic()
            try:
                self._step(mail)
            except Exception:  # a fault in one step must not end the watch
                self._faults += 1
                _log.exception("site %s: the chain failed on %d batches", self.site, len(mail.detections))
            if not self._stopping:
                time.sleep(rest_s(time.monotonic() - began_s))

    def _wait(self) -> _Mail | None:
        """What came in, nothing when a stage asked to be woken; None at the end."""
        with self._change:
            while not self._inbox:
                if self._stopping:
                    return None
                left_s = self._left_s()
                if left_s <= 0.0:
                    break
                self._change.wait(left_s)
            mail, self._inbox = self._inbox, _Mail()
            self._inbox.packets = _beyond(mail.packets)
            if self._inbox.packets:
                mail.behind_ns = mail.packets[-1].received_ns
        return mail

    def _left_s(self) -> float:
        """Real seconds until the next step is due."""
        due_ns = self._last_ns + round(IDLE_S * self._speed * 1e9)
        if self._wake_ns is not None:
            due_ns = min(due_ns, self._wake_ns)
        return (due_ns - self._clock()) * 1e-9 / self._speed

    def _step(self, mail: _Mail) -> None:
        now_ns = max(self._clock() if mail.behind_ns is None else mail.behind_ns, self._last_ns + 1)
        decisions = Decisions.concat(mail.decisions)
        first = self._decided + 1
        decisions = decisions.replace(number=np.arange(first, first + len(decisions)))
        self._decided += len(decisions)
        if mail.packets:
            self._until = mail.packets[-1].sequence
        worked = None
        try:
            worked = self._work(now_ns, mail, decisions)
            self._tell(self.site, worked.outputs)
            if len(worked.detections):
                self._lag_s = (self._clock() - int(worked.detections.received_ns.min())) * 1e-9
        finally:
            self._stepped_ns = self._clock()
            if self._note is not None:
                self._note(StepNote(self.site, self._steps, now_ns, self._until, decisions, worked, self))

    def _work(self, now_ns: int, mail: _Mail, decisions: Decisions) -> Worked:
        self._steps += 1
        self._last_ns, self._wake_ns = now_ns, None
        taken = self._intake.take(mail.packets)
        batch = self._numbered(Detections.concat([*mail.detections, taken.detections]))
        external = ExternalTracks.concat([*mail.external, taken.external])
        heard = sorted(mail.heard | taken.heard)
        outputs = self._chain.step(now_ns, batch, external if len(external) else None, decisions=decisions, heard=heard)
        self._wake_ns = outputs.wake_ns
        return Worked(batch, external, tuple(heard), decisions, outputs)

    def again(self, now_ns: int, packets: Sequence[Packet], decisions: Decisions) -> Worked | None:
        """Make a step of the past again, before `start`: nobody is told. None if the chain fails, as it did then.

        Parameters
        ----------
        now_ns : int
            Its time, ns UTC.
        packets : sequence of Packet
            Those that went into it.
        decisions : Decisions
            As numbered then.
        """
        self._decided += len(decisions)
        if packets:
            self._until = packets[-1].sequence
        try:
            return self._work(now_ns, _Mail(packets=list(packets)), decisions)
        except Exception:  # the step failed so when it was live, and is counted as it was there
            self._faults += 1
            return None

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data; only while the chain stands still: in a note, or before `start`."""
        own = {"steps": self._steps, "count": self._count, "decided": self._decided, "last_ns": self._last_ns}
        return {
            "version": 1,
            **own,
            "until": self._until,
            "chain": self._chain.snapshot(),
            "intake": self._intake.snapshot(),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave, before `start`."""
        self._steps, self._count, self._decided = snapshot["steps"], snapshot["count"], snapshot["decided"]
        self._last_ns, self._until = snapshot["last_ns"], snapshot["until"]
        self._chain.restore(snapshot["chain"])
        self._intake.restore(snapshot["intake"])

    @property
    def until(self) -> int:
        """Sequence of the last packet that has gone into a step."""
        return self._until

    def renumber(self) -> None:
        """Packets are counted from 1 again: the receiver is a new one."""
        self._until = 0

    def _numbered(self, batch: Detections) -> Detections:
        first = self._count + 1
        self._count += len(batch)
        return batch.replace(number=np.arange(first, first + len(batch)))
