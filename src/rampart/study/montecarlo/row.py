"""Row: one run as numbers - what a study keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rampart.pipeline import Scenario
from rampart.study.score import Scorer
from rampart.study.site_run import SiteRun

from .exposure import expected_harm, lead_of, person_minutes
from .table import OUTCOMES

Row = dict[str, Any]


def rows_of(
    scenario: Scenario, sites: Sequence[SiteRun], parts: Sequence[str], zones: Sequence[str], harm_area_m2: float
) -> tuple[Row, list[Row]]:
    """The row of a run and those of its threats, without design and run.

    Parameters
    ----------
    scenario : Scenario
        What ran.
    sites : sequence of SiteRun
        Finished runs, one per site.
    parts : sequence of str
        Ids of the threat parts that columns count in.
    zones : sequence of str
        ``site/zone`` of the zones that columns count in.
    harm_area_m2 : float
        See `expected_harm`.
    """
    radius_m: float = scenario.stages["referee"].match_radius_m  # type: ignore[attr-defined]
    total: Row = {}
    threats: list[Row] = []
    for site in sites:
        scorer = Scorer(site, radius_m, scenario.head.duration_s)
        told = scorer.outcomes()
        for key, value in _site_row(scorer, told, harm_area_m2).items():
            total[key] = total.get(key, 0) + value
        flights = [flight for flight in site.world.flights if flight.threat]
        for flight, entry in zip(flights, told, strict=True):
            threats.append(_threat_row(scorer, flight, entry, parts, zones) | {"threat": len(threats)})
    return total | {"empty": int(total["empty"] > 0)}, threats


def _site_row(scorer: Scorer, told: list[Row], harm_area_m2: float) -> Row:
    outcomes = [entry["outcome"] for entry in told]
    zones = {zone.id: zone for zone in scorer.run.place.site.zones}
    pairs = [(pair, zones[pair["zone"]]) for entry in told for pair in entry["pairs"]]
    pairs = [(pair, zone) for pair, zone in pairs if pair["arrival_s"] <= scorer.duration_s]
    first: dict[str, tuple[float, float]] = {}
    for pair, zone in pairs:
        first[zone.id] = min(first.get(zone.id, (np.inf, 0.0)), (pair["arrival_s"], lead_of(pair)))
    warnings = scorer.warning_counts()
    harm = expected_harm(scorer, told, harm_area_m2)
    return {
        "threats": len(told),
        **{name: outcomes.count(name) for name in ("destroyed", "leaked", "outside")},
        "leaked_people": sum(_people_hit(scorer, entry) for entry in told if entry["outcome"] == "leaked"),
        **_shots_row(scorer.run),
        "pairs": len(pairs),
        "observable": sum(pair["observable"] for pair, _ in pairs),
        "warned": sum(pair["warned"] for pair, _ in pairs),
        "in_time": sum(pair["warned"] and lead_of(pair) >= zone.shelter_time_s for pair, zone in pairs),
        "people": sum(zones[name].population for name in first),
        "people_in_time": sum(
            zones[name].population for name, (_, lead) in first.items() if lead >= max(zones[name].shelter_time_s, 1e-9)
        ),
        "person_minutes": person_minutes(scorer),
        **{key: warnings[key] for key in ("false", "unneeded", "missed", "duplicate")},
        "false_tracks": scorer.false_tracks(),
        "harm": harm.all,
        "harm_arrived": harm.arrived,
        "harm_sheltered": harm.sheltered,
    }


def _shots_row(run: SiteRun) -> Row:
    used = [0] * len(run.place.effectors)
    for shot in run.shots:
        used[shot.effector] += shot.rounds
    specs = [spec for _, spec in run.place.effectors]
    return {
        "engagements": len(run.shots),
        "rounds": sum(used),
        "wasted_rounds": sum(shot.rounds for shot in run.shots if shot.flight < 0),
        "empty": sum(spec.rounds - n < spec.rounds_per_engagement for spec, n in zip(specs, used, strict=True)),
    }


def _people_hit(scorer: Scorer, entry: Row) -> float:
    near = zip(scorer.run.place.site.zones, entry["beyond_m"], strict=True)
    return max((zone.population for zone, far_m in near if zone.defended and far_m <= 0.0), default=0.0)


def _threat_row(scorer: Scorer, flight: Any, entry: Row, parts: Sequence[str], zones: Sequence[str]) -> Row:
    site, down = scorer.run.place.site, flight.position_enu[-1, :2]
    labels = [f"{site.id}/{z.id}" for z, far_m in zip(site.zones, entry["beyond_m"], strict=True) if far_m <= 0.0]
    leads = [lead_of(pair) for pair in entry["pairs"]]
    return {
        "part": parts.index(flight.part) if flight.part in parts else -1,
        "outcome": OUTCOMES.index(entry["outcome"]),
        "zone": next((zones.index(label) for label in labels if label in zones), -1),
        "east_m": round(float(down[0])),
        "north_m": round(float(down[1])),
        "needed": bool(entry["pairs"]),
        "lead_ds": round(10.0 * min(leads)) if leads else 0,
    }
