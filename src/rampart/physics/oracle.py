"""The slow, separate way to fly: SciPy's DOP853 on the same tables, to check and to time the kernels against.

The forces are written here a second time and in another form - the Earth as a sphere, vectors, cross products - so
that a slip in the kernels shows. Only the tables are shared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from rampart.physics._kernels import PIECES_PER_MACH
from rampart.physics.environment import Environment

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Landing:
    """Where one flight met the ground: position [m] and velocity [m/s] (3,), time [s]."""

    position_enu: Floats
    velocity_enu: Floats
    time_s: float


def derivative(environment: Environment, shape: str, k: float, thrust_ms2: float = 0.0) -> Callable[..., Floats]:
    """Make the function f(t, y) of the equations of motion, y = (position, velocity)."""
    site, air, drag = environment.forces(shape)
    inverse_radius, gravity, north, up, origin_height = site[:5]
    rotation = np.array([0.0, north, up])

    def rate(_: float, y: Floats) -> Floats:
        position, velocity = y[:3], y[3:6]
        height, pull = _gravity(position, origin_height, inverse_radius, gravity)
        row, f = _place((height - site[5]) * site[6], len(air) - 1)
        rho, inverse_sound, east, wind_north = air[row, 0::2] + f * air[row, 1::2]
        relative = velocity - np.array([east, wind_north, 0.0])
        speed = np.linalg.norm(relative)
        piece, t = _place(speed * inverse_sound * PIECES_PER_MACH, len(drag))
        shape_ratio = np.polyval(drag[piece, ::-1], t)
        force = pull - k * rho * shape_ratio * speed * relative - 2.0 * np.cross(rotation, velocity)
        if thrust_ms2:
            force = force + thrust_ms2 * velocity / np.linalg.norm(velocity)
        return np.concatenate([velocity, force])

    return rate


def fly_to_ground(
    state: ArrayLike,
    environment: Environment,
    *,
    shape: str = "g1",
    backward: bool = False,
    max_time_s: float = 300.0,
    method: str = "DOP853",
    rtol: float = 1e-11,
    atol: float = 1e-9,
    max_step_s: float = 1.0,
) -> Landing:
    """Fly one state (7,) to the ground with `scipy.integrate.solve_ivp`.

    Raises
    ------
    ValueError
        If it does not come down within `max_time_s`.

    Examples
    --------
    >>> import math
    >>> from rampart.physics.environment import Environment
    >>> landing = fly_to_ground([0, 0, 0, 100, 0, 100, math.log(3e-5)], Environment.standard(latitude_rad=0.6))
    >>> bool(1900 < landing.position_enu[0] < 2100)
    True
    """
    start = np.asarray(state, dtype=float)
    terrain = environment.terrain

    def gap(t: float, y: Floats) -> float:
        return float(y[2] - terrain.height_at(y[0], y[1])) if t != 0.0 else 1.0

    gap.terminal = True  # type: ignore[attr-defined]
    gap.direction = -1.0  # type: ignore[attr-defined]
    end = -max_time_s if backward else max_time_s
    rate = derivative(environment, shape, float(np.exp(start[6])))
    options: dict[str, Any] = {"method": method, "rtol": rtol, "atol": atol, "max_step": max_step_s, "events": gap}
    flown: Any = solve_ivp(rate, (0.0, end), start[:6], **options)
    if flown.status != 1:
        raise ValueError(f"no landing within {max_time_s} s")
    y = flown.y_events[0][0]
    return Landing(y[:3], y[3:], float(flown.t_events[0][0]))


def _gravity(position: Floats, origin_height: float, inverse_radius: float, gravity: float) -> tuple[float, Floats]:
    """Height above the datum and the pull of the Earth: a sphere of radius R under the origin, or a plane."""
    if inverse_radius == 0.0:
        return float(position[2] + origin_height), np.array([0.0, 0.0, -gravity])
    radius = 1.0 / inverse_radius
    arm = position + np.array([0.0, 0.0, radius + origin_height])
    distance = float(np.linalg.norm(arm))
    return distance - radius, -gravity * radius**2 / distance**3 * arm


def _place(u: float, top: int) -> tuple[int, float]:
    u = float(np.clip(u, 0.0, top))
    i = min(int(u), top - 1)
    return i, u - i
