"""Page: an explanation as one HTML file without outside requests."""

from __future__ import annotations

from html import escape
from typing import Any

from .stages import RANK, WORDS
from .words import decision, interval, verdict

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: currentColor; }
table { border-collapse: collapse; margin: .5rem 0; }
td, th { padding: .15rem .7rem .15rem 0; text-align: left; vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; } .key { display: inline-block; margin-right: 1rem; }
.key i { display: inline-block; width: .9em; height: .9em; margin-right: .35em; vertical-align: -.1em; }
.bad { color: #b3261e; font-weight: 600; } @media (prefers-color-scheme: dark) { .bad { color: #ff8a80; } }
"""
#: Sensor gates, cold to warm, then those of the chain (after M. Okabe, K. Ito, "Color universal design", 2008).
_INKS = ("#8a8f98", "#5b636b", "#7a4fb5", "#cc79a7", "#9c2c5b", "#b0b7bf", "#0072b2", "#4a4a4a", "#8f6b00", "#2f6f6f",
         "#56b4e9", "#6a994e", "#b08968", "#e69f00", "#d55e00", "#b3261e", "#7b1e1e", "#009e73")  # fmt: skip
_WIDTH, _LEFT, _ROW = 920, 96, 26


def explain_page(answer: dict[str, Any]) -> str:
    """The page of an explanation."""
    title = f"Why: {answer['scenario']}, seed {answer['seed']}"
    parts = [_threat(threat) for threat in answer["threats"]]
    notes = "".join(f"<p>{escape(note)}</p>" for note in answer["notes"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1><p>Simulation. The gate that each threat fell "
        f"through, look by look.</p>{''.join(parts)}{notes}</body></html>\n"
    )


def _threat(threat: dict[str, Any]) -> str:
    failed = threat["gate"] is not None
    mark = ' class="bad"' if failed else ""
    text = f"<h2>{escape(threat['id'])} <small>{escape(threat['kind'].replace('_', ' '))}</small></h2>"
    text += f"<p><span{mark}>{escape(verdict(threat))}</span>"
    text += f"; {escape(decision(threat))}.</p>" if failed else ".</p>"
    return text + _bars(threat) + (_intervals(threat) + _tried(threat) if failed else "")


def _bars(threat: dict[str, Any]) -> str:
    """One bar per sensor and one for all, over time."""
    rows = [*threat["gates"], *threat["overall"]]
    if not rows:
        return ""
    names = list(dict.fromkeys(row["sensor"] for row in rows))
    first, last = min(r["from_s"] for r in rows), max(r["to_s"] for r in rows)
    scale = (_WIDTH - _LEFT - 10) / max(last - first, 1e-6)
    height = _ROW * len(names) + 34
    marks = []
    for k, name in enumerate(names):
        y = _ROW * k + 4
        marks.append(f'<text x="0" y="{y + 14}">{escape(name)}</text>')
        for r in (r for r in rows if r["sensor"] == name):
            x, width = _LEFT + (r["from_s"] - first) * scale, (r["to_s"] - r["from_s"]) * scale
            said = f"{r['gate']}, {r['from_s']:.1f} to {r['to_s']:.1f} s, {r['share']:.0%}"
            marks.append(
                f'<rect x="{x:.1f}" y="{y}" width="{max(width, 1):.1f}" height="18" fill="{_ink(r["gate"])}" '
                f'fill-opacity="{0.35 + 0.65 * r["share"]:.2f}"><title>{escape(said)}</title></rect>'
            )
    window = [_LEFT + (t - first) * scale for t in threat["window_s"]]
    y = _ROW * len(names) + 8
    if threat["missed"] or threat["late"]:
        marks.append(f'<path d="M{window[0]:.1f} {y}H{window[1]:.1f}" stroke="currentColor" stroke-width="2"/>')
        marks.append(
            f'<text x="{window[0]:.1f}" y="{y + 18}">a warning until {threat["window_s"][1]:.0f} s was in time</text>'
        )
    marks.append(f'<text x="{_WIDTH}" y="{y + 18}" text-anchor="end">{last:.0f} s</text>')
    gates = sorted({r["gate"] for r in rows}, key=lambda g: RANK.get(g, 0))
    keys = "".join(
        f'<span class="key"><i style="background:{_ink(g)}"></i>{escape(g)}: {escape(WORDS.get(g, g))}</span>'
        for g in gates
    )
    head = f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="gates over time">'
    return f"{head}{''.join(marks)}</svg><p>{keys}</p>"


def _intervals(threat: dict[str, Any]) -> str:
    rows = "".join(
        f'<tr><td class="n">{r["from_s"]:.1f}</td><td class="n">{r["to_s"]:.1f}</td><td>{escape(r["sensor"])}</td>'
        f"<td>{escape(interval(r))}</td></tr>"
        for r in threat["gates"]
    )
    return f"<table><tr><th>from s</th><th>to s</th><th>sensor</th><th>gate</th></tr>{rows}</table>"


def _tried(threat: dict[str, Any]) -> str:
    if not threat["tried"]:
        return ""
    rows = ""
    for t in threat["tried"]:
        cells = (t["first_detection_s"], t["confirmed_s"], t["first_warning_s"], t["warning_lead_s"])
        numbers = "".join(f'<td class="n">{"-" if c is None else f"{c:.1f}"}</td>' for c in cells)
        how = "alone" if t["of"] == "site" else "added"
        answer = "yes" if t["caught"] else "no"
        rows += f"<tr><td>{escape(t['sensor'])}</td><td>{how}</td><td>{answer}</td>{numbers}</tr>"
    head = (
        "<th>sensor</th><th></th><th>caught</th><th>first seen s</th><th>tracked s</th><th>warned s</th><th>lead s</th>"
    )
    return f"<p>The run again, with each sensor:</p><table><tr>{head}</tr>{rows}</table>"


def _ink(gate: str) -> str:
    return _INKS[RANK.get(gate, 0) % len(_INKS)]
