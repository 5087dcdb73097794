"""Accounts: who may look and decide. A file of names, roles and hashes of tokens; no account is there by default."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rampart.errors import InputError

from .roles import Role

#: scrypt, as RFC 7914 has it: 16 MiB and about 50 ms for one guess.
COST = {"n": 1 << 14, "r": 8, "p": 1}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
MOST = 1000  #: accounts in one file
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may come in."""

    name: str
    role: Role
    salt: bytes
    digest: bytes  #: scrypt of the token's secret part

    def fits(self, secret: str) -> bool:
        """Whether that is the secret; takes as long for a wrong one."""
        return hmac.compare_digest(_digest(secret, self.salt), self.digest)


def _digest(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, **COST, maxmem=64 << 20, dklen=32)


def split_token(token: str) -> tuple[str, str]:
    """Name and secret of a token; empty ones for what is none.

    >>> split_token("rampart:a.smith:xyz")
    ('a.smith', 'xyz')
    """
    prefix, _, rest = token.partition(":")
    name, _, secret = rest.partition(":")
    return (name, secret) if prefix == "rampart" and NAME.fullmatch(name) and secret else ("", "")


class Accounts:
    """The accounts of one service.

    Parameters
    ----------
    accounts : iterable of Account
        Names are unique.

    Notes
    -----
    A token is ``rampart:NAME:SECRET`` with 256 random bits in SECRET. It is shown once, when it is made; kept is its
    scrypt digest with a salt of its own.
    """

    def __init__(self, accounts: Iterable[Account] = ()) -> None:
        self._by_name = {account.name: account for account in accounts}

    def __len__(self) -> int:
        return len(self._by_name)

    def sorted(self) -> list[Account]:
        """All of them, by name."""
        return sorted(self._by_name.values(), key=lambda account: account.name)

    def add(self, name: str, role: Role) -> str:
        """Make an account, or give one a new token and role; returns the token.

        Raises
        ------
        InputError
            For a name that is none.
        """
        if not NAME.fullmatch(name):
            raise InputError(f"name {name!r}: expected 1 to 40 letters, digits, dots, dashes or underscores")
        if name not in self._by_name and len(self._by_name) >= MOST:
            raise InputError(f"there are {MOST} accounts already")
        secret, salt = secrets.token_urlsafe(32), secrets.token_bytes(16)
        self._by_name[name] = Account(name, role, salt, _digest(secret, salt))
        return f"rampart:{name}:{secret}"

    def remove(self, name: str) -> None:
        """Take an account away.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        if self._by_name.pop(name, None) is None:
            raise InputError(f"no account {name!r}")

    def find(self, token: str) -> Account | None:
        """Whose token that is; None if nobody's. Takes as long for an unknown name."""
        name, secret = split_token(token)
        account = self._by_name.get(name)
        if account is None:
            _digest(secret or "-", b"0" * 16)
            return None
        return account if account.fits(secret) else None

    def has(self, account: Account) -> bool:
        """Whether it still stands as it is."""
        return self._by_name.get(account.name) == account

    @classmethod
    def read(cls, path: Path) -> Accounts:
        """The accounts of a file; none if it is not there.

        Raises
        ------
        InputError
            If it is no such file, or others than its owner may read it.
        """
        try:
            if os.name == "posix" and path.stat().st_mode & 0o077:
                raise InputError("others may read it, expected mode 0600 (chmod 600)", path=path)
            with path.open("rb") as file:
                text = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=path) from None
        try:
            if len(text) > _LARGEST:
                raise ValueError("too large")
            rows = json.loads(text)["accounts"]
            return cls(
                Account(str(r["name"]), Role.of(r["role"]), bytes.fromhex(r["salt"]), bytes.fromhex(r["digest"]))
                for r in rows
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InputError("expected a file that 'rampart users add' wrote", path=path) from None

    def write(self, path: Path) -> None:
        """Write them to a file that its owner alone may read: whole, or not at all."""
        rows = [
            {"name": a.name, "role": a.role.label, "salt": a.salt.hex(), "digest": a.digest.hex()}
            for a in self._by_name.values()
        ]
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"schema": 1, "accounts": rows}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def default_path() -> Path:
    """Where accounts are kept if nothing else is said: ``RAMPART_USERS``, or the user's configuration folder."""
    named = os.environ.get("RAMPART_USERS")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "rampart" / "users.json"
