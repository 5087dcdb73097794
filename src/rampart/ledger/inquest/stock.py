"""Stock: what a ledger holds already, asked for in one query each."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from rampart.errors import InputError
from rampart.ledger.incidents import Ledger, tables


def refuse_known(ledger: Ledger, sha256: str, path: Path) -> None:
    """Refuse a file that is evidence of an incident already.

    Raises
    ------
    InputError
        Naming the incident.
    """
    try:
        with ledger.database.reading() as connection:
            query = sa.select(tables.evidence.c.incident_id).where(tables.evidence.c.sha256 == sha256)
            known = connection.execute(query.order_by(tables.evidence.c.id)).scalars().first()
    except InputError:
        return  # no ledger yet, or one that the write will bring up to date or refuse
    if known is not None:
        raise InputError(f"is evidence of incident {known} already; nothing was added", path=path)


def head_of(ledger: Ledger) -> str | None:
    """Hash of the last entry of the history; None if it has none."""
    with ledger.database.reading() as connection:
        table = tables.history
        query = sa.select(table.c.hash).order_by(table.c.number.desc()).limit(1)
        found: str | None = connection.execute(query).scalar()
    return found
