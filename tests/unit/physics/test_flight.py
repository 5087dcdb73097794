"""Flights beside closed forms and beside DOP853."""

import math

import numpy as np
import pytest

from rampart.physics import flight, oracle
from rampart.physics.atmosphere import WindProfile
from rampart.physics.drag import drag_coefficient, reference_coefficient
from rampart.physics.environment import Environment
from rampart.physics.terrain import Terrain

G = 9.81
NO_DRAG = -80.0


def flat_earth(**changes: object) -> Environment:
    """Constant gravity, no rotation, no curvature."""
    settings = {"latitude_rad": 0.5, "gravity_ms2": G, "earth_radius_m": math.inf, "rotation_rad_s": 0.0}
    return Environment.standard(**{**settings, **changes})


def with_uniform_air(
    here: Environment, density: float, sound: float, wind: tuple[float, float] = (0.0, 0.0)
) -> Environment:
    air = np.zeros_like(here.atmosphere)
    air[:, 0::2] = [density, 1.0 / sound, *wind]
    return Environment(here.site.copy(), air, here.terrain)


def real_world() -> Environment:
    wind = WindProfile(np.array([0.0, 10000.0]), np.array([2.0, 20.0]), np.array([1.0, -8.0]))
    return Environment.standard(latitude_rad=math.radians(33.3), height_m=34.0, wind=wind)


def salvo(count: int, seed: int = 1) -> np.ndarray:
    """Flights of 39 to 54 s: the ensemble of the benchmark."""
    rng = np.random.default_rng(seed)
    speed, rise = rng.uniform(270.0, 340.0, count), np.radians(rng.uniform(45.0, 58.0, count))
    heading, k = rng.uniform(0.0, 2.0 * math.pi, count), rng.uniform(2e-5, 4e-5, count)
    level = speed * np.cos(rise)
    velocity = [level * np.sin(heading), level * np.cos(heading), speed * np.sin(rise)]
    return np.column_stack([np.zeros((count, 3)), *velocity, np.log(k)])


def hilly() -> Terrain:
    east, north = np.meshgrid(np.arange(-12000.0, 12001.0, 100.0), np.arange(-12000.0, 12001.0, 100.0))
    return Terrain(150.0 * np.sin(east / 900.0) * np.cos(north / 700.0), -12000.0, -12000.0, 100.0)


@pytest.mark.parametrize("step", [0.5, 3.0])
def test_vacuum_over_a_flat_earth_is_the_closed_form(step: float) -> None:
    vx, vy, vz = 120.0, -35.0, 260.0
    landing = flight.fly_to_ground([[5.0, 6.0, 0.0, vx, vy, vz, NO_DRAG]], flat_earth(), step_s=step)
    time = 2.0 * vz / G
    assert landing.time_s[0] == pytest.approx(time, rel=1e-9)
    np.testing.assert_allclose(landing.position_enu[0, :2], [5.0 + vx * time, 6.0 + vy * time], rtol=1e-9)
    flown = flight.fly([5.0, 6.0, 0.0, vx, vy, vz, NO_DRAG], flat_earth(), duration_s=vz / G, step_s=step)
    assert flown.position_enu[-1, 2] == pytest.approx(vz**2 / (2.0 * G), rel=1e-9)


def test_terminal_velocity() -> None:
    density, sound, k = 1.1, 335.0, 2e-4
    here = with_uniform_air(flat_earth(), density, sound)
    landing = flight.fly_to_ground([[0.0, 0.0, 20000.0, 0.0, 0.0, 0.0, math.log(k)]], here)
    speed = -landing.velocity_enu[0, 2]
    ratio = drag_coefficient("g1", speed / sound) / reference_coefficient("g1")
    assert speed == pytest.approx(math.sqrt(G / (k * density * ratio)), rel=1e-3)


def test_a_falling_body_drifts_with_the_wind() -> None:
    here = with_uniform_air(flat_earth(), 1.2, 340.0, wind=(7.0, -3.0))
    landing = flight.fly_to_ground(
        [[0.0, 0.0, 5000.0, 0.0, 0.0, 0.0, math.log(0.02)]], here, max_time_s=900.0, step_s=0.1
    )
    np.testing.assert_allclose(landing.velocity_enu[0, :2], [7.0, -3.0], rtol=1e-6)


