import math

import numpy as np
import pytest
from pydantic import ValidationError

from rampart.errors import InputError
from rampart.physics import flight as motion
from rampart.physics import oracle
from rampart.physics.atmosphere import WindProfile
from rampart.physics.environment import Environment
from rampart.records import Fate
from rampart.threat.ballistic import (
    RAIL_SPEED_MS,
    Arrival,
    MortarSpec,
    RocketSpec,
    ShellSpec,
    _Fan,
    fly_back,
    shallowest_angle,
)

SPECS = {"rocket": RocketSpec, "shell": ShellSpec, "mortar": MortarSpec}
SHAPES = {"rocket": "g1", "shell": "g7", "mortar": "g1"}


def spec_of(kind, **keys):
    keys = {"arrival_s": 40.0, "impact_en_m": [100.0, -50.0], "time_of_flight_s": 25.0, **keys}
    return SPECS[kind](id="t", kind=kind, **keys)


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("flown_s", [10.0, 25.0, 40.0])
def test_rounds_come_down_where_and_when_stated(kind, flown_s, site, environment, dice):
    spec = spec_of(kind, time_of_flight_s=flown_s, time_of_flight_spread=0.0, count=3, spacing_s=1.5)
    for i, flight in enumerate(spec.build(site, environment, dice(1))):
        assert flight.position_enu[-1] == pytest.approx([100.0, -50.0, 0.0], abs=1e-9)
        assert flight.end_s == pytest.approx(40.0 + 1.5 * i, abs=1e-9)
        assert flight.end_s - flight.start_s == pytest.approx(flown_s, abs=1e-3)
        assert flight.position_enu[0, 2] == pytest.approx(0.0, abs=1e-3)
        assert (flight.fate, flight.threat, flight.ballistic) == (Fate.IMPACT, True, True)
        assert (np.diff(flight.time_s) > 0.0).all()


@pytest.mark.parametrize("kind", SPECS)
def test_flown_forward_by_the_oracle_they_land_there(kind, site, environment, dice):
    """DOP853 from the burnout, or from the launch: forces written a second time, integrated another way."""
    [flight] = spec_of(kind).build(site, environment, dice(2))
    first = 0 if math.isnan(flight.burnout_s) else int(np.argmin(np.abs(flight.time_s - flight.burnout_s)))
    state = np.array([*flight.position_enu[first], *flight.velocity_enu[first], flight.ln_drag])
    landing = oracle.fly_to_ground(state, environment, shape=SHAPES[kind])
    assert landing.position_enu == pytest.approx(flight.position_enu[-1], abs=0.01)
    assert flight.time_s[first] + landing.time_s == pytest.approx(flight.end_s, abs=1e-4)


def test_the_boost_flown_forward_reaches_the_burnout(site, environment, dice):
    [flight] = spec_of("rocket", thrust_s=1.5, time_of_flight_spread=0.0).build(site, environment, dice(3))
    burnout = int(np.argmin(np.abs(flight.time_s - flight.burnout_s)))
    assert flight.time_s[burnout] == pytest.approx(flight.burnout_s, abs=1e-9)
    assert flight.burnout_s - flight.start_s == pytest.approx(1.5, abs=1e-3)
    assert np.linalg.norm(flight.velocity_enu[0]) == pytest.approx(RAIL_SPEED_MS, abs=0.5)
    speed = np.linalg.norm(flight.velocity_enu[: burnout + 1], axis=1)
    assert (np.diff(speed) > 0.0).all()
    # the gain of speed per second is steady: one acceleration along the path, but for gravity and drag
    gain = np.diff(speed[1:-1]) / np.diff(flight.time_s[1:burnout])
    assert gain.max() - gain.min() < 0.15 * gain.mean()
    thrust = gain.mean() + 9.8 * 0.5
    state = np.array([*flight.position_enu[0], *flight.velocity_enu[0], flight.ln_drag])
    flown = motion.fly(state, environment, duration_s=1.5, step_s=0.05, to_ground=False, thrust_ms2=thrust)
    assert flown.position_enu[-1] == pytest.approx(flight.position_enu[burnout], abs=10.0)


