"""Other systems' tracks: joined at output, honest about errors in common, tracks of their own where we have none."""

import numpy as np
import pytest

from rampart.bench.other_system import same_plots
from rampart.physics.geodesy import enu_to_geodetic
from rampart.records import Detections, ExternalTracks, Site, TargetClass, TrackStatus
from rampart.track import Tracker, TrackerSpec
from rampart.track.external import _kernels

NS = 1_000_000_000
HERE = Site("here", 0.6, 0.1, 0.0)


def report(position, velocity=(0.0, 0.0, 0.0), time_s=0.0, site=HERE, **columns):
    place = enu_to_geodetic(np.array(position, float), site.latitude_rad, site.longitude_rad, site.height_m)
    t = [round(time_s * NS)]
    base = {
        "source": ["25/100"],
        "source_track": [7],
        "time_ns": t,
        "received_ns": t,
        "latitude_rad": [place[0]],
        "longitude_rad": [place[1]],
        "height_m": [place[2]],
        "velocity_xyz_ms": [velocity],
        "position_sigma_m": [[30.0, 30.0]],
    }
    return ExternalTracks.build(1, **{**base, **columns})


def spd(rng):
    a = rng.standard_normal((6, 6))
    return a @ a.T + 0.1 * np.eye(6)


def test_intersection_minimises_the_determinant():
    rng = np.random.default_rng(5)
    for _ in range(50):
        P, Q = spd(rng), spd(rng) * rng.uniform(0.2, 5.0)
        x, y, z, R = rng.standard_normal(6), rng.standard_normal(6), np.empty(6), np.empty((6, 6))
        w = _kernels.intersect(x, P, y, Q, z, R)
        A, B = np.linalg.inv(P), np.linalg.inv(Q)
        dets = [np.linalg.slogdet(u * A + (1 - u) * B)[1] for u in np.linspace(0.0, 1.0, 501)]
        assert np.linalg.slogdet(np.linalg.inv(R))[1] >= max(dets) - 1e-3
        np.testing.assert_allclose(np.linalg.inv(R), w * A + (1 - w) * B, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(z, R @ (w * A @ x + (1 - w) * B @ y), rtol=1e-6, atol=1e-8)


def test_intersection_of_one_estimate_with_itself_is_that_estimate():
    P, x, z, R = spd(np.random.default_rng(1)), np.arange(6.0), np.empty(6), np.empty((6, 6))
    _kernels.intersect(x, P, x, P, z, R)
    np.testing.assert_allclose(R, P, rtol=1e-8)
    np.testing.assert_allclose(z, x, rtol=1e-8, atol=1e-12)


def test_no_covariance_is_joined():
    bad, P = np.diag([1.0, 1.0, -1.0, 1.0, 1.0, 1.0]), np.eye(6)
    z, R = np.full(6, np.nan), np.empty((6, 6))
    assert _kernels.intersect(np.zeros(6), P, np.zeros(6), bad, z, R) < 0.0
    assert np.isnan(z).all()


@pytest.mark.compiled
def test_one_radars_plots_and_its_tracks_together_stay_consistent():
    rows = np.concatenate([same_plots(seed, "intersection") for seed in range(12)])
    # an average over tracks that live long: three degrees of freedom, errors correlated in time
    assert 1.8 < rows[:, 1].mean() < 3.6
    # what taking them for independent would claim
    assert rows[:, 2].mean() > 1.5 * rows[:, 1].mean()


def test_alone_they_are_tracks_that_coast_and_end():
    tracker = Tracker(HERE)
    first = tracker.step(0, Detections.empty(), report((9000.0, 2000.0, 3000.0), (100.0, 0.0, 0.0)))
    row = first.records[0]
    assert row.number >= 1_000_001
    assert row.sensors == 0
    assert row.status == TrackStatus.CONFIRMED
    assert np.argmax(row.class_probability) == TargetClass.AIRCRAFT
    assert first.info["external"] == [{"source": "25/100", "source_track": 7, "track": row.number, "joined": False}]
    later = tracker.step(10 * NS, Detections.empty()).records[0]
    assert later.state[:3] == pytest.approx([10_000.0, 2000.0, 3000.0], abs=1.0)
    assert later.covariance[0, 0] > row.covariance[0, 0]
    ended = tracker.step(16 * NS, Detections.empty())
    assert [(r.number, r.status) for r in ended.records] == [(row.number, TrackStatus.DELETED)]
    assert len(tracker.step(17 * NS, Detections.empty()).records) == 0


def own_track(field, spec=None, seconds=8.0, **columns):
    tracker, path = Tracker(field.site(), None, spec), field.straight()
    for k, batch in enumerate(field.scans(path, seconds, np.random.default_rng(2), **columns)):
        tracker.step(round(0.5 * k * NS), batch)
    return tracker, path, seconds - 0.5


@pytest.mark.parametrize("joining", ["intersection", "identity"])
def test_a_track_of_ours_takes_the_identity(field, joining):
    tracker, path, at = own_track(field, TrackerSpec(external=joining))
    position, velocity = path(at)
    before = tracker.step(round(at * NS), Detections.empty()).records
    said = report(position, velocity, at, field.site(), identity=["4CA7A8"], position_sigma_m=[[1.0, 1.0]])
    result = tracker.step(round(at * NS), Detections.empty(), said)
    tracks = result.records.take(result.records.status == TrackStatus.CONFIRMED)
    i = field.nearest(tracks, position)
    assert tracks.identity[i] == "4CA7A8"
    assert result.info["external"][0]["joined"]
    assert (tracks.number < 1_000_000).all()
    was = before.covariance[field.nearest(before, position), 0, 0]
    assert (tracks.covariance[i, 0, 0] < was) == (joining == "intersection")


def test_different_addresses_are_different_aircraft(field):
    tracker, path, at = own_track(field, identity=["3C65AC"])
    position, velocity = path(at)
    said = report(position, velocity, at, field.site(), identity=["4CA7A8"])
    result = tracker.step(round(at * NS), Detections.empty(), said)
    assert not result.info["external"][0]["joined"]
    assert (result.records.sensors == 0).sum() == 1


def test_joining_takes_nothing_into_the_filters(field):
    tracker, path, at = own_track(field)
    alone, _, _ = own_track(field)
    position, velocity = path(at)
    tracker.step(round(at * NS), Detections.empty(), report(position + 20.0, velocity, at, field.site()))
    late = round((at + 30.0) * NS)
    theirs, ours = (t.step(late, Detections.empty()).records for t in (tracker, alone))
    live = theirs.sensors > 0
    np.testing.assert_array_equal(theirs.take(live).state, ours.state)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"latitude_rad": [np.nan]}, "external without position"),
        ({"latitude_rad": [55.0]}, "bad external position"),
        ({"height_m": [np.inf]}, "bad external height"),
        ({"velocity_xyz_ms": [[1e6, 0.0, 0.0]]}, "bad external velocity"),
        ({"position_sigma_m": [[0.0, 10.0]]}, "bad external sigma"),
        ({"time_ns": [60 * NS]}, "external from the future"),
        ({"time_ns": [-60 * NS]}, "external too old"),
    ],
)
def test_what_cannot_be_is_refused_and_counted(columns, reason):
    tracker = Tracker(HERE)
    result = tracker.step(0, Detections.empty(), report((1000.0, 0.0, 500.0), **columns))
    assert result.info["refused"] == {reason: 1}
    assert len(result.records) == 0
    assert tracker.refused == {reason: 1}


