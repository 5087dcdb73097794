"""Difference: what a change would have done to tracks, warnings, seconds and people."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

import numpy as np

from rampart.records import TrackStatus
from rampart.study.score import Scorer
from rampart.study.site_run import SiteRun

from .episodes import Episode, episodes, pair, people_warned
from .rerun import Telling

Pairs = dict[tuple[str, str, str], float | None]


def difference(before: Telling, after: Telling, *, duration_s: float, radius_m: float) -> dict[str, Any]:
    """What differs between two runs of one recording.

    Parameters
    ----------
    before, after : Telling
        As recorded, and with the change.
    duration_s : float
        Length of the recording [s].
    radius_m : float
        Match radius of the score [m].

    Returns
    -------
    dict
        See `docs/reference/json.md`, ``replay``. Seconds are positive where the change warns earlier.
    """
    old, new = (_all_episodes(t.sites, duration_s) for t in (before, after))
    pairs = pair(old, new)
    scores = [_score(t.sites, duration_s, radius_m) for t in (before, after)]
    return {
        "output_sha256": after.output_sha256,
        "same_output": after.output_sha256 == before.output_sha256,
        "tracks": _both(*(_confirmed(t.sites) for t in (before, after))),
        "warnings": _both(len(old), len(new)),
        "warnings_added": sum(a is None for a, _ in pairs),
        "warnings_removed": sum(b is None for _, b in pairs),
        "seconds": _seconds(pairs),
        "people_warned": _both(people_warned(old), people_warned(new)),
        "shelter_person_minutes": _both(*(round(sum(e.people * e.shelter_s for e in x) / 60.0, 1) for x in (old, new))),
        "changes": [_change(a, b) for a, b in pairs if a is None or b is None or a.first_s != b.first_s],
        **_scored(*scores),
    }


def _both(before: Any, after: Any) -> dict[str, Any]:
    return {"before": before, "after": after}


def _all_episodes(sites: Mapping[str, SiteRun], duration_s: float) -> list[Episode]:
    return [episode for run in sites.values() for episode in episodes(run, duration_s)]


def _confirmed(sites: Mapping[str, SiteRun]) -> int:
    return sum(
        len({n for out in run.outputs for n in out.tracks.number[out.tracks.status == TrackStatus.CONFIRMED].tolist()})
        for run in sites.values()
    )


def _seconds(pairs: list[tuple[Episode | None, Episode | None]]) -> dict[str, Any]:
    """How much earlier the alarms that both runs have came."""
    zones: dict[str, list[float]] = {}
    for old, new in pairs:
        if old is not None and new is not None:
            zones.setdefault(f"{old.site}/{old.zone}", []).append(round(old.first_s - new.first_s, 3))
    gained = [value for values in zones.values() for value in values]
    known = bool(gained)
    return {
        "n": len(gained),
        "mean": round(fmean(gained), 3) if known else None,
        "least": min(gained) if known else None,
        "most": max(gained) if known else None,
        "zones": zones,
    }


def _change(old: Episode | None, new: Episode | None) -> dict[str, Any]:
    known = old or new
    assert known is not None
    return {
        "site": known.site,
        "zone": known.zone,
        "people": known.people,
        "what": "added" if old is None else "removed" if new is None else "moved",
        "first_s": _both(
            None if old is None else round(old.first_s, 3), None if new is None else round(new.first_s, 3)
        ),
    }


def _score(sites: Mapping[str, SiteRun], duration_s: float, radius_m: float) -> tuple[Pairs, int] | None:
    """Lead of each threat at each zone it endangers, and false warnings; None where nobody knows what flew."""
    if not any(flight.threat for run in sites.values() for flight in run.world.flights):
        return None
    leads: Pairs = {}
    false = 0
    for site, run in sites.items():
        scorer = Scorer(run, radius_m, duration_s)
        false += scorer.warning_counts()["false"]
        for i, flight in enumerate(run.world.flights):
            if not flight.threat or scorer.arrival_s(i) > duration_s:
                continue
            for need in scorer.needs(i):
                first = scorer.first_warning(i, need.zone)
                zone = run.place.site.zones[need.zone].id
                late = first is None or first >= need.arrival_s
                leads[site, flight.id, zone] = None if late else round(need.arrival_s - float(np.float64(first)), 3)
    return leads, false


def _scored(before: tuple[Pairs, int] | None, after: tuple[Pairs, int] | None) -> dict[str, Any]:
    if before is None or after is None:
        return {"missed": None, "false": None, "threats": None}
    old, new = before[0], after[0]
    rows = [
        {"site": key[0], "id": key[1], "zone": key[2], "lead_s": _both(old.get(key), new.get(key))}
        for key in sorted({*old, *new})
    ]
    return {
        "missed": _both(*(sum(lead is None for lead in leads.values()) for leads in (old, new))),
        "false": _both(before[1], after[1]),
        "threats": rows,
    }
