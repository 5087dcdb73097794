"""Incidents that may be one: alike in time, place and type. Proposed with reasons; only people merge.

Notes
-----
The score is a product of four factors from 0 to 1, chosen by us and not measured: e^(-gap / 2 h) of the time between
them (0 where their bounds overlap), 24 h / (24 h + both their lengths) for bounds that are wide, e^(-distance / 10 km)
of what lies between their circles (where one has no position the site's name decides), and of the types 1 for equal
ones, 0.7 where one is unknown, 0.3 for different ones: reports mix up drones and rockets.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa

from . import tables
from .columns import Cases, Integers
from .fields import TYPES
from .many import Floats
from .selection import Filter, select
from .store import Ledger

_HOUR_NS = 3600 * 10**9
_TIME_H, _WIDE_H, _PLACE_KM = 2.0, 24.0, 10.0
_ONE_UNKNOWN, _DIFFERENT = 0.7, 0.3

#: Beyond this the factor of time is below 0.01.
_FAR_H = 4.6 * _TIME_H

#: Mean radius of the Earth [km].
_EARTH_KM = 6371.0088


def find_duplicates(ledger: Ledger, least: float = 0.1) -> list[dict[str, Any]]:
    """Pairs of incidents that may be one, the likeliest first.

    Parameters
    ----------
    ledger : Ledger
    least : float
        Score from which on a pair is proposed.

    Returns
    -------
    list of dict
        ``incidents``, ``score``, ``gap_h``, ``distance_km`` (None where a position is missing), ``same_site``,
        ``types``. Pairs that somebody split or kept apart are left out, and so are incidents without a time.
    """
    cases, opinions, _ = ledger.columns()
    chosen = select(cases, opinions, Filter())
    cases = chosen.cases
    kinds = chosen.choice("type", TYPES).likeliest
    position = _positions(ledger, cases)
    names = (*TYPES, "unknown")
    apart = _kept_apart(ledger)
    found = []
    for one, others in _near(cases):
        pair = _Pairs(cases, kinds, position, one, others)
        for k in np.flatnonzero(pair.score >= least):
            other = int(others[k])
            numbers = sorted((int(cases.id[one]), int(cases.id[other])))
            if frozenset(numbers) in apart:
                continue
            distance = pair.distance_km[k]
            found.append(
                {
                    "incidents": numbers,
                    "score": round(float(pair.score[k]), 3),
                    "gap_h": round(float(pair.gap_h[k]), 2),
                    "distance_km": None if np.isnan(distance) else round(float(distance), 2),
                    "same_site": bool(cases.site[one] == cases.site[other]),
                    "types": [names[kinds[i]] for i in sorted((one, other), key=lambda i: cases.id[i])],
                }
            )
    return sorted(found, key=lambda pair: (-pair["score"], pair["incidents"]))


def _near(cases: Cases) -> Iterator[tuple[int, Integers]]:
    """Each incident with those that begin after it and not too long after its end."""
    order = np.flatnonzero(cases.dated)
    order = order[np.argsort(cases.earliest_ns[order], kind="stable")]
    begin = cases.earliest_ns[order]
    ends = np.searchsorted(begin, cases.latest_ns[order] + round(_FAR_H * _HOUR_NS), side="right")
    for k in np.flatnonzero(ends > np.arange(len(order)) + 1).tolist():
        yield int(order[k]), order[k + 1 : ends[k]]


class _Pairs:
    """One incident beside others."""

    def __init__(self, cases: Cases, kinds: Integers, position: Floats, one: int, others: Integers) -> None:
        begin, end = cases.earliest_ns[others], cases.latest_ns[others]
        gap = np.maximum(begin - cases.latest_ns[one], cases.earliest_ns[one] - end)
        self.gap_h = np.maximum(gap, 0) / _HOUR_NS
        wide_h = (end - begin + cases.latest_ns[one] - cases.earliest_ns[one]) / _HOUR_NS
        self.distance_km = _distance_km(position[one], position[others])
        same_site = cases.site[others] == cases.site[one]
        near = np.where(np.isnan(self.distance_km), same_site, np.exp(-self.distance_km / _PLACE_KM))
        unknown = (kinds[others] == len(TYPES)) | (kinds[one] == len(TYPES))
        alike = np.where(kinds[others] == kinds[one], 1.0, np.where(unknown, _ONE_UNKNOWN, _DIFFERENT))
        self.score = np.exp(-self.gap_h / _TIME_H) * _WIDE_H / (_WIDE_H + wide_h) * near * alike


def _distance_km(one: Floats, others: Floats) -> Floats:
    """Great circle between the edges of two circles; nan where a position is missing."""
    lat1, lon1, lat2, lon2 = np.radians(one[0]), np.radians(one[1]), np.radians(others[:, 0]), np.radians(others[:, 1])
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    between = 2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return np.maximum(between - (one[2] + others[:, 2]) / 1000.0, 0.0)


def _positions(ledger: Ledger, cases: Cases) -> Floats:
    """Latitude, longitude [degrees] and radius [m] of each incident; nan where it has no position."""
    table = tables.incident.c
    query = sa.select(table.id, table.lat_deg, table.lon_deg, sa.func.coalesce(table.radius_m, 0.0))
    found = np.full((len(cases.id), 3), np.nan)
    with ledger.database.reading() as connection:
        rows = connection.execute(query.where(table.lat_deg.is_not(None), table.lon_deg.is_not(None))).fetchall()
    if rows and len(cases.id):
        values = np.array([tuple(row) for row in rows], np.float64)
        where = np.minimum(np.searchsorted(cases.id, values[:, 0].astype(np.int64)), len(cases.id) - 1)
        there = cases.id[where] == values[:, 0]
        found[where[there]] = values[there, 1:]
    return found


def _kept_apart(ledger: Ledger) -> set[frozenset[int]]:
    link = tables.link.c
    query = sa.select(link.incident_id, link.other_id).where(link.verdict.in_(("distinct", "split")))
    with ledger.database.reading() as connection:
        return {frozenset(row) for row in connection.execute(query)}
