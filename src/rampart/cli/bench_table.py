"""The figures of ``rampart bench track`` as tables for people."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

Row = dict[str, Any]


def track_tables(results: Sequence[Row]) -> list[Table]:
    """Scenes beside Stone Soup; and the rows that are no scenes."""
    return [_scenes([row for row in results if "gospa_m" in row["ours"]]), _others(results)]


def oracle_tables(results: Sequence[Row]) -> list[Table]:
    """Closed forms: exact, ours, and how many standard errors apart."""
    table = Table(title="Closed forms; ours must lie within three standard errors")
    table.add_column("form", overflow="fold")
    for name in ("exact", "ours", "n", "standard error", "z"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in results:
        ours = row["ours"]
        table.add_row(
            row["name"],
            f"{row['exact']:.6f}",
            f"{ours['value']:.6f}",
            str(ours["n"]),
            f"{ours['standard_error']:.2g}",
            f"{ours['z']:+.2f}" + ("" if ours["within"] else " !"),
        )
    return [table]


def assign_tables(results: Sequence[Row]) -> list[Table]:
    """Instances: optimum, its proof, what is published, and how far the fast method is off."""
    table = Table(title="Value that gets through; fast: better of layered Hungarian and greedy, each with 2-exchange")
    for name in ("instance", "published", "ours", "bound", "CPU s (published s)", "fast gap", "fast CPU ms"):
        table.add_column(name, justify="left" if name == "instance" else "right", no_wrap=True)
    others: list[Row] = []
    for row in results:
        ours, peer = row["ours"], row["peer"] or {}
        if not {"exact", "skipped", "cpu_ms"} & ours.keys():
            others.append(row)
            continue
        if "exact" not in ours:
            table.add_row(row["name"], *_without_instance(ours))
            continue
        exact, fast, known = ours["exact"], ours["fast"], peer.get("survivors")
        table.add_row(
            row["name"],
            "-" if known is None else f"{known:.6f}{'' if peer['proven'] else ' open'}",
            f"{exact['survivors']:.6f}",
            f"{exact['bound']:.6f}{'' if exact['proven'] else ' open'}",
            f"{exact['cpu_s']:.3f}{_beside(peer.get('seconds'), '.1f')}",
            f"{100 * fast['gap']:.2f} %",
            f"{fast['cpu_ms']:.2f}",
        )
    more = Table(title="In raids")
    for name in ("row", "figures"):
        more.add_column(name, overflow="fold")
    for row in others:
        more.add_row(row["name"], _words(row["ours"]))
    return [table, more]


def _without_instance(ours: Row) -> tuple[str, ...]:
    if "skipped" in ours:
        return ("", ours["skipped"], "", "", "", "")
    return ("", "", "", f"n {ours['n']}", f"{100 * ours['gap']['mean']:.2f} %", f"{ours['cpu_ms']['median']:.2f}")


def _scenes(rows: Sequence[Row]) -> Table:
    table = Table(
        title="Scenes; Stone Soup in brackets: GNN with extended Kalman filter for time, its best for the rest"
    )
    table.add_column("scene", no_wrap=True)
    for name in ("seeds", "ms per scan, median / p99", "mean", "ratio", "GOSPA m", "missed, false", "switches"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        ours, peer = row["ours"], row["peer"] or {}
        gnn, best = peer.get("gnn-ekf") or {}, peer.get(peer.get("best") or "gnn-ekf") or {}
        time, theirs = ours["cpu_ms_per_scan"], gnn.get("cpu_ms_per_scan") or {}
        table.add_row(
            row["name"],
            str(ours["scenes"]),
            f"{time['median']:.2f} / {time['p99']:.2f}",
            f"{time['mean']:.2f}{_beside(theirs.get('mean'), '.0f')}",
            "-" if row["ratio"] is None else f"{row['ratio']:.0f}",
            f"{ours['gospa_m']:.1f}{_beside(best.get('gospa_m'), '.1f')}",
            f"{ours['missed']:.2f}, {ours['false']:.2f}",
            f"{ours['id_switches']:.1f}{_beside(best.get('id_switches'), '.1f')}",
        )
    return table


def _beside(value: float | None, form: str) -> str:
    return "" if value is None else f" ({value:{form}})"


def _others(results: Sequence[Row]) -> Table:
    table = Table(title="Speed, false tracks, confirmation, memory")
    for name in ("row", "ours", "peer", "ratio"):
        table.add_column(name, overflow="fold")
    for row in results:
        if "gospa_m" not in row["ours"]:
            ratio = "" if row["ratio"] is None else f"{row['ratio']:.0f}"
            table.add_row(row["name"], _words(row["ours"]), _words(row["peer"] or {}), ratio)
    return table


def _words(figures: dict[str, Any]) -> str:
    return ", ".join(f"{key} {_figure(value)}" for key, value in figures.items() if not isinstance(value, list))


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['k']}/{value['n']}" if {"k", "n"} <= set(value) else f"({_words(value)})"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
