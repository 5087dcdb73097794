"""Reader: the octets of a CAP 1.2 message as an alert; whatever is wrong with them is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rampart.wire.instant import parse_instant
from rampart.wire.message_error import MessageError
from rampart.wire.xml import Element, parse_xml

from .alert import NAMESPACE, Alert, Circle, Pair, Polygon, Reference
from .layout import ALERT, PARTS, Part, Slot
from .rules import check_alert

MAX_BYTES = 256 * 1024
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
_HINTS = {f"{_SCHEMA} schemaLocation", f"{_SCHEMA} noNamespaceSchemaLocation"}
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
#: RFC 3986: scheme, host, path (whose first part has a colon only behind a scheme), query, fragment.
_URI = re.compile(
    r"([A-Za-z][A-Za-z0-9+.\-]*:|(?![^/?#]*:))"
    r"(//([\w.~!$&'()*+,;=:%\-]*@)?(\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%\-]*)(:\d*)?(?=[/?#]|$))?"
    r"(?!//)[\w.~!$&'()*+,;=:@%/\-]*(\?[\w.~!$&'()*+,;=:@%/?\-]*)?(#[\w.~!$&'()*+,;=:@%/?\-]*)?",
    re.ASCII,
)
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DECIMAL = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def read_alert(data: bytes, *, max_bytes: int = MAX_BYTES) -> Alert:
    """Read a message.

    Parameters
    ----------
    data : bytes
        One document.
    max_bytes : int
        A longer one is refused unread.

    Raises
    ------
    MessageError
        By a fixed reason (`docs/cap.md` lists them) and with the place: for what is no safe XML, for what the schema
        forbids, and for what only the standard's text forbids.

    Examples
    --------
    >>> read_alert(b"<!DOCTYPE alert><alert/>")
    Traceback (most recent call last):
    rampart.wire.message_error.MessageError: doctype: line 1: a DOCTYPE is never accepted
    """
    alert = parse_alert(parse_xml(data, max_bytes=max_bytes))
    check_alert(alert)
    return alert


def parse_alert(root: Element) -> Alert:
    """An alert from parsed XML, by the schema's rules only."""
    if root.name != "alert" or root.namespace != NAMESPACE:
        raise MessageError("not_cap_1_2", f"the root is {root.name} of {root.namespace or 'no namespace'}")
    root.attributes = {name: value for name, value in root.attributes.items() if name not in _HINTS}
    children = root.children
    signatures = [child for child in children if child.namespace == SIGNATURE]
    if signatures:
        first = children.index(signatures[0])
        if children[first:] != signatures:
            raise MessageError("order", "alert: a signature comes last")
        root.children = children[:first]
    alert: Alert = _record(root, ALERT, "alert", signed=bool(signatures))
    return alert


def _record(element: Element, part: Part, place: str, **more: Any) -> Any:
    _bare(element, place, text=False)
    values: dict[str, Any] = {slot.field: () for slot in part.slots if slot.many or slot.kind == "references"}
    slots = {slot.tag: i for i, slot in enumerate(part.slots)}
    at = 0
    counts: dict[str, int] = {}
    for child in element.children:
        i = slots.get(child.name) if child.namespace == NAMESPACE else None
        if i is None:
            raise MessageError("unknown_element", f"{place}: {child.name}")
        if i < at:
            raise MessageError("order", f"{place}: {child.name} after {part.slots[at].tag}")
        at, slot = i, part.slots[i]
        counts[slot.tag] = n = counts.get(slot.tag, 0) + 1
        if n > 1 and not slot.many:
            raise MessageError("repeated_element", f"{place}: {child.name}")
        where = f"{place}, {slot.tag} {n}" if slot.many else f"{place}, {slot.tag}"
        value = _value(child, slot, where)
        values[slot.field] = (*values[slot.field], value) if slot.many else value
    for slot in part.slots:
        if slot.required and slot.tag not in counts:
            raise MessageError("missing_element", f"{place}: no {slot.tag}")
    return part.make(**values, **more)


def _bare(element: Element, place: str, *, text: bool) -> None:
    if element.attributes:
        raise MessageError("attribute", f"{place}: {next(iter(element.attributes))}")
    if text and element.children:
        raise MessageError("unknown_element", f"{place}: {element.children[0].name}")
    if not text and element.text.strip():
        raise MessageError("stray_text", f"{place}: {element.text.strip()[:20]!r}")


def _value(element: Element, slot: Slot, place: str) -> Any:
    if slot.kind in PARTS:
        return _record(element, PARTS[slot.kind], place)
    if slot.kind == "pair":
        return _pair(element, place)
    _bare(element, place, text=True)
    if slot.kind == "choice":
        if element.text not in slot.values:
            raise MessageError("value", f"{place}: {element.text[:20]!r}; expected one of {', '.join(slot.values)}")
        return element.text
    parse = _PARSERS.get(slot.kind)
    if parse is None:
        return element.text
    try:
        return parse(element.text)
    except ValueError as error:
        raise MessageError(slot.kind, f"{place}: {error}") from None


def _pair(element: Element, place: str) -> Pair:
    _bare(element, place, text=False)
    if [child.name for child in element.children] != ["valueName", "value"]:
        raise MessageError("missing_element", f"{place}: expected valueName, then value")
    for child in element.children:
        if child.namespace != NAMESPACE:
            raise MessageError("unknown_element", f"{place}: {child.name}")
        _bare(child, place, text=True)
    return Pair(element.children[0].text, element.children[1].text)


def parse_decimal(text: str) -> float:
    """A plain decimal number: no exponent, nan or infinity.

    Raises
    ------
    ValueError
        For anything else.
    """
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"no decimal number: {text[:20]!r}")
    return float(text)


def _point(text: str) -> tuple[float, float]:
    latitude, comma, longitude = text.partition(",")
    if not comma:
        raise ValueError(f"expected latitude,longitude; found {text[:40]!r}")
    return parse_decimal(latitude), parse_decimal(longitude)


def _polygon(text: str) -> Polygon:
    return tuple(_point(point) for point in text.split())


def _circle(text: str) -> Circle:
    parts = text.split()
    if len(parts) != 2:
        raise ValueError(f"expected latitude,longitude radius; found {text[:40]!r}")
    return Circle(*_point(parts[0]), parse_decimal(parts[1]))


def _references(text: str) -> tuple[Reference, ...]:
    found = []
    for entry in text.split():
        parts = entry.split(",")
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"expected sender,identifier,sent; found {entry[:60]!r}")
        found.append(Reference(parts[0], parts[1], _time(parts[2])))
    return tuple(found)


def _time(text: str) -> int:
    return parse_instant(text.strip(" \t\r\n"), fraction=False)


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text.strip(" \t\r\n")):
        raise ValueError(f"no language tag: {text[:20]!r}")
    return text.strip(" \t\r\n")


def _uri(text: str) -> str:
    text = text.strip(" \t\r\n")
    if not _URI.fullmatch(text) or _PERCENT.search(text):
        raise ValueError(f"no URI: {text[:40]!r}")
    return text


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip(" \t\r\n")):
        raise ValueError(f"no whole number: {text[:20]!r}")
    return int(text)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "time": _time,
    "language": _language,
    "uri": _uri,
    "integer": _integer,
    "decimal": lambda text: parse_decimal(text.strip(" \t\r\n")),
    "polygon": _polygon,
    "circle": _circle,
    "references": _references,
}
