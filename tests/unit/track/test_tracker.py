"""The tracker as a stage: what goes in, what comes out, over the life of tracks."""

import numpy as np
import pytest

from rampart.records import Detections, TargetClass, Tracks, TrackStatus
from rampart.track import Tracker, TrackerSpec

NS = 1_000_000_000
HELD = (TrackStatus.CONFIRMED, TrackStatus.COASTED)


def test_cruise_in_clutter_is_confirmed_and_followed(field):
    path = field.straight()
    tracks = field.feed(Tracker(field.site()), field.scans(path, 20.0, np.random.default_rng(1)))[-1]
    position, velocity = path(19.5)
    i = field.nearest(tracks, position)
    assert tracks.status[i] == TrackStatus.CONFIRMED
    assert np.linalg.norm(tracks.state[i, :3] - position) < 40.0
    assert np.linalg.norm(tracks.state[i, 3:] - velocity) < 8.0
    assert tracks.mode_probability[i, 2:].sum() > 0.99
    assert np.isnan(tracks.ballistic_state[i]).all()
    assert tracks.class_probability[i].sum() == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(("sure", "first"), [(0.9999, TrackStatus.CONFIRMED), (1.0 - 1e-12, TrackStatus.TENTATIVE)])
def test_confirmed_with_the_second_detection_beyond_doubt_else_with_the_third(field, sure, first):
    spec = TrackerSpec(sure_existence=sure)
    steps = field.feed(Tracker(field.site(), None, spec), field.scans(field.straight(), 2.0, np.random.default_rng(2)))
    status = [
        int(tracks.status[field.nearest(tracks, field.straight()(0.5 * k)[0])]) for k, tracks in enumerate(steps[1:], 1)
    ]
    assert status[0] == first
    assert status[1] == TrackStatus.CONFIRMED


def test_nothing_in_nothing_out(field):
    result = Tracker(field.site()).step(0, Detections.empty())
    assert len(result.records) == 0
    assert result.info["association"].shape == (0, 2)
    assert result.wake_ns is None


def test_a_target_that_is_gone_is_coasted_then_deleted_once(field):
    def path(t):
        return field.straight()(t) if t < 5.0 else None

    steps = field.feed(Tracker(field.site()), field.scans(path, 12.0, np.random.default_rng(3)))
    number = steps[9].number[field.nearest(steps[9], field.straight()(4.5)[0])]
    life = [int(t.status[t.number == number][0]) for t in steps if (t.number == number).any()]
    assert life[-1] == TrackStatus.DELETED
    assert life.count(TrackStatus.DELETED) == 1
    assert TrackStatus.COASTED in life
    assert len(life) < 20  # gone within a few scans


def test_what_falls_is_still_held_after_misses_that_end_a_cruise(field):
    def arc(t):
        up = 150.0 * t - 4.9 * t * t
        return np.array([3500.0 - 90.0 * t, 1500.0 + 60.0 * t, up]), np.array([-90.0, 60.0, 150.0 - 9.8 * t])

    def scans(path):
        def seen(t):
            return path(t) if not 14.9 < t < 17.4 else None

        return field.scans(seen, 20.0, np.random.default_rng(6))

    numbers = {}
    for name, path in (("falls", arc), ("cruises", field.straight())):
        steps = field.feed(Tracker(field.site()), scans(path))
        before, after = (steps[k].number[field.nearest(steps[k], path(0.5 * k)[0])] for k in (29, 39))
        numbers[name] = int(before), int(after)
    # five looks in vain: detection probability 0.9 and a mean life of 300 s end what is steered
    assert numbers["falls"][0] == numbers["falls"][1]
    assert numbers["cruises"][0] != numbers["cruises"][1]


def test_silent_radar_lets_tracks_coast_and_end(field):
    tracker = Tracker(field.site())
    field.feed(tracker, field.scans(field.straight(), 5.0, np.random.default_rng(4)))
    now, seen = 5 * NS, []
    wake = tracker.step(now, Detections.empty()).wake_ns
    while wake is not None:
        assert wake > now
        now = wake
        result = tracker.step(now, Detections.empty())
        wake = result.wake_ns
        seen.extend(result.records.status.tolist())
    assert seen[-1] == TrackStatus.DELETED
    assert now < 40 * NS


