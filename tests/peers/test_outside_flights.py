"""Flights of JSBSim and RocketPy beside ours, and through our chain."""

import math

import numpy as np
import pytest

from rampart.bench import jsbsim_flights, rocketpy_flights
from rampart.bench.outside import follow_logs
from rampart.physics import geodesy
from rampart.physics.environment import Environment
from rampart.physics.flight import fly_to_ground

pytestmark = [pytest.mark.counterparty, pytest.mark.compiled]


def track_enu(log):
    """The log in the frame of its launch point, and that frame's latitude."""
    here = (math.radians(log.latitude_deg[0]), math.radians(log.longitude_deg[0]), 200.0)
    return geodesy.geodetic_to_enu(
        np.radians(log.latitude_deg), np.radians(log.longitude_deg), log.height_m, *here
    ), here[0]


def miss_of_ours(log, shape, **environment):
    """Where our kernel, from the log's first moments, meets the plane through its launch point, less the log there."""
    track, latitude = track_enu(log)
    # JSBSim's ground is an ellipsoid, ours a plane that touches it: the log is cut where it comes through the plane
    down = np.flatnonzero(track[:, 2] < 0.0)[0]
    last = slice(down - 2, down + 2)
    fit = np.polyfit(track[last, 2], np.column_stack([track[last, :2], log.time_s[last]]), 2)[-1]
    velocity = np.polyfit(log.time_s[:8], track[:8], 4)[-2]
    here = Environment.standard(latitude_rad=latitude, height_m=200.0, **environment)
    landing = fly_to_ground([[*track[0], *velocity, log.ln_drag]], here, shape=shape)
    assert np.hypot(*fit[:2]) > 1000.0
    return float(np.hypot(*(landing.position_enu[0, :2] - fit[:2]))), float(landing.time_s[0] - fit[2])


@pytest.mark.parametrize("seed", range(4))
def test_a_sphere_of_jsbsim_flies_as_ours_over_the_turning_earth(require_service, seed):
    require_service("jsbsim")
    log = jsbsim_flights.make_flight(seed, 200.0)
    miss_m, late_s = miss_of_ours(log, "sphere")
    assert miss_m < 0.5
    assert abs(late_s) < 0.01
    assert log.height_m[-1] == pytest.approx(200.0, abs=1e-3)


def test_drag_and_the_turning_earth_are_told_apart(require_service):
    """Without Coriolis, or with the standard drag curve in place of the sphere's, ours lands elsewhere."""
    require_service("jsbsim")
    log = jsbsim_flights.make_flight(0, 200.0)
    assert miss_of_ours(log, "sphere", rotation_rad_s=0.0)[0] > 1.0
    assert miss_of_ours(log, "g1")[0] > 1.0


def test_a_rocket_of_rocketpy_comes_down_in_one_piece(require_service):
    require_service("rocketpy")
    log = rocketpy_flights.make_flight(1, 200.0)
    track, _ = track_enu(log)
    assert log.height_m[-1] == pytest.approx(200.0, abs=0.5)
    assert log.height_m.max() > 500.0
    assert 10.0 < log.time_s[-1] < 120.0
    assert np.hypot(*track[-1, :2]) > 300.0
    assert (np.diff(log.time_s) > 0.0).all()


@pytest.mark.parametrize(("peer", "maker"), [("jsbsim", jsbsim_flights), ("rocketpy", rocketpy_flights)])
def test_the_chain_foretells_where_others_flights_come_down(require_service, peer, maker):
    require_service(peer)
    logs = [maker.make_flight(seed, 200.0) for seed in (11, 12, 13)]
    samples = follow_logs(logs, maker.LATITUDE_DEG, np.random.default_rng(1))
    late = np.isclose(samples.share, 0.8)
    assert np.isfinite(samples.impact_miss[late]).all()
    assert np.linalg.norm(samples.impact_miss[late], axis=1).max() < 60.0
    assert np.isfinite(samples.impact_bound[late]).all()
