"""Quiet: hours without a raid - clutter, birds, aircraft - and every warning in them a false one."""

from __future__ import annotations

from collections.abc import Sequence
from time import process_time
from typing import Any

from rampart.bench.figures import rate
from rampart.bench.skies import aircraft, birds
from rampart.records import Phase
from rampart.study import simulate

from .families import COMPOUND, COMPOUND_RADAR, scene

RUN_S = 1_800.0
BIRDS, AIRCRAFT_PER_HOUR, FALSE_ALARMS = 40, 6.0, 20.0
#: Hours without a warning that bound the rate at 1 per 168 h, one-sided 95 %.
WEEK_CLAIM_H = 504.0


class _Count:
    """Numbers of the warnings that were opened, and of those that said shelter."""

    def __init__(self) -> None:
        self.opened: set[int] = set()
        self.sheltered: set[int] = set()

    def __call__(self, site: str, second: float, out: Any) -> None:
        rows = out.warnings
        for number, phase in zip(rows.number.tolist(), rows.phase.tolist(), strict=True):
            if phase in (Phase.PREPARE, Phase.SHELTER):
                self.opened.add(number)
            if phase == Phase.SHELTER:
                self.sheltered.add(number)


def watch_sky(seed: int) -> dict[str, Any]:
    """Half an hour of the compound's radar with nothing to warn of."""
    started, count = process_time(), _Count()
    sky = [birds(BIRDS, RUN_S), aircraft(AIRCRAFT_PER_HOUR, RUN_S)]
    scenario = scene("quiet", COMPOUND, [COMPOUND_RADAR], sky, RUN_S)
    simulate(scenario, seed=seed, effectors=False, referee=False, progress=count)
    return {
        "seed": seed,
        "warnings": len(count.opened),
        "sheltered": len(count.sheltered),
        "cpu_s": round(process_time() - started, 3),
    }


def figures(skies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """False warnings per hour, and what the claim of one a week costs."""
    hours = len(skies) * RUN_S / 3600.0
    cpu_h = sum(sky["cpu_s"] for sky in skies) / 3600.0
    return {
        "birds": BIRDS,
        "aircraft_per_hour": AIRCRAFT_PER_HOUR,
        "false_alarms_per_scan": FALSE_ALARMS,
        "false_warnings": rate(sum(sky["warnings"] for sky in skies), hours),
        "false_shelters": rate(sum(sky["sheltered"] for sky in skies), hours),
        "cpu_h": round(cpu_h, 4),
        "cpu_h_for_1_per_168_h": round(cpu_h / hours * WEEK_CLAIM_H, 3),
    }
