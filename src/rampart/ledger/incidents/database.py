"""The database of a ledger: where it is, which version its tables have, and what is wrong with it in one line."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from rampart.errors import InputError

#: Version of the tables that this Rampart writes.
HEAD = "0002"
VERSIONS = ("0001", "0002")

#: How long a write waits for another to end [s].
WAIT_S = 3.0

MIGRATIONS = Path(__file__).parent / "migrations"


def default_place(environment: Mapping[str, str]) -> str:
    """The ledger's place when none is given: ``RAMPART_DB``, else a file in the user's data folder.

    >>> default_place({"RAMPART_DB": "sqlite:///unit.sqlite"})
    'sqlite:///unit.sqlite'
    """
    if named := environment.get("RAMPART_DB"):
        return named
    if base := environment.get("XDG_DATA_HOME") or environment.get("LOCALAPPDATA"):
        return str(Path(base) / "rampart" / "ledger.sqlite")
    parts = ("Library", "Application Support") if sys.platform == "darwin" else (".local", "share")
    try:
        return str(Path.home().joinpath(*parts, "rampart", "ledger.sqlite"))
    except RuntimeError:
        raise InputError("no home folder known; say where the ledger is with --db or RAMPART_DB") from None


def file_of(place: str) -> Path:
    """The file that a place names: a path, or ``sqlite:///FILE``.

    Raises
    ------
    InputError
        For any other kind of URL.
    """
    if "://" not in place:
        return Path(place)
    if not place.startswith("sqlite:///") or len(place) == len("sqlite:///"):
        scheme = place.split("://", 1)[0]
        raise InputError(f"database {scheme}://... is not known; expected a file or sqlite:///FILE")
    return Path(place.removeprefix("sqlite:///"))


class Database:
    """One SQLite file with the tables of a ledger.

    Parameters
    ----------
    place : str
        Path or ``sqlite:///FILE``.
    wait_s : float
        How long a write waits for another program's to end.
    """

    def __init__(self, place: str, *, wait_s: float = WAIT_S) -> None:
        self.path = file_of(place)
        self._wait_s = wait_s

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that reads one state of the ledger; the file is not touched.

        Raises
        ------
        InputError
            If there is no ledger, it is of a newer version, locked or no ledger at all.
        """
        self._must_be_there()
        with self._connection("ro") as connection, connection.begin():
            version = self._version(connection)
            if version is None:
                raise InputError("is a database, but no ledger", path=self.path)
            if version != HEAD:
                raise InputError(f"has tables of version {version}; a first write brings it to {HEAD}", path=self.path)
            yield connection

    @contextmanager
    def writing(self, *, make: bool = True) -> Iterator[sa.Connection]:
        """A connection that writes all or nothing; makes or migrates the tables where that is due.

        Parameters
        ----------
        make : bool
            Whether to make the file if there is none.

        Raises
        ------
        InputError
            If it cannot be written, is of a newer version, locked or no ledger at all.
        """
        fresh = make and not self._is_there()
        made: list[Path] = []
        if fresh:
            made = self._make_folders()
        elif not make:
            self._must_be_there()
        ours = False  # without the lock, what lies there may be another program's ledger in the making
        try:
            with self._connection("rwc" if make else "rw") as connection, connection.begin():
                ours = True
                if self._version(connection) != HEAD:
                    migrate(connection)
                yield connection
        except BaseException:
            if fresh and ours:
                self._leave_nothing(made)
            raise

    def _is_there(self) -> bool:
        try:
            if self.path.is_dir():
                raise InputError("is a folder, expected a file", path=self.path)
            return self.path.exists()
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=self.path) from None

    def _must_be_there(self) -> None:
        if not self._is_there():
            raise InputError("there is no ledger yet; rampart incident add or import makes it", path=self.path)

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

    @contextmanager
    def _connection(self, mode: str) -> Iterator[sa.Connection]:
        engine = _engine(self.path, mode, self._wait_s)
        try:
            with engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise InputError(_say(error), path=self.path) from None
        except (SQLAlchemyError, UnicodeDecodeError) as error:
            raise InputError(f"cannot be read: {' '.join(str(error).split())[:200]}", path=self.path) from None
        finally:
            engine.dispose()

    def _version(self, connection: sa.Connection) -> str | None:
        """Version of the tables; None if there are no tables at all."""
        names = sa.inspect(connection).get_table_names()
        if "alembic_version" not in names:
            if names:
                raise InputError("is a database, but no ledger", path=self.path)
            return None
        version = connection.exec_driver_sql("select version_num from alembic_version").scalar()
        if version is not None and version not in VERSIONS:
            raise InputError(
                f"was written by a newer Rampart: tables of version {version}, this one knows up to {HEAD}",
                path=self.path,
            )
        return version


def migrate(connection: sa.Connection, version: str = "head") -> None:
    """Bring the tables up, or down, to a version within the connection's transaction.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    version : str
        ``head``, a version, or ``base`` for no tables.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    present = connection.exec_driver_sql("select count(*) from sqlite_master where name = 'alembic_version'").scalar()
    has = present and connection.exec_driver_sql("select version_num from alembic_version").scalar()
    if version == "base" or (has and version != "head" and version < has):
        command.downgrade(config, version)
    else:
        command.upgrade(config, version)


def _engine(path: Path, mode: str, wait_s: float) -> sa.Engine:
    url = sa.URL.create(
        "sqlite", database=f"file:{_quoted(path)}", query={"mode": mode, "uri": "true", "timeout": f"{wait_s}"}
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


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(os.path.abspath(path))


def _say(error: DBAPIError) -> str:
    reason = str(error.orig)
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
