"""The raid of an exercise is the raid of a run, at another time."""

import numpy as np
import pytest

from rampart.exercise import Raid
from rampart.pipeline import load
from rampart.records import DetectionFlag, Tracks
from rampart.study import run

pytestmark = pytest.mark.compiled


class Batches:
    """A recorder that keeps what sensors handed over."""

    def __init__(self):
        self.kept = []

    def batch(self, site_id, now_ns, detections, *args, **more):
        if len(detections):
            self.kept.append((site_id, now_ns, detections))

    def __getattr__(self, name):
        return lambda *args, **more: None


def test_same_seed_same_scans():
    batches = Batches()
    ran = run("embassy-drone", seed=3, effectors=False, referee=False, recorders=[batches])
    shift_ns = 1_234_567_890_123_456_000 - ran.scenario.start_ns
    raid = Raid(load("embassy-drone"), 1_234_567_890_123_456_000, seed=3)
    scans = [scan for scan in raid.scans() if len(scan.detections)]
    assert len(scans) == len(batches.kept) > 50
    for scan, (site, now_ns, detections) in zip(scans, batches.kept, strict=True):
        assert (scan.site, scan.now_ns) == (site, now_ns + shift_ns)
        np.testing.assert_array_equal(scan.detections.range_m, detections.range_m)
        np.testing.assert_array_equal(scan.detections.time_ns, detections.time_ns + shift_ns)
        assert (scan.detections.flags & int(DetectionFlag.SIMULATED)).all()


def test_sites_take_turns_and_every_sensor_is_heard():
    raid = Raid(load("iraq-2021", overrides=["duration_s=20.0"]), 10**18)
    scans = list(raid.scans())
    assert [scan.now_ns for scan in scans] == sorted(scan.now_ns for scan in scans)
    heard = {(scan.site, i) for scan in scans for i in scan.heard}
    assert heard == {(place.site.id, i) for place in raid.places for i in range(len(place.site.sensors))}


def test_cameras_are_turned_by_what_the_chain_sees():
    raid = Raid(load("embassy-drone", overrides=["duration_s=5.0"]), 10**18)
    turned = []
    raid._sides[0].cued = [type("Camera", (), {"cue": lambda self, now_ns, tracks: turned.append(now_ns)})()]
    next(iter(raid.scans()))
    assert not turned
    raid.see("embassy", 7, Tracks.empty())
    next(iter(raid.scans()))
    assert turned == [7]