@pytest.mark.parametrize("shape", ["g1", "g7", "sphere"])
def test_drag_takes_energy_at_every_step(shape: str) -> None:
    flown = flight.fly(salvo(1)[0], flat_earth(), duration_s=100.0, step_s=0.25, shape=shape)
    energy = 0.5 * (flown.velocity_enu**2).sum(1) + G * flown.position_enu[:, 2]
    assert flown.status == flight.LANDED
    assert (np.diff(energy) < 0.0).all()


def test_coriolis_with_linear_drag_is_the_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    # Cd falling as 1 / M makes drag linear: rate b = k rho a c. At the pole the sideways force is 2 W v alone.
    mach = np.arange(200) / 40.0 + 1e-9
    value, slope = 1.0 / np.maximum(mach, 0.2), -1.0 / np.maximum(mach, 0.2) ** 2 / 40.0
    after, after_slope = np.append(value[1:], 1.0 / 5.0), np.append(slope[1:], -1.0 / 25.0 / 40.0)
    rise = after - value
    table = np.column_stack([value, slope, 3.0 * rise - 2.0 * slope - after_slope, slope + after_slope - 2.0 * rise])
    monkeypatch.setattr("rampart.physics.environment.drag_table", lambda shape: table)
    rotation, v0, rate, time = 7.292115e-5, 800.0, 0.05, 20.0
    here = flat_earth(latitude_rad=math.pi / 2, gravity_ms2=0.0, rotation_rad_s=rotation)
    here = with_uniform_air(here, 1.0, 340.0)
    state = [0.0, 0.0, 1000.0, v0, 0.0, 0.0, math.log(rate / 340.0)]
    flown = flight.fly(state, here, duration_s=time, step_s=0.1, to_ground=False)
    x = rate * time
    integral = (1.0 - math.exp(-x) * (1.0 + x)) / rate**2
    # the closed form is of first order in W t: good to (2 W t)^2 / 8 = 1e-6
    assert flown.position_enu[-1, 0] == pytest.approx(v0 * (1.0 - math.exp(-x)) / rate, rel=5e-6)
    # to the right of the way, in the northern hemisphere
    assert flown.position_enu[-1, 1] == pytest.approx(-2.0 * rotation * v0 * integral, rel=1e-5)


@pytest.mark.parametrize(("step", "tolerance"), [(0.5, 0.01), pytest.param(1.0, 0.05, marks=pytest.mark.compiled)])
def test_kernel_agrees_with_dop853(step: float, tolerance: float) -> None:
    here, states = real_world(), salvo(12)
    landings = flight.fly_to_ground(states, here, step_s=step)
    for state, position, time in zip(states, landings.position_enu, landings.time_s, strict=True):
        exact = oracle.fly_to_ground(state, here)
        assert np.linalg.norm(position - exact.position_enu) < tolerance
        assert time == pytest.approx(exact.time_s, abs=1e-4)


@pytest.mark.parametrize("shape", ["g7", "sphere"])
def test_other_shapes_agree_with_dop853(shape: str) -> None:
    here, state = real_world(), salvo(1, seed=3)
    landing = flight.fly_to_ground(state, here, shape=shape)
    exact = oracle.fly_to_ground(state[0], here, shape=shape)
    np.testing.assert_allclose(landing.position_enu[0], exact.position_enu, atol=0.01)


def test_flights_high_above_and_out_of_the_table_agree_with_dop853() -> None:
    state = np.array([[0.0, 0.0, 36000.0, 900.0, 200.0, 500.0, math.log(2e-5)]])
    landing = flight.fly_to_ground(state, real_world(), step_s=0.25)
    exact = oracle.fly_to_ground(state[0], real_world())
    # 150 km away the series of the bulge is good to a metre or two
    np.testing.assert_allclose(landing.position_enu[0], exact.position_enu, atol=3.0)


@pytest.mark.compiled
def test_landing_on_hills_agrees_with_dop853() -> None:
    here = Environment.standard(latitude_rad=0.58, height_m=300.0, terrain=hilly())
    states = salvo(12, seed=5)
    states[:, 2] = here.terrain.height_at(states[:, 0], states[:, 1])
    landings = flight.fly_to_ground(states, here)
    ground = here.terrain.height_at(landings.position_enu[:, 0], landings.position_enu[:, 1])
    np.testing.assert_allclose(landings.position_enu[:, 2], ground, atol=1e-3)
    for state, position in zip(states, landings.position_enu, strict=True):
        exact = oracle.fly_to_ground(state, here, max_step_s=0.05)
        assert np.linalg.norm(position - exact.position_enu) < 0.02


