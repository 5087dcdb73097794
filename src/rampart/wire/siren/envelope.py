"""Envelope: a first line with the signature, and the octets that it covers, as they are.

The receiver checks the octets before it reads them, and nobody needs a canonical form to do so. The writer has one all
the same (sorted keys, no blanks, ASCII), so that the same message is the same octets.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rampart.wire.message_error import MessageError

from .key import SigningKey, TrustedKey

WORD = b"rampart-siren-1"
UNSIGNED = b"unsigned"
MAX_BYTES = 16 * 1024
_MOST_MARKS = 64


@dataclass(frozen=True)
class Opened:
    """What an envelope held, and whose it is."""

    payload: Mapping[str, Any]
    key: TrustedKey | None  #: None: nobody signed it, and the caller allowed that


def seal(payload: Mapping[str, Any], key: SigningKey | None) -> bytes:
    """A message: ``rampart-siren-1 KEY-ID SIGNATURE``, a line feed, and the payload as JSON.

    Parameters
    ----------
    payload : mapping
        JSON values; no nan.
    key : SigningKey or None
        Signs word, line feed and payload. None writes ``unsigned`` in place of both: devices without a key of their own
        may report so, nobody can command so.

    Returns
    -------
    bytes
        At most `MAX_BYTES`.
    """
    body = json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
    head = UNSIGNED if key is None else f"{key.trusted.id} {_text(key.sign(_covered(body)))}".encode()
    data = WORD + b" " + head + b"\n" + body
    if len(data) > MAX_BYTES:
        raise MessageError("too_long", f"{len(data)} octets, at most {MAX_BYTES}")
    return data


def unseal(data: bytes, trusted: Iterable[TrustedKey], *, allow_unsigned: bool = False) -> Opened:
    """Check whose a message is, and only then read it.

    Parameters
    ----------
    data : bytes
        The message.
    trusted : iterable of TrustedKey
        Who is believed.
    allow_unsigned : bool
        Whether a message that says it is unsigned is read all the same.

    Raises
    ------
    MessageError
        ``too_long``, ``not_ours``, ``unsigned``, ``unknown_key``, ``signature``, ``not_json``.
    """
    if len(data) > MAX_BYTES:
        raise MessageError("too_long", f"{len(data)} octets, at most {MAX_BYTES}")
    head, line_feed, body = data.partition(b"\n")
    words = head.split(b" ")
    if words[0] != WORD or not line_feed:
        raise MessageError("unsigned" if data.lstrip()[:1] == b"{" else "not_ours", _shown(head))
    if words[1:] == [UNSIGNED]:
        if not allow_unsigned:
            raise MessageError("unsigned")
        return Opened(_read(body), None)
    if len(words) != 3:
        raise MessageError("not_ours", _shown(head))
    return Opened(*_verified(words[1], words[2], body, trusted))


def _verified(
    name: bytes, signature: bytes, body: bytes, trusted: Iterable[TrustedKey]
) -> tuple[Mapping[str, Any], TrustedKey]:
    key = next((key for key in trusted if key.id.encode() == name), None)
    if key is None:
        raise MessageError("unknown_key", _shown(name))
    try:
        octets = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if len(octets) != 64 or _text(octets).encode() != signature or not key.verify(_covered(body), octets):
        raise MessageError("signature", f"not that of key {key.id}")
    return _read(body), key


def _covered(body: bytes) -> bytes:
    """What is signed: with the word in front, so that a signature from elsewhere fits nothing here."""
    return WORD + b"\n" + body


def _read(body: bytes) -> Mapping[str, Any]:
    if sum(body.count(mark) for mark in (b"[", b"{")) > _MOST_MARKS:
        raise MessageError("not_json", "nested too deep")
    try:
        payload = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MessageError("not_json", str(error)[:100]) from None
    if not isinstance(payload, dict):
        raise MessageError("not_json", "expected an object")
    return payload


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _shown(octets: bytes) -> str:
    return octets[:60].decode("ascii", "replace")
