"""Service: the live process of one site file. Reports and decisions in; tracks, warnings and health out."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from rampart.errors import InputError, RunError
from rampart.pipeline import Outputs, Place, Scenario, build_chain, build_places
from rampart.records import (
    DecisionKind,
    Decisions,
    Deliveries,
    DetectionFlag,
    Detections,
    ExternalTracks,
    Health,
    HealthState,
    Site,
)
from rampart.serve.core import Clock, PacedClock, SiteCore, StepNote, Worked
from rampart.serve.delivery import Alarm, Dispatcher, PeerHealth, Setting, build_outs
from rampart.serve.feed import FeedPlan, Receiver, plan_feeds
from rampart.serve.journal import Journal, journal_header
from rampart.serve.journal.writer import KEEP_DAYS
from rampart.serve.receiver.ring import Packet

from .board import Board, SiteView
from .check import Check, find_faults
from .feeds import FeedDesk
from .looks import ObservedCover, look
from .mode import Mode
from .parts import PartBook, PartWatch, Row
from .recovery import Caught, Past, catch_up, find_past, site_key
from .shadow import ShadowBook

_log = logging.getLogger("rampart.serve")
SECOND = 1_000_000_000
#: A step of the computer's clock that is told of.
CLOCK_STEP_NS = SECOND // 2
#: How long an approval may bear on what is said again after a restart.
APPROVALS_NS = 3_600 * SECOND
#: More than this between two steps was no watching [ns].
LONGEST_STEP_NS = 5 * SECOND

Listener = Callable[[str, Outputs], None]  #: site id, what its chain said; in the thread of the site, returns at once
OnAlarm = Callable[[Alarm], None]


class Service:
    """Feeds, chains, delivery, journal and the latest picture of every site of a file.

    Parameters
    ----------
    scenario : Scenario
        A site file, loaded with `rampart.pipeline.LIVE_ROOMS`; or a scenario whose raid somebody flies into `receive`.
    mode : Mode or None
        In place of the file's own; the file's, or shadow, if not given.
    clock : callable or None
        ns UTC, never going back; the computer's, untouched by its steps, if not given. Feeds need a `PacedClock`.
    speed : float
        Seconds of the clock per real second; other than 1 for exercises only.
    session : str or None
        Differs at each start with nothing to go on from; goes into the ids that peers see.
    on_alarm : callable or None
        Told of alarms as they are raised and end, in whatever thread; must return at once.
    state : pathlib.Path or None
        Folder for journals and snapshots. Without it nothing is kept, and a restart begins with nothing.
    receiver : Receiver or None
        One that runs already, and outlives this service; its own if not given.
    warm : bool
        The receiver served a service that ended; packets that it had not kept are still there.
    keep_days : float
        How long journals stay.

    Raises
    ------
    InputError
        If the file's feeds or peers cannot be built.

    Notes
    -----
    **For a display.** `view` is what holds now (a snapshot for a client that comes or lags); `subscribe` hands over
    each step as it is made; `health`, `peers`, `alarms`, `deliveries` and `counters` may be asked for at any time, from
    any thread. `decide` takes what an operator decided. `go` changes the mode and refuses while a check is red;
    `checks` gives the list with its findings.

    Nothing here waits for a listener: one that fails is counted and kept, one that is slow delays its site, so it
    must hand over and return.

    Examples
    --------
    >>> from rampart.pipeline import load
    >>> service = Service(load("embassy-rockets"), mode=Mode.EXERCISE)
    >>> with service:
    ...     view = service.view("embassy")
    >>> view.site.id, service.mode.sends
    ('embassy', True)
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        mode: Mode | None = None,
        clock: Clock | None = None,
        speed: float = 1.0,
        session: str | None = None,
        on_alarm: OnAlarm | None = None,
        state: Path | None = None,
        receiver: Receiver | None = None,
        warm: bool = False,
        keep_days: float = KEEP_DAYS,
    ) -> None:
        self.clock: Clock = clock or PacedClock(time.time_ns(), speed)
        self.mode = mode or Mode(scenario.head.mode or Mode.SHADOW)
        self._on_alarm, self._speed, self._keep_days = on_alarm, speed, keep_days
        self._clock_ahead_ns = time.time_ns() - time.monotonic_ns()
        self.recovered: Caught | None = None
        past = None
        if state is not None:
            past = find_past(state, site_key(_meant(scenario, self.mode)), self.clock())
            start_ns = self.clock() if past is None else int(past.memory["start_ns"])
            scenario = scenario.starting(start_ns)
        self.scenario = _meant(scenario, self.mode)
        self.session = self._session(past, session)
        self.places: tuple[Place, ...] = build_places(self.scenario)
        self.board = Board(place.site for place in self.places)
        self.plan = plan_feeds(self.scenario, self.places) if scenario.parts["feed"] else None
        live = self.mode is not Mode.EXERCISE
        setting = Setting(self.clock, live=live, folder=scenario.folder, session=self.session)
        self.dispatcher = Dispatcher(build_outs(self.scenario, self.places, setting), self.clock, on_alarm)
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()
        self._listener_faults = 0
        self._approvals: deque[tuple[int, str, Decisions]] = deque()
        self._decided = {place.site.id: 0 for place in self.places}
        self._cores = {place.site.id: self._core(place) for place in self.places}
        if past is not None:
            self._recover(past)
        self._receiver, self._warm = receiver, warm
        self._feeds: FeedDesk | None = None
        self._journal = None if state is None else self._open_journal(state, past, warm=warm)
        self._cover = {name: ObservedCover(site) for name, site in self.sites.items()}  # since the start
        self._stepped_ns: dict[str, int] = {}
        self.shadow = ShadowBook(self.sites, state) if state is not None and self.mode is not Mode.EXERCISE else None
        self._parts = PartBook()
        self._watch = PartWatch(self._part_rows, self.clock, self._raise)
        self._ended = False
        self._started_ns = 0

    # -- putting together

    def _session(self, past: Past | None, given: str | None) -> str:
        if past is not None:
            return str(past.memory["session"])
        return given if given is not None else f"{self.clock() // SECOND:x}"

    def _core(self, place: Place) -> SiteCore:
        chain = build_chain(self.scenario, place, engage=False, live=True)
        intake = None if self.plan is None else self.plan.intakes[place.site.id]
        return SiteCore(place.site.id, chain, self.clock, self._tell, speed=self._speed, intake=intake, note=self._note)

    def _feed_desk(self, plan: FeedPlan) -> FeedDesk:
        after = self.recovered.latest if self._warm and self.recovered is not None else 0
        given = self._receiver
        receiver = make_receiver(plan, self.clock) if given is None else given
        return FeedDesk(plan, receiver, self._hand, self.clock(), owned=given is None, after=after)

    def _recover(self, past: Past) -> None:
        """Take up what a session left: chains, board, approvals and - if it did not end by itself - the mode."""
        began_s = time.monotonic()
        self.board.restore(past.memory["board"])
        sites = () if self.plan is None else self.plan.sites
        self.recovered = catch_up(past, self._cores, sites, self._again)
        if not past.memory["ended"]:
            self.mode = Mode(past.memory["mode"])
        for at_ns, site, n, columns in past.memory["approvals"]:
            self._approvals.append((at_ns, site, Decisions.build(n, **columns)))
        for site, decided in past.memory["decided"].items():
            self._decided[site] = max(self._decided[site], decided)
        took_s = time.monotonic() - began_s
        _log.warning("recovered from %s: %d steps made again in %.2f s", past.folder, self.recovered.steps, took_s)

    def _again(self, site: str, worked: Worked) -> None:
        self.board.take(site, worked.outputs)
        self._keep_approvals(site, worked.decisions)
        if len(worked.decisions):
            self._decided[site] = max(self._decided[site], int(worked.decisions.number.max()))

    def _open_journal(self, state: Path, past: Past | None, *, warm: bool) -> Journal:
        goes_on = warm and past is not None
        fresh = self.recovered is None
        if goes_on and past is not None:
            folder = past.folder
        else:
            folder = state / time.strftime("%Y%m%dT%H%M%S", time.gmtime(self.clock() // SECOND))
            while folder.exists():
                folder = folder.with_name(folder.name + "x")
            for core in self._cores.values():
                core.renumber()
        header = journal_header(
            self.scenario, self.places, version=version("rampart"), session=self.session, fresh=fresh or goes_on
        )
        resume = None if self.recovered is None else self.recovered.resume
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot be made: {error.strerror}", path=folder) from None
        return Journal(
            folder,
            header,
            list(self._cores),
            self.clock,
            on_kept=self._kept,
            memory=self._memory,
            resume=resume,
            keep_days=self._keep_days,
        )

    def _memory(self) -> dict[str, Any]:
        """What a restart needs beside chains and digests."""
        with self._lock:
            approvals = [
                [at_ns, site, len(kept), {name: getattr(kept, name) for name in Decisions.names()}]
                for at_ns, site, kept in self._approvals
            ]
            decided = dict(self._decided)
        return {
            "key": site_key(self.scenario),
            "now_ns": self.clock(),
            "session": self.session,
            "start_ns": self.scenario.start_ns,
            "mode": str(self.mode),
            "ended": self._ended,
            "board": self.board.snapshot(),
            "approvals": approvals,
            "decided": decided,
        }

    @property
    def sites(self) -> Mapping[str, Site]:
        """The sites by their ids, in the order of the file."""
        return MappingProxyType({place.site.id: place.site for place in self.places})

    @property
    def journal_folder(self) -> Path | None:
        """Where the journal of this session is kept; None if none is."""
        return None if self._journal is None else self._journal.folder

    @property
    def ports(self) -> dict[str, int]:
        """UDP port by id of the feed, while it runs; 0 for one that connects itself."""
        if self._feeds is None or self.plan is None:
            return {}
        return {spec.id: port for spec, port in zip(self.plan.specs, self._feeds.receiver.ports, strict=True)}

    # -- running

    def start(self) -> None:
        """Begin to take packets, to step, to keep and to deliver; say again what a restart found open.

        Raises
        ------
        InputError
            If an address cannot be listened at.
        """
        if self.plan is not None:
            self._feeds = self._feed_desk(self.plan)
        self._started_ns = self.clock()
        self.dispatcher.start()
        if self.recovered is not None and self.mode.sends:
            self._say_again()
        if self._journal is not None:
            self._journal.start()
        for site, core in self._cores.items():
            waiting = {} if self.recovered is None else self.recovered.waiting
            if self._feeds is not None and not self._feeds.fresh:
                core.take(waiting.get(site, ()))
            core.start()
        if self._feeds is not None:
            self._feeds.start()
        self._watch.start()

    def _say_again(self) -> None:
        with self._lock:
            approvals = list(self._approvals)
        for site in self._cores:
            for _, owner, decisions in approvals:
                if owner == site:
                    self.dispatcher.decide(site, decisions)
            said = self.board.said(site)
            if said.now_ns:
                self.dispatcher.recall(site, said)

    def stop(self, drain_s: float = 2.0) -> None:
        """Take and step what waits, deliver it for at most `drain_s`, keep it, and end."""
        self._watch.stop()
        if self._feeds is not None:
            self._feeds.stop()
        for core in self._cores.values():
            core.stop()
        self._ended = True
        if self._journal is not None:
            self._journal.act({"act": "end"})
            self._journal.stop()
        if self.shadow is not None:
            self.shadow.write()
        self.dispatcher.stop(drain_s)
        if self._feeds is not None:
            self._feeds.close()

    def __enter__(self) -> Service:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- in

    def receive(
        self,
        site: str,
        detections: Detections,
        heard: Iterable[int] | None = None,
        external: ExternalTracks | None = None,
    ) -> None:
        """Take reports of one site from any thread; see `SiteCore.receive`. They do not stand in the journal."""
        self._cores[site].receive(detections, heard, external)

    def _hand(self, site: str, packets: list[Packet]) -> None:
        """In the thread of the feeds: the journal has them first."""
        if self._journal is not None:
            self._journal.packets(packets)
        elif self._feeds is not None:
            self._feeds.release(packets[-1].sequence)
        self._cores[site].take(packets)

    def _kept(self, sequence: int) -> None:
        if self._feeds is not None:
            self._feeds.release(sequence)

    def _note(self, note: StepNote) -> None:
        if self._journal is not None:
            self._journal.note(note)
        if note.worked is not None:
            self._note_looks(note.site, note.now_ns, note.worked)

    def _note_looks(self, site: str, now_ns: int, worked: Worked) -> None:
        elapsed_ns = now_ns - self._stepped_ns.get(site, now_ns)
        self._stepped_ns[site] = now_ns
        looks = look(self.sites[site], min(elapsed_ns, LONGEST_STEP_NS) / SECOND, worked)
        self._cover[site].add(looks)
        if self.shadow is not None:
            self.shadow.take(site, now_ns, elapsed_ns if elapsed_ns < LONGEST_STEP_NS else None, worked, looks)

    def observed_cover(self, site: str) -> list[dict[str, Any]]:
        """What the sensors of a site saw of what they looked at since the start, by direction and distance."""
        return self._cover[site].entry()

    def decide(self, site: str, decisions: Decisions) -> None:
        """Take what an operator decided (`rampart.records.decide` makes and checks it), from any thread.

        In an exercise a decision is marked as such, whatever it says of itself.

        Raises
        ------
        InputError
            For a site that is none of ours.
        """
        if site not in self._cores:
            raise InputError(f"site {site!r}: expected one of {', '.join(self._cores)}")
        if self.mode is Mode.EXERCISE:
            decisions = decisions.replace(flags=decisions.flags | np.uint8(DetectionFlag.SIMULATED))
        with self._lock:  # the chain numbers them in the order in which it is given them
            first = self._decided[site] + 1
            self._decided[site] += len(decisions)
            numbered = decisions.replace(number=np.arange(first, first + len(decisions)))
            self._cores[site].decide(numbered)
            self.dispatcher.decide(site, numbered)
        self._keep_approvals(site, numbered)

    def _keep_approvals(self, site: str, decisions: Decisions) -> None:
        given = decisions.take(decisions.what == DecisionKind.APPROVE) if len(decisions) else decisions
        now_ns = self.clock()
        with self._lock:
            if len(given):
                self._approvals.append((now_ns, site, given))
            while self._approvals and now_ns - self._approvals[0][0] > APPROVALS_NS:
                self._approvals.popleft()

    # -- out

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have each step told as it is made; returns what ends it."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def end() -> None:
            with self._lock:
                self._listeners = tuple(one for one in self._listeners if one is not listener)

        return end

    def view(self, site: str) -> SiteView:
        """What holds at a site now; KeyError for one that is none of ours."""
        return self.board.view(site)

    def said(self, site: str) -> Outputs:
        """All that holds at a site, as if one step had said it: what a display begins with after a restart."""
        return self.board.said(site)

    def health(self) -> Health:
        """The state of every part: ``sensor/ID``, ``chain/SITE``, ``channel/ID``, ``feed/ID``, ``receiver``, ..."""
        now_ns = self.clock()
        sensors = [self.board.view(site).health for site in self._cores]
        parts = self._parts.take(now_ns, self._part_rows(now_ns))
        return Health.concat([*sensors, parts, self.dispatcher.health_records(now_ns)])

    def _part_rows(self, now_ns: int) -> list[Row]:
        """The states of the parts that keep no state of their own."""
        rows = [self._chain_row(now_ns, site, core) for site, core in self._cores.items()]
        if self._feeds is not None:
            rows += self._feeds.rows(now_ns)
        if self._journal is not None:
            rows.append(("journal", *self._journal.health()))
        return [*rows, self._clock_row()]

    def _chain_row(self, now_ns: int, site: str, core: SiteCore) -> Row:
        said, part = core.health(), f"chain/{site}"
        late_s = (now_ns - max(said.stepped_ns, self._started_ns)) / SECOND / self._speed
        if not said.steps:
            return part, HealthState.STARTING, "no step yet"
        if late_s > 3.0:
            return part, HealthState.STALE, f"no step for {late_s:.0f} s"
        if said.lag_s > 1.0:
            return part, HealthState.DEGRADED, f"does not keep up: reports wait for {said.lag_s:.1f} s"
        if said.faults:
            return part, HealthState.DEGRADED, f"{said.faults} steps failed since the start"
        return part, HealthState.OK, ""

    def _clock_row(self) -> Row:
        step_ns = time.time_ns() - time.monotonic_ns() - self._clock_ahead_ns
        if abs(step_ns) < CLOCK_STEP_NS:
            return "clock", HealthState.OK, ""
        text = f"the computer's clock was set by {step_ns / SECOND:+.1f} s; times go on as before until a restart"
        return "clock", HealthState.DEGRADED, text

    def _raise(self, alarm: Alarm) -> None:
        if self._on_alarm is not None:
            self._on_alarm(alarm)

    def peers(self) -> list[PeerHealth]:
        """How each ``[[out]]`` stands, in the order of the file."""
        return self.dispatcher.health()

    def alarms(self) -> list[Alarm]:
        """Those that stand: of peers, and of our own parts."""
        return [*self._watch.alarms(), *self.dispatcher.alarms()]

    def deliveries(self) -> Deliveries:
        """What became of each message of a warning at each peer."""
        return self.dispatcher.deliveries()

    def counters(self) -> dict[str, float]:
        """Running figures by the name they have at ``/metrics``, label in braces: ``steps_total{site="embassy"}``."""
        found: dict[str, float] = {"listener_faults_total": self._listener_faults}
        for site, core in self._cores.items():
            said, label = core.health(), f'{{site="{site}"}}'
            found |= {
                f"steps_total{label}": said.steps,
                f"detections_total{label}": said.detections,
                f"step_faults_total{label}": said.faults,
                f"step_lag_seconds{label}": said.lag_s,
                f"waiting_detections{label}": said.waiting,
                f"open_warnings{label}": self.board.open_warnings(site),
                f"tracks{label}": self.board.tracks(site),
            }
        if self._feeds is not None:
            found |= self._feeds.counters()
        return found if self._journal is None else found | self._journal.counters()

    def _tell(self, site: str, outputs: Outputs) -> None:
        """In the thread of a site: delivery first, then whoever listens."""
        self.board.take(site, outputs)
        if self.mode.sends:
            self.dispatcher.tell(site, outputs)
        for listener in self._listeners:
            try:
                listener(site, outputs)
            except Exception:  # a display's fault is not the chain's
                self._listener_faults += 1
                _log.exception("site %s: a listener failed", site)

    # -- mode

    def checks(self) -> list[Check]:
        """What must hold before warnings are meant, and whether it does."""
        marks = [] if self.scenario.stages["warn"].status == "actual" else ["[warn] status is not actual"]  # type: ignore[attr-defined]
        return find_faults(self.health(), self.peers(), marks, outs=bool(self.dispatcher.outs))

    def go(self, mode: Mode, who: str, reason: str) -> None:
        """Change the mode: a named operator's act.

        Parameters
        ----------
        mode : Mode
            From shadow to actual or back. Exercises begin and end with the service.
        who, reason : str
            Neither may be empty.

        Raises
        ------
        InputError
            Without a name or a reason.
        RunError
            If a check is red, a warning is open, or the mode cannot be reached from here.
        """
        who, reason = " ".join(who.split()), " ".join(reason.split())
        if not who or not reason:
            raise InputError("who and reason: expected a name and words that say why")
        if Mode.EXERCISE in (mode, self.mode):
            raise RunError("an exercise begins and ends with its own service; start the service in the mode wanted")
        if mode is self.mode:
            return
        opened = sum(self.board.open_warnings(site) for site in self._cores)
        if opened:
            raise RunError(f"{opened} warnings are open; the mode changes between warnings")
        red = [check for check in self.checks() if not check.passed]
        if mode is Mode.ACTUAL and red:
            raise RunError("checks are red: " + "; ".join(f"{check.name}: {check.text}" for check in red))
        _log.warning("mode %s -> %s by %s: %s", self.mode, mode, who, reason)
        if self._journal is not None:
            self._journal.act({"act": "mode", "from": str(self.mode), "to": str(mode), "who": who, "reason": reason})
        self.mode = mode
        if mode.sends:  # what peers have missed: the states of zones
            for site in self._cores:
                self.dispatcher.recall(site, self.board.said(site, ended=False))


def make_receiver(plan: FeedPlan, clock: Clock) -> Receiver:
    """The receiver of a plan's feeds, by the clock of the service; not started.

    Raises
    ------
    InputError
        If the clock cannot be told to another process, or an address cannot be listened at.
    """
    if not isinstance(clock, PacedClock):
        raise InputError("feeds need a clock that runs in another process too: a PacedClock")
    return Receiver(plan.inlets, origin_ns=clock.start_ns, began_ns=clock.began_ns, speed=clock.speed)


def _meant(scenario: Scenario, mode: Mode) -> Scenario:
    """The scenario with the status that its mode gives to warnings; a site set to test stays one."""
    warn = scenario.stages["warn"]
    if getattr(warn, "status", "test") == "test":
        return scenario
    status = "exercise" if mode is Mode.EXERCISE else "actual"
    return replace(scenario, stages={**scenario.stages, "warn": warn.model_copy(update={"status": status})})