def test_a_tangential_flight_is_not_lost_in_the_doppler_notch(field):
    model = field.radar(minimum_radial_speed_ms=25.0)

    def path(t):  # a chord: seen until the radial speed falls below 25 m/s, and again afterwards
        position, velocity = field.straight((-1200.0, 700.0, 300.0), (55.0, 0.0, 0.0))(t)
        return (position, velocity)

    rng, number, batches = np.random.default_rng(5), 1, []
    for k in range(88):
        position, velocity = path(0.5 * k)
        batch = field.clutter(rng, 0.5 * k, number)
        radial = position @ velocity / np.linalg.norm(position)
        if abs(radial) > 25.0:
            batch = Detections.concat([batch, field.look(position, velocity, 0.5 * k, number + len(batch), rng)])
        number += len(batch)
        batches.append(batch)
    steps = field.feed(Tracker(field.site(model)), batches)
    before, after = steps[20], steps[-1]
    assert before.number[field.nearest(before, path(10.0)[0])] == after.number[field.nearest(after, path(43.5)[0])]


def test_crossing_targets_keep_their_identity(field):
    a = field.straight((-1000.0, 3000.0, 500.0), (80.0, 0.0, 0.0))
    b = field.straight((1000.0, 3200.0, 520.0), (-80.0, -15.0, 0.0))
    rng, number, steps, tracker = np.random.default_rng(6), 1, [], Tracker(field.site())
    for k in range(50):
        parts = [field.clutter(rng, 0.5 * k, number)]
        number += len(parts[0])
        for path in (a, b):
            parts.append(field.look(*path(0.5 * k), 0.5 * k, number, rng))
            number += 1
        steps.append(tracker.step(round(0.5 * k * NS), Detections.concat(parts)).records)
    for path in (a, b):
        early, late = steps[8], steps[-1]
        assert early.number[field.nearest(early, path(4.0)[0])] == late.number[field.nearest(late, path(24.5)[0])]


def test_association_names_detections_and_tracks(field):
    tracker, pairs = Tracker(field.site()), []
    for k in range(4):
        batch = field.look(*field.straight()(0.5 * k), 0.5 * k, 100 + k)
        pairs.append(tracker.step(round(0.5 * k * NS), batch).info["association"].tolist())
    assert pairs == [[], [[100, 1], [101, 1]], [[102, 1]], [[103, 1]]]


def test_transponder_makes_it_an_aircraft(field):
    tracker = Tracker(field.site())
    path = field.straight((6000.0, 0.0, 400.0), (-50.0, 0.0, 0.0))
    tracks = field.feed(tracker, field.scans(path, 6.0, np.random.default_rng(7), identity=["4CA123"]))[-1]
    i = field.nearest(tracks, path(5.5)[0])
    assert tracks.identity[i] == "4CA123"
    assert np.argmax(tracks.class_probability[i]) == TargetClass.AIRCRAFT


