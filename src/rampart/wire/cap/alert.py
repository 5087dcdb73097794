"""Alert: a CAP 1.2 message as plain data. Field names are those of the standard; times are ns UTC."""

from __future__ import annotations

from dataclasses import dataclass

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"

Point = tuple[float, float]  #: latitude, longitude [deg], WGS-84
Polygon = tuple[Point, ...]  #: closed: the last point is the first


@dataclass(frozen=True)
class Reference:
    """An earlier message, named by what makes it unique."""

    sender: str
    identifier: str
    sent_ns: int


@dataclass(frozen=True)
class Pair:
    """``parameter``, ``eventCode`` or ``geocode``."""

    value_name: str
    value: str


@dataclass(frozen=True)
class Circle:
    """All points within a radius."""

    latitude_deg: float
    longitude_deg: float
    radius_km: float


@dataclass(frozen=True)
class Area:
    """Where: the union of the shapes."""

    area_desc: str
    polygon: tuple[Polygon, ...] = ()
    circle: tuple[Circle, ...] = ()
    geocode: tuple[Pair, ...] = ()
    altitude: float | None = None  #: ft above mean sea level, as the standard has it
    ceiling: float | None = None


@dataclass(frozen=True)
class Resource:
    """A file that goes with the message. Nothing here fetches it."""

    resource_desc: str
    mime_type: str
    size: int | None = None
    uri: str | None = None
    deref_uri: str | None = None
    digest: str | None = None


@dataclass(frozen=True)
class Info:
    """What is said, in one language."""

    category: tuple[str, ...]
    event: str
    urgency: str
    severity: str
    certainty: str
    language: str | None = None  #: en-US where None
    response_type: tuple[str, ...] = ()
    audience: str | None = None
    event_code: tuple[Pair, ...] = ()
    effective_ns: int | None = None
    onset_ns: int | None = None
    expires_ns: int | None = None
    sender_name: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    web: str | None = None
    contact: str | None = None
    parameter: tuple[Pair, ...] = ()
    resource: tuple[Resource, ...] = ()
    area: tuple[Area, ...] = ()

    def get(self, value_name: str) -> str | None:
        """The value of a parameter."""
        return next((p.value for p in self.parameter if p.value_name == value_name), None)


@dataclass(frozen=True)
class Alert:
    """A message."""

    identifier: str
    sender: str
    sent_ns: int
    status: str
    msg_type: str
    scope: str
    source: str | None = None
    restriction: str | None = None
    addresses: str | None = None
    code: tuple[str, ...] = ()
    note: str | None = None
    references: tuple[Reference, ...] = ()
    incidents: str | None = None
    info: tuple[Info, ...] = ()
    signed: bool = False  #: carries a signature, which reading does not check

    @property
    def reference(self) -> Reference:
        """How later messages name this one."""
        return Reference(self.sender, self.identifier, self.sent_ns)