@pytest.mark.parametrize("kind", SPECS)
def test_between_knots_the_cubic_is_the_flight(kind, site, environment, dice):
    [flight] = spec_of(kind, time_of_flight_s=30.0).build(site, environment, dice(4))
    first = 1 if math.isnan(flight.burnout_s) else int(np.argmin(np.abs(flight.time_s - flight.burnout_s)))
    for i in range(first, len(flight.time_s) - 1, 37):
        h = flight.time_s[i + 1] - flight.time_s[i]
        state = np.array([*flight.position_enu[i], *flight.velocity_enu[i], flight.ln_drag])
        half = motion.fly(state, environment, duration_s=h / 2, step_s=h / 2, shape=SHAPES[kind], to_ground=False)
        p, v = flight.position_enu, flight.velocity_enu
        middle = 0.5 * (p[i] + p[i + 1]) + h / 8.0 * (v[i] - v[i + 1])
        assert middle == pytest.approx(half.position_enu[-1], abs=1e-3)


def test_terrain_and_wind_are_part_of_the_flight(site, hills, dice):
    wind = WindProfile.constant(12.0, -5.0)
    windy = Environment.standard(latitude_rad=site.latitude_rad, height_m=34.0, wind=wind, terrain=hills.terrain)
    for flight in spec_of("rocket", count=4, spread_m=300.0).build(site, windy, dice(5)):
        for end in (0, -1):
            east, north, up = flight.position_enu[end]
            assert up == pytest.approx(float(hills.terrain.height_at(east, north)), abs=2e-3)
        ground = hills.terrain.height_at(flight.position_enu[1:-1, 0], flight.position_enu[1:-1, 1])
        assert (flight.position_enu[1:-1, 2] > ground - 0.01).all()


def test_they_come_from_the_bearings_in_turn(site, environment, dice):
    spec = spec_of("mortar", count=4, from_bearing_deg=[30.0, 200.0], bearing_spread_deg=0.0)
    for flight, bearing in zip(spec.build(site, environment, dice(6)), [30.0, 200.0, 30.0, 200.0], strict=True):
        way = flight.position_enu[0] - flight.position_enu[-1]
        # Coriolis turns the path by a few metres
        assert math.degrees(math.atan2(way[0], way[1])) % 360.0 == pytest.approx(bearing, abs=0.3)


@pytest.mark.compiled
def test_impacts_are_drawn_normal_about_the_point(site, environment, dice):
    spec = spec_of("mortar", count=200, spread_m=50.0, time_of_flight_s=8.0)
    ends = np.array([f.position_enu[-1, :2] for f in spec.build(site, environment, dice(7))]) - [100.0, -50.0]
    assert (np.abs(ends.mean(axis=0)) < 4.0 * 50.0 / math.sqrt(200)).all()
    assert ends.std(axis=0) == pytest.approx([50.0, 50.0], rel=0.2)


@pytest.mark.compiled
def test_draws_lie_in_their_intervals(site, environment, dice):
    spec = spec_of(
        "shell", count=20, arrival_angle_deg=[40.0, 50.0], drag_m2_per_kg=[2e-5, 4e-5], rcs_dbsm=-9.0, swerling=3
    )
    for flight in spec.build(site, environment, dice(8)):
        v = flight.velocity_enu[-1]
        assert 40.0 <= math.degrees(math.atan2(-v[2], math.hypot(v[0], v[1]))) <= 50.0
        assert 2e-5 <= math.exp(flight.ln_drag) <= 4e-5
        assert 24.5 <= flight.end_s - flight.start_s <= 25.5
        assert (flight.rcs_dbsm, flight.swerling) == (-9.0, 3)


@pytest.mark.compiled
def test_a_larger_raid_begins_like_the_smaller(site, environment, dice):
    two, three = (spec_of("rocket", count=n).build(site, environment, dice(9)) for n in (2, 3))
    for a, b in zip(two, three, strict=False):
        assert a.time_s.tobytes() == b.time_s.tobytes()
        assert a.position_enu.tobytes() == b.position_enu.tobytes()
    assert [f.id for f in three] == ["t-1", "t-2", "t-3"]


