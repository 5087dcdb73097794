"""Claims against evidence: who says what, whether the sensors bear it out, and what follows from all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rampart.ledger.incidents import Count, Span
from rampart.ledger.incidents.estimate import reliability
from rampart.ledger.report.svg import Frame, picture, tag, text, tip
from rampart.ledger.report.tables import NONE, table
from rampart.ledger.words import BALLISTIC, count, kind_name

from .dossier import Dossier
from .statement import type_names

AGREES, CONTRADICTS, OPEN = "agrees", "contradicts", "cannot be told"


def tracked_types(dossier: Dossier) -> dict[str, int]:
    """How many threats of each type of claims were tracked."""
    kinds = [t.shown_kind for _, t in dossier.threats if t.tracks]
    return dict(Counter(kind if kind in BALLISTIC else "drone" for kind in kinds))


def verdict(claim: Mapping[str, Any], tracked: Mapping[str, int]) -> str:
    """Whether what the sensors tracked bears out a claim: its type, then its count.

    >>> rocket = {"source": "press", "type": "rocket", "count_low": 2, "count_high": None}
    >>> [verdict(rocket, seen) for seen in ({"rocket": 3}, {"rocket": 1}, {})]
    ['agrees', 'contradicts', 'cannot be told']
    """
    if not tracked or claim["source"] == "sensor" or (claim["type"] is None and claim["count_low"] is None):
        return OPEN
    n = sum(tracked.values()) if claim["type"] is None else tracked.get(claim["type"], 0)
    if claim["count_low"] is None:
        return AGREES if n else CONTRADICTS
    high = claim["count_high"]
    return AGREES if claim["count_low"] <= n and (high is None or n <= high) else CONTRADICTS


def claims_table(dossier: Dossier) -> str:
    """Every claim beside what the sensors say."""
    if not dossier.claims:
        return tag("p", "Nobody has claimed anything about this incident.")
    tracked = tracked_types(dossier)
    rows = [_row(claim, tracked) for claim in dossier.claims]
    heads = ["", "who", "published", "what is said", "count#", "type", "outcome", "reliability#", "sensors"]
    seen = ", ".join(count(n, kind_name(kind, 1), kind_name(kind, 2)) for kind, n in tracked.items())
    words = f"The sensors tracked {seen}." if seen else "No track bears on the claims."
    return tag("p", escape(words)) + table(heads, rows) + _estimates(dossier.estimate)


def _row(claim: Mapping[str, Any], tracked: Mapping[str, int]) -> list[str]:
    who = claim["publisher"] or claim["source"].replace("_", " ")
    number = None if claim["count_low"] is None else Count(claim["count_low"], claim["count_high"]).words()
    found = verdict(claim, tracked)
    mood = {AGREES: "outcome-destroyed", CONTRADICTS: "prepare"}.get(found, "")
    told = f"<span class='chip {mood}'>{found}</span>"
    blamed = f"<br/><span class='faint'>names as responsible: {escape(claim['attribution'] or '')}</span>"
    return [
        str(claim["id"]),
        f"<b>{escape(who)}</b><br/><span class='faint'>{escape(claim['source'].replace('_', ' '))}</span>",
        published(claim),
        escape(claim["statement"]) + (blamed if claim["attribution"] else ""),
        escape(number or NONE),
        escape(claim["type"] or NONE),
        escape(claim["outcome"] or NONE),
        f"{reliability(claim):.2g}",
        NONE if claim["source"] == "sensor" else told,
    ]


def published(claim: Mapping[str, Any]) -> str:
    """When a claim was published."""
    if claim["published_earliest_ns"] is None:
        return NONE
    span = Span(claim["published_earliest_ns"], claim["published_latest_ns"], claim["published_offset_min"] or 0)
    return escape(span.words())


def _estimates(estimate: Mapping[str, Any]) -> str:
    """What follows from the claims together: counts by type as bars, type and outcome in words."""
    charts = [_bars(kind, counts) for kind, counts in estimate.get("counts", {}).items()]
    lines = []
    for name in ("type", "outcome"):
        if estimate.get(name):
            chances = ", ".join(f"{w} {chance(p)}" for w, p in estimate[name]["p"].items() if p >= 0.01)
            lines.append(
                tag("p", escape(f"{name.capitalize()}, from claims {_ids(estimate[name]['claims'])}: {chances}."))
            )
    head = tag("h3", "What follows from all of them")
    return head + "".join(lines) + (tag("div", *charts, class_="small-charts") if charts else "")


def chance(p: float) -> str:
    """A probability for people: nothing is certain.

    >>> chance(0.997), chance(0.304)
    ('>99 %', '30 %')
    """
    return ">99 %" if p > 0.99 else f"{100 * p:.0f} %"


def _bars(kind: str, counts: Mapping[str, Any]) -> str:
    likely = {int(n): float(p) for n, p in counts["likeliest"].items()}
    low, high = min([*likely, counts["low"]]), max([*likely, counts["high"]])
    frame = Frame(40.0, 34.0, 284.0, 100.0, low - 0.6, high + 0.6, 0.0, 1.2)
    wide = min(26.0, 0.7 * frame.width / max(high - low + 1, 1))
    parts = [frame.border()]
    for n, p in likely.items():
        x, y = frame.x(n), frame.y(p)
        words = f"{n} with probability {p:.2f}"
        parts.append(tag("rect", tip(words), x=x - wide / 2, y=y, width=wide, height=frame.bottom - y, class_="bar"))
        parts.append(text(str(n), x, frame.bottom + 15, text_anchor="middle", class_="tick"))
        if p >= 0.02:
            parts.append(text(chance(p), x, y - 4, text_anchor="middle", class_="tick"))
    title = f"{type_names(kind)[1]}: {counts['low']} to {counts['high']} (90 %)"
    parts.append(text(title, 40, 20, class_="lane"))
    parts.append(text(f"claims {_ids(counts['claims'])}", 324, 20, text_anchor="end", class_="tick faint"))
    return picture(338, 160, *parts, title=title, class_="chart")


def _ids(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))
