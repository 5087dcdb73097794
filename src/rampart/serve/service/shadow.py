"""Shadow: what a service would have said on a day, and how its sensors did - the ground for a decision to go Actual."""

from __future__ import annotations

import csv
import logging
import math
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import chi2

from rampart.errors import InputError
from rampart.records import AlertStatus, Phase, Site, TargetClass, warning_name
from rampart.serve.core import Worked

from .looks import Looks, ObservedCover

_log = logging.getLogger("rampart.serve")
SECOND = 1_000_000_000
DAY_NS = 86_400 * SECOND
#: Marks of a distribution of latencies are those of a histogram with these edges, ms.
EDGES_MS = np.concatenate([[0.0], np.geomspace(1.0, 100_000.0, 126)])


def poisson_bounds(count: int, hours: float, probability: float = 0.95) -> tuple[float, float]:
    """Exact two-sided bounds of a rate per hour from a count (Garwood, 1936).

    Examples
    --------
    >>> tuple(round(bound, 4) for bound in poisson_bounds(0, 72.0))
    (0.0, 0.0512)
    """
    if hours <= 0.0:
        return 0.0, math.inf
    tail = (1.0 - probability) / 2.0
    low = chi2.ppf(tail, 2 * count) / 2.0 if count else 0.0
    return float(low / hours), float(chi2.ppf(1.0 - tail, 2 * count + 2) / 2.0 / hours)


@dataclass
class _Latency:
    """A distribution of ms in a few octets."""

    counts: np.ndarray = field(default_factory=lambda: np.zeros(len(EDGES_MS) + 1, np.int64))

    def take(self, values_ns: np.ndarray) -> None:
        np.add.at(self.counts, np.searchsorted(EDGES_MS, values_ns * 1e-6), 1)

    def marks(self) -> dict[str, float | int | None]:
        total = int(self.counts.sum())
        found: dict[str, float | int | None] = {"n": total}
        edges = np.append(EDGES_MS, np.inf)
        for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99)):
            at = int(np.searchsorted(np.cumsum(self.counts), share * total))
            edge = float(edges[min(at, len(edges) - 1)]) if total else math.nan
            found[name] = round(edge, 1) if math.isfinite(edge) else None
        return found


@dataclass
class _Sensor:
    reports: int = 0
    delay: _Latency = field(default_factory=_Latency)


@dataclass
class _Day:
    first_ns: int
    last_ns: int
    cover: dict[str, ObservedCover]  #: by site
    watched_ns: int = 0  #: in which steps followed each other
    warnings: list[dict[str, Any]] = field(default_factory=list)
    sensors: dict[tuple[str, int], _Sensor] = field(default_factory=lambda: defaultdict(_Sensor))
    decided: _Latency = field(default_factory=_Latency)
    standing: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)  # by site, as of the latest step


