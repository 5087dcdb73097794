"""Measures: what the runs of a design point come to, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rampart.pipeline import Scenario

from .intervals import Estimate, proportion, quantile, rate, ratio
from .table import Table, take

#: Every measure: unit, and what it says.
MEASURES: Mapping[str, tuple[str, str]] = {
    "p_no_leaker": ("share of raids", "no threat comes down in a defended zone"),
    "leakers_mean": ("threats", "threats that come down in a defended zone, per raid"),
    "leakers_p95": ("threats", "... in the raid that only one of twenty exceeds"),
    "leak_share": ("share of threats", "threats that come down in a defended zone"),
    "leaked_people_mean": ("people", "leakers weighted by the people of the zone they come down in, per raid"),
    "rounds_mean": ("rounds", "rounds spent per raid"),
    "rounds_per_kill": ("rounds", "rounds spent per threat destroyed"),
    "wasted_rounds_mean": ("rounds", "rounds spent where nothing was, per raid"),
    "p_empty": ("share of raids", "an effector runs out of rounds"),
    "warned_in_time": ("share of pairs", "threats and zones they endanger, warned the shelter time before"),
    "p_warned_in_time": ("share of raids", "all such pairs are warned in time"),
    "people_in_time": ("share of people", "people in endangered zones, warned in time for the first arrival"),
    "missed": ("share of observable pairs", "not warned before arrival"),
    "lead_s_p05": ("s", "warning time that one of twenty endangering threats undercuts; 0 counts for no warning"),
    "lead_s_p50": ("s", "median warning time"),
    "person_minutes_mean": ("person-minutes", "people sit in shelter, per raid"),
    "false_warnings_per_hour": ("1/h", "shelter warnings of nothing"),
    "unneeded_mean": ("zones", "zones warned of a real threat that does not need it, per raid"),
    "false_tracks_mean": ("tracks", "confirmed tracks of nothing, per raid"),
    "casualties_mean": ("people", "expected casualties per raid, by the area model"),
    "casualties_unwarned_mean": ("people", "... had nobody been warned"),
    "casualties_ratio": ("ratio", "casualties without warnings over those with"),
    "casualties_avoided_mean": ("people", "casualties that effectors and warnings avoid, per raid"),
    "cost": ("as in the file", "cost of sensors and effectors, and of the rounds of one raid"),
}


@dataclass(frozen=True)
class Costs:
    """What a design point costs; both None where no part carries a cost."""

    parts: float | None
    per_round: float

    @classmethod
    def of(cls, scenario: Scenario) -> Costs:
        """Add up the key ``cost`` of sensors and effectors; rounds cost what the effectors' mean round costs."""
        parts = [part for section in ("sensor", "effector") for part in scenario.parts[section]]
        fixed = [float(getattr(part, "cost", 0.0) or 0.0) for part in parts]
        rounds = [float(getattr(part, "cost_per_round", 0.0) or 0.0) for part in scenario.parts["effector"]]
        per_round = float(np.mean(rounds)) if rounds else 0.0
        return cls(sum(fixed) if any(fixed) or per_round else None, per_round)


def measure(
    runs: Table, threats: Table, *, duration_s: float, costs: Costs, protection: tuple[float, float, float]
) -> dict[str, Estimate]:
    """All measures of one design point.

    Parameters
    ----------
    runs, threats : Table
        Its rows.
    duration_s : float
        Of one run [s].
    costs : Costs
        Of its parts.
    protection : tuple of 3 floats
        Share of harm that shelter takes away: usual, least, most.
    """
    n = len(runs["run"])
    good = runs["leaked"] == 0
    needed = threats["needed"] == 1
    leads, raids = threats["lead_ds"][needed] / 10.0, threats["run"][needed]
    all_warned = runs["in_time"] == runs["pairs"]
    endangered = runs["pairs"] > 0
    return {
        "p_no_leaker": proportion(int(good.sum()), n),
        "leakers_mean": ratio(runs["leaked"]),
        "leakers_p95": quantile(runs["leaked"], 0.95),
        "leak_share": ratio(runs["leaked"], runs["threats"]),
        "leaked_people_mean": ratio(runs["leaked_people"]),
        "rounds_mean": ratio(runs["rounds"]),
        "rounds_per_kill": ratio(runs["rounds"], runs["destroyed"]),
        "wasted_rounds_mean": ratio(runs["wasted_rounds"]),
        "p_empty": proportion(int((runs["empty"] == 1).sum()), n),
        "warned_in_time": ratio(runs["in_time"], runs["pairs"]),
        "p_warned_in_time": proportion(int((all_warned & endangered).sum()), int(endangered.sum())),
        "people_in_time": ratio(runs["people_in_time"], runs["people"]),
        "missed": ratio(runs["missed"], runs["observable"]),
        "lead_s_p05": quantile(leads, 0.05, raids),
        "lead_s_p50": quantile(leads, 0.50, raids),
        "person_minutes_mean": ratio(runs["person_minutes"]),
        "false_warnings_per_hour": rate(int(runs["false"].sum()), n * duration_s / 3600.0),
        "unneeded_mean": ratio(runs["unneeded"]),
        "false_tracks_mean": ratio(runs["false_tracks"]),
        **_casualties(runs, protection),
        "cost": _cost(runs, costs),
    }


def _casualties(runs: Table, protection: tuple[float, float, float]) -> dict[str, Estimate]:
    usual, least, most = protection
    arrived, sheltered, all_ = (runs[key].astype(float) for key in ("harm_arrived", "harm_sheltered", "harm"))
    with_, low, high = (arrived - share * sheltered for share in (usual, least, most))
    shares = [ratio(arrived, column) for column in (with_, low, high)]
    return {
        "casualties_mean": ratio(with_),
        "casualties_unwarned_mean": ratio(arrived),
        # between its bounds lies what is published of shelter, and the chance of the raids
        "casualties_ratio": Estimate(shares[0].value, shares[1].low, shares[2].high),
        "casualties_avoided_mean": ratio(all_ - with_),
    }


def _cost(runs: Table, costs: Costs) -> Estimate:
    if costs.parts is None:
        return Estimate.unknown()
    rounds = ratio(runs["rounds"])
    value, low, high = (costs.parts + costs.per_round * r for r in (rounds.value, rounds.low, rounds.high))
    return Estimate(value, low, high)


def by_point(table: Table, count: int) -> list[Table]:
    """A sorted table cut by design point."""
    cuts = np.searchsorted(table["design"], np.arange(count + 1))
    return [take(table, np.arange(a, b)) for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)]


def leaker_counts(runs: Table) -> list[int]:
    """How many raids had 0, 1, 2, ... leakers."""
    counts: list[int] = np.bincount(runs["leaked"].astype(np.int64), minlength=1).tolist()
    return counts


def as_dicts(measures: Mapping[str, Estimate]) -> dict[str, Any]:
    """Plain data."""
    return {name: estimate.as_dict() for name, estimate in measures.items()}
