"""History: what each sensor's looks and the chain's tracks say of every threat of a recorded run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rampart.ledger import RunRecord
from rampart.pipeline import Place, World
from rampart.records import Flight, Site, TargetClass, Tracks, TrackStatus
from rampart.study.matching import Matches, match
from rampart.study.site_run import SiteRun

from .stages import DETECTED

Floats = NDArray[np.float64]

_DRONE = np.array([c.drone for c in TargetClass])
_BALLISTIC = np.array([c.ballistic for c in TargetClass])


@dataclass(frozen=True, slots=True, eq=False)
class SensorLooks:
    """What one sensor made of one flight, look by look."""

    sensor_id: str
    time_s: Floats  #: (n,) when it looked
    known_s: Floats  #: (n,) when its report reached the chain
    gate: NDArray[np.str_]  #: (n,)
    range_m: Floats
    snr_db: Floats


@dataclass(frozen=True, slots=True, eq=False)
class TrackLife:
    """What the chain thought of one flight, moment by moment."""

    time_s: Floats  #: (n,)
    live: NDArray[np.bool_]  #: confirmed or coasted
    belief: Floats  #: probability that it exists and is a threat
    likeliest: NDArray[np.int64]  #: TargetClass
    track: NDArray[np.int64]


class History:
    """One site of a recorded run.

    Parameters
    ----------
    record : RunRecord
        With truth, gate diagnostics and outputs.
    site : Site
        Which.
    """

    def __init__(self, record: RunRecord, site: Site) -> None:
        self.record, self.site = record, site
        self.flights = tuple(f for f in record.flights if f.site == site.id)
        self.summary = {t["id"]: t for t in record.summary.get("threats", ()) if t["site"] == site.id}

    @property
    def threats(self) -> list[Flight]:
        """In the order of the recording."""
        return [f for f in self.flights if f.threat and f.id in self.summary]

    @cached_property
    def looks(self) -> Mapping[str, list[SensorLooks]]:
        """By flight: the looks of each sensor that looked at all, in the order of the site's sensors."""
        rows: dict[tuple[str, str], list[tuple[float, float, str, float, float]]] = defaultdict(list)
        threats = {f.id for f in self.threats}
        for now_ns, sensor, columns in self.record.gates.get(self.site.id, ()):
            known_s = self.seconds(now_ns)
            names = columns["target"].tolist()
            for k, name in enumerate(names):
                if name in threats:
                    values = (float(columns[c][k]) for c in ("range_m", "snr_db"))
                    rows[name, sensor].append((float(columns["time_s"][k]), known_s, str(columns["gate"][k]), *values))
        order = [s.id for s in self.site.sensors]
        found: dict[str, list[SensorLooks]] = defaultdict(list)
        for (name, sensor), looks in sorted(rows.items(), key=lambda item: order.index(item[0][1])):
            time, known, gate, range_m, snr = zip(*sorted(looks), strict=True)
            arrays = (np.array(a) for a in (time, known, gate, range_m, snr))
            found[name].append(SensorLooks(sensor, *arrays))
        return found

    def detections(self, flight: str) -> Floats:
        """When reports of a flight reached the chain [s], in order."""
        parts = [look.known_s[look.gate == DETECTED] for look in self.looks.get(flight, [])]
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0)

    @cached_property
    def matches(self) -> Matches:
        """Tracks against truth."""
        ended = np.array([self._ended_s(f) for f in self.flights])
        run = SiteRun(
            cast(Place, SimpleNamespace(site=self.site)),
            World(self.flights, ()),
            list(self.record.steps.get(self.site.id, ())),  # type: ignore[arg-type]
            ended_s=ended,
        )
        return match(run, float(self.record.scenario.get("referee", {}).get("match_radius_m", 250.0)))

    def _ended_s(self, flight: Flight) -> float:
        """When the referee ended it: no sensor looks at what is gone."""
        if self.summary.get(flight.id, {}).get("outcome") != "destroyed":
            return float("inf")
        times = [look.time_s[-1] for look in self.looks.get(flight.id, [])]
        return max(times, default=float("inf"))

    def last_s(self, flight: Flight) -> float:
        """When a flight ended, one way or the other, within the run."""
        duration = float(self.record.summary.get("duration_s", np.inf))
        return min(flight.end_s, duration, self._ended_s(flight))

    def tracked(self, flight: Flight) -> TrackLife:
        """The rows of the confirmed tracks that belong to a flight, over time; of several at once the first."""
        matches = self.matches
        number = next(i for i, f in enumerate(self.flights) if f.id == flight.id)
        rows: Tracks = matches.rows.take(np.isin(matches.rows.number, matches.tracks_of(number)))
        rows = rows.take(np.lexsort((rows.number, rows.time_ns)))
        live = (rows.status == TrackStatus.CONFIRMED) | (rows.status == TrackStatus.COASTED)
        weight = np.maximum(rows.class_probability[:, _DRONE].sum(1), rows.class_probability[:, _BALLISTIC].sum(1))
        likeliest = rows.class_probability.argmax(1) if len(rows) else np.zeros(0, np.int64)
        return TrackLife(self.seconds(rows.time_ns), live, weight * rows.existence, likeliest, rows.number)

    def first_warning_s(self, flight: Flight, zone_id: str) -> float:
        """When a zone was first told because of a flight [s]; inf if never."""
        pairs = self.summary[flight.id].get("pairs", ())
        found = next((p["first_warning_s"] for p in pairs if p["zone"] == zone_id), None)
        return float("inf") if found is None else float(found)

    def seconds(self, time_ns: Any) -> Any:
        """Seconds since run start."""
        return (time_ns - self.site.start_ns) * 1e-9
