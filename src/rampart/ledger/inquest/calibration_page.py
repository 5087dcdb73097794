"""The page of the ledger's calibration: claimed against observed coverage, and ranks, real and simulated apart."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from rampart.ledger.report.svg import Frame, group, picture, tag, text, ticks, tip

from .calibration import BINS
from .calibration_table import WHEN, calibration_table
from .page import document


def render_calibration(answer: Mapping[str, Any]) -> str:
    """The page of what `calibration` answers."""
    parts = [
        tag("p", "Rampart ledger", class_="kicker"),
        tag("h1", "How good the predictions were"),
        tag(
            "p",
            "Every predicted impact whose place was confirmed later, against where it came down. An honest 90 % "
            "ellipse holds nine impacts in ten, and ranks are spread evenly.",
            class_="lead",
        ),
    ]
    body = [tag("div", *parts, class_="title"), _group("Real impacts", answer["real"], "no impact is confirmed yet")]
    body.append(_group("Simulated impacts", answer["simulated"], "no recording of a simulation was entered"))
    return document("Calibration", [tag("main", *body)])


def _group(title: str, figures: Mapping[str, Any], none: str) -> str:
    head = tag("h2", escape(f"{title}: {figures['impacts']}"))
    if not figures["impacts"]:
        return tag("section", head, tag("p", escape(f"There are none: {none}.")))
    drawn = [
        tag("div", tag("h3", escape(f"As known {WHEN[name]} ({f['n']})")), draw_calibration(f), class_="calibration")
        for name, f in figures["known"].items()
        if f["n"]
    ]
    return tag("section", head, calibration_table(figures), *drawn)


def draw_calibration(figures: Mapping[str, Any]) -> str:
    """Claimed against observed coverage on the left, the histogram of ranks on the right."""
    return tag("figure", picture(1040, 280, _coverage(figures), _ranks(figures), title="calibration", class_="chart"))


def _axes(frame: Frame, below: str, beside: str, low: float, high: float) -> str:
    parts = [frame.border()]
    for value in ticks(frame.x0, frame.x1, 5):
        parts.append(text(f"{value:g}", frame.x(value), frame.bottom + 15, text_anchor="middle", class_="tick"))
    for value in ticks(low, high, 5):
        y = frame.y(value)
        parts.append(tag("path", d=f"M{frame.left:.1f} {y:.1f}H{frame.right:.1f}", class_="grid"))
        parts.append(text(f"{value:g}", frame.left - 6, y + 4, text_anchor="end", class_="tick"))
    parts.append(
        text(below, frame.left + frame.width / 2, frame.bottom + 33, text_anchor="middle", class_="tick faint")
    )
    parts.append(text(beside, frame.left, frame.top - 8, class_="tick faint"))
    return group(*parts)


def _coverage(figures: Mapping[str, Any]) -> str:
    frame = Frame(60.0, 30.0, 400.0, 200.0, 0.4, 1.0, 0.0, 1.0)
    parts = [_axes(frame, "content that the ellipse claims", "share of impacts inside", 0.0, 1.0)]
    parts.append(
        tag("path", d=f"M{frame.x(0.4):.1f} {frame.y(0.4):.1f}L{frame.x(1.0):.1f} {frame.y(1.0):.1f}", class_="honest")
    )
    for c in figures["coverage"]:
        x = frame.x(c["claimed"])
        words = f"{c['claimed']:.0%} claimed, {c['observed']:.0%} observed ({c['low']:.0%} to {c['high']:.0%})"
        parts.append(
            tag("path", tip(words), d=f"M{x:.1f} {frame.y(c['low']):.1f}V{frame.y(c['high']):.1f}", class_="interval")
        )
        parts.append(tag("circle", tip(words), cx=x, cy=frame.y(c["observed"]), r=4.5, class_="bar"))
    return group(*parts)


def _ranks(figures: Mapping[str, Any]) -> str:
    counts = figures["rank_histogram"]
    even = figures["n"] / BINS
    frame = Frame(590.0, 30.0, 430.0, 200.0, 0.0, 1.0, 0.0, 1.25 * max(*counts, even, 1.0))
    parts = [_axes(frame, "rank of the impact in its prediction", "impacts", 0.0, frame.y1)]
    for k, n in enumerate(counts):
        x0, x1 = frame.x(k / BINS), frame.x((k + 1) / BINS)
        words = f"{n} impacts with a rank from {k / BINS:g} to {(k + 1) / BINS:g}"
        y = frame.y(n)
        parts.append(tag("rect", tip(words), x=x0 + 1.5, y=y, width=x1 - x0 - 3, height=frame.bottom - y, class_="bar"))
    parts.append(tag("path", d=f"M{frame.left:.1f} {frame.y(even):.1f}H{frame.right:.1f}", class_="honest"))
    return group(*parts)