def test_the_same_report_twice_counts_once():
    tracker, said = Tracker(HERE), report((1000.0, 0.0, 500.0))
    tracker.step(0, Detections.empty(), said)
    result = tracker.step(NS, Detections.empty(), said)
    assert result.info["refused"] == {"external not newer": 1}
    assert result.records.hits.tolist() == [1]


def test_what_is_missing_is_wide():
    bare = report((1000.0, 0.0, 500.0), height_m=[np.nan], velocity_xyz_ms=[[np.nan] * 3],
                  position_sigma_m=[[np.nan] * 2])  # fmt: skip
    row = Tracker(HERE).step(0, Detections.empty(), bare).records[0]
    assert np.isfinite(row.state).all()
    assert (np.sqrt(np.diag(row.covariance)) > [90.0, 90.0, 2000.0, 100.0, 100.0, 5.0]).all()


def test_a_snapshot_keeps_them():
    first, second = Tracker(HERE), Tracker(HERE)
    first.step(0, Detections.empty(), report((9000.0, 0.0, 3000.0), (100.0, 0.0, 0.0)))
    second.restore(first.snapshot())
    said = report((9400.0, 0.0, 3000.0), (100.0, 0.0, 0.0), 4.0)
    ours, theirs = (t.step(4 * NS, Detections.empty(), said).records for t in (first, second))
    assert ours.canonical_bytes() == theirs.canonical_bytes()
