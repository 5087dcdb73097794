"""Sensors that go wrong: shut out with a reason, without harm to tracks that others feed, and let in again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.bench.registration import NS, two_radars
from rampart.records import Detections, Site, TrackStatus
from rampart.track import Tracker, TrackerSpec

SMALL = np.array([10.0, 2e-3, 2e-3, 5e-3])
FROM_S, TO_S = 15.0, 27.0


def turned(batch):
    return batch.replace(azimuth_rad=batch.azimuth_rad + np.radians(5.0))


def feet(batch):
    return batch.replace(range_m=batch.range_m * 3.2808)


def degrees(batch):
    return batch.replace(azimuth_rad=np.degrees(batch.azimuth_rad), elevation_rad=np.degrees(batch.elevation_rad))


def frozen(batch):
    return batch.replace(time_ns=np.full(len(batch), round(FROM_S * NS)))


def broken(pair, spoil, seconds=40.0):
    """Steps of a run in which the second radar is spoilt for a while: time, result, how many targets have a track."""
    tracker = Tracker(pair.site)
    for now, batch in pair.batches:
        if now > seconds * NS:
            return
        bad = batch.sensor[0] == 1 and FROM_S * NS < now < TO_S * NS
        result = tracker.step(now, spoil(batch) if bad else batch)
        held = np.isin(result.records.status, (TrackStatus.CONFIRMED, TrackStatus.COASTED))
        true = pair.start + pair.velocity * now * 1e-9
        miss = np.linalg.norm(true[:, None] - result.records.state[None, held, :3], axis=2)
        yield now * 1e-9, result, int((miss.min(axis=1, initial=1e9) < 150.0).sum())


def standing(result):
    return [row["status"] for row in result.info["sensors"]]


@pytest.mark.parametrize("spoil", [turned, feet, degrees])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_sensor_gone_wrong_is_shut_out_and_comes_back(spoil, seed):
    pair = two_radars(seed, bias_sigma=SMALL, targets=6)
    bad = {"quarantined", "faulty"}
    by_scan, numbers = {}, set()
    for time_s, result, tracked in broken(pair, spoil):
        by_scan[time_s] = standing(result)
        if time_s > 10.0:
            assert tracked >= 5
        if time_s > 26.0:
            confirmed = result.records.status == TrackStatus.CONFIRMED
            numbers |= set(result.records.number[confirmed].tolist())
    assert not any("quarantined" in s or "faulty" in s for t, s in by_scan.items() if t < FROM_S)
    # within ten of its scans, and the other is believed all the time
    assert all(s[1] in bad for t, s in by_scan.items() if FROM_S + 10.0 < t < TO_S)
    assert all(s[0] not in bad for s in by_scan.values())
    assert by_scan[max(by_scan)][1] not in bad
    assert len(numbers) <= 8


def test_a_frozen_clock_is_said_to_be_late_and_harms_no_track():
    pair = two_radars(2, bias_sigma=SMALL, targets=6)
    said = set()
    for time_s, result, tracked in broken(pair, frozen):
        assert tracked >= 5 or time_s < 10.0
        if FROM_S + 8.0 < time_s < TO_S:
            said.add((result.info["sensors"][1]["status"], result.info["sensors"][1]["reason"]))
            assert result.info["sensors"][1]["refused"]["late"] > 0
    assert said == {("faulty", "most reports refused: late")}


def test_quarantine_counts_and_says_why():
    pair = two_radars(3, bias_sigma=SMALL, targets=6)
    rows = [result.info["sensors"][1] for _, result, _ in broken(pair, turned, 26.0)]
    assert rows[-1]["quarantines"] == 1
    assert "others hold" in rows[-1]["reason"]


def test_sound_sensors_stay_in():
    for seed in range(6):
        pair = two_radars(seed, bias_sigma=SMALL)
        tracker = Tracker(pair.site)
        for now, batch in pair.batches:
            result = tracker.step(now, batch)
            assert "quarantined" not in standing(result)


def test_the_only_sensor_left_is_used_and_the_only_one_says_so():
    pair = two_radars(4, bias_sigma=SMALL, targets=6)
    first = pair.site.sensors[0]
    alone = Tracker(Site("alone", 0.6, 0.1, 0.0, sensors=(first,)))
    for now, batch in pair.batches:
        if batch.sensor[0] == 0:
            result = alone.step(now, turned(batch))
    assert (result.records.status == TrackStatus.CONFIRMED).sum() >= 3
    assert result.info["sensors"][0]["status"] == "only"
    # a sensor in quarantine is taken again when no other one speaks any more
    tracker = Tracker(pair.site)
    for now, batch in pair.batches:
        if batch.sensor[0] == 0 and now > 24 * NS:
            continue
        result = tracker.step(now, turned(batch) if batch.sensor[0] == 1 and now > FROM_S * NS else batch)
        if 22 * NS < now < 24 * NS:
            assert standing(result)[1] == "quarantined"
    assert standing(result)[1] != "quarantined"
    assert (result.records.status == TrackStatus.CONFIRMED).sum() >= 3


WILD = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -1.0, 1e308, -1e308, 1e-300, 57.3, 5e5])
COLUMN = st.sampled_from(
    [
        "range_m",
        "azimuth_rad",
        "elevation_rad",
        "range_rate_ms",
        "height_m",
        "range_sigma_m",
        "azimuth_sigma_rad",
        "elevation_sigma_rad",
        "range_rate_sigma_ms",
        "height_sigma_m",
        "rcs_dbsm",
    ]
)
DAMAGE = st.lists(st.tuples(st.integers(0, 59), COLUMN, WILD, st.floats(0.0, 1.0)), min_size=1, max_size=12)


@pytest.mark.compiled  # forty raids
@settings(max_examples=40, deadline=None)
@given(damage=DAMAGE, doubled=st.integers(0, 59), back=st.integers(0, 59), away=st.floats(-4000.0, 4000.0))
def test_whatever_comes_in_the_state_stays_finite(damage, doubled, back, away):
    pair = two_radars(5, targets=4)
    batches = list(pair.batches[:60])
    for k, name, value, share in damage:
        now, batch = batches[k]
        column = getattr(batch, name).copy()
        column[: max(1, round(share * len(column)))] = value
        batches[k] = now, batch.replace(**{name: column})
    now, batch = batches[doubled]
    batches[doubled] = now, Detections.concat([batch, batch])
    now, batch = batches[back]
    batches[back] = now, batch.replace(time_ns=batch.time_ns + round(away * NS))
    tracker = Tracker(pair.site, None, TrackerSpec())
    given_in = 0
    for now, batch in batches:
        tracks = tracker.step(now, batch).records
        given_in += len(batch)
        assert np.isfinite(tracks.state).all()
        assert np.isfinite(tracks.covariance).all()
        assert (np.linalg.eigvalsh(tracks.covariance) > 0.0).all()
    assert np.isfinite(tracker.registration.bias).all()
    assert (np.linalg.eigvalsh(tracker.registration.covariance) > 0.0).all()
    if abs(away) > 2.0 and doubled not in {back, *(k for k, *_ in damage)}:
        # doubles, unless they are refused for something else before: too late, or from a sensor shut out
        assert tracker.refused
    assert sum(tracker.refused.values()) < given_in
