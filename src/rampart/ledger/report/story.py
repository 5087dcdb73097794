"""Story: a run sorted for telling - sites, raids, threats with their tracks, warnings and shots."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rampart.ledger.run_record import RunRecord, Step
from rampart.ledger.thinning import positions_at
from rampart.ledger.words import BALLISTIC
from rampart.records import (
    AlertStatus,
    Engagements,
    Flight,
    Phase,
    PredictionKind,
    Predictions,
    Row,
    Site,
    TargetClass,
    TrackStatus,
    Warnings,
    Zone,
    track_name,
)
from rampart.words import Subject, compose

GAP_S = 45.0  #: threats of one site further apart than this are two raids
MATCH_M = 250.0  #: a track shows a flight that is this near in most of its updates
SAMPLES = 60  #: updates of a track that are compared with truth
_ALIVE = (TrackStatus.CONFIRMED, TrackStatus.COASTED)


@dataclass(frozen=True)
class Track:
    """One track over its life, as known at each step."""

    number: int
    name: str
    time_s: np.ndarray  #: (n,) seconds since run start
    position: np.ndarray  #: (n, 3) [m]
    first_s: float  #: its first detection
    confirmed_s: float
    hits: int
    kind: str  #: most probable class at the end
    probability: float  #: of that class
    flight: Flight | None  #: what really flew there; None for a false track, or where truth is not known

    @property
    def end_s(self) -> float:
        """Its last step."""
        return float(self.time_s[-1])


@dataclass(frozen=True)
class Message:
    """One warning message."""

    time_s: float
    warning: str
    sequence: int
    zone: Zone
    phase: Phase
    kind: str
    time_to_impact_s: float
    probability: float
    tracks: tuple[int, ...]
    reason: str
    said: str = ""  #: what people heard, in English


@dataclass(frozen=True)
class Shot:
    """One simulated engagement."""

    number: int
    effector: int
    track: int
    fire_s: float
    intercept_s: float
    position: np.ndarray  #: (3,) planned [m]
    rounds: int
    probability: float
    destroyed: bool | None  #: None: the recording does not say


@dataclass(frozen=True)
class Threat:
    """One threat: its score, its truth, what the chain made of it."""

    number: int  #: its badge in all drawings
    entry: Mapping[str, Any]
    flight: Flight | None
    tracks: tuple[Track, ...]
    predictions: Predictions
    prediction_s: np.ndarray  #: their times, seconds since run start
    shots: tuple[Shot, ...]

    def at_zone(self, zone: str) -> tuple[float, float | None]:
        """When it arrives at a zone that it puts in danger, and when that zone was first warned of it [s]."""
        for pair in self.entry.get("pairs") or ():
            if pair["zone"] == zone:
                return float(pair["arrival_s"]), pair["first_warning_s"] if pair["warned"] else None
        return self.arrival_s, self.entry["first_warning_s"] if zone in self.entry["warned_zones"] else None

    @property
    def kind(self) -> str:
        """What it really was."""
        return str(self.entry["kind"])

    @property
    def shown_kind(self) -> str:
        """The class its track was given; its kind where it was never tracked."""
        return self.tracks[-1].kind if self.tracks else self.kind

    @property
    def launch_s(self) -> float:
        """Launch, or entry into the scene."""
        return float(self.entry["launch_s"])

    @property
    def arrival_s(self) -> float:
        """Impact, or arrival at a zone, as if never engaged."""
        return float(self.entry["arrival_s"])

    @property
    def destroyed_s(self) -> float | None:
        """When it was intercepted."""
        if self.entry["outcome"] != "destroyed":
            return None
        hits = [s.intercept_s for s in self.shots if s.destroyed]
        return max(hits or [s.intercept_s for s in self.shots], default=None)

    @property
    def end_s(self) -> float:
        """When it was gone: intercepted, down, or out of the scene."""
        if self.destroyed_s is not None:
            return self.destroyed_s
        return self.flight.end_s if self.flight is not None else self.arrival_s

    def prediction_at(self, when_s: float, kind: PredictionKind = PredictionKind.IMPACT) -> Row | None:
        """The prediction known at a moment, to the millisecond; None if there was none."""
        known = (self.predictions.kind == kind) & np.isfinite(self.predictions.impact_enu[:, 0])
        rows = np.flatnonzero(known & (self.prediction_s <= when_s + 0.001))
        return self.predictions[int(rows[-1])] if len(rows) else None

    @property
    def halfway_s(self) -> float:
        """Half of the time from launch to arrival."""
        return 0.5 * (self.launch_s + self.arrival_s)

    @property
    def ballistic(self) -> bool:
        """Comes down by itself, as it did or, where that is not known, as it was taken for."""
        return self.flight.ballistic if self.flight is not None else self.kind in BALLISTIC


@dataclass(frozen=True)
class Raid:
    """Threats of one site that are close in time."""

    threats: tuple[Threat, ...]
    start_s: float
    end_s: float


@dataclass(frozen=True)
class SiteStory:
    """Everything about one site."""

    site: Site
    raids: tuple[Raid, ...]
    tracks: tuple[Track, ...]
    flights: tuple[Flight, ...]  #: all truth of this site
    messages: tuple[Message, ...]
    shots: tuple[Shot, ...]
    effectors: tuple[Mapping[str, Any], ...]
    gates: Mapping[tuple[str, str], Mapping[str, int]] = field(default_factory=dict)  #: (sensor, target) -> looks

    @property
    def threats(self) -> tuple[Threat, ...]:
        """Threats of all raids."""
        return tuple(threat for raid in self.raids for threat in raid.threats)

    @property
    def name(self) -> str:
        """For people."""
        return self.site.name or self.site.id


def tell(run: RunRecord) -> tuple[SiteStory, ...]:
    """Sort a run for telling.

    Threats are numbered by launch through the whole run.
    """
    entries = sorted(run.summary.get("threats") or (), key=lambda e: (e["launch_s"], str(e["id"])))
    numbers = {(e["site"], e["id"]): i for i, e in enumerate(entries, 1)}
    return tuple(_site_story(run, site, [e for e in entries if e["site"] == site.id], numbers) for site in run.sites)


def _site_story(
    run: RunRecord, site: Site, entries: Sequence[Mapping[str, Any]], numbers: Mapping[tuple[str, str], int]
) -> SiteStory:
    steps = run.steps.get(site.id, ())
    flights = tuple(f for f in run.flights if f.site == site.id)
    tracks = _tracks(site, steps, flights)
    shots = _shots(site, steps, run.summary)
    predictions = _Predictions(steps)
    gates, last_look_s = _gates(run, site, {str(e["id"]): e for e in entries})
    threats = []
    for entry in entries:
        flight = next((f for f in flights if f.id == entry["id"]), None)
        mine = [t for t in tracks if t.name == entry["track_id"] or (flight is not None and t.flight is flight)]
        own = {t.number for t in mine}
        predicted = predictions.of(own)
        threats.append(
            Threat(
                numbers[entry["site"], entry["id"]],
                entry,
                flight,
                tuple(mine),
                predicted,
                (predicted.time_ns - site.start_ns) * 1e-9,
                _judged(
                    [s for s in shots if s.track in own],
                    str(entry["outcome"]),
                    last_look_s.get(str(entry["id"]), -np.inf),
                ),
            )
        )
    messages = _messages(site, steps)
    return SiteStory(site, _raids(threats, messages), tracks, flights, messages, shots, run.effectors(site.id), gates)


def _column(steps: Iterable[Step], records: str, name: str) -> np.ndarray:
    """One column of all steps, one under another."""
    parts = [getattr(getattr(step, records), name) for step in steps if len(getattr(step, records))]
    return np.concatenate(parts) if parts else np.zeros(0)


def _tracks(site: Site, steps: Sequence[Step], flights: Sequence[Flight]) -> tuple[Track, ...]:
    numbers = _column(steps, "tracks", "number")
    if not len(numbers):
        return ()
    status = _column(steps, "tracks", "status")
    state = _column(steps, "tracks", "state")
    classes = _column(steps, "tracks", "class_probability")
    hits = _column(steps, "tracks", "hits")
    time_s, first_s = ((_column(steps, "tracks", c) - site.start_ns) * 1e-9 for c in ("time_ns", "first_ns"))
    order = np.argsort(numbers, kind="stable")
    tracks = []
    for rows in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
        alive = rows[np.isin(status[rows], _ALIVE)]
        if not len(alive):
            continue
        last = alive[-1]
        known = np.isfinite(classes[last]).any()
        best = int(np.nanargmax(classes[last])) if known else int(TargetClass.UNKNOWN)
        number = int(numbers[last])
        position = state[alive, :3]
        tracks.append(
            Track(
                number,
                track_name(site.id, number),
                time_s[alive],
                position,
                float(first_s[last]),
                float(time_s[alive[0]]),
                int(hits[last]),
                TargetClass(best).label,
                float(classes[last, best]),
                _match(time_s[alive], position, flights),
            )
        )
    return tuple(tracks)


def _match(time_s: np.ndarray, position: np.ndarray, flights: Sequence[Flight]) -> Flight | None:
    """The flight that is nearest, and near, in most of a track's updates."""
    if not flights:
        return None
    pick = np.unique(np.linspace(0, len(time_s) - 1, SAMPLES).astype(int))
    gaps = [positions_at(flight, time_s[pick]) - position[pick] for flight in flights]
    apart = np.nan_to_num(np.sqrt((np.array(gaps) ** 2).sum(axis=2)), nan=np.inf)
    nearest = apart.argmin(axis=0)
    near = nearest[apart.min(axis=0) <= MATCH_M]
    if not len(near):
        return None
    best, times = Counter(near.tolist()).most_common(1)[0]
    return flights[best] if 2 * times > len(pick) else None


