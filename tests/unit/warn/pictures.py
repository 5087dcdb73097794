"""Pictures for the warner's tests: tracks and predictions written by hand, no tracker behind them."""

from dataclasses import dataclass, field

import numpy as np

from rampart.records import (
    DetectionFlag,
    Picture,
    PredictionKind,
    Predictions,
    Site,
    TargetClass,
    Tracks,
    TrackStatus,
    Zone,
    ZoneState,
    decide,
)

SECOND = 1_000_000_000


def square(identity, east, north, half=100.0, **values):
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half + np.array([east, north])
    return Zone(identity, corners, **{"shelter_time_s": 10.0, "warn_radius_m": 100.0, **values})


def site(*zones):
    return Site("base", 0.58, 0.77, 34.0, zones=zones or (square("north", 0, 1000), square("south", 0, -1000)))


@dataclass
class Rocket:
    """A ballistic track: impact point, spread, time of impact."""

    track: int = 1
    impact: tuple[float, float] = (0.0, 1000.0)
    sigma_m: float = 50.0
    impact_s: float = 30.0
    belief: float = 0.95
    kind: TargetClass = TargetClass.ROCKET
    status: TrackStatus = TrackStatus.CONFIRMED
    hits: int = 10
    flags: int = int(DetectionFlag.SIMULATED)
    predicted: bool = True
    existence: float = 0.99
    reach: tuple | None = None  # position, end of the corridor
    position: tuple[float, float, float] = (5000.0, 5000.0, 2000.0)
    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass
class Clock:
    """Steps a warner and keeps all that it said."""

    warner: object
    said: list = field(default_factory=list)
    hits: int = 10
    wake_ns: int | None = None
    working: tuple | None = None
    count: int = 0  # decisions taken
    zones: dict = field(default_factory=dict)  # zone -> its latest state row

    def step(self, at_s, *targets, fresh=True, decisions=None):
        self.hits += fresh
        now_ns = round(at_s * SECOND)
        shown = picture(now_ns, targets, self.hits if fresh else None)._replace(working=self.working)
        if decisions is not None:
            shown = shown._replace(decisions=decisions)
        result = self.warner.step(now_ns, shown)
        self.wake_ns = result.wake_ns
        self.zones |= {int(row.zone): row for row in result.info.get("zones", ())}
        self.info = result.info
        rows = list(result.records)
        self.said.extend(rows)
        return rows

    def decide(self, at_s, what, *zones, targets=(), fresh=True, **more):
        """Step with a decision of an operator."""
        self.count += 1
        more = {"who": "A. Smith", "reason": "seen from the tower", **more}
        decision = decide(self.warner.site, self.count, round(at_s * SECOND), what, zones=zones, **more)
        return self.step(at_s, *targets, fresh=fresh, decisions=decision)

    def shown(self, zone):
        return ZoneState(self.zones[zone].state).label

    def run(self, start_s, end_s, *targets, step_s=0.5):
        """Step on a grid and at every wake in between; the targets stay as they are."""
        said, grid = [], start_s
        while grid <= end_s:
            said += self.step(grid, *targets)
            grid = round(grid + step_s, 6)
            while self.wake_ns is not None and self.wake_ns < min(grid, end_s) * SECOND:
                said += self.step(self.wake_ns / SECOND, *targets, fresh=False)
        return said


def picture(now_ns, targets, hits=None):
    n = len(targets)
    if not n:
        return Picture(Tracks.empty(), Predictions.empty())
    classes = np.zeros((n, 9))
    for row, t in zip(classes, targets, strict=True):
        row[t.kind] = t.belief
        row[TargetClass.UNKNOWN if t.kind != TargetClass.UNKNOWN else TargetClass.CLUTTER] += 1 - t.belief
    tracks = Tracks.build(
        n,
        number=[t.track for t in targets],
        time_ns=[now_ns] * n,
        existence=[t.existence for t in targets],
        class_probability=classes,
        status=[int(t.status) for t in targets],
        state=[(*(t.position if t.reach is None else (*t.reach[0], 50.0)), *t.velocity) for t in targets],
        hits=[t.hits if hits is None else hits for t in targets],
        updated_ns=[now_ns - SECOND // 10] * n,
        received_ns=[now_ns] * n,
        flags=[t.flags for t in targets],
    )
    known = [t for t in targets if t.predicted and t.status in (TrackStatus.CONFIRMED, TrackStatus.COASTED)]
    m = len(known)
    if not m:
        return Picture(tracks, Predictions.empty())
    reach = [t.reach is not None for t in known]
    predictions = Predictions.build(
        m,
        track=[t.track for t in known],
        time_ns=[now_ns] * m,
        kind=[int(PredictionKind.REACH if r else PredictionKind.IMPACT) for r in reach],
        weight=[t.belief if t.kind.drone or t.kind.ballistic else 1 - t.belief for t in known],
        position_enu=[(*t.reach[0], 50.0) if t.reach else (5000.0, 5000.0, 2000.0) for t in known],
        position_covariance=[np.eye(2) * 100.0] * m,
        velocity_enu=[(0.0, 0.0, 0.0)] * m,
        impact_enu=[(*t.reach[1], 50.0) if t.reach else (*t.impact, 0.0) for t in known],
        impact_covariance=[np.eye(2) * t.sigma_m**2 for t in known],
        impact_ns=[now_ns + round(t.impact_s * SECOND) if t.reach else round(t.impact_s * SECOND) for t in known],
        impact_sigma_s=[0.5] * m,
    )
    return Picture(tracks, predictions)
