"""Starts: formations seen from two scans, unrelated objects left alone, gated detections that still start tracks."""

import numpy as np
import pytest

from rampart.bench.scenes import make_scene, radar_site
from rampart.records import Detections, TrackStatus
from rampart.track import Tracker
from rampart.track.birth._kernels_formation import formation_velocities
from rampart.track.constants import Z_EAST
from rampart.track.intake.detections import pack_rows

NS = 1_000_000_000


def polar(position, rng, scan):
    """A batch of detections of points (n, 3) by the bench's radar."""
    r = np.linalg.norm(position, axis=1)
    n = len(r)
    noise = np.array([10.0, np.deg2rad(0.2), np.deg2rad(0.2)]) * rng.standard_normal((n, 3))
    return Detections.build(
        n,
        number=np.arange(n) + 1000 * scan,
        time_ns=np.full(n, scan * NS),
        received_ns=np.full(n, scan * NS),
        range_m=r + noise[:, 0],
        azimuth_rad=np.arctan2(position[:, 0], position[:, 1]) + noise[:, 1],
        elevation_rad=np.arcsin(position[:, 2] / r) + noise[:, 2],
    )


def velocities(first, second, rng):
    """What `formation_velocities` says of the points `first`, seen one second later at `second`."""
    tracker = Tracker(radar_site())
    seeds, looks = (
        pack_rows(polar(x, rng, k), NS, 0, tracker._sensors, tracker._p)[0] for k, x in enumerate((first, second))
    )
    order = np.argsort(looks.z[:, Z_EAST], kind="stable")
    return formation_velocities(
        len(seeds.z), seeds.z, seeds.zi, looks.z, looks.z[order, Z_EAST], len(order), order, np.ones(len(order), bool),
        0, tracker._sensors, tracker._p,
    )  # fmt: skip


def lattice(rng):
    row, column = np.divmod(np.arange(20), 5)
    level = np.array([0.0, 3000.0]) + 35.0 * np.column_stack([row, column]) + rng.normal(0.0, 4.0, (20, 2))
    return np.column_stack([level, 350.0 + rng.uniform(-20.0, 20.0, 20)])


def test_a_formation_shows_its_velocity_in_two_scans():
    course, good = np.array([26.0, 10.0, 0.0]), 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        first = lattice(rng)
        second = first + course + rng.normal(0.0, 0.5, first.shape)
        found = velocities(first[rng.random(20) < 0.9], second[rng.random(20) < 0.9], rng)
        good += bool((np.linalg.norm(found - course, axis=1) < 12.0).all())
    # the other answers are shifts by one place of the pattern; pairs alone, without their company, find none of this
    assert good >= 10


def test_objects_that_fly_apart_are_no_formation():
    rng = np.random.default_rng(5)
    first = np.array([0.0, 4000.0, 800.0]) + rng.uniform(-100.0, 100.0, (12, 3))
    found = velocities(first, first + rng.uniform(-110.0, 110.0, first.shape), rng)
    assert np.isnan(found).mean() > 0.5
    far = np.array([[0.0, 4000.0, 800.0], [900.0, 4000.0, 800.0], [0.0, 6000.0, 800.0], [3000.0, 3000.0, 900.0]])
    assert np.isnan(velocities(far, far + 20.0, rng)).all()


@pytest.mark.compiled
def test_two_swarms_that_cross():
    """Far below what one detection after the other can do: about 230 switches and 0.7 to 1.2 missed before."""
    from rampart.bench.trial import Trial, follow, scores

    found = []
    for seed in (40, 41, 42, 43):
        trial = Trial.of(make_scene("swarm", 40, seed))
        found.append(scores(trial, follow(trial).rows))
    assert np.mean([s["id_switches"] for s in found]) < 175.0
    assert np.mean([s["gospa_m"] for s in found]) < 110.0


def test_a_detection_gated_by_a_track_that_uses_another_still_starts_one(field):
    """Two targets abreast, the second seen later: its detections lie in the gate of the first one's track."""
    tracker = Tracker(field.site(field.radar(false_alarms_per_scan=1.0)))
    tracks = None
    for k in range(24):
        t = 0.5 * k
        batch = [field.look((-2000.0 + 40.0 * t, 3000.0, 300.0), (40.0, 0.0, 0.0), t, 2 * k)]
        if k >= 8:
            batch.append(field.look((-2000.0 + 40.0 * t, 3022.0, 300.0), (40.0, 0.0, 0.0), t, 2 * k + 1))
        tracks = tracker.step(round(t * NS), Detections.concat(batch)).records
    assert (tracks.status == TrackStatus.CONFIRMED).sum() == 2
