"""Economics: what finer zones and other thresholds cost and spare, with intervals over raids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .region import COUNTS, Floats
from .toll import MEASURES, THRESHOLDS

RESAMPLES = 2000
ALARMED, SHELTERED, MINUTES, LATE, UNTOLD, ALARMS, OVER = range(len(MEASURES))
#: The threshold that a miss cost of 1,000 person-minutes gives, for 3 minutes in shelter and for 30.
DEFAULT = {"rockets": THRESHOLDS.index(0.003), "mortars": THRESHOLDS.index(0.003), "drones": THRESHOLDS.index(0.03)}
#: Shares of harm that shelter takes away; the published ratios of 3 to 9 lie between the first and the last.
PROTECTION = (0.67, 0.8, 0.89)


class Tolls:
    """The raids of one family as one table.

    Parameters
    ----------
    family : str
        Its name.
    raids : sequence of dict
        As `toll` gives them.

    Attributes
    ----------
    table : ndarray (raids, zone sets, thresholds, measures)
        nan where a measure is not defined.
    endangered : ndarray (raids,)
        People that an observable threat endangered.
    """

    def __init__(self, family: str, raids: Sequence[dict[str, Any]]) -> None:
        self.family, self.default = family, DEFAULT[family]
        self.table = np.array([raid["table"] for raid in raids], float)
        self.endangered = np.array([raid["endangered"] for raid in raids], float)
        self.threats = sum(raid["threats"] for raid in raids)
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(20_211)))
        n = len(raids)
        self._weight = rng.multinomial(n, np.full(n, 1.0 / n), RESAMPLES).astype(float)

    def __len__(self) -> int:
        return len(self.endangered)

    def mean(self, measure: int, zones: int, threshold: int) -> dict[str, float]:
        """Per raid, with its 95 % interval: raids are drawn again with replacement."""
        column = self.table[:, zones, threshold, measure]
        return _interval(float(column.mean()), self._weight @ column / len(column))

    def ratio(self, measure: int, over: tuple[int, int], under: tuple[int, int]) -> dict[str, float]:
        """Of two (zone set, threshold) over the same raids, with its 95 % interval."""
        a, b = (self.table[:, zones, threshold, measure] for zones, threshold in (over, under))
        with np.errstate(divide="ignore", invalid="ignore"):
            return _interval(float(a.sum() / b.sum()), (self._weight @ a) / (self._weight @ b))

    def miss_share(self, measure: int, zones: int, threshold: int) -> dict[str, float]:
        """Of the endangered people, with its 95 % interval over raids."""
        column = self.table[:, zones, threshold, measure]
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = (self._weight @ column) / (self._weight @ self.endangered)
            return _interval(float(column.sum() / self.endangered.sum()), spread)

    def over_warned(self, zones: int, threshold: int) -> dict[str, float]:
        """Median over raids of warned area over needed area just before the first arrival, with its interval."""
        known = self.table[:, zones, threshold, OVER]
        known = np.sort(known[np.isfinite(known)])
        n = len(known)
        if not n:
            return {"n": 0}
        half = 0.98 * np.sqrt(n)
        low, high = (int(np.clip(round(0.5 * n + side * half), 0, n - 1)) for side in (-1.0, 1.0))
        return {
            "n": n,
            "value": _round(float(np.median(known))),
            "low": _round(known[low]),
            "high": _round(known[high]),
        }

    def cheapest(self, zones: int, misses: float) -> int:
        """The highest threshold at which no more people are missed than that."""
        late = self.table[:, zones, :, LATE].sum(0)
        return int(np.flatnonzero(late <= misses)[0]) if (late <= misses).any() else len(THRESHOLDS) - 1


def figures(family: str, raids: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The numbers of one family: by zone set at the default threshold, the fall from coarse to fine, and the curves."""
    tolls = Tolls(family, raids)
    at, fine = tolls.default, len(COUNTS) - 1
    misses = float(tolls.table[:, 0, at, LATE].sum())
    # as many misses or fewer: where the finest set misses more at its default, a lower threshold is paid for
    equal = min(at, len(THRESHOLDS) - 1)
    while equal < len(THRESHOLDS) - 1 and tolls.table[:, fine, equal, LATE].sum() > misses:
        equal += 1
    late = tolls.miss_share(LATE, fine, at)
    return {
        "raids": len(tolls),
        "threats": tolls.threats,
        "endangered_people": float(tolls.endangered.sum()),
        "threshold": THRESHOLDS[at],
        "zones": {str(count): _at_default(tolls, k) for k, count in enumerate(COUNTS)},
        "fall_25_to_1700": {
            "threshold_25": THRESHOLDS[at],
            "threshold_1700": THRESHOLDS[equal],
            "person_alarms": tolls.ratio(ALARMED, (0, at), (fine, equal)),
            "person_shelters": tolls.ratio(SHELTERED, (0, at), (fine, equal)),
            "person_minutes": tolls.ratio(MINUTES, (0, at), (fine, equal)),
            "missed_people_25": misses,
            "missed_people_1700": float(tolls.table[:, fine, equal, LATE].sum()),
        },
        "casualties_without_over_with": {
            f"shelter spares {share:g}": _round(1.0 / (1.0 - (1.0 - late["value"]) * share)) for share in PROTECTION
        },
        "curves": {str(count): _curve(tolls, k) for k, count in enumerate(COUNTS)},
        "cpu_s_per_raid": _round(float(np.mean([raid["cpu_s"] for raid in raids]))),
    }


def _at_default(tolls: Tolls, zones: int) -> dict[str, Any]:
    at = tolls.default
    found = {
        "person_alarms": tolls.mean(ALARMED, zones, at),
        "person_shelters": tolls.mean(SHELTERED, zones, at),
        "person_minutes": tolls.mean(MINUTES, zones, at),
        "warnings": tolls.mean(ALARMS, zones, at),
        "not_in_time": tolls.miss_share(LATE, zones, at),
        "untold": tolls.miss_share(UNTOLD, zones, at),
    }
    if tolls.family != "drones":
        found["warned_over_needed_area"] = tolls.over_warned(zones, at)
    return found


def _curve(tolls: Tolls, zones: int) -> list[dict[str, float]]:
    """Misses against person-minutes as the threshold moves."""
    rows = []
    for k, threshold in enumerate(THRESHOLDS):
        minutes, late = tolls.mean(MINUTES, zones, k), tolls.miss_share(LATE, zones, k)
        rows.append(
            {
                "threshold": threshold,
                "person_minutes": minutes["value"],
                "person_minutes_low": minutes["low"],
                "person_minutes_high": minutes["high"],
                "person_alarms": tolls.mean(ALARMED, zones, k)["value"],
                "not_in_time": late["value"],
                "not_in_time_low": late["low"],
                "not_in_time_high": late["high"],
            }
        )
    return rows


def _interval(value: float, spread: Floats) -> dict[str, float]:
    known = spread[np.isfinite(spread)]
    low, high = np.quantile(known, [0.025, 0.975]).tolist() if len(known) else (float("nan"), float("nan"))
    return {"value": _round(value), "low": _round(low), "high": _round(high)}


def _round(value: float) -> float:
    """Five significant digits."""
    return float(f"{value:.5g}")