class _Predictions:
    """Rows of all steps, by track."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._parts: dict[int, list[tuple[Predictions, int]]] = {}
        for step in steps:
            for row, number in enumerate(step.predictions.track.tolist()):
                self._parts.setdefault(number, []).append((step.predictions, row))

    def of(self, numbers: Iterable[int]) -> Predictions:
        """Predictions of some tracks, in order of time."""
        rows = [p.take(np.array([i])) for number in sorted(numbers) for p, i in self._parts.get(number, ())]
        joined = Predictions.concat(rows)
        return joined.take(np.argsort(joined.time_ns, kind="stable"))


def _shots(site: Site, steps: Sequence[Step], summary: Mapping[str, Any]) -> tuple[Shot, ...]:
    outcomes = {
        s["number"]: bool(s["destroyed"]) for s in summary.get("shots") or () if s.get("site", site.id) == site.id
    }
    rows = Engagements.concat(step.engagements for step in steps)
    return tuple(
        Shot(
            int(row.number),
            int(row.effector),
            int(row.track),
            (int(row.fire_ns) - site.start_ns) * 1e-9,
            (int(row.intercept_ns) - site.start_ns) * 1e-9,
            row.intercept_enu,
            int(row.rounds),
            float(row.probability),
            outcomes.get(int(row.number)),
        )
        for row in rows
    )


def _judged(shots: Sequence[Shot], outcome: str, last_look_s: float) -> tuple[Shot, ...]:
    """Shots at one threat with what they came to, where the summary does not list it.

    What was not destroyed was missed each time. What was destroyed was there at the last look of a sensor, so shots
    before that look missed; of those after it the hit is known only if there is one.
    """
    if any(s.destroyed is not None for s in shots):
        return tuple(shots)
    late = [s for s in shots if s.intercept_s > last_look_s] if outcome == "destroyed" else []
    hit = late[0] if len(late) == 1 else None
    return tuple(replace(s, destroyed=s is hit if s is hit or s not in late else None) for s in shots)


def _messages(site: Site, steps: Sequence[Step]) -> tuple[Message, ...]:
    rows = Warnings.concat(step.warnings for step in steps)
    return tuple(
        Message(
            (int(row.time_ns) - site.start_ns) * 1e-9,
            f"{site.id}/W{int(row.number)}",
            int(row.sequence),
            site.zones[int(row.zone)],
            Phase(int(row.phase)),
            TargetClass(int(row.target_class)).label,
            float(row.time_to_impact_s),
            float(row.probability),
            tuple(row.tracks),
            str(row.reason),
            _said(site.zones[int(row.zone)], row),
        )
        for row in rows
    )


def _said(zone: Zone, row: Row) -> str:
    kind, status = TargetClass(int(row.target_class)), AlertStatus(int(row.status))
    left_s = float(row.time_to_impact_s)
    return compose(Subject(Phase(int(row.phase)), kind, zone.name or zone.id, left_s, status)).spoken


def _raids(threats: Sequence[Threat], messages: Sequence[Message]) -> tuple[Raid, ...]:
    groups: list[list[Threat]] = []
    until = -np.inf
    for threat in sorted(threats, key=lambda t: (t.launch_s, t.number)):
        if threat.launch_s - until > GAP_S:
            groups.append([])
        groups[-1].append(threat)
        until = max(until, threat.arrival_s)
    raids = []
    for i, group in enumerate(groups):
        following = groups[i + 1][0].launch_s if i + 1 < len(groups) else np.inf
        ends = [min(max(t.arrival_s, t.end_s), t.arrival_s + GAP_S) for t in group]
        last = max(ends)
        start = group[0].launch_s
        told = [m.time_s for m in messages if start <= m.time_s < following and m.time_s <= last + 2 * GAP_S]
        raids.append(Raid(tuple(group), start, max([last, *told])))
    return tuple(raids)


def _gates(
    run: RunRecord, site: Site, entries: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[tuple[str, str], Mapping[str, int]], dict[str, float]]:
    """How often each gate took each threat, sensor by sensor, until it arrived; when each was last looked at [s]."""
    found: dict[tuple[str, str], Counter[str]] = {}
    last_s: dict[str, float] = {}
    for now_ns, sensor, columns in run.gates.get(site.id, ()):
        if "target" not in columns or "gate" not in columns:
            continue
        now_s = (now_ns - site.start_ns) * 1e-9
        looked_s = columns["time_s"].tolist() if "time_s" in columns else [now_s] * len(columns["gate"])
        for target, gate, look_s in zip(columns["target"].tolist(), columns["gate"].tolist(), looked_s, strict=True):
            entry = entries.get(target)
            if entry is None:
                continue
            last_s[target] = max(look_s, last_s.get(target, look_s))
            if now_s <= entry["arrival_s"]:
                found.setdefault((sensor, target), Counter())[gate] += 1
    return {key: dict(counter) for key, counter in sorted(found.items())}, last_s
