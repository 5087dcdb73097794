"""Climbs of made-up rockets, as their altimeters would log them: what the apogee's interval is checked on.

They differ from what `rampart.predict.coast` assumes: thrust that tails off, altimeters that lag, count in steps and
spike, air warmer or colder all the way up, drag curves between the standard ones that bend with speed, wind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from rampart.physics.atmosphere import standard_atmosphere
from rampart.physics.constants import GAS_CONSTANT_J_KG_K, HEAT_RATIO, STANDARD_GRAVITY_MS2
from rampart.physics.drag import drag_coefficient, reference_coefficient

Floats = NDArray[np.float64]

_EARTH_M = 6_371_000.0
_FINE_S = 0.01
_AFTER_S = 5.0  #: of coast that a log holds at most


@dataclass(frozen=True, eq=False)
class LoggedClimb:
    """One log up to some seconds after burnout, and the truth of it.

    Attributes
    ----------
    time_s, height_m : ndarray (n,)
        As logged.
    apogee_m : float
        What the altimeter would have shown there, without noise.
    site_height_m, air_temperature_k : float
        Of the launch site; the temperature is nan where nobody measured it.
    burnout_s : float
        When the thrust began to end.
    """

    time_s: Floats
    height_m: Floats
    apogee_m: float
    site_height_m: float
    air_temperature_k: float
    burnout_s: float


@dataclass(frozen=True, eq=False)
class _Air:
    """The air over a site: heights above it, what an altimeter makes of them, density, speed of sound."""

    height_m: Floats
    altimeter_m: Floats
    density: Floats
    sound_ms: Floats

    @classmethod
    def warmer(cls, site_m: float, by_k: float) -> _Air:
        """Standard pressure at the site, and air that is warmer than standard by as much at all heights."""
        step = 20.0
        height = np.arange(0.0, 12_000.0, step)
        temperature = standard_atmosphere(site_m + height)[0] + by_k
        inverse = 1.0 / temperature
        fallen = np.concatenate([[0.0], np.cumsum(0.5 * (inverse[1:] + inverse[:-1]) * step)])
        ln_pressure = math.log(float(standard_atmosphere(site_m)[1])) - fallen * (
            STANDARD_GRAVITY_MS2 / GAS_CONSTANT_J_KG_K
        )
        above = np.arange(-600.0, 15_000.0, 10.0)
        altimeter = np.interp(-ln_pressure, -np.log(standard_atmosphere(site_m + above)[1]), above)
        density = np.exp(ln_pressure) / (GAS_CONSTANT_J_KG_K * temperature)
        return cls(height, altimeter, density, np.sqrt(HEAT_RATIO * GAS_CONSTANT_J_KG_K * temperature))


def make_climb(rng: np.random.Generator) -> LoggedClimb:
    """Draw a rocket that coasts for at least five seconds, fly it, log it."""
    while True:
        site_m, warmer_k = rng.uniform(0.0, 1800.0), rng.normal(0.0, 10.0)
        air = _Air.warmer(site_m, warmer_k)
        burn_s, tail_s = rng.uniform(0.8, 5.0), rng.uniform(0.02, 0.5)
        time, up, airspeed = _fly(rng, air, burn_s, tail_s)
        if time[-1] - burn_s > _AFTER_S:
            break
    log = _altimeter(rng, air, up, airspeed)
    rate = rng.choice([2.0, 5.0, 10.0, 20.0, 50.0, 100.0], p=[0.06, 0.14, 0.2, 0.3, 0.2, 0.1])
    rows = np.arange(rng.uniform(0.0, 1.0 / rate), min(burn_s + tail_s + _AFTER_S, time[-1]), 1.0 / rate)
    height = _noise(rng, np.interp(rows, time, log))
    measured = float(standard_atmosphere(site_m)[0]) + warmer_k + rng.normal(0.0, 2.0)
    known = measured if rng.random() < 0.5 else math.nan
    return LoggedClimb(rows, height, float(np.interp(up[-1], air.height_m, air.altimeter_m)), site_m, known, burn_s)


def _fly(rng: np.random.Generator, air: _Air, burn_s: float, tail_s: float) -> tuple[Floats, Floats, Floats]:
    """Times, heights and speeds through the air (n,) from the rail to the apogee."""
    width = 10.0 ** rng.uniform(math.log10(0.03), math.log10(0.2))
    area, length = 0.25 * math.pi * width**2, width * rng.uniform(10.0, 18.0)
    mass = 900.0 * rng.uniform(0.2, 1.2) * area * length
    k = rng.uniform(0.35, 0.7) * area / (2.0 * mass)
    share, power = rng.uniform(0.0, 1.0), rng.uniform(-0.05, 0.2)
    mach = np.linspace(0.0, 3.0, 301)
    blunt, slender = (drag_coefficient(shape, mach) / reference_coefficient(shape) for shape in ("g1", "g7"))
    curve = (share * blunt + (1.0 - share) * slender) * (np.maximum(mach, 0.05) / 0.5) ** -power
    push = rng.uniform(50.0, 380.0) / burn_s + STANDARD_GRAVITY_MS2
    tilt, wind = abs(rng.normal(0.0, math.radians(7.0))), rng.normal(0.0, 5.0)

    def rate(t: float, y: Floats) -> list[float]:
        across, height = y[2] - wind, y[1]
        speed = math.hypot(across, y[3])
        number = speed / np.interp(height, air.height_m, air.sound_ms)
        drag = k * np.interp(height, air.height_m, air.density) * np.interp(number, mach, curve) * speed
        thrust = push * min(1.0, max(0.0, 1.0 - (t - burn_s) / tail_s))
        weight = STANDARD_GRAVITY_MS2 * (_EARTH_M / (_EARTH_M + height)) ** 2
        return [
            y[2],
            y[3],
            thrust * math.sin(tilt) - drag * across,
            thrust * math.cos(tilt) - weight - drag * y[3],
        ]

    def top(_: float, y: Floats) -> float:
        return float(y[3])

    top.terminal, top.direction = True, -1.0  # type: ignore[attr-defined]
    options: dict[str, Any] = {"rtol": 1e-7, "dense_output": True, "events": top}
    boost: Any = solve_ivp(rate, (0.0, burn_s + tail_s), [0.0, 0.0, 0.0, 0.01], max_step=0.1, **options)
    coast: Any = solve_ivp(rate, (boost.t[-1], boost.t[-1] + 200.0), boost.y[:, -1], max_step=0.5, **options)
    time = np.append(np.arange(0.0, coast.t[-1], _FINE_S), coast.t[-1])
    rows = np.where(time < boost.t[-1], boost.sol(np.minimum(time, boost.t[-1])), coast.sol(time))
    return time, rows[1], np.hypot(rows[2] - wind, rows[3])


def _altimeter(rng: np.random.Generator, air: _Air, up: Floats, airspeed: Floats) -> Floats:
    """What an altimeter shows: pressure heights, wrong by its ports, late by its filter."""
    mach = airspeed / np.interp(up, air.height_m, air.sound_ms)
    ports = rng.normal(0.0, 0.004) + rng.normal(0.0, 0.004) * ((mach > 0.92) & (mach < 1.15))
    shown = np.interp(up, air.height_m, air.altimeter_m) + ports * airspeed**2 / (2.0 * STANDARD_GRAVITY_MS2)
    lag_s = rng.uniform(0.0, 0.3)
    if lag_s < 0.02:
        return shown
    share, late, now = 1.0 - math.exp(-_FINE_S / lag_s), np.empty_like(shown), float(shown[0])
    for i, value in enumerate(shown):
        now += share * (value - now)
        late[i] = now
    return late


def _noise(rng: np.random.Generator, height: Floats) -> Floats:
    """Noise, steps, spikes."""
    height = height + 10.0 ** rng.uniform(-1.0, 0.3) * rng.standard_normal(len(height))
    if rng.random() < 0.3:
        step = rng.choice([0.1, 0.3, 1.0])
        height = np.round(height / step) * step
    spikes = rng.random(len(height)) < rng.choice([0.0, 0.003, 0.01])
    return np.asarray(height + spikes * rng.normal(0.0, 100.0, len(height)))
