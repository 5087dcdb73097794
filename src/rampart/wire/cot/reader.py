"""Reader: octets as an event; whatever is wrong with them is named."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from rampart.wire.instant import parse_instant
from rampart.wire.message_error import MessageError
from rampart.wire.xml import MAX_BYTES, Element, parse_xml

from .event import UNKNOWN_M, Event, check_event

_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_REQUIRED = ("version", "uid", "type", "how", "time", "start", "stale")
_POINT = ("lat", "lon", "hae", "ce", "le")


def read_event(data: bytes, *, max_bytes: int = MAX_BYTES) -> Event:
    """Read one event.

    Parameters
    ----------
    data : bytes
        One document: a datagram, or what `EventStream` cuts out of a stream.
    max_bytes : int
        A longer one is refused unread.

    Returns
    -------
    Event
        9999999 for a height or an error becomes nan. Attributes of ``event`` that the base schema does not know are
        passed over, and numbers may have an exponent: TAK clients send both.

    Raises
    ------
    MessageError
        By a fixed reason (`docs/cot.md` lists them).

    Examples
    --------
    >>> read_event(b"<event version='2.0'/>")
    Traceback (most recent call last):
    rampart.wire.message_error.MessageError: missing_attribute: event: uid
    """
    root = parse_xml(data, max_bytes=max_bytes)
    if root.name != "event" or root.namespace:
        raise MessageError("not_cot", f"the root is {root.name}")
    head = _required(root, _REQUIRED)
    if _number(head["version"], "version") < 2.0:
        raise MessageError("version", head["version"][:20])
    parts: dict[str, Element] = {}
    for child in root.children:
        if child.namespace or child.name not in ("point", "detail"):
            raise MessageError("unknown_element", f"event: {child.name}")
        if child.name in parts:
            raise MessageError("repeated_element", f"event: {child.name}")
        parts[child.name] = child
    if "point" not in parts:
        raise MessageError("missing_element", "event: no point")
    point = {name: _number(text, name) for name, text in _required(parts["point"], _POINT).items()}
    times = {name: _time(head[name], name) for name in ("time", "start", "stale")}
    event = Event(
        head["uid"],
        head["type"],
        head["how"],
        times["time"],
        times["start"],
        times["stale"],
        point["lat"],
        point["lon"],
        _known(point["hae"]),
        _known(point["ce"]),
        _known(point["le"]),
        qos=root.attributes.get("qos"),
        opex=root.attributes.get("opex"),
        access=root.attributes.get("access"),
        detail=parts.get("detail", Element("detail")),
    )
    check_event(event)
    return event


def _required(element: Element, names: tuple[str, ...]) -> Mapping[str, str]:
    for name in names:
        if name not in element.attributes:
            raise MessageError("missing_attribute", f"{element.name}: {name}")
    return {name: element.attributes[name] for name in names}


def _number(text: str, name: str) -> float:
    if not _NUMBER.fullmatch(text.strip()):
        raise MessageError("number", f"{name}: {text[:20]!r}")
    return float(text)


def _known(value: float) -> float:
    return math.nan if value >= UNKNOWN_M else value


def _time(text: str, name: str) -> int:
    try:
        return parse_instant(text.strip(), naive=True)
    except ValueError as error:
        raise MessageError("time", f"{name}: {error}") from None
