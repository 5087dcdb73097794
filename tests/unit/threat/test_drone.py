import math

import numpy as np
import pytest
from pydantic import ValidationError

from rampart.errors import InputError
from rampart.physics.path import Paths
from rampart.records import Fate
from rampart.threat.drone import FixedWingSpec, MultirotorSpec
from rampart.threat.route import Course, turn_radius_m


def fixed_wing(**keys):
    return FixedWingSpec(id="d", kind="fixed_wing", **{"arrival_s": 100.0, "target_en_m": [50.0, 80.0], **keys})


def multirotor(**keys):
    return MultirotorSpec(id="d", kind="multirotor", **{"arrival_s": 300.0, "target_en_m": [50.0, 80.0], **keys})


def at(flight, time_s):
    position, velocity, alive = Paths.pack([(flight.time_s, flight.position_enu, flight.velocity_enu)]).at(time_s)
    assert alive[0]
    return position[0], velocity[0]


def test_it_reaches_its_target_at_its_time_and_flies_on(site, environment, dice):
    [flight] = fixed_wing(from_bearing_deg=90.0, distance_m=4_000.0, speed_ms=40.0).build(site, environment, dice(1))
    position, velocity = at(flight, 100.0)
    assert position == pytest.approx([50.0, 80.0, 150.0], abs=1e-6)
    assert velocity == pytest.approx([-40.0, 0.0, 0.0], abs=1e-6)
    assert flight.position_enu[0] == pytest.approx([4_050.0, 80.0, 150.0], abs=1e-6)
    assert flight.position_enu[-1] == pytest.approx([-3_950.0, 80.0, 150.0], abs=1e-6)
    assert (flight.start_s, flight.end_s, flight.fate) == (0.0, 200.0, Fate.DEPARTED)


@pytest.mark.parametrize("make", [fixed_wing, multirotor])
def test_a_dive_ends_on_the_target(make, site, environment, dice):
    [flight] = make(dive=True, from_bearing_deg=200.0).build(site, environment, dice(1))
    assert flight.position_enu[-1] == pytest.approx([50.0, 80.0, 0.0], abs=1e-6)
    assert flight.end_s == make().arrival_s
    assert flight.fate == Fate.IMPACT
    v = flight.velocity_enu[-1]
    angle = math.degrees(math.atan2(-v[2], math.hypot(v[0], v[1])))
    assert angle == pytest.approx(make().dive_angle_deg, abs=4.0)
    assert (np.diff(flight.position_enu[:, 2]) < 0.02).all()
    assert flight.position_enu[:, 2].min() >= 0.0


def test_turns_are_as_tight_as_the_bank_allows(site, environment, dice):
    spec = fixed_wing(waypoints_en_m=[[6_000.0, 0.0], [6_000.0, 5_000.0], [0.0, 5_000.0]], speed_ms=50.0, bank_deg=25.0)
    [flight] = spec.build(site, environment, dice(1))
    acceleration = np.diff(flight.velocity_enu, axis=0) / np.diff(flight.time_s)[:, None]
    limit = 9.80665 * math.tan(math.radians(25.0))
    level = np.linalg.norm(acceleration[:, :2], axis=1)
    assert level.max() < 1.1 * limit
    # a quarter of a circle takes v / (g tan bank) pi / 2 = 17 s, and there are two
    assert (level > 0.9 * limit).sum() * 0.25 == pytest.approx(34.3, abs=1.5)
    assert np.linalg.norm(flight.velocity_enu, axis=1) == pytest.approx(50.0, abs=0.2)


def test_waypoints_too_near_for_the_turn_are_refused(site, environment, dice):
    spec = fixed_wing(waypoints_en_m=[[900.0, 0.0], [900.0, 200.0]], target_en_m=[0.0, 0.0])
    with pytest.raises(InputError, match=r"threat 'd': waypoints 1 and 2 .* too near"):
        spec.build(site, environment, dice(1))
    with pytest.raises(InputError, match="waypoint 2 stands where"):
        fixed_wing(waypoints_en_m=[[9.0, 0.0], [9.0, 0.0]]).build(site, environment, dice(1))


