"""Debrief: what the trainee decided, beside what the policy would have done, and what would have been best."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rampart.records import Decisions, Phase, Row, Site
from rampart.records.names import DecisionKind

from .fire import FireDesk, Proposal
from .optimum import Yardstick

ANSWER_S = 10.0  #: an alarm acknowledged within this counts as answered in time


@dataclass
class Log:
    """What was done in the course of an exercise."""

    decisions: list[tuple[str, Decisions]] = field(default_factory=list)  #: site, decision
    announcements: list[dict[str, Any]] = field(default_factory=list)
    transitions: list[dict[str, Any]] = field(default_factory=list)  #: of alarms, as the display logs them
    warnings: list[tuple[str, Row]] = field(default_factory=list)  #: site, message


def debrief(
    scenario: str, seed: int, sites: Mapping[str, Site], desks: Mapping[str, FireDesk], log: Log, yardstick: Yardstick
) -> dict[str, Any]:
    """Everything that is said at the end, as plain data.

    Parameters
    ----------
    scenario, seed
        What flew.
    sites : mapping
        By id; their `start_ns` is second 0.
    desks : mapping
        By site, as the trainee left them.
    log : Log
        What else was done.
    yardstick : Yardstick
        What it is compared with.
    """
    needed = yardstick.wanted
    threats = [
        _threat(entry, sites, desks, yardstick, entry["id"] in needed) for entry in yardstick.undisturbed["threats"]
    ]
    return {
        "schema": 1,
        "scenario": scenario,
        "seed": seed,
        "status": "exercise",
        "alarms": _alarms(log, min(site.start_ns for site in sites.values())),
        "threats": threats,
        "needless": _needless(sites, desks, needed),
        "shots": {
            "trainee": _totals(desks, needed),
            "policy": _policy_totals(yardstick, needed),
            "optimum": _totals(yardstick.optimum, needed),
        },
        "decisions": [_decision(site, sites[site], row, yardstick) for site, rows in log.decisions for row in rows],
        "warnings": _warnings(log, sites, yardstick),
        "announcements": log.announcements,
        "findings": [],
    }


def with_findings(report: dict[str, Any]) -> dict[str, Any]:
    """The same with what is to be learned from it, in sentences."""
    return {**report, "findings": list(_findings(report))}


def _threat(
    entry: Mapping[str, Any],
    sites: Mapping[str, Site],
    desks: Mapping[str, FireDesk],
    yardstick: Yardstick,
    needed: bool,
) -> dict[str, Any]:
    site = entry["site"]
    mine = _proposal(desks[site], entry["id"])
    ideal = _proposal(yardstick.optimum[site], entry["id"])
    policy = next(t for t in yardstick.policy["threats"] if t["id"] == entry["id"])
    start_ns = sites[site].start_ns
    act = mine.acts[-1] if mine and mine.acts else None
    return {
        "id": entry["id"],
        "site": site,
        "kind": entry["kind"],
        "endangers_defended_zone": needed,
        "arrival_s": entry["arrival_s"],
        "needed_zones": entry["needed_zones"],
        "proposed_s": _seconds(mine.since_ns, start_ns) if mine else None,
        "trainee": {
            "decision": _said(mine),
            "after_s": round((act[0] - mine.since_ns) * 1e-9, 2) if act and mine else None,
            "by": act[1] if act else None,
            "shots": mine.shots if mine else 0,
            "outcome": _outcome(desks[site], entry["id"], needed),
        },
        "policy": {"shots": policy["engagements"], "outcome": _fate(policy["outcome"], needed)},
        "optimum": {
            "decision": "release" if needed else "withhold",
            "shots": ideal.shots if ideal else 0,
            "outcome": _outcome(yardstick.optimum[site], entry["id"], needed),
        },
    }


def _proposal(desk: FireDesk, flight: str) -> Proposal | None:
    """The proposal that showed a flight for longest."""
    flights = desk.world.flights
    mine = [p for p in desk.proposals.values() if p.flight >= 0 and flights[p.flight].id == flight]
    return max(mine, key=lambda p: (bool(p.acts), sum(p.seen.values())), default=None)


def _said(proposal: Proposal | None) -> str:
    if proposal is None:
        return "not proposed"
    return {"release": "released", "withhold": "withheld"}[proposal.acts[-1][2]] if proposal.acts else "none"


def _outcome(desk: FireDesk, flight: str, needed: bool) -> str:
    i = next(k for k, f in enumerate(desk.world.flights) if f.id == flight)
    if any(shot.destroyed and shot.flight == i for shot in desk.referee.shots):
        return "destroyed"
    return "got through" if needed else "harmless"


def _fate(outcome: str, needed: bool) -> str:
    """The outcome of a run in the words of the debrief."""
    if outcome == "destroyed":
        return outcome
    return "got through" if needed else "harmless"


def _totals(desks: Mapping[str, FireDesk], needed: set[str]) -> dict[str, Any]:
    """Shots, rounds, and how many that endangered a defended zone got through."""
    shots = [(desk, shot) for desk in desks.values() for shot in desk.referee.shots]
    wasted = sum(
        shot.rounds for desk, shot in shots if shot.flight < 0 or desk.world.flights[shot.flight].id not in needed
    )
    down = {desk.world.flights[shot.flight].id for desk, shot in shots if shot.destroyed and shot.flight >= 0}
    return {
        "shots": len(shots),
        "rounds": sum(shot.rounds for _, shot in shots),
        "rounds_at_what_endangered_nothing": wasted,
        "leakers": len(needed - down),
    }


def _policy_totals(yardstick: Yardstick, needed: set[str]) -> dict[str, Any]:
    threats = yardstick.policy["threats"]
    return {
        "shots": sum(t["engagements"] for t in threats),
        "rounds": sum(e["rounds_used"] for e in yardstick.policy["effectors"]),
        "leakers": sum(t["outcome"] != "destroyed" for t in threats if t["id"] in needed),
    }


def _needless(sites: Mapping[str, Site], desks: Mapping[str, FireDesk], needed: set[str]) -> list[dict[str, Any]]:
    """What was released although it endangered nothing that is defended."""
    found = []
    for site, desk in desks.items():
        for p in desk.proposals.values():
            flight = desk.world.flights[p.flight].id if p.flight >= 0 else None
            if _said(p) == "released" and flight not in needed:
                found.append(
                    {"site": site, "track": p.track, "threat": flight, "shots": p.shots,
                     "at_s": _seconds(p.acts[-1][0], sites[site].start_ns)}
                )  # fmt: skip
    return found


def _alarms(log: Log, start_ns: int) -> list[dict[str, Any]]:
    """Each time an alarm sounded, and when somebody said that he knew."""
    found: dict[str, dict[str, Any]] = {}
    rows: list[dict[str, Any]] = []
    for t in log.transitions:
        at_s = round(t["time_ms"] * 1e-3 - start_ns * 1e-9, 2)
        if t["what"] in ("raised", "upgraded") and t["alarm"] not in found:
            found[t["alarm"]] = {
                "alarm": t["alarm"], "priority": t["priority"], "text": t["text"], "at_s": at_s,
                "acknowledged_after_s": None, "by": None,
            }  # fmt: skip
            rows.append(found[t["alarm"]])
        elif t["what"] in ("raised", "upgraded"):
            found[t["alarm"]].update(priority=t["priority"], text=t["text"])
        elif t["what"] == "acknowledged" and t["alarm"] in found:
            row = found.pop(t["alarm"])
            row.update(acknowledged_after_s=round(at_s - row["at_s"], 2), by=t["by"])
    return rows


def _decision(site_id: str, site: Site, row: Row, yardstick: Yardstick) -> dict[str, Any]:
    """A decision about warnings, and what truth says of it."""
    what, at_s = DecisionKind(int(row.what)), _seconds(int(row.time_ns), site.start_ns)
    zones = [site.zones[i].id for i in row.zones]
    coming = [
        t for t in yardstick.undisturbed["threats"]
        if t["site"] == site_id and set(t["needed_zones"]) & set(zones) and t["arrival_s"] > at_s
    ]  # fmt: skip
    judged = "in order"
    if what in (DecisionKind.CANCEL, DecisionKind.RELEASE) and coming:
        judged = f"{len(coming)} threats to these zones were still in the air or to come"
    elif what == DecisionKind.WARN and not coming:
        judged = "nothing endangered these zones after it"
    return {
        "at_s": at_s, "what": what.label, "who": str(row.who), "zones": zones, "reason": str(row.reason),
        "judged": judged,
        "right": judged == "in order",
    }  # fmt: skip


def _warnings(log: Log, sites: Mapping[str, Site], yardstick: Yardstick) -> list[dict[str, Any]]:
    """Zones in danger, and how long before the first arrival they were told."""
    found = []
    for site_id, site in sites.items():
        arrivals: dict[str, float] = {}
        for t in yardstick.undisturbed["threats"]:
            if t["site"] == site_id:
                for zone in t["needed_zones"]:
                    arrivals[zone] = min(t["arrival_s"], arrivals.get(zone, math.inf))
        for zone, arrival_s in arrivals.items():
            told = [
                _seconds(int(row.time_ns), site.start_ns)
                for s, row in log.warnings
                if s == site_id and site.zones[int(row.zone)].id == zone and int(row.phase) <= Phase.SHELTER
            ]
            lead = round(arrival_s - min(told), 2) if told else None
            found.append({"site": site_id, "zone": zone, "arrival_s": arrival_s, "told_before_s": lead})
    return found


def _seconds(time_ns: int, start_ns: int) -> float:
    return round((time_ns - start_ns) * 1e-9, 2)


def _findings(report: Mapping[str, Any]) -> Iterable[str]:
    late = [a for a in report["alarms"] if a["acknowledged_after_s"] is None or a["acknowledged_after_s"] > ANSWER_S]
    never = sum(a["acknowledged_after_s"] is None for a in late)
    if not report["alarms"]:
        yield "No alarm was raised."
    elif late:
        tail = f", {never} of them never" if never else ""
        yield f"{len(late)} of {len(report['alarms'])} alarms were not acknowledged within {ANSWER_S:.0f} s{tail}."
    else:
        yield f"Every alarm was acknowledged within {ANSWER_S:.0f} s."
    wanted = [t for t in report["threats"] if t["endangers_defended_zone"] and t["proposed_s"] is not None]
    missed = [t for t in wanted if t["trainee"]["decision"] != "released"]
    if missed:
        yield f"{_names(missed)} endangered a defended zone and {_were(missed)} not released."
    answers = [t["trainee"]["after_s"] for t in wanted if t["trainee"]["decision"] == "released"]
    if answers:
        yield f"Released after {min(answers):.1f} to {max(answers):.1f} s."
    if wanted and not missed:
        yield "Everything that endangered a defended zone and could be engaged was released."
    for row in report["needless"]:
        yield f"T{row['track']} was released although it endangered nothing that is defended ({row['shots']} shots)."
    for row in report["decisions"]:
        if not row["right"]:
            yield f"{row['what'].capitalize()} of {', '.join(row['zones'])} at {row['at_s']:.0f} s: {row['judged']}."
    untold = [w for w in report["warnings"] if w["told_before_s"] is None]
    if untold:
        yield f"Never told although in danger: {', '.join(w['zone'] for w in untold)}."
    mine, ideal = report["shots"]["trainee"], report["shots"]["optimum"]
    if ideal["shots"] or mine["shots"]:
        yield (
            f"Got through: {mine['leakers']} with your decisions, {report['shots']['policy']['leakers']} by policy, "
            f"{ideal['leakers']} at best. Each shot is a throw of dice."
        )


def _names(threats: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(t["id"] for t in threats)


def _were(threats: Sequence[Mapping[str, Any]]) -> str:
    return "was" if len(threats) == 1 else "were"
