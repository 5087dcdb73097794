"""``rampart bench assign``: simulated shots shared between threats - the fast methods and the exact one, beside CPLEX.

Published instances and optima: A. C. Andersen, K. Pavlikov, T. A. M. Toffolo, Weapon-target assignment problem: exact
and approximate solution algorithms, Annals of Operations Research 2022. The instance files are not ours and do not come
with Rampart: ``RAMPART_INSTANCES`` names the folder that they were put into.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np

from rampart.engage import _kernels
from rampart.engage.assignment import assign, greedily, layers
from rampart.engage.optimum import Optimum, optimise, survivors_of
from rampart.errors import InputError

from . import say
from .salvo import look_ahead, regret


class Published(NamedTuple):
    """What the paper's repository reports for one instance: the best upper bound, and how it ended."""

    survivors: float
    proven: bool  #: to CPLEX's relative gap of 1e-4
    seconds: float  #: the fastest of its runs with that status; the limit was 7,200 s


#: By weapons x threats x rounds each; results of its branch-and-adjust runs (``logs/results.csv``).
PUBLISHED = {
    "50x100x1": Published(1734.302278, True, 3.1),
    "50x100x2": Published(123.838458, True, 18.6),
    "50x100x3": Published(20.590016, True, 356.1),
    "100x200x1": Published(2862.302805, True, 14.7),
    "100x200x2": Published(116.057435, True, 202.6),
    "100x200x3": Published(14.579133, False, 7200.0),
    "150x300x1": Published(3740.417477, True, 35.7),
    "150x300x2": Published(103.151031, True, 420.7),
    "150x300x3": Published(11.429016, False, 7200.0),
}
QUICK = ("50x100x1", "50x100x2", "50x100x3")
#: Weapons and threats of generated instances, one round each.
SIZES = ((20, 10), (40, 20), (80, 40), (100, 100), (100, 200), (160, 80), (200, 100), (200, 200))
LARGE = (200, 200)


def run(*, quick: bool = False, runs: int | None = None) -> dict[str, Any]:
    """Solve published and generated instances.

    Parameters
    ----------
    quick : bool
        The smallest published ones, three generated ones of 200 x 200 in place of ten, 20 raids in place of 200.
    runs : int or None
        That many generated ones of 200 x 200, and raids, instead.
    """
    _warm_up()
    results = [_published(name) for name in (QUICK if quick else PUBLISHED)]
    results += [_generated(w, n) for w, n in (SIZES[:3] if quick else SIZES)]
    results.append(_fast(runs or (3 if quick else 10)))
    raids = runs or (20 if quick else 200)
    results += [regret(raids), look_ahead(raids)]
    return {"results": results}


