"""Sensitivity: which key moves a measure how far - tornado, and Sobol indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .design import Point
from .intervals import Estimate

#: Measures whose sensitivity is told.
TOLD = ("p_no_leaker", "leakers_mean", "warned_in_time")


def tornado(points: Sequence[Point], measures: Sequence[Mapping[str, Estimate]], name: str) -> list[dict[str, Any]]:
    """Mean of a measure at each value of each key, keys that move it most first.

    Parameters
    ----------
    points : sequence of Point
        Of any design whose keys take few values.
    measures : sequence of mapping
        By point.
    name : str
        The measure.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for point, values in zip(points, measures, strict=True):
        for key, value in point.vary:
            found.setdefault(key, {}).setdefault(str(value), []).append(values[name].value)
    rows = []
    for key, levels in found.items():
        means = {level: float(np.mean(v)) for level, v in levels.items() if np.isfinite(v).all()}
        if len(levels) > 1 and len(means) == len(levels) <= 12:
            rows.append({"key": key, "levels": means, "swing": max(means.values()) - min(means.values())})
    return sorted(rows, key=lambda row: -row["swing"])


def sobol_indices(keys: Sequence[str], values: np.ndarray, base: int) -> dict[str, Any]:
    """First-order and total Sobol indices of a Saltelli design, with bootstrap intervals.

    Parameters
    ----------
    keys : sequence of str
        In the order of the design.
    values : ndarray (base * (keys + 2),)
        A measure by design point, in the design's order: A, B, then A with one column of B each.
    base : int
        Points of A.

    Notes
    -----
    First order: A. Saltelli et al., Computer Physics Communications 181 (2010), 259-270; total: M. J. W. Jansen, ibid.
    117 (1999), 35-43; as in scipy. What chance is left in a point's mean counts as interaction.
    """
    from scipy.stats import sobol_indices as indices

    blocks = values.reshape(len(keys) + 2, base)
    if not np.isfinite(values).all() or np.ptp(values) == 0.0:
        return {key: {"first": Estimate.unknown().as_dict(), "total": Estimate.unknown().as_dict()} for key in keys}
    given: Any = {"f_A": blocks[0][None], "f_B": blocks[1][None], "f_AB": blocks[2:][:, None, :]}
    result: Any = indices(func=given, n=base)
    spread: Any = result.bootstrap(confidence_level=0.95, n_resamples=499)
    found = {}
    for i, key in enumerate(keys):
        found[key] = {
            name: Estimate(
                float(np.ravel(getattr(result, kind))[i]),
                float(np.ravel(getattr(spread, kind).confidence_interval.low)[i]),
                float(np.ravel(getattr(spread, kind).confidence_interval.high)[i]),
            ).as_dict()
            for name, kind in (("first", "first_order"), ("total", "total_order"))
        }
    return found
