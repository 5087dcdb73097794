"""DeliveryLog: what became of each message of a warning at each peer."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from rampart.records import Deliveries, Outcome

from .bulletin import Bulletin

LIMIT = 100_000  #: rows kept, the latest ones

_Key = tuple[str, int, int, str]


@dataclass(slots=True)
class _Row:
    bulletin: Bulletin
    peer: str
    outcome: Outcome = Outcome.WAITING
    sent_ns: int = 0
    acknowledged_ns: int = 0
    note: str = ""


class DeliveryLog:
    """Deliveries so far; may be read and written from several threads."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit, self._lock = limit, Lock()
        self._rows: OrderedDict[_Key, _Row] = OrderedDict()

    def _row(self, bulletin: Bulletin, peer: str) -> _Row:
        key = (bulletin.site, bulletin.number, bulletin.sequence, peer)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = _Row(bulletin, peer)
            if len(self._rows) > self._limit:
                self._rows.popitem(last=False)
        return row

    def waiting(self, bulletin: Bulletin, peer: str, note: str = "") -> None:
        """It is on its way to a peer."""
        with self._lock:
            self._row(bulletin, peer).note = note

    def sent(self, bulletin: Bulletin, peer: str, at_ns: int) -> None:
        """Its bytes left. Sent again after a lost connection, the first time counts."""
        with self._lock:
            row = self._row(bulletin, peer)
            row.sent_ns = row.sent_ns or at_ns
            row.outcome = max(row.outcome, Outcome.SENT) if row.outcome <= Outcome.SENT else row.outcome

    def acknowledged(self, bulletin: Bulletin, peer: str, at_ns: int, by: str = "") -> None:
        """The peer, or a device behind it, said that it has the message. The first time counts."""
        with self._lock:
            row = self._row(bulletin, peer)
            if row.outcome != Outcome.ACKNOWLEDGED:
                row.outcome, row.acknowledged_ns, row.note = Outcome.ACKNOWLEDGED, at_ns, by

    def ended(self, bulletin: Bulletin, peer: str, outcome: Outcome, note: str = "") -> None:
        """It will not be sent (again), unless it was acknowledged before."""
        with self._lock:
            row = self._row(bulletin, peer)
            if row.outcome != Outcome.ACKNOWLEDGED:
                row.outcome, row.note = outcome, note

    def deliveries(self) -> Deliveries:
        """All of them, in the order in which they were first told of."""
        with self._lock:
            rows = [(r.bulletin, r.peer, r.outcome, r.sent_ns, r.acknowledged_ns, r.note) for r in self._rows.values()]
        bulletins = [row[0] for row in rows]
        names = ("site", "number", "sequence", "zone", "sensor_ns", "received_ns", "decided_ns", "arrival_ns")
        return Deliveries.build(
            len(rows),
            **{name: [getattr(b, name) for b in bulletins] for name in names},
            phase=[int(b.phase) for b in bulletins],
            status=[int(b.status) for b in bulletins],
            peer=[row[1] for row in rows],
            outcome=[int(row[2]) for row in rows],
            sent_ns=[row[3] for row in rows],
            acknowledged_ns=[row[4] for row in rows],
            note=[row[5] for row in rows],
        )
