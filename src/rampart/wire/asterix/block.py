"""Block: the frame around ASTERIX records: category, length, records."""

import re
from collections.abc import Collection

#: Categories that EUROCONTROL has published; a block of another one is no ASTERIX.
PUBLISHED = frozenset(
    (*range(1, 5), *range(7, 12), *range(15, 22), 23, 25, 30, 31, 32, 34, 48, *range(61, 66), 129, 150, 204, 205)
) | frozenset((238, 240, 247, 252, 253))

HEADER = 3


def split_blocks(data: bytes, start: int, end: int) -> tuple[list[tuple[int, int, int]], int]:
    """The data blocks in a range of octets.

    Parameters
    ----------
    data : bytes
        One datagram, or many.
    start, end : int
        The range.

    Returns
    -------
    list of (int, int, int), int
        Category, first octet after the header and octet after the block of each; and the octet at which a block has a
        length that cannot be, or `end` if all are sound.

    Examples
    --------
    >>> split_blocks(bytes.fromhex("220004aa41000301"), 0, 8)
    ([(34, 3, 4), (65, 7, 7)], 7)
    """
    blocks = []
    position = start
    while position + HEADER <= end:
        length = data[position + 1] << 8 | data[position + 2]
        after = position + length
        if length < HEADER or after > end:
            break
        blocks.append((data[position], position + HEADER, after))
        position = after
    return blocks, position


def source_of(data: bytes, first: int, end: int) -> tuple[int, int] | None:
    """SAC and SIC of a block's first record, found without decoding it: item 010 always comes first."""
    if first >= end or not data[first] & 0x80:
        return None
    position = first
    while position < end and data[position] & 1:
        position += 1
    if position + 2 >= end:
        return None
    return data[position + 1], data[position + 2]


def find_block(data: bytes, start: int, end: int, categories: Collection[int]) -> int:
    """The next octet at which sound blocks follow each other; `end` if there is none.

    Used in files of joined blocks, where a bad length would otherwise hide all that follows.

    Parameters
    ----------
    data : bytes
        The file.
    start, end : int
        The range that is searched.
    categories : collection of int
        What the file holds, as seen so far: the fewer, the smaller the chance of a wrong hit.
    """
    first_octet = re.compile(b"[" + re.escape(bytes(sorted(categories))) + b"]")
    for match in first_octet.finditer(data, start, end):
        if is_chain(data, match.start(), end, categories):
            return match.start()
    return end


def is_chain(data: bytes, position: int, end: int, categories: Collection[int] = PUBLISHED) -> bool:
    """Whether three blocks with records follow each other from an octet on, or fewer that end with the data.

    >>> is_chain(bytes.fromhex("410004004100040041000400ff"), 0, 13), is_chain(b"text", 0, 4)
    (True, False)
    """
    for i in range(3):
        if position == end and i:
            return True
        if position + HEADER > end or data[position] not in categories:
            return False
        length = data[position + 1] << 8 | data[position + 2]
        if length <= HEADER or position + length > end:
            return False
        position += length
    return True
