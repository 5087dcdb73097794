"""Bars: loss distributions, paired differences, tornado, Sobol indices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rampart.ledger.report.svg import picture, tag, text, tip
from rampart.study.montecarlo.intervals import proportion
from rampart.study.montecarlo.measures import leaker_counts
from rampart.study.montecarlo.result import StudyResult

from .axes import COLOURS, axes, plot_area, whisker

MOST_PANELS = 12
MOST_ROWS = 24
_GUTTER = 260.0
#: What design points are compared by, raid by raid.
PAIRED = {"leakers": "leakers per raid", "person_minutes": "person-minutes in shelter per raid"}


def loss_distributions(result: StudyResult) -> str:
    """How many raids had how many leakers, one small chart per design point, on one scale."""
    counts = [leaker_counts(runs) for runs in result.run_rows[:MOST_PANELS]]
    most = max(len(row) for row in counts)
    charts = [
        _losses(point.label, row, most) for point, row in zip(result.points, counts, strict=False) if sum(row) > 0
    ]
    rest = len(result.points) - len(charts)
    more = tag("p", f"... and {rest} more in the tables.", class_="faint") if rest > 0 else ""
    return tag("div", *charts, more, class_="charts")


def _losses(label: str, counts: list[int], most: int, width: float = 340.0, height: float = 220.0) -> str:
    n = sum(counts)
    frame = plot_area(width, height, (-0.6, most - 0.4), (0.0, 1.0))
    frame.top, frame.height = frame.top + 12.0, frame.height - 12.0
    step = max(1, math.ceil(most / 12))
    parts = [axes(frame, "leakers in a raid", "share of raids", x_ticks=[(k, str(k)) for k in range(0, most, step)])]
    for k, count in enumerate(counts):
        share = proportion(count, n)
        if not count:
            continue
        x, half = float(frame.x(k)), 0.38 * frame.width / (most + 0.2)
        y = float(frame.y(share.value))
        words = f"{count} of {n} raids had {k}: {share.value:.3f} [{share.low:.3f}, {share.high:.3f}]"
        parts.append(tag("rect", tip(words), x=x - half, y=y, width=2 * half, height=frame.bottom - y, fill=COLOURS[0]))
        span = f"M{x:.1f} {float(frame.y(share.low)):.1f}V{float(frame.y(share.high)):.1f}"
        parts.append(tag("path", d=span, class_="error"))
    parts.append(text(f"{label} (n = {n:,})", frame.left, frame.top - 8, class_="head"))
    return picture(width, height, *parts, title=f"leakers, {label}", class_="chart small")


def paired_differences(result: StudyResult) -> str:
    """Leakers and person-minutes of each design point less those of the first; what nowhere differs is left out."""
    return "".join(paired_difference(result, name) for name in PAIRED)


def paired_difference(result: StudyResult, name: str) -> str:
    """One of `PAIRED` of each design point less that of the first, over the same raids; "" if it nowhere differs."""
    rows = [(p.label, c) for p, c in zip(result.points, result.comparisons, strict=True) if c is not None]
    rows = [(label, c) for label, c in rows if c[name]["value"] is not None][:MOST_ROWS]
    ends = [v for _, c in rows for v in (c[name]["low"], c[name]["high"], 0.0)]
    if not any(ends):
        return ""
    pad = 0.05 * (max(ends) - min(ends) or 1.0)
    height = 70.0 + 24.0 * len(rows)
    frame = plot_area(900.0, height, (min(ends) - pad, max(ends) + pad), (0.0, float(len(rows))), left=_GUTTER)
    zero = float(frame.x(0.0))
    parts = [frame.border(), tag("path", d=f"M{zero:.1f} {frame.top:.1f}V{frame.bottom:.1f}", class_="zero")]
    parts += _value_axis(frame, f"{PAIRED[name]}, difference to: {result.points[0].label}")
    for k, (label, c) in enumerate(rows):
        y, d = frame.top + (k + 0.5) * frame.height / len(rows), c[name]
        test = c["mcnemar"]
        parts.append(text(label, frame.left - 8, y + 4, text_anchor="end", class_="tick"))
        parts.append(whisker(frame, y, d["low"], d["value"], d["high"], COLOURS[0]))
        words = f"P(no leaker): only there {test['only_second']}, only here {test['only_first']}, p = {test['p']:.2g}"
        parts.append(
            tag("rect", tip(words), x=frame.left, y=y - 11, width=frame.width, height=22.0, fill="transparent")
        )
    return picture(900.0, height, *parts, title=f"paired differences: {PAIRED[name]}", class_="chart wide")


def _value_axis(frame: Any, label: str) -> list[str]:
    from rampart.ledger.report.svg import ticks

    parts = [
        text(f"{v:g}", float(frame.x(v)), frame.bottom + 15, text_anchor="middle", class_="tick")
        for v in ticks(frame.x0, frame.x1, 8)
    ]
    return [*parts, text(label, frame.left + frame.width / 2, frame.bottom + 34, text_anchor="middle", class_="label")]


def tornado(rows: list[dict[str, Any]], label: str) -> str:
    """How far each key moves a measure: a bar from its least to its greatest mean."""
    rows = rows[:MOST_ROWS]
    values = [v for row in rows for v in row["levels"].values()]
    pad = 0.08 * (max(values) - min(values) or 1.0)
    height = 70.0 + 28.0 * len(rows)
    frame = plot_area(900.0, height, (min(values) - pad, max(values) + pad), (0.0, float(len(rows))), left=_GUTTER)
    parts = [frame.border(), *_value_axis(frame, label)]
    for k, row in enumerate(rows):
        y = frame.top + (k + 0.5) * frame.height / len(rows)
        levels = sorted(row["levels"].items(), key=lambda item: item[1])
        x0, x1 = float(frame.x(levels[0][1])), float(frame.x(levels[-1][1]))
        words = "; ".join(f"{level}: {value:.4g}" for level, value in row["levels"].items())
        parts.append(
            tag("rect", tip(words), x=x0, y=y - 9, width=max(x1 - x0, 1.0), height=18.0, fill=COLOURS[0], rx=2)
        )
        parts.append(text(row["key"], frame.left - 8, y + 4, text_anchor="end", class_="tick"))
        parts.append(text(_short(levels[0][0]), x0 - 4, y + 4, text_anchor="end", class_="tick"))
        parts.append(text(_short(levels[-1][0]), x1 + 4, y + 4, class_="tick"))
    return picture(900.0, height, *parts, title=f"tornado of {label}", class_="chart wide")


def _short(text_: str) -> str:
    try:
        return f"{float(text_):g}"
    except ValueError:
        return text_ if len(text_) <= 14 else text_[:13] + "…"


def sobol_bars(indices: dict[str, Any], label: str) -> str:
    """First-order and total indices, side by side."""
    rows = [(key, row) for key, row in indices.items() if row["total"]["value"] is not None]
    if not rows:
        return ""
    height = 70.0 + 34.0 * len(rows)
    ends = [row[kind][end] for _, row in rows for kind in ("first", "total") for end in ("low", "high")]
    top = max(1.0, float(np.nanmax([e for e in ends if e is not None] or [1.0])))
    low = min(0.0, float(np.nanmin([e for e in ends if e is not None] or [0.0])))
    frame = plot_area(900.0, height, (low, top), (0.0, float(len(rows))), left=_GUTTER)
    parts = [frame.border(), *_value_axis(frame, f"share of the variance of {label}: first order blue, total orange")]
    for k, (key, row) in enumerate(rows):
        for shift, kind, colour in ((-7.0, "first", COLOURS[0]), (7.0, "total", COLOURS[1])):
            y, e = frame.top + (k + 0.5) * frame.height / len(rows) + shift, row[kind]
            bounds = (e["low"], e["high"]) if e["low"] is not None and e["high"] is not None else (e["value"],) * 2
            parts.append(whisker(frame, y, bounds[0], e["value"], bounds[1], colour))
        y = frame.top + (k + 0.5) * frame.height / len(rows)
        parts.append(text(key, frame.left - 8, y + 4, text_anchor="end", class_="tick"))
    return picture(900.0, height, *parts, title=f"Sobol indices of {label}", class_="chart wide")
