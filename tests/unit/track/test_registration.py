"""Registration: biases found with honest errors, exactly so in any order of arrival."""

import numpy as np
import pytest

from rampart.bench.registration import BIAS_SIGMA, NS, SPEC, positions, two_radars
from rampart.records import Detections, TrackStatus
from rampart.track import Tracker, TrackerSpec

pytestmark = pytest.mark.compiled  # forty scenes of two radars


def tracker_of(pair, **changes):
    return Tracker(pair.site, None, TrackerSpec(**{**SPEC, **changes}))


@pytest.fixture(scope="module")
def learnt():
    """Bias errors (n, 8) and covariances (n, 8, 8) over seeds."""
    errors, covariances = [], []
    for seed in range(40):
        pair = two_radars(seed)
        tracker = tracker_of(pair)
        for now, batch in pair.batches:
            tracker.step(now, batch)
        errors.append(tracker.registration.bias - pair.biases.reshape(-1))
        covariances.append(tracker.registration.covariance.copy())
    return np.array(errors), np.array(covariances)


def test_biases_are_consistent(learnt):
    nees = np.mean([e @ np.linalg.solve(C, e) for e, C in zip(*learnt, strict=True)])
    # chi square with 8 x 40 degrees of freedom: 8 +- 0.63
    assert 6.1 < nees < 9.9


def test_biases_between_the_sensors_are_found(learnt):
    between = learnt[0][:, :4] - learnt[0][:, 4:]
    rms = np.sqrt((between**2).mean(axis=0))
    assert (rms < np.array([0.05, 0.1, 0.1, 0.25]) * np.sqrt(2.0) * BIAS_SIGMA).all()


def test_a_clock_offset_that_both_share_stays_unknown(learnt):
    common = learnt[1][:, [3, 3, 7, 7], [3, 7, 3, 7]].sum(axis=1) / 4.0
    assert (np.sqrt(common) > 0.9 * BIAS_SIGMA[3] / np.sqrt(2.0)).all()


def test_positions_are_nearly_as_good_as_with_the_biases_told():
    on, off, told = [], [], []
    for seed in range(4):
        pair = two_radars(seed)
        on.append(positions(tracker_of(pair), pair, pair.batches))
        off.append(positions(tracker_of(pair, registration="off"), pair, pair.batches))
        told.append(positions(tracker_of(pair, registration="off"), pair, pair.told()))
    rms = [np.sqrt(np.concatenate(part)[:, 0].mean()) for part in (on, told, off)]
    assert rms[0] < 1.5 * rms[1]
    assert rms[0] < 0.5 * rms[2]
    assert 2.0 < np.concatenate(on)[:, 1].mean() < 4.5


def test_sensors_without_biases_lose_little():
    pair = two_radars(3, bias_sigma=np.zeros(4))
    on = positions(tracker_of(pair), pair, pair.batches)
    off = positions(tracker_of(pair, registration="off"), pair, pair.batches)
    assert np.sqrt(on[:, 0].mean()) < 1.15 * np.sqrt(off[:, 0].mean())


def live(tracks):
    return tracks.take(tracks.status != TrackStatus.DELETED).canonical_bytes()


@pytest.mark.parametrize("seed", range(4))
def test_late_detections_give_the_same_tracks_and_biases(seed):
    pair, rng = two_radars(seed, targets=5), np.random.default_rng(seed)
    end = round(21.5 * NS)
    batches = [(now, batch) for now, batch in pair.batches if now < 20 * NS]
    ordered, shuffled = tracker_of(pair), tracker_of(pair)
    for now, batch in batches:
        ordered.step(now, batch)
    # single detections come up to 0.9 s after they were made
    everything = Detections.concat([batch for _, batch in batches])
    arrival = everything.time_ns + rng.integers(0, round(0.9 * NS), len(everything))
    for k in np.argsort(arrival):
        shuffled.step(int(arrival[k]), everything.take(np.array([k])))
    assert not shuffled.refused
    np.testing.assert_array_equal(ordered.registration.bias, shuffled.registration.bias)
    np.testing.assert_array_equal(ordered.registration.covariance, shuffled.registration.covariance)
    assert live(ordered.step(end, Detections.empty()).records) == live(shuffled.step(end, Detections.empty()).records)


def test_a_snapshot_goes_on_as_the_first_would_have():
    pair = two_radars(1, targets=4)
    first = tracker_of(pair)
    for now, batch in pair.batches[:40]:
        first.step(now, batch)
    second = tracker_of(pair)
    second.restore(first.snapshot())
    for now, batch in pair.batches[40:]:
        ours, theirs = first.step(now, batch).records, second.step(now, batch).records
        assert ours.canonical_bytes() == theirs.canonical_bytes()
    np.testing.assert_array_equal(first.registration.bias, second.registration.bias)
