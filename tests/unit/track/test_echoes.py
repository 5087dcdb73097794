"""Fixed echoes: places that report any range rate are clutter; what flies or hovers is none."""

import numpy as np
import pytest

from rampart.records import Detections, TrackStatus
from rampart.track import Tracker
from rampart.track.constants import E_HITS, E_PROOF
from rampart.track.echoes._kernels import begin, is_echo

NS = 1_000_000_000
NOTCH = 8.0
HELD = (TrackStatus.CONFIRMED, TrackStatus.COASTED)


def tracker_of(field, notch=NOTCH):
    return Tracker(field.site(field.radar(scan_period_s=1.0, minimum_radial_speed_ms=notch, false_alarms_per_scan=5.0)))


def echo_at(field, position, time_s, number, rng, rate=None):
    """A report of a fixed place, its range rate of either sign beyond the notch."""
    shown = rng.uniform(NOTCH, NOTCH + 15.0) * rng.choice([-1.0, 1.0]) if rate is None else rate
    return field.look(position, (0.0, 0.0, 0.0), time_s, number, rng, range_rate_ms=[shown])


def confirmed_near(tracks, position, within=150.0):
    held = np.isin(tracks.status, HELD)
    return int((np.linalg.norm(tracks.state[held, :3] - position, axis=1) < within).sum())


@pytest.mark.compiled
def test_a_fixed_echo_is_learned_and_held_for_no_object(field):
    place, late = np.array([2500.0, 2000.0, 20.0]), 0
    for seed in range(6):
        tracker, rng = tracker_of(field), np.random.default_rng(seed)
        for k in range(120):
            parts = [field.clutter(rng, k, 100 * k, 5.0)]
            if rng.random() < 0.3:
                parts.append(echo_at(field, place, k, 100 * k + 99, rng))
            tracks = tracker.step(k * NS, Detections.concat(parts)).records
            late += confirmed_near(tracks, place, 300.0) if k >= 60 else 0
    assert late <= 6  # of 360 scans; without a map of echoes there is a track in most of them


@pytest.mark.compiled
def test_a_target_that_crosses_an_echo_is_kept(field):
    place, rng = np.array([2500.0, 2000.0, 60.0]), np.random.default_rng(5)
    tracker, held = tracker_of(field), []
    for k in range(140):
        parts = [echo_at(field, place, k, 10 * k, rng)] if rng.random() < 0.4 else [Detections.empty()]
        if k >= 80:
            at = place + (np.array([30.0, 10.0, 0.0]) * (k - 110))
            parts.append(field.look(at, (30.0, 10.0, 0.0), k, 10 * k + 1, rng))
        tracks = tracker.step(k * NS, Detections.concat(parts)).records
        if k >= 85:
            held.append(set(tracks.number[np.isin(tracks.status, HELD)].tolist()))
    assert held[0]
    assert held[0] <= set.intersection(*held)
    assert all(len(numbers) == 1 for numbers in held)


@pytest.mark.compiled
def test_a_drone_that_hovers_stays_a_track(field):
    place, rng, missing = np.array([1500.0, 2500.0, 80.0]), np.random.default_rng(6), 0
    tracker = tracker_of(field, notch=0.0)
    for k in range(120):
        sway = 0.5 * np.sin(0.7 * k)
        parts = [field.clutter(rng, k, 100 * k, 5.0)]
        if rng.random() < 0.9:
            parts.append(field.look(place + np.array([sway, 0.0, 0.0]), (0.35, 0.0, 0.0), k, 100 * k + 99, rng))
        tracks = tracker.step(k * NS, Detections.concat(parts)).records
        missing += k > 8 and confirmed_near(tracks, place) == 0
    assert missing == 0


@pytest.mark.compiled
def test_a_string_of_drones_on_one_path_is_no_echo(field):
    start, v = np.array([3000.0, 3000.0, 100.0]), np.array([-14.0, -14.0, 0.0])
    tracker, rng, seen = tracker_of(field), np.random.default_rng(7), []
    for k in range(90):
        flying = [i for i in range(10) if 2 * i <= k]
        looks = [field.look(start + v * (k - 2 * i), v, k, 100 * k + i, rng) for i in flying if rng.random() < 0.9]
        tracks = tracker.step(k * NS, Detections.concat(looks)).records
        if k >= 25:
            seen.append(sum(confirmed_near(tracks, start + v * (k - 2 * i), 60.0) > 0 for i in flying))
    assert np.mean(seen) > 9.5
    assert not any(is_echo(tracker._state.clutter[0], slot) for slot in range(100))


@pytest.mark.compiled
def test_a_drone_to_and_fro_is_no_echo(field):
    tracker, rng, missing = tracker_of(field, notch=4.0), np.random.default_rng(8), 0
    for k in range(160):
        # 12 m/s at most, 2 m/s2 where it turns
        phase = 2.0 * np.pi * k / 36.0
        at = np.array([0.0, 2500.0 + 70.0 * np.sin(phase), 90.0])
        v = (0.0, 12.2 * np.cos(phase), 0.0)
        looks = [field.look(at, v, k, k, rng)] if rng.random() < 0.9 else [Detections.empty()]
        tracks = tracker.step(k * NS, Detections.concat(looks)).records
        missing += k > 8 and confirmed_near(tracks, at) == 0
    assert missing <= 6
    assert not any(is_echo(tracker._state.clutter[0], slot) for slot in range(100))


def test_only_rates_of_either_sign_prove_an_echo(field):
    place = np.array([2500.0, 2000.0, 20.0])
    for flip, want in ((True, True), (False, False)):
        tracker, rng = tracker_of(field), np.random.default_rng(9)
        for k in range(12):
            rate = 14.0 * (-1.0 if flip and k % 2 else 1.0) + rng.standard_normal()
            tracker.step(3 * k * NS, echo_at(field, place, 3 * k, k + 1, rng, rate))
        row = tracker._state.clutter[0]
        most = max(range(100), key=lambda s: row[begin(s) + E_HITS])
        assert row[begin(most) + E_HITS] >= 10.0
        assert is_echo(row, most) == want, row[begin(most) + E_PROOF]
