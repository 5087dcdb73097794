"""Record: one ASTERIX record, all its items, to and from plain dicts.

This is the complete and slow face of the codec, for inspection, tests and sending; `columns` is the fast one.
A record is ``{"040": {"RHO": 12.5, "THETA": 90.0}, ...}``: item number, then field name. Sub-items of a compound
nest one deeper, repetitive items are lists. Values are in the unit of the table; plain numbers are int, codes are text.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from rampart.errors import DecodeError, InputError

from . import reason
from .specification import Category, Field, Item

_ICAO = {0: " ", 32: " "} | {i: chr(64 + i) for i in range(1, 27)} | {i: chr(i) for i in range(48, 58)}
_FROM_ICAO = {character: code for code, character in _ICAO.items()}
_EXTRA = "extra"  # octets of an extended item beyond those its edition knows, as hex
_BYTES = "bytes"  # content of an explicit item that is not laid out, as hex


def decode_record(
    category: Category, data: bytes, start: int = 0, end: int | None = None
) -> tuple[dict[str, Any], int]:
    """Decode the record that begins at an octet.

    Parameters
    ----------
    category : Category
        Layout and edition.
    data : bytes
        The block, or more.
    start, end : int
        First octet of the record; end of its block.

    Returns
    -------
    dict, int
        Items by number, and the octet after the record.

    Raises
    ------
    DecodeError
        With one of the reasons of `rampart.wire.asterix.reason`.

    Examples
    --------
    >>> from rampart.wire.asterix.specification import category
    >>> decode_record(category(65), bytes.fromhex("f8000502c1416f2600"))[0]["030"]
    {'TOD': 33502.296875}
    """
    end = len(data) if end is None else end
    present, position = _presence(category.items, data, start, end)
    if not present:
        raise DecodeError(reason.EMPTY)
    return _decode_items(present, data, position, end)


def decode_block(category: Category, data: bytes) -> list[dict[str, Any]]:
    """Decode all records of one block, given without its three header octets.

    Raises
    ------
    DecodeError
        At the first record that is not well formed.
    """
    records, position = [], 0
    while position < len(data):
        record, position = decode_record(category, data, position)
        records.append(record)
    return records


def _presence(items: tuple[Item | None, ...], data: bytes, position: int, end: int) -> tuple[list[Item | None], int]:
    """The items whose presence bit is set (None for one that is not defined), and the octet after these bits."""
    octets = bytearray()
    more = True
    while more:
        if 7 * len(octets) >= len(items):
            raise DecodeError(reason.FSPEC)
        octets += _octets(data, position + len(octets), 1, end)
        more = bool(octets[-1] & 1)
    slots = [7 * i + bit for i, octet in enumerate(octets) for bit in range(7) if octet & (0x80 >> bit)]
    return [items[slot] if slot < len(items) else None for slot in slots], position + len(octets)


def _decode_items(present: list[Item | None], data: bytes, position: int, end: int) -> tuple[dict[str, Any], int]:
    values = {}
    for item in present:
        if item is None:
            raise DecodeError(reason.UNDEFINED)
        values[item.id], position = _decode_item(item, data, position, end)
    return values, position


def _decode_item(item: Item, data: bytes, position: int, end: int) -> tuple[Any, int]:
    if item.shape == "compound":
        present, position = _presence(item.items, data, position, end)
        return _decode_items(present, data, position, end)
    if item.shape == "explicit":
        return _decode_explicit(item, data, position, end)
    if item.shape == "fixed":
        octets = _octets(data, position, item.size, end)
        return _values(item.parts[0], octets), position + item.size
    if item.shape == "repetitive":
        count = _octets(data, position, 1, end)[0]
        position += 1
        octets = _octets(data, position, count * item.size, end)
        chunks = [octets[i : i + item.size] for i in range(0, len(octets), item.size)]
    else:
        chunks = _chain(item, data, position, end)
    if item.shape == "extended":
        return _extended(item, chunks), position + len(chunks)
    return [_values(item.parts[0], chunk) for chunk in chunks], position + len(chunks) * item.size


def _octets(data: bytes, position: int, size: int, end: int) -> bytes:
    if position + size > end:
        raise DecodeError(reason.TRUNCATED)
    return data[position : position + size]


def _chain(item: Item, data: bytes, position: int, end: int) -> list[bytes]:
    """Elements chained by FX."""
    chunks = []
    more = True
    while more:
        chunk = _octets(data, position, item.size, end)
        chunks.append(chunk)
        position += item.size
        more = bool(chunk[-1] & 1)
    return chunks


def _extended(item: Item, chunks: list[bytes]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for fields, chunk in zip(item.parts, chunks, strict=False):
        values |= _values(fields, chunk)
    if len(chunks) > len(item.parts):
        values[_EXTRA] = b"".join(chunks[len(item.parts) :]).hex()
    return values


def _decode_explicit(item: Item, data: bytes, position: int, end: int) -> tuple[dict[str, Any], int]:
    size = _octets(data, position, 1, end)[0]
    if not size:
        raise DecodeError(reason.EXPLICIT)
    content = _octets(data, position, size, end)[1:]
    if item.items:
        inner = Item(item.id, "compound", 0, items=item.items)
        try:
            values, used = _decode_item(inner, content, 0, len(content))
        except DecodeError:  # another edition of the expansion field: kept as octets
            used = -1
        if used == len(content):
            return values, position + size
    return {_BYTES: content.hex()}, position + size


def _values(fields: tuple[Field, ...], octets: bytes) -> dict[str, Any]:
    number, total = int.from_bytes(octets, "big"), 8 * len(octets)
    return {f.name: _value(f, (number >> (total - f.offset - f.bits)) & ((1 << f.bits) - 1)) for f in fields if f.name}


def _value(field: Field, raw: int) -> int | float | str:
    if field.kind == "s" and raw >> (field.bits - 1):
        raw -= 1 << field.bits
    if field.kind in ("u", "s"):
        return raw * field.lsb
    if field.kind == "octal":
        return f"{raw:0{field.bits // 3}o}"
    if field.kind == "hex":
        return f"{raw:0{field.bits // 4}x}"
    if field.kind == "ascii":
        return raw.to_bytes(field.bits // 8, "big").decode("latin-1")
    if field.kind == "icao":
        return "".join(_ICAO.get((raw >> shift) & 63, "?") for shift in range(field.bits - 6, -1, -6))
    return raw


def encode_record(category: Category, record: Mapping[str, Any]) -> bytes:
    """Encode one record: the inverse of `decode_record` within half an LSB.

    Parameters
    ----------
    category : Category
        Layout and edition.
    record : mapping
        Items by number, as `decode_record` gives them; fields left out are zero.

    Raises
    ------
    InputError
        For an item or field the edition does not have, or a value that does not fit.

    Examples
    --------
    >>> from rampart.wire.asterix.specification import category
    >>> encode_record(category(48), {"010": {"SAC": 1, "SIC": 2}, "040": {"RHO": 1.0, "THETA": 90.0}}).hex()
    '90010201004000'
    """
    name = f"CAT{category.number:03d}"
    return _encode_items(category.items, record, name)


def encode_block(category: Category, records: Iterable[Mapping[str, Any]]) -> bytes:
    """Encode records into one data block with its header.

    Raises
    ------
    InputError
        As `encode_record`, and if the block is longer than 65,535 octets.
    """
    body = b"".join(encode_record(category, record) for record in records)
    if len(body) + 3 > 0xFFFF:
        raise InputError(f"an ASTERIX block holds at most 65535 octets, this one has {len(body) + 3}")
    return bytes([category.number]) + (len(body) + 3).to_bytes(2, "big") + body


def _encode_items(items: tuple[Item | None, ...], values: Mapping[str, Any], where: str) -> bytes:
    """Presence bits, then the items in their order."""
    known = {item.id: i for i, item in enumerate(items) if item is not None}
    for name in values:
        if name not in known:
            raise InputError(f"{where} has no item {name!r}; expected some of {', '.join(known)}")
    slots = sorted(known[name] for name in values)
    presence = bytearray(slots[-1] // 7 + 1 if slots else 1)
    body = b""
    for slot in slots:
        presence[slot // 7] |= 0x80 >> slot % 7
        item = items[slot]
        assert item is not None
        body += _encode_item(item, values[item.id], f"{where}/{item.id}")
    for i in range(len(presence) - 1):
        presence[i] |= 1
    return bytes(presence) + body


def _encode_item(item: Item, value: Any, where: str) -> bytes:
    if item.shape == "compound":
        return _encode_items(item.items, value, where)
    if item.shape == "explicit":
        content = bytes.fromhex(value[_BYTES]) if _BYTES in value else _encode_items(item.items, value, where)
        if len(content) > 254:
            raise InputError(f"{where}: at most 254 octets fit, these are {len(content)}")
        return bytes([len(content) + 1]) + content
    if item.shape == "fixed":
        return _packed(item.parts[0], item.size, value, where)
    if item.shape == "repetitive":
        if len(value) > 255:
            raise InputError(f"{where}: at most 255 elements fit, these are {len(value)}")
        return bytes([len(value)]) + b"".join(_packed(item.parts[0], item.size, v, where) for v in value)
    if item.shape == "extended":
        return _encode_extended(item, value, where)
    if not value:
        raise InputError(f"{where}: expected at least one element")
    return _with_fx([_packed(item.parts[0], item.size, v, where) for v in value])


def _encode_extended(item: Item, value: Mapping[str, Any], where: str) -> bytes:
    """Octets up to the last one with a field that is given."""
    extra = bytes.fromhex(value.get(_EXTRA, ""))
    places = {name: item.field(name)[0] for name in value if name != _EXTRA and _has(item, name, where)}
    n = len(item.parts) if extra else max(places.values(), default=0) + 1
    octets = []
    for i in range(n):
        part = {name: value[name] for name, place in places.items() if place == i}
        octets.append(_packed(item.parts[i], 1, part, where))
    return _with_fx(octets + [bytes([octet & 0xFE]) for octet in extra])


def _has(item: Item, name: str, where: str) -> bool:
    known = [field.name for part in item.parts for field in part if field.name]
    if name not in known:
        raise InputError(f"{where} has no field {name!r}; expected some of {', '.join(known)}")
    return True


def _with_fx(chunks: list[bytes]) -> bytes:
    """Set the FX bit of all elements but the last."""
    return b"".join(chunk[:-1] + bytes([chunk[-1] | 1]) for chunk in chunks[:-1]) + chunks[-1]


def _packed(fields: tuple[Field, ...], size: int, values: Mapping[str, Any], where: str) -> bytes:
    known = {field.name: field for field in fields if field.name}
    number = 0
    for name, value in values.items():
        if name not in known:
            raise InputError(f"{where} has no field {name!r}; expected some of {', '.join(known)}")
        field = known[name]
        number |= _raw(field, value, where) << (8 * size - field.offset - field.bits)
    return number.to_bytes(size, "big")


def _raw(field: Field, value: Any, where: str) -> int:
    try:
        raw = _unscaled(field, value)
    except (ValueError, TypeError, KeyError, OverflowError):
        raise InputError(f"{where} {field.name}: {value!r} cannot be written as {field.kind or 'a number'}") from None
    low = -(1 << (field.bits - 1)) if field.kind == "s" else 0
    high = (1 << (field.bits - 1)) - 1 if field.kind == "s" else (1 << field.bits) - 1
    if not low <= raw <= high:
        unit = f" {field.unit}" if field.unit else ""
        span = f"{low * field.lsb:g} to {high * field.lsb:g}{unit}"
        raise InputError(f"{where} {field.name}: {value!r} does not fit; expected {span}")
    return raw & ((1 << field.bits) - 1)


def _unscaled(field: Field, value: Any) -> int:
    if field.kind in ("u", "s"):
        return round(value / field.lsb)
    if field.kind == "octal":
        return int(value, 8)
    if field.kind == "hex":
        return int(value, 16)
    if field.kind == "ascii":
        return int.from_bytes(value.ljust(field.bits // 8).encode("latin-1"), "big")
    if field.kind == "icao":
        return sum(_FROM_ICAO[c] << (field.bits - 6 * (i + 1)) for i, c in enumerate(value.ljust(field.bits // 6)))
    return int(value)
