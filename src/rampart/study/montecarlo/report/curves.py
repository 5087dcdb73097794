"""Curves: a measure against what is varied, with the band of its interval; cost against leakers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rampart.ledger.report.svg import group, path, picture, tag, text, tip
from rampart.study.montecarlo.result import StudyResult

from .axes import COLOURS, axes, plot_area

WIDTH, HEIGHT = 520.0, 320.0
#: Measures drawn against a key: head and label.
DRAWN = {
    "leakers_mean": "leakers per raid",
    "p_no_leaker": "P(no leaker)",
    "rounds_mean": "rounds per raid",
    "warned_in_time": "pairs warned in time",
}
MOST_LINES = 6

Line = tuple[str, list[tuple[float, int]]]  #: what the other keys are, and (value, design point)


def number_keys(result: StudyResult) -> list[str]:
    """Keys that take at least three numbers."""
    found = []
    for key in result.keys:
        values = {dict(point.vary).get(key) for point in result.points} - {None}
        if len(values) >= 3 and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            found.append(key)
    return found


def lines_of(result: StudyResult, key: str) -> list[Line]:
    """The design points as lines over a key: one for each setting of the other keys."""
    lines: dict[str, list[tuple[float, int]]] = {}
    for point in result.points:
        row = dict(point.vary)
        if key not in row:
            continue
        rest = ", ".join(f"{k.rpartition('.')[2]} {v}" for k, v in row.items() if k != key)
        lines.setdefault(rest, []).append((float(row[key]), point.index))
    return [(name, sorted(points)) for name, points in lines.items()]


def saturation(result: StudyResult, key: str) -> str:
    """All drawn measures against one key; a cloud of points where a design fills space."""
    lines = lines_of(result, key)
    cloud = max(len(points) for _, points in lines) < 2 or len(lines) > MOST_LINES
    if cloud:
        lines = [("", sorted(p for _, points in lines for p in points))]
    charts = [_chart(result, key, lines, name, head, cloud) for name, head in DRAWN.items()]
    return tag("div", *charts, class_="charts")


def _chart(result: StudyResult, key: str, lines: list[Line], name: str, head: str, cloud: bool) -> str:
    rows = [(x, result.measured[i][name]) for _, points in lines for x, i in points]
    known = [(x, e) for x, e in rows if math.isfinite(e.value)]
    if not known:
        return ""
    top = max(e.high for _, e in known)
    share = name.startswith(("p_", "warned"))
    xs = [x for x, _ in known]
    pad = 0.04 * (max(xs) - min(xs))
    frame = plot_area(WIDTH, HEIGHT, (min(xs) - pad, max(xs) + pad), (0.0, 1.02 if share else 1.08 * top))
    levels = sorted(set(xs))
    marks = [(x, f"{x:g}") for x in levels] if len(levels) <= 10 and not _crowded(frame, levels) else None
    parts = [axes(frame, key, head, x_ticks=marks)]
    for k, (rest, points) in enumerate(lines):
        parts.append(_line(result, frame, points, name, COLOURS[k % len(COLOURS)], rest, cloud))
    if len(lines) > 1:
        parts += [_key(frame, k, rest) for k, (rest, _) in enumerate(lines)]
    return picture(WIDTH, HEIGHT, *parts, title=f"{head} against {key}", class_="chart")


def _key(frame: Any, k: int, words: str) -> str:
    """One line of the legend."""
    y, colour = frame.top + 14 + 15 * k, COLOURS[k % len(COLOURS)]
    mark = tag("rect", x=frame.right - 14, y=y - 8, width=8.0, height=8.0, fill=colour)
    return mark + text(words or "as it is", frame.right - 20, y, text_anchor="end", class_="tick strong")


def _crowded(frame: Any, levels: list[float]) -> bool:
    pixels = np.sort(frame.x(np.array(levels)))
    return bool(len(pixels) > 1 and np.diff(pixels).min() < 22.0)


def _line(
    result: StudyResult, frame: Any, points: list[tuple[float, int]], name: str, colour: str, rest: str, cloud: bool
) -> str:
    found = [(x, result.measured[i][name], result.points[i].label) for x, i in points]
    found = [(x, e, label) for x, e, label in found if math.isfinite(e.value)]
    x = np.array([row[0] for row in found])
    value, low, high = (np.array([getattr(row[1], part) for row in found]) for part in ("value", "low", "high"))
    band = np.column_stack([np.r_[frame.x(x), frame.x(x)[::-1]], np.r_[frame.y(low), frame.y(high)[::-1]]])
    dots = [
        tag(
            "circle",
            tip(f"{label}: {e.value:.4g} [{e.low:.4g}, {e.high:.4g}]"),
            cx=float(frame.x(at)),
            cy=float(frame.y(e.value)),
            r=3.5,
            fill=colour,
        )
        for at, e, label in found
    ]
    if cloud:
        return group(*dots)
    return group(
        tag("path", tip(rest), d=path(band, closed=True, apart=0.0), fill=colour, class_="band"),
        tag("path", d=frame.line(x, value), stroke=colour, class_="line"),
        *dots,
    )


def cost_against_leakers(result: StudyResult) -> str:
    """One mark per design point; down and left is better. Empty where nothing carries a cost."""
    rows = [(p.label, m["cost"], m["leakers_mean"]) for p, m in zip(result.points, result.measured, strict=True)]
    rows = [row for row in rows if math.isfinite(row[1].value)]
    if len(rows) < 2:
        return ""
    costs = [c.value for _, c, _ in rows]
    pad = 0.08 * (max(costs) - min(costs) or 1.0)
    frame = plot_area(
        720.0, 360.0, (min(costs) - pad, max(costs) + pad), (0.0, 1.1 * max(e.high for *_, e in rows) or 1.0)
    )
    parts = [axes(frame, "cost of sensors, effectors and the rounds of a raid", "leakers per raid")]
    for label, cost, leakers in rows:
        x, y = float(frame.x(cost.value)), float(frame.y(leakers.value))
        span = f"M{x:.1f} {float(frame.y(leakers.low)):.1f}V{float(frame.y(leakers.high)):.1f}"
        parts.append(tag("path", d=span, stroke=COLOURS[0], class_="whisker"))
        parts.append(tag("circle", tip(label), cx=x, cy=y, r=4.0, fill=COLOURS[0]))
        anchor = "end" if x > frame.right - 160 else "start"
        shift = -8 if anchor == "end" else 8
        if len(rows) <= 12:
            parts.append(text(label, x + shift, y - 6, text_anchor=anchor, class_="tick"))
    return picture(720.0, 360.0, *parts, title="cost against leakers", class_="chart wide")
