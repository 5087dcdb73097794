"""What is known of an incident beside claims: events within it, and files of evidence by their hash."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rampart.errors import InputError
from rampart.ledger.fingerprint import hash_file

from . import fields
from .drafts import PLACE_FIELDS, Complain, columns_of, read_fields
from .fields import Span


@dataclass(frozen=True, slots=True)
class EventDraft:
    """Something that happened within an incident.

    Parameters
    ----------
    kind : str
        One of `fields.EVENTS`.
    time : Span or None
        When; None for unknown.
    place : str or None
        Where, in words.
    lat_deg, lon_deg, radius_m : float or None
        Where, with the radius within which that is known.
    note : str or None
        A few words.
    track : str or None
        The track that it belongs to.
    semi_major_m, semi_minor_m, azimuth_deg, probability : float or None
        Ellipse around the position: half axes, azimuth of the longer one clockwise from north, and its content.

    Examples
    --------
    >>> EventDraft("siren", note="yard north").row()["kind"]
    'siren'
    """

    kind: str
    time: Span | None = None
    place: str | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    radius_m: float | None = None
    note: str | None = None
    track: str | None = None
    semi_major_m: float | None = None
    semi_minor_m: float | None = None
    azimuth_deg: float | None = None
    probability: float | None = None

    def row(self) -> dict[str, Any]:
        """Its columns of the table ``event``, without ids."""
        names = (
            "kind", "place", "lat_deg", "lon_deg", "radius_m", "note", "track", "semi_major_m", "semi_minor_m",
            "azimuth_deg", "probability",
        )  # fmt: skip
        return {**{name: getattr(self, name) for name in names}, **columns_of("time", self.time)}


@dataclass(frozen=True, slots=True)
class EvidenceDraft:
    """A file that something is known from. The ledger keeps its name and hash, never the file.

    Parameters
    ----------
    kind : str
        One of `fields.EVIDENCE`.
    name : str
        Name of the file, without folders.
    sha256 : str
        Of its bytes, in lower-case hexadecimal.
    size_bytes : int
    note : str or None
        What it shows, where it is kept.
    """

    kind: str
    name: str
    sha256: str
    size_bytes: int
    note: str | None = None

    def row(self) -> dict[str, Any]:
        """Its columns of the table ``evidence``, without ids."""
        return {name: getattr(self, name) for name in ("kind", "name", "sha256", "size_bytes", "note")}


EVENT_FIELDS: Mapping[str, Callable[[str], Any]] = {
    "kind": fields.parse_choice(fields.EVENTS),
    "time": fields.parse_span,
    "place": fields.parse_text(200),
    **PLACE_FIELDS,
    "note": fields.parse_text(500),
    "track": fields.parse_text(100),
    "semi_major_m": fields.parse_number(0, 1e6, " m"),
    "semi_minor_m": fields.parse_number(0, 1e6, " m"),
    "azimuth_deg": fields.parse_number(0, 360, " degrees"),
    "probability": fields.parse_number(0.01, 0.9999),
}


def read_event(given: Mapping[str, Any], complain: Complain, zone: str | None = None) -> EventDraft | None:
    """An event from texts; None if there was something to complain of."""
    wrong: list[str] = []

    def note(name: str, message: str) -> None:
        wrong.append(name)
        complain(name, message)

    values = read_fields(given, EVENT_FIELDS, note, zone)
    if "kind" not in values and "kind" not in wrong:
        note("kind", "is missing")
    return None if wrong else EventDraft(**values)


def evidence_of(path: Path, kind: str, note: str | None = None) -> EvidenceDraft:
    """A file as evidence, by what it holds now.

    Raises
    ------
    InputError
        If the kind is not known or the file cannot be read.
    """
    word = fields.parse_choice(fields.EVIDENCE)(kind)
    if word is None:
        raise InputError(f"kind: expected one of {', '.join(fields.EVIDENCE)}")
    digest, size = hash_file(path)
    return EvidenceDraft(word, path.name, digest, size, None if note is None else fields.parse_text(500)(note))
