"""Exposure: how long people sat in shelter, and whom what came down would have harmed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from rampart.records import Phase, Warnings, Zone
from rampart.study.score import Scorer


def person_minutes(scorer: Scorer) -> float:
    """Person-minutes of shelter of one site's run: from the shelter phase to the all-clear, or to the end."""
    zones, total = scorer.run.place.site.zones, 0.0
    open_: dict[int, float] = {}
    rows: Warnings = scorer.warnings
    times = np.asarray(scorer.seconds(rows.time_ns), dtype=float).tolist()
    for zone, phase, at in zip(rows.zone.tolist(), rows.phase.tolist(), times, strict=True):
        if phase == Phase.SHELTER:
            open_.setdefault(zone, at)
        elif phase in (Phase.RELEASE, Phase.CANCEL) and zone in open_:
            total += zones[zone].population * (at - open_.pop(zone))
    total += sum(zones[zone].population * (scorer.duration_s - since) for zone, since in open_.items())
    return total / 60.0


@dataclass(frozen=True)
class Harm:
    """Expected casualties of one site's run, nobody in shelter.

    Attributes
    ----------
    all : float
        Of every threat, as if none were engaged.
    arrived : float
        Of those that came down.
    sheltered : float
        The part of `arrived` among people who had been warned the zone's shelter time before.
    """

    all: float
    arrived: float
    sheltered: float


def expected_harm(scorer: Scorer, threats: list[dict[str, Any]], area_m2: float) -> Harm:
    """Expected casualties by the area model.

    Parameters
    ----------
    scorer : Scorer
        Of a finished run.
    threats : list of dict
        What it says of each threat, in the order of the flights that are threats.
    area_m2 : float
        Ground on which one arrival harms people in the open [m2].

    Notes
    -----
    A threat that comes down in a zone harms `area_m2` times the zone's density of people, at most everybody; one that
    comes down outside every zone harms nobody. Shelter takes away a share of it, which the report applies afterwards:
    harm is linear in that share.
    """
    zones = scorer.run.place.site.zones
    areas = _areas(zones)
    total = arrived = sheltered = 0.0
    for told in threats:
        leads = {pair["zone"]: lead_of(pair) for pair in told["pairs"]}
        for zone, area, far_m in zip(zones, areas, told["beyond_m"], strict=True):
            if far_m > 0.0:
                continue
            hurt = min(area_m2 / area, 1.0) * zone.population
            total += hurt
            if told["outcome"] in ("leaked", "outside"):
                arrived += hurt
                sheltered += hurt * (leads.get(zone.id, 0.0) >= zone.shelter_time_s)
    return Harm(total, arrived, sheltered)


def lead_of(pair: dict[str, Any]) -> float:
    """Seconds from the first warning of a pair to the arrival; 0 if there was none before it."""
    when = pair["first_warning_s"]
    return max(pair["arrival_s"] - when, 0.0) if when is not None else 0.0


@lru_cache(maxsize=64)
def _areas(zones: tuple[Zone, ...]) -> list[float]:
    """Ground of each zone [m2]: the zones of a site are the same in all of its runs."""
    return [_area(zone.polygon_en) for zone in zones]


def _area(polygon: np.ndarray) -> float:
    x, y = polygon[:, 0], polygon[:, 1]
    return float(abs((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())) / 2.0
