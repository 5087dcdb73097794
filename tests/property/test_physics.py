"""Laws that hold for every place and every flight."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.physics import flight, geodesy
from rampart.physics.environment import Environment
from rampart.physics.terrain import Terrain, line_of_sight

latitudes = st.floats(-1.57, 1.57)
longitudes = st.floats(-math.pi, math.pi)
heights = st.floats(-5000.0, 40000.0)
metres = st.floats(-50000.0, 50000.0)
launches = st.tuples(st.floats(60.0, 500.0), st.floats(0.3, 1.5), st.floats(0.0, 6.28), st.floats(1e-6, 1e-3))


def state(launch: tuple[float, float, float, float], up: float = 0.0) -> np.ndarray:
    speed, rise, heading, k = launch
    level = speed * math.cos(rise)
    velocity = [level * math.sin(heading), level * math.cos(heading), speed * math.sin(rise)]
    return np.array([0.0, 0.0, up, *velocity, math.log(k)])


@given(latitudes, longitudes, heights)
def test_geodetic_round_trip(latitude: float, longitude: float, height: float) -> None:
    back = geodesy.ecef_to_geodetic(geodesy.geodetic_to_ecef(latitude, longitude, height))
    assert math.isclose(back[0], latitude, abs_tol=1e-13)
    assert math.isclose(math.remainder(back[1] - longitude, 2.0 * math.pi), 0.0, abs_tol=1e-12)
    assert math.isclose(back[2], height, abs_tol=1e-7)


@given(st.tuples(metres, metres, metres), latitudes, longitudes, heights)
def test_the_tangent_plane_keeps_lengths(
    enu: tuple[float, ...], latitude: float, longitude: float, height: float
) -> None:
    site = (latitude, longitude, height)
    ecef = geodesy.enu_to_ecef(enu, *site)
    np.testing.assert_allclose(geodesy.ecef_to_enu(ecef, *site), enu, atol=1e-7)
    length = np.linalg.norm(ecef - geodesy.geodetic_to_ecef(*site))
    assert math.isclose(length, math.hypot(*enu), abs_tol=1e-7)


@given(st.tuples(metres, metres, metres))
def test_polar_round_trip(enu: tuple[float, float, float]) -> None:
    distance, azimuth, elevation = geodesy.enu_to_polar(enu)
    assert 0.0 <= azimuth < 2.0 * math.pi
    np.testing.assert_allclose(geodesy.polar_to_enu(distance, azimuth, elevation), enu, atol=1e-8)


@settings(max_examples=25)
@given(launches, st.sampled_from(["g1", "g7", "sphere"]))
def test_drag_lowers_energy_and_shortens_the_flight(launch: tuple[float, ...], shape: str) -> None:
    here = Environment.standard(latitude_rad=0.0, rotation_rad_s=0.0, earth_radius_m=math.inf)
    flown = flight.fly(state(launch), here, duration_s=200.0, shape=shape)
    energy = 0.5 * (flown.velocity_enu**2).sum(1) + here.site[1] * flown.position_enu[:, 2]
    assert (np.diff(energy) <= 1e-9 * energy[0]).all()
    vacuum = 2.0 * launch[0] * math.sin(launch[1]) / here.site[1]
    assert flown.time_s[-1] <= vacuum * (1.0 + 1e-9)


@settings(max_examples=25)
@given(launches.filter(lambda launch: launch[3] < 1e-4))
def test_back_in_time_undoes_a_flight(launch: tuple[float, ...]) -> None:
    here = Environment.standard(latitude_rad=0.6, height_m=100.0)
    start = state(launch)
    there = flight.fly_to_ground([start], here, step_s=0.1)
    back = flight.fly_to_ground(
        [np.concatenate([there.position_enu[0], there.velocity_enu[0], start[6:]])], here, step_s=0.1, backward=True
    )
    np.testing.assert_allclose(back.position_enu[0], start[:3], atol=0.05)
    assert math.isclose(back.time_s[0], -there.time_s[0], abs_tol=1e-3)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(5.0, 150.0), launches, st.sampled_from([0.25, 1.0]))
def test_landings_lie_on_any_ground(seed: int, roughness: float, launch: tuple[float, ...], step: float) -> None:
    heights = np.random.default_rng(seed).uniform(0.0, roughness, (201, 201))
    terrain = Terrain(heights, -10000.0, -10000.0, 100.0)
    here = Environment.standard(latitude_rad=0.6, terrain=terrain)
    start = state(launch, up=float(terrain.height_at(0.0, 0.0)))
    landing = flight.fly_to_ground([start], here, step_s=step)
    assert landing.landed.all()
    east, north, up = landing.position_enu[0]
    assert abs(up - terrain.height_at(east, north)) < 1e-3


@given(st.floats(0.0, 500.0), st.floats(0.0, 3000.0), st.floats(10.0, 200000.0))
def test_over_a_smooth_earth_seeing_is_mutual(low: float, high: float, distance: float) -> None:
    ends = np.array([[0.0, 0.0, low], [distance, 0.0, high]])
    there = line_of_sight(ends[0], ends[1:], Terrain.flat())[0]
    assert there == line_of_sight(ends[1], ends[:1], Terrain.flat())[0]
    assert there == (distance <= geodesy.horizon_distance_m(low, high)) or math.isclose(
        distance, geodesy.horizon_distance_m(low, high), rel_tol=1e-12
    )
