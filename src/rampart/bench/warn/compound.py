"""Compound: thousands of small raids on three zones through the whole chain, and what their warnings were worth."""

from __future__ import annotations

from collections.abc import Sequence
from time import process_time
from typing import Any

import numpy as np
from scipy.stats import beta

from rampart.bench.figures import rate, share
from rampart.bench.scenarios import quantiles
from rampart.records import Phase
from rampart.study import simulate
from rampart.study.score import Scorer

from .families import compound_raid
from .record import Record


def score_raid(seed: int) -> dict[str, Any]:
    """One raid: its needed pairs, its delays, and what else was said."""
    started = process_time()
    scenario = compound_raid(seed)
    (run,) = simulate(scenario, seed=seed, effectors=False, referee=False)
    radius_m: float = scenario.stages["referee"].match_radius_m  # type: ignore[attr-defined]
    scorer = Scorer(run, radius_m, scenario.head.duration_s)
    record = Record.of(scorer.warnings, run.place.site.start_ns, scorer.duration_s)
    counts = scorer.warning_counts()
    threats = [_threat(scorer, record, i) for i, flight in enumerate(run.world.flights) if flight.threat]
    return {
        "seed": seed,
        "kind": run.world.flights[0].kind,
        "duration_s": scenario.head.duration_s,
        "threats": threats,
        "warnings": counts,
        "flicker": int(record.again.sum()),
        "messages": len(scorer.warnings),
        "prepared_only": _prepared_only(scorer),
        "cpu_s": round(process_time() - started, 4),
    }


def _threat(scorer: Scorer, record: Record, i: int) -> dict[str, Any]:
    flight, zones = scorer.run.world.flights[i], scorer.run.place.site.zones
    detections, shown = scorer.looks
    seen_s = scorer.seconds(detections.time_ns[shown == i])
    first_s = float(seen_s.min()) if len(seen_s) else None
    third_s = float(np.sort(seen_s)[2]) if len(seen_s) > 2 else None
    pairs = []
    for need in scorer.needs(i):
        told_s = scorer.first_warning(i, need.zone)
        pairs.append(
            {
                "observable": scorer.observable(i, need),
                "told_s": told_s,
                "in_force": need.zone in record.in_force(need.arrival_s),
                "in_time": need.zone in record.sheltered(need.arrival_s, zones[need.zone].shelter_time_s),
            }
        )
    return {"arrival_s": flight.end_s, "first_s": first_s, "third_s": third_s, "pairs": pairs}


def _prepared_only(scorer: Scorer) -> int:
    """Warnings that never said more than prepare."""
    rows = scorer.warnings
    return len(set(rows.number.tolist()) - set(rows.number[rows.phase == Phase.SHELTER].tolist()))


def figures(raids: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The numbers of many raids."""
    pairs = [(t, p) for raid in raids for t in raid["threats"] for p in t["pairs"]]
    observable = [(t, p) for t, p in pairs if p["observable"]]
    missed = sum(p["told_s"] is None or p["told_s"] >= t["arrival_s"] for t, p in observable)
    total = {key: sum(raid["warnings"][key] for raid in raids) for key in raids[0]["warnings"]}
    hours = sum(raid["duration_s"] for raid in raids) / 3600.0
    return {
        "raids": len(raids),
        "threats": sum(len(raid["threats"]) for raid in raids),
        "needed_pairs": len(pairs),
        "observable": share(len(observable), len(pairs)),
        "missed": at_most(missed, len(observable)),
        "missed_any": at_most(sum(p["told_s"] is None or p["told_s"] >= t["arrival_s"] for t, p in pairs), len(pairs)),
        "not_sheltered_in_time": at_most(sum(not p["in_time"] for _, p in observable), len(observable)),
        "covered_at_arrival": share(sum(p["in_force"] for _, p in observable), len(observable)),
        **_lead(pairs),
        "first_warning_of_observable_s": _lead(observable)["first_warning_after_first_detection_s"],
        "issued": total["issued"],
        "unneeded": share(total["unneeded"], total["issued"]),
        "prepared_only": share(sum(raid["prepared_only"] for raid in raids), total["issued"]),
        "false_in_raids": rate(total["false"], hours),
        "duplicates": at_most(total["duplicate"], len(raids)),
        "cancel_then_warn": at_most(sum(raid["flicker"] for raid in raids), len(raids)),
        "cpu_s_per_raid": round(float(np.mean([raid["cpu_s"] for raid in raids])), 4),
    }


def by_kind(raids: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Misses and delays of rockets, mortar bombs and shells apart."""
    keys = (
        "raids",
        "threats",
        "observable",
        "missed",
        "not_sheltered_in_time",
        "first_warning_after_first_detection_s",
        "first_warning_after_third_detection_s",
        "first_warning_of_observable_s",
        "lead_over_possible",
        "unneeded",
    )
    found = {}
    for kind in sorted({raid["kind"] for raid in raids}):
        whole = figures([raid for raid in raids if raid["kind"] == kind])
        found[kind] = {key: whole[key] for key in keys}
    return found


def at_most(k: int, n: int) -> dict[str, Any]:
    """A share with its 95 % interval, and the one-sided 95 % bound that a goal is held against (Clopper-Pearson).

    >>> at_most(0, 598)["at_most"]
    0.004997
    """
    found = share(min(k, n), n)
    found["at_most"] = round(float(beta.ppf(0.95, k + 1, n - k)), 6) if k < n else 1.0
    return found


def _lead(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    """Delay of the first warning, and how much of the time that was physically there was given."""
    delays, later, shares, leads = [], [], [], []
    first: dict[int, tuple[dict[str, Any], float]] = {}
    for threat, pair in pairs:
        if pair["told_s"] is not None and threat["first_s"] is not None and pair["told_s"] < threat["arrival_s"]:
            before = first.get(id(threat), (threat, np.inf))[1]
            first[id(threat)] = threat, min(before, pair["told_s"])
    for threat, told_s in first.values():
        delays.append(told_s - threat["first_s"])
        if threat["third_s"] is not None:
            later.append(told_s - threat["third_s"])
        leads.append(threat["arrival_s"] - told_s)
        shares.append((threat["arrival_s"] - told_s) / (threat["arrival_s"] - threat["first_s"]))
    return {
        "first_warning_after_first_detection_s": {"n": len(delays), **quantiles(delays)},
        "first_warning_after_third_detection_s": {"n": len(later), **quantiles(later)},
        "lead_s": {"n": len(leads), **quantiles(leads)},
        "lead_over_possible": {"n": len(shares), **quantiles(shares)},
    }
