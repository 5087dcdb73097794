"""When an effector can meet a threat: the search in continuous time."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.engage import GunSpec, InterceptorSpec, _kernels
from rampart.engage.battery import Battery
from rampart.records import Site

HERE = Site("base", 0.5, 0.5, 0.0)
NO_AIRCRAFT = np.zeros((0, 7))


def gun(**values):
    spec = GunSpec(id="g", kind="gun", position_enu_m=values.pop("at", (0.0, 0.0, 0.0)), **values)
    return spec.build(HERE, 0)


def line(start, end, span_s):
    """A straight path from second 0 on."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    speed = (end - start) / span_s
    return np.concatenate([[0.0, span_s], start, speed, end, speed])


def fall(impact, velocity, span_s, gravity=9.81):
    """A drag-free fall onto a point: a parabola, which the cubic follows exactly."""
    impact, velocity = np.asarray(impact, float), np.asarray(velocity, float)
    start_velocity = velocity + np.array([0, 0, gravity * span_s])
    start = impact - velocity * span_s - np.array([0, 0, 0.5 * gravity * span_s**2])
    return np.concatenate([[0.0, span_s], start, start_velocity, impact, velocity])


def first_shot(effector, path, ready_s=0.0, covariance=None, aircraft=NO_AIRCRAFT, angle=0.0, azimuth=None):
    battery = Battery([effector])
    if azimuth is not None:
        battery.azimuth_rad[0] = azimuth
    out = np.empty((1, 1, _kernels.SHOT_COLUMNS))
    covariance = np.zeros((6, 6)) if covariance is None else covariance
    _kernels.find_shots(
        path[None],
        covariance[None],
        np.zeros(1),
        battery.rows([0], [ready_s]),
        *battery.tables([0]),
        aircraft,
        angle,
        out,
    )
    return dict(
        zip(("fire", "intercept", "e", "n", "u", "chance", "deadline", "wait"), out[0, 0].tolist(), strict=True)
    )


def test_shot_at_a_still_target_takes_its_flight_time():
    shot = first_shot(gun(response_s=0.4), line((900, 0, 0), (900, 0, 0), 60.0), ready_s=5.0)
    assert shot["fire"] == pytest.approx(5.4, abs=1e-5)
    assert shot["intercept"] == pytest.approx(6.4, abs=1e-5)
    assert shot["chance"] == pytest.approx(0.525)
    assert shot["deadline"] == pytest.approx(59.0, abs=0.06)


def test_approaching_target_is_met_where_it_will_be():
    path = line((0, 1500, 0), (0, 0, 0), 10.0)
    shot = first_shot(gun(response_s=0.0), path)
    assert shot["intercept"] == pytest.approx(1500 / (900 + 150), abs=1e-5)
    assert shot["n"] == pytest.approx(1500 - 150 * shot["intercept"], abs=1e-2)
    assert shot["fire"] == pytest.approx(0.0, abs=1e-4)


def test_target_still_too_far_is_waited_for_to_the_edge_of_the_range():
    path = line((0, 6000, 0), (0, 0, 0), 40.0)
    shot = first_shot(gun(response_s=0.0), path)
    assert shot["n"] == pytest.approx(1800.0, abs=0.01)
    assert shot["wait"] == pytest.approx((6000 - 1800) / 150 - 2.0, abs=1e-3)


def test_last_time_to_fire_is_before_the_minimum_range():
    shot = first_shot(gun(), line((0, 1500, 0), (0, 0, 0), 10.0))
    inside_s = (1500 - 150) / 150
    assert shot["deadline"] == pytest.approx(inside_s - 150 / 900, abs=0.06)


def test_target_inside_the_minimum_range_or_out_of_reach_is_not_shot_at():
    assert math.isnan(first_shot(gun(), line((50, 0, 0), (50, 0, 0), 10.0))["fire"])
    assert math.isnan(first_shot(gun(), line((9000, 0, 0), (9000, 0, 0), 10.0))["fire"])
    assert math.isnan(first_shot(gun(), line((0, 1500, 0), (0, 0, 0), 10.0), ready_s=9.5)["fire"])


def test_falling_rocket_is_met_on_its_curve():
    path = fall((0, 0, 0), (50, 200, -150), 20.0)
    shot = first_shot(gun(response_s=0.0), path)
    t = shot["intercept"]
    place = path[2:5] + path[5:8] * t + [0, 0, -0.5 * 9.81 * t**2]
    assert [shot["e"], shot["n"], shot["u"]] == pytest.approx(place, abs=1e-6)
    assert np.hypot(np.hypot(*place[:2]), place[2]) == pytest.approx(1800, abs=0.01)