def generated(w: int, n: int, seed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Ahuja's type: kill probability uniform 0.6-0.9, value uniform 25-100, one round per weapon.

    >>> generated(20, 10)[0].shape
    (20, 10)
    """
    rng = np.random.Generator(np.random.Philox(1000 + w if seed is None else seed))
    return rng.uniform(0.6, 0.9, (w, n)), rng.uniform(25.0, 100.0, n)


def read_instance(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A published instance: kill probabilities (w, n), values (n,), rounds (w,).

    The file: ``w n rounds``, n values, then ``weapon threat probability`` from 0 on.
    """
    try:
        words = path.read_text(encoding="ascii").split()
        w, n, rounds = (int(word) for word in words[:3])
        rows = np.array(words[3 + n :], float).reshape(-1, 3)
        p = np.zeros((w, n))
        p[rows[:, 0].astype(int), rows[:, 1].astype(int)] = rows[:, 2]
        return p, np.array(words[3 : 3 + n], float), np.full(w, rounds)
    except (ValueError, IndexError, UnicodeDecodeError):
        raise InputError("expected 'w n rounds', n values, then 'weapon threat probability'", path=path) from None


def folder() -> Path:
    """Where published instances lie: ``RAMPART_INSTANCES``, else ``wta`` in the folder of the shared data."""
    named = os.environ.get("RAMPART_INSTANCES")
    if named:
        return Path(named)
    shared = os.environ.get("RAMPART_SHARED_DATA")
    beside = Path(shared) if shared else Path(__file__).resolve().parents[3].parent / "shared" / "data"
    return beside / "wta"


def _published(name: str) -> dict[str, Any]:
    known = PUBLISHED[name]
    path = folder() / f"wta_{name}.txt"
    peer = {"survivors": known.survivors, "proven": known.proven, "seconds": known.seconds, "by": "CPLEX, published"}
    if not path.exists():
        return {"name": name, "ours": {"skipped": f"{path.name} not found"}, "peer": peer, "ratio": None}
    say(f"assign: {name}")
    p, value, rounds = read_instance(path)
    ours, optimum = _solve(p, value, rounds)
    ours["below_published"] = round(known.survivors - optimum.survivors, 6) + 0.0
    return {"name": name, "ours": ours, "peer": peer, "ratio": known.seconds / ours["exact"]["cpu_s"]}


def _generated(w: int, n: int) -> dict[str, Any]:
    say(f"assign: generated {w} x {n}")
    p, value = generated(w, n)
    return {
        "name": f"generated {w}x{n}",
        "ours": _solve(p, value, np.ones(w, np.int64))[0],
        "peer": None,
        "ratio": None,
    }


def _fast(count: int) -> dict[str, Any]:
    """Time and gap of the fast path on many instances of the largest size."""
    w, n = LARGE
    times, gaps = [], []
    for k in range(count):
        p, value = generated(w, n, 5000 + k)
        fast, seconds = _timed(assign, p, value)
        times.append(seconds * 1e3)
        gaps.append(fast.survivors / optimise(p, value).survivors - 1.0)
    ours = {
        "seeds": f"5000..{5000 + count - 1}",
        "n": count,
        "cpu_ms": {"median": float(np.median(times)), "max": max(times)},
        "gap": {"mean": max(float(np.mean(gaps)), 0.0), "max": max(*gaps, 0.0)},
    }
    return {"name": f"fast {w}x{n}", "ours": ours, "peer": {"budget_cpu_ms": 30.0}, "ratio": None}


def _solve(p: np.ndarray, value: np.ndarray, rounds: np.ndarray) -> tuple[dict[str, Any], Optimum]:
    """Optimum, and how far from it the fast methods end."""
    optimum, exact_s = _timed(optimise, p, value, rounds)
    assert abs(survivors_of(p, value, optimum.rounds) - optimum.survivors) <= 1e-9 * value.sum()
    shots = np.ascontiguousarray(np.repeat(p, rounds, axis=0))
    room = np.full(len(value), len(shots))
    fast, fast_s = _timed(assign, shots, value)
    starts = {"greedy": greedily(shots, value, room), "layered": layers(shots, value, room)}
    gaps = {}
    for name, target in starts.items():
        gaps[name] = _gap(shots, value, target, optimum)
        _kernels.exchange(shots, value, room, target)
        gaps[f"{name}_exchange"] = _gap(shots, value, target, optimum)
    return {
        "exact": {
            "survivors": round(optimum.survivors, 6),
            "bound": round(optimum.bound, 6),
            "proven": optimum.proven,
            "cpu_s": exact_s,
            "columns": optimum.columns,
            "passes": optimum.passes,
        },
        "fast": {"gap": max(fast.survivors / optimum.survivors - 1.0, 0.0), "cpu_ms": fast_s * 1e3},
        "gap_of": gaps,
    }, optimum


def _gap(p: np.ndarray, value: np.ndarray, target: np.ndarray, optimum: Optimum) -> float:
    return max(float(_kernels.survivors(p, value, target)) / optimum.survivors - 1.0, 0.0)


def _timed(work: Callable[..., Any], *given: Any) -> tuple[Any, float]:
    start = process_time()
    return work(*given), process_time() - start


def _warm_up() -> None:
    """Compile, so that the first instance is not charged for it."""
    p, value = generated(6, 3)
    optimise(p, value)
    assign(p, value)
