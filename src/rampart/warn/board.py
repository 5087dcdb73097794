"""Board: what each zone is to show. Nobody watching is shown as unknown, never as quiet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rampart.records import AlertStatus, Phase, Site, ZoneState, ZoneStates

from .cover import Cover
from .orders import Order
from .policy import SECOND, Alert

_NOTHING = ZoneStates.empty()
_SHOWN = {
    Phase.PREPARE: ZoneState.PREPARE,
    Phase.SHELTER: ZoneState.SHELTER,
    Phase.RELEASE: ZoneState.RELEASE,
    Phase.CANCEL: ZoneState.CANCEL,
}


class _Face(NamedTuple):
    """What a zone shows, by the columns of `ZoneStates`."""

    state: int
    watched: bool
    warning: int
    status: int
    held: bool
    reason: str


class Board:
    """The state of every zone of a site, and which zones are watched.

    Parameters
    ----------
    site : Site
        Gives the zones and the sensors.
    shown_s : float
        How long a release or cancel is shown before the zone is quiet.
    status : AlertStatus
        What the site is set to.
    """

    def __init__(self, site: Site, shown_s: float, status: AlertStatus) -> None:
        n = len(site.zones)
        self._shown_ns, self._status = round(shown_s * SECOND), int(status)
        self._cover = Cover(site)
        self._working: tuple[bool, ...] | None = None
        self._watched: NDArray[np.bool_] = np.ones(n, dtype=bool)
        self._blind_ns: dict[int, int] = {}  # zone: unwatched since
        self._faces: list[_Face | None] = [None] * n
        self._since_ns = [0] * n
        self._ended: dict[int, tuple[int, int, int, str]] = {}  # zone: phase, number, status, until [ns] as of below
        self._until_ns: dict[int, int] = {}
        self._fresh = set(range(n))

    def watch(self, now_ns: int, working: tuple[bool, ...] | None) -> None:
        """Take note of which sensors work; None if nobody keeps watch over them: all zones count as watched then."""
        if working == self._working:
            return
        self._working = working
        watched = np.ones(len(self._faces), bool) if working is None else self._cover.watched(working)
        for zone in np.flatnonzero(watched != self._watched).tolist():
            self._fresh.add(zone)
            if watched[zone]:
                self._blind_ns.pop(zone, None)
            else:
                self._blind_ns[zone] = now_ns
        self._watched = watched

    def blind_ns(self, zone: int) -> int | None:
        """Since when nobody watches a zone [ns]; None if somebody does."""
        return self._blind_ns.get(zone)

    def closed(self, now_ns: int, zone: int, message: Mapping[str, Any]) -> None:
        """Take note of the end of a warning."""
        self._ended[zone] = message["phase"], message["number"], message["status"], message["reason"]
        self._until_ns[zone] = now_ns + self._shown_ns
        self._fresh.add(zone)

    def touch(self, zone: int) -> None:
        """Something was said or decided about a zone."""
        self._fresh.add(zone)

    @property
    def settled(self) -> bool:
        """No zone has anything new to show now."""
        return not self._fresh

    @property
    def rests(self) -> bool:
        """No zone has anything new to show, now or later."""
        return not (self._fresh or self._until_ns)

    def step(self, now_ns: int, alerts: Mapping[int, Alert], holds: Mapping[int, Order]) -> ZoneStates:
        """The zones whose state changed."""
        for zone in [z for z, until in self._until_ns.items() if until <= now_ns]:
            del self._until_ns[zone], self._ended[zone]
            self._fresh.add(zone)
        if not self._fresh:
            return _NOTHING
        changed = []
        for zone in sorted(self._fresh):
            before, face = self._faces[zone], self._face(zone, alerts.get(zone), holds.get(zone))
            if before != face:
                if before is None or before[0] != face[0]:
                    self._since_ns[zone] = now_ns
                self._faces[zone] = face
                changed.append(zone)
        self._fresh.clear()
        return self._rows(now_ns, changed)

    def _face(self, zone: int, alert: Alert | None, hold: Order | None) -> _Face:
        watched, held = bool(self._watched[zone]), hold is not None
        why = "" if watched else "no working sensor covers this zone"
        if not watched and not self._cover.at_best[zone]:
            why = "no sensor of the site covers this zone"
        parts = [f"held: {hold.reason}" if hold else "", why]
        if alert is not None:
            state, number, status = _SHOWN[alert.phase], alert.number, alert.said_status
        elif not watched:
            state, number, status = ZoneState.UNKNOWN, 0, self._status
        elif zone in self._ended:
            phase, number, status, reason = self._ended[zone]
            state, parts = _SHOWN[Phase(phase)], [reason, *parts]
        else:
            state, number, status = ZoneState.QUIET, 0, self._status
        return _Face(int(state), watched, number, status, held, "; ".join(part for part in parts if part))

    def rows(self, now_ns: int) -> ZoneStates:
        """Every zone as of the last step."""
        return self._rows(now_ns, [z for z, face in enumerate(self._faces) if face is not None])

    def _rows(self, now_ns: int, zones: list[int]) -> ZoneStates:
        rows = [
            {"time_ns": now_ns, "zone": z, "since_ns": self._since_ns[z], **face._asdict()}
            for z in zones
            if (face := self._faces[z]) is not None
        ]
        return ZoneStates.of_rows(rows) if rows else _NOTHING

    def due_ns(self) -> list[int]:
        """When a release or cancel has been shown long enough."""
        return list(self._until_ns.values())

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        return {
            "working": None if self._working is None else list(self._working),
            "blind": [[zone, self._blind_ns[zone]] for zone in sorted(self._blind_ns)],
            "faces": [None if face is None else list(face) for face in self._faces],
            "since": list(self._since_ns),
            "ended": [[zone, *self._ended[zone], self._until_ns[zone]] for zone in sorted(self._ended)],
            "fresh": sorted(self._fresh),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        working = snapshot["working"]
        self._working = None if working is None else tuple(working)
        self._watched = np.ones(len(self._faces), bool)
        if self._working is not None:
            self._watched = self._cover.watched(self._working)
        self._blind_ns = dict(snapshot["blind"])
        self._faces = [None if face is None else _Face(*face) for face in snapshot["faces"]]
        self._since_ns = list(snapshot["since"])
        self._ended = {z: (phase, number, status, why) for z, phase, number, status, why, _ in snapshot["ended"]}
        self._until_ns = {entry[0]: entry[-1] for entry in snapshot["ended"]}
        self._fresh = set(snapshot["fresh"])
