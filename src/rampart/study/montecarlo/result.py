"""Result: a finished study - tidy tables, measures, the answer that the command prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from . import table
from .arrow import arrow, to_arrow
from .design import Point
from .intervals import Estimate
from .measures import Costs, as_dicts, by_point, leaker_counts, measure
from .paired import compare
from .plan import Plan
from .sensitivity import TOLD, sobol_indices, tornado
from .table import Table


@dataclass(frozen=True, eq=False)
class StudyResult:
    """What a study came to.

    Attributes
    ----------
    plan : Plan
        What was asked for.
    ends : dict
        Runs that count, by design point.
    folder : pathlib.Path or None
        Where it is kept.
    counts : dict
        Runs of this call, seconds: no part of the results.
    """

    plan: Plan
    ends: Mapping[int, int]
    rows: Mapping[str, Table]
    folder: Path | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def points(self) -> tuple[Point, ...]:
        """The design."""
        return self.plan.points

    @cached_property
    def run_rows(self) -> list[Table]:
        """Rows of runs by design point."""
        return by_point(self._counting("runs"), len(self.points))

    @cached_property
    def threat_rows(self) -> list[Table]:
        """Rows of threats by design point."""
        return by_point(self._counting("threats"), len(self.points))

    def _counting(self, name: str) -> Table:
        """The rows that count: those after an early end do not, on however many workers they had been run."""
        rows = self.rows[name]
        ends = np.array([self.ends[point.index] for point in self.points])
        inside = rows["run"] < ends[rows["design"]]
        return rows if inside.all() else table.take(rows, inside)

    @cached_property
    def measured(self) -> list[dict[str, Estimate]]:
        """Measures by design point."""
        found = []
        for point, runs, threats in zip(self.points, self.run_rows, self.threat_rows, strict=True):
            scenario = self.plan.scenario(point.index)
            found.append(
                measure(
                    runs,
                    threats,
                    duration_s=scenario.head.duration_s * len(scenario.parts["site"]),
                    costs=Costs.of(scenario),
                    protection=self.plan.protection,
                )
            )
        return found

    @cached_property
    def results_sha256(self) -> str:
        """Digest of every row that counts."""
        return table.digest(self._counting("runs"), self._counting("threats"))

    def runs(self) -> Any:
        """One row per run, with the values of what is varied."""
        return self._arrow("runs")

    def threats(self) -> Any:
        """One row per threat, with the values of what is varied."""
        return self._arrow("threats")

    def _arrow(self, name: str) -> Any:
        rows, pa = self._counting(name), arrow()
        found = to_arrow(rows)
        for key in self.keys:
            values = [dict(point.vary).get(key) for point in self.points]
            column = pa.array([v if isinstance(v, bool | int | float | str) or v is None else str(v) for v in values])
            found = found.append_column(key, column.take(pa.array(rows["design"])))
        return found

    @property
    def keys(self) -> tuple[str, ...]:
        """What is varied."""
        return tuple(dict.fromkeys(key for point in self.points for key, _ in point.vary))

    def measures(self) -> Any:
        """A tidy table: one row per design point and measure, ``value, low, high``, and what is varied."""
        rows = []
        for point, runs, found in zip(self.points, self.run_rows, self.measured, strict=True):
            for name, estimate in found.items():
                varied = {key: _cell(dict(point.vary).get(key)) for key in self.keys}
                rows.append(
                    {"design": point.index, **varied, "n": len(runs["run"]), "measure": name, **estimate.as_dict()}
                )
        return arrow().Table.from_pylist(rows)

    @cached_property
    def comparisons(self) -> list[dict[str, Any] | None]:
        """Each design point against the first, over the same runs."""
        first = self.run_rows[0]
        return [None, *(compare(first, runs) for runs in self.run_rows[1:])]

    @cached_property
    def sensitivity(self) -> dict[str, Any]:
        """Tornado and, of a Saltelli design, Sobol indices; empty with nothing varied."""
        found: dict[str, Any] = {}
        if len(self.points) > 1:
            rows = {name: tornado(self.points, self.measured, name) for name in TOLD}
            found["tornado"] = {name: entries for name, entries in rows.items() if entries}
        if self.plan.design == "saltelli":
            base = len(self.points) // (len(self.keys) + 2)
            found["sobol"] = {
                name: sobol_indices(self.keys, np.array([m[name].value for m in self.measured]), base) for name in TOLD
            }
        return {key: value for key, value in found.items() if value}

    def answer(self) -> dict[str, Any]:
        """What ``rampart study --json`` prints."""
        designs = []
        for point, runs, found, against in zip(
            self.points, self.run_rows, self.measured, self.comparisons, strict=True
        ):
            designs.append(
                {
                    "vary": dict(point.vary),
                    "set": list(point.set),
                    "n": len(runs["run"]),
                    "measures": as_dicts(found),
                    "leakers": leaker_counts(runs),
                    "against_first": against,
                    "repeat": self.plan.command(point.index, 0),
                }
            )
        return {
            "schema": 1,
            "scenario": self.plan.name,
            "runs": self.plan.runs,
            "seed": self.plan.seed,
            "results_sha256": self.results_sha256,
            "designs": designs,
            "sensitivity": self.sensitivity,
            **self.counts,
            "out": None if self.folder is None else str(self.folder),
        }


def _cell(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)
