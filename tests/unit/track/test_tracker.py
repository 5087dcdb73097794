"""The tracker as a stage: what goes in, what comes out, over the life of tracks."""

import numpy as np
import pytest

from rampart.records import Detections, SensorModel, Site, Tracks, TrackStatus
from rampart.track import Tracker, TrackerSpec

NS = 1_000_000_000


def radar(**changes) -> SensorModel:
    values = {
        "id": "r1",
        "kind": "radar3d",
        "position_enu": np.zeros(3),
        "scan_period_s": 0.5,
        "range_sigma_m": 10.0,
        "azimuth_sigma_rad": np.deg2rad(0.2),
        "elevation_sigma_rad": np.deg2rad(0.2),
        "range_rate_sigma_ms": 1.0,
        "false_alarms_per_scan": 20.0,
        "min_range_m": 150.0,
        "max_range_m": 20_000.0,
        "min_elevation_rad": -0.02,
        "max_elevation_rad": 1.2,
    }
    return SensorModel(**{**values, **changes})


def site(*sensors: SensorModel) -> Site:
    return Site("here", 0.6, 0.1, 0.0, sensors=sensors or (radar(),))


def look(position, velocity, time_s, number, rng=None, sensor=0, model=None, **columns) -> Detections:
    """One detection of a target."""
    model = model or radar()
    d = np.asarray(position, float) - model.position_enu
    r, level = np.linalg.norm(d), np.hypot(d[0], d[1])
    values = np.array([r, np.arctan2(d[0], d[1]), np.arctan2(d[2], level), d @ np.asarray(velocity, float) / r])
    sigma = np.array(
        [model.range_sigma_m, model.azimuth_sigma_rad, model.elevation_sigma_rad, model.range_rate_sigma_ms]
    )
    if rng is not None:
        values += sigma * rng.standard_normal(4)
    t = round(time_s * NS)
    base = {
        "range_m": values[:1],
        "azimuth_rad": values[1:2],
        "elevation_rad": values[2:3],
        "range_rate_ms": values[3:],
    }
    return Detections.build(1, number=[number], time_ns=[t], received_ns=[t], sensor=[sensor], **{**base, **columns})


def clutter(rng, time_s, number, mean=20.0, sensor=0) -> Detections:
    """False alarms, uniform in what a radar measures."""
    k = rng.poisson(mean)
    t = np.full(k, round(time_s * NS))
    return Detections.build(
        k,
        number=np.arange(number, number + k),
        time_ns=t,
        received_ns=t,
        sensor=np.full(k, sensor),
        range_m=rng.uniform(150.0, 20e3, k),
        azimuth_rad=rng.uniform(-np.pi, np.pi, k),
        elevation_rad=rng.uniform(-0.02, 1.2, k),
        range_rate_ms=rng.uniform(-400.0, 400.0, k),
    )


def fly(tracker, path, seconds, rng, period=0.5, p_detect=1.0, start=0.0, false=20.0):
    """Feed a target (function of time to position, velocity) in clutter; the tracks of each step."""
    out, number = [], 1
    for k in range(round(seconds / period)):
        t = start + k * period
        parts = [clutter(rng, t, number, false)]
        number += len(parts[0])
        if path is not None and rng.random() < p_detect:
            parts.append(look(*path(t), t, number, rng))
            number += 1
        out.append(tracker.step(round(t * NS), Detections.concat(parts)).records)
    return out


def straight(t):
    v = np.array([-60.0, 20.0, 2.0])
    return np.array([4000.0, 1000.0, 600.0]) + v * t, v


def nearest(tracks: Tracks, position) -> int:
    held = np.flatnonzero(tracks.status != TrackStatus.DELETED)
    return int(held[np.argmin(np.linalg.norm(tracks.state[held, :3] - position, axis=1))])


def test_cruise_in_clutter_is_confirmed_and_followed():
    steps = fly(Tracker(site()), straight, 20.0, np.random.default_rng(1))
    tracks = steps[-1]
    position, velocity = straight(19.5)
    i = nearest(tracks, position)
    assert tracks.status[i] == TrackStatus.CONFIRMED
    assert np.linalg.norm(tracks.state[i, :3] - position) < 40.0
    assert np.linalg.norm(tracks.state[i, 3:] - velocity) < 8.0
    assert tracks.mode_probability[i, 2:].sum() > 0.99
    assert tracks.class_probability[i].sum() == pytest.approx(1.0, abs=1e-9)


def test_nothing_in_nothing_out():
    result = Tracker(site()).step(0, Detections.empty())
    assert len(result.records) == 0
    assert result.info["association"].shape == (0, 2)
    assert result.wake_ns is None


def test_site_without_radar_noise_of_its_own_still_tracks_reports_with_sigmas():
    model = radar(
        range_sigma_m=np.nan, azimuth_sigma_rad=np.nan, elevation_sigma_rad=np.nan, range_rate_sigma_ms=np.nan
    )
    tracker = Tracker(site(model))
    refused = tracker.step(0, look([3000.0, 0.0, 300.0], [0.0, 0.0, 0.0], 0.0, 1)).info["refused"]
    assert refused == {"bad sigma": 1}


def test_spec_refuses_contradictions():
    with pytest.raises(ValueError, match="confirm_hits"):
        TrackerSpec(confirm_hits=6, confirm_looks=5)
