"""Observed: what a recording without truth says of the threats in it, in the words of a run's summary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from rampart.ledger.report.story import SiteStory, Track, tell
from rampart.ledger.run_record import RunRecord
from rampart.ledger.words import BALLISTIC
from rampart.physics.area import Areas
from rampart.records import Phase, PredictionKind, Predictions, Site, TargetClass

_ALARM = (Phase.PREPARE, Phase.SHELTER)
_THREATS = frozenset(c.label for c in TargetClass if c.ballistic or c.drone)
#: Of a prediction: probability that its track is such a threat, from which on the track counts as one.
LEAST_WEIGHT = 0.5


def with_observed_threats(run: RunRecord) -> RunRecord:
    """The run with an entry for each threat: those of its score, or where nobody knew what flew, those tracked.

    A track is a threat if a warning was given because of it, or if it ended as a class that threatens and its impact
    or reach was predicted. What it did is then what was estimated: launch and arrival are those of its last
    prediction, and a zone was in danger if that prediction comes down within its danger radius, or a drone passed
    there or was last predicted to reach it.
    """
    if run.summary.get("threats"):
        return run
    entries = [entry for story in tell(run) for entry in _entries(run, story)]
    return replace(run, summary={**run.summary, "threats": entries})


def _entries(run: RunRecord, story: SiteStory) -> list[dict[str, Any]]:
    steps = run.steps.get(story.site.id, ())
    rows = Predictions.concat(step.predictions for step in steps)
    return [
        _entry(story, track, rows.take(rows.track == track.number))
        for track in story.tracks
        if _is_threat(story, track, rows)
    ]


def _is_threat(story: SiteStory, track: Track, rows: Predictions) -> bool:
    if any(track.number in m.tracks for m in story.messages if m.phase in _ALARM):
        return True
    sure = (rows.track == track.number) & (rows.weight >= LEAST_WEIGHT)
    return track.kind in _THREATS and bool(sure.any())


def _entry(story: SiteStory, track: Track, rows: Predictions) -> dict[str, Any]:
    site, ballistic = story.site, track.kind in BALLISTIC
    launch_s, arrival_s = _times(site, track, rows, ballistic)
    arrivals = _in_danger(site, track, rows, ballistic, arrival_s)
    needed = [zone.id for zone in site.zones if zone.id in arrivals]
    arrival_s = min(arrivals.values(), default=arrival_s)
    first: dict[str, float] = {}
    for message in story.messages:
        if message.phase in _ALARM and track.number in message.tracks:
            first.setdefault(message.zone.id, message.time_s)
    warned = [zone.id for zone in site.zones if first.get(zone.id, np.inf) < arrivals.get(zone.id, arrival_s)]
    relevant = [first[z] for z in (needed or warned) if z in warned]
    first_s = min(relevant, default=None)
    return {
        "id": track.name.split("/")[-1],
        "site": site.id,
        "kind": track.kind,
        "launch_s": round(launch_s, 3),
        "arrival_s": round(arrival_s, 3),
        "observable": True,
        "first_detection_s": round(track.first_s, 3),
        "confirmed_s": round(track.confirmed_s, 3),
        "track_id": track.name,
        "class": track.kind,
        "class_probability": track.probability,
        "pairs": [
            {"zone": z, "arrival_s": arrivals[z], "first_warning_s": first.get(z), "warned": z in warned}
            for z in needed
        ],
        "needed_zones": needed,
        "warned_zones": warned,
        "first_warning_s": first_s,
        "warning_lead_s": None if first_s is None else round(arrival_s - first_s, 3),
        "impact_error_m": {},
        "impact_bound_m": {},
        "in_ellipse_90": None,
        "launch_error_m": None,
        "engagements": 0,
        "outcome": "unknown",
    }


def _times(site: Site, track: Track, rows: Predictions, ballistic: bool) -> tuple[float, float]:
    """Launch and arrival [s] as last estimated; first and last sight of it where nothing was."""
    launch_s, arrival_s = track.first_s, track.end_s
    known = rows.take((rows.kind == PredictionKind.IMPACT) & np.isfinite(rows.impact_enu[:, 0]))
    if ballistic and len(known):
        last = known[-1]
        arrival_s = (int(last.impact_ns) - site.start_ns) * 1e-9
        if int(last.launch_ns):
            launch_s = min(launch_s, (int(last.launch_ns) - site.start_ns) * 1e-9)
    return launch_s, max(arrival_s, track.confirmed_s)


def _in_danger(site: Site, track: Track, rows: Predictions, ballistic: bool, arrival_s: float) -> dict[str, float]:
    """Zones in danger and when it arrived there [s]: by the last predicted impact; of a drone, where it passed.

    A drone whose track ended before it got anywhere endangered the zone that it was last predicted to reach.
    """
    if not site.zones:
        return {}
    areas = Areas.of([z.polygon_en for z in site.zones], [z.warn_radius_m for z in site.zones])
    if ballistic:
        known = rows.take((rows.kind == PredictionKind.IMPACT) & np.isfinite(rows.impact_enu[:, 0]))
        if not len(known):
            return {}
        near = areas.distance(known.impact_enu[-1:, :2])[0] <= 0.0
        return {site.zones[i].id: arrival_s for i in np.flatnonzero(near).tolist()}
    inside = areas.distance(track.position[:, :2]) <= 0.0
    passed = np.flatnonzero(inside.any(axis=0)).tolist()
    found = {site.zones[i].id: float(track.time_s[np.argmax(inside[:, i])]) for i in passed}
    reach = rows.take((rows.kind == PredictionKind.REACH) & (rows.asset >= 0) & np.isfinite(rows.time_to_asset_s))
    if not found and len(reach):
        last = reach[-1]
        when_s = (int(last.time_ns) - site.start_ns) * 1e-9 + float(last.time_to_asset_s)
        found[site.zones[int(last.asset)].id] = when_s
    return found
