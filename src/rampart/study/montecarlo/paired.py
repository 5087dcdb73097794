"""Paired: design points against each other over the same raids - common random numbers make small differences plain."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from .intervals import Estimate
from .table import Table

#: What is compared, by the name of the difference: how it is read from a run.
COMPARED = {
    "no_leaker": lambda runs: (runs["leaked"] == 0).astype(float),
    "leakers": lambda runs: runs["leaked"].astype(float),
    "rounds": lambda runs: runs["rounds"].astype(float),
    "pairs_in_time": lambda runs: runs["in_time"].astype(float),
    "person_minutes": lambda runs: runs["person_minutes"].astype(float),
    "casualties_unwarned": lambda runs: runs["harm_arrived"].astype(float),
}


def compare(first: Table, second: Table) -> dict[str, Any]:
    """The second point less the first, run by run.

    Parameters
    ----------
    first, second : Table
        Rows of two design points, sorted by run.

    Returns
    -------
    dict
        ``n`` runs that both have; by measure ``value, low, high``; ``variance_ratio``, the variance that the difference
        of leakers would have between unrelated runs over the one it has; ``mcnemar`` on runs without a leaker: runs
        that only the first held, that only the second held, and the exact two-sided p.
    """
    _, a, b = np.intersect1d(first["run"], second["run"], return_indices=True)
    one = {key: column[a] for key, column in first.items()}
    two = {key: column[b] for key, column in second.items()}
    found: dict[str, Any] = {"n": len(a)}
    for name, read in COMPARED.items():
        found[name] = mean_difference(read(one), read(two)).as_dict()
    x, y = COMPARED["leakers"](one), COMPARED["leakers"](two)
    paired = float(np.var(y - x)) if len(a) else 0.0
    found["variance_ratio"] = round((float(np.var(x)) + float(np.var(y))) / paired, 3) if paired > 0.0 else None
    found["mcnemar"] = mcnemar(one["leaked"] == 0, two["leaked"] == 0)
    return found


def mean_difference(first: np.ndarray, second: np.ndarray) -> Estimate:
    """Mean of the differences with Student's 95 % interval.

    >>> mean_difference(np.zeros(4), np.array([1.0, 1.0, 1.0, 1.0]))
    Estimate(value=1.0, low=1.0, high=1.0)
    """
    difference = second - first
    n = len(difference)
    if n < 2:
        return Estimate.unknown()
    value = float(difference.mean())
    half = float(stats.t.ppf(0.975, n - 1)) * float(difference.std(ddof=1)) / math.sqrt(n)
    return Estimate(value, value - half, value + half)


def mcnemar(first: np.ndarray, second: np.ndarray) -> dict[str, Any]:
    """Exact McNemar test of two yes-or-no outcomes of the same runs.

    Notes
    -----
    Q. McNemar, Psychometrika 12 (1947), 153-157; the exact form is a sign test on the runs that differ.

    >>> mcnemar(np.array([True] * 8), np.array([False] * 8))["p"]
    0.0078125
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    n = only_first + only_second
    p = float(stats.binomtest(only_first, n, 0.5).pvalue) if n else 1.0
    return {"only_first": only_first, "only_second": only_second, "p": float(f"{p:.6g}")}
