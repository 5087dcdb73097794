"""Drill: run a raid live - paced by a clock, through the chain, out to every peer of the site file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rampart.pipeline import Outputs, Place, Scenario, build_chain
from rampart.records import Deliveries, Outcome, Phase, Row, TargetClass, warning_name
from rampart.serve.core import PacedClock, SiteCore
from rampart.serve.delivery import Alarm, Dispatcher, PeerHealth, Setting, build_outs

from .raid import Raid

LEAD_S = 1.0  #: from the start of the program's connections to the first scan
DRAIN_S = 3.0  #: at the end, for messages that wait

OnWarning = Callable[[Place, Row], None]  #: one message of a warning, in the thread of its site
OnAlarm = Callable[[Alarm], None]


@dataclass
class Drill:
    """What a drill left behind."""

    scenario: str
    seed: int
    simulated_s: float
    warnings: list[tuple[Place, Row]] = field(default_factory=list)  #: where, message
    deliveries: Deliveries = field(default_factory=Deliveries.empty)
    peers: list[PeerHealth] = field(default_factory=list)
    late_s: float = 0.0  #: by how much the simulation fell behind its clock at worst

    def answer(self) -> dict[str, Any]:
        """What ``rampart exercise --json`` prints."""
        return {
            "schema": 1,
            "scenario": self.scenario,
            "seed": self.seed,
            "status": "exercise",
            "simulated_s": self.simulated_s,
            "warnings": [_message(place, row) for place, row in self.warnings],
            "peers": [self._peer(peer) for peer in self.peers],
            "behind_s": round(self.late_s, 3),
        }

    def _peer(self, peer: PeerHealth) -> dict[str, Any]:
        """How a peer stands at the end, and how long messages took from the deciding report to it."""
        mine = self.deliveries.take(self.deliveries.peer == peer.peer) if len(self.deliveries) else self.deliveries
        sent = mine.take((mine.sent_ns > 0) & (mine.received_ns > 0)) if len(mine) else mine
        took_ms = (sent.sent_ns - sent.received_ns) * 1e-6 if len(sent) else np.zeros(0)
        return {
            "id": peer.peer,
            "kind": peer.kind,
            "state": str(peer.state),
            "reason": peer.reason,
            "messages": len(mine),
            "acknowledged": int(np.count_nonzero(mine.outcome == Outcome.ACKNOWLEDGED)) if len(mine) else 0,
            "detection_to_sent_ms": {
                "median": round(float(np.median(took_ms)), 2) if len(took_ms) else None,
                "p99": round(float(np.quantile(took_ms, 0.99)), 2) if len(took_ms) else None,
            },
        }


def _message(place: Place, row: Row) -> dict[str, Any]:
    left_s = float(row.time_to_impact_s)
    return {
        "warning": warning_name(place.site.id, int(row.number)),
        "sequence": int(row.sequence),
        "zone": place.site.zones[int(row.zone)].id,
        "phase": Phase(int(row.phase)).label,
        "class": TargetClass(int(row.target_class)).label,
        "time_to_impact_s": round(left_s, 2) if np.isfinite(left_s) else None,
        "reason": str(row.reason),
    }


def _wait(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def describe(place: Place, row: Row) -> str:
    """One message of a warning in a line of words for whoever runs the drill."""
    site, left_s = place.site, float(row.time_to_impact_s)
    when = f"{(int(row.time_ns) - site.start_ns) * 1e-9:6.1f} s"
    what = f"{Phase(int(row.phase)).label} for {site.zones[int(row.zone)].name}"
    threat = TargetClass(int(row.target_class)).label
    why = f"{threat}, in {left_s:.0f} s" if np.isfinite(left_s) else str(row.reason)
    return f"{when}  EXERCISE {warning_name(site.id, int(row.number))} {what}: {why}"


def _rehearse(scenario: Scenario, seed: int, run: int) -> None:
    """Fly the raid once, unpaced and untold: a chain that meets its first rocket with cold code answers too late."""
    raid = Raid(scenario, scenario.start_ns, seed=seed, run=run)
    chains = {place.site.id: build_chain(raid.scenario, place, engage=False) for place in raid.places}
    for scan in raid.scans():
        chains[scan.site].step(scan.now_ns, scan.detections)


def drill(
    scenario: Scenario,
    *,
    seed: int = 0,
    run: int = 0,
    speed: float = 1.0,
    on_warning: OnWarning | None = None,
    on_alarm: OnAlarm | None = None,
    on_start: Callable[[], None] | None = None,
    stopped: Callable[[float], bool] = _wait,
) -> Drill:
    """Fly a raid in real time, and tell every ``[[out]]`` of its file what the chain says.

    Parameters
    ----------
    scenario : Scenario
        With threats; its ``[[out]]`` are the peers. Simulated effectors stay out of it.
    seed, run : int
        As of ``rampart run``.
    speed : float
        Simulated seconds per real second. With other than 1 the stamps of messages run away from the peers' clocks.
    on_warning, on_alarm : callable or None
        Told of each message, and of each alarm of delivery.
    on_start : callable or None
        Told when the raid begins.
    stopped : callable
        Given real seconds to wait; returns True, at once, if the drill is to end early.

    Returns
    -------
    Drill

    Raises
    ------
    InputError
        If a peer cannot be built of what the file says.
    """
    _rehearse(scenario, seed, run)
    clock = PacedClock(time.time_ns(), speed)
    raid = Raid(scenario, clock() + round(LEAD_S * speed * 1e9), seed=seed, run=run)
    result = Drill(scenario.name, seed, scenario.head.duration_s)
    setting = Setting(clock, live=False, folder=scenario.folder, session=f"exercise-{raid.scenario.start_ns}")
    dispatcher = Dispatcher(build_outs(raid.scenario, raid.places, setting), clock, on_alarm)
    by_id = {place.site.id: place for place in raid.places}

    def tell(site: str, outputs: Outputs) -> None:
        dispatcher.tell(site, outputs)
        raid.see(site, outputs.now_ns, outputs.tracks)
        for row in outputs.warnings:
            result.warnings.append((by_id[site], row))
            if on_warning is not None:
                on_warning(by_id[site], row)

    cores = {
        place.site.id: SiteCore(
            place.site.id, build_chain(raid.scenario, place, engage=False), clock, tell, speed=speed
        )
        for place in raid.places
    }
    dispatcher.start()
    try:
        for core in cores.values():
            core.start()
        if on_start is not None:
            on_start()
        ended = False
        for scan in raid.scans():
            result.late_s = max(result.late_s, (clock() - scan.now_ns) * 1e-9 / speed)
            ended = stopped(clock.real_s(scan.now_ns))
            if ended:
                break
            cores[scan.site].receive(scan.detections, scan.heard)
        if not ended:
            stopped(clock.real_s(raid.end_ns))
    finally:
        for core in cores.values():
            core.stop()
        result.peers = dispatcher.health()
        dispatcher.stop(DRAIN_S)
        result.deliveries = dispatcher.log.deliveries()
    return result
