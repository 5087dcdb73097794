"""Writer: an alert as the octets of a CAP 1.2 message."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from rampart.wire.instant import SECOND_NS, format_seconds
from rampart.wire.xml import xml_text

from .alert import NAMESPACE, Alert, Circle, Pair, Polygon, Reference
from .layout import ALERT, PARTS, Part, Slot
from .rules import check_alert

_UP = ("expires_ns",)  #: rounded up to a whole second; all other times are rounded down


def write_alert(alert: Alert) -> bytes:
    """Write a message.

    Parameters
    ----------
    alert : Alert
        Times are written in whole seconds of UTC: expiry rounded up, the others down.

    Returns
    -------
    bytes
        UTF-8 with XML declaration. The same alert gives the same octets.

    Raises
    ------
    MessageError
        If it breaks a rule of `check_alert`: nothing is sent that a good reader would refuse.
    """
    check_alert(alert)
    root = ET.Element("alert", {"xmlns": NAMESPACE})
    _fill(root, alert, ALERT)
    ET.indent(root, " ")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode").encode() + b"\n"


def _fill(element: ET.Element, record: Any, part: Part) -> None:
    for slot in part.slots:
        value = getattr(record, slot.field)
        if slot.kind == "references":
            if value:
                ET.SubElement(element, slot.tag).text = " ".join(format_reference(r) for r in value)
            continue
        for item in value if slot.many else () if value is None else (value,):
            _put(ET.SubElement(element, slot.tag), item, slot)


def _put(element: ET.Element, value: Any, slot: Slot) -> None:
    if slot.kind in PARTS:
        _fill(element, value, PARTS[slot.kind])
    elif slot.kind == "pair":
        pair: Pair = value
        ET.SubElement(element, "valueName").text = xml_text(pair.value_name)
        ET.SubElement(element, "value").text = xml_text(pair.value)
    else:
        element.text = _plain(value, slot)


def _plain(value: Any, slot: Slot) -> str:
    if slot.kind == "time":
        return format_seconds(-(-value // SECOND_NS) * SECOND_NS if slot.field in _UP else value)
    if slot.kind == "polygon":
        return format_polygon(value)
    if slot.kind == "circle":
        circle: Circle = value
        return f"{_degrees(circle.latitude_deg)},{_degrees(circle.longitude_deg)} {circle.radius_km:.6f}"
    if slot.kind == "decimal":
        return f"{value:.3f}"
    return xml_text(str(value))


def format_reference(reference: Reference) -> str:
    """An earlier message as ``references`` name it.

    >>> format_reference(Reference("a@b.example", "W1", 0))
    'a@b.example,W1,1970-01-01T00:00:00+00:00'
    """
    return f"{reference.sender},{reference.identifier},{format_seconds(reference.sent_ns)}"


def format_polygon(polygon: Polygon) -> str:
    """Latitude before longitude, 1e-6 deg (0.11 m).

    >>> format_polygon(((33.0, 44.0), (33.0, 44.5), (33.25, 44.0), (33.0, 44.0)))
    '33.000000,44.000000 33.000000,44.500000 33.250000,44.000000 33.000000,44.000000'
    """
    return " ".join(f"{_degrees(latitude)},{_degrees(longitude)}" for latitude, longitude in polygon)


def _degrees(value: float) -> str:
    return f"{round(value, 6) + 0.0:.6f}"
