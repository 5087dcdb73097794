"""Frame: what goes to a display in one piece. A small header, then columns that a browser reads without copying."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack
import numpy as np

from rampart.errors import DecodeError

MAGIC = b"RMP\x01"  #: the last octet is the version of the form
_ALIGN = 8

#: Columns of the two tables: numpy type, unit, meaning. Times are ms UTC in float64; a float32 could not hold them.
TRACK_COLUMNS: Mapping[str, tuple[str, str, str]] = {
    "id": ("u4", "", "number of the track"),
    "t": ("f8", "ms UTC", "time of validity"),
    "e": ("f4", "m", "east"),
    "n": ("f4", "m", "north"),
    "u": ("f4", "m", "up, above the site's origin"),
    "ve": ("f4", "m/s", "east"),
    "vn": ("f4", "m/s", "north"),
    "vu": ("f4", "m/s", "up"),
    "cee": ("f4", "m2", "variance east"),
    "cen": ("f4", "m2", "covariance east north"),
    "cnn": ("f4", "m2", "variance north"),
    "x": ("f4", "", "probability that the object is there"),
    "p": ("f4", "", "probability of the class"),
    "seen": ("f8", "ms UTC", "time of its latest detection"),
    "first": ("f8", "ms UTC", "time of its first detection"),
    "sensors": ("u4", "", "bit i: sensor i of the site contributed"),
    "cls": ("u1", "", "TargetClass"),
    "status": ("u1", "", "TrackStatus"),
    "flags": ("u1", "", "DetectionFlag"),
    "mode": ("u1", "", "Mode"),
}
PREDICTION_COLUMNS: Mapping[str, tuple[str, str, str]] = {
    "id": ("u4", "", "number of the track"),
    "kind": ("u1", "", "PredictionKind"),
    "w": ("f4", "", "probability that it is of this kind of threat"),
    "ie": ("f4", "m", "impact, or end of the corridor, east"),
    "in": ("f4", "m", "the same, north"),
    "it": ("f8", "ms UTC", "when"),
    "is": ("f4", "s", "one sigma of that time"),
    "ia": ("f4", "m", "semi-major axis of the impact ellipse"),
    "ib": ("f4", "m", "semi-minor axis"),
    "iz": ("f4", "rad", "azimuth of the major axis, clockwise from north"),
    "ip": ("f4", "", "probability content of the ellipse"),
    "le": ("f4", "m", "launch point east; nan if unknown"),
    "ln": ("f4", "m", "launch point north"),
    "la": ("f4", "m", "semi-major axis of the launch ellipse, same content"),
    "lb": ("f4", "m", "semi-minor axis"),
    "lz": ("f4", "rad", "azimuth of the major axis"),
    "asset": ("i2", "", "of a corridor: index of the zone it is closest to in time; -1 if none"),
    "ta": ("f4", "s", "of a corridor: until it can be within that zone's radius"),
}
TABLES: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "tracks": TRACK_COLUMNS,
    "predictions": PREDICTION_COLUMNS,
}

Table = dict[str, np.ndarray]  #: column -> values; rows in rising order of `id`


def empty_table(name: str) -> Table:
    """A table without rows.

    >>> len(empty_table("tracks")["id"])
    0
    """
    return {column: np.zeros(0, "<" + dtype) for column, (dtype, _, _) in TABLES[name].items()}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes
    ----------
    head : mapping
        ``kind`` (``snapshot, delta, state, alarms, tick, bye``) and what belongs to it.
    tables : mapping
        Name -> rows; all of them in a snapshot, the changed ones in a delta.
    removed : mapping
        Name -> ids that are no longer there.
    """

    head: Mapping[str, Any]
    tables: Mapping[str, Table] = field(default_factory=dict)
    removed: Mapping[str, Sequence[int]] = field(default_factory=dict)


def encode(frame: Frame) -> bytes:
    """A frame as octets.

    Returns
    -------
    bytes
        `MAGIC`, length of the header (uint32, little-endian), header (msgpack), zeros up to a multiple of 8, then each
        column, little-endian, padded to 8. Offsets in the header count from the end of the padding.

    Examples
    --------
    >>> octets = encode(Frame({"kind": "tick", "t": 0.0}))
    >>> octets[:3], decode(octets).head["kind"]
    (b'RMP', 'tick')
    """
    tables, parts, offset = [], [], 0
    for name, table in frame.tables.items():
        columns = []
        for column, values in table.items():
            dtype = TABLES[name][column][0]
            octets = np.ascontiguousarray(values, "<" + dtype).tobytes()
            columns.append([column, dtype, offset])
            filling = -len(octets) % _ALIGN
            parts += [octets, b"\0" * filling]
            offset += len(octets) + filling
        removed = [int(i) for i in frame.removed.get(name, ())]
        tables.append({"name": name, "n": len(table["id"]), "removed": removed, "columns": columns})
    head: bytes = msgpack.packb({**frame.head, "tables": tables})
    before = len(MAGIC) + 4 + len(head)
    return b"".join([MAGIC, struct.pack("<I", len(head)), head, b"\0" * (-before % _ALIGN), *parts])


def decode(octets: bytes) -> Frame:
    """A frame from octets.

    Raises
    ------
    DecodeError
        For octets that are none.
    """
    if octets[:4] != MAGIC:
        raise DecodeError("not a frame")
    try:
        (length,) = struct.unpack_from("<I", octets, 4)
        head = msgpack.unpackb(octets[8 : 8 + length])
        start = 8 + length + (-(8 + length) % _ALIGN)
        tables, removed = {}, {}
        for table in head.pop("tables"):
            tables[table["name"]] = {
                name: np.frombuffer(octets, "<" + dtype, table["n"], start + offset)
                for name, dtype, offset in table["columns"]
            }
            removed[table["name"]] = table["removed"]
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, msgpack.UnpackException):
        raise DecodeError("a damaged frame") from None
    return Frame(head, tables, removed)


def typescript() -> str:
    """The names of the columns for the page, as ``web/src/schema.ts`` has them."""
    lines = [
        "// Written by `python -m rampart.serve.web.frame`; a test compares the two.",
        f"export const VERSION = {MAGIC[3]};",
    ]
    for name, columns in TABLES.items():
        lines.append(f"export interface {name.capitalize()[:-1]}Row {{")
        for column, (_, unit, meaning) in columns.items():
            lines.append(f"  {column}: number; // {meaning}{f' [{unit}]' if unit else ''}")
        lines.append("}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(typescript())
