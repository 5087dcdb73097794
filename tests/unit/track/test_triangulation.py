"""Bearings of several places start tracks where they cross, and ghosts stay few."""

import math

import numpy as np
import pytest

from rampart.records import Detections, SensorModel, Site, TrackStatus
from rampart.track import Tracker
from rampart.track import constants as k
from rampart.track.triangulation import _kernels

NS = 1_000_000_000
PLACES = np.array([[0.0, 0.0, 10.0], [2500.0, 300.0, 15.0], [900.0, 2200.0, 12.0]])
SIGMA = math.radians(1.0)
HELD = (TrackStatus.CONFIRMED, TrackStatus.COASTED)


def finders(n, *, elevation):
    sensors = tuple(
        SensorModel(
            f"d{i}", "direction_finder", PLACES[i], 1.0, azimuth_sigma_rad=SIGMA,
            elevation_sigma_rad=2.0 * SIGMA if elevation else math.nan, p_detect=0.9, false_alarms_per_scan=0.1,
            max_range_m=5000.0, min_elevation_rad=-0.1, max_elevation_rad=1.4,
        )
        for i in range(n)
    )  # fmt: skip
    return Site("ears", 0.6, 0.1, 0.0, sensors=sensors)


def scene(seed, n, targets, *, elevation, seconds=30.0):
    """Site, batches, and the targets' places at 0 s and velocities."""
    rng = np.random.default_rng(seed)
    start = np.column_stack([
        rng.uniform(-1500.0, 3000.0, targets), rng.uniform(800.0, 3000.0, targets), rng.uniform(60.0, 200.0, targets),
    ])  # fmt: skip
    heading, speed = rng.uniform(0.0, 2.0 * math.pi, targets), rng.uniform(8.0, 25.0, targets)
    velocity = np.column_stack([speed * np.sin(heading), speed * np.cos(heading), np.zeros(targets)])
    batches = []
    for i in range(n):
        for time_s in np.arange(0.1 + 0.27 * i, seconds, 1.0):
            d = (start + velocity * time_s)[rng.random(targets) < 0.9] - PLACES[i]
            seen = np.column_stack([np.arctan2(d[:, 0], d[:, 1]), np.arctan2(d[:, 2], np.hypot(d[:, 0], d[:, 1]))])
            seen += rng.standard_normal(seen.shape) * [SIGMA, 2.0 * SIGMA]
            rows = np.concatenate([seen, rng.uniform([-math.pi, 0.0], [math.pi, 0.3], (rng.poisson(0.1), 2))])
            if len(rows):
                batches.append(report(rows, i, time_s, elevation=elevation))
    batches.sort(key=lambda batch: batch.time_ns[0])
    ends = np.cumsum([len(batch) for batch in batches])
    batches = [
        batch.replace(number=np.arange(end - len(batch) + 1, end + 1)) for batch, end in zip(batches, ends, strict=True)
    ]
    return finders(n, elevation=elevation), batches, start, velocity


def report(rows, sensor, time_s, *, elevation):
    n = len(rows)
    t = np.full(n, round(time_s * NS))
    columns = {"elevation_rad": rows[:, 1]} if elevation else {}
    return Detections.build(
        n, number=np.zeros(n), time_ns=t, received_ns=t, sensor=np.full(n, sensor), azimuth_rad=rows[:, 0], **columns
    )


def follow(seed, n, targets, *, elevation):
    """When each target first had a confirmed track within 300 m on the map, tracks of nothing, NEES at the end."""
    site, batches, start, velocity = scene(seed, n, targets, elevation=elevation)
    tracker, first, ghosts, nees = Tracker(site), np.full(targets, np.inf), set(), []
    for batch in batches:
        now = int(batch.time_ns[0])
        tracks = tracker.step(now, batch).records
        tracks = tracks.take(np.isin(tracks.status, HELD))
        if not len(tracks):
            continue
        true = start + velocity * now * 1e-9
        miss = np.linalg.norm(true[:, None, :2] - tracks.state[None, :, :2], axis=2)
        first[miss.min(axis=1) < 300.0] = np.minimum(first, now * 1e-9)[miss.min(axis=1) < 300.0]
        ghosts |= set(tracks.number[miss.min(axis=0) > 400.0].tolist())
        if now > 20 * NS:
            for i, j in enumerate(miss.argmin(axis=1)):
                e = true[i] - tracks.state[j, :3]
                if miss[i, j] < 300.0:
                    nees.append(e @ np.linalg.solve(tracks.covariance[j, :3, :3], e))
    return first, len(ghosts), float(np.mean(nees)) if nees else math.nan


@pytest.mark.parametrize("elevation", [True, False])
def test_two_finders_start_the_track_of_a_drone(elevation):
    runs = [follow(seed, 2, 1, elevation=elevation) for seed in range(20, 26)]
    assert np.median([first[0] for first, _, _ in runs]) < 4.0
    assert max(first[0] for first, _, _ in runs) < 15.0
    assert sum(ghosts for _, ghosts, _ in runs) == 0
    assert 0.5 < np.mean([nees for _, _, nees in runs]) < 5.0


