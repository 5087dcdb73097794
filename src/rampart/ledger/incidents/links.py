"""Two incidents that are one, one that is two, and two that only look alike: said by somebody, never found silently."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from rampart.errors import InputError

from . import tables
from .drafts import IncidentDraft
from .store import Ledger
from .writer import Writer, must_stand

#: What moves from one incident to another: table, and what people call a row of it.
_PARTS = {"claim": tables.claim, "event": tables.event, "evidence": tables.evidence}


def merge(ledger: Ledger, number: int, into: int, reason: str, *, now_ns: int) -> dict[str, list[int]]:
    """Put everything said and known of an incident to another; it is closed and no longer counted.

    Parameters
    ----------
    ledger : Ledger
    number, into : int
        The incident that goes, and the one that stays with its own time, site and place.
    reason : str
    now_ns : int
        Time of entry [ns UTC].

    Returns
    -------
    dict
        Ids of the ``claim``, ``event`` and ``evidence`` rows that moved.

    Raises
    ------
    InputError
        If they are one already, or there is none of that number.
    """
    if number == into:
        raise InputError(f"incident {number} cannot be merged into itself")
    with ledger.database.writing(make=False) as connection:
        row = must_stand(connection, number)
        must_stand(connection, into)
        writer = Writer(ledger.database.place, connection, now_ns)
        moved = {name: _move(connection, writer, name, number, into, None) for name in _PARTS}
        writer.status(row, "closed", f"merged into incident {into}: {reason}")
        _link(writer, number, into, "merged", reason, now_ns)
        writer.flush()
    return moved


def split(
    ledger: Ledger,
    number: int,
    draft: Mapping[str, Any],
    parts: Mapping[str, Sequence[int]],
    reason: str,
    *,
    now_ns: int,
) -> int:
    """Make an incident of its own of some of what is said and known of another; gives its number.

    Parameters
    ----------
    ledger : Ledger
    number : int
    draft : mapping
        Fields of `IncidentDraft` in which it differs; the others are those of the incident.
    parts : mapping of str to sequence of int
        ``claim``, ``event`` and ``evidence``: ids of what moves.
    reason : str
    now_ns : int
        Time of entry [ns UTC].

    Raises
    ------
    InputError
        If nothing moves, or something is not of this incident.
    """
    if not any(parts.values()):
        raise InputError("nothing to split off: expected a claim, event or evidence")
    with ledger.database.writing(make=False) as connection:
        row = must_stand(connection, number)
        key = draft.get("key")
        if (
            key is not None
            and connection.execute(sa.select(tables.incident.c.id).where(tables.incident.c.key == key)).first()
        ):
            raise InputError(f"incident {key!r} is in the ledger already")
        kept = {name: row[name] for name in ("title", "lat_deg", "lon_deg", "radius_m")}
        new = IncidentDraft(**{"site": row["site"], **kept, **draft}).row()
        if "time" not in draft:
            new |= {name: row[name] for name in row if name.startswith("time_")}
        writer = Writer(ledger.database.place, connection, now_ns)
        made = writer.add("incident", new)
        told = {"status": new["status"], "reason": f"split from incident {number}: {reason}", "at_ns": now_ns}
        writer.add("status", {"incident_id": made, **told})
        for name in _PARTS:
            _move(connection, writer, name, number, made, list(parts.get(name, ())))
        _link(writer, made, number, "split", reason, now_ns)
        writer.flush()
    return made


def keep_apart(ledger: Ledger, number: int, other: int, reason: str, *, now_ns: int) -> None:
    """Say that two incidents are not one: they are not proposed as duplicates again."""
    if number == other:
        raise InputError(f"incident {number} cannot be kept apart from itself")
    with ledger.database.writing(make=False) as connection:
        for each in (number, other):
            must_stand(connection, each)
        writer = Writer(ledger.database.place, connection, now_ns)
        _link(writer, number, other, "distinct", reason, now_ns)
        writer.flush()


def _link(writer: Writer, number: int, other: int, verdict: str, reason: str, now_ns: int) -> None:
    told = {"incident_id": number, "other_id": other, "verdict": verdict, "reason": reason, "at_ns": now_ns}
    writer.add("link", told)


def _move(
    connection: sa.Connection, writer: Writer, name: str, number: int, into: int, ids: Sequence[int] | None
) -> list[int]:
    """Give rows of one incident to another: all, or those of some ids."""
    table = _PARTS[name]
    query = sa.select(table).where(table.c.incident_id == number).order_by(table.c.id)
    rows = {row["id"]: dict(row) for row in connection.execute(query).mappings()}
    for each in ids or ():
        if each not in rows:
            raise InputError(f"{name} {each} is not of incident {number}")
    moving = list(rows) if ids is None else sorted(set(ids))
    for each in moving:
        writer.change(name, each, {**rows[each], "incident_id": into})
    return moving
