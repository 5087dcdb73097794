"""The Cramer-Rao bound of the impact point."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rampart.physics.environment import Environment
from rampart.physics.flight import fly
from rampart.records import Detections, Flight, SensorModel, Site
from rampart.study.bound import impact_bound


class ExponentialAir(Environment):
    """Air of density 1.225 kg/m3 exp(-h / 8,500 m) and a drag coefficient that does not change, over a flat Earth."""

    def arrays(self, shape="g1"):
        drag = np.zeros((200, 4))
        drag[:, 0] = 1.0
        return self.site, self.atmosphere, drag, self.terrain.heights_m, self.frame

    def forces(self, shape="g1"):
        return self.arrays()[:3]


@pytest.fixture(scope="module")
def environment():
    flat = Environment.standard(latitude_rad=0.0, gravity_ms2=9.80665, earth_radius_m=math.inf, rotation_rad_s=0.0)
    air = flat.atmosphere.copy()
    air[:, 0] = 1.225 * np.exp(-np.arange(-500.0, 32001.0, 50.0) / 8500.0)
    air[:-1, 1] = np.diff(air[:, 0])
    return ExponentialAir(flat.site, air, flat.terrain)


def _flight(environment, speed_ms, elevation_deg, drag):
    angle = math.radians(elevation_deg)
    state = [0.0, 0.0, 0.0, speed_ms * math.cos(angle), 0.0, speed_ms * math.sin(angle), math.log(drag)]
    flown = fly(state, environment, duration_s=100.0, step_s=0.1)
    arrays = (flown.time_s, flown.position_enu, flown.velocity_enu)
    return Flight("t", "t", "s", "shell", True, True, *arrays, rcs_dbsm=-10.0, ln_drag=math.log(drag))


@pytest.fixture(scope="module")
def slow_high(environment):
    return _flight(environment, 200.0, 60.0, 2.0e-4)


@pytest.fixture(scope="module")
def fast_low(environment):
    return _flight(environment, 350.0, 40.0, 1.5e-4)


def _site(flight):
    beside = flight.position_enu[-1] + [0.0, 3000.0, 0.0]
    return Site("s", 0.0, 0.0, 0.0, sensors=(SensorModel("r", "radar3d", beside, 1.0),))


def _detections(flight, until_s, *, range_m=10.0, angle_deg=0.2, period_s=1.0, rate_ms=math.nan, first=0.2):
    times = np.arange(first * flight.end_s, until_s + 1e-9, period_s)
    n, ns = len(times), np.rint(times * 1e9).astype(np.int64)
    angle = np.full(n, math.radians(angle_deg))
    return Detections.build(
        time_ns=ns,
        received_ns=ns,
        range_m=np.ones(n),
        azimuth_rad=np.ones(n),
        elevation_rad=np.ones(n),
        range_rate_ms=np.full(n, rate_ms * 0.0),
        range_sigma_m=np.full(n, range_m),
        azimuth_sigma_rad=angle,
        elevation_sigma_rad=angle,
        range_rate_sigma_ms=np.full(n, rate_ms),
    )


# RMS bound [m] at 0.3 .. 0.9 of the flight, computed by another program and published with the design: detection
# probability 0.9 as an information-reduction factor.
TABLE = [
    ("slow_high", 10.0, 0.2, 1.0, [246, 119, 77, 48, 29, 17, 10]),
    ("slow_high", 5.0, 0.1, 0.1, [116, 50.5, 20.2, 9.5, 4.9, 2.7, 1.6]),
    ("fast_low", 10.0, 0.2, 1.0, [478, 224, 109, 46, 27, 14, 9.7]),
    ("fast_low", 5.0, 0.1, 0.1, [267, 56.8, 19.3, 8.5, 4.3, 2.4, 1.5]),
]


@pytest.mark.parametrize(("name", "range_m", "angle_deg", "period_s", "published"), TABLE)
def test_the_published_table(request, environment, name, range_m, angle_deg, period_s, published):
    flight = request.getfixturevalue(name)
    less = 1.0 / math.sqrt(0.9)
    for share, expected in zip(np.arange(0.3, 0.95, 0.1), published, strict=True):
        until = share * flight.end_s
        detections = _detections(flight, until, range_m=less * range_m, angle_deg=less * angle_deg, period_s=period_s)
        bound = impact_bound(flight, detections, _site(flight), environment, until)
        assert bound.rms_m == pytest.approx(expected, rel=0.05), f"at {share:.1f}"
        assert bound.rms_m == pytest.approx(math.sqrt(np.trace(bound.covariance)))
        assert bound.detections == len(detections)


def test_range_rate_helps(environment, slow_high):
    until, site = 0.5 * slow_high.end_s, _site(slow_high)
    without = impact_bound(slow_high, _detections(slow_high, until), site, environment, until)
    with_rate = impact_bound(slow_high, _detections(slow_high, until, rate_ms=1.0), site, environment, until)
    assert with_rate.rms_m < 0.9 * without.rms_m
    assert np.linalg.eigvalsh(without.covariance - with_rate.covariance).min() > 0.0


def test_what_is_received_too_late_does_not_count(environment, slow_high):
    until, site = 0.5 * slow_high.end_s, _site(slow_high)
    detections = _detections(slow_high, 0.8 * slow_high.end_s)
    late = detections.replace(received_ns=detections.received_ns + 1_500_000_000)
    early = impact_bound(slow_high, late, site, environment, until)
    exact = impact_bound(slow_high, _detections(slow_high, until - 1.5), site, environment, until)
    assert early.rms_m == pytest.approx(exact.rms_m, rel=1e-12)


def test_order_is_irrelevant(environment, slow_high):
    until, site = 0.6 * slow_high.end_s, _site(slow_high)
    detections = _detections(slow_high, until)
    mixed = detections.take(np.random.default_rng(0).permutation(len(detections)))
    straight = impact_bound(slow_high, detections, site, environment, until)
    assert impact_bound(slow_high, mixed, site, environment, until).rms_m == pytest.approx(straight.rms_m, rel=1e-12)


def test_thrust_does_not_count(environment, slow_high):
    until, site = 0.5 * slow_high.end_s, _site(slow_high)
    rocket = replace(slow_high, burnout_s=0.3 * slow_high.end_s)
    burnt = impact_bound(rocket, _detections(rocket, until), site, environment, until)
    seen_late = impact_bound(
        slow_high, _detections(slow_high, until).take(slice(3, None)), site, environment, until
    )  # looks at 0.2 T, 0.2 T + 1 s, + 2 s are before 0.3 T
    assert burnt.rms_m == pytest.approx(seen_late.rms_m, rel=1e-12)


def test_positions_say_as_much_as_the_polar_report_they_come_from(environment, slow_high):
    until, site = 0.5 * slow_high.end_s, _site(slow_high)
    polar = _detections(slow_high, until)
    times = polar.time_ns * 1e-9
    at = np.column_stack([np.interp(times, slow_high.time_s, slow_high.position_enu[:, i]) for i in range(3)])
    offset = at - site.sensors[0].position_enu
    level = np.hypot(offset[:, 0], offset[:, 1])
    distance = np.hypot(level, offset[:, 2])
    covariance = np.empty((len(polar), 3, 3))
    for i, (x, y, z) in enumerate(offset):
        unit = np.array([[x, y, z], [y, -x, 0.0], [-x * z, -y * z, level[i] ** 2]])
        unit /= np.linalg.norm(unit, axis=1)[:, None]
        sigma = [10.0, level[i] * math.radians(0.2), distance[i] * math.radians(0.2)]
        covariance[i] = unit.T @ np.diag(np.square(sigma)) @ unit
    placed = Detections.build(
        time_ns=polar.time_ns, received_ns=polar.received_ns, position_enu=at, position_covariance=covariance
    )
    expected = impact_bound(slow_high, polar, site, environment, until)
    assert impact_bound(slow_high, placed, site, environment, until).rms_m == pytest.approx(expected.rms_m, rel=1e-3)


def test_a_flight_across_south_knows_no_jump_of_azimuth(environment, slow_high):
    until, site = 0.5 * slow_high.end_s, _site(slow_high)
    detections = _detections(slow_high, until)
    north = replace(site.sensors[0], position_enu=np.array([1000.0, 3000.0, 0.0]))
    turned = replace(slow_high, position_enu=slow_high.position_enu * [1, -1, 1])
    south = replace(site.sensors[0], position_enu=np.array([1000.0, -3000.0, 0.0]))
    a = impact_bound(slow_high, detections, replace(site, sensors=(north,)), environment, until)
    b = impact_bound(turned, detections, replace(site, sensors=(south,)), environment, until)
    assert a.rms_m == pytest.approx(b.rms_m, rel=1e-6)


def test_nothing_can_be_said(environment, slow_high):
    until, site = 0.5 * slow_high.end_s, _site(slow_high)
    detections = _detections(slow_high, until)
    drone = replace(slow_high, ballistic=False)
    assert math.isnan(impact_bound(drone, detections, site, environment, until).rms_m)
    assert math.isnan(impact_bound(replace(slow_high, ln_drag=math.nan), detections, site, environment, until).rms_m)
    for known in (0, 2):
        few = impact_bound(slow_high, detections.take(slice(0, known)), site, environment, until)
        assert math.isnan(few.rms_m)
        assert np.isnan(few.covariance).all()
    assert math.isfinite(impact_bound(slow_high, detections.take(slice(0, 3)), site, environment, until).rms_m)
