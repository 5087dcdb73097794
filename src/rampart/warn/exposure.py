"""Exposure: what one track means for one zone, and when it would come down there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rampart.physics.area import Areas
from rampart.records import PredictionKind, Predictions

from ._kernels import expose

SECOND = 1_000_000_000
_REACH = int(PredictionKind.REACH)


class Exposure(NamedTuple):
    """One track as it concerns one zone."""

    probability: float  #: that the threat, if it is one, hits the zone
    arrival_ns: int  #: when, if it does, ns UTC
    sigma_s: float  #: of that time


#: What a track endangers, by zone
Zones = dict[int, Exposure]


def exposures(areas: Areas, predictions: Predictions, floor: float) -> dict[int, Zones]:
    """What each prediction means for the zones that it endangers.

    Parameters
    ----------
    areas : Areas
        Grown zones.
    predictions : Predictions
        (n,); impacts and corridors.
    floor : float
        Zones with a smaller probability are left out.

    Returns
    -------
    dict
        Row of `predictions` -> zone -> `Exposure`.
    """
    found: dict[int, Zones] = {}
    if not len(areas) or not len(predictions):
        return found
    kinds = predictions.kind.tolist()
    falls = [row for row, kind in enumerate(kinds) if kind != _REACH]
    reaches = [row for row, kind in enumerate(kinds) if kind == _REACH]
    if falls:
        _add_impacts(found, areas, predictions, falls, floor)
    if reaches:
        _add_corridors(found, areas, predictions, reaches, floor)
    return found


def _add_impacts(
    found: dict[int, Zones], areas: Areas, predictions: Predictions, rows: list[int], floor: float
) -> None:
    some = predictions if len(rows) == len(predictions) else predictions.take(rows)
    pairs = len(rows) * len(areas)
    when, how = np.empty((pairs, 3), np.int64), np.empty((pairs, 2))
    n = expose(
        some.impact_enu, some.impact_covariance, some.impact_time_covariance, some.impact_sigma_s, some.impact_ns,
        floor, areas.mean, areas.covariance, *areas.arrays, when, how,
    )  # fmt: skip
    for (i, zone, arrival_ns), (chance, sigma_s) in zip(when[:n].tolist(), how[:n].tolist(), strict=True):
        found.setdefault(rows[i], {})[zone] = Exposure(chance, arrival_ns, sigma_s)


def _add_corridors(
    found: dict[int, Zones], areas: Areas, predictions: Predictions, rows: list[int], floor: float
) -> None:
    p, entry = areas.pass_probability(
        predictions.position_enu[rows, :2],
        predictions.position_covariance[rows],
        predictions.impact_enu[rows, :2],
        predictions.impact_covariance[rows],
    )
    start_ns, end_ns, sigma_s = (
        column.tolist() for column in (predictions.time_ns, predictions.impact_ns, predictions.impact_sigma_s)
    )
    pairs = (p > floor).nonzero()
    for i, zone, chance, share in zip(*(c.tolist() for c in (*pairs, p[pairs], entry[pairs])), strict=True):
        row = rows[i]
        arrival_ns = start_ns[row] + round(share * (end_ns[row] - start_ns[row]))
        found.setdefault(row, {})[zone] = Exposure(chance, arrival_ns, sigma_s[row])
