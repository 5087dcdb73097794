"""False tracks in hours of nothing but clutter, and how soon a target is confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rampart.physics.environment import Environment
from rampart.physics.path import Paths
from rampart.records import Detections, Flight, Site, Tracks, TrackStatus
from rampart.sensor.radar import Radar3DSpec
from rampart.sensor.sky import Sky
from rampart.threat.ballistic import RocketSpec
from rampart.track import Tracker

from . import say
from .figures import rate, share
from .peer import Algorithm, run_peer
from .scenes import FALSE_ALARMS, SCANS, make_scene, radar_site
from .trial import Trial

HOUR_SCANS = 3600
HOURS, QUICK_HOURS = 5, 1
PEER_SCANS = 900  #: of the first hour, Stone Soup's
ROCKET_SEEDS, QUICK_ROCKET_SEEDS = 20, 3
ROCKETS = 10  #: per scene
NEAR_M = 150.0  #: a confirmed track this near to a target is its own
#: A target of the goal is confirmed within so many scans after its second detection.
GOAL_SCANS = 2

#: One look: time [ns], detections, source of each (-1: none), position (3,) of every target that is there, by number.
Look = tuple[int, Detections, NDArray[np.int64], Mapping[int, NDArray[np.float64]]]


def clutter_hour(*, quick: bool = False) -> dict[str, Any]:
    """The row ``clutter_hour``: confirmed tracks per hour of 20 false alarms a scan, with its Poisson interval."""
    hours = QUICK_HOURS if quick else HOURS
    false = [_false_tracks(make_scene("clutter", 0, seed, scans=HOUR_SCANS).batches()) for seed in range(hours)]
    say(f"clutter_hour: {sum(false)} confirmed tracks in {hours} h")
    ours = {"false_alarms_per_scan": FALSE_ALARMS, **rate(sum(false), float(hours)), "by_hour": false}
    peer = None
    if not quick:
        scene = make_scene("clutter", 0, 0, scans=PEER_SCANS)
        done = run_peer(Trial.of(scene), Algorithm("gnn"))
        peer = done and {"algorithm": "gnn-ekf", **rate(done.tracks, len(done.cpu_ms) / HOUR_SCANS)}
    return {"name": "clutter_hour", "ours": ours, "peer": peer, "ratio": None}


def _false_tracks(batches: list[Detections]) -> int:
    tracker, found = Tracker(radar_site()), set[int]()
    for scan, batch in enumerate(batches):
        found.update(_confirmed(tracker.step(scan * 1_000_000_000, batch).records).number.tolist())
    return len(found)


def confirm(*, quick: bool = False) -> list[dict[str, Any]]:
    """The rows ``confirm_*``: scans from the second detection of a target to its confirmed track.

    ``confirm_rocket``: rockets before a radar of 1 s that measures range rate; ``confirm_rocket_no_doppler``: the same
    without it; ``confirm_cross``: the targets of cross_50. All among 20 false alarms per scan.
    """
    seeds = range(QUICK_ROCKET_SEEDS if quick else ROCKET_SEEDS)
    rows = []
    for name, doppler in (("confirm_rocket", True), ("confirm_rocket_no_doppler", False)):
        delays: list[int | None] = []
        for seed in seeds:
            site, looks = _rockets(seed, doppler=doppler)
            delays += _delays(site, looks)
        rows.append(_row(name, delays))
    crossing: list[int | None] = []
    for seed in range(2 if quick else 5):
        crossing += _delays(radar_site(), _crossing(seed))
    return [*rows, _row("confirm_cross", crossing)]


def _row(name: str, delays: list[int | None]) -> dict[str, Any]:
    known = np.array([delay for delay in delays if delay is not None])
    soon = int(np.sum(known <= GOAL_SCANS))
    ours = {
        "targets": len(delays),
        "never_confirmed": len(delays) - len(known),
        "median_scans": float(np.median(known)) if len(known) else None,
        "p95_scans": float(np.quantile(known, 0.95)) if len(known) else None,
        "max_scans": int(known.max()) if len(known) else None,
        "within_2_scans": share(soon, len(delays)),
    }
    say(f"{name}: {soon} of {len(delays)} within {GOAL_SCANS} scans of the second detection")
    return {"name": name, "ours": ours, "peer": None, "ratio": None}


def _delays(site: Site, looks: Iterator[Look]) -> list[int | None]:
    """Scans from the second detection to confirmation, of every target with `GOAL_SCANS` looks to go after that one."""
    tracker = Tracker(site)
    seen: dict[int, int] = {}
    second: dict[int, int] = {}
    done: dict[int, int] = {}
    last: dict[int, int] = {}
    for scan, (now_ns, batch, source, places) in enumerate(looks):
        tracks = _confirmed(tracker.step(now_ns, batch).records)
        for target in np.unique(source[source >= 0]).tolist():
            seen[target] = seen.get(target, 0) + 1
            if seen[target] == 2:
                second[target] = scan
        for target, place in places.items():
            last[target] = scan
            near = len(tracks) and np.min(np.linalg.norm(tracks.state[:, :3] - place, axis=1)) < NEAR_M
            if target in second and target not in done and near:
                done[target] = scan
    fair = [target for target, scan in second.items() if last[target] - scan >= GOAL_SCANS]
    return [done[target] - second[target] if target in done else None for target in fair]


def _confirmed(tracks: Tracks) -> Tracks:
    return tracks.take(np.isin(tracks.status, (TrackStatus.CONFIRMED, TrackStatus.COASTED)))


def _crossing(seed: int) -> Iterator[Look]:
    scene = make_scene("cross", 50, seed)
    for scan, batch in enumerate(scene.batches()):
        rows = scene.truth[scene.truth[:, 0] == scan]
        places = {int(row[1]): row[2::2] for row in rows}
        yield scan * 1_000_000_000, batch, scene.source[scene.detections[:, 0] == scan], places


def _rockets(seed: int, *, doppler: bool) -> tuple[Site, Iterator[Look]]:
    """Rockets one after the other, from all sides, before one radar."""
    spec = Radar3DSpec(
        id="r1", kind="radar3d", mode="staring", position_enu_m=(0.0, 0.0, 12.0), scan_period_s=1.0, delay_s=0.0,
        false_alarms_per_scan=FALSE_ALARMS, measures_range_rate=doppler,
    )  # fmt: skip
    raid = RocketSpec(
        id="rocket", kind="rocket", count=ROCKETS, spacing_s=3.0, arrival_s=30.0, impact_en_m=(0.0, 500.0),
        spread_m=200.0, from_bearing_deg=tuple(float(36 * i) for i in range(ROCKETS)), bearing_spread_deg=10.0,
        time_of_flight_s=25.0, time_of_flight_spread=0.1,
    )  # fmt: skip
    bare = Site("site", 0.58, 0.77, 0.0)
    site = Site("site", 0.58, 0.77, 0.0, sensors=(spec.model(bare),))
    environment = Environment.standard(latitude_rad=site.latitude_rad, height_m=site.height_m)
    flights = raid.build(site, environment, np.random.default_rng([seed, 0]))
    radar = spec.build(site, environment, 0, np.random.default_rng([seed, 1]))
    return site, _looks(radar, flights)


def _looks(radar: Any, flights: tuple[Flight, ...]) -> Iterator[Look]:
    sky = Sky.build(flights)
    paths = Paths.pack([(f.time_s, f.position_enu, f.velocity_enu) for f in flights])
    first = 1
    for scan in range(SCANS):
        now_ns = radar.schedule.delivery_ns(scan)
        result = radar.step(now_ns, sky)
        m = len(result.records)
        batch = result.records.replace(number=np.arange(first, first + m))
        first += m
        position, _, alive = paths.at(radar.schedule.window_s(scan)[1])
        yield now_ns, batch, result.info["flight"], {int(i): position[i] for i in np.flatnonzero(alive)}
