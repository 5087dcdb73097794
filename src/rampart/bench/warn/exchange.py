"""Exchange: fewer people told to prepare for nothing, against a later first word - the same raids, other policies."""

from __future__ import annotations

from collections.abc import Sequence
from time import process_time
from typing import Any

import numpy as np

from rampart.bench.figures import share
from rampart.bench.scenarios import quantiles
from rampart.records import Phase, Warnings
from rampart.study.score import Scorer
from rampart.warn import WarnerSpec

from .families import compound_raid
from .record import Record
from .watched import Watched, warn, watch

#: What is exchanged: the default first, then who waits for whom, then from how likely a zone on people prepare.
POLICIES: dict[str, dict[str, float]] = {
    "as it comes": {},
    "wait_share = 0": {"wait_share": 0.0, "settled_share": 0.0},
    "settled_share = 0.8": {"settled_share": 0.8},
    "prepare_probability = 0.05": {"prepare_probability": 0.05},
    "prepare_probability = 0.1": {"prepare_probability": 0.1},
    "prepare_probability = 0.2": {"prepare_probability": 0.2},
    "prepare_probability = 0.3": {"prepare_probability": 0.3},
}


def exchange(seed: int) -> dict[str, Any]:
    """One small raid under every policy."""
    started = process_time()
    watched = watch(compound_raid(seed), seed)
    place = watched.run.place
    found = {}
    for name, keys in POLICIES.items():
        warner = WarnerSpec.model_validate(keys).build(place.site, place.environment)
        found[name] = _score(watched, warn(warner, watched))
    return {"seed": seed, "cpu_s": round(process_time() - started, 3), "policies": found}


def _score(watched: Watched, said: Warnings) -> dict[str, Any]:
    before = watched.scorer
    scorer = Scorer(before.run, before.radius_m, before.duration_s)
    scorer.__dict__["matches"], scorer.__dict__["warnings"] = before.matches, said
    zones, record = before.run.place.site.zones, Record.of(said, before.run.place.site.start_ns, before.duration_s)
    detections, shown = before.looks
    delays, late, observable = [], 0, 0
    for i in range(len(before.run.world.flights)):
        told = []
        for need in before.needs(i):
            when_s = scorer.first_warning(i, need.zone)
            if when_s is not None and when_s < need.arrival_s:
                told.append(when_s)
            if before.observable(i, need):
                observable += 1
                ready = record.sheltered(need.arrival_s, zones[need.zone].shelter_time_s)
                late += need.zone not in ready
        if told:
            delays.append(round(min(told) - float(scorer.seconds(detections.time_ns[shown == i].min())), 3))
    counts = scorer.warning_counts()
    sheltered = set(said.number[said.phase == Phase.SHELTER].tolist())
    return {
        "issued": counts["issued"],
        "unneeded": counts["unneeded"],
        "prepared_only": len(set(said.number.tolist()) - sheltered),
        "observable": observable,
        "late": late,
        "flicker": int(record.again.sum()),
        "delays_s": delays,
    }


def figures(raids: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """By policy: warnings, unneeded ones, delays, people who had no time."""
    found: dict[str, Any] = {"raids": len(raids)}
    for name in POLICIES:
        rows = [raid["policies"][name] for raid in raids]
        total = {key: sum(row[key] for row in rows) for key in rows[0] if key != "delays_s"}
        delays = np.concatenate([row["delays_s"] for row in rows]).tolist()
        found[name] = {
            "warnings": total["issued"],
            "unneeded": share(total["unneeded"], total["issued"]),
            "prepared_only": share(total["prepared_only"], total["issued"]),
            "first_warning_after_first_detection_s": {"n": len(delays), **quantiles(delays)},
            "not_sheltered_in_time": share(total["late"], total["observable"]),
            "cancel_then_warn": total["flicker"],
        }
    return found
