"""Board: the latest that each chain said, for whoever comes to look."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rampart.pipeline import Outputs
from rampart.records import Health, Phase, Predictions, Row, Site, Tracks, Warnings, ZoneStates

_CLOSING = (int(Phase.RELEASE), int(Phase.CANCEL))


@dataclass(frozen=True, slots=True, eq=False)
class SiteView:
    """What holds at one site as of its latest step; nothing in it is changed afterwards.

    Attributes
    ----------
    site : Site
    now_ns : int
        Time of the step, ns UTC; 0 before the first.
    steps : int
        How many there were.
    tracks, predictions : Tracks, Predictions
        Of that step, tentative tracks too: `Tracks.shown` says which to show.
    warnings : Warnings
        The latest message of each warning that is open.
    zones : ZoneStates
        The state of every zone that has one, in the order of `Site.zones`.
    health : Health
        The state of every sensor, as the chain judges it.
    """

    site: Site
    now_ns: int = 0
    steps: int = 0
    tracks: Tracks = field(default_factory=Tracks.empty)
    predictions: Predictions = field(default_factory=Predictions.empty)
    warnings: Warnings = field(default_factory=Warnings.empty)
    zones: ZoneStates = field(default_factory=ZoneStates.empty)
    health: Health = field(default_factory=Health.empty)


class Board:
    """Keeps the latest view of each site. Written in the threads of the sites, read from any."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, Outputs | None] = {}
        self._sites = {site.id: site for site in sites}
        self._open: dict[str, dict[int, Row]] = {name: {} for name in self._sites}
        self._zones: dict[str, dict[int, Row]] = {name: {} for name in self._sites}
        self._health: dict[str, dict[str, Row]] = {name: {} for name in self._sites}
        self._steps = dict.fromkeys(self._sites, 0)

    def take(self, site: str, outputs: Outputs) -> None:
        """Write down what one step said."""
        with self._lock:
            self._latest[site] = outputs
            self._steps[site] += 1
            for row in outputs.warnings:
                self._open[site].pop(int(row.number), None)
                if int(row.phase) not in _CLOSING:
                    self._open[site][int(row.number)] = row
            self._zones[site].update((int(row.zone), row) for row in outputs.zones)
            self._health[site].update((str(row.part), row) for row in outputs.health)

    def view(self, site: str) -> SiteView:
        """What holds at a site now.

        Raises
        ------
        KeyError
            For a site that is none of ours.
        """
        with self._lock:
            latest, steps = self._latest.get(site), self._steps[site]
            warnings = list(self._open[site].values())
            zones = [self._zones[site][i] for i in sorted(self._zones[site])]
            health = list(self._health[site].values())
        if latest is None:
            return SiteView(self._sites[site])
        return SiteView(
            self._sites[site],
            latest.now_ns,
            steps,
            latest.tracks,
            latest.predictions,
            _table(Warnings, warnings),
            _table(ZoneStates, zones),
            _table(Health, health),
        )

    def open_warnings(self, site: str) -> int:
        """How many warnings are open."""
        with self._lock:
            return len(self._open[site])


def _table(kind: type, rows: list[Row]) -> Any:
    """Rows of one kind, of several tables, as one table."""
    columns = {name: _column([getattr(row, name) for row in rows]) for name in kind.names()}  # type: ignore[attr-defined]
    return kind.build(len(rows), **columns) if rows else kind.empty()  # type: ignore[attr-defined]


def _column(values: list[Any]) -> Any:
    return np.stack(values) if values and isinstance(values[0], np.ndarray | np.generic) else values
