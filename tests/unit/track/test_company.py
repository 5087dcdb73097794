"""Company: birds of a flock taken for one another are no mortar bomb, and a bomb is no flock."""

import math

import numpy as np
import pytest

from rampart.records import Detections, SensorModel, Site, TrackStatus
from rampart.track import Tracker
from rampart.track.constants import HAS_AZIMUTH, HAS_ELEVATION, HAS_RANGE, HAS_RATE, N_P, N_Z, Z_RATE, Z_SIGMA
from rampart.track.filters._kernels import COMPANY, company, in_company

FULL = HAS_RANGE | HAS_AZIMUTH | HAS_ELEVATION | HAS_RATE
NS = 1_000_000_000
RADAR = SensorModel(
    "r",
    "radar3d",
    np.zeros(3),
    1.0,
    range_sigma_m=5.0,
    azimuth_sigma_rad=0.009,
    elevation_sigma_rad=0.009,
    range_rate_sigma_ms=0.4,
    false_alarms_per_scan=1.0,
)


def polar(position, velocity):
    east, north, up = position
    range_m = math.hypot(*position)
    rate = float(np.dot(position, velocity)) / range_m
    return range_m, math.atan2(east, north), math.asin(up / range_m), rate


def of_company(moved_m, rate_ms, dt=1.0):
    """Ln likelihood of a detection that far off along the line of sight, of something last seen at 800 m."""
    z = np.zeros(N_Z)
    z[1:4] = polar((0.0, 800.0 + moved_m, 100.0), (0.0, 0.0, 0.0))[:3]
    z[Z_RATE], z[Z_SIGMA : Z_SIGMA + 4] = rate_ms, (5.0, 0.009, 0.009, 0.4)
    return company(np.array([0.0, 800.0, 100.0]), z, FULL, 0.0, 0.0, 0.0, dt, np.zeros(N_P), np.zeros((24, 8)))


def test_a_neighbour_is_expected_and_a_rocket_is_not():
    assert of_company(0.0, 0.0) > of_company(25.0, -12.0) > of_company(0.0, 0.0) - 4.0
    assert of_company(250.0, 250.0) < of_company(0.0, 0.0) - 100.0


@pytest.mark.parametrize("steered", [-3.0, -20.0, -300.0])
def test_company_is_the_least_that_is_said_of_what_is_steered(steered):
    said = in_company(steered, -8.0)
    assert said >= max(math.log(1.0 - COMPANY) + steered, math.log(COMPANY) - 8.0)
    assert said == pytest.approx(math.log((1.0 - COMPANY) * math.exp(steered) + COMPANY * math.exp(-8.0)))


def watch(paths, seconds, rng):
    """Probability that it falls, at each look of confirmed tracks; each second one of the paths is seen."""
    tracker, falls = Tracker(Site("here", 0.6, 0.1, 0.0, sensors=(RADAR,))), []
    for k in range(seconds):
        position, velocity = paths[int(rng.integers(len(paths)))](float(k))
        seen = np.array(polar(position, velocity)) + rng.standard_normal(4) * np.array([5.0, 0.009, 0.009, 0.4])
        columns = zip(("range_m", "azimuth_rad", "elevation_rad", "range_rate_ms"), seen[:, None], strict=True)
        plots = Detections.build(number=[k + 1], time_ns=[k * NS], snr_db=[15.0], rcs_dbsm=[-28.0], **dict(columns))
        tracks = tracker.step(k * NS, plots).records
        falls += tracks.class_probability[tracks.status == TrackStatus.CONFIRMED, :3].sum(axis=1).tolist()
    return np.array(falls)


def circling(rng):
    """One bird of a flock in a thermal: 12 m/s, circles of 30 m, each member elsewhere on and beside the circle."""
    offset, phase = 15.0 * rng.standard_normal(3), 0.5 * rng.standard_normal()

    def at(t):
        a = phase + 0.4 * t
        return (
            np.array([300.0 + 30.0 * math.cos(a), 500.0 + 30.0 * math.sin(a), 250.0 + 1.5 * t]) + offset,
            np.array([-12.0 * math.sin(a), 12.0 * math.cos(a), 1.5]),
        )

    return at


def test_a_flock_seen_bird_by_bird_does_not_fall():
    falls = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        falls.append(watch([circling(rng) for _ in range(4)], 12, rng))
    share = np.mean(np.concatenate(falls) > 0.8)
    assert len(np.concatenate(falls)) > 200
    assert share < 0.005