def test_another_drag_shape_is_flown(site, environment, dice):
    [flight] = spec_of("rocket", drag_shape="sphere", thrust_s=0.0).build(site, environment, dice(10))
    state = np.array([*flight.position_enu[0], *flight.velocity_enu[0], flight.ln_drag])
    landing = oracle.fly_to_ground(state, environment, shape="sphere")
    assert landing.position_enu == pytest.approx(flight.position_enu[-1], abs=0.01)
    assert math.isnan(flight.burnout_s)


@pytest.mark.compiled
def test_long_flights_come_down_steeper(environment):
    def least(flown_s):
        arrival = Arrival(np.zeros(3), 0.0, math.nan, flown_s, 0.0, 6e-5)
        return shallowest_angle(arrival, environment, "g1", 500.0)

    assert least(20.0) < least(45.0) < least(60.0)
    assert math.isnan(least(140.0))


@pytest.mark.compiled
@pytest.mark.parametrize("flown_s", [3.0, 19.0, 20.0, 45.0, 140.0])
def test_a_fan_finds_the_first_flight_that_is_long_enough_without_flying_all(environment, flown_s):
    arrival = Arrival(np.zeros(3), 0.3, 0.7, flown_s, 0.0, 6e-5)
    angles, shares = [0.6, 0.9, 1.3], np.linspace(0.2, 1.4, 40)
    fan = _Fan(arrival, angles, shares, flown_s + 5.0, environment, "g1")
    for angle, late, speeds, flown in zip(angles, fan.first_late(), fan.speeds, fan.time_s, strict=True):
        landings = motion.fly_to_ground(
            arrival.states(speeds, angle), environment, step_s=1.0, backward=True, max_time_s=flown_s + 5.0
        )
        times = np.where(landings.landed, -landings.time_s, np.inf)
        assert late == int(np.argmax(times >= flown_s))
        tried = ~np.isnan(flown)
        assert tried.sum() <= 14
        assert (flown[tried] == times[tried]).all()
        assert late == 0 or tried[[late - 1, late]].all()


@pytest.mark.parametrize("thrust_s", [12.0, 12.001, 40.0])
def test_a_boost_as_long_as_the_flight_or_longer_is_refused(environment, thrust_s):
    with pytest.raises(InputError, match=r"time_of_flight_s near 12\.0 .* has no flight"):
        fly_back(Arrival(np.zeros(3), 0.3, 0.8, 12.0, thrust_s, 6e-5), environment, "g1")


def test_in_vacuum_the_time_of_flight_is_the_textbook_s():
    vacuum = Environment.standard(latitude_rad=0.5, gravity_ms2=9.80665, earth_radius_m=math.inf, rotation_rad_s=0.0)
    # domain table: 10 km at 45 degrees takes 45.16 s
    flown = fly_back(Arrival(np.zeros(3), 0.0, math.pi / 4, 45.16, 0.0, 1e-12), vacuum, "g1")
    assert np.linalg.norm(flown.position_enu[0]) == pytest.approx(10_000.0, rel=1e-3)


@pytest.mark.compiled
def test_what_cannot_fly_is_an_input_error_that_names_the_threat(site, environment, dice):
    with pytest.raises(InputError, match="threat 't': time_of_flight_s = 140 is too long for this kind"):
        spec_of("mortar", time_of_flight_s=140.0).build(site, environment, dice(11))
    with pytest.raises(InputError, match=r"threat 't': time_of_flight_s near .* has no flight"):
        spec_of("mortar", time_of_flight_s=60.0, arrival_angle_deg=20.0).build(site, environment, dice(11))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"time_of_flight_s": 0.5}, "time_of_flight_s"),
        ({"arrival_angle_deg": 95.0}, "arrival_angle_deg"),
        ({"arrival_angle_deg": [60.0, 40.0]}, "lowest first"),
        ({"drag_m2_per_kg": 0.0}, "drag_m2_per_kg"),
        ({"from_bearing_deg": []}, "from_bearing_deg"),
        ({"from_bearing_deg": [10.0, math.nan]}, "from_bearing_deg"),
        ({"count": 0}, "count"),
        ({"impact_en_m": [1.0]}, "list of 2 numbers"),
        ({"aim_en_m": [0.0, 0.0]}, "aim_en_m"),
    ],
)
def test_nonsense_is_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        spec_of("rocket", **keys)
