"""Board: the latest that each chain said, for whoever comes to look, and for a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from rampart.pipeline import Outputs
from rampart.records import Columns, Engagements, Health, Phase, Predictions, Row, Site, Tracks, Warnings, ZoneStates

_CLOSING = (int(Phase.RELEASE), int(Phase.CANCEL))
#: Messages of one open warning that are remembered: the first ones and the latest.
MESSAGES = 40
#: How long a warning that has ended is told of after a restart: its end may not have left before.
ENDED_NS = 10_000_000_000
T = TypeVar("T", bound=Columns)


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


class _Side:
    """One site's part of the board."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.latest: Outputs | None = None
        self.now_ns = 0
        self.steps = 0
        self.open: dict[int, dict[int, Row]] = {}  # number -> sequence -> message
        self.ended: dict[int, dict[int, Row]] = {}  # the same of those that ended lately
        self.zones: dict[int, Row] = {}
        self.health: dict[str, Row] = {}

    def take(self, outputs: Outputs) -> None:
        self.latest, self.now_ns = outputs, outputs.now_ns
        self.steps += 1
        for row in outputs.warnings:
            self._message(row)
        self._forget()
        self.zones.update((int(row.zone), row) for row in outputs.zones)
        self.health.update((str(row.part), row) for row in outputs.health)

    def _message(self, row: Row) -> None:
        number = int(row.number)
        messages = self.open.pop(number, None) or self.ended.pop(number, {})
        messages[int(row.sequence)] = row
        if len(messages) > MESSAGES:
            del messages[sorted(messages)[MESSAGES // 2]]
        (self.ended if int(row.phase) in _CLOSING else self.open)[number] = messages

    def _forget(self) -> None:
        for number, messages in list(self.ended.items()):
            if self.now_ns - int(messages[max(messages)].time_ns) > ENDED_NS:
                del self.ended[number]

    def warnings(self, *, latest: bool, ended: bool = False) -> Warnings:
        """The messages of open warnings, in the order in which they were said; or the latest of each."""
        all_messages = [*self.open.values(), *(self.ended.values() if ended else ())]
        rows = [
            messages[sequence]
            for messages in all_messages
            for sequence in (sorted(messages)[-1:] if latest else sorted(messages))
        ]
        if not latest:
            rows.sort(key=lambda row: (int(row.time_ns), int(row.number), int(row.sequence)))
        return table(Warnings, rows)

    def states(self) -> tuple[ZoneStates, Health]:
        zones = [self.zones[i] for i in sorted(self.zones)]
        return table(ZoneStates, zones), table(Health, list(self.health.values()))


class Board:
    """Keeps the latest view of each site. Written in the threads of the sites, read from any."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self._lock = threading.Lock()
        self._sides = {site.id: _Side(site) for site in sites}

    def take(self, site: str, outputs: Outputs) -> None:
        """Write down what one step said."""
        with self._lock:
            self._sides[site].take(outputs)

    def view(self, site: str) -> SiteView:
        """What holds at a site now.

        Raises
        ------
        KeyError
            For a site that is none of ours.
        """
        with self._lock:
            side = self._sides[site]
            latest, zones, warnings = side.latest, side.states(), side.warnings(latest=True)
            now_ns, steps = side.now_ns, side.steps
        tracks, predictions = Tracks.empty(), Predictions.empty()
        if latest is not None:
            tracks, predictions = latest.tracks, latest.predictions
        return SiteView(side.site, now_ns, steps, tracks, predictions, warnings, *zones)

    def now_ns(self, site: str) -> int:
        """Time of the latest step, ns UTC; 0 before the first."""
        return self._sides[site].now_ns

    def open_warnings(self, site: str) -> int:
        """How many warnings are open."""
        with self._lock:
            return len(self._sides[site].open)

    def tracks(self, site: str) -> int:
        """How many tracks the latest step had, tentative ones too."""
        latest = self._sides[site].latest
        return 0 if latest is None else len(latest.tracks)

    def said(self, site: str, *, ended: bool = True) -> Outputs:
        """All that holds at a site, as if one step had said it: every message of what is open, every state.

        With `ended`, the messages of warnings that ended in the last 10 s too.
        """
        with self._lock:
            side = self._sides[site]
            warnings, (zones, health) = side.warnings(latest=False, ended=ended), side.states()
        nothing = Tracks.empty(), Predictions.empty()
        return Outputs(side.now_ns, *nothing, warnings, Engagements.empty(), {}, None, health, zones)

    def snapshot(self) -> dict[str, Any]:
        """What a restart needs, as plain data."""
        found = {}
        for name in self._sides:
            said = self.said(name)
            parts = {"warnings": said.warnings, "zones": said.zones, "health": said.health}
            found[name] = {"now_ns": said.now_ns, **{key: _columns(part) for key, part in parts.items()}}
        return {"version": 1, "sites": found}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up what `snapshot` gave."""
        for name, state in snapshot["sites"].items():
            side = self._sides[name]
            side.now_ns = state["now_ns"]
            for row in _table_of(Warnings, state["warnings"]):
                side._message(row)
            side.zones.update((int(row.zone), row) for row in _table_of(ZoneStates, state["zones"]))
            side.health.update((str(row.part), row) for row in _table_of(Health, state["health"]))


def table(kind: type[T], rows: list[Row]) -> T:
    """Rows of one kind, of several tables, as one table."""
    if not rows:
        return kind.empty()
    return kind.build(len(rows), **{name: _column([getattr(row, name) for row in rows]) for name in kind.names()})


def _column(values: list[Any]) -> Any:
    return np.stack(values) if isinstance(values[0], np.ndarray | np.generic) else values


def _columns(records: Columns) -> dict[str, Any]:
    return {"n": len(records), **{name: getattr(records, name) for name in records.names()}}


def _table_of(kind: type[T], columns: Mapping[str, Any]) -> T:
    given = dict(columns)
    return kind.build(given.pop("n"), **given)
