"""CoverWatch: when to say that a zone is no longer, or again, watched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rampart.pipeline import Outputs
from rampart.records import AlertStatus
from rampart.words import Notice

from .bulletin import SECOND_NS

START_S = 30.0  #: how long sensors may take to be heard of before their zones count as unwatched
AGAIN_S = 240.0  #: how often it is said as long as it lasts


@dataclass(frozen=True, slots=True)
class Cover:
    """That a zone (index into Site.zones) is no longer, or again, watched."""

    notice: Notice
    zone: int
    now_ns: int
    status: AlertStatus


class CoverWatch:
    """Follows the states of zones; for encoders whose format says lost coverage in words of its own.

    Lost cover is said at once, but of a zone that was never watched only after `START_S`, and again every `AGAIN_S`.
    Cover that is back is said only where its loss was.
    """

    def __init__(self) -> None:
        self._began_ns: int | None = None
        self._watched: dict[int, tuple[bool, AlertStatus]] = {}
        self._seen: set[int] = set()  # zones that were watched at some time
        self._said_ns: dict[int, int] = {}  # zones whose loss was said

    def step(self, outputs: Outputs) -> Iterator[Cover]:
        """What the zones of one step ask to be said."""
        self._began_ns = outputs.now_ns if self._began_ns is None else self._began_ns
        for row in outputs.zones:
            zone, watched, status = int(row.zone), bool(row.watched), AlertStatus(int(row.status))
            self._watched[zone] = watched, status
            if watched:
                self._seen.add(zone)
                if self._said_ns.pop(zone, None) is not None:
                    yield Cover(Notice.COVERAGE_BACK, zone, outputs.now_ns, status)
            elif zone in self._seen and zone not in self._said_ns:
                yield self._lost(zone, outputs.now_ns, status)

    def tick(self, now_ns: int) -> Iterator[Cover]:
        """What has lasted long enough to be said, or said again."""
        if self._began_ns is None or now_ns - self._began_ns < START_S * SECOND_NS:
            return
        for zone, (watched, status) in list(self._watched.items()):
            if not watched and now_ns - self._said_ns.get(zone, 0) > AGAIN_S * SECOND_NS:
                yield self._lost(zone, now_ns, status)

    def _lost(self, zone: int, now_ns: int, status: AlertStatus) -> Cover:
        self._said_ns[zone] = now_ns
        return Cover(Notice.COVERAGE_LOST, zone, now_ns, status)
