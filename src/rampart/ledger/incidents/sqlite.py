"""A ledger in a SQLite file: making it, opening it, and what is wrong with it in one line."""

import os
import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from rampart.errors import InputError

#: What SQLite calls our ways of opening.
_MODES = {"read": "ro", "write": "rw", "make": "rwc"}


class SqlitePlace:
    """One SQLite file.

    Parameters
    ----------
    path : pathlib.Path
    wait_s : float
        How long a write waits for another program's to end.
    """

    def __init__(self, path: Path, wait_s: float) -> None:
        self.path, self.wait_s = path, wait_s
        self.name = str(path)
        self._locked = False

    def must_be_there(self) -> None:
        """Refuse a file that there is not."""
        if not self._is_there():
            raise InputError("there is no ledger yet; rampart incident add or import makes it", path=self.path)

    @contextmanager
    def room(self, *, make: bool) -> Iterator[None]:
        """Folders for a file that is to be made; if nothing comes of it, nothing is left."""
        fresh = make and not self._is_there()
        made = self._make_folders() if fresh else []
        if not make:
            self.must_be_there()
        self._locked = False  # without the lock, what lies there may be another program's ledger in the making
        try:
            yield
        except BaseException:
            if fresh and self._locked:
                self._leave_nothing(made)
            raise

    @contextmanager
    def connection(self, way: str) -> Iterator[sa.Connection]:
        """A connection to ``read``, ``write`` or ``make``; what goes wrong is one line."""
        engine = _engine(self.path, _MODES[way], self.wait_s)
        try:
            with engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise InputError(_say(error.orig), path=self.path) from None
        except sqlite3.Error as error:  # of what does not go by SQLAlchemy
            raise InputError(_say(error), path=self.path) from None
        except (SQLAlchemyError, UnicodeDecodeError) as error:
            raise InputError(f"cannot be read: {' '.join(str(error).split())[:200]}", path=self.path) from None
        finally:
            engine.dispose()

    def alone(self, connection: sa.Connection) -> None:
        """``begin immediate`` took the lock already."""
        self._locked = True

    def taken(self, names: set[str]) -> bool:
        """Whether these tables say that the file is another program's."""
        return bool(names)

    def insert(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add many rows; by the driver, which takes half the time."""
        names = [column.name for column in table.columns]
        columns, values = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        cells = [[row[name] for name in names] for row in rows]
        connection.connection.cursor().executemany(f'insert into "{table.name}" ({columns}) values ({values})', cells)

    def rows(self, connection: sa.Connection, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query, as the driver gives them: there may be hundreds of thousands."""
        return connection.connection.cursor().execute(query).fetchall()

    def integers(self, connection: sa.Connection, wanted: Mapping[str, str], rest: str) -> dict[str, NDArray[np.int64]]:
        """Whole columns of numbers: name -> SQL of a whole number that is never null.

        As one text each, for a row costs a Python object for every number in it.
        """
        parts = ", ".join(f"group_concat({what})" for what in wanted.values())
        [texts] = self.rows(connection, f"select {parts} {rest}")
        return {
            name: np.empty(0, np.int64) if text is None else numbers_of(text, self.name)
            for name, text in zip(wanted, texts, strict=True)
        }

    def texts(self, connection: sa.Connection, what: str, rest: str) -> tuple[NDArray[np.int64], list[str]]:
        """Ids of rows, and what a column that is never null and never holds U+001F says in them."""
        [[ids, text]] = self.rows(connection, f"select group_concat(id), group_concat({what}, char(31)) {rest}")
        if ids is None:
            return np.empty(0, np.int64), []
        return same_length(numbers_of(ids, self.name), text.split("\x1f"), self.name)

    def _is_there(self) -> bool:
        try:
            if self.path.is_dir():
                raise InputError("is a folder, expected a file", path=self.path)
            return self.path.exists()
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=self.path) from None

    def _make_folders(self) -> list[Path]:
        """The folders that were missing, innermost first."""
        try:
            missing = [folder for folder in self.path.parents if not folder.exists()]
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot be made: {error.strerror}", path=self.path) from None
        return missing

    def _leave_nothing(self, folders: list[Path]) -> None:
        with suppress(OSError):
            if self.path.stat().st_size == 0:
                self.path.unlink()
            for folder in folders:
                folder.rmdir()  # refused if something is in it


def numbers_of(text: str, name: str) -> NDArray[np.int64]:
    """Whole numbers with commas between; a ledger in which somebody wrote something else is refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy warns, and gives what it could read
            return np.fromstring(text, np.int64, sep=",")
    except (ValueError, DeprecationWarning):
        raise unsound(name) from None


def unsound(name: str) -> InputError:
    """What is said of a ledger whose rows cannot be what was entered."""
    return InputError("is no sound ledger: rampart incident verify says what was changed", path=name)


def same_length(ids: NDArray[np.int64], words: list[str], name: str) -> tuple[NDArray[np.int64], list[str]]:
    """Refuse names that were taken apart where they should not be."""
    if len(ids) != len(words):
        raise unsound(name)
    return ids, words


def _engine(path: Path, mode: str, wait_s: float) -> sa.Engine:
    url = sa.URL.create(
        "sqlite",
        database=f"file:{quote(os.path.abspath(path))}",
        query={"mode": mode, "uri": "true", "timeout": f"{wait_s}"},
    )
    engine = sa.create_engine(url, poolclass=sa.NullPool)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions begin where we say so, tables included
        connection.execute("pragma foreign_keys = on")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("begin" if mode == "ro" else "begin immediate")

    return engine


def _say(error: BaseException | None) -> str:
    reason = str(error)
    low = reason.lower()
    if "locked" in low or "busy" in low:
        return "is locked by another program; try again when that has ended"
    if "readonly" in low or "read-only" in low:
        return "is read-only: nothing was written"
    if "not a database" in low or "malformed" in low:
        return f"is no sound SQLite database ({reason})"
    if "unable to open" in low:
        return "cannot be opened"
    if "no such table" in low or "no such column" in low:
        return f"is no sound ledger ({reason})"
    return f"the database refused: {reason}"
