"""Store: what a siren or its server keeps on disk - keys, and the highest sequences acted upon."""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from rampart.errors import InputError
from rampart.records import AlertStatus
from rampart.wire.siren import SigningKey, TrustedKey, parse_trusted
from rampart.wire.siren.key import SEED_BYTES
from rampart.wire.siren.topic import ANY

#: What a key may say that nobody asked for: never that a warning is meant.
_LOCAL = (AlertStatus.EXERCISE, AlertStatus.TEST)
_MOST_BYTES = 65_536


def data_folder() -> Path:
    """Where this user's data of Rampart lies."""
    if named := os.environ.get("XDG_DATA_HOME"):
        return Path(named) / "rampart"
    if sys.platform == "win32" and (named := os.environ.get("LOCALAPPDATA")):
        return Path(named) / "rampart"
    return Path.home() / ".local" / "share" / "rampart"


def make_keys(path: Path, site: str, statuses: tuple[AlertStatus, ...]) -> SigningKey:
    """Write a new pair: the private half to `path`, readable by its owner alone, the public half to ``path.pub``.

    Raises
    ------
    InputError
        If there is such a file, or it cannot be written. Nothing is written over.
    """
    key = SigningKey(site, statuses, secrets.token_bytes(SEED_BYTES))
    public = public_file(path)
    try:
        if path.exists() or public.exists():
            raise InputError("is there already; nothing is written over", path=path if path.exists() else public)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(path, f"{key.line}\n", 0o600)
        _write_new(public, f"{key.trusted.line}\n", 0o644)
    except FileExistsError:
        raise InputError("is there already; nothing is written over", path=path) from None
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from None
    return key


def public_file(path: Path) -> Path:
    """Where the public half of a pair lies.

    >>> public_file(Path("site.key")).name
    'site.key.pub'
    """
    return path.with_name(f"{path.name}.pub")


def read_signing_key(path: Path) -> SigningKey:
    """The private key of a file."""
    return SigningKey.parse(_read(path), path)


def read_trusted(path: Path) -> tuple[TrustedKey, ...]:
    """The public keys of a file."""
    return parse_trusted(_read(path), path)


def local_key() -> SigningKey:
    """The user's key for exercises and tests on this machine, for any site; made when it is first asked for.

    With it server and siren need no set-up to be tried out on one machine. It can never say that a warning is meant.
    """
    path = data_folder() / "siren-local.key"
    if not path.exists():
        with suppress(InputError):  # made by another program at the same moment, or it cannot be: `read` says why
            make_keys(path, ANY, _LOCAL)
    return read_signing_key(path)


class MarksFile:
    """The highest sequences that a siren acted upon.

    Parameters
    ----------
    path : pathlib.Path
        Read once, at the start; a file that cannot be read counts as none, and `fault` says so.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.fault = path, ""

    def read(self) -> dict[str, int]:
        """What an earlier life left."""
        try:
            marks = json.loads(self.path.read_text(encoding="utf-8"))["marks"]
            return {str(topic): int(mark) for topic, mark in marks.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self.fault = f"{self.path.name} cannot be read: {error}"
            return {}

    def write(self, marks: Mapping[str, int]) -> None:
        """Replace the file as a whole.

        Raises
        ------
        OSError
            If it cannot be written; the old one then stays.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _replace(self.path, json.dumps({"schema": 1, "marks": dict(marks)}, sort_keys=True) + "\n")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise InputError("too long for a file of keys", path=path)
        return data.decode("ascii")
    except UnicodeError:
        raise InputError("is no file of keys", path=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None


def _write_new(path: Path, text: str, mode: int) -> None:
    """Write a file that must not be there; whoever sees it sees all of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.link(name, path)
    finally:
        os.unlink(name)


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError:
        with suppress(OSError):
            os.unlink(name)
        raise