def test_a_hill_between_two_steps_is_hit() -> None:
    heights = np.zeros((3, 401))
    heights[:, 200] = 60.0
    terrain = Terrain(heights, -2000.0, -10.0, 10.0)
    here = flat_earth(terrain=terrain)
    landing = flight.fly_to_ground([[-300.0, 0.0, 50.0, 400.0, 0.0, 0.0, NO_DRAG]], here, step_s=2.0)
    east, _, up = landing.position_enu[0]
    assert -10.0 < east < 0.0
    assert up == pytest.approx(60.0 - 6.0 * -east, abs=1e-3)


def test_the_last_step_ends_on_the_ground() -> None:
    landings = flight.fly_to_ground(salvo(40), real_world(), step_s=2.0)
    assert landings.landed.all()
    assert np.abs(landings.position_enu[:, 2]).max() < 1e-3


def test_back_in_time_returns_to_the_launch() -> None:
    here, states = real_world(), salvo(10, seed=2)
    there = flight.fly_to_ground(states, here)
    ends = np.column_stack([there.position_enu, there.velocity_enu, states[:, 6]])
    back = flight.fly_to_ground(ends, here, backward=True)
    assert back.landed.all()
    assert np.linalg.norm(back.position_enu - states[:, :3], axis=1).max() < 0.05
    np.testing.assert_allclose(back.velocity_enu, states[:, 3:6], atol=0.05)
    np.testing.assert_allclose(back.time_s, -there.time_s, atol=1e-3)


def test_order_and_size_of_a_batch_change_no_bit() -> None:
    here, states = real_world(), salvo(45, seed=4)
    whole = flight.fly_to_ground(states, here, step_s=1.0)
    order = np.random.default_rng(0).permutation(len(states))
    mixed = flight.fly_to_ground(states[order], here, step_s=1.0)
    assert (mixed.position_enu == whole.position_enu[order]).all()
    for size in (1, 3, 17):
        part = flight.fly_to_ground(states[:size], here, step_s=1.0)
        assert (part.position_enu == whole.position_enu[:size]).all()
        assert (part.time_s == whole.time_s[:size]).all()
    twice = flight.fly_to_ground(states, here, step_s=1.0)
    assert (twice.velocity_enu == whole.velocity_enu).all()


def test_every_status() -> None:
    states = np.array(
        [
            [0.0, 0.0, 100.0, 10.0, 0.0, 0.0, NO_DRAG],
            [0.0, 0.0, 0.0, 10.0, 0.0, -5.0, NO_DRAG],  # on the ground, going down: has landed
            [0.0, 0.0, -30.0, 10.0, 0.0, -5.0, NO_DRAG],
            [0.0, 0.0, -30.0, 10.0, 0.0, 10.0, NO_DRAG],  # rises, but not out of the ground
            [0.0, 0.0, -30.0, 10.0, 0.0, 50.0, NO_DRAG],  # comes out and falls back
            [0.0, 0.0, 9000.0, 10.0, 0.0, 0.0, NO_DRAG],
            [0.0, math.nan, 9000.0, 10.0, 0.0, 0.0, NO_DRAG],
            [0.0, 0.0, 9000.0, math.inf, 0.0, 0.0, NO_DRAG],
        ]
    )
    landings = flight.fly_to_ground(states, flat_earth(), max_time_s=12.25)
    assert landings.status.tolist() == [
        flight.LANDED, flight.LANDED, flight.UNDERGROUND, flight.UNDERGROUND, flight.LANDED, flight.TIMED_OUT,
        flight.INVALID, flight.INVALID,
    ]  # fmt: skip
    assert landings.time_s[1] == 0.0
    assert landings.time_s[4] == pytest.approx((50.0 + math.sqrt(50.0**2 - 2.0 * G * 30.0)) / G)
    assert landings.time_s[5] == pytest.approx(12.25)
    assert landings.position_enu[5, 2] == pytest.approx(9000.0 - 0.5 * G * 12.25**2)


def test_a_flight_that_blows_up_is_invalid() -> None:
    # back in time drag feeds energy in without bound
    state = [0.0, 0.0, 1000.0, 0.0, 0.0, -300.0, math.log(0.5)]
    with np.errstate(all="ignore"):
        landing = flight.fly_to_ground([state], flat_earth(), backward=True, max_time_s=500.0)
    assert landing.status[0] == flight.INVALID


