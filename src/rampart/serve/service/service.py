"""Service: the live process of one site file. Reports and decisions in; tracks, warnings and health out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from rampart.errors import InputError, RunError
from rampart.pipeline import Outputs, Place, Scenario, build_chain, build_places
from rampart.records import Decisions, Deliveries, DetectionFlag, Detections, ExternalTracks, Health, HealthState, Site
from rampart.serve.core import Clock, SiteCore, wall_clock
from rampart.serve.delivery import Alarm, Dispatcher, PeerHealth, Setting, build_outs

from .board import Board, SiteView
from .check import Check
from .mode import Mode

_log = logging.getLogger("rampart.serve")
Listener = Callable[[str, Outputs], None]  #: site id, what its chain said; in the thread of the site, returns at once
OnAlarm = Callable[[Alarm], None]


class Service:
    """Chains, delivery and the latest picture of every site of a file.

    Parameters
    ----------
    scenario : Scenario
        A site file, loaded with `rampart.pipeline.LIVE_ROOMS`; or a scenario whose raid somebody flies into `receive`.
    mode : Mode or None
        In place of the file's own; the file's, or shadow, if not given.
    clock : callable or None
        ns UTC, never going back; the computer's, untouched by its steps, if not given.
    speed : float
        Seconds of the clock per real second; other than 1 for exercises only.
    session : str or None
        Differs at each cold start; goes into the ids that peers see.

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
    ) -> None:
        self.clock: Clock = clock or wall_clock()
        self.mode = mode or Mode(scenario.head.mode or Mode.SHADOW)
        self.scenario = _meant(scenario, self.mode)
        self.places: tuple[Place, ...] = build_places(self.scenario)
        self.session = session if session is not None else f"{self.clock() // 1_000_000_000:x}"
        self.board = Board(place.site for place in self.places)
        self._on_alarm = on_alarm
        setting = Setting(self.clock, live=self.mode is not Mode.EXERCISE, folder=scenario.folder, session=self.session)
        self.dispatcher = Dispatcher(build_outs(self.scenario, self.places, setting), self.clock, on_alarm)
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()
        self._listener_faults = 0
        self._decided = {place.site.id: 0 for place in self.places}
        self._cores = {place.site.id: self._core(place, speed) for place in self.places}
        self._running = False

    def _core(self, place: Place, speed: float) -> SiteCore:
        chain = build_chain(self.scenario, place, engage=False, live=True)
        return SiteCore(place.site.id, chain, self.clock, self._tell, speed=speed)

    @property
    def sites(self) -> Mapping[str, Site]:
        """The sites by their ids, in the order of the file."""
        return MappingProxyType({place.site.id: place.site for place in self.places})

    # -- running

    def start(self) -> None:
        """Begin to step and to deliver."""
        self.dispatcher.start()
        for core in self._cores.values():
            core.start()
        self._running = True

    def stop(self, drain_s: float = 2.0) -> None:
        """Step what waits, deliver it for at most `drain_s`, and end."""
        self._running = False
        for core in self._cores.values():
            core.stop()
        self.dispatcher.stop(drain_s)

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
        """Take reports of one site from any thread; see `SiteCore.receive`."""
        self._cores[site].receive(detections, heard, external)

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

    def health(self) -> Health:
        """The state of every part: ``sensor/ID``, ``chain/SITE``, ``channel/ID``, and what feeds and journal say."""
        now_ns = self.clock()
        sensors = [self.board.view(site).health for site in self._cores]
        return Health.concat([*sensors, self._chain_health(now_ns), self.dispatcher.health_records(now_ns)])

    def _chain_health(self, now_ns: int) -> Health:
        rows = []
        for site, core in self._cores.items():
            said = core.health()
            late_s = (now_ns - self.board.view(site).now_ns) * 1e-9
            state, reason = HealthState.OK, ""
            if not said.steps:
                state, reason = HealthState.STARTING, "no step yet"
            elif late_s > 3.0:
                state, reason = HealthState.STALE, f"no step for {late_s:.0f} s"
            elif said.faults:
                state, reason = HealthState.DEGRADED, f"{said.faults} steps failed since the start"
            rows.append((f"chain/{site}", state, reason))
        return health_rows(now_ns, rows)

    def peers(self) -> list[PeerHealth]:
        """How each ``[[out]]`` stands, in the order of the file."""
        return self.dispatcher.health()

    def alarms(self) -> list[Alarm]:
        """Those that stand."""
        return self.dispatcher.alarms()

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
                f"tracks{label}": len(self.board.view(site).tracks),
            }
        return found

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
        health = self.health()
        bad = {str(row.part): str(row.reason) for row in health if not HealthState(int(row.state)).works}
        return [
            _check("sensors", [f"{part}: {why}" for part, why in bad.items() if part.startswith("sensor/")]),
            _check("chain", [f"{part}: {why}" for part, why in bad.items() if part.startswith("chain/")]),
            _check("peers", self._peer_faults()),
        ]

    def _peer_faults(self) -> list[str]:
        found = [f"{peer.peer}: {peer.reason or peer.state}" for peer in self.peers() if peer.dead]
        return found or ([] if self.dispatcher.outs else ["the file has no [[out]]: nobody would be told"])

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
        if not who.strip() or not reason.strip():
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
        _log.warning("mode %s -> %s by %s: %s", self.mode, mode, who.strip(), reason.strip())
        self.mode = mode


def health_rows(now_ns: int, rows: Iterable[tuple[str, HealthState, str]]) -> Health:
    """Part, state and reason as records, all as of now."""
    rows = list(rows)
    return Health.build(
        len(rows),
        time_ns=[now_ns] * len(rows),
        part=[part for part, _, _ in rows],
        state=[int(state) for _, state, _ in rows],
        since_ns=[now_ns] * len(rows),
        reason=[reason for _, _, reason in rows],
    )


def _check(name: str, faults: list[str]) -> Check:
    return Check(name, not faults, "; ".join(faults) if faults else "in order")


def _meant(scenario: Scenario, mode: Mode) -> Scenario:
    """The scenario with the status that its mode gives to warnings; a site set to test stays one."""
    warn = scenario.stages["warn"]
    if getattr(warn, "status", "test") == "test":
        return scenario
    status = "exercise" if mode is Mode.EXERCISE else "actual"
    return replace(scenario, stages={**scenario.stages, "warn": warn.model_copy(update={"status": status})})
