"""Decoder: datagrams in, columns of good records and counters of everything else out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from . import reason
from .block import PUBLISHED, find_block, source_of, split_blocks
from .columns import RecordColumns, decode_columns
from .editions import Editions
from .specification import CATEGORIES, category

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Datagram:
    """What one UDP packet carried."""

    payload: bytes
    received_ns: int  #: ns UTC
    port: int | None = None  #: UDP port it came to


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Good records of one category and edition, duplicates left out."""

    columns: RecordColumns
    received_ns: np.ndarray  #: (n,) int64, receipt of the datagram, ns UTC
    data: bytes  #: what `columns.first` and `columns.end` point into


@dataclass(slots=True, eq=False)
class Decoded:
    """What a decoder made of some datagrams."""

    batches: list[Batch] = field(default_factory=list)
    records: Counter[int] = field(default_factory=Counter)  #: good records by category, duplicates included
    duplicates: int = 0  #: datagrams (blocks in a raw file) that came again
    duplicate_records: int = 0  #: good records in them
    rejected: Counter[str] = field(default_factory=Counter)  #: bad records and blocks, by reason
    skipped: Counter[int] = field(default_factory=Counter)  #: blocks of categories that are not read
    blocks: int = 0  #: well framed blocks of any category

    def of(self, number: int) -> list[Batch]:
        """The batches of one category."""
        return [batch for batch in self.batches if batch.columns.category.number == number]


class DuplicateFilter:
    """Recognise a datagram that comes again, as from a radar that sends over two networks.

    Parameters
    ----------
    window_s : float
        How long a datagram is remembered, by its time of receipt.

    Examples
    --------
    >>> seen = DuplicateFilter(window_s=2.0)
    >>> seen.again(b"one", 0), seen.again(b"one", 500_000_000), seen.again(b"one", 10_000_000_000)
    (False, True, False)
    """

    def __init__(self, window_s: float = 2.0) -> None:
        self._window_ns = round(window_s * _SECOND_NS)
        self._received: dict[bytes, int] = {}  # in order of receipt

    def again(self, payload: bytes, received_ns: int) -> bool:
        """True if the same octets came within the window."""
        before = self._received.pop(payload, None)
        self._received[payload] = received_ns
        self._forget(received_ns - self._window_ns)
        return before is not None and abs(received_ns - before) <= self._window_ns

    def _forget(self, horizon_ns: int) -> None:
        while self._received:
            oldest = next(iter(self._received))
            if self._received[oldest] >= horizon_ns:
                return
            del self._received[oldest]


class Decoder:
    """Decode datagrams of one feed or file. It keeps nothing but the datagrams of the last seconds.

    Parameters
    ----------
    editions : Editions
        What the sources send.
    window_s : float
        How long a datagram counts as a duplicate of an equal one.

    Examples
    --------
    >>> decoder = Decoder()
    >>> decoded = decoder.decode([Datagram(bytes.fromhex("41000cf8000502c1416f2600"), 0)] * 2)
    >>> decoded.records[65], decoded.duplicates, len(decoded.of(65)[0].columns)
    (2, 1, 1)
    """

    def __init__(self, editions: Editions | None = None, *, window_s: float = 2.0) -> None:
        self.editions = editions or Editions()
        self._duplicates = DuplicateFilter(window_s)

    def decode(self, datagrams: Iterable[Datagram]) -> Decoded:
        """Decode datagrams in their order. Bad ones are counted, never raised."""
        datagrams = list(datagrams)
        frames = _Frames(self.editions)
        for i, datagram in enumerate(datagrams):
            frames.add(i, datagram)
        again = np.array([self._duplicates.again(d.payload, d.received_ns) for d in datagrams], dtype=bool)
        received_ns = np.array([d.received_ns for d in datagrams], dtype=np.int64)
        return frames.decode(b"".join(d.payload for d in datagrams), again, received_ns)


def decode_joined(data: bytes, editions: Editions | None = None) -> Decoded:
    """Decode a file of blocks one after the other, without times of receipt (`received_ns` is 0).

    A block whose length cannot be is counted, and reading goes on where sound blocks follow. Equal blocks count as
    duplicates wherever they stand.
    """
    frames = _Frames(editions or Editions())
    again: list[bool] = []
    position = 0
    seen: set[bytes] = set()
    categories: set[int] = set()
    while position < len(data):
        blocks, stop = split_blocks(data, position, len(data))
        for number, first, end in blocks:
            frames.place(len(again), number, first, end, None, data)
            content = data[first - 3 : end]
            again.append(content in seen)
            seen.add(content)
            categories.add(number)
        if stop < len(data):
            frames.result.rejected[reason.BLOCK_LENGTH] += 1
            stop = find_block(data, stop + 1, len(data), categories & PUBLISHED or CATEGORIES)
        position = stop
    return frames.decode(data, np.array(again, dtype=bool), np.zeros(len(again), np.int64))


class _Frames:
    """Blocks sorted by layout, before their records are decoded in one go."""

    def __init__(self, editions: Editions) -> None:
        self._editions = editions
        # by category and edition
        self._bounds: dict[tuple[int, str], list[tuple[int, int]]] = {}
        self._owners: dict[tuple[int, str], list[int]] = {}
        self._offset = 0
        self.result = Decoded()

    def add(self, owner: int, datagram: Datagram) -> None:
        """Frame a datagram that stands at the end of the joined data so far."""
        payload = datagram.payload
        blocks, stop = split_blocks(payload, 0, len(payload))
        for number, first, end in blocks:
            self.place(owner, number, first, end, datagram.port, payload)
        if stop < len(payload):
            self.result.rejected[reason.BLOCK_LENGTH] += 1
        self._offset += len(payload)

    def place(self, owner: int, number: int, first: int, end: int, port: int | None, data: bytes) -> None:
        """Put a block to those of its layout."""
        if number not in CATEGORIES:
            if number in PUBLISHED:
                self.result.skipped[number] += 1
                self.result.blocks += 1
            else:
                self.result.rejected[reason.CATEGORY] += 1
            return
        self.result.blocks += 1
        source = None if self._editions.single else source_of(data, first, end)
        key = number, self._editions.of(number, port, source).edition
        self._bounds.setdefault(key, []).append((self._offset + first, self._offset + end))
        self._owners.setdefault(key, []).append(owner)

    def decode(self, data: bytes, again: np.ndarray, received_ns: np.ndarray) -> Decoded:
        """Decode all blocks; `again` and `received_ns` are by owner."""
        result = self.result
        result.duplicates = int(np.count_nonzero(again))
        for key in sorted(self._bounds):
            columns, rejected = decode_columns(category(*key), data, np.array(self._bounds[key], np.int64))
            result.rejected.update(rejected)
            owner = np.array(self._owners[key], np.int64)[columns.block]
            result.records[key[0]] += len(columns)
            fresh = ~again[owner]
            result.duplicate_records += int(np.count_nonzero(~fresh))
            result.batches.append(Batch(columns.take(fresh), received_ns[owner[fresh]], data))
        return result
