"""Keys: Ed25519 pairs. Whoever commands holds the private half; a siren holds the public one and cannot forge.

Needs cryptography, which the extra ``live`` brings. This module reads no file and draws no random number: the seed of
a key is handed in.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rampart.errors import InputError
from rampart.records import AlertStatus

from .topic import ANY, is_name

SEED_BYTES = 32
_PUBLIC, _PRIVATE, _ALGORITHM = "rampart-siren-public", "rampart-siren-private", "ed25519"
_EVERY = tuple(AlertStatus)


@dataclass(frozen=True)
class SigningKey:
    """The private half of a pair, and what it may command.

    Parameters
    ----------
    site : str
        Site whose sirens it commands; ``*`` for any.
    statuses : tuple of AlertStatus
        What it may say. A key for exercises cannot sign an actual warning that a siren would believe.
    seed : bytes
        32 secret octets.

    Examples
    --------
    >>> key = SigningKey("embassy", (AlertStatus.EXERCISE,), bytes(range(32)))
    >>> key.trusted.line
    'rampart-siren-public ed25519 embassy exercise A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg='
    """

    site: str
    statuses: tuple[AlertStatus, ...]
    seed: bytes = field(repr=False)
    trusted: TrustedKey = field(init=False)
    _private: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        private = _library().Ed25519PrivateKey.from_private_bytes(self.seed)
        object.__setattr__(self, "_private", private)
        public = private.public_key().public_bytes_raw()
        object.__setattr__(self, "trusted", TrustedKey(self.site, self.statuses, public))

    def sign(self, data: bytes) -> bytes:
        """64 octets."""
        return bytes(self._private.sign(data))

    @property
    def line(self) -> str:
        """The key as a file holds it. A secret."""
        return _line(_PRIVATE, self.site, self.statuses, self.seed)

    @classmethod
    def parse(cls, text: str, path: object = None) -> SigningKey:
        """A key from what a file holds.

        Raises
        ------
        InputError
            If it is none.
        """
        keys = _parse(text, _PRIVATE, path)
        if len(keys) != 1:
            raise InputError(f"holds {len(keys)} private keys, expected one", path=path)
        return cls(*keys[0])


@dataclass(frozen=True)
class TrustedKey:
    """The public half of a pair: whom a siren (or the server, of a device) believes, and what."""

    site: str
    statuses: tuple[AlertStatus, ...]
    public: bytes

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits by which messages name the key."""
        return hashlib.sha256(self.public).hexdigest()[:16]

    @property
    def line(self) -> str:
        """The key as a file holds it."""
        return _line(_PUBLIC, self.site, self.statuses, self.public)

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether the private half signed `data`."""
        from cryptography.exceptions import InvalidSignature

        try:
            _library().Ed25519PublicKey.from_public_bytes(self.public).verify(signature, data)
        except InvalidSignature:
            return False
        return True

    def allows(self, site: str, status: AlertStatus | None = None) -> bool:
        """Whether it speaks for a site, and for a status where one is given."""
        return self.site in (ANY, site) and (status is None or status in self.statuses)


def parse_trusted(text: str, path: object = None) -> tuple[TrustedKey, ...]:
    """The public keys of a file: one a line, blank lines and those that start with ``#`` left out.

    Raises
    ------
    InputError
        If a line is none, or there is no key at all.
    """
    keys = tuple(TrustedKey(*parts) for parts in _parse(text, _PUBLIC, path))
    if not keys:
        raise InputError("holds no public key", path=path)
    return keys


def _line(word: str, site: str, statuses: Sequence[AlertStatus], octets: bytes) -> str:
    said = ",".join(status.label for status in statuses)
    return f"{word} {_ALGORITHM} {site} {said} {base64.b64encode(octets).decode()}"


def _parse(text: str, word: str, path: object) -> list[tuple[str, tuple[AlertStatus, ...], bytes]]:
    keys = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                keys.append(_key(line, word))
            except ValueError as error:
                raise InputError(str(error), path=path, line=number) from None
    return keys


def _key(line: str, word: str) -> tuple[str, tuple[AlertStatus, ...], bytes]:
    parts = line.split()
    if len(parts) != 5 or parts[0] not in (_PUBLIC, _PRIVATE) or parts[1] != _ALGORITHM:
        raise ValueError(f"no key; expected: {word} {_ALGORITHM} SITE STATUSES KEY")
    if parts[0] != word:
        raise ValueError(f"a {parts[0]} key; expected a {word} key")
    if parts[2] != ANY and not is_name(parts[2]):
        raise ValueError("site: expected letters, digits, _, . and -, or * for any")
    known = {status.label: status for status in _EVERY}
    said = parts[3].split(",")
    if not set(said) <= set(known):
        raise ValueError(f"statuses: expected some of {','.join(known)}")
    octets = base64.b64decode(parts[4], validate=True)
    if len(octets) != SEED_BYTES:
        raise ValueError(f"{len(octets)} octets of key, expected {SEED_BYTES}")
    return parts[2], tuple(status for label, status in known.items() if label in said), octets


def _library() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise InputError("sirens need cryptography: pip install 'rampart[live]'") from None
    return ed25519
