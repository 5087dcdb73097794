"""Salvos for ``rampart bench assign``: what the fast assignment loses in raids, and what looking ahead gains."""

from __future__ import annotations

from typing import Any

import numpy as np

from rampart.engage.horizon import Problem
from rampart.engage.optimum import optimise
from rampart.pipeline import Purpose, stream
from rampart.records import Flight

from .perfect import Battle, battle, fight, ring, still

SEED = 900
THREATS, SPAN_S = 12, 8.0
#: A launcher whose kill probability falls from 0.85 near by to 0.35 at the edge.
_LAUNCHER = {"p": 0.6, "kill_probability_at_m": [[0.0, 0.85], [1500.0, 0.35]], "reload_s": 0.5, "response_s": 0.3}


def salvo(k: int, count: int = THREATS, *, at_once: bool = False) -> list[Flight]:
    """Threats within eight seconds or at once, all round, each open to fire for 2 to 12 s."""
    rng = stream(SEED + k, 0, Purpose.THREAT, 0)
    begin, open_s = rng.uniform(1.0, 1.0 + SPAN_S, count), rng.uniform(2.0, 12.0, count)
    if at_once:
        begin[:] = 1.0
    places = ring(count, 1.0) * rng.uniform(500.0, 1500.0, (count, 1))
    return [still(i + 1, begin[i], begin[i] + open_s[i], places[i]) for i in range(count)]


def regret(runs: int) -> dict[str, Any]:
    """How far the decisions of raids are from the best that could have been decided then.

    Ten threats at once; nine launchers of three channels, up to four shots at a threat before the look.
    """
    grid = (-500.0, 0.0, 500.0)
    specs = [{**_LAUNCHER, "channels": 3, "position_enu_m": [x, y, 0.0]} for x in grid for y in grid]
    where = battle(specs, look_s=0.6, shots_per_look=4)
    excess = np.array([_excess(problem) for k in range(runs) for problem in _problems(where, k)])
    ours = {
        "seeds": f"{SEED}..{SEED + runs - 1}",
        "decisions": len(excess),
        "optimal": float((excess[:, 0] <= 1e-9).mean()),
        "excess": {
            "mean": float(excess[:, 0].sum() / excess[:, 1].sum()),
            "max": float((excess[:, 0] / excess[:, 1]).max()),
        },
    }
    return {"name": "regret in raids", "ours": ours, "peer": None, "ratio": None}


def look_ahead(runs: int) -> dict[str, Any]:
    """Leakers of the same salvos with and without a horizon: two launchers of one channel."""
    specs = [{**_LAUNCHER, "channels": 1}] * 2
    left = {h: _leakers(battle(specs, look_s=0.6, horizon_s=h), runs) for h in (0.0, 10.0)}
    less = left[0.0] - left[10.0]
    ours = {
        "seeds": f"{SEED}..{SEED + runs - 1}",
        "n": runs,
        "leakers_of_12": {"without": float(left[0.0].mean()), "horizon_10_s": float(left[10.0].mean())},
        "fewer": {"mean": float(less.mean()), "standard_error": float(less.std(ddof=1) / np.sqrt(runs))},
    }
    return {"name": "look-ahead", "ours": ours, "peer": None, "ratio": None}


def _leakers(where: Battle, runs: int) -> np.ndarray:
    return np.array([np.isinf(fight(where, salvo(k), seed=SEED + k, run=0).ended_s).sum() for k in range(runs)])


def _problems(where: Battle, k: int) -> list[Problem]:
    site = fight(where, salvo(k, 10, at_once=True), seed=SEED + k, run=0)
    return [problem for out in site.outputs for problem in out.info["engage"].get("problems", ())]


def _excess(problem: Problem) -> tuple[float, float]:
    """What got through by the decision beyond the optimum, and the optimum."""
    fired = problem.threat >= 0
    left = problem.value.copy()
    np.multiply.at(left, problem.threat[fired], 1.0 - problem.chance[fired, problem.threat[fired]])
    best = optimise(problem.chance, problem.value, limit=problem.limit).survivors
    return float(left.sum()) - best, best
