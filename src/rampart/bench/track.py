"""``rampart bench track``: CPU time per scan and accuracy of the tracker, beside Stone Soup on the same detections.

One process and one core at a time, CPU time, kernels compiled before. Accuracy is the mean over all seeds of a row, and
Stone Soup's algorithms run on as many of them as their row in `CASES` says; the best of those that ran on all is the
row's peer. Time is measured on the first seeds, ours as the median over passes, Stone Soup's right after it on the same
scene. `ratio` is Stone Soup's GNN with extended Kalman filter over ours, in CPU time per scan over the same scans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import alarms, memory, say
from .peer import Algorithm, PeerRun, run_peer, settings_of
from .raid import make_raid
from .scenes import make_scene
from .trial import Trial, cpu, follow, scores, summary

GNN = Algorithm("gnn")
TREE = Algorithm("gnn-tree")
UKF = Algorithm("gnn", "ukf")
EHM = Algorithm("jpda-ehm2")
LBP = Algorithm("jpda-lbp")
FIVE = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Case:
    """One row: a kind of scene, its seeds, and how many of them each of Stone Soup's algorithms gets."""

    kind: str
    targets: int
    seeds: Sequence[int]
    peers: Mapping[Algorithm, int]

    @property
    def name(self) -> str:
        """Of the row."""
        return "raid_2r" if self.kind == "raid" else f"{self.kind}_{self.targets}"

    def trial(self, seed: int) -> Trial:
        """The scene of one seed."""
        return Trial.of(make_raid(seed) if self.kind == "raid" else make_scene(self.kind, self.targets, seed))


CASES = (
    Case("cross", 10, FIVE, {GNN: 5, UKF: 1, EHM: 1}),
    Case("cross", 50, FIVE, {GNN: 5, UKF: 2, EHM: 1, LBP: 1, TREE: 1}),
    Case("cross", 100, FIVE, {GNN: 5, TREE: 2}),
    Case("dense", 50, FIVE, {GNN: 5, EHM: 2, UKF: 1, LBP: 1, TREE: 1}),
    Case("swarm", 40, tuple(range(100, 120)), {GNN: 20}),
    Case("cross", 1000, tuple(range(10)), {}),
    Case("raid", 20, FIVE, {GNN: 3}),
)
QUICK_SEEDS, PASSES, TIMED = 2, 3, 2
LIMIT_S, QUICK_LIMIT_S = 240.0, 8.0


def run(*, quick: bool = False) -> dict[str, Any]:
    """Track every case and score it.

    Parameters
    ----------
    quick : bool
        Two seeds and one pass of ours, and a few seconds of GNN for Stone Soup, which is then not scored.
    """
    follow(Trial.of(make_scene("cross", 10, 99)))  # compiles
    results = []
    for case in CASES:
        results += _rows(case, quick=quick)
    results += [alarms.clutter_hour(quick=quick), *alarms.confirm(quick=quick), memory.row()]
    return {"results": results}


def _rows(case: Case, *, quick: bool) -> list[dict[str, Any]]:
    seeds = list(case.seeds)[:QUICK_SEEDS] if quick else list(case.seeds)
    runs: dict[int, dict[str, float]] = {}
    times: dict[int, np.ndarray] = {}
    peers: dict[Algorithm, dict[int, PeerRun]] = {}
    for n, seed in enumerate(seeds):
        trial = case.trial(seed)
        passes = [follow(trial) for _ in range(1 if quick else PASSES)]
        times[seed] = np.median([p.cpu_ms for p in passes], axis=0)
        runs[seed] = scores(trial, passes[0].rows)
        for algorithm, most in case.peers.items():
            if n < (1 if quick else most) and (algorithm == GNN or not quick):
                found = run_peer(trial, algorithm, limit_s=QUICK_LIMIT_S if quick else LIMIT_S)
                if found is not None:
                    peers.setdefault(algorithm, {})[seed] = found
        say(f"{trial.name}: GOSPA {runs[seed]['gospa_m']:.1f} m, {np.mean(times[seed]):.2f} ms per look")
    ours = {
        "scenes": len(seeds),
        "cpu_ms_per_scan": cpu(np.concatenate(list(times.values()))),
        **summary(runs),
    }
    known = {a.name: _figures(done, runs, times) for a, done in peers.items()}
    peer = {"settings": settings_of(case.trial(seeds[0])), "best": _best(known, len(seeds)), **known} if known else None
    gnn = known.get(GNN.name)
    row = {"name": case.name, "ours": ours, "peer": peer, "ratio": gnn["cpu_ratio"] if gnn else None}
    return [row, *(_speed_rows(known) if case.name == "cross_100" else ())]


def _figures(
    done: Mapping[int, PeerRun], runs: Mapping[int, Mapping[str, float]], times: Mapping[int, np.ndarray]
) -> dict[str, Any]:
    """One algorithm of Stone Soup: time on its first seeds, scores over all of them, and each over ours."""
    timed = list(done)[:TIMED]
    theirs = np.concatenate([done[seed].cpu_ms for seed in timed])
    same = np.concatenate([times[seed][: len(done[seed].cpu_ms)] for seed in timed])
    out: dict[str, Any] = {
        "scenes": len(done),
        "timed_looks": len(theirs),
        "cpu_ms_per_scan": cpu(theirs),
        "cpu_ratio": float(np.mean(theirs) / np.mean(same)),
    }
    whole = {seed: found.scores for seed, found in done.items() if found.scores is not None}
    if len(whole) < len(done):
        return out
    mine = summary({seed: runs[seed] for seed in whole})
    theirs_mean = summary(whole)
    out |= theirs_mean
    out["ours_over_it"] = {
        name: mine[name] / theirs_mean[name] if theirs_mean[name] else None for name in ("gospa_m", "id_switches")
    }
    return out


def _best(known: Mapping[str, Mapping[str, Any]], seeds: int) -> str | None:
    """The algorithm with the least mean GOSPA among those that ran on all seeds."""
    whole = {name: found["gospa_m"] for name, found in known.items() if "gospa_m" in found and found["scenes"] == seeds}
    return min(whole, key=lambda name: whole[name]) if whole else None


def _speed_rows(known: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Time of Stone Soup's GNN with extended Kalman filter, and of its fastest algorithm, over ours."""
    if not known:
        return []
    fastest = min(known, key=lambda name: known[name]["cpu_ratio"])
    return [
        {
            "name": name,
            "ours": {"cpu_ms_per_scan": known[which]["cpu_ms_per_scan"]["mean"] / known[which]["cpu_ratio"]},
            "peer": {"algorithm": which, "cpu_ms_per_scan": known[which]["cpu_ms_per_scan"]["mean"]},
            "ratio": known[which]["cpu_ratio"],
        }
        for name, which in (("cross_100_speed_gnn", GNN.name), ("cross_100_speed_fastest", fastest))
        if which in known
    ]
