"""Sensors of different kinds together: two-dimensional radars, height finders, direction finders, late ones."""

import numpy as np
import pytest

from rampart.bench.raid import make_raid
from rampart.records import Detections, SensorModel, Site, TrackStatus
from rampart.track import Tracker

NS = 1_000_000_000
FLAT = SensorModel(
    "flat", "radar2d", np.array([-2000.0, 500.0, 20.0]), 2.0, range_sigma_m=25.0, azimuth_sigma_rad=np.radians(0.15),
    p_detect=0.9, false_alarms_per_scan=3.0, max_range_m=40_000.0,
)  # fmt: skip
FINDER = SensorModel(
    "finder", "radar3d", np.array([500.0, -800.0, 15.0]), 5.0, range_sigma_m=60.0, azimuth_sigma_rad=np.radians(0.8),
    elevation_sigma_rad=np.radians(0.15), p_detect=0.9, false_alarms_per_scan=1.0, max_range_m=40_000.0,
)  # fmt: skip
START, VELOCITY = np.array([9000.0, 12_000.0, 3200.0]), np.array([-110.0, -40.0, 0.0])


def polar(position, model):
    d = position - model.position_enu
    return np.linalg.norm(d), np.arctan2(d[0], d[1]), np.arctan2(d[2], np.hypot(d[0], d[1]))


def look(model, sensor, time_s, number, rng, *, mode_c=False):
    r, a, e = polar(START + VELOCITY * time_s, model)
    t = [round(time_s * NS)]
    columns = {
        "range_m": [r + model.range_sigma_m * rng.standard_normal()],
        "azimuth_rad": [a + model.azimuth_sigma_rad * rng.standard_normal()],
    }
    if np.isfinite(model.elevation_sigma_rad):
        columns["elevation_rad"] = [e + model.elevation_sigma_rad * rng.standard_normal()]
    if mode_c:
        at = START + VELOCITY * time_s
        # above mean sea level over a round Earth, in steps of 100 ft
        msl = at[2] + (at[0] ** 2 + at[1] ** 2) / (2.0 * 6.371e6)
        columns |= {"height_m": [round(msl / 30.48) * 30.48], "height_sigma_m": [30.0]}
    return Detections.build(1, number=[number], time_ns=t, received_ns=t, sensor=[sensor], **columns)


def track(batches, *sensors):
    tracker = Tracker(Site("mixed", 0.6, 0.1, 0.0, sensors=sensors))
    for batch in batches:
        tracks = tracker.step(int(batch.time_ns[0]), batch).records
    return tracks.take(tracks.status == TrackStatus.CONFIRMED)


@pytest.mark.parametrize("kind", ["height finder", "barometric height"])
def test_a_flat_radar_learns_the_height_from_elsewhere(kind):
    rng, batches, number = np.random.default_rng(8), [], 1
    for k in range(60):
        if k % 2 == 0:
            batches.append(look(FLAT, 0, float(k), number, rng, mode_c=kind == "barometric height"))
            number += 1
        if k % 5 == 3 and kind == "height finder":
            batches.append(look(FINDER, 1, k + 0.4, number, rng))
            number += 1
    sensors = (FLAT, FINDER) if kind == "height finder" else (FLAT,)
    found = track(batches, *sensors)
    assert len(found) == 1
    time_s = found.time_ns[0] / NS
    error = found.state[0, :3] - (START + VELOCITY * time_s)
    assert np.linalg.norm(error[:2]) < 120.0
    assert abs(error[2]) < 100.0
    assert np.sqrt(found.covariance[0, 2, 2]) < 100.0


def test_without_any_height_the_flat_radar_says_that_it_does_not_know():
    rng = np.random.default_rng(9)
    found = track([look(FLAT, 0, 2.0 * k, k + 1, rng) for k in range(20)], FLAT)
    assert len(found) == 1
    assert np.sqrt(found.covariance[0, 2, 2]) > 150.0


@pytest.fixture(scope="module")
def raid():
    """The first half minute of two radars and a direction finder out of step, biased, with clutter."""
    scene = make_raid(10)
    return scene.site, [(now, batch) for now, batch in scene.batches() if now < scene.site.start_ns + 30 * NS]


@pytest.mark.compiled  # the raid's rockets are flown back in time
@pytest.mark.parametrize("seed", [1, 2])
def test_three_sensors_in_any_order_inside_the_lag_give_the_same_tracks(raid, seed):
    site, batches = raid
    rng = np.random.default_rng(seed)
    in_order, shuffled = Tracker(site), Tracker(site)
    for now, batch in batches:
        in_order.step(now, batch)
    delay = rng.integers(0, round(0.9 * NS), len(batches))
    arrivals = sorted((now + int(late), k) for k, ((now, _), late) in enumerate(zip(batches, delay, strict=True)))
    for now, k in arrivals:
        batch = batches[k][1]
        shuffled.step(now, batch.take(rng.permutation(len(batch))))
    assert not shuffled.refused
    end = batches[-1][0] + 2 * NS
    first, second = in_order.step(end, Detections.empty()).records, shuffled.step(end, Detections.empty()).records
    assert len(first) >= 3
    live = first.status != TrackStatus.DELETED
    assert first.take(live).canonical_bytes() == second.take(second.status != TrackStatus.DELETED).canonical_bytes()
    np.testing.assert_array_equal(in_order.registration.covariance, shuffled.registration.covariance)
