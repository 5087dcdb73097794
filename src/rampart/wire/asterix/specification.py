"""Specification: the layout of an ASTERIX category in one edition, read from the tables beside this file.

How to read a table
-------------------
``[[item]]`` is a data item: ``frn`` its place in FSPEC, ``id`` its number, ``since`` and ``until`` the editions it
holds for, and one key that gives shape and content:

- ``fixed``: a list of fields;
- ``extended``: a list of octets, each a list of fields of seven bits together, chained by FX;
- ``repetitive``: the fields of one element, in front of which stands a count octet;
- ``chained``: the fields of one element, its last bit being FX;
- ``compound``: a list of sub-items with presence bits, ``{}`` an unused bit;
- ``explicit``: a length octet, then free content, or the sub-items given.

A field is ``"NAME bits kind LSB unit"``: ``"RHO 16 u 1/256 NM"`` is unsigned with that least significant bit,
``"X 16 s 1/128 NM"`` two's complement, ``"TYP 3"`` a plain number, ``"SIM"`` one bit, ``"- 4"`` spare bits; the kinds
``octal``, ``hex``, ``icao`` (6-bit characters) and ``ascii`` are text. An LSB is an exact number: ``360/2^16``.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from rampart.errors import InputError

#: The categories that are read, in the order they are reported.
CATEGORIES = (15, 21, 34, 48, 62, 65)

SHAPES = ("fixed", "extended", "repetitive", "chained", "compound", "explicit")
_TEXT = ("octal", "hex", "icao", "ascii")


@dataclass(frozen=True, slots=True)
class Field:
    """Some bits of an item."""

    name: str  #: "" for spare bits
    bits: int
    offset: int  #: bits from the start of the octets it stands in
    kind: str  #: u, s, octal, hex, icao, ascii; "" a plain number
    lsb: float  #: in `unit`; an exact binary fraction for nearly all fields
    unit: str

    @property
    def text(self) -> bool:
        """The value is a string."""
        return self.kind in _TEXT


@dataclass(frozen=True, slots=True)
class Item:
    """A data item, or a sub-item of one."""

    id: str
    shape: str
    size: int  #: octets of a fixed item or of one element; 1 for extended items, 0 for the others
    parts: tuple[tuple[Field, ...], ...] = ()  #: the octets of an extended item, else one part with all fields
    items: tuple["Item | None", ...] = ()  #: sub-items by presence bit; None for an unused bit

    def field(self, name: str) -> tuple[int, Field]:
        """The octet index of the part a field stands in, and the field."""
        for i, part in enumerate(self.parts):
            for field in part:
                if field.name == name:
                    return i, field
        raise KeyError(f"{self.id} has no field {name}")


@dataclass(frozen=True, slots=True)
class Category:
    """A category in one edition."""

    number: int
    edition: str
    title: str
    items: tuple[Item | None, ...]  #: by FRN, the first at index 0

    def item(self, path: str) -> Item:
        """An item by its number, a sub-item by a path such as ``"120/CAL"``."""
        head, _, tail = path.partition("/")
        found = _named(self.items, head, f"CAT{self.number:03d} edition {self.edition}")
        return _named(found.items, tail, f"item {head}") if tail else found


def _named(items: tuple[Item | None, ...], name: str, where: str) -> Item:
    for item in items:
        if item is not None and item.id == name:
            return item
    raise KeyError(f"{where} has no item {name}")


def _number(text: str) -> Fraction:
    """An exact number: ``25``, ``1/128``, ``360/2^16``."""
    top, _, bottom = text.partition("/")
    base, _, power = bottom.partition("^")
    return Fraction(int(top), int(base or 1) ** int(power or 1))


def _fields(texts: list[str]) -> tuple[tuple[Field, ...], int]:
    """Fields one after the other, and the bits they fill."""
    fields, offset = [], 0
    for text in texts:
        name, bits, kind, lsb, unit = (text.split() + [""] * 5)[:5]
        width = int(bits or 1)
        fields.append(Field(name.strip("-"), width, offset, kind, float(_number(lsb or "1")), unit))
        offset += width
    return tuple(fields), offset


def _octets(bits: int, name: str) -> int:
    if bits % 8:
        raise ValueError(f"the fields of {name} fill {bits} bits")
    return bits // 8


def _item(table: Mapping[str, Any]) -> Item | None:
    if not table:
        return None
    (shape,) = (key for key in SHAPES if key in table)
    name, content = table["id"], table[shape]
    if shape in ("compound", "explicit"):
        return Item(name, shape, 0, items=tuple(_item(entry) for entry in content))
    if shape == "extended":
        parts = [_fields(part) for part in content]
        for _, bits in parts:
            _octets(bits + 1, name)
        return Item(name, shape, 1, tuple(fields for fields, _ in parts))
    fields, bits = _fields(content)
    return Item(name, shape, _octets(bits + (shape == "chained"), name), (fields,))


@cache
def _table(number: int) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "tables" / f"cat{number:03d}.toml").read_text(encoding="utf-8"))


def _key(edition: str) -> tuple[int, ...]:
    return tuple(int(part) for part in edition.split("."))


def default_edition(number: int) -> str:
    """The edition that is read when none is configured.

    >>> default_edition(48)
    '1.32'
    """
    return str(_table(number)["default"])


def editions(number: int) -> tuple[str, ...]:
    """The editions of a category that can be configured, oldest first."""
    return tuple(_table(number)["editions"])


@cache
def category(number: int, edition: str | None = None) -> Category:
    """The layout of a category in an edition.

    Parameters
    ----------
    number : int
        15, 21, 34, 48, 62 or 65.
    edition : str or None
        Such as ``"1.21"``; None for the default.

    Raises
    ------
    InputError
        For a category or edition that is not supported.

    Examples
    --------
    >>> category(48).item("040").field("RHO")[1].lsb
    0.00390625
    """
    if number not in CATEGORIES:
        raise InputError(f"ASTERIX category {number} is not read; expected one of {', '.join(map(str, CATEGORIES))}")
    edition = edition or default_edition(number)
    if edition not in editions(number):
        raise InputError(
            f"CAT{number:03d} edition {edition!r} is not known; expected one of {', '.join(editions(number))}"
        )
    table = _table(number)
    items: list[Item | None] = [None] * table["slots"]
    for entry in table["item"]:
        if _key(entry.get("since", "0")) <= _key(edition) <= _key(entry.get("until", "999")):
            items[entry["frn"] - 1] = _item(entry)
    return Category(number, edition, table["title"], tuple(items))


def walk(items: tuple[Item | None, ...]) -> Iterator[Item]:
    """All items and sub-items, each before its sub-items."""
    for item in items:
        if item is not None:
            yield item
            yield from walk(item.items)