@settings(max_examples=80, deadline=None)
@given(
    impact=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    speed=st.floats(100, 500),
    angle=st.floats(0, 6.28),
    dive=st.floats(0.2, 1.3),
    span=st.floats(3, 30),
    ready=st.floats(0, 25),
)
def test_first_shot_is_possible_and_none_is_earlier(impact, speed, angle, dive, span, ready):
    velocity = speed * np.array([math.cos(dive) * math.cos(angle), math.cos(dive) * math.sin(angle), -math.sin(dive)])
    path = fall((*impact, 0.0), velocity, span)
    shot = first_shot(gun(response_s=0.0), path, ready_s=ready)
    t = np.linspace(0, span, 4001)
    place = path[2:5] + path[5:8] * t[:, None] + np.outer(t**2, [0, 0, -0.5 * 9.81])
    r = np.sqrt((place**2).sum(1))
    possible = (r >= 150) & (r <= 1800) & (t - r / 900 >= ready)
    step = span / 4000
    if math.isnan(shot["fire"]):
        assert possible.sum() * step <= 0.06
        return
    r = math.sqrt(shot["e"] ** 2 + shot["n"] ** 2 + shot["u"] ** 2)
    assert 149.9 <= r <= 1800.1
    assert shot["intercept"] - shot["fire"] == pytest.approx(r / 900, abs=1e-9)
    assert shot["fire"] >= ready - 1e-6
    assert shot["deadline"] >= shot["fire"] - 1e-6
    if possible.any():
        assert shot["intercept"] <= t[possible][0] + 2 * step


def test_closed_sector_delays_the_shot_until_the_target_has_crossed_it():
    path = line((-1000, 1000, 0), (1000, 1000, 0), 20.0)
    open_shot = first_shot(gun(), path)
    shut = first_shot(gun(closed_sectors_deg=[[300.0, 10.0]]), path)
    azimuth = math.degrees(math.atan2(shut["e"], shut["n"]))
    assert open_shot["intercept"] < 2
    assert 10.0 < azimuth < 10.5
    assert math.isnan(first_shot(gun(closed_sectors_deg=[[300.0, 60.0]]), path)["fire"])


def test_aircraft_in_the_line_of_fire_closes_it():
    path = line((0, 1000, 300), (0, 1000, 300), 20.0)
    behind, aside = (np.array([[e, 5000.0, 1500.0, 0, 0, 0, 0]]) for e in (0.0, 2000.0))
    assert math.isnan(first_shot(gun(), path, aircraft=behind, angle=math.radians(5))["fire"])
    assert first_shot(gun(), path, aircraft=aside, angle=math.radians(5))["fire"] < 1


def test_slew_takes_its_time():
    path = line((1000, 0, 0), (1000, 0, 0), 20.0)
    still = first_shot(gun(response_s=0.0), path, azimuth=math.pi / 2)
    turned = first_shot(gun(response_s=0.0), path, azimuth=-math.pi / 2)
    assert turned["fire"] - still["fire"] == pytest.approx(2.0, abs=1e-4)


def test_kill_probability_falls_with_the_tracks_error():
    path = line((1000, 0, 0), (1000, 0, 0), 20.0)
    lethal = gun().lethal_radius_m
    spread = np.zeros((6, 6))
    spread[:3, :3] = np.eye(3) * lethal**2
    sharp, vague = first_shot(gun(), path), first_shot(gun(), path, covariance=spread)
    assert vague["chance"] / sharp["chance"] == pytest.approx(2**-1.5, rel=1e-6)
    moving = spread.copy()
    moving[3:, 3:] = np.eye(3) * 20.0**2
    assert first_shot(gun(), path, covariance=moving)["chance"] < vague["chance"]


def test_expected_kill_probability_is_the_mean_of_what_the_referee_draws_with():
    from rampart.engage import kill_probability

    gun_ = gun()
    rng = np.random.Generator(np.random.Philox(5))
    root = rng.normal(size=(3, 3)) * 15
    spread = np.zeros((6, 6))
    spread[:3, :3] = root @ root.T
    path = line((1000, 0, 0), (1000, 0, 0), 20.0)
    expected = first_shot(gun_, path, covariance=spread)["chance"]
    misses = np.linalg.norm(rng.normal(size=(20_000, 3)) @ root.T, axis=1)
    drawn = [kill_probability(gun_, 1000.0, m) for m in misses]
    assert np.mean(drawn) == pytest.approx(expected, abs=4 * np.std(drawn) / np.sqrt(20_000))


def test_missed_threat_and_range_edges():
    gun_ = gun()
    assert gun_.chance_at(1800.0) == pytest.approx(0.2)
    assert gun_.chance_at(1800.1) == gun_.chance_at(149.0) == 0.0
    assert gun_.bound_s(2.0) == pytest.approx(1.5)
    launcher = InterceptorSpec(id="i", kind="interceptor", position_enu_m=(0, 0, 0)).build(HERE, 1)
    assert launcher.bound_s(2.0) == pytest.approx(3.0)
