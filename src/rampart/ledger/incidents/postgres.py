"""A ledger in a PostgreSQL database: reaching it, writing alone, and what is wrong with it in one line."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from rampart.errors import InputError

from .sqlite import same_length
from .tables import SUBJECTS

#: Of the lock that whoever writes holds; any number that other programs in the same database hardly use.
LOCK = 0x52414D50

#: How long to wait for the server to answer at all [s].
_CONNECT_S = 10


class PostgresPlace:
    """One PostgreSQL database.

    Parameters
    ----------
    url : str
        ``postgresql://USER:PASSWORD@HOST:PORT/NAME``, as libpq has it.
    wait_s : float
        How long a write waits for another program's to end.

    Raises
    ------
    InputError
        If the URL cannot be read, or psycopg is not installed.
    """

    def __init__(self, url: str, wait_s: float) -> None:
        try:
            self._url = sa.make_url(url).set(drivername="postgresql+psycopg")
        except (SQLAlchemyError, ValueError):
            raise InputError(
                "is no URL; expected postgresql://USER@HOST/NAME", path=url.rsplit("@", maxsplit=1)[-1]
            ) from None
        self.wait_s = wait_s
        self.name = self._url.set(drivername="postgresql").render_as_string(hide_password=True)
        if find_spec("psycopg") is None:
            raise InputError("PostgreSQL needs psycopg: pip install 'rampart[ledger-postgres]'", path=self.name)

    def must_be_there(self) -> None:
        """Whether there are tables shows when it is opened."""

    @contextmanager
    def room(self, *, make: bool) -> Iterator[None]:
        """The database must be there: nothing to make."""
        yield

    @contextmanager
    def connection(self, way: str) -> Iterator[sa.Connection]:
        """A connection to ``read``, ``write`` or ``make``; what goes wrong is one line."""
        arguments = {"connect_timeout": _CONNECT_S, "application_name": "rampart"}
        engine = sa.create_engine(self._url, poolclass=sa.NullPool, connect_args=arguments)
        options: dict[str, Any] = (
            {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if way == "read" else {}
        )
        try:
            with engine.connect().execution_options(**options) as connection:
                yield connection
        except DBAPIError as error:
            raise InputError(_say(error.orig), path=self.name) from None
        except _driver_error() as error:  # COPY does not go by SQLAlchemy
            raise InputError(_say(error), path=self.name) from None
        except SQLAlchemyError as error:
            raise InputError(f"cannot be read: {' '.join(str(error).split())[:200]}", path=self.name) from None
        finally:
            engine.dispose()

    def alone(self, connection: sa.Connection) -> None:
        """Wait until nobody else writes, and keep others waiting until the transaction ends."""
        connection.exec_driver_sql(f"set local lock_timeout = {max(1, round(1000 * self.wait_s))}")
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({LOCK})")

    def taken(self, names: set[str]) -> bool:
        """Whether tables of these names are in the way of ours; others may live beside them."""
        return bool(names & (SUBJECTS.keys() | {"history", "alembic_version"}))

    def insert(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add many rows, by COPY: some ten times as fast as statements."""
        names = [column.name for column in table.columns]
        columns = ", ".join(f'"{name}"' for name in names)
        cursor = connection.connection.cursor()
        with cursor.copy(f'copy "{table.name}" ({columns}) from stdin') as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])

    def rows(self, connection: sa.Connection, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query, in the binary form that the driver reads fastest: there may be hundreds of thousands."""
        cursor = connection.connection.cursor(binary=True)
        return cursor.execute(query).fetchall()

    def integers(self, connection: sa.Connection, wanted: Mapping[str, str], rest: str) -> dict[str, NDArray[np.int64]]:
        """Whole columns of numbers: name -> SQL of a whole number that is never null. As one run of bytes each."""
        parts = ", ".join(f"string_agg(int8send(({what})::int8), ''::bytea)" for what in wanted.values())
        [runs] = self.rows(connection, f"select {parts} {rest}")
        return {name: np.frombuffer(run or b"", ">i8").astype(np.int64) for name, run in zip(wanted, runs, strict=True)}

    def texts(self, connection: sa.Connection, what: str, rest: str) -> tuple[NDArray[np.int64], list[str]]:
        """Ids of rows, and what a column that is never null and never holds U+001F says in them."""
        query = f"select string_agg(int8send(id), ''::bytea), string_agg({what}, chr(31)) {rest}"
        [[ids, text]] = self.rows(connection, query)
        if ids is None:
            return np.empty(0, np.int64), []
        return same_length(np.frombuffer(ids, ">i8").astype(np.int64), text.split("\x1f"), self.name)


def _driver_error() -> type[Exception]:
    import psycopg

    return psycopg.Error


def _say(error: BaseException | None) -> str:
    reason = " ".join(str(error).split())
    state = getattr(error, "sqlstate", None)
    if state == "55P03":
        return "is locked by another program; try again when that has ended"
    if state in ("25006", "42501"):
        return f"is read-only for this user: nothing was written ({reason})"
    if state in ("42P01", "42703"):
        return f"is no sound ledger ({reason})"
    if state is None or state[:2] in ("08", "28", "3D", "57"):
        return f"cannot be reached: {reason[:200]}"
    return f"the database refused: {reason[:200]}"
