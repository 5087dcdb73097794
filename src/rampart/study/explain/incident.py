"""Incident: why real threats were missed or late, from what was confirmed on the ground and what was reported.

Nobody knows what really flew. What is known is where something came down, perhaps when, and what others say. So the
account is taken backwards: was there a track whose prediction fits, and who was told; if there was none, had sensors
reported anything along its last seconds, more than chance gives; if not, could they have seen it there at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.ledger import Batch, RecordingReader
from rampart.ledger.inquest.case import point_of
from rampart.ledger.inquest.claims import CONTRADICTS, tracked_types, verdict
from rampart.ledger.inquest.dossier import Dossier, Found
from rampart.ledger.inquest.ellipse import rank
from rampart.ledger.report.story import SiteStory, Threat
from rampart.physics.area import Areas
from rampart.physics.geodesy import horizon_distance_m, polar_to_enu
from rampart.records import SensorModel

from .stages import ASSOCIATION, CLASSIFICATION, DWELL, OUT_OF_RANGE, POLICY

#: A find belongs to a track that names it, or to one whose last prediction holds it within this rank ...
FITS = 0.999
#: ... or comes this near [m]: a prediction of the last second is sharper than a find.
NEAR_M = 100.0
#: Of a drone: to the place where its track ended [m].
FLOWN_ON_M = 400.0
#: Reports this near to the impact [m], within its last seconds, may be of it.
ALONG_M, LAST_S = 1500.0, 12.0
#: Detections that chance would give so rarely are of something [probability].
CHANCE = 0.001


@dataclass(frozen=True, slots=True)
class Sight:
    """What one sensor made of the last seconds before an impact."""

    sensor: str
    gate: str
    detections: int
    expected: float
    words: str

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "sensor": self.sensor, "gate": self.gate, "detections": self.detections,
            "expected": round(self.expected, 2), "words": self.words,
        }  # fmt: skip


def explain_incident(dossier: Dossier) -> dict[str, Any]:
    """Name the gate that each confirmed impact of an incident fell through, as far as its recording shows it.

    Parameters
    ----------
    dossier : Dossier
        With its recording.

    Returns
    -------
    dict
        What ``rampart explain --incident ID --json`` prints.

    Raises
    ------
    InputError
        If there is no recording at hand.
    """
    if dossier.case is None:
        raise InputError(f"incident {dossier.incident['id']}: {dossier.missing}")
    finds = [f for f in dossier.found if not (f.by_simulation and dossier.simulated and f.track is None)]
    batches = tuple(RecordingReader(dossier.case.path).batches()) if finds else ()
    rows = [_row(dossier, found, batches) for found in finds]
    tracked = {row["track"] for row in rows}
    rest = [
        str(t.entry["track_id"]) for _, t in dossier.threats if t.tracks and str(t.entry["track_id"]) not in tracked
    ]
    return {
        "schema": 1,
        "incident": dossier.incident["id"],
        "recording": str(dossier.case.path),
        "simulated": dossier.simulated,
        "threats": rows,
        "unconfirmed": rest,
        "claims": _claims(dossier, len(rows)),
        "notes": _notes(dossier, rows),
    }


def _row(dossier: Dossier, found: Found, batches: Sequence[Batch]) -> dict[str, Any]:
    fitting = _fitting(dossier, found)
    story = fitting[0] if fitting else _nearest_site(dossier, found)
    point = point_of(story.site, found.lat_deg, found.lon_deg)
    endangered = _endangered(story, point)
    base = {"id": f"event {found.event}", "site": story.site.id, "track": None, "note": found.note}
    if fitting is None:
        sights = [_sight(dossier, story, k, point, found, batches) for k in range(len(story.site.sensors))]
        gate = _deciding([s.gate for s in sights])
        unwarned = [{"zone": z, "warned": False, "lead_s": None, "needs_s": s} for z, s in endangered]
        return {**base, "missed": True, "late": False, "gate": gate, "zones": unwarned,
                "sensors": [s.plain() for s in sights]}  # fmt: skip
    threat = fitting[1]
    zones = [_told(threat, zone, needs_s) for zone, needs_s in endangered]
    missed = any(not z["warned"] for z in zones)
    late = not missed and any(z["lead_s"] < z["needs_s"] for z in zones)
    held = _chain_gate(threat, zones) if missed or late else None
    return {**base, "track": threat.entry["track_id"], "missed": missed, "late": late, "gate": held, "zones": zones,
            "sensors": []}  # fmt: skip


def _fitting(dossier: Dossier, found: Found) -> tuple[SiteStory, Threat] | None:
    """The tracked threat that a find belongs to: the one that it names, else the one whose prediction fits best."""
    best: tuple[float, SiteStory, Threat] | None = None
    for story, threat in dossier.threats:
        if found.track is not None:
            if threat.entry.get("track_id") == found.track:
                return story, threat
            continue
        off_m = _misfit_m(story, threat, found)
        if off_m is not None and (best is None or off_m < best[0]):
            best = (off_m, story, threat)
    return None if best is None else best[1:]


def _misfit_m(story: SiteStory, threat: Threat, found: Found) -> float | None:
    """How far a find is from where a threat came down as predicted, or its track ended; None if it cannot be of it."""
    point = point_of(story.site, found.lat_deg, found.lon_deg)
    row = threat.prediction_at(threat.end_s)
    if row is None or not threat.ballistic:
        off_m = float(np.hypot(*(point - threat.tracks[-1].position[-1, :2]))) if threat.tracks else math.inf
        return off_m if off_m <= FLOWN_ON_M else None
    offset = point - row.impact_enu[:2]
    off_m = float(np.hypot(*offset))
    spread = row.impact_covariance + np.eye(2) * max(found.radius_m / 2.0, 1.0) ** 2
    return off_m if rank(offset, spread) <= FITS or off_m <= NEAR_M else None


def _nearest_site(dossier: Dossier, found: Found) -> SiteStory:
    return min(dossier.stories, key=lambda s: float(np.hypot(*point_of(s.site, found.lat_deg, found.lon_deg))))


def _endangered(story: SiteStory, point: np.ndarray) -> list[tuple[str, float]]:
    """Zones that the impact endangered, and what their people need [s]."""
    zones = story.site.zones
    if not zones:
        return []
    near = Areas.of([z.polygon_en for z in zones], [z.warn_radius_m for z in zones]).distance(point[None])[0] <= 0.0
    return [(zones[i].id, zones[i].shelter_time_s) for i in np.flatnonzero(near).tolist()]


def _told(threat: Threat, zone: str, needs_s: float) -> dict[str, Any]:
    arrival_s, first = threat.arrival_s, None
    if zone in threat.entry["warned_zones"]:
        first = threat.at_zone(zone)[1]
    lead = None if first is None else round(arrival_s - first, 3)
    return {"zone": zone, "warned": lead is not None and lead > 0.0, "lead_s": lead, "needs_s": needs_s}


def _chain_gate(threat: Threat, zones: Sequence[dict[str, Any]]) -> str:
    """Where in the chain a tracked threat was held up."""
    confirmed = threat.entry["confirmed_s"]
    latest = min(threat.arrival_s - z["needs_s"] for z in zones)
    if confirmed is None or confirmed > latest:
        return DWELL
    if threat.shown_kind not in ("rocket", "shell", "mortar", "multirotor", "fixed_wing"):
        return CLASSIFICATION
    return POLICY


def _deciding(gates: Sequence[str]) -> str:
    """Of an impact that was never tracked: the gate of the sensor that came furthest."""
    for gate in (ASSOCIATION, "unseen", "down", "horizon", "beam", OUT_OF_RANGE):
        if gate in gates:
            return gate
    return "unseen"


def _sight(
    dossier: Dossier, story: SiteStory, index: int, point: np.ndarray, found: Found, batches: Sequence[Batch]
) -> Sight:
    sensor = story.site.sensors[index]
    when_s = _when_s(dossier, story, found)
    broken = _broken(dossier, story, sensor, when_s)
    if broken:
        return Sight(sensor.id, "down", 0, 0.0, broken)
    blind = _blind(sensor, point)
    if blind:
        return Sight(sensor.id, blind[0], 0, 0.0, blind[1])
    seen, expected = _reports(story, index, point, when_s, batches)
    if seen and _poisson_tail(seen, expected) < CHANCE:
        words = f"{seen} reports near its last {LAST_S:.0f} s, where chance gives {expected:.1f}: never a track"
        return Sight(sensor.id, ASSOCIATION, seen, expected, words)
    words = f"in reach, but {seen} reports near its last {LAST_S:.0f} s are what chance gives ({expected:.1f})"
    return Sight(sensor.id, "unseen", seen, expected, words)


def _when_s(dossier: Dossier, story: SiteStory, found: Found) -> float | None:
    """When it came down, seconds since run start; None where the ledger does not say to a minute."""
    event = next(e for e in dossier.incident["events"] if e["id"] == found.event)
    earliest, latest = event["time_earliest_ns"], event["time_latest_ns"]
    if earliest is None or latest - earliest > 60 * 10**9:
        return None
    return float((latest - story.site.start_ns) * 1e-9)


def _broken(dossier: Dossier, story: SiteStory, sensor: SensorModel, when_s: float | None) -> str:
    """What was wrong with a sensor then; "" if nothing was recorded."""
    if dossier.case is None or when_s is None:
        return ""
    part = f"sensor/{sensor.id}"
    said = [c for c in dossier.case.health.get(story.site.id, ()) if c.part == part and c.time_s <= when_s]
    if not said or said[-1].state.works:
        return ""
    return f"{said[-1].state.label} since {said[-1].time_s:.0f} s{': ' + said[-1].reason if said[-1].reason else ''}"


def _blind(sensor: SensorModel, point: np.ndarray) -> tuple[str, str] | None:
    """Why a sensor cannot see a thing 100 m above a place; None if it can."""
    offset = np.array([*point, 100.0]) - sensor.position_enu
    ground, reach = float(np.hypot(*offset[:2])), float(np.linalg.norm(offset))
    if reach > sensor.max_range_m or reach < sensor.min_range_m:
        return OUT_OF_RANGE, f"{reach / 1000:.1f} km off, outside of its range"
    if ground > float(horizon_distance_m(max(float(sensor.position_enu[2]), 1.0), 100.0)):
        return "horizon", f"{ground / 1000:.1f} km off, below its horizon"
    elevation = math.atan2(float(offset[2]), max(ground, 1.0))
    if not sensor.min_elevation_rad <= elevation <= sensor.max_elevation_rad:
        return "beam", "outside of its cover in elevation"
    return None


def _reports(
    story: SiteStory, index: int, point: np.ndarray, when_s: float | None, batches: Sequence[Batch]
) -> tuple[int, float]:
    """Reports of a sensor near a place in the last seconds, and how many the rest of the recording lets expect."""
    sensor, site = story.site.sensors[index], story.site
    times, places = [], []
    for batch in batches:
        rows = batch.detections
        mine = np.flatnonzero(rows.sensor == index) if batch.site_id == site.id else np.zeros(0, int)
        if not len(mine):
            continue
        elevation = np.nan_to_num(rows.elevation_rad[mine])
        enu = polar_to_enu(rows.range_m[mine], rows.azimuth_rad[mine], elevation) + sensor.position_enu
        times.append((rows.time_ns[mine] - site.start_ns) * 1e-9)
        places.append(enu[:, :2])
    if not times:
        return 0, 0.0
    t, where = np.concatenate(times), np.concatenate(places)
    near = np.hypot(*(where - point).T) <= ALONG_M
    if when_s is None:
        return 0, float(near.sum())
    then = (t > when_s - LAST_S) & (t <= when_s + sensor.scan_period_s)
    others_s = max(float(t.max() - t.min()) - LAST_S - sensor.scan_period_s, LAST_S)
    expected = float((near & ~then).sum()) * (LAST_S + sensor.scan_period_s) / others_s
    return int((near & then).sum()), expected


def _poisson_tail(n: int, expected: float) -> float:
    """Probability of `n` or more where `expected` are, by chance.

    >>> round(_poisson_tail(1, 0.5), 4), _poisson_tail(0, 3.0)
    (0.3935, 1.0)
    """
    below = sum(math.exp(-expected + k * math.log(max(expected, 1e-12)) - math.lgamma(k + 1)) for k in range(n))
    return max(1.0 - below, 0.0) if n else 1.0


def _claims(dossier: Dossier, confirmed: int) -> list[dict[str, Any]]:
    """Claims that speak of more than was tracked or found."""
    tracked = tracked_types(dossier)
    rows = []
    for claim in dossier.claims:
        low = claim["count_low"]
        if claim["source"] == "sensor" or low is None:
            continue
        n = tracked.get(claim["type"], 0) if claim["type"] else sum(tracked.values())
        told = verdict(claim, tracked) if tracked else CONTRADICTS
        rows.append(
            {"claim": claim["id"], "claimed": low, "tracked": n, "confirmed": confirmed, "verdict": told,
             "unaccounted": max(low - max(n, confirmed), 0)}
        )  # fmt: skip
    return rows


def _notes(dossier: Dossier, rows: Sequence[dict[str, Any]]) -> list[str]:
    notes = []
    if not rows:
        notes.append("no impact is confirmed: rampart incident event --kind impact enters one")
    if any(row["track"] is None for row in rows):
        notes.append("which other sensor would have caught it cannot be measured without truth; rampart coverage says "
                     "where each sees what")  # fmt: skip
    if any(row["track"] is None and row["gate"] == "unseen" for row in rows):
        notes.append("unseen: below the horizon behind terrain, in the notch, too weak or by chance; a recording alone "
                     "cannot tell these apart")  # fmt: skip
    return notes


def incident_words(answer: dict[str, Any]) -> list[str]:
    """The lines of an explanation."""
    kind = "simulation" if answer["simulated"] else "from confirmed impacts and reports"
    lines = [f"incident {answer['incident']} ({kind})"]
    for row in answer["threats"]:
        known = f"track {row['track']}" if row["track"] else "NEVER TRACKED"
        failed = "MISSED" if row["missed"] else "LATE" if row["late"] else "warned in time"
        gate = f", it fell through {row['gate']}" if row["gate"] else ""
        note = f" ({row['note']})" if row["note"] else ""
        lines.append(f"impact of {row['id']}{note}: {known}, {failed if row['zones'] else 'no zone in danger'}{gate}")
        for zone in row["zones"]:
            lead = "not warned" if not zone["warned"] else f"warned {zone['lead_s']:.1f} s before"
            lines.append(f"    zone {zone['zone']}: {lead}, its people need {zone['needs_s']:.0f} s")
        lines += [f"    {s['sensor']:<12} {s['gate']:<12} {s['words']}" for s in row["sensors"]]
    for claim in answer["claims"]:
        if claim["unaccounted"]:
            lines.append(
                f"claim {claim['claim']} speaks of {claim['claimed']}, {claim['tracked']} were tracked and "
                f"{claim['confirmed']} found: {claim['unaccounted']} may have been missed, no place of them is known"
            )
    if answer["unconfirmed"]:
        lines.append(f"tracked, and not confirmed on the ground: {', '.join(answer['unconfirmed'])}")
    return [*lines, *(f"note: {note}" for note in answer["notes"])]
