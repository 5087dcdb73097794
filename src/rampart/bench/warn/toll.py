"""Toll: what one raid's warnings cost the people of a region, and whom they left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from rampart.pipeline import FlightPath, build_places
from rampart.records import Flight
from rampart.study.score import REACTION_S
from rampart.warn import Warner, WarnerSpec

from .families import region_raid
from .record import Record
from .region import PEOPLE, RADIUS_M, SHELTER_S, Floats, Ints, Region, ZoneSet
from .watched import SharedAreas, Watched, warn, watch

#: Probabilities from which a zone is warned: the sweep, cautious last.
THRESHOLDS = (0.99, 0.95, 0.9, 0.8, 0.65, 0.5, 0.3, 0.1, 0.03, 0.01, 0.003, 1e-3, 1e-4, 1e-6)
#: Of one raid, zone set and threshold, in this order: people alarmed, told to shelter, and their minutes in shelter;
#: endangered people not told to shelter in time, and not told at all; warnings; warned area over needed area.
MEASURES = ("alarmed", "sheltered", "minutes", "late", "untold", "alarms", "over_warned")
PATH_STEP_S = 0.25


@dataclass(frozen=True, eq=False)
class Danger:
    """Whom a threat endangers, as far as that could be acted on."""

    arrival_s: Floats  #: (m,) at each endangered resident
    residents: Ints  #: (m,)
    by_time: tuple[tuple[float, Ints], ...]  #: the same, residents grouped by arrival

    @classmethod
    def of(cls, arrival_s: Floats, residents: Ints) -> Danger:
        """Group residents by the second, told early rather than late."""
        times, which = np.unique(np.floor(arrival_s * 4.0) / 4.0, return_inverse=True)
        groups = tuple((float(t), residents[which == k]) for k, t in enumerate(times))
        return cls(arrival_s, residents, groups)


@cache
def region(seed: int = 0) -> Region:
    """The region of the benchmark, made once per process."""
    return Region.make(seed)


@cache
def _warners(family: str, spec: WarnerSpec) -> list[tuple[ZoneSet, SharedAreas, list[Warner]]]:
    """For each zone set a warner of every threshold, all with the same areas."""
    found = []
    # the site of every raid of the family, sensors and all: what no sensor covers is not released
    (place,) = build_places(region_raid(family, 0, region().residents))
    minutes = spec.drone_shelter_minutes if family == "drones" else spec.shelter_minutes
    for zones in region().sets:
        site = replace(place.site, zones=zones.zones)
        shared, warners = SharedAreas(Warner(site).areas), []
        for threshold in THRESHOLDS:
            warner = spec.model_copy(update={"miss_cost": minutes / threshold}).build(site, place.environment)
            warner.areas = shared  # type: ignore[assignment]
            warners.append(warner)
        found.append((zones, shared, warners))
    return found


def toll(family: str, seed: int, spec: WarnerSpec | None = None) -> dict[str, Any]:
    """One raid over every zone set and threshold.

    Returns
    -------
    dict
        ``threats`` that endanger anybody in a way that could be acted on, those ``endangered`` people, and ``table``:
        by zone set, threshold and `MEASURES`.
    """
    spec = spec or WarnerSpec()
    land = region()
    watched = watch(region_raid(family, seed, land.residents), seed)
    dangers = _dangers(watched, land)
    table = []
    for zones, shared, warners in _warners(family, spec):
        shared.forget()
        rows = []
        for warner in warners:
            warner.restore(_blank(warner))
            warned = warn(warner, watched)
            record = Record.of(warned, watched.run.place.site.start_ns, watched.scorer.duration_s)
            rows.append(_measure(record, zones, dangers, shared, watched))
        table.append(rows)
    people = sum(len(d.residents) for d in dangers) * PEOPLE
    return {"threats": len(dangers), "endangered": people, "table": table}


_BLANKS: dict[int, dict[str, Any]] = {}


def _blank(warner: Warner) -> dict[str, Any]:
    """The state of a warner that has seen nothing."""
    return _BLANKS.setdefault(id(warner), warner.snapshot())


def _dangers(watched: Watched, land: Region) -> list[Danger]:
    """Whom each threat endangers once three detections are in by the shelter time and 2 s before it arrives."""
    found = []
    detections, shown = watched.scorer.looks
    for i, flight in enumerate(watched.run.world.flights):
        when, who = _endangered(flight, land.residents)
        received_s = np.sort(watched.scorer.seconds(detections.received_ns[shown == i]))
        third_s = received_s[2] if len(received_s) > 2 else np.inf
        fair = third_s <= when - SHELTER_S - REACTION_S
        if fair.any():
            found.append(Danger.of(when[fair], who[fair]))
    return found


def _endangered(flight: Flight, residents: Floats) -> tuple[Floats, Ints]:
    """Residents within the danger radius of an impact or of a drone's path, and when the threat is there."""
    if flight.ballistic:
        who = np.flatnonzero(np.hypot(*(residents - flight.position_enu[-1, :2]).T) <= RADIUS_M)
        return np.full(len(who), flight.end_s), who
    times = np.append(np.arange(flight.start_s, flight.end_s, PATH_STEP_S), flight.end_s)
    points = FlightPath(flight)(times)[:, :2]
    low, high = points.min(0) - RADIUS_M, points.max(0) + RADIUS_M
    who = np.flatnonzero(((residents >= low) & (residents <= high)).all(1))
    near = np.zeros((len(who), len(times)), bool)
    for k, point in enumerate(points):
        near[:, k] = np.hypot(*(residents[who] - point).T) <= RADIUS_M
    hit = near.any(1)
    return times[near[hit].argmax(1)], who[hit]


def _measure(
    record: Record, zones: ZoneSet, dangers: list[Danger], areas: SharedAreas, watched: Watched
) -> list[float | None]:
    people = zones.people[record.zone]
    untold = late = 0
    told, ready = np.zeros((2, len(zones)), bool)
    for danger in dangers:
        for at_s, residents in danger.by_time:
            told[:] = ready[:] = False
            told[record.in_force(at_s)] = True
            ready[record.sheltered(at_s, SHELTER_S)] = True
            homes = zones.home[residents]
            untold += int((~told[homes]).sum())
            late += int((~ready[homes]).sum())
    return [
        float(people.sum()),
        float(people[np.isfinite(record.shelter_s)].sum()),
        round(float(people @ record.shelter_minutes()), 3),
        late * PEOPLE,
        untold * PEOPLE,
        float(len(record)),
        _over_warned(record, zones, areas, watched),
    ]


def _over_warned(record: Record, zones: ZoneSet, areas: SharedAreas, watched: Watched) -> float | None:
    """Warned area over needed area just before the first arrival; None for drones and where nobody was in danger."""
    flights = [f for f in watched.run.world.flights if f.ballistic]
    if not flights:
        return None
    downs = np.array([f.position_enu[-1, :2] for f in flights])
    needed = (areas.distance(downs) <= 0.0).any(0)
    warned = record.in_force(min(f.end_s for f in flights) - 0.05)
    if not needed.any() or not len(warned):
        return None
    return round(float(zones.area_m2[warned].sum() / zones.area_m2[needed].sum()), 4)
