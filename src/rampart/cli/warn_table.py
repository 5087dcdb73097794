"""The figures of ``rampart bench warn`` as tables for people."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

Row = dict[str, Any]


def warn_tables(results: Sequence[Row]) -> list[Table]:
    """Small raids against their goals, policies beside one another, zone maps, quiet hours."""
    rows = {row["name"]: row["ours"] for row in results}
    families = {name: found for name, found in rows.items() if "curves" in found}
    return [
        _goals(rows["compound"], rows["quiet"], families),
        _policies(rows["policies"]),
        *(_zones(name, found) for name, found in families.items()),
    ]


def _goals(small: Row, quiet: Row, families: dict[str, Row]) -> Table:
    hours = f"{quiet['false_warnings']['hours']:g} h of quiet"
    table = Table(title=f"{small['raids']:,} small raids, seeds {small['seeds']}, and {hours}")
    for name in ("what", "found", "95 %", "goal"):
        table.add_column(name)
    missed, delay, lead = small["missed"], small["first_warning_after_first_detection_s"], small["lead_over_possible"]
    table.add_row("missed, observable", _of(missed), f"at most {100 * missed['at_most']:.2f} %", "at most 0.5 %")
    late = small["not_sheltered_in_time"]
    table.add_row("not told to shelter in time", _of(late), f"at most {100 * late['at_most']:.2f} %", "")
    covered = small["covered_at_arrival"]
    table.add_row("needed zones covered at arrival", _of(covered), _range(covered), "99 %")
    table.add_row("first warning after first detection", f"p50 {delay['p50']} s, p95 {delay['p95']} s", "", "p95 2.5 s")
    table.add_row("lead over what was possible, p50", f"{lead['p50']}", "", "0.8")
    table.add_row("duplicates", _of(small["duplicates"]), "", "0")
    table.add_row("cancel, then warn within 30 s", _of(small["cancel_then_warn"]), "", "0")
    table.add_row("unneeded", _of(small["unneeded"]), _range(small["unneeded"]), "")
    false = quiet["false_warnings"]
    bound = f"at most {false['at_most_per_24_h']:.3g} per 24 h"
    table.add_row("false warnings in quiet hours", f"{false['k']} in {false['hours']:g} h", bound, "at most 1 per 24 h")
    for name, found in families.items():
        fall = found["fall_25_to_1700"]["person_alarms"]
        between = f"{fall['low']:.3g} to {fall['high']:.3g}"
        table.add_row(f"{name}: person-alarms, 25 over 1,700 zones", f"{fall['value']:.3g}", between, "5")
    return table


def _policies(found: Row) -> Table:
    table = Table(title=f"The same {found['raids']} small raids under other policies")
    for name in ("policy", "warnings", "unneeded", "first warning p50 / p95 s", "not in time", "cancel, then warn"):
        table.add_column(name, justify="left" if name == "policy" else "right")
    for name, row in found.items():
        if isinstance(row, dict):
            delay = row["first_warning_after_first_detection_s"]
            times = f"{delay['p50']} / {delay['p95']}"
            unneeded = f"{100 * row['unneeded']['value']:.0f} %"
            late, again = _of(row["not_sheltered_in_time"]), str(row["cancel_then_warn"])
            table.add_row(name, str(row["warnings"]), unneeded, times, late, again)
    return table


def _zones(name: str, found: Row) -> Table:
    table = Table(title=f"{name}: {found['raids']} raids, threshold {found['threshold']:g}, per raid (95 %)")
    columns = ("zones", "people alarmed", "told to shelter", "person-minutes", "not in time", "warned / needed area")
    for column in columns:
        table.add_column(column, justify="right")
    for count, row in found["zones"].items():
        area = row.get("warned_over_needed_area", {}).get("value")
        people = (_people(row[key]) for key in ("person_alarms", "person_shelters", "person_minutes"))
        late = f"{100 * row['not_in_time']['value']:.2f} %"
        table.add_row(f"{int(count):,}", *people, late, "-" if area is None else f"{area:.2g}")
    return table


def _of(figure: Row) -> str:
    return f"{figure['k']:,} of {figure['n']:,}"


def _range(figure: Row) -> str:
    return "" if figure["low"] is None else f"{100 * figure['low']:.2f} to {100 * figure['high']:.2f} %"


def _people(figure: Row) -> str:
    return f"{figure['value']:,.0f} ({figure['low']:,.0f} to {figure['high']:,.0f})"
