"""Scan: a segment read as far as it is whole, from its start or from a chunk on; a file that was cut has no footer."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import zstandard

MAGIC = b"\x89MCAP0\r\n"
CHUNK_LIMIT_BYTES = 64 << 20
_MESSAGE, _CHUNK = 0x05, 0x06
_HEAD = struct.Struct("<BQ")
_CHUNK_HEAD = struct.Struct("<QQQI")


class Entry(NamedTuple):
    """One message of a segment."""

    channel: int
    log_ns: int
    data: bytes


def scan(path: Path, offset: int = 0) -> Iterator[Entry]:
    """The messages of a segment, in order, up to the first chunk that is not whole.

    Parameters
    ----------
    path : pathlib.Path
        The segment.
    offset : int
        Of a chunk, as the writer noted it; 0 for all.

    Notes
    -----
    Each chunk's checksum is compared, and its record's length with the sum of its fields: a chunk without a checksum,
    or longer than 64 MiB unpacked, is none of ours.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return
    at = offset or len(MAGIC)
    while at + _HEAD.size <= len(data):
        kind, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if at + length > len(data):
            return
        if kind == _CHUNK:
            records = _unpack(data[at : at + length])
            if records is None:
                return
            yield from _messages(records)
        at += length


def _unpack(chunk: bytes) -> bytes | None:
    try:
        _, _, size, crc = _CHUNK_HEAD.unpack_from(chunk)
        at = _CHUNK_HEAD.size
        (n,) = struct.unpack_from("<I", chunk, at)
        compression = chunk[at + 4 : at + 4 + n]
        at += 4 + n
        (n,) = struct.unpack_from("<Q", chunk, at)
    except struct.error:
        return None
    body = chunk[at + 8 :]
    if len(body) != n or size > CHUNK_LIMIT_BYTES or not crc:
        return None
    if compression == b"zstd":
        try:
            body = zstandard.ZstdDecompressor().decompress(body, max_output_size=size)
        except zstandard.ZstdError:
            return None
    elif compression:
        return None
    return body if len(body) == size and zlib.crc32(body) == crc else None


def _messages(records: bytes) -> Iterator[Entry]:
    at = 0
    while at + _HEAD.size <= len(records):
        kind, length = _HEAD.unpack_from(records, at)
        at += _HEAD.size
        if kind == _MESSAGE and length >= 22:
            channel, _, log_ns, _ = struct.unpack_from("<HIQQ", records, at)
            yield Entry(channel, log_ns, records[at + 22 : at + length])
        at += length
