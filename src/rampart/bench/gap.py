"""``rampart bench gap``: the drone gap - the same low slow drones past a growing mix of sensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rampart.study import run as run_scenario

from .figures import rate, share
from .kept import each_kept
from .skies import MIXES, SHELTER_S, aircraft, birds, drones, scene

FIRST_SEED = 70_000
RUNS, QUICK_RUNS = 40, 3
DURATION_S = 300.0
DRONES, BIRDS, AIRCRAFT_PER_HOUR = 3, 40, 12.0


def run(*, quick: bool = False, runs: int | None = None, workers: int = 1, keep: Path | None = None) -> dict[str, Any]:
    """Fly the same drones, birds and aircraft past each mix.

    Parameters
    ----------
    quick : bool
        3 runs in place of 40.
    runs : int or None
        That many instead.
    workers : int
        Processes; the figures do not depend on it.
    keep : pathlib.Path or None
        File that takes the figures of each run as it ends. Runs that it holds already are not flown again.
    """
    n = runs or (QUICK_RUNS if quick else RUNS)
    flown = each_kept("gap", fly_all, range(FIRST_SEED, FIRST_SEED + n), workers=workers, keep=keep)
    results = []
    for name in MIXES:
        summaries = [row["mixes"][name] for row in flown]
        ours = {"seeds": f"{FIRST_SEED}..{FIRST_SEED + n - 1}", **figures(summaries)}
        results.append({"name": name, "ours": ours, "peer": None, "ratio": None})
    return {"results": results}


def fly_all(seed: int) -> dict[str, Any]:
    """What `figures` needs of the same sky past each mix."""
    return {"seed": seed, "mixes": {mix: _brief(fly(mix, seed)) for mix in MIXES}}


def _brief(summary: dict[str, Any]) -> dict[str, Any]:
    return {name: summary[name] for name in ("duration_s", "threats", "warnings", "tracks")}


def fly(mix: str, seed: int) -> dict[str, Any]:
    """The summary of one run: the sky depends on the seed alone, not on the mix."""
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
    flying = [*drones(rng, DRONES), birds(BIRDS, DURATION_S, 2_000.0), aircraft(AIRCRAFT_PER_HOUR, DURATION_S)]
    return run_scenario(scene(flying, MIXES[mix], DURATION_S), seed=seed).summary


def figures(summaries: list[dict[str, Any]]) -> dict[str, Any]:
    """What became of the drones, and what was warned of without cause."""
    threats = [threat for summary in summaries for threat in summary["threats"]]
    warned = [t for t in threats if _lead(t) >= SHELTER_S]
    confirmed = [t for t in threats if t["confirmed_s"] is not None]
    seen = [t for t in confirmed if t["first_detection_s"] is not None]
    hours = sum(summary["duration_s"] for summary in summaries) / 3600.0
    return {
        "drones": len(threats),
        "missed": share(len(threats) - len(warned), len(threats)),
        "never_confirmed": share(len(threats) - len(confirmed), len(threats)),
        "first_detection_s": _spread([t["first_detection_s"] - t["launch_s"] for t in seen]),
        "time_to_confirm_s": _spread([t["confirmed_s"] - t["first_detection_s"] for t in seen]),
        "warning_time_s": _spread([_lead(t) for t in warned]),
        "called_drone": share(sum(t["class"] in ("multirotor", "fixed_wing") for t in confirmed), len(confirmed)),
        "false_warnings": rate(sum(s["warnings"]["false"] for s in summaries), hours),
        "false_tracks_per_hour": sum(s["tracks"]["false"] for s in summaries) / hours,
    }


def _lead(threat: dict[str, Any]) -> float:
    """Seconds from the first warning of the endangered zone to the arrival; below 0 if there was none."""
    leads = [p["arrival_s"] - p["first_warning_s"] for p in threat["pairs"] if p["first_warning_s"] is not None]
    return max(leads, default=-1.0)


def _spread(values: list[float]) -> dict[str, float | int | None]:
    """Median with its 95 % interval by order statistics (binomial), 5 % and 95 % quantiles."""
    n = len(values)
    if not n:
        return {"n": 0, "p50": None, "low": None, "high": None, "p05": None, "p95": None}
    ordered = np.sort(values)
    half = 0.98 * np.sqrt(n)
    low, high = (int(np.clip(round(0.5 * n + side * half), 0, n - 1)) for side in (-1.0, 1.0))
    p05, p50, p95 = np.quantile(ordered, [0.05, 0.5, 0.95]).round(2).tolist()
    return {
        "n": n,
        "p50": p50,
        "low": round(float(ordered[low]), 2),
        "high": round(float(ordered[high]), 2),
        "p05": p05,
        "p95": p95,
    }
