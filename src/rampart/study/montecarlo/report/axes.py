"""Axes: a plotting area with its ticks and labels; colours that are told apart by everybody."""

from __future__ import annotations

from collections.abc import Sequence

from rampart.ledger.report.svg import Frame, group, tag, text, ticks

#: After M. Okabe and K. Ito: told apart with every kind of colour vision.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")


def plot_area(
    width: float, height: float, x: tuple[float, float], y: tuple[float, float], *, left: float = 58.0
) -> Frame:
    """A frame with room for labels around it."""
    low, high = y
    high = high if high > low else low + 1.0
    x0, x1 = x if x[1] > x[0] else (x[0] - 0.5, x[0] + 0.5)
    return Frame(left, 12.0, width - left - 14.0, height - 58.0, x0, x1, low, high)


def axes(
    frame: Frame, x_label: str, y_label: str, *, x_ticks: Sequence[tuple[float, str]] | None = None, grid: bool = True
) -> str:
    """Border, ticks and labels of a frame."""
    parts = [frame.border()]
    for value in ticks(frame.y0, frame.y1, 6):
        y = float(frame.y(value))
        if grid:
            parts.append(tag("path", d=f"M{frame.left:.1f} {y:.1f}H{frame.right:.1f}", class_="grid"))
        parts.append(text(f"{value:g}", frame.left - 6, y + 4, text_anchor="end", class_="tick"))
    marks = x_ticks if x_ticks is not None else [(v, f"{v:g}") for v in ticks(frame.x0, frame.x1, 8)]
    for value, words in marks:
        parts.append(text(words, float(frame.x(value)), frame.bottom + 15, text_anchor="middle", class_="tick"))
    middle = frame.left + frame.width / 2
    parts.append(text(x_label, middle, frame.bottom + 34, text_anchor="middle", class_="label"))
    turned = f"rotate(-90 14 {frame.top + frame.height / 2:.1f})"
    parts.append(
        text(y_label, 14, frame.top + frame.height / 2, text_anchor="middle", class_="label", transform=turned)
    )
    return group(*parts)


def whisker(frame: Frame, y: float, low: float, value: float, high: float, colour: str) -> str:
    """A value with its interval, lying, at a height in pixels."""
    x0, x1, x = float(frame.x(low)), float(frame.x(high)), float(frame.x(value))
    line = f"M{x0:.1f} {y:.1f}H{x1:.1f}M{x0:.1f} {y - 4:.1f}v8M{x1:.1f} {y - 4:.1f}v8"
    return tag("path", d=line, stroke=colour, class_="whisker") + tag("circle", cx=x, cy=y, r=4.0, fill=colour)
