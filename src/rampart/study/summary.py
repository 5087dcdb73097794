"""Summary: ``summary.json``, schema 1. Keys are always there, null where undefined."""

from collections.abc import Sequence
from math import degrees, isfinite
from typing import Any

from rampart.pipeline import Scenario

from .debris import debris_counts
from .referee import Shot
from .score import Scorer
from .site_run import SiteRun

SCHEMA = 1


def summarise(
    scenario: Scenario, seed: int, run: int, sites: Sequence[SiteRun], output_sha256: str, *, scored: bool = True
) -> dict[str, Any]:
    """The summary of a run.

    Parameters
    ----------
    scenario : Scenario
        What ran.
    seed, run : int
        As given.
    sites : sequence of SiteRun
        Finished runs, one per site.
    output_sha256 : str
        Of Track, Prediction, Warning and Engagement in emission order.
    scored : bool
        False where no referee watched: no threats, and counts are null.
    """
    duration_s = scenario.head.duration_s
    radius_m: float = scenario.stages["referee"].match_radius_m  # type: ignore[attr-defined]
    scorers = [Scorer(site, radius_m, duration_s) for site in sites] if scored else []
    return {
        "schema": SCHEMA,
        "scenario": scenario.name,
        "seed": seed,
        "run": run,
        "duration_s": duration_s,
        "threats": [threat for scorer in scorers for threat in scorer.threats()],
        "warnings": _add([scorer.warning_counts() for scorer in scorers]),
        "tracks": _add([scorer.track_counts() for scorer in scorers]),
        "debris": debris_counts(sites) if scored else None,
        "shots": [{"site": site.place.site.id, **_shot(shot)} for site in sites for shot in site.shots],
        "effectors": [entry for site in sites for entry in _effectors(site)],
        "sensors": [{"site": site.place.site.id, **row} for site in sites for row in site.sensors],
        "timing": {"simulated_s": duration_s, "wall_s": None},
        "recording": None,
        "report": None,
        "alerts": None,
        "output_sha256": output_sha256,
    }


def _add(counts: Sequence[dict[str, int]]) -> dict[str, int] | None:
    return {key: sum(count[key] for count in counts) for key in counts[0]} if counts else None


def _shot(shot: Shot) -> dict[str, Any]:
    return {
        "number": shot.number,
        "fire_s": round(shot.fire_s, 3),
        "intercept_s": round(shot.intercept_s, 3),
        "miss_distance_m": round(shot.miss_distance_m, 1) if isfinite(shot.miss_distance_m) else None,
        "probability": round(shot.probability, 4),
        "destroyed": shot.destroyed,
        "aircraft_angle_deg": round(degrees(shot.aircraft_rad), 2) if isfinite(shot.aircraft_rad) else None,
    }


def _effectors(site: SiteRun) -> list[dict[str, Any]]:
    entries, flights = [], site.world.flights
    for index, (_, spec) in enumerate(site.place.effectors):
        shots = [shot for shot in site.shots if shot.effector == index]
        entries.append(
            {
                "id": spec.id,
                "site": site.place.site.id,
                "rounds_used": sum(shot.rounds for shot in shots),
                "rounds_left": spec.rounds - sum(shot.rounds for shot in shots),
                "rounds_on_false_tracks": sum(shot.rounds for shot in shots if shot.aimed < 0),
                "rounds_on_harmless": sum(
                    shot.rounds for shot in shots if shot.aimed >= 0 and not flights[shot.aimed].threat
                ),
                "engagements": len(shots),
                "destroyed": sum(shot.destroyed for shot in shots),
            }
        )
    return entries
