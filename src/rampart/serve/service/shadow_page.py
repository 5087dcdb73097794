"""Page of the shadow report: one file, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; } caption { text-align: left; font-weight: 600; }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
td.n, th.n { text-align: right; } .bar { display: inline-block; height: .7em; background: #3b6ea5; }
.big { font-size: 1.4rem; } @media (prefers-color-scheme: dark) { body { background: #14171a; color: #e6e6e6; }
th, td { border-color: #333; } }
"""


def shadow_page(report: Mapping[str, Any]) -> str:
    """The report of a day, as `ShadowBook.report` gives it, as a page."""
    false, latency = report["false"], report["latency"]["detection_to_decision"]
    bound = "no upper bound yet" if false["high_95"] is None else f"at most {false['high_95']:.3g} (95 %)"
    rate = "-" if false["per_hour"] is None else f"{false['per_hour']:.3g}"
    parts = [
        f"<h1>Shadow report {escape(report['date'])}</h1>",
        f"<p>{escape(report['from'])} to {escape(report['to'])}, {report['hours']:.2f} h watched. "
        "Nobody was told of anything on this page.</p>",
        f'<p class="big">{report["opened"]} warnings would have gone out. '
        f"{false['n']} count as false: {rate} per hour, {bound}.</p>",
        f"<p>From the detection that decided to the decision: median {_ms(latency['p50_ms'])}, "
        f"99 % within {_ms(latency['p99_ms'])}, n = {latency['n']}.</p>",
        _warnings(report["warnings"]),
        *map(_sensor, report["sensors"]),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Shadow report '
        f"{escape(report['date'])}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    lines = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    return f"<table><caption>{escape(caption)}</caption><tr>{head}</tr>\n{body}</table>"


def _warnings(warnings: Sequence[Mapping[str, Any]]) -> str:
    if not warnings:
        return "<p>No warning.</p>"
    rows = (
        [escape(str(w[name])) for name in ("time", "id", "sequence", "phase", "zone", "class", "status", "reason")]
        + ["yes" if w["counted"] and not w["sequence"] else ""]
        for w in warnings
    )
    heads = ("time", "warning", "message", "phase", "zone", "class", "status", "why", "counts as false")
    return _table("What would have gone out", heads, rows)


def _sensor(sensor: Mapping[str, Any]) -> str:
    name = escape(f"{sensor['site']}/{sensor['id']}")
    said = escape(sensor["status"] + (f": {sensor['reason']}" if sensor["reason"] else ""))
    delay = sensor["delay"]
    parts = [
        f"<h2>{name}</h2><p>{sensor['reports']} reports; {said}. Delay: median {_ms(delay['p50_ms'])}, 99 % within "
        f"{_ms(delay['p99_ms'])}; the file says {_ms(sensor['delay_modelled_ms'])}.</p>"
    ]
    if sensor["bias"]:
        sigma = sensor["sigma"] or {}
        rows = (
            [escape(key), f"{value:+.3g}", f"{sigma.get(key) or float('nan'):.2g}"]
            for key, value in sensor["bias"].items()
            if value is not None
        )
        parts.append(_table("Biases against the other sensors", ("component", "bias", "one sigma"), rows))
    if sensor["cover"]:
        rows = (
            [
                f"{c['from_m'] / 1000:.0f} to {c['to_m'] / 1000:.0f} km", f"{c['scans']:.0f}",
                f'<span class="bar" style="width:{6 * c["observed"]:.2f}rem"></span> {c["observed"]:.2f}',
                f"{c['modelled']:.2f}",
            ]
            for c in sensor["cover"]
        )  # fmt: skip
        heads = ("range", "scans at confirmed tracks", "share that gave a report", "modelled")
        parts.append(_table("Cover as observed", heads, rows))
    return "\n".join(parts)
