"""Figure: misses against person-minutes in shelter, and people alarmed by how fine the zones are, as one SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rampart.ledger import write_text
from rampart.ledger.report.svg import Frame, picture, tag, text, ticks, tip

from .region import COUNTS

WIDTH, PANEL, HEIGHT = 1020.0, 320.0, 620.0
COLOURS = ("#9aa5b1", "#d97706", "#0b6e99", "#15803d")
INK, GRID = "#1f2933", "#e4e7eb"
STYLE = (
    "text{font:12px sans-serif;fill:#1f2933}.head{font-weight:bold;font-size:14px}.faint{fill:#616e7c}"
    ".plot{fill:none;stroke:#cbd2d9}"
)


def draw(path: Path, families: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the figure.

    Parameters
    ----------
    path : pathlib.Path
        The SVG file.
    families : mapping
        Name of each family -> what `economics.figures` gives.
    """
    parts = [tag("style", STYLE), tag("rect", x=0.0, y=0.0, width=WIDTH, height=HEIGHT, fill="#ffffff")]
    for k, (name, found) in enumerate(families.items()):
        left = 64.0 + k * (PANEL + 10.0)
        parts += _curves(left, name, found)
        parts += _alarms(left, found)
    parts += _legend()
    title = "misses against person-minutes in shelter for four zone maps over the same raids"
    drawn = picture(WIDTH, HEIGHT, *parts, title=title, xmlns="http://www.w3.org/2000/svg")
    write_text(path, drawn + "\n")


def _curves(left: float, name: str, found: Mapping[str, Any]) -> list[str]:
    curves = [found["curves"][str(count)] for count in COUNTS]
    minutes = [max(row["person_minutes"], 1.0) for curve in curves for row in curve]
    misses = [100.0 * row["not_in_time"] for curve in curves for row in curve]
    low, high = 10.0 ** math.floor(math.log10(min(minutes))), 10.0 ** math.ceil(math.log10(max(minutes)))
    top = max(1.15 * max(misses), 1.0)
    frame = Frame(left, 64.0, PANEL - 60.0, 210.0, math.log10(low), math.log10(high), 0.0, top)
    parts = [text(f"{name}: {found['raids']} raids", left, 48.0, class_="head")]
    parts += _axis_x(frame, "person-minutes in shelter per raid") + _axis_y(frame, "%")
    for curve, colour in zip(curves, COLOURS, strict=True):
        x = np.log10([max(row["person_minutes"], 1.0) for row in curve])
        y = np.array([100.0 * row["not_in_time"] for row in curve])
        parts.append(tag("path", d=frame.line(x, y), fill="none", stroke=colour, stroke_width="2"))
        for row, at_x, at_y in zip(curve, x, y, strict=True):
            chosen = row["threshold"] == found["threshold"]
            words = (
                f"threshold {row['threshold']:g}: {row['person_minutes']:,.0f} person-minutes per raid,"
                f" {100.0 * row['not_in_time']:.2f} % not in time"
                f" ({100.0 * row['not_in_time_low']:.2f} to {100.0 * row['not_in_time_high']:.2f})"
            )
            size = 6.0 if chosen else 2.5
            look = {"fill": "#ffffff" if chosen else colour, "stroke": colour, "stroke_width": "2"}
            parts.append(tag("circle", tip(words), cx=float(frame.x(at_x)), cy=float(frame.y(at_y)), r=size, **look))
    return parts