def test_three_finders_tell_targets_from_ghosts():
    runs = [follow(seed, 3, 3, elevation=False) for seed in range(20, 26)]
    first = np.concatenate([run[0] for run in runs])
    assert np.isfinite(first).mean() > 0.8
    # three bearings from each of three places cross in 27 points; 9 are true
    assert sum(run[1] for run in runs) <= 3


def test_finders_at_one_place_start_nothing():
    site, batches, _, _ = scene(1, 2, 1, elevation=True, seconds=10.0)
    here = tuple(SensorModel(s.id, s.kind, PLACES[0], 1.0, azimuth_sigma_rad=SIGMA) for s in site.sensors)
    tracker = Tracker(Site("one", 0.6, 0.1, 0.0, sensors=here))
    for batch in batches:
        assert len(tracker.step(int(batch.time_ns[0]), batch).records) == 0


def test_bearings_in_any_order_inside_the_lag_start_the_same_tracks():
    site, batches, _, _ = scene(22, 3, 2, elevation=True, seconds=15.0)
    rng = np.random.default_rng(3)
    in_order, shuffled = Tracker(site), Tracker(site)
    for batch in batches:
        in_order.step(int(batch.time_ns[0]), batch)
    arrival = np.array([int(b.time_ns[0]) for b in batches]) + rng.integers(0, round(0.9 * NS), len(batches))
    for i in np.argsort(arrival):
        shuffled.step(int(arrival[i]), batches[i])
    ours, theirs = (t.step(17 * NS, Detections.empty()).records for t in (in_order, shuffled))
    assert np.isin(ours.status, HELD).any()
    live = [t.take(t.status != TrackStatus.DELETED).canonical_bytes() for t in (ours, theirs)]
    assert live[0] == live[1]


def test_a_snapshot_goes_on_as_the_first_would_have():
    site, batches, _, _ = scene(21, 2, 2, elevation=True, seconds=12.0)
    first, second = Tracker(site), Tracker(site)
    for batch in batches[:4]:
        first.step(int(batch.time_ns[0]), batch)
    second.restore(first.snapshot())
    for batch in batches[4:]:
        ours, theirs = (t.step(int(batch.time_ns[0]), batch).records for t in (first, second))
        assert ours.canonical_bytes() == theirs.canonical_bytes()


def test_a_start_does_not_depend_on_what_lay_in_its_row_before():
    site, batches, _, _ = scene(20, 2, 1, elevation=True, seconds=8.0)
    clean, littered = Tracker(site), Tracker(site)
    for array in littered._state.arrays[5:6]:
        array[:] = 1.0e3
    for batch in batches:
        ours, theirs = (t.step(int(batch.time_ns[0]), batch).records for t in (clean, littered))
        assert ours.canonical_bytes() == theirs.canonical_bytes()
    assert np.isin(ours.status, HELD).any()


def bearing(place, at, time_s=0.0):
    d, z = at - place, np.full(k.N_Z, np.nan)
    z[k.Z_TIME], z[k.Z_AZIMUTH], z[k.Z_ELEVATION] = time_s, np.arctan2(d[0], d[1]), np.arctan2(d[2], np.hypot(*d[:2]))
    z[k.Z_SIGMA + 1], z[k.Z_SIGMA + 2] = SIGMA, SIGMA
    return z


@pytest.mark.parametrize("at", [[1200.0, 1800.0, 150.0], [-900.0, 700.0, 80.0], [2000.0, -3000.0, 400.0]])
def test_exact_bearings_cross_where_the_target_is(at):
    sensors = np.zeros((2, k.N_S))
    sensors[:, :3] = PLACES[:2]
    out, C, mask = np.empty(3), np.empty((3, 3)), k.HAS_AZIMUTH | k.HAS_ELEVATION
    z = [bearing(place, np.array(at)) for place in PLACES[:2]]
    d2 = _kernels.cross(z[0], mask, z[1], mask, *sensors, at[2], 1e5, 25.0, out, C)
    assert d2 == pytest.approx(0.0, abs=1e-9)
    assert out == pytest.approx(at, abs=1e-3)
    assert (np.linalg.eigvalsh(C) > 0.0).all()


def test_bearings_that_do_not_meet_cross_nowhere():
    sensors = np.zeros((2, k.N_S))
    sensors[:, :3] = PLACES[:2]
    out, C, mask = np.empty(3), np.empty((3, 3)), k.HAS_AZIMUTH
    away, along = (
        bearing(PLACES[0], np.array([-500.0, 100.0, 50.0])),
        bearing(PLACES[1], np.array([4000.0, 480.0, 50.0])),
    )
    towards = bearing(PLACES[0], PLACES[1])
    assert _kernels.cross(away, mask, along, mask, *sensors, 100.0, 500.0, 25.0, out, C) == math.inf
    assert _kernels.cross(towards, mask, along, mask, *sensors, 100.0, 500.0, 25.0, out, C) == math.inf
