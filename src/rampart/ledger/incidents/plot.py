"""Statistics as a drawing: bars with the bounds of what is not certain; what others reported is told apart below."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rampart.ledger.report.svg import Frame, group, picture, tag, text, ticks, tip
from rampart.ledger.report.tables import table

from .fields import TYPES, Count

WIDTH, _LEFT, _RIGHT, _ROW = 900.0, 150.0, 24.0, 22.0
_COLOURS = dict(
    zip((*TYPES, "unknown"), ("#c0392b", "#b9770e", "#7d8b2f", "#884ea0", "#2471a3", "#8a9199"), strict=True)
)
_STYLE = """
svg.figures { font: 13px system-ui, sans-serif; background: #fff; color: #1c2329; }
.figures text { fill: currentColor; } .figures .head { font-weight: 600; font-size: 15px; }
.figures .note, .figures .tick { fill: #56616b; font-size: 12px; }
.figures .grid { stroke: #d9dee2; fill: none; } .figures .bound { stroke: #1c2329; stroke-width: 1.5; fill: none; }
.figures .bar { fill: #5d7f99; }
"""
_PAGE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 940px; margin: 24px auto; padding: 0 16px; color: #1c2329; }
table { border-collapse: collapse; } th, td { padding: 4px 10px; border-bottom: 1px solid #d9dee2; text-align: left; }
td.n, th.n { text-align: right; } svg { width: 100%; height: auto; }
"""

#: A bar: its name, value and bounds.
Bar = tuple[str, float, float | None, float | None]


def draw_statistics(answer: Mapping[str, Any]) -> str:
    """An SVG drawing of what was recorded.

    Parameters
    ----------
    answer : mapping
        Of `answers.ask`.
    """
    recorded = answer["recorded"]
    parts, y = [_months(recorded, 8.0)], 262.0
    for head, note, bars in _panels(recorded):
        drawing, height = _bars(head, note, bars, y)
        parts.append(drawing)
        y += height
    xmlns = "http://www.w3.org/2000/svg"
    words = f"{recorded['total']} incidents recorded"
    return picture(WIDTH, y + 8, tag("style", _STYLE), *parts, title=words, class_="figures", xmlns=xmlns)


def page(answer: Mapping[str, Any], asked: str) -> str:
    """An HTML page with the drawing, and the published figures in a table of their own.

    Parameters
    ----------
    answer : mapping
        Of `answers.ask`.
    asked : str
        What was asked for, in words.
    """
    recorded = answer["recorded"]
    rows = [
        [
            escape(str(figure["what"])), escape(Count(figure["low"], figure["high"]).words()),
            escape(figure["as_of"] or ""), escape(figure["publisher"] or figure["source"]), str(figure["claim_id"]),
        ]
        for figure in answer["reported"]
    ]  # fmt: skip
    open_ = recorded["total"] - recorded["certain"]
    doubt = f" The time of {open_} of them leaves open whether they belong here." if open_ else ""
    body = (
        tag("h1", "Incidents of the ledger"),
        tag("p", f"Asked for: {escape(asked)}. Recorded: {recorded['total']} incidents.{doubt}"),
        draw_statistics(answer),
        tag("h2", "Reported by others, not counted above"),
        table(["what", "figure#", "as of", "who says so", "claim#"], rows) if rows else tag("p", "Nothing."),
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = tag(
        "head", '<meta charset="utf-8"/>', f'<meta http-equiv="Content-Security-Policy" content="{policy}"/>',
        tag("title", "Incidents of the ledger"), tag("style", _PAGE),
    )  # fmt: skip
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', *body), lang='en')}\n"


def _panels(recorded: Mapping[str, Any]) -> list[tuple[str, str, list[Bar]]]:
    share = f"{100 * recorded['interval']:.0f} % intervals"
    outcome, claimed = recorded["outcome"], recorded["claimed"]
    known = f"{outcome['incidents']} incidents of which somebody says it, {share}"
    return [
        ("Type", f"incidents, from the chances of each; {share}", _expected(recorded["type"])),
        ("Weapons", f"how many there were in all; {share}", _weapons(recorded["weapons"])),
        ("Outcome", known, _expected(outcome)),
        ("Claimed", "incidents", [("by a group", claimed["incidents"], None, None)]),
        ("Time of day", "incidents, on the clocks of the spot", _counts(recorded["by_time_of_day"])),
        ("Site", "incidents", _counts(recorded["by_site"], 15)),
    ]


def _expected(told: Mapping[str, Any]) -> list[Bar]:
    bars: list[Bar] = [
        (word, value["mean"], value["low"], value["high"])
        for word, value in told.items()
        if isinstance(value, dict) and word != "intercepted_share" and value["mean"] is not None
    ]
    return bars if told["incidents"] else []


def _weapons(told: Mapping[str, Any]) -> list[Bar]:
    return [(f"{word}s" if word != "unknown" else word, v["mean"], v["low"], v["high"]) for word, v in told.items()]


def _counts(told: Mapping[str, int], most: int = 99) -> list[Bar]:
    rows = list(told.items())
    if len(rows) > most:
        rows = sorted(rows, key=lambda row: -row[1])
        rows = [*rows[: most - 1], ("others", sum(n for _, n in rows[most - 1 :]))]
    return [(word, n, None, None) for word, n in rows]


def _bars(head: str, note: str, bars: Sequence[Bar], top: float) -> tuple[str, float]:
    """Bars to the right, one below the other; the drawing and its height."""
    parts = [text(head, 8, top + 16, class_="head"), text(note, _LEFT, top + 16, class_="note")]
    largest = max([1.0, *(value if high is None else max(value, high) for _, value, _, high in bars)])
    frame = Frame(_LEFT, top + 26, WIDTH - _LEFT - _RIGHT, max(len(bars), 1) * _ROW, 0.0, 1.05 * largest, 0.0, 1.0)
    for value in ticks(0.0, largest, 8):
        parts.append(tag("path", d=f"M{frame.x(value):.1f} {frame.top:.1f}V{frame.bottom:.1f}", class_="grid"))
        parts.append(text(f"{value:g}", frame.x(value), frame.bottom + 14, text_anchor="middle", class_="tick"))
    for k, bar in enumerate(bars):
        parts.append(_bar(frame, frame.top + (k + 0.5) * _ROW, *bar))
    if not bars:
        parts.append(text("nobody says", _LEFT + 8, frame.top + 15, class_="note"))
    return group(*parts), frame.bottom + 32 - top


def _bar(frame: Frame, y: float, name: str, value: float, low: float | None, high: float | None) -> str:
    said = f"{value:g}" if low is None else f"{value:.1f}, {low:g} to {high:g}"
    parts = [
        tip(f"{name}: {said}"),
        text(name if len(name) <= 20 else f"{name[:19]}…", _LEFT - 8, y + 4, text_anchor="end"),
        tag("rect", x=frame.left, y=y - 7, width=frame.x(value) - frame.left, height=14, class_="bar",
            style=f"fill: {_COLOURS[name.removesuffix('s')]}" if name.removesuffix("s") in _COLOURS else None),
    ]  # fmt: skip
    if low is not None:
        parts.append(_bound(frame.x(low), frame.x(high), y))
    return group(*parts)


def _bound(x0: float, x1: float, y: float) -> str:
    return tag("path", d=f"M{x0:.1f} {y - 5:.1f}v10M{x0:.1f} {y:.1f}H{x1:.1f}M{x1:.1f} {y - 5:.1f}v10", class_="bound")


def _every_month(first: str, last: str) -> list[str]:
    numbers = [12 * int(month[:4]) + int(month[5:]) - 1 for month in (first, last)]
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(numbers[0], numbers[1] + 1)]


def _months(recorded: Mapping[str, Any], top: float) -> str:
    """Incidents by month, stacked by type; the line goes to what a month may have had."""
    bounds, crossed = recorded["month_bounds"], recorded["by_month_and_type"]
    unknown = recorded["by_month"].get("unknown", 0)
    note = f"incidents by likeliest type; line: with those that may have been in it; {unknown} in no one month"
    parts = [text("Month", 8, top + 16, class_="head"), text(note, _LEFT, top + 16, class_="note"), _legend(top + 34)]
    if not bounds:
        return group(*parts, text("no time is known", _LEFT + 8, top + 80, class_="note"))
    months = _every_month(min(bounds), max(bounds))
    largest = max(bound["high"] for bound in bounds.values())
    frame = Frame(_LEFT, top + 52, WIDTH - _LEFT - _RIGHT, 160.0, 0.0, len(months), 0.0, 1.05 * largest)
    for value in ticks(0.0, largest, 6):
        parts.append(tag("path", d=f"M{frame.left:.1f} {frame.y(value):.1f}H{frame.right:.1f}", class_="grid"))
        parts.append(text(f"{value:g}", frame.left - 8, frame.y(value) + 4, text_anchor="end", class_="tick"))
    step = max(1, -(-len(months) // 12))
    for k, month in enumerate(months):
        parts.append(_column(frame, k, crossed.get(month, {}), bounds.get(month, {"high": 0})["high"], month))
        if k % step == 0:
            parts.append(text(month, frame.x(k + 0.5), frame.bottom + 16, text_anchor="middle", class_="tick"))
    return group(*parts)


def _column(frame: Frame, k: int, kinds: Mapping[str, int], high: int, month: str) -> str:
    below, parts = 0, [tip(f"{month}: {', '.join(f'{word} {n}' for word, n in kinds.items()) or 0}, at most {high}")]
    x0, x1 = frame.x(k + 0.15), frame.x(k + 0.85)
    for word, n in kinds.items():
        top = frame.y(below + n)
        height = frame.y(below) - top
        parts.append(tag("rect", x=x0, y=top, width=x1 - x0, height=height, style=f"fill: {_COLOURS[word]}"))
        below += n
    if high > below:
        y = frame.y(high)
        parts.append(tag("path", d=f"M{(x0 + x1) / 2:.1f} {frame.y(below):.1f}V{y:.1f}M{x0:.1f} {y:.1f}H{x1:.1f}",
                         class_="bound"))  # fmt: skip
    return group(*parts)


def _legend(y: float) -> str:
    parts = []
    for k, (word, colour) in enumerate(_COLOURS.items()):
        x = _LEFT + 100.0 * k
        parts.append(tag("rect", x=x, y=y - 9, width=12, height=12, style=f"fill: {colour}"))
        parts.append(text(word, x + 18, y + 1, class_="note"))
    return group(*parts)
