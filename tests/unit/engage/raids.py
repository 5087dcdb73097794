"""Synthetic raids for the engager's tests: perfect tracks, a small event loop, and the referee's dice."""

import heapq
import itertools
from dataclasses import dataclass, field

import numpy as np

from rampart.engage import Engager, EngagerSpec, InterceptorSpec, draw_outcome
from rampart.records import Picture, PredictionKind, Predictions, Site, TargetClass, Tracks, TrackStatus, Zone

SECOND = 1_000_000_000


def site(half=1e7):
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    return Site("base", 0.58, 0.77, 34.0, zones=(Zone("camp", corners, warn_radius_m=0.0, defended=True),))


def launcher(p, **values):
    """An interceptor launcher with one kill probability everywhere, instantly ready."""
    plain = {
        "min_range_m": 0.0,
        "max_range_m": 1e7,
        "kill_probability_at_m": ((0.0, p),),
        "speed_ms": 1000.0,
        "response_s": 0.0,
        "burst_s": 0.0,
        "reload_s": 0.0,
        "rounds": 10_000,
    }
    return InterceptorSpec(id="i", kind="interceptor", position_enu_m=(0.0, 0.0, 0.0), **{**plain, **values})


def engager(*specs, where=None, **rules):
    place = where or site()
    rules = {"release_delay_s": 0.0, "look_s": 0.01, "aircraft_angle_deg": 0.0, **rules}
    return Engager(place, [s.build(place, i) for i, s in enumerate(specs)], EngagerSpec(**rules))


@dataclass
class Threat:
    """A threat that hangs still at a distance until its time is up: a perfect track."""

    track: int
    arrival_s: float
    end_s: float  #: it can be met until then
    distance_m: float = 1000.0
    alive: bool = True
    shots: int = 0


@dataclass
class Raid:
    """Drives an engager through threats in continuous time; outcomes by the referee's function."""

    engager: Engager
    threats: list[Threat]
    rng: np.random.Generator
    fired: list = field(default_factory=list)

    def run(self):
        order = itertools.count()
        events = [(t.arrival_s, next(order), "arrive", t) for t in self.threats]
        heapq.heapify(events)
        live: dict[int, Threat] = {}
        wake_ns = None
        while events or wake_ns is not None:
            if events and (wake_ns is None or events[0][0] * SECOND <= wake_ns):
                at_s = events[0][0]
                now_ns = round(at_s * SECOND)
                while events and events[0][0] == at_s:  # what happens together is seen together
                    self._happen(*heapq.heappop(events)[2:], live, events, order)
            else:
                now_ns = wake_ns
            result = self.engager.step(now_ns, picture(now_ns, list(live.values())))
            wake_ns = result.wake_ns
            for row in result.records:
                self.fired.append(row)
                live[int(row.track)].shots += 1
                heapq.heappush(events, ((int(row.intercept_ns) + 1) / SECOND, next(order), "intercept", row))
        return self

    def _happen(self, what, thing, live, events, order):
        if what == "arrive":
            live[thing.track] = thing
            heapq.heappush(events, (thing.end_s + 1e-6, next(order), "end", thing))
        elif what == "end":
            live.pop(thing.track, None)
        elif int(thing.track) in live:
            place = self.engager.battery.effectors[int(thing.effector)]
            if draw_outcome(place, thing, 0.0, self.rng)[1]:
                live.pop(int(thing.track)).alive = False

    @property
    def leakers(self):
        return sum(t.alive for t in self.threats)


def picture(now_ns, threats):
    n = len(threats)
    if not n:
        return Picture(Tracks.empty(), Predictions.empty())
    place = np.array([(t.distance_m, 0.0, 0.0) for t in threats])
    classes = np.zeros((n, 9))
    classes[:, TargetClass.MULTIROTOR] = 1.0
    numbers, now = [t.track for t in threats], [now_ns] * n
    tracks = Tracks.build(
        n,
        number=numbers,
        time_ns=now,
        state=np.hstack([place, np.zeros((n, 3))]),
        covariance=np.zeros((n, 6, 6)),
        existence=np.ones(n),
        class_probability=classes,
        status=[int(TrackStatus.CONFIRMED)] * n,
        hits=[10] * n,
        updated_ns=now,
        received_ns=now,
    )
    predictions = Predictions.build(
        n,
        track=numbers,
        time_ns=now,
        kind=[int(PredictionKind.REACH)] * n,
        weight=np.ones(n),
        position_enu=place,
        position_covariance=np.zeros((n, 2, 2)),
        velocity_enu=np.zeros((n, 3)),
        impact_enu=place,
        impact_covariance=np.zeros((n, 2, 2)),
        impact_ns=[round(t.end_s * SECOND) for t in threats],
        impact_sigma_s=np.zeros(n),
    )
    return Picture(tracks, predictions)
