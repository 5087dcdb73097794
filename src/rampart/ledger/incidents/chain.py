"""The chain of hashes: each entry of the history is hashed over the one before, so that a changed one shows.

The canonical bytes of an entry are those of the JSON object with the keys ``action``, ``at_ns``, ``number``,
``payload``, ``previous``, ``subject`` and ``subject_id``, keys sorted at every depth, no spaces, ASCII only,
``payload`` as the object that it is. `previous` is the hash of the entry before, 64 zeros for the first. The hash is
SHA-256 of these bytes, in lower-case hexadecimal. Whoever holds the history can compute it without Rampart.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_quoted = json.encoder.encode_basestring_ascii
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)

#: What stands for the hash of the entry before the first.
ORIGIN = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the history.

    Parameters
    ----------
    number : int
        From 1, without gaps.
    at_ns : int
        When it was entered [ns UTC].
    action : str
        ``add``, ``change``.
    subject, subject_id : str, int
        Table and row that it is about.
    payload : str
        What the row holds from then on: canonical JSON.
    previous, hash : str
        Hash of the entry before, and of this one.
    """

    number: int
    at_ns: int
    action: str
    subject: str
    subject_id: int
    payload: str
    previous: str
    hash: str


def canonical(data: Mapping[str, Any]) -> str:
    """Plain data as the one text that is hashed.

    >>> canonical({"b": 1, "a": None})
    '{"a":null,"b":1}'
    """
    return _ENCODER.encode(data)


def entry_hash(number: int, at_ns: int, action: str, subject: str, subject_id: int, payload: str, previous: str) -> str:
    """Hash of an entry; `payload` is canonical JSON already.

    >>> entry_hash(1, 0, "add", "incident", 1, "{}", ORIGIN)[:16]
    '57ca78158127ab21'
    """
    texts = [_quoted(text) for text in (action, previous, subject)]
    text = (
        f'{{"action":{texts[0]},"at_ns":{at_ns:d},"number":{number:d},"payload":{payload},"previous":{texts[1]},'
        f'"subject":{texts[2]},"subject_id":{subject_id:d}}}'
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def append(previous: Entry | None, at_ns: int, action: str, subject: str, subject_id: int, payload: str) -> Entry:
    """The entry that follows another."""
    number, before = (1, ORIGIN) if previous is None else (previous.number + 1, previous.hash)
    digest = entry_hash(number, at_ns, action, subject, subject_id, payload, before)
    return Entry(number, at_ns, action, subject, subject_id, payload, before, digest)


def faults(entries: Iterable[Entry]) -> list[tuple[int, str]]:
    """What is wrong with a history: number of the entry and what was done to it, in order; empty if nothing.

    Parameters
    ----------
    entries : iterable of Entry
        As stored, in the order of their numbers.

    Notes
    -----
    Cut off at its end, a history is sound: only a head kept elsewhere shows that.
    """
    found: list[tuple[int, str]] = []
    before, expected = ORIGIN, 1
    for entry in entries:
        if entry.number != expected:
            gone = f"{expected}" if entry.number == expected + 1 else f"{expected} to {entry.number - 1}"
            found.append((expected, f"entry {gone} was removed"))
        elif entry.previous != before:
            found.append((entry.number, f"entry {entry.number} does not follow the one before"))
        if not _sound(entry):
            found.append((entry.number, f"entry {entry.number} was changed"))
        before, expected = entry.hash, entry.number + 1
    return found


def _sound(entry: Entry) -> bool:
    fields = (entry.number, entry.at_ns, entry.action, entry.subject, entry.subject_id, entry.payload)
    try:
        return entry_hash(*fields, entry.previous) == entry.hash
    except (TypeError, ValueError):  # a text where a number was
        return False
