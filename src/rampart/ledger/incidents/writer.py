"""The rows and history entries of one transaction, collected and written at once."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from rampart.errors import InputError

from . import tables
from .chain import Entry, append, canonical
from .database import Place
from .drafts import ClaimDraft
from .findings import EventDraft, EvidenceDraft


class Writer:
    """Collects the changes of one transaction; `flush` writes them.

    Parameters
    ----------
    place : SqlitePlace or PostgresPlace
    connection : sqlalchemy.Connection
        Of `Database.writing`.
    now_ns : int
        Time of entry [ns UTC].
    """

    def __init__(self, place: Place, connection: sa.Connection, now_ns: int) -> None:
        self._place, self._connection, self._now_ns = place, connection, now_ns
        history = tables.history
        row = connection.execute(sa.select(history).order_by(history.c.number.desc()).limit(1)).first()
        self._last = None if row is None else Entry(*row)
        self._entries: list[dict[str, Any]] = []
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in tables.SUBJECTS}
        self._changes: list[tuple[str, dict[str, Any]]] = []
        self._next: dict[str, int] = {}

    def add(self, subject: str, row: Mapping[str, Any]) -> int:
        """A new row of a table; gives its id."""
        if subject not in self._next:
            table = tables.SUBJECTS[subject]
            self._next[subject] = (self._connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0) + 1
        number = self._next[subject]
        self._next[subject] += 1
        whole = {"id": number, **row}
        self._rows[subject].append(whole)
        self._enter("add", subject, whole)
        return number

    def about(
        self,
        incident_id: int,
        claims: Iterable[ClaimDraft],
        events: Iterable[EventDraft],
        evidence: Iterable[EvidenceDraft],
    ) -> None:
        """What is said and known of an incident."""
        for subject, drafts in (("claim", claims), ("event", events), ("evidence", evidence)):
            for draft in drafts:
                self.add(subject, {"incident_id": incident_id, **draft.row()})

    def change(self, subject: str, number: int, row: Mapping[str, Any]) -> None:
        """A row that says something else from now on."""
        whole = {**row, "id": number}
        self._changes.append((subject, whole))
        self._enter("change", subject, whole)

    def _enter(self, action: str, subject: str, row: Mapping[str, Any]) -> None:
        self._last = append(self._last, self._now_ns, action, subject, row["id"], canonical(row))
        self._entries.append({name: getattr(self._last, name) for name in Entry.__slots__})

    def ids(self, subject: str) -> list[int]:
        """Ids of the rows added to a table."""
        return [row["id"] for row in self._rows[subject]]

    def status(self, incident: Mapping[str, Any], status: str, reason: str) -> None:
        """Another status of an incident, with the reason."""
        number = incident["id"]
        self.add("status", {"incident_id": number, "status": status, "reason": reason, "at_ns": self._now_ns})
        self.change("incident", number, {**incident, "status": status})

    def flush(self) -> None:
        """Write all of it."""
        for subject, rows in self._rows.items():
            if rows:
                self._place.insert(self._connection, tables.SUBJECTS[subject], rows)
        for subject, row in self._changes:
            table = tables.SUBJECTS[subject]
            self._connection.execute(table.update().where(table.c.id == row["id"]).values(row))
        if self._entries:
            self._place.insert(self._connection, tables.history, self._entries)


def must_exist(connection: sa.Connection, incident_id: int) -> dict[str, Any]:
    """The row of an incident; one that there is not is refused."""
    query = sa.select(tables.incident).where(tables.incident.c.id == incident_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise InputError(f"the ledger has no incident {incident_id}; rampart incident list shows those it has")
    return dict(row)


def must_stand(connection: sa.Connection, incident_id: int) -> dict[str, Any]:
    """The row of an incident that was not merged into another; one that was is refused."""
    row = must_exist(connection, incident_id)
    link = tables.link.c
    query = sa.select(link.other_id).where(link.incident_id == incident_id, link.verdict == "merged")
    into = connection.execute(query).scalar()
    if into is not None:
        raise InputError(f"incident {incident_id} was merged into incident {into}")
    return row
