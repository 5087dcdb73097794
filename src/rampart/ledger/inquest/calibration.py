"""Calibration in public: predicted impacts against those confirmed later, over all incidents of a ledger.

Simulated impacts are known to the metre and cost nothing; real ones are few. The two are never in one figure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from rampart.ledger.incidents import Ledger, tables
from rampart.physics.geodesy import geodetic_to_enu

from .dossier import Found, ellipse_in, found_in
from .draft import FIRST, HALF, LAST, SIMULATED
from .ellipse import rank

KNOWN = {"first_warning": FIRST, "half_way": HALF, "last": LAST}
CLAIMED = (0.5, 0.8, 0.9, 0.95)
BINS = 10
_BEFORE = re.compile(r", (-?[\d.]+) s before")
_Z_95 = 1.959963984540054

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """One prediction and the impact that was found.

    Attributes
    ----------
    incident : int
    track : str or None
    known : str
        When it was known: one of `KNOWN`.
    before_s : float
        Seconds before the predicted arrival at which it was known.
    miss_m : float
        Distance of the find from the predicted point.
    rank : float
        Share of the predicted distribution that lies nearer.
    """

    incident: int
    track: str | None
    known: str
    before_s: float
    miss_m: float
    rank: float


def pairs_of(incident: int, events: Sequence[Row]) -> list[Pair]:
    """Predictions of one incident with the impacts found later.

    A find belongs to the track that it names. One that names none counts only where one track was predicted and one
    impact found: choosing the nearest would make predictions look better than they are.

    Parameters
    ----------
    incident : int
        Its number.
    events : sequence of mapping
        Its rows of the table ``event``.
    """
    found = found_in(events)
    predicted = [e for e in events if e["kind"] == "impact" and e["probability"] is not None]
    tracks = {e["track"] for e in predicted}
    pairs = []
    for event in predicted:
        known = next((k for k, words in KNOWN.items() if str(event["note"] or "").startswith(words)), None)
        mine = [f for f in found if f.track is not None and f.track == event["track"]]
        if not mine and len(tracks) == 1 and len(found) == 1 and found[0].track is None:
            mine = list(found)
        ellipse = ellipse_in(event)
        if known is None or not mine or ellipse is None or event["lat_deg"] is None:
            continue
        offset = _offset(event, mine[0])
        spread = ellipse.covariance + np.eye(2) * (mine[0].radius_m / 2.0) ** 2
        if np.linalg.det(spread) <= 0.0:
            continue
        before = _BEFORE.search(str(event["note"]))
        seconds = float(before[1]) if before else math.nan
        pairs.append(Pair(incident, event["track"], known, seconds, float(np.hypot(*offset)), rank(offset, spread)))
    return pairs


def _offset(event: Row, found: Found) -> np.ndarray:
    """East and north [m] from the predicted to the found point."""
    at = np.radians([found.lat_deg, found.lon_deg, event["lat_deg"], event["lon_deg"]])
    return np.asarray(geodetic_to_enu(at[0], at[1], 0.0, at[2], at[3], 0.0)[:2], dtype=float)


def read_pairs(ledger: Ledger) -> tuple[list[Pair], list[Pair]]:
    """All pairs of a ledger: of what happened, and of simulations."""
    with ledger.database.reading() as connection:
        table = tables.event
        query = sa.select(table).where(table.c.kind.in_(("impact", "find")), table.c.lat_deg.is_not(None))
        rows = connection.execute(query.order_by(table.c.incident_id, table.c.id)).mappings().all()
        table = tables.evidence
        query = sa.select(table.c.incident_id).where(table.c.kind == "recording", table.c.note.like(f"{SIMULATED}%"))
        made_up = set(connection.execute(query).scalars())
    by_incident: dict[int, list[Row]] = {}
    for row in rows:
        by_incident.setdefault(row["incident_id"], []).append(dict(row))
    pairs = [pair for number, events in by_incident.items() for pair in pairs_of(number, events)]
    return [p for p in pairs if p.incident not in made_up], [p for p in pairs if p.incident in made_up]


def calibration(ledger: Ledger) -> dict[str, Any]:
    """What ``rampart incident calibration --json`` prints: plain data, for a display too."""
    real, simulated = read_pairs(ledger)
    return {"schema": 1, "real": summary(real), "simulated": summary(simulated)}


def summary(pairs: Iterable[Pair]) -> dict[str, Any]:
    """Coverage, ranks and misses, apart for each moment at which the predictions were known."""
    pairs = list(pairs)
    known = {name: _figures([p for p in pairs if p.known == name]) for name in KNOWN}
    return {"impacts": len({(p.incident, p.track) for p in pairs}), "known": known}


def _figures(pairs: Sequence[Pair]) -> dict[str, Any]:
    ranks = np.array([p.rank for p in pairs])
    n = len(pairs)
    counts, _ = np.histogram(ranks, BINS, (0.0, 1.0))
    misses = np.array([p.miss_m for p in pairs])
    return {
        "n": n,
        "coverage": [_coverage(ranks, claimed) for claimed in CLAIMED],
        "rank_histogram": counts.tolist(),
        "uniform_p": _uniform_p(ranks),
        "miss_m": {"median": float(np.median(misses)), "p90": float(np.quantile(misses, 0.9))} if n else None,
        "pairs": [
            {"incident": p.incident, "track": p.track, "before_s": p.before_s, "miss_m": round(p.miss_m, 1),
             "rank": round(p.rank, 4)} for p in pairs
        ],
    }  # fmt: skip


def _coverage(ranks: np.ndarray, claimed: float) -> dict[str, Any]:
    inside, n = int((ranks <= claimed).sum()), len(ranks)
    low, high = wilson(inside, n)
    return {"claimed": claimed, "observed": inside / n if n else None, "low": low, "high": high, "n": n}


def wilson(hits: int, n: int) -> tuple[float | None, float | None]:
    """95 % interval of a share (Wilson 1927); None where nothing was counted.

    >>> low, high = wilson(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    """
    if not n:
        return None, None
    z2, p = _Z_95**2, hits / n
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z_95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _uniform_p(ranks: np.ndarray) -> float | None:
    """Probability of ranks at least so uneven if predictions are honest (Kolmogorov-Smirnov); None below five."""
    if len(ranks) < 5:
        return None
    from scipy.stats import kstest

    return float(kstest(ranks, "uniform").pvalue)
