"""Snapshot: the state of a service in a file that is whole or not there."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from .codec import decode, encode_parts
from .segment import Sync

_MAGIC = b"RAMPSNP1"


def write_snapshot(path: Path, state: Any, sync: Sync = os.fdatasync) -> None:
    """Write plain data beside its place, make it last, and put it there.

    Raises
    ------
    OSError
        If the disk does not take it; what was there before stays.
    """
    parts = encode_parts(state)
    digest = hashlib.sha256()
    for octets in parts:
        digest.update(octets)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as stream:
            stream.write(_MAGIC + digest.digest())
            stream.writelines(parts)
            stream.flush()
            sync(stream.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def read_snapshot(path: Path) -> Any | None:
    """What `write_snapshot` was given; None if there is none, or it is not whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    body = data[len(_MAGIC) + 32 :]
    if data[: len(_MAGIC)] != _MAGIC or hashlib.sha256(body).digest() != data[len(_MAGIC) : len(_MAGIC) + 32]:
        return None
    try:
        return decode(body)
    except ValueError:
        return None
