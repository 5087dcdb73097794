"""The database of a ledger: which version its tables have, and one transaction at a time that writes."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from rampart.errors import InputError

from .postgres import PostgresPlace
from .sqlite import SqlitePlace

#: Where a ledger can be.
Place = SqlitePlace | PostgresPlace

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


def place_of(text: str, wait_s: float = WAIT_S) -> Place:
    """What a place names: a path, ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``.

    Raises
    ------
    InputError
        For any other kind of URL.

    Examples
    --------
    >>> place_of("postgresql://investigator:secret@localhost/incidents").name
    'postgresql://investigator:***@localhost/incidents'
    """
    if "://" not in text:
        return SqlitePlace(Path(text), wait_s)
    scheme, _, rest = text.partition("://")
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return PostgresPlace(text, wait_s)
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        return SqlitePlace(Path(rest[1:]), wait_s)
    raise InputError(
        f"database {scheme}://... is not known; expected a file, sqlite:///FILE or postgresql://USER@HOST/NAME"
    )


class Database:
    """A database with the tables of a ledger: a SQLite file or a PostgreSQL database.

    Parameters
    ----------
    place : str
        Path, ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``.
    wait_s : float
        How long a write waits for another program's to end.
    """

    def __init__(self, place: str, *, wait_s: float = WAIT_S) -> None:
        self.place = place_of(place, wait_s)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that reads one state of the ledger; nothing is touched.

        Raises
        ------
        InputError
            If there is no ledger, it is of a newer version, locked or no ledger at all.
        """
        self.place.must_be_there()
        with self.place.connection("read") as connection, connection.begin():
            version = self._version(connection)
            if version is None:
                raise self._no_ledger()
            if version != HEAD:
                raise InputError(
                    f"has tables of version {version}; a first write brings it to {HEAD}", path=self.place.name
                )
            yield connection

    @contextmanager
    def writing(self, *, make: bool = True) -> Iterator[sa.Connection]:
        """A connection that writes all or nothing, alone; makes or migrates the tables where that is due.

        Parameters
        ----------
        make : bool
            Whether to make the ledger if there is none.

        Raises
        ------
        InputError
            If it cannot be written, is of a newer version, locked or no ledger at all.
        """
        way = "make" if make else "write"
        with self.place.room(make=make), self.place.connection(way) as connection, connection.begin():
            self.place.alone(connection)
            version = self._version(connection)
            if version is None and not make:
                raise self._no_ledger()
            if version != HEAD:
                migrate(connection)
            yield connection

    def _no_ledger(self) -> InputError:
        return InputError("there is no ledger yet; rampart incident add or import makes it", path=self.place.name)

    def _version(self, connection: sa.Connection) -> str | None:
        """Version of the tables; None if there are none."""
        names = set(sa.inspect(connection).get_table_names())
        if "alembic_version" not in names or "history" not in names:
            if self.place.taken(names):
                raise InputError("is a database, but no ledger", path=self.place.name)
            return None
        version = connection.exec_driver_sql("select version_num from alembic_version").scalar()
        if version is not None and version not in VERSIONS:
            raise InputError(
                f"was written by a newer Rampart: tables of version {version}, this one knows up to {HEAD}",
                path=self.place.name,
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
    present = sa.inspect(connection).has_table("alembic_version")
    has = present and connection.exec_driver_sql("select version_num from alembic_version").scalar()
    if version == "base" or (has and version != "head" and version < has):
        command.downgrade(config, version)
    else:
        command.upgrade(config, version)
