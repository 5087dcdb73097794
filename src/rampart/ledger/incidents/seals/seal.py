"""A seal: which entry was the last of a history, when, signed by whom, and what time-stamping authorities say to it.

Notes
-----
The signed octets are the canonical JSON (see `chain.canonical`) of ``at_ns, entries, head, kind, public_key, schema``.
An authority stamps the SHA-256 of the canonical JSON of these with ``signature``. Whoever has the file can check both
without Rampart.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from rampart.errors import InputError
from rampart.ledger.incidents.chain import canonical

from .key import library
from .stamp import read_stamp

_KIND = "rampart-ledger-seal"
_KEYS = {"schema", "kind", "entries", "head", "at_ns", "public_key", "signature", "time_stamps"}


@dataclass(frozen=True, slots=True)
class Seal:
    """What was the last entry of a history at one time.

    Parameters
    ----------
    entries : int
        Number of the last entry.
    head : str
        Its hash.
    at_ns : int
        Clock of the machine that sealed [ns UTC]: its word alone.
    public_key, signature : bytes
        Ed25519.
    time_stamps : tuple of bytes
        Answers of time-stamping authorities (RFC 3161), DER.

    Examples
    --------
    >>> key = library().Ed25519PrivateKey.from_private_bytes(bytes(32))
    >>> seal = Seal.sign(58, "ab" * 32, 0, key)
    >>> seal.is_signed, Seal.parse(seal.text()) == seal
    (True, True)
    """

    entries: int
    head: str
    at_ns: int
    public_key: bytes
    signature: bytes = b""
    time_stamps: tuple[bytes, ...] = field(default=())

    @classmethod
    def sign(cls, entries: int, head: str, at_ns: int, key: Any) -> Self:
        """Seal with a private key."""
        bare = cls(entries, head, at_ns, key.public_key().public_bytes_raw())
        return replace(bare, signature=key.sign(bare._signed_octets()))

    @property
    def is_signed(self) -> bool:
        """Whether the signature is that of the key for what the seal says."""
        from cryptography.exceptions import InvalidSignature

        try:
            library().Ed25519PublicKey.from_public_bytes(self.public_key).verify(self.signature, self._signed_octets())
        except (InvalidSignature, ValueError):
            return False
        return True

    @property
    def imprint(self) -> bytes:
        """SHA-256 of what an authority stamps."""
        data = {**self._said(), "signature": _text(self.signature)}
        return hashlib.sha256(canonical(data).encode("ascii")).digest()

    @property
    def key_id(self) -> str:
        """Sixteen hexadecimal digits by which people tell keys apart."""
        return hashlib.sha256(self.public_key).hexdigest()[:16]

    def _said(self) -> dict[str, Any]:
        return {
            "schema": 1, "kind": _KIND, "entries": self.entries, "head": self.head, "at_ns": self.at_ns,
            "public_key": _text(self.public_key),
        }  # fmt: skip

    def _signed_octets(self) -> bytes:
        return canonical(self._said()).encode("ascii")

    def text(self) -> str:
        """As a file holds it."""
        stamps = [_text(stamp) for stamp in self.time_stamps]
        data = {**self._said(), "signature": _text(self.signature), "time_stamps": stamps}
        return json.dumps(data, indent=1) + "\n"

    @classmethod
    def parse(cls, text: str, path: object = None) -> Self:
        """A seal from what a file holds.

        Raises
        ------
        InputError
            If it is none.
        """
        try:
            data = json.loads(text)
            if not isinstance(data, dict) or data.get("kind") != _KIND:
                raise InputError("is no seal of a ledger", path=path)
            if data.get("schema") != 1 or data.keys() != _KEYS:
                raise InputError(f"expected schema 1 with {', '.join(sorted(_KEYS))}", path=path)
            return cls(
                _whole(data["entries"]), _hash(data["head"]), _whole(data["at_ns"]), _octets(data["public_key"]),
                _octets(data["signature"]), tuple(_octets(stamp) for stamp in data["time_stamps"]),
            )  # fmt: skip
        except (ValueError, TypeError, RecursionError) as error:
            raise InputError(f"is no seal of a ledger ({error})", path=path) from None

    @classmethod
    def load(cls, path: Path) -> Self:
        """A seal from a file."""
        try:
            return cls.parse(path.read_text(encoding="utf-8"), path)
        except UnicodeDecodeError:
            raise InputError("is no seal of a ledger", path=path) from None
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=path) from None


def against(
    seal: Seal, last: int, there: bool, public_key: bytes | None = None, authorities: Sequence[Any] = ()
) -> tuple[dict[str, Any], list[str]]:
    """Compare a history with a seal.

    Parameters
    ----------
    seal : Seal
    last : int
        Number of the last entry of the history as it is now.
    there : bool
        Whether the entry that was sealed is there, with that hash.
    public_key : bytes or None
        Of the only key that is believed; None believes the seal's own, which shows changes but not forgeries.
    authorities : sequence of certificates
        Whose time stamps are believed.

    Returns
    -------
    dict, list of str
        What the seal says, and what is wrong.
    """
    faults = []
    if not seal.is_signed:
        faults.append("the seal was changed: its signature does not fit")
    if public_key is not None and public_key != seal.public_key:
        faults.append("the seal was signed by another key than the one given")
    if last < seal.entries:
        faults.append(f"the history ends with entry {last}, but entry {seal.entries} was sealed: it was cut off")
    elif not there:
        faults.append(f"entry {seal.entries} is not the one that was sealed: the history was written anew")
    stamps = []
    for number, octets in enumerate(seal.time_stamps, 1):
        try:
            stamp = read_stamp(octets, authorities)
        except InputError as error:
            faults.append(f"time stamp {number}: {error}")
            continue
        stamps.append({"time": stamp.time, "authority": stamp.authority, "trusted": stamp.trusted})
        if stamp.imprint != seal.imprint:
            faults.append(f"time stamp {number} is not about this seal")
        if authorities and not stamp.trusted:
            faults.append(f"time stamp {number} is not by the authority given")
    told = {
        "entries": seal.entries, "head": seal.head, "at_ns": seal.at_ns, "key": seal.key_id,
        "key_given": public_key is not None, "time_stamps": stamps, "entries_since": max(0, last - seal.entries),
    }  # fmt: skip
    return told, faults


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def _octets(text: Any) -> bytes:
    if not isinstance(text, str):
        raise ValueError("base64 expected")
    return base64.b64decode(text, validate=True)


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a whole number expected")
    return value


def _hash(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError("a SHA-256 in hexadecimal expected")
    return value