class ShadowBook:
    """Keeps one day of a service, and writes its report.

    Parameters
    ----------
    sites : mapping
        By Site.id.
    folder : pathlib.Path
        Where ``shadow-YYYY-MM-DD.json`` and ``.html`` go. ``real.csv`` there names real attacks, one ``from,to`` per
        line (ISO 8601, UTC): what was warned of between is not counted as false.

    Notes
    -----
    Nobody knows the truth in the field: every warning outside of real attacks counts as false. Warnings of marked
    reports are listed and not counted. Observed cover is the share of a sensor's scans at confirmed tracks in its
    cover that gave a report, by range: an estimate that lacks what no sensor ever saw.
    """

    def __init__(self, sites: Mapping[str, Site], folder: Path) -> None:
        self._sites, self.folder = sites, folder
        self._lock = threading.Lock()
        self._day: _Day | None = None

    def take(self, site: str, now_ns: int, elapsed_ns: int | None, worked: Worked, looks: Looks) -> None:
        """Take one step, in the thread of its site. A day that is over is written.

        Parameters
        ----------
        site : str
            Site.id.
        now_ns, elapsed_ns : int, int or None
            Time of the step, ns UTC, and since the one before it; None if nobody watched in between.
        worked : Worked
            What went into the step, and came out.
        looks : Looks
            What sensors looked at in it.
        """
        with self._lock:
            day, over = self._day, None
            if day is None or now_ns // DAY_NS != day.first_ns // DAY_NS:
                over, day = day, _Day(now_ns, now_ns, {name: ObservedCover(one) for name, one in self._sites.items()})
                self._day = day
            self._note(day, site, now_ns, elapsed_ns, worked, looks)
        if over is not None:
            self._write(over)

    def _note(self, day: _Day, site: str, now_ns: int, elapsed_ns: int | None, worked: Worked, looks: Looks) -> None:
        if elapsed_ns is not None and site == next(iter(self._sites)):
            day.watched_ns += elapsed_ns
        day.last_ns = now_ns
        for row in worked.outputs.warnings:
            day.warnings.append(_entry(self._sites[site], row))
            if int(row.received_ns) and int(row.phase) <= int(Phase.SHELTER):
                day.decided.take(np.array([now_ns - int(row.received_ns)]))
        standing = worked.outputs.info.get("track", {}).get("sensors")
        if standing:
            day.standing[site] = list(standing)
        self._note_reports(day, site, worked)
        day.cover[site].add(looks)

    def _note_reports(self, day: _Day, site: str, worked: Worked) -> None:
        seen = worked.detections
        for index in np.unique(seen.sensor).tolist():
            mine = seen.sensor == index
            sensor = day.sensors[site, index]
            sensor.reports += int(mine.sum())
            sensor.delay.take((seen.received_ns - seen.time_ns)[mine])

    def report(self) -> dict[str, Any] | None:
        """The day so far; None before the first step."""
        with self._lock:
            return None if self._day is None else self._describe(self._day)

    def write(self) -> None:
        """Write the day so far."""
        with self._lock:
            day = self._day
        if day is not None:
            self._write(day)

    def _write(self, day: _Day) -> None:
        from rampart.ledger import write_json, write_text

        from .shadow_page import shadow_page

        with self._lock:
            report = self._describe(day)
        name = f"shadow-{report['date']}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self.folder / f"{name}.json", report)
            write_text(self.folder / f"{name}.html", shadow_page(report))
        except (OSError, InputError) as error:
            _log.error("the report of the day cannot be written: %s", error)

    def _describe(self, day: _Day) -> dict[str, Any]:
        hours = day.watched_ns / SECOND / 3600.0
        opened = [w for w in day.warnings if w["sequence"] == 0]
        real = _real_attacks(self.folder / "real.csv")
        for warning in day.warnings:
            warning["counted"] = warning["status"] == AlertStatus.ACTUAL.label and not _within(warning["time_ns"], real)
        false = sum(w["counted"] for w in opened)
        low, high = poisson_bounds(false, hours)
        return {
            "schema": 1,
            "date": datetime.fromtimestamp(day.first_ns // SECOND, UTC).date().isoformat(),
            "from": _iso(day.first_ns),
            "to": _iso(day.last_ns),
            "hours": round(hours, 3),
            "warnings": [{k: v for k, v in w.items() if k != "time_ns"} for w in day.warnings],
            "opened": len(opened),
            "false": {
                "n": false,
                "per_hour": round(false / hours, 5) if hours else None,
                "low_95": round(low, 5),
                "high_95": round(high, 5) if math.isfinite(high) else None,
            },
            "latency": {"detection_to_decision": day.decided.marks()},
            "sensors": [
                self._sensor(day, site.id, index) for site in self._sites.values() for index in range(len(site.sensors))
            ],
        }

    def _sensor(self, day: _Day, site: str, index: int) -> dict[str, Any]:
        model, sensor = self._sites[site].sensors[index], day.sensors[site, index]
        rows: Sequence[Mapping[str, Any]] = day.standing.get(site, ())
        standing = rows[index] if index < len(rows) else {}
        return {
            "site": site,
            "id": model.id,
            "reports": sensor.reports,
            "delay": sensor.delay.marks(),
            "delay_modelled_ms": round(model.delay_s * 1e3, 1),
            "status": standing.get("status", "unknown"),
            "reason": standing.get("reason", ""),
            "bias": standing.get("bias"),
            "sigma": standing.get("sigma"),
            "cover": day.cover[site].by_range(index),
        }


def _entry(site: Site, row: Any) -> dict[str, Any]:
    left_s = float(row.time_to_impact_s)
    return {
        "time_ns": int(row.time_ns),
        "time": _iso(int(row.time_ns)),
        "id": warning_name(site.id, int(row.number)),
        "sequence": int(row.sequence),
        "zone": site.zones[int(row.zone)].id,
        "phase": Phase(int(row.phase)).label,
        "class": TargetClass(int(row.target_class)).label,
        "status": AlertStatus(int(row.status)).label,
        "time_to_impact_s": round(left_s, 1) if math.isfinite(left_s) else None,
        "reason": str(row.reason),
    }


def _iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _real_attacks(path: Path) -> list[tuple[int, int]]:
    """Stretches of time in which there was a real attack; lines that cannot be read are told of and passed over."""
    found: list[tuple[int, int]] = []
    try:
        lines = list(csv.reader(path.read_text("utf-8").splitlines()))
    except (OSError, UnicodeDecodeError):
        return found
    for number, line in enumerate(lines, 1):
        try:
            begin, end = (datetime.fromisoformat(text.strip()).replace(tzinfo=UTC).timestamp() for text in line)
        except ValueError:
            _log.warning("%s:%d: expected FROM,TO as ISO 8601", path.name, number)
            continue
        found.append((round(begin * SECOND), round(end * SECOND)))
    return found


def _within(time_ns: int, stretches: Sequence[tuple[int, int]]) -> bool:
    return any(begin <= time_ns <= end for begin, end in stretches)
