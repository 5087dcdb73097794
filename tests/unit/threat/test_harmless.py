import math

import numpy as np
import pytest
from pydantic import ValidationError

from rampart.threat.harmless import AircraftSpec, BirdSpec, CivilDroneSpec


def birds(**keys):
    return BirdSpec(id="b", kind="bird", **{"duration_s": 600.0, **keys})


def aircraft(**keys):
    return AircraftSpec(id="a", kind="aircraft", **keys)


def test_birds_keep_to_their_region_speed_and_height(site, environment, dice):
    flights = birds(count=20, centre_en_m=[500.0, 0.0], radius_m=2_000.0).build(site, environment, dice(1))
    assert len(flights) == 20
    for flight in flights:
        away = np.linalg.norm(flight.position_enu[:, :2] - [500.0, 0.0], axis=1)
        speed = np.linalg.norm(flight.velocity_enu[:, :2], axis=1)
        assert away.max() < 2_600.0
        assert speed.min() > 7.0
        assert speed.max() < 19.5
        assert flight.position_enu[:, 2].min() >= 3.0
        assert flight.position_enu[:, 2].max() < 280.0
        assert -35.0 <= flight.rcs_dbsm <= -25.0
        assert (flight.threat, flight.ballistic, flight.kind, flight.identity) == (False, False, "bird", "")
        assert (flight.start_s, flight.end_s) == (0.0, 600.0)


def test_a_flock_flies_together_and_flocks_apart(site, environment, dice):
    flights = birds(count=8, flock_size=4, radius_m=5_000.0).build(site, environment, dice(2))
    places = np.array([f.position_enu for f in flights])
    for flock in (places[:4], places[4:]):
        assert np.linalg.norm(flock - flock.mean(axis=0), axis=2).max() < 150.0
    assert np.linalg.norm(places[:4].mean(axis=0) - places[4:].mean(axis=0), axis=1).max() > 300.0


def test_birds_wander(site, environment, dice):
    [flight] = birds(count=1).build(site, environment, dice(3))
    heading = np.unwrap(np.arctan2(flight.velocity_enu[:, 0], flight.velocity_enu[:, 1]))
    assert heading.max() - heading.min() > math.pi


def test_heights_count_from_the_ground(site, hills, dice):
    for flight in birds(count=4, radius_m=1_500.0).build(site, hills, dice(4)):
        ground = hills.terrain.height_at(flight.position_enu[:, 0], flight.position_enu[:, 1])
        assert (flight.position_enu[:, 2] - ground > 2.9).all()


def test_civil_drones_say_who_they_are(site, environment, dice):
    flights = CivilDroneSpec(id="c", kind="civil_drone", count=2, duration_s=300.0).build(site, environment, dice(5))
    assert [f.identity for f in flights] == ["RID00001", "RID00002"]
    assert all(f.emits and not f.threat for f in flights)
    assert max(np.linalg.norm(f.velocity_enu, axis=1).max() for f in flights) < 12.0


def test_aircraft_pass_at_their_distance_height_and_speed(site, environment, dice):
    spec = aircraft(count=30, passing_m=[2_000.0, 3_000.0], height_above_ground_m=[1_500.0, 2_500.0], duration_s=900.0)
    for flight in spec.build(site, environment, dice(6)):
        way = flight.position_enu[1] - flight.position_enu[0]
        nearest = abs(way[0] * flight.position_enu[0, 1] - way[1] * flight.position_enu[0, 0]) / np.linalg.norm(way)
        assert 2_000.0 <= nearest <= 3_000.0
        assert 1_500.0 <= flight.position_enu[0, 2] <= 2_500.0
        assert 60.0 <= np.linalg.norm(flight.velocity_enu[0]) <= 250.0
        passing_s = 0.5 * (flight.start_s + flight.end_s)
        assert -1e-6 <= passing_s <= 900.0
        assert 5.0 <= flight.rcs_dbsm <= 15.0
        assert flight.identity.startswith("F0")
        assert len(flight.identity) == 6
        assert not flight.emits


def test_aircraft_come_from_where_it_is_stated(site, environment, dice):
    for flight in aircraft(count=3, from_bearing_deg=[90.0]).build(site, environment, dice(7)):
        assert flight.velocity_enu[0, 0] < 0.0
        assert flight.velocity_enu[0, 1] == pytest.approx(0.0, abs=1e-6)


def test_aircraft_fly_a_route_with_rounded_corners(site, environment, dice):
    route = [[0.0, 0.0, 1_000.0], [20_000.0, 0.0, 1_000.0], [20_000.0, 15_000.0, 2_000.0]]
    spec = aircraft(route_enu_m=route, start_s=50.0, count=2, duration_s=120.0, speed_ms=[100.0, 100.0])
    first, second = spec.build(site, environment, dice(8))
    assert (first.start_s, second.start_s) == (50.0, 110.0)
    assert first.position_enu[0] == pytest.approx(route[0], abs=1e-6)
    assert first.position_enu[-1] == pytest.approx(route[-1], abs=1e-6)
    acceleration = np.diff(first.velocity_enu, axis=0) / np.diff(first.time_s)[:, None]
    assert np.linalg.norm(acceleration, axis=1).max() < 20.0


def test_the_same_dice_give_the_same_flock(site, environment, dice):
    one, two = (birds(count=5).build(site, environment, dice(9)) for _ in range(2))
    assert all(a.position_enu.tobytes() == b.position_enu.tobytes() for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize(
    ("make", "keys", "message"),
    [
        (birds, {"speed_ms": [18.0, 8.0]}, "speed_ms"),
        (birds, {"speed_ms": 12.0}, "list of two"),
        (birds, {"radius_m": 0.0}, "radius_m"),
        (birds, {"duration_s": 1e9}, "duration_s"),
        (aircraft, {"route_enu_m": [[0.0, 0.0, 100.0]]}, "route_enu_m"),
        (aircraft, {"route_enu_m": [[0.0, 0.0, 100.0], [0.0, 0.0, 100.0]]}, "two equal points"),
        (aircraft, {"identity": "X"}, "identity"),
    ],
)
def test_nonsense_is_refused(make, keys, message):
    with pytest.raises(ValidationError, match=message):
        make(**keys)
