"""The table of a calibration, for the ledger's page and for reports."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from rampart.ledger.report.svg import tag
from rampart.ledger.report.tables import NONE, table

from .sections import length

WHEN = {"first_warning": "at the first warning", "half_way": "half-way", "last": "at last"}


def calibration_table(figures: Mapping[str, Any]) -> str:
    """A row for each moment at which predictions were known."""
    rows = []
    for name, f in figures["known"].items():
        if not f["n"]:
            continue
        row = [WHEN[name], str(f["n"]), length(f["miss_m"]["median"]), length(f["miss_m"]["p90"])]
        for c in f["coverage"]:
            row.append(f"{c['observed']:.0%}<br/><span class='faint'>{c['low']:.0%} to {c['high']:.0%}</span>")
        p = f["uniform_p"]
        row.append(NONE if p is None else f"{p:.2f}" if p >= 0.01 else "&lt; 0.01")
        rows.append(row)
    claimed = [f"in the {c['claimed']:.0%} ellipse#" for c in next(iter(figures["known"].values()))["coverage"]]
    heads = ["as known", "impacts#", "off by, median#", "90 % within#", *claimed, "evenness p#"]
    words = (
        "Intervals are Wilson's, 95 %. A small evenness p (Kolmogorov and Smirnov, from five impacts on) says that the "
        "ranks are not spread evenly: the ellipses are too small, too large, or beside the point."
    )
    return table(heads, rows) + tag("p", escape(words), class_="faint")
