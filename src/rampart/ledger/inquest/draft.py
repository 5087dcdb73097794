"""Draft: a recording as incidents - who came, what was estimated, who was told when, and the file by its hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.ledger.incidents import ClaimDraft, Count, IncidentDraft, Span
from rampart.ledger.incidents.findings import EventDraft, EvidenceDraft
from rampart.ledger.report.story import Raid, SiteStory, Threat
from rampart.ledger.words import BALLISTIC, count, join, kind_name
from rampart.records import HealthState, Phase

from .case import Case, groups, place_of
from .ellipse import Ellipse

#: How the notes of events begin that the report and the calibration read again.
FIRST, HALF, LAST = (f"predicted as known {when}" for when in ("at the first warning", "half-way", "at last"))
TRUE = "true impact"
SIMULATED, RECEIVED = "simulation", "received data"
KEPT = "; kept at "
_ALARM = (Phase.PREPARE, Phase.SHELTER)
_OUTCOMES = {"destroyed": "intercepted", "leaked": "landed", "outside": "landed"}


def drafts_of(case: Case, *, key: str | None = None, title: str | None = None) -> list[IncidentDraft]:
    """The incidents of a recording: one for each site, raids more than five minutes apart being two.

    Parameters
    ----------
    case : Case
        As `read_case` gives it.
    key, title : str or None
        For the incident; a key needs a recording of a single one.

    Raises
    ------
    InputError
        If no threat is in the recording.
    """
    parts = [(story, raids) for story in case.stories for raids in groups(story)]
    if not parts:
        raise InputError("holds no threat that was tracked: there is nothing to make an incident of", path=case.path)
    if key is not None and len(parts) > 1:
        raise InputError(f"holds {len(parts)} incidents: one --key does not fit them all", path=case.path)
    parts.sort(key=lambda part: part[1][0].start_s)
    return [_draft(case, story, raids, key, title) for story, raids in parts]


def _draft(case: Case, story: SiteStory, raids: Sequence[Raid], key: str | None, title: str | None) -> IncidentDraft:
    threats = [threat for raid in raids for threat in raid.threats]
    start, end = min(t.launch_s for t in threats), max(t.arrival_s for t in threats)
    lat, lon, radius = _whereabouts(story, threats)
    kinds = Counter(t.shown_kind for t in threats)
    came = join([count(n, kind_name(kind, 1), kind_name(kind, 2)) for kind, n in kinds.items()])
    head = f"{'Simulation: ' if case.simulated else ''}{came} at {story.name}"
    return IncidentDraft(
        site=story.name,
        key=key,
        title=title or head[:1].upper() + head[1:],
        time=_span(story, start, end),
        lat_deg=lat,
        lon_deg=lon,
        radius_m=radius,
        status="under_investigation",
        reason=f"entered from {case.path.name}",
        claims=tuple(_claims(threats)),
        events=tuple(_events(case, story, raids, threats)),
        evidence=(_evidence(case),),
    )


def _span(story: SiteStory, start_s: float, end_s: float | None = None) -> Span:
    start, end = (story.site.start_ns + round(t * 1e9) for t in (start_s, start_s if end_s is None else end_s))
    return Span(start, max(start, end), 0)


def _whereabouts(story: SiteStory, threats: Sequence[Threat]) -> tuple[float, float, float]:
    """The middle of where they came down, or were last seen, and a radius that holds them and the site's origin."""
    ends = np.array([end_point(threat)[:2] for threat in threats])
    middle = ends.mean(axis=0)
    far = max(np.hypot(*(ends - middle).T).max(), np.hypot(*middle))
    lat, lon = place_of(story.site, np.array([*middle, 0.0]))
    return lat, lon, round(float(far) + 100.0, -2)


def end_point(threat: Threat) -> np.ndarray:
    """Where it came down as last predicted, or where its track ended; of what was never tracked where it really did."""
    row = threat.prediction_at(threat.end_s)
    if row is not None and threat.ballistic:
        return np.asarray(row.impact_enu)
    if threat.tracks:
        return np.asarray(threat.tracks[-1].position[-1])
    return np.asarray(threat.flight.position_enu[-1]) if threat.flight is not None else np.zeros(3)


def _claims(threats: Sequence[Threat]) -> Iterator[ClaimDraft]:
    """What the sensors say: how many of which type were tracked."""
    tracked = [t for t in threats if t.tracks]
    types: dict[str, list[Threat]] = {}
    for threat in tracked:
        types.setdefault(threat.shown_kind if threat.shown_kind in BALLISTIC else "drone", []).append(threat)
    for kind, mine in types.items():
        outcomes = {_OUTCOMES.get(str(t.entry["outcome"])) for t in mine}
        known = outcomes - {None}
        outcome = None if None in outcomes or not known else "partly" if len(known) > 1 else str(known.pop())
        yield ClaimDraft(
            "sensor",
            f"{count(len(mine), kind_name(kind, 1), kind_name(kind, 2))} tracked".capitalize() + ".",
            publisher="Rampart",
            count=Count(len(mine), len(mine)),
            type=kind,
            outcome=outcome,
            confidence=_confidence(mine),
        )


def _confidence(threats: Sequence[Threat]) -> float:
    """How sure the tracks are to be what they were taken for, on average."""
    sure = [float(t.entry.get("class_probability") or 0.5) for t in threats]
    return round(min(max(float(np.mean(sure)), 0.5), 0.99), 3)