def _alarms(left: float, found: Mapping[str, Any]) -> list[str]:
    """People alarmed per raid at the default threshold: all of them, and those told to shelter, darker."""
    rows = [found["zones"][str(count)] for count in COUNTS]
    most = max(row["person_alarms"]["high"] for row in rows)
    low = 10.0 ** math.floor(math.log10(max(min(row["person_shelters"]["low"] for row in rows), 1.0)))
    frame = Frame(left, 372.0, PANEL - 60.0, 170.0, -0.5, len(COUNTS) - 0.5, low, 1.3 * most, log=True)
    parts = [frame.border()]
    for power in range(round(math.log10(low)), math.floor(math.log10(1.3 * most)) + 1):
        y = float(frame.y(10.0**power))
        parts.append(tag("path", d=f"M{frame.left:.1f} {y:.1f}H{frame.right:.1f}", stroke=GRID))
        parts.append(text(f"{10**power:,}", frame.left - 6.0, y + 4.0, text_anchor="end", class_="faint"))
    for k, (row, colour) in enumerate(zip(rows, COLOURS, strict=True)):
        for measure, opacity, offset in (("person_alarms", "0.35", -26.0), ("person_shelters", "1", 2.0)):
            x, y = float(frame.x(k)) + offset, float(frame.y(row[measure]["value"]))
            words = "alarmed" if measure == "person_alarms" else "told to shelter"
            note = f"{row[measure]['value']:,.0f} people {words} per raid"
            height = max(frame.bottom - y, 0.0)
            parts.append(tag("rect", tip(note), x=x, y=y, width=24.0, height=height, fill=colour, fill_opacity=opacity))
            ends = [float(frame.y(max(row[measure][end], low))) for end in ("low", "high")]
            parts.append(tag("path", d=f"M{x + 12.0:.1f} {ends[0]:.1f}V{ends[1]:.1f}", stroke=INK))
        parts.append(text(f"{COUNTS[k]:,}", frame.x(k), frame.bottom + 16.0, text_anchor="middle"))
    fall = found["fall_25_to_1700"]["person_alarms"]
    said = f"people alarmed per raid: {fall['value']:.1f} times fewer"
    parts.append(text(said, left, 360.0, class_="faint"))
    return parts


def _axis_x(frame: Frame, words: str) -> list[str]:
    parts = [frame.border()]
    for power in range(round(frame.x0), round(frame.x1) + 1):
        x = float(frame.x(power))
        parts.append(tag("path", d=f"M{x:.1f} {frame.top:.1f}V{frame.bottom:.1f}", stroke=GRID))
        parts.append(text(_thousands(10**power), x, frame.bottom + 16.0, text_anchor="middle", class_="faint"))
    parts.append(text(words, frame.left, frame.bottom + 34.0, class_="faint"))
    return parts


def _axis_y(frame: Frame, unit: str) -> list[str]:
    parts = []
    for value in ticks(frame.y0, frame.y1, 6):
        y = float(frame.y(value))
        parts.append(tag("path", d=f"M{frame.left:.1f} {y:.1f}H{frame.right:.1f}", stroke=GRID))
        parts.append(text(f"{value:g} {unit}", frame.left - 6.0, y + 4.0, text_anchor="end", class_="faint"))
    return parts


def _thousands(value: int) -> str:
    return f"{value // 1000:,}k" if value >= 1000 else str(value)


def _legend() -> list[str]:
    parts = [text("Endangered people not told to shelter in time", 64.0, 22.0, class_="head")]
    x = 440.0
    for count, colour in zip(COUNTS, COLOURS, strict=True):
        parts.append(tag("rect", x=x, y=12.0, width=14.0, height=12.0, fill=colour))
        parts.append(text(f"{count:,} zones", x + 19.0, 22.0))
        x += 105.0
    parts.append(tag("circle", cx=x + 6.0, cy=18.0, r=6.0, fill="#ffffff", stroke=INK, stroke_width="2"))
    parts.append(text("default", x + 18.0, 22.0))
    note = "Dots: thresholds. Bars: pale told to prepare or shelter, full told to shelter; whiskers 95 % over raids."
    parts.append(text(note, 64.0, HEIGHT - 24.0, class_="faint"))
    return parts


def families_of(results: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The families among the results of a run."""
    return {row["name"]: row["ours"] for row in results if "curves" in row["ours"]}
