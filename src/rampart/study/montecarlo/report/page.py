"""Page: the whole report of a study in one HTML file, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from rampart.ledger import write_text
from rampart.ledger.report.svg import tag
from rampart.study.montecarlo.measures import MEASURES
from rampart.study.montecarlo.result import StudyResult
from rampart.study.montecarlo.sensitivity import TOLD

from .bars import loss_distributions, paired_differences, sobol_bars, tornado
from .curves import cost_against_leakers, number_keys, saturation
from .ground import leak_maps
from .style import STYLE

#: Measures of the first table.
FIRST = {
    "p_no_leaker": "P(no leaker)",
    "leakers_mean": "leakers",
    "leakers_p95": "leakers, 95 %",
    "rounds_mean": "rounds",
    "warned_in_time": "warned in time",
    "lead_s_p50": "lead, median [s]",
    "casualties_mean": "casualties",
}
MOST_ROWS = 200


def write_report(path: Path, result: StudyResult, answer: dict[str, Any]) -> Path:
    """Write the report.

    Parameters
    ----------
    path : pathlib.Path
        The file; there whole or not at all.
    result : StudyResult
        A study.
    answer : dict
        What `StudyResult.answer` gave.
    """
    return write_text(path, page_of(result, answer))


def page_of(result: StudyResult, answer: dict[str, Any]) -> str:
    """The report as HTML."""
    sections = [
        _head(result, answer),
        _first_table(result, answer),
        *_curves(result),
        _section("How many leak", loss_distributions(result), _LOSSES),
        _section("Against the first design point, raid by raid", paired_differences(result), _PAIRED),
        *_sensitivity(result),
        _section("Cost against leakers", cost_against_leakers(result), _COST),
        _section("Where they get through", leak_maps(result), _MAPS),
        _measures(result, answer),
        _repeat(result, answer),
    ]
    title = f"Study of {escape(result.plan.name)}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{''.join(sections)}</main></body></html>\n"
    )


_LOSSES = "Share of raids with so many leakers; bars with 95 % Clopper-Pearson intervals."
_PAIRED = (
    "All design points had the same raids, so what chance does to one it does to the other. Mean difference with its "
    "95 % interval; left of zero is fewer. Rest the pointer on a row for the raids that only one held "
    "(exact McNemar test)."
)
_COST = "Lower and further left is better. In the unit of the scenario file; rounds are those of a mean raid."
_MAPS = (
    "Every cell is coloured by the share of the threats aimed there that came down: blue none, red all; pale cells had "
    "few threats. Bold outlines are defended zones."
)


def _section(head: str, body: str, words: str = "") -> str:
    if not body:
        return ""
    told = tag("p", escape(words), class_="faint") if words else ""
    return tag("section", tag("h2", escape(head)), told, body)


def _head(result: StudyResult, answer: dict[str, Any]) -> str:
    plan = result.plan
    runs = sum(design["n"] for design in answer["designs"])
    many = "s" * (len(result.points) != 1)
    facts = (
        f"{runs:,} raids at {len(result.points):,} design point{many}, seed {plan.seed}. Simulation. "
        "Every interval in this report is 95 %."
    )
    if plan.background:
        facts += f" Recorded background: {plan.background.path}."
    return tag(
        "header",
        tag("h1", f"Study of {escape(plan.name)}"),
        tag("p", escape(facts)),
        tag("p", f"rampart {escape(plan.version)}; results {answer['results_sha256'][:16]}", class_="faint"),
    )


def _first_table(result: StudyResult, answer: dict[str, Any]) -> str:
    head = "".join(tag("th", escape(name)) for name in ("design point", "n", *FIRST.values()))
    rows = []
    for point, design in list(zip(result.points, answer["designs"], strict=True))[:MOST_ROWS]:
        cells = "".join(tag("td", _figure(design["measures"][name])) for name in FIRST)
        rows.append(tag("tr", tag("th", escape(point.label)), tag("td", f"{design['n']:,}"), cells))
    table = tag("table", tag("thead", tag("tr", head)), tag("tbody", *rows))
    return _section("In short", tag("div", table, class_="scroll"))


def _figure(measure: dict[str, float | None]) -> str:
    value, low, high = measure["value"], measure["low"], measure["high"]
    if value is None or low is None or high is None:
        return "–"
    return f"{value:.4g} <small>[{low:.4g}, {high:.4g}]</small>"


def _curves(result: StudyResult) -> list[str]:
    return [
        _section(f"Against {key}", saturation(result, key), "Bands are 95 % intervals.") for key in number_keys(result)
    ]


def _sensitivity(result: StudyResult) -> list[str]:
    found: list[str] = []
    draw: list[tuple[str, str, Callable[[Any, str], str], str]] = [
        ("tornado", "What moves it most", tornado, "Bars from the least to the greatest mean over the other keys."),
        ("sobol", "Sobol indices", sobol_bars, "What chance is left in a point's mean counts as interaction."),
    ]
    for kind, head, function, words in draw:
        rows = result.sensitivity.get(kind, {})
        found += [
            _section(f"{head}: {MEASURES[name][1]}", function(rows[name], f"{name} ({MEASURES[name][0]})"), words)
            for name in TOLD
            if rows.get(name) and (kind == "sobol" or _tells(rows[name]))
        ]
    return found


def _tells(rows: list[dict[str, Any]]) -> bool:
    """Whether a tornado says anything: several keys, and one of them moves something."""
    return len(rows) > 1 and any(row["swing"] > 0.0 for row in rows)


def _measures(result: StudyResult, answer: dict[str, Any]) -> str:
    blocks = []
    for point, design in list(zip(result.points, answer["designs"], strict=True))[:MOST_ROWS]:
        rows = [
            tag("tr", tag("th", escape(name)), tag("td", _figure(m)), tag("td", escape("; ".join(MEASURES[name]))))
            for name, m in design["measures"].items()
        ]
        head = tag("summary", escape(f"{point.label} (n = {design['n']:,})"))
        blocks.append(tag("details", head, tag("table", *rows)))
    return _section("All measures", "".join(blocks))


def _repeat(result: StudyResult, answer: dict[str, Any]) -> str:
    commands = [design["repeat"] for design in answer["designs"][:MOST_ROWS]]
    words = (
        f"Seed {result.plan.seed}; runs 0 to n - 1 of each design point. Another --run is another of its raids, with a "
        "recording and a report this time."
    )
    study = tag("pre", escape(result.plan.study_command()))
    return _section(
        "To repeat it", study + tag("p", escape(words), class_="faint") + tag("pre", escape("\n".join(commands)))
    )
