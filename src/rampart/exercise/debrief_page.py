"""The debrief as one self-contained HTML page, without scripts and without requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--ink:#1b2026;--faint:#5d6874;--line:#d8dde2;--card:#f6f7f8;--paper:#fff;--good:#00694d;
--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e7ebee;--faint:#9aa6b1;--line:#343d46;--card:#1d2329;--paper:#14181c;
--good:#4cc9a0;--bad:#ff8a80}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:24px}
.banner{background:#f5c518;color:#1b1b1b;padding:7px 16px;text-align:center;font-weight:600}
h1{margin:.4em 0 0}h2{margin:1.6em 0 .4em;font-size:20px}p.faint,.faint{color:var(--faint)}
table{border-collapse:collapse;width:100%;font-size:15px}th,td{text-align:left;padding:5px 12px 5px 0;
border-bottom:1px solid var(--line);vertical-align:top}th{color:var(--faint);font-weight:500}
li{margin:.2em 0;font-size:18px}.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}
td.n{font-variant-numeric:tabular-nums}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def debrief_page(report: Mapping[str, Any]) -> str:
    """HTML of a debrief."""
    title = f"Debrief: {report['scenario']}, seed {report['seed']}"
    body = [
        f"<h1>{escape(title)}</h1><p class=faint>Everything here is simulated. Decisions beside the policy of the "
        "scenario, and beside a trainee who knows what comes down where and answers at once.</p>",
        "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in report["findings"]) + "</ul>",
        _section("Threats", _threats(report["threats"])),
        _section("Simulated shots", _shots(report["shots"])),
        _section("Alarms", _alarms(report["alarms"])),
        _section("Zones in danger", _zones(report["warnings"])),
        _section("Decisions about warnings", _decisions(report["decisions"])),
        _section("Announcements", _announcements(report["announcements"])),
    ]
    return (
        f'<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=content-security-policy content="{POLICY}">'
        f"<meta name=viewport content='width=device-width'><title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<div class=banner>EXERCISE &mdash; SIMULATED</div><main>{''.join(body)}</main></html>"
    )


def _section(title: str, body: str) -> str:
    return f"<h2>{title}</h2>{body}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> str:
    lines = ["<tr>" + "".join(f"<td class=n>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    if not lines:
        return f"<p class=faint>{escape(empty)}</p>"
    head = "".join(f"<th>{escape(c)}</th>" for c in columns)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _cell(value: Any) -> str:
    """Text; a pair is text and whether it is good."""
    if isinstance(value, tuple):
        return f"<span class={'good' if value[1] else 'bad'}>{escape(str(value[0]))}</span>"
    return "" if value is None else escape(f"{value:g}" if isinstance(value, float) else str(value))


def _threats(threats: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for t in threats:
        wanted, did = t["optimum"]["decision"], t["trainee"]["decision"]
        right = (wanted == "release") == (did == "released") or did == "not proposed"
        rows.append((
            t["id"], "yes" if t["endangers_defended_zone"] else "no", t["proposed_s"], (did, right),
            t["trainee"]["after_s"], t["trainee"]["outcome"], f"{t['policy']['shots']} shots, {t['policy']['outcome']}",
            f"{wanted}, {t['optimum']['outcome']}",
        ))  # fmt: skip
    columns = (
        "Threat", "endangers a defended zone", "proposed at s", "you", "after s", "outcome", "policy", "at best",
    )  # fmt: skip
    return _table(columns, rows, "Nothing flew.")


def _shots(shots: Mapping[str, Mapping[str, Any]]) -> str:
    names = {"trainee": "you", "policy": "policy", "optimum": "at best"}
    rows = [
        (names[who], t["shots"], t["rounds"], t.get("rounds_at_what_endangered_nothing"), t["leakers"])
        for who, t in shots.items()
    ]  # fmt: skip
    return _table(("", "shots", "rounds", "at what endangered nothing", "got through"), rows, "")


def _alarms(alarms: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for a in alarms:
        after = a["acknowledged_after_s"]
        said = ("never", False) if after is None else (f"{after:g} s", after <= 10.0)
        rows.append((a["at_s"], a["priority"], a["text"], said, a["by"]))
    return _table(("at s", "priority", "alarm", "acknowledged after", "by"), rows, "None was raised.")


def _zones(warnings: Sequence[Mapping[str, Any]]) -> str:
    def told(before_s: float | None) -> tuple[str, bool]:
        return ("never", False) if before_s is None else (f"{before_s:g} s before", True)

    rows = [(w["zone"], w["arrival_s"], told(w["told_before_s"])) for w in warnings]
    return _table(("zone", "first arrival at s", "told"), rows, "No zone was in danger.")


def _decisions(decisions: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (d["at_s"], d["what"], ", ".join(d["zones"]), d["who"], d["reason"], (d["judged"], d["right"]))
        for d in decisions
    ]
    return _table(("at s", "what", "zones", "who", "why", "judged by what flew"), rows, "None.")


def _announcements(rows: Sequence[Mapping[str, Any]]) -> str:
    return _table(("at s", "who", "words"), [(r["at_s"], r["who"], r["text"]) for r in rows], "None.")
