"""Rules: what the text of CAP 1.2 demands and its schema lets pass.

Each rule has a reason, a fixed phrase; `docs/cap.md` lists them with an example of each.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rampart.wire.instant import SECOND_NS
from rampart.wire.message_error import MessageError

from .alert import Alert, Area, Circle, Info, Polygon, Reference

MAX_POINTS = 5000  #: of one polygon
MAX_PAIRS = 1_000_000  #: of sides compared for crossing; enough for any polygon of 1,400 points
_HALF_EARTH_KM = 20_038.0
_ACT = frozenset({"Shelter", "Evacuate", "Prepare", "Execute", "Avoid"})
_REFERRING = frozenset({"Update", "Cancel", "Ack", "Error"})


def check_alert(alert: Alert) -> None:
    """Hold a message against the rules.

    Raises
    ------
    MessageError
        For the first rule that it breaks.
    """
    _check_head(alert)
    for i, info in enumerate(alert.info, 1):
        _check_info(info, alert, f"info {i}")
        for j, area in enumerate(info.area, 1):
            _check_area(area, f"info {i}, area {j}")


def check_references(alert: Alert, known: Iterable[Alert]) -> None:
    """Hold the references of an Update or Cancel against the messages received before.

    Parameters
    ----------
    alert : Alert
        A message.
    known : iterable of Alert
        Earlier messages, in their order.

    Raises
    ------
    MessageError
        ``reference_unknown`` or ``reference_cancelled``.
    """
    if alert.msg_type not in ("Update", "Cancel"):
        return
    seen, cancelled = set[Reference](), set[Reference]()
    for earlier in known:
        seen.add(earlier.reference)
        if earlier.msg_type == "Cancel":
            cancelled.update(earlier.references)
    for reference in alert.references:
        if reference not in seen:
            raise MessageError("reference_unknown", reference.identifier)
        if reference in cancelled:
            raise MessageError("reference_cancelled", reference.identifier)


def is_name(text: str) -> bool:
    """Whether a text may be an identifier or a sender: no blank, comma, < or &."""
    return bool(text) and text.isprintable() and not any(c in ",<&" or c.isspace() for c in text)


def _check_head(alert: Alert) -> None:
    for name, value in (("identifier", alert.identifier), ("sender", alert.sender)):
        if not is_name(value):
            raise MessageError(name, f"{value[:40]!r}: must have no blank, comma, < or & and not be empty")
    if alert.scope == "Restricted" and not (alert.restriction or "").strip():
        raise MessageError("restriction_missing", "scope Restricted says how it is restricted")
    if alert.scope == "Private" and not (alert.addresses or "").strip():
        raise MessageError("addresses_missing", "scope Private says for whom it is")
    if alert.msg_type in _REFERRING and not alert.references:
        raise MessageError("references_missing", f"{alert.msg_type} names the messages that it is about")
    if alert.msg_type == "Error" and not (alert.note or "").strip():
        raise MessageError("note_missing", "Error says in its note what is wrong")
    if alert.msg_type in ("Alert", "Update") and not alert.info:
        raise MessageError("info_missing", f"{alert.msg_type} without info says nothing")
    for reference in alert.references:
        if (reference.sender, reference.identifier) == (alert.sender, alert.identifier):
            raise MessageError("reference_self", reference.identifier)
        if reference.sent_ns // SECOND_NS > alert.sent_ns // SECOND_NS:
            raise MessageError("reference_later", f"{reference.identifier} was sent later than this message")


def _check_info(info: Info, alert: Alert, place: str) -> None:
    if not info.event.strip():
        raise MessageError("empty_text", f"{place}: event")
    if any(not pair.value_name.strip() for pair in (*info.parameter, *info.event_code)):
        raise MessageError("empty_text", f"{place}: valueName")
    _check_times(info, alert, place)
    act = _ACT.intersection(info.response_type)
    if act and "AllClear" in info.response_type:
        raise MessageError("contradiction", f"{place}: AllClear and {min(act)}")
    if act and info.urgency == "Past":
        raise MessageError("contradiction", f"{place}: urgency Past and {min(act)}")
    if "AllClear" in info.response_type and info.urgency in ("Immediate", "Expected", "Future"):
        raise MessageError("contradiction", f"{place}: AllClear and urgency {info.urgency}")
    if info.certainty == "Observed" and info.urgency == "Future":
        raise MessageError("contradiction", f"{place}: observed, and yet to come")
    if info.web and ":" not in info.web.partition("/")[0]:
        raise MessageError("uri_relative", f"{place}: web is a full address")
    for resource in info.resource:
        if not resource.mime_type.strip() or not resource.resource_desc.strip():
            raise MessageError("empty_text", f"{place}: resource")
        if resource.size is not None and resource.size < 0:
            raise MessageError("resource_size", f"{place}: {resource.size} octets")


def _check_times(info: Info, alert: Alert, place: str) -> None:
    if info.expires_ns is None:
        return
    if info.expires_ns <= alert.sent_ns:
        raise MessageError("expired_when_sent", f"{place}: expires is not after sent")
    for name, start_ns in (("effective", info.effective_ns), ("onset", info.onset_ns)):
        if start_ns is not None and start_ns > info.expires_ns:
            raise MessageError("expires_before_start", f"{place}: expires before {name}")


def _check_area(area: Area, place: str) -> None:
    if not area.area_desc.strip():
        raise MessageError("empty_text", f"{place}: areaDesc")
    for k, polygon in enumerate(area.polygon, 1):
        fault = polygon_fault(polygon)
        if fault is not None:
            raise MessageError(fault[0], f"{place}, polygon {k}: {fault[1]}")
    for k, circle in enumerate(area.circle, 1):
        _check_circle(circle, f"{place}, circle {k}")
    if any(not code.value_name.strip() for code in area.geocode):
        raise MessageError("empty_text", f"{place}: valueName")
    if area.ceiling is not None and (area.altitude is None or area.ceiling < area.altitude):
        raise MessageError("ceiling", f"{place}: a ceiling needs an altitude below it")


def _in_range(latitude: float, longitude: float) -> bool:
    return -90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0


def _check_circle(circle: Circle, place: str) -> None:
    if not _in_range(circle.latitude_deg, circle.longitude_deg):
        raise MessageError("circle_range", f"{place}: {circle.latitude_deg},{circle.longitude_deg}")
    if not 0.0 <= circle.radius_km <= _HALF_EARTH_KM:
        raise MessageError("circle_radius", f"{place}: {circle.radius_km} km")


def polygon_fault(polygon: Polygon) -> tuple[str, str] | None:
    """What is wrong with a polygon: the reason and what exactly; None if nothing is."""
    if not 4 <= len(polygon) <= MAX_POINTS:
        return "polygon_points", f"{len(polygon)} points, expected 4 to {MAX_POINTS}"
    for latitude, longitude in polygon:
        if not _in_range(latitude, longitude):
            swapped = "; longitude first?" if _in_range(longitude, latitude) else ""
            return "polygon_range", f"{latitude},{longitude}{swapped}"
    if polygon[0] != polygon[-1]:
        return "polygon_open", "the last point is not the first"
    points = np.array(polygon)
    if (np.abs(np.diff(points[:, 1])) > 180.0).any():
        return "polygon_dateline", "a side runs over the 180th meridian"
    centred = points - points[0]
    if not np.abs(centred[:-1, 0] * centred[1:, 1] - centred[1:, 0] * centred[:-1, 1]).max() > 0.0:
        return "polygon_flat", "no area"
    try:
        crossed = crosses_itself(points)
    except ValueError as error:
        return "polygon_tangled", str(error)
    return ("polygon_crossed", "two sides cross") if crossed else None


def crosses_itself(points: np.ndarray) -> bool:
    """Whether two sides of a closed polygon properly cross; sides that only touch are let pass.

    Parameters
    ----------
    points : (n, 2) array
        Corners, the last one equal to the first.

    Raises
    ------
    ValueError
        If more than `MAX_PAIRS` pairs of sides share a latitude: nobody's zone looks like that.

    Examples
    --------
    >>> crosses_itself(np.array([(0, 0), (4, 4), (4, 0), (0, 4), (0, 0)], dtype=float))
    True
    """
    a, b = points[:-1], points[1:]
    low, high = np.minimum(a[:, 0], b[:, 0]), np.maximum(a[:, 0], b[:, 0])
    order = np.argsort(low, kind="stable")
    a, b, low, high = a[order], b[order], low[order], high[order]
    first = np.arange(len(a))
    # sides that start before this one ends, and not before it starts
    counts = np.searchsorted(low, high, side="right") - first - 1
    total = int(counts.sum())
    if total > MAX_PAIRS:
        raise ValueError(f"{total} pairs of sides to compare")
    i = np.repeat(first, counts)
    j = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts) + i + 1
    straddles = _side(a[i], b[i], a[j]) * _side(a[i], b[i], b[j]) < 0.0
    straddled = _side(a[j], b[j], a[i]) * _side(a[j], b[j], b[i]) < 0.0
    return bool((straddles & straddled).any())


def _side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Twice the signed area of the triangles p, q, r."""
    pq, pr = q - p, r - p
    return np.sign(pq[..., 0] * pr[..., 1] - pq[..., 1] * pr[..., 0])
