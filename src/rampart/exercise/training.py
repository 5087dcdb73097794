"""Training: a raid on the live display, with a trainee who answers it, and a debrief at the end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rampart.ledger.files import plain, write_text
from rampart.pipeline import Outputs, Place, Scenario
from rampart.records import Decisions, Detections, Health
from rampart.serve.core import Clock, PacedClock
from rampart.serve.delivery import PeerHealth
from rampart.serve.service import Mode, Service
from rampart.serve.web.roles import Role
from rampart.serve.web.server import WebSettings
from rampart.serve.web.start import OpenDisplay, open_display

from .debrief import Log, debrief, with_findings
from .debrief_page import debrief_page
from .desk_routes import Training
from .drill import DRAIN_S, OnAlarm, OnWarning
from .optimum import desks_of, measure
from .raid import Raid

LEAD_S = 8.0  #: from the opening of the display to the beginning of the raid
QUIET_NS = 300_000_000  #: before the first scan
Listener = Callable[[str, Outputs], None]


@dataclass(frozen=True)
class Plan:
    """What is flown, and how."""

    scenario: Scenario
    seed: int = 0
    run: int = 0
    speed: float = 1.0
    lead_s: float = LEAD_S


@dataclass
class Trained:
    """What a training left behind."""

    report: dict[str, Any]
    files: list[Path] = field(default_factory=list)


class Watched:
    """The service as the display sees it; what operators decide is kept for the debrief."""

    def __init__(self, service: Service, log: Log) -> None:
        self._service, self._log = service, log

    @property
    def clock(self) -> Clock:
        """Its time."""
        return self._service.clock

    @property
    def mode(self) -> Mode:
        """Always exercise."""
        return self._service.mode

    @property
    def places(self) -> Sequence[Place]:
        """Its sites."""
        return self._service.places

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have each step told."""
        return self._service.subscribe(listener)

    def said(self, site: str) -> Outputs:
        """All that holds at a site."""
        return self._service.said(site)

    def decide(self, site: str, decisions: Decisions) -> None:
        """Take what a trainee decided, and keep it."""
        self._service.decide(site, decisions)
        self._log.decisions.append((site, decisions))

    def health(self) -> Health:
        """The state of every part."""
        return self._service.health()

    def peers(self) -> list[PeerHealth]:
        """How each peer stands."""
        return self._service.peers()

    def observed_cover(self, site: str) -> list[dict[str, Any]]:
        """What the sensors saw of what they looked at."""
        return self._service.observed_cover(site)

    def counters(self) -> dict[str, float]:
        """Running figures."""
        return self._service.counters()


def train(
    plan: Plan,
    settings: WebSettings,
    folder: Path,
    *,
    stopped: Callable[[float], bool],
    on_open: Callable[[OpenDisplay], None] | None = None,
    on_warning: OnWarning | None = None,
    on_alarm: OnAlarm | None = None,
    stay: Callable[[OpenDisplay], None] | None = None,
) -> Trained:
    """Fly a raid on the display, and write the debrief.

    Parameters
    ----------
    plan : Plan
        The raid.
    settings : WebSettings
        Where the display is to be had.
    folder : pathlib.Path
        Takes ``debrief.html``, ``debrief.json`` and ``alarms.jsonl``.
    stopped : callable
        Given real seconds to wait; True, at once, if the exercise is to end early.
    on_open : callable or None
        Told of the display before the raid begins.
    on_warning, on_alarm : callable or None
        As of `drill`.
    stay : callable or None
        Called when the debrief is there, with the display still open.
    """
    yardstick = measure(plan.scenario, seed=plan.seed, run=plan.run)  # flown before: the kernels are warm by now
    clock = PacedClock(time.time_ns(), plan.speed)
    raid = Raid(plan.scenario, clock() + round(plan.lead_s * plan.speed * 1e9), seed=plan.seed, run=plan.run)
    service = Service(
        raid.scenario, mode=Mode.EXERCISE, clock=clock, speed=plan.speed, on_alarm=on_alarm,
        session=f"exercise-{raid.scenario.start_ns}",
    )  # fmt: skip
    desks, log = desks_of(raid, seed=plan.seed, run=plan.run), Log()
    training = Training(desks, log, raid.scenario.start_ns)
    opened = open_display(
        Watched(service, log), settings, dev=Role.OPERATOR if settings.local else None,
        alarm_log=folder / "alarms.jsonl", more=training.routes, extra={"exercise": training.told()},
    )  # fmt: skip
    by_id = {place.site.id: place for place in raid.places}

    def hear(site: str, outputs: Outputs) -> None:
        raid.see(site, outputs.now_ns, outputs.tracks)
        raid.lose(site, desks[site].step(outputs))
        opened.display.extra["exercise"] = training.told()
        for row in outputs.warnings:
            log.warnings.append((site, row))
            if on_warning is not None:
                on_warning(by_id[site], row)

    service.subscribe(hear)
    over = threading.Event()
    try:
        service.start()
        if on_open is not None:
            on_open(opened)
        _fly(raid, service, clock, stopped)
        threading.Thread(target=_keep_quiet, args=(raid, service, over), daemon=True).start()
        for desk in desks.values():
            desk.referee.resolve(raid.end_ns)
        log.transitions = [t.entry() for t in list(opened.display.board.log)]
        report = with_findings(debrief(plan.scenario.name, plan.seed, dict(service.sites), desks, log, yardstick))
        trained = Trained(report, _write(folder, report))
        training.page, training.report = debrief_page(report), plain(report)
        opened.display.extra["exercise"] = training.told()
        if stay is not None:
            stay(opened)
    finally:
        over.set()
        opened.close()
        service.stop(DRAIN_S)
    return trained


def _fly(raid: Raid, service: Service, clock: PacedClock, stopped: Callable[[float], bool]) -> None:
    while clock() < raid.scenario.start_ns - QUIET_NS:
        _quiet(raid, service)
        if stopped(min(0.5, clock.real_s(raid.scenario.start_ns - QUIET_NS))):
            return
    for scan in raid.scans():
        if stopped(clock.real_s(scan.now_ns)):
            return
        service.receive(scan.site, scan.detections, scan.heard)
    stopped(clock.real_s(raid.end_ns))


def _quiet(raid: Raid, service: Service) -> None:
    """Before and after the raid the sensors say that there is nothing."""
    for place in raid.places:
        service.receive(place.site.id, Detections.empty(), range(len(place.site.sensors)))


def _keep_quiet(raid: Raid, service: Service, over: threading.Event) -> None:
    while not over.wait(0.5):
        _quiet(raid, service)


def _write(folder: Path, report: dict[str, Any]) -> list[Path]:
    page, data = folder / "debrief.html", folder / "debrief.json"
    write_text(page, debrief_page(report))
    write_text(data, json.dumps(plain(report), allow_nan=False, indent=1) + "\n")
    return [page, data]
