"""The ledger: incidents, claims and statuses in, each change an entry of the history."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from rampart.errors import InputError, RunError

from . import tables
from .check import check_history
from .columns import Cases, Opinions, read_cases, read_opinions
from .database import Database
from .drafts import ClaimDraft, IncidentDraft
from .fields import STATUSES
from .findings import EventDraft, EvidenceDraft
from .seals import Seal, against
from .writer import Writer, must_exist, must_stand

_FIGURES = sa.select(tables.claim).where(tables.claim.c.incident_id.is_(None)).order_by(tables.claim.c.id)


class Ledger:
    """A ledger of incidents in a database.

    Parameters
    ----------
    place : str
        Path of a SQLite file, ``sqlite:///FILE``, which the first write makes, or ``postgresql://USER@HOST/NAME``.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     ledger = Ledger(str(Path(folder) / "unit.sqlite"))
    ...     ledger.add([IncidentDraft(site="Green Zone", claims=(ClaimDraft("press", "Two rockets."),))], now_ns=0)
    ...     len(ledger.claims()), ledger.verify()["ok"]
    {'incidents': [1], 'claims': [1], 'events': [], 'evidence': []}
    (1, True)
    """

    def __init__(self, place: str) -> None:
        self.database = Database(place)

    def add(
        self, incidents: Sequence[IncidentDraft], figures: Sequence[ClaimDraft] = (), *, now_ns: int
    ) -> dict[str, list[int]]:
        """Add incidents with their claims, and published figures: all of them or none.

        Parameters
        ----------
        incidents : sequence of IncidentDraft
        figures : sequence of ClaimDraft
            Claims about a whole time, with `figure` set.
        now_ns : int
            Time of entry [ns UTC].

        Returns
        -------
        dict
            Ids given to ``incidents``, ``claims``, ``events`` and ``evidence``.

        Raises
        ------
        InputError
            If a key is in the ledger already or given twice, or the database cannot be written.
        """
        keys = [draft.key for draft in incidents if draft.key is not None]
        _refuse_keys(keys, set())
        with self.database.writing() as connection:
            if keys:
                _refuse_keys(keys, set(connection.execute(sa.select(tables.incident.c.key)).scalars()))
            writer = Writer(self.database.place, connection, now_ns)
            for draft in incidents:
                number = writer.add("incident", draft.row())
                writer.add(
                    "status", {"incident_id": number, "status": draft.status, "reason": draft.reason, "at_ns": now_ns}
                )
                writer.about(number, draft.claims, draft.events, draft.evidence)
            for claim in figures:
                writer.add("claim", {"incident_id": None, **claim.row()})
            writer.flush()
            return {
                name: writer.ids(subject)
                for name, subject in (
                    ("incidents", "incident"), ("claims", "claim"), ("events", "event"), ("evidence", "evidence"),
                )
            }  # fmt: skip

    def add_claim(self, incident_id: int | None, claim: ClaimDraft, *, now_ns: int) -> int:
        """Add what one more source says of an incident, or a published figure; gives the claim's id."""
        with self.database.writing(make=False) as connection:
            if incident_id is not None:
                must_stand(connection, incident_id)
            writer = Writer(self.database.place, connection, now_ns)
            number = writer.add("claim", {"incident_id": incident_id, **claim.row()})
            writer.flush()
            return number

    def add_findings(
        self,
        incident_id: int,
        events: Sequence[EventDraft] = (),
        evidence: Sequence[EvidenceDraft] = (),
        *,
        now_ns: int,
    ) -> dict[str, list[int]]:
        """Add events and evidence to an incident; gives the ids of both. A file that it has already is refused."""
        with self.database.writing(make=False) as connection:
            must_stand(connection, incident_id)
            table = tables.evidence
            query = sa.select(table.c.sha256, table.c.id).where(table.c.incident_id == incident_id)
            known: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
            for draft in evidence:
                number = known.get(draft.sha256)
                if number is not None:
                    what = f"evidence {number} of incident {incident_id} already" if number else "given twice"
                    raise InputError(f"{draft.name} is {what}; nothing was added")
                known[draft.sha256] = 0
            writer = Writer(self.database.place, connection, now_ns)
            writer.about(incident_id, (), events, evidence)
            writer.flush()
            return {"events": writer.ids("event"), "evidence": writer.ids("evidence")}

    def set_status(self, incident_id: int, status: str, reason: str, *, now_ns: int) -> None:
        """Set the status of an incident, with the reason."""
        if status not in STATUSES:
            raise InputError(f"status {status!r} is not known; expected one of {', '.join(STATUSES)}")
        with self.database.writing(make=False) as connection:
            row = must_stand(connection, incident_id)
            writer = Writer(self.database.place, connection, now_ns)
            writer.status(row, status, reason)
            writer.flush()

    def incidents(self) -> list[dict[str, Any]]:
        """All incidents as plain rows, in the order of their times, those without one last."""
        table = tables.incident
        order = (table.c.time_earliest_ns.is_(None), table.c.time_earliest_ns, table.c.id)
        return self._rows(sa.select(table).order_by(*order))

    def claims(self, incident_id: int | None = None) -> list[dict[str, Any]]:
        """Claims as plain rows in the order of their ids: all, or those about one incident."""
        query = sa.select(tables.claim).order_by(tables.claim.c.id)
        if incident_id is not None:
            query = query.where(tables.claim.c.incident_id == incident_id)
        return self._rows(query)

    def columns(self) -> tuple[Cases, Opinions, list[dict[str, Any]]]:
        """All incidents and claims about them as columns, and the published figures: one state of the ledger."""
        with self.database.reading() as connection:
            cases = read_cases(self.database.place, connection)
            opinions = read_opinions(self.database.place, connection)
            return cases, opinions, _fetch(connection, _FIGURES)

    def figures(self) -> list[dict[str, Any]]:
        """Claims about no one incident: published running totals."""
        return self._rows(_FIGURES)

    def incident(self, incident_id: int) -> dict[str, Any]:
        """One incident with its claims, events, evidence, links to others and the statuses it had."""
        with self.database.reading() as connection:
            row = must_exist(connection, incident_id)
            parts = {}
            for name, table in (
                ("claims", tables.claim), ("events", tables.event), ("evidence", tables.evidence),
                ("statuses", tables.status), ("links", tables.link),
            ):  # fmt: skip
                mine = table.c.incident_id == incident_id
                if table is tables.link:
                    mine |= table.c.other_id == incident_id
                query = sa.select(table).where(mine).order_by(table.c.id)
                parts[name] = [dict(r) for r in connection.execute(query).mappings()]
        return {**row, **parts}

    def _rows(self, query: sa.Select) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            return _fetch(connection, query)

    def verify(
        self,
        head: str | None = None,
        *,
        seal: Seal | None = None,
        public_key: bytes | None = None,
        authorities: Sequence[Any] = (),
    ) -> dict[str, Any]:
        """Check the chain of hashes, and that the tables hold what the history says.

        Parameters
        ----------
        head : str or None
            A head hash kept from before: the history must still contain it, which shows a cut-off end.
        seal : Seal or None
            A seal made before: shows that, too, and that nobody wrote the history anew.
        public_key : bytes or None
            Of the only key whose seals are believed.
        authorities : sequence of certificates
            Whose time stamps on the seal are believed.

        Returns
        -------
        dict
            ``ok``, ``entries``, ``head`` and ``faults``: ``entry`` (its number, or None) and ``message`` of each; with
            a seal also ``seal``, what that says.
        """
        with self.database.reading() as connection:
            found = check_history(self.database.place, connection)
            wrong = found.faults
            answer: dict[str, Any] = {
                "entries": found.entries, "head": None if found.last is None else found.last.hash,
            }  # fmt: skip
            if head is not None and not _holds(connection, tables.history.c.hash == head):
                wrong.append((None, f"the history has no entry {head[:16]}...: it was cut off or written anew"))
            if seal is not None:
                history = tables.history.c
                there = _holds(connection, sa.and_(history.number == seal.entries, history.hash == seal.head))
                last = 0 if found.last is None else found.last.number
                answer["seal"], messages = against(seal, last, there, public_key, authorities)
                wrong += [(None, message) for message in messages]
        listed = [{"entry": number, "message": message} for number, message in wrong]
        return {"ok": not wrong, **answer, "faults": listed}

    def seal(self, key: Any, *, now_ns: int) -> Seal:
        """Sign what the last entry is.

        Parameters
        ----------
        key : Ed25519PrivateKey
            See `seals.load_private_key`.
        now_ns : int
            Time of sealing [ns UTC].

        Raises
        ------
        RunError
            If the ledger is not sound: what was changed must not be sealed as if it had always been so.
        """
        with self.database.reading() as connection:
            found = check_history(self.database.place, connection)
        if found.faults:
            raise RunError(f"the ledger is not sound, so it is not sealed: {found.faults[0][1]}")
        if found.last is None:
            raise InputError("has no entries to seal", path=self.database.place.name)
        return Seal.sign(found.last.number, found.last.hash, now_ns, key)


def _fetch(connection: sa.Connection, query: sa.Select) -> list[dict[str, Any]]:
    result = connection.execute(query)
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _refuse_keys(keys: list[str], known: set[str | None]) -> None:
    for key in keys:
        if key in known:
            raise InputError(
                f"incident {key!r} is in the ledger already, or given twice; nothing was added "
                "(rampart incident claim adds to an incident)"
            )
        known.add(key)


def _holds(connection: sa.Connection, what: sa.ColumnElement[bool]) -> bool:
    return connection.execute(sa.select(tables.history.c.number).where(what)).first() is not None