def test_empty_batch_and_wrong_shapes() -> None:
    here = flat_earth()
    assert flight.fly_to_ground(np.zeros((0, 7)), here).position_enu.shape == (0, 3)
    for bad in (np.zeros(7), np.zeros((3, 6))):
        with pytest.raises(ValueError, match=r"expected \(n, 7\)"):
            flight.fly_to_ground(bad, here)
    with pytest.raises(ValueError, match=r"expected \(7,\)"):
        flight.fly(np.zeros(6), here, duration_s=1.0)
    with pytest.raises(ValueError, match="above zero"):
        flight.fly_to_ground(np.zeros((1, 7)), here, step_s=0.0)


def test_fly_keeps_the_steps_of_fly_to_ground() -> None:
    here, state = real_world(), salvo(1)[0]
    flown = flight.fly(state, here, duration_s=200.0, step_s=0.5)
    landing = flight.fly_to_ground([state], here, step_s=0.5)
    np.testing.assert_allclose(flown.position_enu[-1], landing.position_enu[0], atol=1e-9)
    np.testing.assert_allclose(np.diff(flown.time_s)[:-1], 0.5)
    assert flown.time_s[-1] == pytest.approx(landing.time_s[0], abs=1e-12)
    assert (flown.position_enu[0] == state[:3]).all()


def test_fly_back_in_time_has_rising_times() -> None:
    flown = flight.fly([0.0, 0.0, 0.0, 100.0, 0.0, -150.0, -10.0], real_world(), duration_s=60.0, backward=True)
    assert flown.status == flight.LANDED
    assert (np.diff(flown.time_s) > 0.0).all()
    assert flown.time_s[-1] == 0.0
    assert flown.velocity_enu[0, 2] > 0.0


def test_a_boost_back_in_time_is_undone_by_one_forward() -> None:
    here = real_world()
    burnout = np.array([300.0, 0.0, 400.0, 250.0, 0.0, 300.0, math.log(3e-5)])
    boost = {"thrust_ms2": 150.0, "step_s": 0.01}
    back = flight.fly(burnout, here, duration_s=1.5, backward=True, to_ground=False, thrust_until_s=1.5, **boost)
    assert np.linalg.norm(back.velocity_enu[0]) < np.linalg.norm(burnout[3:6]) - 200.0
    start = np.concatenate([back.position_enu[0], back.velocity_enu[0], burnout[6:]])
    on = flight.fly(start, here, duration_s=60.0, thrust_until_s=1.5, **boost)
    at = np.searchsorted(on.time_s, 1.5 - 1e-6)
    np.testing.assert_allclose(on.position_enu[at], burnout[:3], atol=1e-5)
    np.testing.assert_allclose(on.velocity_enu[at], burnout[3:6], atol=1e-5)
    coast = flight.fly_to_ground([burnout], here, step_s=0.01)
    np.testing.assert_allclose(on.position_enu[-1], coast.position_enu[0], atol=1e-3)


def test_a_partial_last_step_and_no_ground() -> None:
    flown = flight.fly([0.0, 0.0, 10.0, 50.0, 0.0, 0.0, NO_DRAG], flat_earth(), duration_s=5.25, to_ground=False)
    assert flown.time_s[-1] == pytest.approx(5.25)
    assert flown.position_enu[-1, 2] == pytest.approx(10.0 - 0.5 * G * 5.25**2)
    assert flown.status == flight.TIMED_OUT


def test_a_start_into_a_slope_has_landed() -> None:
    # the ground rises by 1 in 2, the shot by 1 in 4
    terrain = Terrain(np.array([[0.0, 500.0], [0.0, 500.0]]), 0.0, -500.0, 1000.0)
    start = [100.0, 0.0, 50.0, 100.0, 0.0, 25.0, NO_DRAG]
    landing = flight.fly_to_ground([start, [100.0, 0.0, 50.0, 100.0, 0.0, 75.0, NO_DRAG]], flat_earth(terrain=terrain))
    assert landing.status.tolist() == [flight.LANDED, flight.LANDED]
    assert landing.time_s[0] == 0.0
    assert landing.time_s[1] == pytest.approx(2.0 * 25.0 / G, rel=1e-6)


def test_a_short_hop_off_a_slope_lands_where_it_should() -> None:
    # gains on the slope at first, meets it again after a tenth of a second, deep inside the first step
    terrain = Terrain(np.array([[0.0, 500.0], [0.0, 500.0]]), 0.0, -500.0, 1000.0)
    start = [100.0, 0.0, 50.0, 100.0, 0.0, 50.0 + 0.05 * G, NO_DRAG]
    landing = flight.fly_to_ground([start], flat_earth(terrain=terrain), step_s=2.0)
    assert landing.status.tolist() == [flight.LANDED]
    assert landing.time_s[0] == pytest.approx(0.1, rel=1e-6)