def test_bad_detections_are_refused_and_counted(field):
    tracker = Tracker(field.site())
    good = field.look(*field.straight()(0.0), 0.0, 1)
    bad = {
        "bad range": [{"range_m": [np.nan]}, {"range_m": [-5.0]}, {"range_m": [np.inf]}],
        "bad angle": [{"azimuth_rad": [90.0]}, {"elevation_rad": [2.0]}],
        "bad range rate": [{"range_rate_ms": [np.inf]}],
        "bad sigma": [{"range_sigma_m": [0.0]}, {"azimuth_sigma_rad": [-1.0]}, {"elevation_sigma_rad": [np.inf]}],
        "unknown sensor": [{"sensor": [7]}, {"sensor": [-1]}],
        "time in the future": [{"time_ns": [10 * NS]}],
        "bad height": [{"height_m": [np.inf], "height_sigma_m": [5.0]}],
        "bad position": [{"position_enu": [[np.inf, 0.0, 0.0]], "position_covariance": [np.eye(3)]}],
        "nothing measured": [{"azimuth_rad": [np.nan]}],
    }
    rows = [good] + [good.replace(number=[9], **change) for changes in bad.values() for change in changes]
    refused = tracker.step(0, Detections.concat(rows)).info["refused"]
    assert refused == {reason: len(changes) for reason, changes in bad.items()}
    assert tracker.refused == refused
    follow = tracker.step(NS // 2, field.look(*field.straight()(0.5), 0.5, 2)).records
    assert len(follow) == 1
    assert np.isfinite(follow.state).all()


def test_the_same_report_twice_counts_once(field):
    tracker = Tracker(field.site())
    one = field.look(*field.straight()(0.0), 0.0, 1)
    assert tracker.step(0, Detections.concat([one, one.replace(number=[2])])).info["refused"] == {"duplicate": 1}


def test_order_inside_a_batch_does_not_matter(field):
    rng = np.random.default_rng(8)
    batches = field.scans(field.straight(), 8.0, rng)
    plain, shuffled = Tracker(field.site()), Tracker(field.site())
    for k, batch in enumerate(batches):
        at = round(0.5 * k * NS)
        a = plain.step(at, batch).records
        b = shuffled.step(at, batch.take(rng.permutation(len(batch)))).records
        assert a.canonical_bytes() == b.canonical_bytes()


def test_restored_tracker_goes_on_identically(field):
    batches = field.scans(field.straight(), 10.0, np.random.default_rng(9))
    first, second = Tracker(field.site()), Tracker(field.site())
    field.feed(first, batches[:10])
    second.restore(first.snapshot())
    for k, batch in enumerate(batches[10:], 10):
        a, b = (t.step(round(0.5 * k * NS), batch) for t in (first, second))
        assert a.records.canonical_bytes() == b.records.canonical_bytes()
        assert (a.info["association"] == b.info["association"]).all()
    with pytest.raises(ValueError, match="version"):
        second.restore({"version": 99})


def test_a_snapshot_holds_one_state_of_the_lag_and_takes_late_reports_as_before(field):
    rng = np.random.default_rng(21)
    batches = field.scans(field.straight(), 12.0, rng)
    gone = field.look([3000.0, 3000.0, 500.0], [40.0, 0.0, 0.0], 4.6, 900, rng)  # seen once or twice, then silence
    first, second = (
        Tracker(field.site(), spec=TrackerSpec(lag_s=3.0)),
        Tracker(field.site(), spec=TrackerSpec(lag_s=3.0)),
    )
    for k, batch in enumerate(batches[:14]):
        at = round(0.5 * k * NS)
        first.step(at, Detections.concat([batch, gone]) if k == 10 else batch if k != 9 else batch.take([]))
        first.step(at + NS // 4, Detections.empty())
    kept = first.snapshot()
    assert [scan["before"] is None for scan in kept["lag"]["scans"]] == [False] + [True] * (len(first._lag.scans) - 1)
    second.restore(kept)
    for k, batch in enumerate(batches[14:], 14):
        late = Detections.concat([batch, batches[9]]) if k == 14 else batch  # the whole lag runs again
        a, b = (t.step(round(0.5 * k * NS), late) for t in (first, second))
        assert a.records.canonical_bytes() == b.records.canonical_bytes()
        assert (a.info["association"] == b.info["association"]).all()
    assert len(a.records)


def test_a_snapshot_is_not_changed_by_what_comes_after(field):
    batches = field.scans(field.straight(), 6.0, np.random.default_rng(10))
    tracker = Tracker(field.site())
    field.feed(tracker, batches[:6])
    kept = tracker.snapshot()
    after = [tracker.step(round(0.5 * k * NS), b).records.canonical_bytes() for k, b in enumerate(batches[6:], 6)]
    tracker.restore(kept)
    again = [tracker.step(round(0.5 * k * NS), b).records.canonical_bytes() for k, b in enumerate(batches[6:], 6)]
    assert after == again


def test_more_targets_than_first_room(field):
    rng, tracker = np.random.default_rng(11), Tracker(field.site(field.radar(false_alarms_per_scan=1.0)))
    angle = np.linspace(0.0, 2.0 * np.pi, 150, endpoint=False)
    start = np.column_stack([6000.0 * np.cos(angle), 6000.0 * np.sin(angle), np.full(150, 800.0)])
    for k in range(5):
        rows = [
            field.look(p + np.array([0.0, 60.0, 0.0]) * 0.5 * k, [0.0, 60.0, 0.0], 0.5 * k, i + 1 + 150 * k, rng)
            for i, p in enumerate(start)
        ]
        tracks = tracker.step(round(0.5 * k * NS), Detections.concat(rows)).records
    assert np.isin(tracks.status, HELD).sum() == 150


def test_result_is_one_row_per_track_with_all_columns(field):
    tracks = field.feed(Tracker(field.site()), field.scans(field.straight(), 4.0, np.random.default_rng(12)))[-1]
    for name in Tracks.names():
        want = getattr(Tracks.empty(), name)
        assert getattr(tracks, name).dtype == want.dtype
        assert getattr(tracks, name).shape[1:] == want.shape[1:]
    assert len(np.unique(tracks.number)) == len(tracks)


def test_spec_refuses_contradictions():
    with pytest.raises(ValueError, match="confirm_hits"):
        TrackerSpec(confirm_hits=6, confirm_looks=5)
    with pytest.raises(ValueError, match="delete_existence"):
        TrackerSpec(delete_existence=0.995)
