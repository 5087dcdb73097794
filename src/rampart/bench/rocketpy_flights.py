"""Rockets flown by RocketPy: six degrees of freedom, whole vehicles of generic make, falling without a parachute."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .climbs import LoggedClimb
from .logged import LoggedFlight

Floats = NDArray[np.float64]

LATITUDE_DEG, LONGITUDE_DEG = 40.1070457, 0.0
_RAIL_M = 5.0


def missing() -> str | None:
    """Why these flights cannot be made, if they cannot."""
    return None if find_spec("rocketpy") else "RocketPy is not installed (make peers)"


def make_climb(seed: int) -> LoggedClimb:
    """Fly a rocket almost straight up and log it to a little after burnout, by an altimeter on a warm or a cold day."""
    rng = np.random.default_rng(seed)
    site_m = rng.uniform(0.0, 1500.0)
    flight, burn_s = _launch(rng, site_m, speed_ms=(60.0, 380.0), elevation_deg=(78.0, 90.0))
    rate = rng.choice([5.0, 10.0, 20.0, 50.0])
    time = np.arange(0.0, min(burn_s + 5.0, flight.apogee_time), 1.0 / rate)
    stretch = 1.0 / (1.0 + rng.normal(0.0, 10.0) / 288.0)
    height = np.array([flight.z(t) - site_m for t in time])
    speed = np.array([flight.speed(t) for t in time])
    ports = rng.normal(0.0, 0.004) * speed**2 / (2.0 * 9.80665)
    noise = 10.0 ** rng.uniform(-1.0, 0.3) * rng.standard_normal(len(time))
    return LoggedClimb(
        time, stretch * height + ports + noise, stretch * (flight.apogee - site_m), site_m, math.nan, burn_s
    )


def make_flight(seed: int, site_height_m: float, *, wind: bool = True) -> LoggedFlight:
    """Fly a rocket from a slanting rail to the ground.

    Parameters
    ----------
    seed : int
        Of the rocket, its rail and the wind.
    site_height_m : float
        Of the launch site and of the plain around it.
    wind : bool
        False for still air.

    Raises
    ------
    RuntimeError
        If the flight did not end on the ground: with loose tolerances RocketPy 1.13.0 never leaves the rail.
    """
    rng = np.random.default_rng(seed)
    flight, burn_s = _launch(rng, site_height_m, speed_ms=(180.0, 330.0), elevation_deg=(50.0, 75.0), windy=wind)
    time = np.append(np.arange(0.0, flight.t_final, 0.05), flight.t_final)
    rows = np.array([[flight.latitude(t), flight.longitude(t), flight.z(t)] for t in time])
    if abs(rows[-1, 2] - site_height_m) > 1.0 or flight.t_final < 5.0:
        raise RuntimeError(f"RocketPy's flight {seed} ended {rows[-1, 2] - site_height_m:.1f} m above the ground")
    return LoggedFlight(time, rows[:, 0], rows[:, 1], rows[:, 2], burnout_s=burn_s, kind="rocket")


def make_still(seed: int, site_height_m: float) -> LoggedFlight:
    """`make_flight` in still air."""
    return make_flight(seed, site_height_m, wind=False)


def _launch(
    rng: np.random.Generator,
    site_m: float,
    *,
    speed_ms: tuple[float, float],
    elevation_deg: tuple[float, float],
    windy: bool = True,
) -> tuple[Any, float]:
    """RocketPy's flight and its burnout [s]."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rocketpy: Any = import_module("rocketpy")
        here = rocketpy.Environment(latitude=LATITUDE_DEG, longitude=LONGITUDE_DEG, elevation=site_m)
        scale = float(windy)
        east, north = (
            [(site_m + h, scale * float(rng.normal(0.0, s))) for h, s in ((0.0, 3.0), (1000.0, 5.0), (5000.0, 10.0))]
            for _ in range(2)
        )
        here.set_atmospheric_model(type="custom_atmosphere", wind_u=east, wind_v=north)
        rocket, burn_s = _rocket(rng, speed_ms)
        flight = rocketpy.Flight(
            rocket=rocket,
            environment=here,
            rail_length=_RAIL_M,
            inclination=float(rng.uniform(*elevation_deg)),
            heading=float(rng.uniform(0.0, 360.0)),
            max_time=300,
        )
    return flight, burn_s


def _rocket(rng: np.random.Generator, speed_ms: tuple[float, float]) -> tuple[Any, float]:
    """A body with a nose, four fins and a motor, stable; and its burnout [s]."""
    rocketpy: Any = import_module("rocketpy")

    radius = float(rng.uniform(0.03, 0.08))
    length = 2.0 * radius * float(rng.uniform(14.0, 22.0))
    mass = float(rng.uniform(350.0, 800.0)) * math.pi * radius**2 * length
    propellant, burn_s = mass * float(rng.uniform(0.12, 0.3)), float(rng.uniform(1.2, 3.5))
    thrust = (mass + propellant) * (float(rng.uniform(*speed_ms)) / burn_s + 9.8)
    motor = rocketpy.GenericMotor(
        thrust_source=[[0.0, 0.0], [0.05 * burn_s, 1.1 * thrust], [0.8 * burn_s, 0.95 * thrust], [burn_s, 0.0]],
        burn_time=burn_s,
        chamber_radius=0.8 * radius,
        chamber_height=0.25 * length,
        chamber_position=0.15 * length,
        propellant_initial_mass=propellant,
        nozzle_radius=0.5 * radius,
        dry_mass=0.1 * mass,
        dry_inertia=(0.01, 0.01, 0.001),
        center_of_dry_mass_position=0.15 * length,
        nozzle_position=0,
        coordinate_system_orientation="nozzle_to_combustion_chamber",
    )
    turning = mass * length**2 / 12.0
    drag, rise = float(rng.uniform(0.35, 0.6)), float(rng.uniform(0.3, 0.9))
    rocket = rocketpy.Rocket(
        radius=radius,
        mass=0.9 * mass,
        inertia=(turning, turning, 0.5 * mass * radius**2),
        power_off_drag=_drag_curve(drag, rise),
        power_on_drag=_drag_curve(0.9 * drag, rise),
        center_of_mass_without_motor=0.55 * length,
        coordinate_system_orientation="tail_to_nose",
    )
    rocket.add_motor(motor, position=0)
    rocket.add_nose(length=0.2 * length, kind="vonKarman", position=length)
    rocket.add_trapezoidal_fins(
        n=4, root_chord=4.0 * radius, tip_chord=2.0 * radius, span=2.5 * radius, position=4.2 * radius
    )
    return rocket, burn_s


def _drag_curve(subsonic: float, rise: float) -> Callable[[float], float]:
    """Cd over the Mach number: flat, a hump at 1.08, falling off slowly. Neither of our standard curves."""

    def curve(mach: float) -> float:
        beyond = float(mach) - 1.08
        return subsonic * (1.0 + rise * math.exp(-((beyond / 0.14) ** 2) if beyond < 0.0 else -beyond / 1.6))

    return curve
