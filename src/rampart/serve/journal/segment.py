"""Segment: one file of a journal, written in small chunks that are on the disk before they count."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from mcap.writer import CompressionType, IndexType, Writer
from pydantic_core import to_json

from .entries import HEADER, TOPICS

Sync = Callable[[int], None]  #: makes a file's octets last; raises OSError


class Segment:
    """One file.

    Parameters
    ----------
    path : pathlib.Path
        Must not be there yet.
    header : mapping
        What decides the run, as plain data; stands first in each segment.
    now_ns : int
        ns UTC.
    sync : callable
        `os.fdatasync`.

    Raises
    ------
    OSError
        From any method, if the disk does not take it. A segment that failed is never written again: after an error
        nobody can say which of its octets the disk has.
    """

    def __init__(self, path: Path, header: Mapping[str, Any], now_ns: int, sync: Sync = os.fdatasync) -> None:
        self.path, self._sync = path, sync
        self.opened_ns = now_ns
        self._stream: IO[bytes] = path.open("xb")
        # chunks hold hundreds of small packets: zstd halves them, and its checksum is that of what it unpacks to
        self._writer = Writer(
            self._stream, chunk_size=1 << 20, compression=CompressionType.ZSTD, index_types=IndexType.CHUNK
        )
        self._writer.start(profile="rampart-journal", library=f"rampart {header.get('version', '')}".strip())
        for channel, topic in TOPICS.items():  # a fixed order: a chunk can be read without the first one
            encoding = "json" if channel == HEADER else "x-rampart"
            given = self._writer.register_channel(topic, encoding, 0)
            assert given == channel
        self.add(HEADER, now_ns, to_json(header))

    def add(self, channel: int, log_ns: int, data: bytes) -> None:
        """Add a message; it counts after the next `flush`."""
        self._writer.add_message(channel, log_ns, data, log_ns)

    def flush(self) -> None:
        """Put what was added on the disk."""
        self._writer.flush()
        self._sync(self._stream.fileno())

    @property
    def offset(self) -> int:
        """Where the next chunk begins; after a `flush`."""
        return self._stream.tell()

    def close(self) -> None:
        """End the file with its index and footer."""
        self._writer.finish()
        self._stream.flush()
        self._sync(self._stream.fileno())
        self._stream.close()

    def abandon(self) -> None:
        """Leave the file as it is."""
        try:
            self._stream.close()
        except OSError:
            os.close(self._stream.fileno()) if not self._stream.closed else None
