"""Dossier: all that is known of one incident - the ledger's rows, its recording, and what was found on the ground."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.ledger.incidents import Span
from rampart.ledger.incidents.estimate import estimate_incident
from rampart.ledger.report.story import Raid, SiteStory, Threat

from .case import Case, point_of, read_case
from .draft import KEPT, TRUE
from .ellipse import Ellipse

_FOUND = ("impact", "find")


@dataclass(frozen=True, slots=True)
class Found:
    """Where something is confirmed to have come down."""

    lat_deg: float
    lon_deg: float
    radius_m: float
    track: str | None
    note: str
    event: int

    @property
    def by_simulation(self) -> bool:
        """Known because the simulation made it."""
        return self.note.startswith(TRUE)


@dataclass(frozen=True)
class Failure:
    """One threat that was missed, late or taken for something else, and why."""

    id: str
    verdict: str
    why: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dossier:
    """What an after-action report is written from.

    Attributes
    ----------
    incident : dict
        As ``Ledger.incident`` gives it.
    case : Case or None
        Its recording, cut to the incident; None where there is none at hand.
    missing : str
        Why there is no recording at hand; "" if there is one.
    failures : tuple of Failure or None
        What the explainer found; None where it could not be asked.
    head : str or None
        Hash of the ledger's last entry.
    record : dict
        How good predictions were so far, over all incidents: what `calibration` answers.
    """

    incident: Mapping[str, Any]
    case: Case | None = None
    missing: str = ""
    failures: Sequence[Failure] | None = None
    notes: tuple[str, ...] = ()
    head: str | None = None
    version: str = ""
    estimate: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """Whether it is of a simulation."""
        return self.case.simulated if self.case is not None else is_simulated(self.incident)

    @property
    def stories(self) -> tuple[SiteStory, ...]:
        """The sites of the recording."""
        return self.case.stories if self.case is not None else ()

    @cached_property
    def raids(self) -> tuple[tuple[SiteStory, Raid], ...]:
        """Raids in the order of their beginning."""
        pairs = [(story, raid) for story in self.stories for raid in story.raids]
        return tuple(sorted(pairs, key=lambda pair: pair[1].start_s))

    @cached_property
    def threats(self) -> tuple[tuple[SiteStory, Threat], ...]:
        """Threats in the order of their launch."""
        pairs = [(story, threat) for story, raid in self.raids for threat in raid.threats]
        return tuple(sorted(pairs, key=lambda pair: (pair[1].launch_s, pair[1].number)))

    @property
    def claims(self) -> Sequence[Mapping[str, Any]]:
        """What anybody says of it."""
        found: Sequence[Mapping[str, Any]] = self.incident["claims"]
        return found

    @cached_property
    def time(self) -> Span | None:
        """When it was."""
        row = self.incident
        if row["time_earliest_ns"] is None:
            return None
        return Span(row["time_earliest_ns"], row["time_latest_ns"], row["time_offset_min"] or 0)

    @cached_property
    def found(self) -> tuple[Found, ...]:
        """Confirmed impacts and finds: entered with a place, and not as an estimate."""
        return found_in(self.incident["events"])

    def found_of(self, threat: Threat) -> Found | None:
        """What was found of a threat: of its track, or the only find there is for the only threat there was."""
        mine = [f for f in self.found if f.track is not None and f.track == threat.entry.get("track_id")]
        if not mine and len(self.threats) == 1 and len(self.found) == 1 and self.found[0].track is None:
            mine = [self.found[0]]
        return mine[0] if mine else None

    def events(self, kind: str) -> list[Mapping[str, Any]]:
        """Events of a kind."""
        return [event for event in self.incident["events"] if event["kind"] == kind]


def found_in(events: Sequence[Mapping[str, Any]]) -> tuple[Found, ...]:
    """Confirmed impacts among the events of an incident."""
    return tuple(
        Found(e["lat_deg"], e["lon_deg"], e["radius_m"] or 0.0, e["track"], e["note"] or "", e["id"])
        for e in events
        if e["kind"] in _FOUND and e["lat_deg"] is not None and e["probability"] is None
    )


def is_simulated(incident: Mapping[str, Any]) -> bool:
    """Whether an incident was entered from the recording of a simulation."""
    return any(e["kind"] == "recording" and str(e["note"]).startswith("simulation") for e in incident["evidence"])


def ellipse_in(event: Mapping[str, Any]) -> Ellipse | None:
    """The ellipse of an event; None if it has none."""
    if event["semi_major_m"] is None or event["probability"] is None:
        return None
    axes = (event["semi_major_m"], event["semi_minor_m"] or event["semi_major_m"])
    return Ellipse(*axes, event["azimuth_deg"] or 0.0, event["probability"])


def open_dossier(incident: Mapping[str, Any], recording: Path | None = None, **more: Any) -> Dossier:
    """Collect what is known of an incident; its recording is looked for where it was when it was entered.

    Parameters
    ----------
    incident : mapping
        As ``Ledger.incident`` gives it.
    recording : pathlib.Path or None
        Where the recording is now.
    **more
        Further attributes of the dossier.

    Raises
    ------
    InputError
        If `recording` is not the file that the incident has as evidence.
    """
    case, missing = _case(incident, recording)
    return Dossier(incident, case, missing, estimate=estimate_incident(incident["claims"]), **more)


def _case(incident: Mapping[str, Any], recording: Path | None) -> tuple[Case | None, str]:
    known = [e for e in incident["evidence"] if e["kind"] == "recording"]
    if not known:
        if recording is not None:
            raise InputError("is no evidence of this incident; rampart incident add --from enters one", path=recording)
        return None, "no recording was entered as evidence"
    if recording is not None:
        case = read_case(recording)
        if case.sha256 not in {e["sha256"] for e in known}:
            raise InputError("is another file than the one entered as evidence: its hash differs", path=recording)
        return _cut(case, incident), ""
    for row in known:
        path = kept_at(row)
        if path is None or not path.is_file():
            continue
        case = read_case(path)
        if case.sha256 == row["sha256"]:
            return _cut(case, incident), ""
        return None, f"{row['name']} was changed since it was entered: its hash differs, so nothing is taken from it"
    name = known[0]["name"]
    return None, f"{name} (SHA-256 {known[0]['sha256'][:16]}...) is not where it was; --recording FILE says where it is"


def kept_at(evidence: Mapping[str, Any]) -> Path | None:
    """Where a file of evidence was when it was entered."""
    match = re.search(re.escape(KEPT) + r"(.+)$", str(evidence["note"] or ""))
    return Path(match[1]) if match else None


def _cut(case: Case, incident: Mapping[str, Any]) -> Case:
    """The part of a recording that is this incident."""
    if incident["time_earliest_ns"] is None or not case.run.sites:
        return case
    start_ns = case.run.sites[0].start_ns
    start_s, end_s = ((incident[f"time_{w}_ns"] - start_ns) * 1e-9 for w in ("earliest", "latest"))
    sites = tuple(s.site.id for s in case.stories if s.name == incident["site"])
    cut = case.between(start_s - 1.0, end_s + 1.0, sites)
    return cut if cut.stories else case


def offset_of(story: SiteStory, threat_point: np.ndarray, found: Found) -> np.ndarray:
    """East and north [m] from a predicted point to where it was found."""
    return point_of(story.site, found.lat_deg, found.lon_deg) - np.asarray(threat_point)[:2]