def test_a_multirotor_hovers_for_its_time(site, environment, dice):
    [flight] = multirotor(hover_s=20.0, hover_distance_m=1_000.0, distance_m=3_000.0).build(site, environment, dice(1))
    speed = np.linalg.norm(flight.velocity_enu, axis=1)
    still = flight.time_s[speed < 0.05]
    assert still[-1] - still[0] == pytest.approx(20.0, abs=0.6)
    assert np.linalg.norm(at(flight, still.mean())[0][:2] - [50.0, 80.0]) == pytest.approx(1_000.0, abs=0.1)
    assert at(flight, 300.0)[0][:2] == pytest.approx([50.0, 80.0], abs=1e-6)


def test_hovering_needs_room_to_brake(site, environment, dice):
    with pytest.raises(InputError, match="no room to brake"):
        multirotor(hover_s=20.0, hover_distance_m=2_999.0, distance_m=3_000.0).build(site, environment, dice(1))


def test_it_follows_the_terrain(site, hills, dice):
    [flight] = multirotor(height_above_ground_m=60.0, distance_m=4_000.0, from_bearing_deg=90.0).build(
        site, hills, dice(1)
    )
    ground = hills.terrain.height_at(flight.position_enu[:, 0], flight.position_enu[:, 1])
    above = flight.position_enu[:, 2] - ground
    assert above.min() >= 19.9
    assert above.mean() == pytest.approx(60.0, abs=10.0)
    assert flight.position_enu[:, 2].std() > 15.0


def test_a_swarm_comes_from_all_sides_one_after_the_other(site, environment, dice):
    spec = multirotor(count=4, spacing_s=5.0, from_bearing_deg=[0.0, 90.0], spread_m=30.0, distance_m=2_000.0)
    flights = spec.build(site, environment, dice(1))
    targets = [at(f, 300.0 + 5.0 * i)[0] for i, f in enumerate(flights)]
    assert len({tuple(t) for t in targets}) == 4
    ways = [f.position_enu[0] - t for f, t in zip(flights, targets, strict=True)]
    assert [round(math.degrees(math.atan2(w[0], w[1]))) for w in ways] == [0, 90, 0, 90]
    assert [f.emits for f in flights] == [True] * 4
    assert not fixed_wing().build(site, environment, dice(1))[0].emits


def test_the_speed_between_knots_is_the_slope_of_the_place(site, environment, dice):
    [flight] = fixed_wing(dive=True, waypoints_en_m=[[5_000.0, 0.0], [5_000.0, 5_000.0]]).build(
        site, environment, dice(1)
    )
    for t in np.linspace(flight.start_s + 1.0, flight.end_s - 1.0, 40):
        ahead, behind = at(flight, t + 1e-3)[0], at(flight, t - 1e-3)[0]
        assert (ahead - behind) / 2e-3 == pytest.approx(at(flight, t)[1], abs=1e-3)


def test_a_course_keeps_its_radius_and_its_length():
    course = Course.through(np.array([[0.0, 0.0], [0.0, 1_000.0], [1_000.0, 1_000.0]]), 100.0)
    assert course.length_m == pytest.approx(2_000.0 - 200.0 + 50.0 * math.pi)
    s = np.linspace(0.0, course.length_m, 2_000)
    points = course.at(s)
    assert np.linalg.norm(np.diff(points, axis=0), axis=1) == pytest.approx(s[1], rel=1e-4)
    corner = points[(s > 901.0) & (s < 899.0 + 50.0 * math.pi)]
    assert np.linalg.norm(corner - [100.0, 900.0], axis=1) == pytest.approx(100.0, abs=1e-6)
    assert points[-1] == pytest.approx([1_000.0, 1_000.0])


def test_turn_radius():
    assert turn_radius_m(50.0, math.radians(45.0)) == pytest.approx(2500.0 / 9.80665)


@pytest.mark.parametrize(
    ("make", "keys", "message"),
    [
        (fixed_wing, {"target_en_m": None}, "target_en_m or waypoints_en_m"),
        (fixed_wing, {"target_en_m": None, "waypoints_en_m": [[1.0, 2.0]]}, "at least 2 waypoints_en_m"),
        (fixed_wing, {"hover_s": 10.0}, "cannot hover"),
        (fixed_wing, {"bank_deg": 90.0}, "bank_deg"),
        (multirotor, {"speed_ms": -3.0}, "speed_ms"),
        (multirotor, {"height_m": 30.0}, "height_m"),
    ],
)
def test_nonsense_is_refused(make, keys, message):
    with pytest.raises(ValidationError, match=message):
        make(**keys)
