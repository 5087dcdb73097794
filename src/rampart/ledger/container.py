"""The MCAP container, read with every check that it offers.

A recording may come from anybody: nothing of it is believed before its checksum was compared, and no record makes
the reader allocate more than a stated amount of memory.
"""

import struct
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import zstandard
from mcap.exceptions import EndOfFile, McapError, RecordLengthLimitExceeded
from mcap.records import Channel, Chunk, McapRecord, Message, Metadata, Statistics
from mcap.stream_reader import CRCValidationError, StreamReader, breakup_chunk

from rampart.errors import InputError

MAGIC = b"\x89MCAP0\r\n"
#: The longest record, and the longest content of a chunk once unpacked, that a reader takes up.
RECORD_LIMIT_BYTES = 16 * 2**20
CHUNK_LIMIT_BYTES = 64 * 2**20


class Envelope(NamedTuple):
    """One message as it stands in the container."""

    topic: str
    log_ns: int
    data: bytes


def open_container(path: Path) -> IO[bytes]:
    """Open a file and look at both of its ends.

    Raises
    ------
    InputError
        If it cannot be read, is empty, is no MCAP file, or was cut off.
    """
    stream = None
    try:
        stream = path.open("rb")
        size = path.stat().st_size
        head = stream.read(len(MAGIC))
        stream.seek(max(0, size - len(MAGIC)))
        tail = stream.read()
        stream.seek(0)
    except OSError as error:
        if stream is not None:
            stream.close()
        raise InputError(f"cannot read: {error.strerror}", path=path) from None
    if not size:
        reason = "is empty, expected an MCAP recording"
    elif head != MAGIC:
        reason = "is no MCAP recording" + (" (it is cut off)" if MAGIC.startswith(head) else "")
    elif size < 2 * len(MAGIC) or tail != MAGIC:
        reason = "the recording is cut off: it does not end as an MCAP file does"
    else:
        return stream
    stream.close()
    raise InputError(reason, path=path)


def read_messages(path: Path, topics: Collection[str] | None = None) -> Iterator[Envelope]:
    """The messages of a container in the order in which they were written.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    topics : collection of str, optional
        Only these; all if not given.

    Raises
    ------
    InputError
        At the first byte that is not as it was written; messages before it have been given out by then.
    """
    channels: dict[int, str] = {}
    for record in read_records(path):
        if isinstance(record, Channel):
            channels[record.id] = record.topic
        elif isinstance(record, Message):
            topic = channels.get(record.channel_id)
            if topic is None:
                raise InputError("the recording is damaged: a message has no channel", path=path)
            if topics is None or topic in topics:
                yield Envelope(topic, record.log_time, record.data)


def read_records(path: Path) -> Iterator[McapRecord]:
    """The records of a container, chunks unpacked. See `read_messages`."""
    written: int | None = None
    seen = 0
    with open_container(path) as stream:
        records = StreamReader(
            stream, emit_chunks=True, validate_crcs=True, record_size_limit=RECORD_LIMIT_BYTES
        ).records
        while True:
            try:
                record = next(records, None)
                inner = _unpack(record) if isinstance(record, Chunk) else [record]
            except (McapError, ValueError, struct.error, zstandard.ZstdError, EOFError) as error:
                raise InputError(f"the recording is damaged: {_reason(error)}", path=path) from None
            if record is None:
                break
            if isinstance(record, Statistics):
                written = record.message_count
            for item in inner:
                seen += isinstance(item, Message)
                if isinstance(item, Channel | Message | Metadata):
                    yield item
    if written is not None and written != seen:
        raise InputError(f"the recording is damaged: {seen} of {written} messages found", path=path)


def _unpack(chunk: Chunk) -> list[McapRecord]:
    if chunk.uncompressed_size > CHUNK_LIMIT_BYTES or chunk.compression not in ("", "zstd"):
        raise ValueError("a chunk is too large or packed in an unknown way")
    if chunk.compression == "zstd" and zstandard.frame_content_size(chunk.data) != chunk.uncompressed_size:
        raise ValueError("a chunk's length is not what it says")
    if chunk.uncompressed_crc == 0:
        raise ValueError("a chunk carries no checksum")
    return breakup_chunk(chunk, validate_crc=True)


def _reason(error: Exception) -> str:
    if isinstance(error, CRCValidationError):
        return "a checksum does not match"
    if isinstance(error, RecordLengthLimitExceeded):
        return "a record is longer than any that Rampart writes"
    if isinstance(error, EndOfFile | EOFError | struct.error):
        return "a record is cut off"
    return str(error) or type(error).__name__
