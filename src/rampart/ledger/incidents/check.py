"""Whether the history is whole, and the tables say what it says; in one pass, for it may be long."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from . import tables
from .chain import Entry, canonical, faults
from .database import Place

#: Entries that are in memory at one time.
_CHUNK = 20_000


@dataclass(slots=True)
class History:
    """What a history was found to be.

    Parameters
    ----------
    entries : int
        How many there are.
    last : Entry or None
        The one with the highest number.
    faults : list of (int or None, str)
        What is wrong: number of the entry, and in words.
    """

    entries: int = 0
    last: Entry | None = None
    faults: list[tuple[int | None, str]] = field(default_factory=list)


def check_history(place: Place, connection: sa.Connection) -> History:
    """Check the chain of hashes, then every row of the tables against the last entry about it."""
    found = History()
    latest: dict[str, dict[int, tuple[int, bytes]]] = {name: {} for name in tables.SUBJECTS}

    def entries() -> Iterator[Entry]:
        for entry in _read(place, connection):
            found.entries += 1
            found.last = entry
            told = latest.setdefault(entry.subject, {})
            told[entry.subject_id] = entry.number, _digest(entry.payload)
            yield entry

    found.faults += faults(entries())
    for name, told in latest.items():
        found.faults += _table_faults(place, connection, name, told)
    return found


def _read(place: Place, connection: sa.Connection) -> Iterator[Entry]:
    names = ", ".join(Entry.__slots__)
    after = -(2**62)
    while True:
        query = f"select {names} from history where number > {after} order by number limit {_CHUNK}"
        rows = place.rows(connection, query)
        for row in rows:
            yield Entry(*row)
        if len(rows) < _CHUNK:
            return
        after = rows[-1][0]


def _table_faults(
    place: Place, connection: sa.Connection, name: str, told: dict[int, tuple[int, bytes]]
) -> Iterator[tuple[int | None, str]]:
    """Rows that are not what the last entry about them says, and rows that no entry tells of."""
    columns = [column.name for column in tables.SUBJECTS[name].columns] if name in tables.SUBJECTS else []
    after = -(2**62)
    while columns:
        listed = ", ".join(f'"{column}"' for column in columns)
        rows = place.rows(connection, f'select {listed} from "{name}" where id > {after} order by id limit {_CHUNK}')
        for values in rows:
            row = dict(zip(columns, values, strict=True))
            number, digest = told.pop(row["id"], (None, b""))
            if number is None:
                yield None, f"{name} {row['id']} is in no entry of the history"
            elif not _same(row, digest) and not says(_payload(place, connection, number), row):
                yield number, f"{name} {row['id']} is not what entry {number} says"
        if len(rows) < _CHUNK:
            break
        after = rows[-1][0]
    for subject_id, (number, _) in told.items():
        yield number, f"{name} {subject_id} of entry {number} is gone"


def _payload(place: Place, connection: sa.Connection, number: int) -> str:
    [[payload]] = place.rows(connection, f"select payload from history where number = {number:d}")
    return str(payload)


def _digest(payload: Any) -> bytes:
    return blake2b(str(payload).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _same(row: dict[str, Any], digest: bytes) -> bool:
    try:
        return _digest(canonical(row)) == digest
    except (TypeError, ValueError):  # bytes, or an infinite number
        return False


def says(payload: str, row: dict[str, Any]) -> bool:
    """Whether an entry says what a row says; columns that came with a later version are empty then."""
    try:
        told = json.loads(payload)
        return payload == canonical({key: value for key, value in row.items() if key in told or value is not None})
    except (TypeError, ValueError, RecursionError):
        return False
