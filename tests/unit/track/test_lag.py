"""Late detections: inside the lag exactly as if in time, beyond it dropped and counted."""

import itertools

import numpy as np
import pytest

from rampart.records import Detections, TrackStatus
from rampart.track import Tracker, TrackerSpec

NS = 1_000_000_000
END_NS = 6 * NS


def live(tracks):
    return tracks.take(tracks.status != TrackStatus.DELETED).canonical_bytes()


@pytest.fixture(scope="module")
def batches(field):
    return field.scans(field.straight(), 5.0, np.random.default_rng(21))


@pytest.fixture(scope="module")
def in_order(field, batches):
    tracker = Tracker(field.site())
    field.feed(tracker, batches)
    return live(tracker.step(END_NS, Detections.empty()).records)


@pytest.mark.parametrize("swap", list(itertools.permutations(range(3))))
def test_whole_batches_in_any_order_inside_the_lag(field, batches, in_order, swap):
    order = [*range(4), *(4 + i for i in swap), 7, 8, 9]
    tracker = Tracker(field.site())
    for step, k in enumerate(order):
        tracker.step(round((0.5 * max(step, k)) * NS), batches[k])
    assert live(tracker.step(END_NS, Detections.empty()).records) == in_order
    assert tracker.refused == {}


def test_single_detections_late_and_scattered(field, batches, in_order):
    rng = np.random.default_rng(22)
    flat = Detections.concat(batches)
    delay = rng.uniform(0.0, 0.9, len(flat))
    arrival = flat.time_ns * 1e-9 + delay
    order = np.argsort(arrival)
    tracker = Tracker(field.site())
    for part in np.array_split(order, 40):
        tracker.step(round(arrival[part[-1]] * NS), flat.take(part))
    assert tracker.refused == {}
    assert live(tracker.step(END_NS, Detections.empty()).records) == in_order


def test_too_late_is_dropped_and_counted(field, batches):
    tracker = Tracker(field.site(), spec=TrackerSpec(lag_s=1.0))
    field.feed(tracker, batches[:8])
    before = live(tracker.step(round(3.5 * NS), Detections.empty()).records)
    result = tracker.step(round(3.5 * NS), batches[0].replace(number=np.arange(900, 900 + len(batches[0]))))
    assert result.info["refused"] == {"late": len(batches[0])}
    assert live(result.records) == before


def test_a_repeated_late_batch_changes_nothing(field, batches):
    tracker = Tracker(field.site())
    before = live(field.feed(tracker, batches[:8])[-1])
    result = tracker.step(round(3.5 * NS), batches[7])
    assert result.info["refused"] == {"duplicate": len(batches[7])}
    assert live(result.records) == before


def test_a_track_that_a_late_detection_undoes_is_reported_deleted(field):
    """Without the late scan two far detections looked like one object."""
    model = field.radar(false_alarms_per_scan=2.0)
    path = field.straight()
    tracker = Tracker(field.site(model))
    tracker.step(0, field.look(*path(0.0), 0.0, 1))
    ghost = tracker.step(NS, field.look(path(1.0)[0] + [60.0, 60.0, 0.0], path(1.0)[1], 1.0, 3)).records
    assert len(ghost) == 1
    middle = field.look(*path(0.5), 0.5, 2)
    after = tracker.step(NS, middle).records
    numbers = set(after.number.tolist())
    assert set(ghost.number.tolist()) <= numbers
    assert len(numbers) == len(after)


def test_two_radars_and_a_late_one(field):
    second = field.radar(id="r2", position_enu=np.array([2000.0, -1000.0, 0.0]), scan_period_s=0.8)
    site = field.site(field.radar(false_alarms_per_scan=2.0), second)
    path = field.straight()
    looks = [(0.5 * k, 0) for k in range(16)] + [(0.8 * k + 0.13, 1) for k in range(10)]
    looks.sort()
    rng = np.random.default_rng(23)
    rows = [field.look(*path(t), t, i + 1, rng, sensor=s, model=site.sensors[s]) for i, (t, s) in enumerate(looks)]
    plain, late = Tracker(site), Tracker(site)
    for (t, _), row in zip(looks, rows, strict=True):
        expected = plain.step(round(t * NS), row).records
    shuffled = sorted(range(len(rows)), key=lambda i: looks[i][0] + (0.7 if looks[i][1] else 0.0))
    for i in shuffled:
        got = late.step(round(max(looks[i][0] + 0.7, 0.0) * NS), rows[i]).records
    end = round(looks[-1][0] * NS)
    expected, got = plain.step(end, Detections.empty()).records, late.step(end, Detections.empty()).records
    assert live(expected) == live(got)
    assert expected.sensors[0] == 3
