"""Conditions: what of a site's picture is an alarm. A salvo is one alarm; a sensor that fell silent is one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rampart.serve.delivery import PeerHealth

from .alarms import AlarmBoard, Priority
from .picture import SitePicture

_MANY = {"rocket": "rockets", "shell": "shells", "mortar": "mortar bombs", "multirotor": "drones",
         "fixed_wing": "drones"}  # fmt: skip
_ONE = {"mortar": "mortar bomb", "multirotor": "drone", "fixed_wing": "drone", "unknown": "unknown object"}
_FAULTS = ("stale", "faulty", "quarantined", "down")


class Conditions:
    """Finds the alarms of one site.

    Parameters
    ----------
    board : AlarmBoard
        Where they are set and cleared.
    picture : SitePicture
        What is known.
    """

    def __init__(self, board: AlarmBoard, picture: SitePicture) -> None:
        self._board, self._picture = board, picture
        self._site = picture.site
        self._names = {zone.id: zone.name or zone.id for zone in picture.site.zones}
        self._raids: dict[int, tuple[set[str], bool]] = {}  # zones that were told of, whether shelter was
        self._watched: set[str] = set()
        self._blind: set[str] = set()

    def step(self, now_ns: int) -> None:
        """Set and clear what follows from the picture."""
        self._warnings(now_ns)
        self._parts(now_ns)
        self._cover(now_ns)

    def _warnings(self, now_ns: int) -> None:
        by_raid: dict[int, list[dict[str, Any]]] = {}
        for warning in self._picture.warnings.values():
            by_raid.setdefault(warning["raid"], []).append(warning)
        for raid, warnings in by_raid.items():
            key = f"{self._site.id}/raid-{raid}"
            open_ = [w for w in warnings if w["open"]]
            if open_:
                self._raid(key, raid, now_ns, open_)
            elif raid in self._raids:
                ends = {w["phase"] for w in warnings}
                word = "Cancelled" if "cancel" in ends else "Released"
                self._board.clear(key, now_ns, f"{word}: {warnings[-1]['reason']}")
                del self._raids[raid]

    def _raid(self, key: str, raid: int, now_ns: int, open_: list[dict[str, Any]]) -> None:
        zones = {w["zone"] for w in open_}
        told, sheltered = self._raids.get(raid, (set(), False))
        shelter = any(w["phase"] == "shelter" for w in open_)
        self._raids[raid] = told | zones, sheltered or shelter
        tracks = sorted({track for w in open_ for track in w["tracks"]})
        impacts = [w["impact_ms"] for w in open_ if w["impact_ms"] is not None]
        first = min(open_, key=lambda w: (w["phase"] != "shelter", w["impact_ms"] or math.inf))
        self._board.set(
            key,
            now_ns,
            site=self._site.id,
            priority=Priority.CRITICAL if shelter else Priority.HIGH,
            title="SHELTER" if shelter else "PREPARE",
            text=f"{_threats(first['class'], len(tracks))} at {self._places(open_, first)}",
            grown=bool(zones - told) and bool(told),
            detail={
                "zones": sorted(zones),
                "tracks": tracks,
                "rounds": len(tracks),
                "impact_ms": min(impacts, default=None),
                "status": first["status"],
                "kind": "threat",
            },
        )

    def _places(self, open_: Sequence[Mapping[str, Any]], first: Mapping[str, Any]) -> str:
        others = len({w["zone"] for w in open_}) - 1
        return self._names[first["zone"]] + (f" and {others} more zone{'s' * (others > 1)}" if others else "")

    def _parts(self, now_ns: int) -> None:
        for part, entry in self._picture.health.items():
            kind, _, name = part.partition("/")
            key = f"{self._site.id}/{part}"
            if entry["state"] in _FAULTS:
                self._board.set(
                    key,
                    now_ns,
                    site=self._site.id,
                    priority=Priority.HIGH,
                    title=f"{kind.upper()} {entry['state'].upper()}",
                    text=f"{name}: {entry['reason'] or entry['state']}" if name else entry["reason"],
                    detail={"part": part, "kind": "health"},
                )
            elif entry["state"] == "degraded":
                self._board.set(
                    key,
                    now_ns,
                    site=self._site.id,
                    priority=Priority.LOW,
                    title=f"{kind.upper()} DEGRADED",
                    text=f"{name}: {entry['reason']}" if name else entry["reason"],
                    detail={"part": part, "kind": "health"},
                )
            else:
                self._board.clear(key, now_ns)

    def _cover(self, now_ns: int) -> None:
        """Zones that were watched and are no more. A zone that never was is a matter of the site's plan."""
        zones = self._picture.zones.values()
        self._watched |= {z["zone"] for z in zones if z["watched"]}
        blind = {z["zone"] for z in zones if not z["watched"]} & self._watched
        key = f"{self._site.id}/cover"
        if blind:
            names = [self._names[zone] for zone in sorted(blind)]
            self._board.set(
                key,
                now_ns,
                site=self._site.id,
                priority=Priority.HIGH,
                title="NOT WATCHED",
                text=", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else ""),
                grown=bool(blind - self._blind) and bool(self._blind),
                detail={"zones": sorted(blind), "kind": "health"},
            )
        else:
            self._board.clear(key, now_ns)
        self._blind = blind


def set_peers(board: AlarmBoard, peers: Iterable[PeerHealth], now_ns: int) -> None:
    """Alarms of peers to whom warnings do not arrive."""
    for peer in peers:
        key = f"channel/{peer.peer}"
        if peer.dead:
            board.set(
                key,
                now_ns,
                site="",
                priority=Priority.HIGH,
                title="PEER " + peer.state.value.upper(),
                text=f"{peer.peer} ({peer.kind}): {peer.reason or 'does not answer'}",
                detail={"part": key, "kind": "health"},
            )
        else:
            board.clear(key, now_ns)


def _threats(label: str, count: int) -> str:
    """Threats in words.

    >>> _threats("rocket", 3), _threats("multirotor", 1), _threats("rocket", 0)
    ('3 rockets', '1 drone', "an operator's warning")
    """
    if count == 0:
        return "an operator's warning"
    word = _ONE.get(label, label) if count == 1 else _MANY.get(label, f"{label} objects")
    return f"{count} {word}"
