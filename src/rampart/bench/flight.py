"""``rampart bench flight``: ballistic flights per second and their error, beside SciPy in the same run.

The flights are those of a rocket or shell raid: 270 to 340 m/s, 45 to 58 degrees up, 45 s on average, in standard air
with a wind that grows with height, over a round, turning Earth. Errors are the largest distances between landing points
and DOP853's at a tolerance of 1e-11 on the same tables. SciPy gets our compiled forces, so the ratio is that of the
integrators alone. Rates are processor time of one core, median of the repeats.
"""

import math
from collections.abc import Callable
from functools import partial
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from rampart.physics import _kernels, flight, oracle
from rampart.physics.atmosphere import WindProfile
from rampart.physics.environment import Environment

Floats = NDArray[np.float64]

#: Step of ours [s] and the relative tolerance at which SciPy's RK45 errs about as much.
PAIRS = ((2.0, 1e-5), (0.9, 1e-7), (0.5, 1e-8))


def run(*, quick: bool = False) -> dict[str, Any]:
    """Time flights to the ground at three steps, each beside SciPy's RK45 of about the same error.

    Parameters
    ----------
    quick : bool
        Fewer flights and repeats.
    """
    here, checked, repeats = environment(), 20 if quick else 200, 3 if quick else 7
    states = salvo(20_000 if quick else 100_000)
    exact = np.array([oracle.fly_to_ground(state, here).position_enu for state in states[:checked]])
    results = []
    for step_s, tolerance in PAIRS:
        ours = _measure(partial(_ours, here, step_s), states, exact, repeats)
        peer = _measure(partial(_scipy, here, tolerance), states[:checked], exact, 1 if quick else 3)
        results.append(
            {
                "name": f"to_ground_{step_s:g}s",
                "ours": {"step_s": step_s, **ours},
                "peer": {"name": "scipy solve_ivp RK45", "rtol": tolerance, **peer},
                "ratio": ours["flights_per_s"] / peer["flights_per_s"],
            }
        )
    return {"results": results}


def environment() -> Environment:
    """The place of the flights: 33.3 degrees north, wind growing to 20 m/s east and 8 m/s south at 10 km."""
    wind = WindProfile(np.array([0.0, 10_000.0]), np.array([2.0, 20.0]), np.array([1.0, -8.0]))
    return Environment.standard(latitude_rad=math.radians(33.3), height_m=34.0, wind=wind)


def salvo(count: int) -> Floats:
    """States (count, 7) on the ground at launch, always the same ones."""
    rng = np.random.default_rng(1)
    speed, rise = rng.uniform(270.0, 340.0, count), np.radians(rng.uniform(45.0, 58.0, count))
    heading, k = rng.uniform(0.0, 2.0 * math.pi, count), rng.uniform(2e-5, 4e-5, count)
    level = speed * np.cos(rise)
    velocity = [level * np.sin(heading), level * np.cos(heading), speed * np.sin(rise)]
    return np.column_stack([np.zeros((count, 3)), *velocity, np.log(k)])


def _measure(fly: Callable[[Floats], Floats], states: Floats, exact: Floats, repeats: int) -> dict[str, float]:
    error = np.linalg.norm(fly(states[: len(exact)]) - exact, axis=1)
    seconds = [_time(fly, states) for _ in range(repeats)]
    return {
        "flights_per_s": len(states) / median(seconds),
        "max_error_m": float(error.max()),
        "median_error_m": float(np.median(error)),
    }


def _time(fly: Callable[[Floats], Floats], states: Floats) -> float:
    started = process_time()
    fly(states)
    return process_time() - started


def _ours(here: Environment, step_s: float, states: Floats) -> Floats:
    return flight.fly_to_ground(states, here, step_s=step_s).position_enu


def _scipy(here: Environment, tolerance: float, states: Floats) -> Floats:
    return np.array([_scipy_one(here, tolerance, state) for state in states])


def _scipy_one(here: Environment, tolerance: float, state: Floats) -> Floats:
    site, air, drag = here.forces()
    k = math.exp(state[6])

    def rate(_: float, y: Floats) -> tuple[float, ...]:
        return (y[3], y[4], y[5], *_kernels.acceleration(y[0], y[1], y[2], y[3], y[4], y[5], k, site, air, drag))

    def height(t: float, y: Floats) -> float:
        return float(y[2]) if t > 0.0 else 1.0

    height.terminal, height.direction = True, -1.0  # type: ignore[attr-defined]
    options: dict[str, Any] = {"method": "RK45", "rtol": tolerance, "atol": tolerance, "events": height}
    flown: Any = solve_ivp(rate, (0.0, 300.0), state[:6], **options)
    return np.asarray(flown.y_events[0][0][:3])
