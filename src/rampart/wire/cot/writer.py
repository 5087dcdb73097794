"""Writer: an event as octets, for a stream or a datagram."""

from __future__ import annotations

import math

from rampart.wire.instant import format_milliseconds
from rampart.wire.xml import Element, write_xml

from .event import UNKNOWN_M, Event, check_event

DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def write_event(event: Event, *, declaration: bool = False) -> bytes:
    """Write an event.

    Parameters
    ----------
    event : Event
        Times are written to the millisecond, degrees to 1e-7 (1 cm), metres to 0.1.
    declaration : bool
        Whether to put an XML declaration in front: for a datagram or file, not for a stream.

    Returns
    -------
    bytes
        UTF-8 on one line. The same event gives the same octets.

    Raises
    ------
    MessageError
        If it breaks a rule of `check_event`.
    """
    check_event(event)
    head = {
        "version": "2.0",
        "uid": event.uid,
        "type": event.type,
        "how": event.how,
        "time": format_milliseconds(event.time_ns),
        "start": format_milliseconds(event.start_ns),
        "stale": format_milliseconds(event.stale_ns),
    }
    more = {"qos": event.qos, "opex": event.opex, "access": event.access}
    head |= {name: value for name, value in more.items() if value is not None}
    point = {
        "lat": f"{round(event.latitude_deg, 7) + 0.0:.7f}",
        "lon": f"{round(event.longitude_deg, 7) + 0.0:.7f}",
        "hae": _metres(event.hae_m),
        "ce": _metres(event.ce_m),
        "le": _metres(event.le_m),
    }
    root = Element("event", attributes=head, children=[Element("point", attributes=point), event.detail])
    return (DECLARATION if declaration else b"") + write_xml(root).encode()


def _metres(value: float) -> str:
    return f"{UNKNOWN_M if math.isnan(value) else round(value, 1) + 0.0:.1f}"
