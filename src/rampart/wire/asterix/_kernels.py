"""Kernel: walk ASTERIX blocks by a table of item shapes and pick the fields that are wanted.

The table is data (`columns._plan` makes it from the specification): one row per item or sub-item. No octet outside
a block is read, whatever the bytes say.
"""

import numpy as np

from rampart.physics._jit import kernel

# Shapes, the first column of the node table.
UNDEFINED, FIXED, EXTENDED, REPETITIVE, CHAINED, COMPOUND, EXPLICIT = 0, 1, 2, 3, 4, 5, 6
# Columns of the node table: shape, size of an element [octets], first child, children (of an extended item: the octets
# that the edition knows), first field, fields.
SHAPE, SIZE, CHILD, CHILDREN, FIELD, FIELDS = 0, 1, 2, 3, 4, 5
# Columns of the field table: first bit from the start of the item, bits, two's complement, output column.
OFFSET, BITS, SIGNED, COLUMN = 0, 1, 2, 3
# Status of a record; the order of `reason.STRUCTURAL` from 1 on.
OK, TRUNCATED, FSPEC, UNDEFINED_ITEM, EXPLICIT_LENGTH, EMPTY = 0, 1, 2, 3, 4, 5
LONGER = 6  # good, but an extended item has octets that the edition does not know

MISSING = np.iinfo(np.int64).min


@kernel
def presence_end(data, start, end, slots):
    """Octet after the presence bits that begin at `start`, and a status."""
    longest = (slots + 6) // 7
    position = start
    while True:
        if position - start >= longest:
            return position, FSPEC
        if position >= end:
            return position, TRUNCATED
        more = data[position] & 1
        position += 1
        if not more:
            return position, OK


@kernel
def leaf_end(data, start, end, shape, size):
    """Octet after an item that has no sub-items, and a status."""
    position = start
    if shape == FIXED:
        position = start + size
    elif shape == REPETITIVE:
        if start >= end:
            return start, TRUNCATED
        position = start + 1 + size * np.int64(data[start])
    elif shape == EXPLICIT:
        if start >= end:
            return start, TRUNCATED
        if data[start] == 0:
            return start, EXPLICIT_LENGTH
        position = start + np.int64(data[start])
    elif shape in (EXTENDED, CHAINED):
        more = True
        while more:
            position += size
            if position > end:
                return start, TRUNCATED
            more = data[position - 1] & 1
    else:
        return start, UNDEFINED_ITEM
    if position > end:
        return start, TRUNCATED
    return position, OK


@kernel
def pick(data, start, end, first, n, fields, out):
    """Read the wanted fields of the item in octets start..end into one row; those past its end stay missing."""
    for k in range(first, first + n):
        offset, bits = fields[k, OFFSET], fields[k, BITS]
        last = start + (offset + bits - 1) // 8
        if last >= end:
            continue
        value = np.int64(0)
        for i in range(start + offset // 8, last + 1):
            value = (value << 8) | np.int64(data[i])
        value >>= 7 - (offset + bits - 1) % 8
        value &= (np.int64(1) << bits) - 1
        if fields[k, SIGNED] and value >> (bits - 1):
            value -= np.int64(1) << bits
        out[fields[k, COLUMN]] = value


@kernel
def compound_end(data, start, end, nodes, fields, first, n, out):
    """Octet after a compound item, and a status; picks the wanted fields of its sub-items on the way."""
    position, status = presence_end(data, start, end, n)
    octets = position - start
    for i in range(octets if status == OK else 0):
        for bit in range(7):
            if not data[start + i] & (0x80 >> bit):
                continue
            slot = 7 * i + bit
            node = first + slot
            if slot >= n:
                return position, UNDEFINED_ITEM
            after, status = leaf_end(data, position, end, nodes[node, SHAPE], nodes[node, SIZE])
            if status != OK:
                return position, status
            pick(data, position, after, nodes[node, FIELD], nodes[node, FIELDS], fields, out)
            position = after
    return position, status


@kernel
def record_end(data, start, end, nodes, fields, slots, out):
    """Octet after the record that begins at `start`, and a status."""
    position, status = presence_end(data, start, end, slots)
    octets = position - start
    items = 0
    longer = False
    for i in range(octets if status == OK else 0):
        for bit in range(7):
            if not data[start + i] & (0x80 >> bit):
                continue
            node = 7 * i + bit
            if node >= slots or nodes[node, SHAPE] == UNDEFINED:
                return position, UNDEFINED_ITEM
            if nodes[node, SHAPE] == COMPOUND:
                after, status = compound_end(
                    data, position, end, nodes, fields, nodes[node, CHILD], nodes[node, CHILDREN], out
                )
            else:
                after, status = leaf_end(data, position, end, nodes[node, SHAPE], nodes[node, SIZE])
            if status != OK:
                return position, status
            pick(data, position, after, nodes[node, FIELD], nodes[node, FIELDS], fields, out)
            if nodes[node, SHAPE] == EXTENDED and after - position > nodes[node, CHILDREN]:
                longer = True
            position = after
            items += 1
    if status == OK and items == 0:
        status = EMPTY
    elif status == OK and longer:
        status = LONGER
    return position, status


@kernel
def decode_blocks(data, bounds, nodes, fields, slots, first_block, first_octet, values, places):
    """Decode blocks until they are through or the output is full.

    Parameters
    ----------
    data : uint8 (n,)
        Octets; `bounds` points into it.
    bounds : int64 (blocks, 2)
        First octet of each block's records, and its end; within `data`.
    nodes, fields : int64 (n, 6), int64 (n, 4)
        The layout.
    slots : int
        Places in FSPEC.
    first_block, first_octet : int
        Where to go on; -1 for the start of the block.
    values : int64 (capacity, columns)
        Filled with the fields of one record per row, `MISSING` where absent.
    places : int64 (capacity, 4)
        Filled with block, first octet, octet after the record, status.

    Returns
    -------
    int, int, int
        Rows filled; the block and octet to go on with, the number of blocks when through.
    """
    rows = 0
    block, position = first_block, first_octet
    while block < bounds.shape[0]:
        if position < 0:
            position = bounds[block, 0]
        end = bounds[block, 1]
        while position < end:
            if rows == values.shape[0]:
                return rows, block, position
            out = values[rows]
            out[:] = MISSING
            after, status = record_end(data, position, end, nodes, fields, slots, out)
            if status not in (OK, LONGER):
                after = end
            places[rows, 0] = block
            places[rows, 1] = position
            places[rows, 2] = after
            places[rows, 3] = status
            rows += 1
            position = after
        block += 1
        position = -1
    return rows, block, position
