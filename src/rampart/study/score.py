"""Score: what a run came to, threat by threat, by the words of the scoring rules.

Arrival, need and errors use undisturbed truth: the threat flown on as if never engaged.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from rampart.records import (
    Detections,
    Fate,
    Phase,
    PredictionKind,
    Predictions,
    TargetClass,
    TrackStatus,
    Warnings,
    track_name,
)

from .bound import impact_bound
from .matching import Matches, match
from .site_run import SiteRun
from .zones import distance_to_polygon

REACTION_S = 2.0  #: what the chain is given between the third detection and the start of the shelter time
SHARES = (0.5, 0.8)  #: of the time from launch to arrival, where impact errors are taken
CHI2_90 = 4.605170185988092  #: 90 % of a two-dimensional normal lies within this squared distance
REPEAT_S = 30.0  #: a warning this soon after a cancel is a duplicate
STEP_S = 0.1  #: sampling of a drone's path

_CANCEL = int(Phase.CANCEL)


@dataclass(frozen=True)
class Need:
    """A zone that a threat puts in danger."""

    zone: int
    arrival_s: float


@dataclass
class Scorer:
    """Scores one site's run.

    Attributes
    ----------
    run : SiteRun
        A finished run.
    radius_m : float
        Match radius [m].
    duration_s : float
        Length of the run [s].
    """

    run: SiteRun
    radius_m: float
    duration_s: float
    _needs: dict[int, list[Need]] = field(default_factory=dict)

    @cached_property
    def matches(self) -> Matches:
        """Tracks against truth."""
        return match(self.run, self.radius_m)

    @cached_property
    def warnings(self) -> Warnings:
        """Every message, in order."""
        return Warnings.concat([out.warnings for out in self.run.outputs])

    @cached_property
    def predictions(self) -> Predictions:
        """Every impact prediction, in order."""
        rows = Predictions.concat([out.predictions for out in self.run.outputs])
        return rows.take(rows.kind == PredictionKind.IMPACT)

    @cached_property
    def looks(self) -> tuple[Detections, np.ndarray]:
        """Detections of real flights, and which flight each shows."""
        looks = self.run.looks
        detections = Detections.concat([look.detections for look in looks])
        return detections, np.concatenate([look.flight for look in looks]) if looks else np.zeros(0, int)

    @cached_property
    def receipts(self) -> tuple[np.ndarray, np.ndarray]:
        """When each detection of a real flight was received [s], and which flight it shows."""
        looks = self.run.looks
        if not looks:
            return np.zeros(0), np.zeros(0, int)
        received_ns = np.concatenate([look.received.received_ns[look.rows] for look in looks])
        return self.seconds(received_ns), np.concatenate([look.flight for look in looks])

    def seconds(self, time_ns: Any) -> Any:
        """Seconds since run start."""
        return (time_ns - self.run.place.site.start_ns) * 1e-9

    def needs(self, i: int) -> list[Need]:
        """Zones that flight `i` puts in danger, and when it arrives there."""
        if i not in self._needs:
            self._needs[i] = self._find_needs(i)
        return self._needs[i]

    def beyond_m(self, i: int) -> list[float]:
        """How far from each zone flight `i` comes down, undisturbed [m]; 0 inside."""
        return self._beyond_m[i]

    @cached_property
    def _beyond_m(self) -> list[list[float]]:
        """The same of all flights."""
        flights, zones = self.run.world.flights, self.run.place.site.zones
        if not flights or not zones:
            return [[] for _ in flights]
        down = np.array([flight.position_enu[-1, :2] for flight in flights])
        distances: list[list[float]] = np.stack([distance_to_polygon(down, z.polygon_en) for z in zones], 1).tolist()
        return distances

    def _find_needs(self, i: int) -> list[Need]:
        flight, zones = self.run.world.flights[i], self.run.place.site.zones
        if not flight.threat:
            return []
        if flight.ballistic:
            near = zip(zones, self.beyond_m(i), strict=True)
            return [Need(z, flight.end_s) for z, (zone, far_m) in enumerate(near) if far_m <= zone.warn_radius_m]
        times = np.append(np.arange(flight.start_s, flight.end_s, STEP_S), flight.end_s)
        points = self.run.world.paths[i](times)[:, :2]
        needs = []
        for z, zone in enumerate(zones):
            inside = distance_to_polygon(points, zone.polygon_en) <= zone.warn_radius_m
            if inside.any():
                needs.append(Need(z, float(times[np.argmax(inside)])))
        return needs

    def arrival_s(self, i: int) -> float:
        """When flight `i` comes down, or first gets within a zone's danger radius."""
        flight = self.run.world.flights[i]
        needs = self.needs(i)
        return flight.end_s if flight.ballistic or not needs else min(need.arrival_s for need in needs)

    def observable(self, i: int, need: Need | None) -> bool:
        """At least three detections reach the chain in time to act on."""
        zones = self.run.place.site.zones
        shelter_s = zones[need.zone].shelter_time_s if need else 0.0
        arrival_s = need.arrival_s if need else self.arrival_s(i)
        received_s, flight = self.receipts
        return int((received_s[flight == i] <= arrival_s - shelter_s - REACTION_S).sum()) >= 3

    def first_warning(self, i: int, zone: int) -> float | None:
        """When the zone was first told to prepare or shelter because of flight `i` [s]."""
        tracks = {n for n, f in self.matches.flight_of.items() if f == i}
        for when_ns, behind in self._alarms.get(zone, ()):
            if tracks.intersection(behind):
                return float(self.seconds(when_ns))
        return None

    @cached_property
    def _alarms(self) -> dict[int, list[tuple[int, tuple[int, ...]]]]:
        """By zone: when it was told to prepare or shelter [ns], and because of which tracks, in order."""
        rows = self.warnings
        found: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
        for k in np.flatnonzero((rows.phase == Phase.PREPARE) | (rows.phase == Phase.SHELTER)).tolist():
            found.setdefault(int(rows.zone[k]), []).append((rows.time_ns[k], rows.tracks[k]))
        return found

    def threats(self) -> list[dict[str, Any]]:
        """One entry of ``summary.json`` per threat."""
        return [self._threat(i) for i, flight in enumerate(self.run.world.flights) if flight.threat]

    def outcomes(self) -> list[dict[str, Any]]:
        """Of each threat its flight, its outcome, the pairs it needs and how far from each zone it comes down."""
        flights = self.run.world.flights
        return [
            {
                "flight": f,
                "outcome": self._outcome(i),
                "pairs": [self._pair(i, need) for need in self.needs(i)],
                "beyond_m": self.beyond_m(i),
            }
            for i, f in enumerate(flights)
            if f.threat
        ]

    def _threat(self, i: int) -> dict[str, Any]:
        site, flight = self.run.place.site, self.run.world.flights[i]
        needs, arrival_s = self.needs(i), self.arrival_s(i)
        first = {z: self.first_warning(i, z) for z in range(len(site.zones))}
        warned = [z for z, when in first.items() if when is not None and when < arrival_s]
        relevant = [first[n.zone] for n in needs if n.zone in warned] if needs else [first[z] for z in warned]
        first_s = min((t for t in relevant if t is not None), default=None)
        detections, shown = self.looks
        seen = detections.take(shown == i)
        return {
            "id": flight.id,
            "site": site.id,
            "kind": flight.kind,
            "launch_s": _round(flight.start_s),
            "arrival_s": _round(arrival_s),
            "observable": any(self.observable(i, n) for n in needs) if needs else self.observable(i, None),
            "first_detection_s": _round(self.seconds(seen.time_ns.min())) if len(seen) else None,
            "detections": len(seen),
            **self._tracked(i),
            "pairs": [self._pair(i, need) for need in needs],
            "needed_zones": [site.zones[n.zone].id for n in needs],
            "warned_zones": [site.zones[z].id for z in warned],
            "first_warning_s": _round(first_s),
            "warning_lead_s": _round(None if first_s is None else arrival_s - first_s),
            **self._errors(i),
            "engagements": sum(self.matches.flight_of.get(s.track) == i for s in self.run.shots),
            "outcome": self._outcome(i),
        }

    def _pair(self, i: int, need: Need) -> dict[str, Any]:
        when_s = self.first_warning(i, need.zone)
        return {
            "zone": self.run.place.site.zones[need.zone].id,
            "arrival_s": _round(need.arrival_s),
            "observable": self.observable(i, need),
            "first_warning_s": _round(when_s),
            "warned": when_s is not None and when_s < need.arrival_s,
        }

    def _tracked(self, i: int) -> dict[str, Any]:
        tracks = self.matches.tracks_of(i)
        if not tracks:
            return {"confirmed_s": None, "track_id": None, "class": None, "class_probability": None}
        rows = self.matches.rows
        mine = np.isin(rows.number, tracks) & (rows.status == TrackStatus.CONFIRMED)
        first, last = np.flatnonzero(mine)[[0, -1]]
        best = int(np.argmax(rows.class_probability[last]))
        return {
            "confirmed_s": _round(self.seconds(rows.time_ns[first])),
            "track_id": track_name(self.run.place.site.id, int(rows.number[first])),
            "class": TargetClass(best).label,
            "class_probability": _round(float(rows.class_probability[last, best])),
        }

    def _errors(self, i: int) -> dict[str, Any]:
        flight = self.run.world.flights[i]
        errors: dict[str, float | None] = {str(share): None for share in SHARES}
        bounds = dict(errors)
        inside = launch_m = None
        if flight.ballistic:
            mine = self.predictions.take(np.isin(self.predictions.track, self.matches.tracks_of(i)))
            for share in SHARES:
                when_s = flight.start_s + share * (flight.end_s - flight.start_s)
                bounds[str(share)] = _round(self._bound(i, when_s))
                row = self._prediction_at(mine, i, when_s)
                if row is None:
                    continue
                miss = row.impact_enu[:2] - flight.position_enu[-1, :2]
                errors[str(share)] = _round(float(np.hypot(*miss)))
                if share == 0.5:
                    inside = bool(miss @ np.linalg.solve(row.impact_covariance, miss) <= CHI2_90)
            known = np.flatnonzero(np.isfinite(mine.launch_enu[:, 0]))
            if len(known):
                launch_m = float(np.hypot(*(mine.launch_enu[known[-1]] - flight.position_enu[0])[:2]))
        return {
            "impact_error_m": errors,
            "impact_bound_m": bounds,
            "in_ellipse_90": inside,
            "launch_error_m": _round(launch_m),
        }

    def _prediction_at(self, mine: Predictions, i: int, when_s: float) -> Any:
        """The latest prediction known at `when_s`; None if the flight had been destroyed or was not predicted."""
        if when_s > self.run.ended_s[i]:
            return None
        known = np.flatnonzero(self.seconds(mine.time_ns) <= when_s)
        return mine[int(known[-1])] if len(known) else None

    def _bound(self, i: int, when_s: float) -> float | None:
        if when_s > self.run.ended_s[i]:
            return None
        detections, shown = self.looks
        known = (shown == i) & (self.seconds(detections.received_ns) <= when_s)
        if known.sum() < 3:
            return None
        place = self.run.place
        bound = impact_bound(self.run.world.flights[i], detections.take(known), place.site, place.environment, when_s)
        return float(bound.rms_m) if np.isfinite(bound.rms_m) else None

    def _outcome(self, i: int) -> str:
        flight = self.run.world.flights[i]
        if np.isfinite(self.run.ended_s[i]):
            return "destroyed"
        if flight.end_s > self.duration_s:
            return "flying"
        if flight.fate != Fate.IMPACT:
            return "departed"
        near = zip(self.run.place.site.zones, self.beyond_m(i), strict=True)
        return "leaked" if any(far_m <= 0.0 for zone, far_m in near if zone.defended) else "outside"

    def warning_counts(self) -> dict[str, int]:
        """Issued, false, unneeded, missed and duplicate warnings."""
        issued = self._initial_warnings()
        flights = self.run.world.flights
        false = unneeded = 0
        for number, zone in issued:
            behind = self._flights_behind(number)
            sheltered = bool(((self.warnings.number == number) & (self.warnings.phase == Phase.SHELTER)).any())
            if not any(flights[i].threat for i in behind):
                false += sheltered
            elif not any(n.zone == zone for i in behind for n in self.needs(i)):
                unneeded += 1
        missed, missed_all = self._missed()
        return {
            "issued": len(issued),
            "false": false,
            "unneeded": unneeded,
            "missed": missed,
            "missed_all": missed_all,
            "duplicate": self._duplicates(),
        }

    def _initial_warnings(self) -> list[tuple[int, int]]:
        rows = self.warnings
        numbers, first = np.unique(rows.number, return_index=True)
        return [(int(n), int(rows.zone[k])) for n, k in zip(numbers, first, strict=True)]

    def _flights_behind(self, number: int) -> set[int]:
        rows = self.warnings
        tracks = {t for k in np.flatnonzero(rows.number == number) for t in rows.tracks[k]}
        return {self.matches.flight_of.get(t, -1) for t in tracks} - {-1}

    def _missed(self) -> tuple[int, int]:
        missed = missed_all = 0
        for i, flight in enumerate(self.run.world.flights):
            for need in self.needs(i) if flight.threat and self.arrival_s(i) <= self.duration_s else ():
                when = self.first_warning(i, need.zone)
                if when is None or when >= need.arrival_s:
                    missed_all += 1
                    missed += self.observable(i, need)
        return missed, missed_all

    def _duplicates(self) -> int:
        rows = self.warnings
        opened: set[tuple[int, int]] = set()
        cancelled: dict[int, float] = {}
        seen: set[int] = set()
        duplicates = 0
        for k in range(len(rows)):
            number, zone, when = int(rows.number[k]), int(rows.zone[k]), float(self.seconds(rows.time_ns[k]))
            if number not in seen:
                pairs = {(track, zone) for track in rows.tracks[k]}
                duplicates += bool(pairs & opened) or when - cancelled.get(zone, -np.inf) < REPEAT_S
            opened |= {(track, zone) for track in rows.tracks[k]}
            seen.add(number)
            if rows.phase[k] == _CANCEL:
                cancelled[zone] = when
        return duplicates

    def track_counts(self) -> dict[str, int]:
        """Confirmed and false tracks, identity switches."""
        confirmed, switches = self.matches.confirmed, self.matches.identity_switches
        return {"confirmed": len(confirmed), "false": self.false_tracks(), "id_switches": switches}

    def false_tracks(self) -> int:
        """Confirmed tracks of nothing."""
        return sum(self.matches.flight_of[n] < 0 for n in self.matches.confirmed)


def _round(value: float | None, digits: int = 3) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), digits)
