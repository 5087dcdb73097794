"""Figures: shares and rates with their intervals, calibration of probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import binomtest, chi2

BINS = 10


def share(k: int, n: int) -> dict[str, Any]:
    """A share with its 95 % Clopper-Pearson interval.

    >>> share(95, 100)["low"]
    0.887165
    """
    if n == 0:
        return {"k": 0, "n": 0, "value": None, "low": None, "high": None}
    interval = binomtest(k, n).proportion_ci(0.95, method="exact")
    return {"k": k, "n": n, "value": k / n, "low": round(interval.low, 6), "high": round(interval.high, 6)}


def rate(k: int, hours: float) -> dict[str, float | int]:
    """Events per hour: the estimate, its two-sided 95 % interval, and the one-sided 95 % bound per 24 h.

    Exact for a Poisson count (F. Garwood, Biometrika 28, 1936).

    >>> rate(0, 72.0)["at_most_per_24_h"]
    0.9986
    """
    low = chi2.ppf(0.025, 2 * k) / 2.0 if k else 0.0
    high, bound = chi2.ppf(0.975, 2 * k + 2) / 2.0, chi2.ppf(0.95, 2 * k + 2) / 2.0
    return {
        "k": k,
        "hours": round(hours, 4),
        "per_hour": k / hours,
        "low": round(float(low) / hours, 5),
        "high": round(float(high) / hours, 5),
        "at_most_per_24_h": round(24.0 * float(bound) / hours, 4),
    }


def brier(p: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared distance of probabilities (n, classes) from the truth (n,), summed over classes: 0 best, 2 worst.

    >>> brier(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0, 1]))
    0.25
    """
    one = np.eye(p.shape[1])[truth]
    return float(((p - one) ** 2).sum(axis=1).mean()) if len(p) else float("nan")


def reliability(p: np.ndarray, truth: np.ndarray) -> list[dict[str, float | int]]:
    """The reliability curve of the likeliest class: what was said and how often it was right, by tenths."""
    said, right = p.max(axis=1), p.argmax(axis=1) == truth
    index = np.minimum((said * BINS).astype(int), BINS - 1)
    rows = []
    for k in range(BINS):
        inside = index == k
        if inside.any():
            rows.append(
                {
                    "from": k / BINS,
                    "n": int(inside.sum()),
                    "said": round(float(said[inside].mean()), 4),
                    "right": round(float(right[inside].mean()), 4),
                }
            )
    return rows


def expected_calibration_error(p: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of what was said of the likeliest class from how often it was right, over tenths.

    >>> expected_calibration_error(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1]))
    0.5
    """
    rows = reliability(p, truth)
    total = sum(row["n"] for row in rows)
    return float(sum(row["n"] * abs(row["said"] - row["right"]) for row in rows) / total) if total else float("nan")
