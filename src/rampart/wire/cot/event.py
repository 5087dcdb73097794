"""Event: one thing at one place for a time, as Cursor on Target 2.0 has it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from rampart.wire.message_error import MessageError
from rampart.wire.xml import Element

UNKNOWN_M = 9_999_999.0  #: on the wire: height or error not known; nan here
_TYPE = re.compile(r"\w+(-\w+)*(;[^;]*)?")
_HOW = re.compile(r"\w(-\w+)*")
_QOS = re.compile(r"\d-\w-\w")
_MAX_UID = 256


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes
    ----------
    uid : str
        Names the thing: a later event of the same uid takes the place of an earlier one.
    type : str
        What it is, e.g. ``"a-u-A"``.
    how : str
        Where the position comes from, e.g. ``"m-f"``.
    time_ns, start_ns, stale_ns : int
        When it was made, and from when until when it holds, ns UTC.
    latitude_deg, longitude_deg : float
        WGS-84.
    hae_m : float
        Height above the ellipsoid; nan where unknown.
    ce_m, le_m : float
        Error around the place and in height, one sigma; or the size of what is described. nan where unknown.
    qos, opex, access : str or None
        Priority, operation or exercise, who may see it.
    detail : Element
        The rest.
    """

    uid: str
    type: str
    how: str
    time_ns: int
    start_ns: int
    stale_ns: int
    latitude_deg: float
    longitude_deg: float
    hae_m: float = math.nan
    ce_m: float = math.nan
    le_m: float = math.nan
    qos: str | None = None
    opex: str | None = None
    access: str | None = None
    detail: Element = field(default_factory=lambda: Element("detail"))

    def part(self, name: str) -> Element | None:
        """The first element of that name in the detail."""
        return self.detail.find(name)


def check_event(event: Event) -> None:
    """Hold an event against the rules of the base schema and of sense.

    Raises
    ------
    MessageError
        ``uid``, ``type``, ``how``, ``qos``, ``position``, ``error_size`` or ``stale_before_start``.
    """
    if not event.uid.strip() or len(event.uid) > _MAX_UID or not event.uid.isprintable():
        raise MessageError("uid", f"{event.uid[:40]!r}")
    for name, pattern, value in (("type", _TYPE, event.type), ("how", _HOW, event.how), ("qos", _QOS, event.qos)):
        if value is not None and not pattern.fullmatch(value):
            raise MessageError(name, f"{event.uid}: {value[:40]!r}")
    if not (-90.0 <= event.latitude_deg <= 90.0 and -180.0 <= event.longitude_deg <= 180.0):
        raise MessageError("position", f"{event.uid}: {event.latitude_deg},{event.longitude_deg}")
    if math.isinf(event.hae_m):
        raise MessageError("position", f"{event.uid}: height {event.hae_m}")
    if any(size < 0.0 or math.isinf(size) for size in (event.ce_m, event.le_m)):
        raise MessageError("error_size", f"{event.uid}: ce {event.ce_m}, le {event.le_m}")
    if event.stale_ns < event.start_ns:
        raise MessageError("stale_before_start", event.uid)
