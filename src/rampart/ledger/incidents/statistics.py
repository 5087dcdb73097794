"""Figures over many incidents: what the ledger recorded, and apart from it what others reported."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from .estimate import INTERVAL, estimate_choice, estimate_counts, sum_summary
from .fields import OUTCOMES, TYPES, Span

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which incidents are asked for.

    Parameters
    ----------
    since, until : Span or None
        First and last time, both included.
    site, type : str or None
        Only of this site; only those whose likeliest type this is.
    """

    since: Span | None = None
    until: Span | None = None
    site: str | None = None
    type: str | None = None

    def time_fits(self, span: Span | None) -> bool | None:
        """Whether a time lies within: None if that is not known."""
        if self.since is None and self.until is None:
            return True
        if span is None:
            return None
        if self.since is not None and span.earliest_ns < self.since.earliest_ns:
            return False if span.latest_ns < self.since.earliest_ns else None
        if self.until is not None and span.latest_ns > self.until.latest_ns:
            return False if span.earliest_ns > self.until.latest_ns else None
        return True


def span_of(row: Row, name: str) -> Span | None:
    """A time out of a row's three columns; None for unknown."""
    if row[f"{name}_earliest_ns"] is None:
        return None
    return Span(row[f"{name}_earliest_ns"], row[f"{name}_latest_ns"], row[f"{name}_offset_min"])


def incident_statistics(
    incidents: Sequence[Row], claims: Sequence[Row], figures: Sequence[Row], asked: Filter
) -> dict[str, Any]:
    """Count incidents; list what was reported apart from that.

    Parameters
    ----------
    incidents, claims, figures : sequence of mappings
        Rows of `Ledger.incidents`, `Ledger.opinions` and `Ledger.figures`.
    asked : Filter

    Returns
    -------
    dict
        ``recorded`` counts incidents of the ledger, ``reported`` lists published figures with their claims. Neither
        enters the other.
    """
    about: dict[int, list[Row]] = defaultdict(list)
    for claim in claims:
        about[claim["incident_id"]].append(claim)
    chosen: list[tuple[Row, bool | None, str, list[Row]]] = []
    for row in incidents:
        if asked.site is not None and row["site"].casefold() != asked.site.casefold():
            continue
        fits = asked.time_fits(span_of(row, "time"))
        if fits is False:
            continue
        kind = estimate_choice(about[row["id"]], "type", TYPES)
        name = "unknown" if kind is None else TYPES[int(kind[0].argmax())]
        if asked.type in (None, name):
            chosen.append((row, fits, name, about[row["id"]]))
    return {"schema": 1, "recorded": _recorded(chosen), "reported": reported(figures, asked)}


def _recorded(chosen: list[tuple[Row, bool | None, str, list[Row]]]) -> dict[str, Any]:
    spans = [span_of(row, "time") for row, *_ in chosen]
    of_types = Counter(kind for _, _, kind, _ in chosen)
    return {
        "total": len(chosen),
        "certain": sum(fits is True for _, fits, _, _ in chosen),
        "undated": sum(span is None for span in spans),
        "interval": INTERVAL,
        "by_type": dict(sorted(of_types.items())),
        "by_site": dict(sorted(Counter(row["site"] for row, *_ in chosen).items())),
        "by_month": dict(sorted(Counter(_month(span) for span in spans).items())),
        "by_time_of_day": dict(sorted(Counter(_hour(span) for span in spans).items())),
        "by_status": dict(sorted(Counter(row["status"] for row, *_ in chosen).items())),
        "weapons": _weapons([told for *_, told in chosen]),
        "outcome": _outcomes([told for *_, told in chosen]),
        "claimed": _claimed([told for *_, told in chosen]),
        "incidents": [row["id"] for row, *_ in chosen],
    }


def _weapons(claims: list[list[Row]]) -> dict[str, Any]:
    parts: dict[str, dict[int, tuple[Any, int]]] = defaultdict(dict)
    used: dict[str, list[int]] = defaultdict(list)
    told_of: Counter[str] = Counter()
    for told in claims:
        for kind, estimate in estimate_counts(told).items():
            p, times = parts[kind].get(id(estimate.p), (estimate.p, 0))
            parts[kind][id(p)] = (p, times + 1)
            used[kind] += estimate.claims
            told_of[kind] += 1
    return {
        kind: {**sum_summary(parts[kind]), "incidents": told_of[kind], "claims": used[kind]} for kind in sorted(parts)
    }


def _outcomes(claims: list[list[Row]]) -> dict[str, Any]:
    found = [estimate_choice(told, "outcome", OUTCOMES) for told in claims]
    known = [each for each in found if each is not None]
    answer: dict[str, Any] = {"incidents": len(known), "unknown": len(found) - len(known)}
    chances = np.array([p for p, _ in known]).reshape(-1, len(OUTCOMES))
    for k, word in enumerate(OUTCOMES):
        values, times = np.unique(chances[:, k], return_counts=True)
        parts = {i: (np.array([1.0 - v, v]), int(n)) for i, (v, n) in enumerate(zip(values, times, strict=True))}
        answer[word] = sum_summary(parts) if parts else {"mean": 0.0, "low": 0, "high": 0}
    share = {key: answer["intercepted"][key] / len(known) if known else None for key in ("mean", "low", "high")}
    return {**answer, "intercepted_share": share, "claims": [i for _, ids in known for i in ids]}


def _claimed(claims: list[list[Row]]) -> dict[str, Any]:
    ids = [[c["id"] for c in told if c["source"] == "claiming_group"] for told in claims]
    incidents = sum(bool(found) for found in ids)
    share = incidents / len(claims) if claims else None
    return {"incidents": incidents, "share": share, "claims": [i for found in ids for i in found]}


def _local_hour(span: Span, ns: int) -> int:
    """Hours since 1970 on the clocks of the spot."""
    return (ns + span.offset_min * 60 * 10**9) // (3600 * 10**9)


@lru_cache(maxsize=4096)
def _month_of(day: int) -> str:
    return f"{date(1970, 1, 1) + timedelta(days=day):%Y-%m}"


def _month(span: Span | None) -> str:
    """Month on the clocks of the spot, ``unknown`` where the time leaves that open."""
    if span is None:
        return "unknown"
    first, last = (_month_of(_local_hour(span, ns) // 24) for ns in (span.earliest_ns, span.latest_ns))
    return first if first == last else "unknown"


def _hour(span: Span | None) -> str:
    if span is None or span.latest_ns - span.earliest_ns >= 6 * 3600 * 10**9:
        return "unknown"
    hour = _local_hour(span, span.earliest_ns) % 24 // 6 * 6
    return f"{hour:02d}-{hour + 6:02d}"


def reported(figures: Sequence[Row], asked: Filter) -> list[dict[str, Any]]:
    """Published running totals, each with the claim it is; only those published by the time asked for."""
    answer = []
    for claim in figures:
        period, published = span_of(claim, "period"), span_of(claim, "published")
        stated = published or period
        if asked.time_fits(stated) is False:
            continue
        low, high = claim["count_low"], claim["count_high"]
        answer.append(
            {
                "what": claim["figure"],
                "value": low if low == high else None,
                "low": low,
                "high": high,
                "as_of": None if stated is None else f"{stated.local(stated.latest_ns):%Y-%m-%d}",
                "period": None if period is None else period.words(),
                "type": claim["type"],
                "claim_id": claim["id"],
                **{key: claim[key] for key in ("source", "publisher", "reference", "statement")},
            }
        )
    return answer
