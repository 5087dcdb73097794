"""Incidents and claims before they are in the ledger, and the one reader that all ways in share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rampart.errors import InputError

from . import fields
from .fields import Count, Span

if TYPE_CHECKING:
    from .findings import EventDraft, EvidenceDraft


@dataclass(frozen=True, slots=True)
class ClaimDraft:
    """What one source says of an incident, or of a whole time (`figure`).

    Parameters
    ----------
    source : str
        One of `fields.SOURCES`.
    statement : str
        What it says, shortly and in our words.
    publisher : str or None
        Who published it.
    reference : str or None
        Where it can be read: an address or the name of an article.
    published : Span or None
        When it was published.
    count : Count or None
        How many; None if it does not say.
    type, outcome : str or None
        One of `fields.TYPES`, `fields.OUTCOMES`.
    place : str or None
        Where, in words.
    lat_deg, lon_deg, radius_m : float or None
        Where, with the radius within which it is meant.
    attribution : str or None
        Whom the source names as having done it. A claim, never a finding.
    confidence : float or None
        From 0 to 1; replaces the reliability of the source's kind.
    figure : str or None
        For a published running total: what is counted, e.g. ``attacks this year``.
    period : Span or None
        For a published running total: the time it covers.
    """

    source: str
    statement: str
    publisher: str | None = None
    reference: str | None = None
    published: Span | None = None
    count: Count | None = None
    type: str | None = None
    outcome: str | None = None
    place: str | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    radius_m: float | None = None
    attribution: str | None = None
    confidence: float | None = None
    figure: str | None = None
    period: Span | None = None

    def row(self) -> dict[str, Any]:
        """Its columns of the table ``claim``, without ids."""
        texts = ("source", "publisher", "reference", "statement", "type", "outcome", "place", "attribution", "figure")
        numbers = ("lat_deg", "lon_deg", "radius_m", "confidence")
        return {
            **{name: getattr(self, name) for name in (*texts, *numbers)},
            **columns_of("published", self.published),
            **columns_of("period", self.period),
            "count_low": None if self.count is None else self.count.low,
            "count_high": None if self.count is None else self.count.high,
        }


@dataclass(frozen=True, slots=True)
class IncidentDraft:
    """What happened at one place and time, and who says what about it.

    Parameters
    ----------
    key : str or None
        Name under which it is known; unique in a ledger.
    site : str
        Place by which incidents are counted.
    title : str or None
        A few words.
    time : Span or None
        When; None for unknown, which is not an error.
    lat_deg, lon_deg, radius_m : float or None
        Where, with the radius within which that is known.
    status, reason : str, str or None
        One of `fields.STATUSES`, and why.
    claims : tuple of ClaimDraft
    events : tuple of EventDraft
        What happened within it: launches, warnings, impacts.
    evidence : tuple of EvidenceDraft
        Files that something is known from.
    """

    site: str
    key: str | None = None
    title: str | None = None
    time: Span | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    radius_m: float | None = None
    status: str = "open"
    reason: str | None = None
    claims: tuple[ClaimDraft, ...] = field(default=())
    events: tuple[EventDraft, ...] = field(default=())
    evidence: tuple[EvidenceDraft, ...] = field(default=())

    def row(self) -> dict[str, Any]:
        """Its columns of the table ``incident``, without ids."""
        names = ("key", "title", "site", "lat_deg", "lon_deg", "radius_m", "status")
        return {**{name: getattr(self, name) for name in names}, **columns_of("time", self.time)}


def columns_of(name: str, span: Span | None) -> dict[str, int | None]:
    """The three columns of a time."""
    if span is None:
        return {f"{name}_earliest_ns": None, f"{name}_latest_ns": None, f"{name}_offset_min": None}
    return {
        f"{name}_earliest_ns": span.earliest_ns,
        f"{name}_latest_ns": span.latest_ns,
        f"{name}_offset_min": span.offset_min,
    }


#: Fields of a position.
PLACE_FIELDS: dict[str, Callable[[str], Any]] = {
    "lat_deg": fields.parse_latitude,
    "lon_deg": fields.parse_number(-180, 180, " degrees"),
    "radius_m": fields.parse_number(0, 1e6, " m"),
}

#: Field -> how its text is read.
INCIDENT_FIELDS: Mapping[str, Callable[[str], Any]] = {
    "key": fields.parse_key,
    "site": fields.parse_text(100),
    "title": fields.parse_text(200),
    "time": fields.parse_span,
    **PLACE_FIELDS,
    "status": fields.parse_choice(fields.STATUSES),
    "reason": fields.parse_text(500),
}

CLAIM_FIELDS: Mapping[str, Callable[[str], Any]] = {
    "source": fields.parse_choice(fields.SOURCES),
    "publisher": fields.parse_text(200),
    "reference": fields.parse_text(500),
    "published": fields.parse_span,
    "statement": fields.parse_text(2000),
    "count": fields.parse_count,
    "type": fields.parse_choice(fields.TYPES),
    "outcome": fields.parse_choice(fields.OUTCOMES),
    "place": fields.parse_text(200),
    **PLACE_FIELDS,
    "attribution": fields.parse_text(200),
    "confidence": fields.parse_number(0.01, 0.99),
    "figure": fields.parse_text(100),
    "period": fields.parse_span,
}

#: Told of each mistake: the field, and what is wrong with it.
Complain = Callable[[str, str], None]


def read_fields(
    given: Mapping[str, Any], readers: Mapping[str, Callable[[str], Any]], complain: Complain, zone: str | None = None
) -> dict[str, Any]:
    """Read the texts of an incident or claim; what is wrong is told of, not raised, so that all mistakes are found.

    Parameters
    ----------
    given : mapping of str to str, int, float or None
        Field -> its text; None or an empty text for nothing said.
    readers : mapping
        `INCIDENT_FIELDS` or `CLAIM_FIELDS`.
    complain : callable
        Called with field and message for each mistake.
    zone : str or None
        Zone of times that do not say theirs.
    """
    values = {}
    for name, raw in given.items():
        if raw is None:
            continue
        if name not in readers:
            complain(name, f"unknown; expected one of {', '.join(readers)}")
            continue
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            complain(name, f"{type(raw).__name__} given, expected text or a number")
            continue
        read = readers[name]
        try:
            value = fields.parse_span(str(raw), zone) if read is fields.parse_span else read(str(raw))
        except InputError as error:
            complain(name, str(error))
            continue
        if value is not None:
            values[name] = value
    if ("lat_deg" in values) != ("lon_deg" in values) and given.get("lat_deg") in (None, ""):
        complain("lat_deg", "longitude without latitude")
    elif ("lat_deg" in values) != ("lon_deg" in values) and given.get("lon_deg") in (None, ""):
        complain("lon_deg", "latitude without longitude")
    return values


def read_claim(given: Mapping[str, Any], complain: Complain, zone: str | None = None) -> ClaimDraft | None:
    """A claim from texts; None if there was something to complain of."""
    wrong: list[str] = []

    def note(name: str, message: str) -> None:
        wrong.append(name)
        complain(name, message)

    values = read_fields(given, CLAIM_FIELDS, note, zone)
    for name in ("source", "statement"):
        if name not in values and name not in wrong:
            note(name, "is missing")
    return None if wrong else ClaimDraft(**values)


def read_incident(
    given: Mapping[str, Any], claims: tuple[ClaimDraft, ...], complain: Complain, zone: str | None = None
) -> IncidentDraft | None:
    """An incident from texts; None if there was something to complain of."""
    wrong: list[str] = []

    def note(name: str, message: str) -> None:
        wrong.append(name)
        complain(name, message)

    values = read_fields(given, INCIDENT_FIELDS, note, zone)
    if "site" not in values and "site" not in wrong:
        note("site", "is missing")
    return None if wrong else IncidentDraft(**values, claims=claims)