def _events(case: Case, story: SiteStory, raids: Sequence[Raid], threats: Sequence[Threat]) -> Iterator[EventDraft]:
    for threat in threats:
        yield from _threat_events(story, threat)
    yield from _warning_events(story, raids)
    for change in case.health.get(story.site.id, ()):
        if change.state not in (HealthState.OK, HealthState.STARTING) and change.time_s <= raids[-1].end_s:
            reason = f": {change.reason}" if change.reason else ""
            yield EventDraft("other", _span(story, change.time_s), note=f"{change.part} {change.state.label}{reason}")


def _threat_events(story: SiteStory, threat: Threat) -> Iterator[EventDraft]:
    entry, name = threat.entry, entry_track(threat)
    known: dict[str, Any] = {"track": name}
    if entry["first_detection_s"] is not None:
        tracked = entry["confirmed_s"]
        more = f", tracked {tracked - entry['first_detection_s']:.1f} s later as {kind_name(threat.shown_kind)}"
        note = f"{entry['id']} first detected" + (more if tracked is not None else ", never tracked")
        yield EventDraft("detection", _span(story, entry["first_detection_s"]), note=note, **known)
    last = threat.prediction_at(threat.end_s)
    if last is not None and np.isfinite(last.launch_enu[0]):
        at_s = (int(last.launch_ns) - story.site.start_ns) * 1e-9
        note = f"{entry['id']}: launch point as estimated"
        yield _point(story, "launch", at_s, last.launch_enu, last.launch_covariance, note, known)
    first_s = entry["first_warning_s"]
    first = threat.prediction_at(first_s) if first_s is not None else None
    half_s = min(threat.halfway_s, threat.end_s)
    for words, row, when_s in (
        (FIRST, first, first_s), (HALF, threat.prediction_at(half_s), half_s), (LAST, last, threat.end_s),
    ):  # fmt: skip
        if row is not None and threat.ballistic:
            arrival_s = (int(row.impact_ns) - story.site.start_ns) * 1e-9
            note = f"{words}, {arrival_s - float(when_s or 0.0):.1f} s before: {entry['id']}"
            yield _point(story, "impact", arrival_s, row.impact_enu, row.impact_covariance, note, known)
    yield from _truth(story, threat, known)


def _truth(story: SiteStory, threat: Threat, known: dict[str, Any]) -> Iterator[EventDraft]:
    """What a simulation knows beside: interceptions, and where the threat came down."""
    if threat.destroyed_s is not None:
        note = f"{threat.entry['id']} intercepted in the simulation"
        yield EventDraft("interception", _span(story, threat.destroyed_s), note=note, **known)
    elif threat.flight is not None and threat.ballistic and threat.entry["outcome"] in ("leaked", "outside"):
        lat, lon = place_of(story.site, threat.flight.position_enu[-1])
        note = f"{TRUE} of {threat.entry['id']}, by the simulation"
        yield EventDraft("impact", _span(story, threat.arrival_s), None, lat, lon, 0.0, note, **known)


def _point(
    story: SiteStory,
    kind: str,
    at_s: float,
    point: np.ndarray,
    covariance: np.ndarray,
    note: str,
    known: dict[str, Any],
) -> EventDraft:
    lat, lon = place_of(story.site, point)
    e = Ellipse.of(covariance)
    return EventDraft(
        kind, _span(story, at_s), None, lat, lon, round(e.semi_major_m, 2), note, **known,
        semi_major_m=round(e.semi_major_m, 2), semi_minor_m=round(e.semi_minor_m, 2),
        azimuth_deg=round(e.azimuth_deg, 3), probability=e.probability,
    )  # fmt: skip


def _warning_events(story: SiteStory, raids: Sequence[Raid]) -> Iterator[EventDraft]:
    """One event for each zone's alarm: when it began, what was asked, how long before the arrival, how it ended."""
    start, end = raids[0].start_s - 1.0, raids[-1].end_s + 60.0
    alarms: dict[str, list[Any]] = {}
    for message in story.messages:
        if start <= message.time_s <= end:
            alarms.setdefault(message.warning, []).append(message)
    for messages in alarms.values():
        begun = [m for m in messages if m.phase in _ALARM]
        if not begun:
            continue
        first, over = begun[0], next((m for m in messages if m.phase not in _ALARM), None)
        left = "" if not np.isfinite(first.time_to_impact_s) else f", {first.time_to_impact_s:.1f} s before the arrival"
        shelter = next((m for m in begun if m.phase == Phase.SHELTER), None)
        later = "" if shelter in (None, first) else f", shelter {shelter.time_s - first.time_s:.1f} s later"
        ended = "" if over is None else f"; {over.phase.label} after {over.time_s - first.time_s:.0f} s"
        zone = first.zone.name or first.zone.id
        note = f"{first.phase.label}{left}{later}{ended}"
        span = _span(story, first.time_s, over.time_s if over else None)
        track = f"{story.site.id}/T{first.tracks[0]}" if first.tracks else None
        yield EventDraft("warning", span, f"zone {zone}", note=note, track=track)


def entry_track(threat: Threat) -> str | None:
    """Name of the track under which a threat is known."""
    return str(threat.entry["track_id"]) if threat.entry.get("track_id") else None


def _evidence(case: Case) -> EvidenceDraft:
    name = case.run.scenario.get("name", "recording")
    seed = case.run.header.get("seed")
    what = f"{SIMULATED}: {name}, seed {seed}" if case.simulated else f"{RECEIVED}: {name}"
    output = str(case.run.summary.get("output_sha256") or "")
    said = f"; output_sha256 {output}" if output else ""
    return EvidenceDraft(
        "recording", case.path.name, case.sha256, case.size_bytes, f"{what}{said}{KEPT}{case.path.resolve()}"
    )
