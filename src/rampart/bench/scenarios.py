"""``rampart bench scenarios``: every number of the named scenarios over seeds 0 to 99."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

from rampart.pipeline import builtin_scenarios

from .figures import share

SEEDS = 100
QUICK_SEEDS = 8
SEEN_BEFORE = 0.3  #: impact errors count threats first seen before this share of the flight
BALLISTIC = ("rocket", "shell", "mortar")


def run(*, quick: bool = False, workers: int = 2) -> dict[str, Any]:
    """Run every named scenario over its seeds and sum up.

    Parameters
    ----------
    quick : bool
        8 seeds in place of 100.
    workers : int
        Processes; the figures do not depend on it.
    """
    seeds = range(QUICK_SEEDS if quick else SEEDS)
    names = builtin_scenarios()
    jobs = [(name, seed) for name in names for seed in seeds]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        summaries = list(pool.map(_summary, jobs, chunksize=4))
    results = []
    for name in names:
        mine = [summary for (job, _), summary in zip(jobs, summaries, strict=True) if job == name]
        results.append({"name": name, "ours": figures(mine), "peer": None, "ratio": None})
    return {"results": results}


def _summary(job: tuple[str, int]) -> dict[str, Any]:
    from rampart.study import run as run_scenario

    name, seed = job
    return run_scenario(name, seed=seed).summary


def figures(summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The numbers of one scenario from the summaries of its runs."""
    threats = [threat for summary in summaries for threat in summary["threats"]]
    ballistic = [t for t in threats if t["kind"] in BALLISTIC]
    drones = [t for t in threats if t["kind"] not in BALLISTIC]
    found: dict[str, Any] = {"seeds": len(summaries), "threats": len(threats)}
    if ballistic:
        found["ballistic"] = {**_pairs(ballistic), **_impacts(ballistic)}
    if drones:
        observable = [t for t in drones if t["observable"]]
        both = sum(t["confirmed_s"] is not None and t["first_warning_s"] is not None for t in observable)
        found["drones"] = {
            **_pairs(drones),
            "drones_observable": share(len(observable), len(drones)),
            "confirmed_and_warned": share(both, len(observable)),
        }
    return {**found, **_counts(summaries, threats)}


def _pairs(threats: Sequence[dict[str, Any]]) -> dict[str, Any]:
    pairs = [pair for threat in threats for pair in threat["pairs"]]
    observable = [pair for pair in pairs if pair["observable"]]
    warned = [pair for pair in observable if pair["warned"]]
    delays = [
        t["first_warning_s"] - t["first_detection_s"]
        for t in threats
        if t["first_warning_s"] is not None and t["needed_zones"]
    ]
    return {
        "needed_pairs": len(pairs),
        "observable": share(len(observable), len(pairs)),
        "warned_of_observable": share(len(warned), len(observable)),
        "first_warning_after_first_detection_s": quantiles(delays),
        "lead_s": quantiles([t["warning_lead_s"] for t in threats if t["warning_lead_s"] is not None]),
    }


def _impacts(threats: Sequence[dict[str, Any]]) -> dict[str, Any]:
    early = [t for t in threats if t["first_detection_s"] is not None and _seen_at(t) < SEEN_BEFORE]
    found: dict[str, Any] = {"seen_before_0.3": len(early)}
    for part in ("0.5", "0.8"):
        rows = [
            (t["impact_error_m"][part], t["impact_bound_m"][part])
            for t in early
            if t["impact_error_m"][part] is not None and t["impact_bound_m"][part] is not None
        ]
        rms, bound = np.sqrt(np.mean(np.square(rows), axis=0)).tolist() if rows else (None, None)
        ratio = rms / bound if rms is not None and bound else None
        found[f"impact_at_{part}"] = {"n": len(rows), "rms_m": rms, "bound_m": bound, "rms_over_bound": ratio}
    inside = [t["in_ellipse_90"] for t in early if t["in_ellipse_90"] is not None]
    found["in_ellipse_90"] = share(sum(inside), len(inside))
    return found


def _seen_at(threat: dict[str, Any]) -> float:
    return (threat["first_detection_s"] - threat["launch_s"]) / (threat["arrival_s"] - threat["launch_s"])


def _counts(summaries: Sequence[dict[str, Any]], threats: Sequence[dict[str, Any]]) -> dict[str, Any]:
    outcomes = sorted({t["outcome"] for t in threats})
    keys = ("issued", "false", "unneeded", "missed", "missed_all", "duplicate")
    return {
        "runs_engaged": sum(any(t["engagements"] for t in s["threats"]) for s in summaries),
        "threats_engaged": sum(t["engagements"] > 0 for t in threats),
        "runs_without_false_warning": share(sum(s["warnings"]["false"] == 0 for s in summaries), len(summaries)),
        "warnings": {key: sum(s["warnings"][key] for s in summaries) for key in keys},
        "tracks": {key: sum(s["tracks"][key] for s in summaries) for key in ("confirmed", "false", "id_switches")},
        "outcomes": {outcome: sum(t["outcome"] == outcome for t in threats) for outcome in outcomes},
        "hours": sum(s["duration_s"] for s in summaries) / 3600,
    }


def quantiles(values: Sequence[float]) -> dict[str, float | None]:
    """Median, 5 % and 95 % quantile of what there is."""
    if not values:
        return {"p05": None, "p50": None, "p95": None}
    p05, p50, p95 = np.quantile(values, [0.05, 0.5, 0.95]).round(3).tolist()
    return {"p05": p05, "p50": p50, "p95": p95}
