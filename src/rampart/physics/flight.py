"""Flights of a point mass through an environment, forward and back in time.

Model: gravity that falls with height and points to the Earth's centre, drag Cd(Mach) against the wind, Coriolis. No
spin, no lift, no yaw: what these do is for a tracker's process noise. A state is (east, north, up, their rates, ln k),
with k the drag-to-mass ratio of `rampart.physics.drag`. Method: classical Runge-Kutta with a fixed step, the last one
cut short at the ground; checked against DOP853 on the same tables (`rampart.physics.oracle`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rampart.physics import _kernels, _kernels_flight
from rampart.physics.environment import Environment

Floats = NDArray[np.float64]

LANDED = _kernels.LANDED
TIMED_OUT = _kernels.TIMED_OUT
UNDERGROUND = _kernels.UNDERGROUND
INVALID = _kernels.INVALID


@dataclass(frozen=True, eq=False)
class Landings:
    """Where flights meet the ground.

    Parameters
    ----------
    position_enu, velocity_enu : ndarray (n, 3)
        [m], [m/s]; where a flight did not land, its last state.
    time_s : ndarray (n,)
        Time since the state; below zero for flights back in time.
    status : ndarray of int64 (n,)
        LANDED; TIMED_OUT: still up after the longest time; UNDERGROUND: started below the ground and stayed there;
        INVALID: not finite.
    """

    position_enu: Floats
    velocity_enu: Floats
    time_s: Floats
    status: NDArray[np.int64]

    @property
    def landed(self) -> NDArray[np.bool_]:
        """Mask of the flights that reached the ground (n,)."""
        return np.asarray(self.status == LANDED)


@dataclass(frozen=True, eq=False)
class Flight:
    """One flight with all its steps, in order of rising time.

    Parameters
    ----------
    time_s : ndarray (rows,)
        Time since the state it was made from; a flight back in time ends at 0.
    position_enu, velocity_enu : ndarray (rows, 3)
        [m], [m/s].
    status : int
        As in `Landings`.
    """

    time_s: Floats
    position_enu: Floats
    velocity_enu: Floats
    status: int


def fly_to_ground(
    states: ArrayLike,
    environment: Environment,
    *,
    shape: str = "g1",
    step_s: float = 0.5,
    backward: bool = False,
    max_time_s: float = 300.0,
) -> Landings:
    """Fly coasting states to the ground: on to the impact, or back to the launch.

    Parameters
    ----------
    states : array_like (n, 7)
        East, north, up [m], their rates [m/s], ln k (k in m2/kg).
    environment : Environment
        Gravity, air, ground.
    shape : str
        Drag shape: g1, g7 or sphere.
    step_s : float
        0.5 for a reported prediction (error below 1 cm over 45 s), 1 to 2 for fans of samples.
    backward : bool
        Fly back in time.
    max_time_s : float
        Give up after this time.

    Returns
    -------
    Landings
        The position lies on the ground to 1 mm.

    Examples
    --------
    >>> import math
    >>> from rampart.physics.environment import Environment
    >>> vacuum = Environment.standard(latitude_rad=0.0, gravity_ms2=10.0, earth_radius_m=math.inf, rotation_rad_s=0.0)
    >>> landing = fly_to_ground([[0.0, 0.0, 0.0, 30.0, 0.0, 50.0, -math.inf]], vacuum)
    >>> landing.status.tolist()  # ln k has to be finite: for no drag use a very small k
    [3]
    >>> landing = fly_to_ground([[0.0, 0.0, 0.0, 30.0, 0.0, 50.0, -99.0]], vacuum)
    >>> landing.position_enu.round(6).tolist(), landing.time_s.round(6).tolist()
    ([[300.0, 0.0, 0.0]], [10.0])
    """
    rows = np.ascontiguousarray(states, dtype=float)
    if rows.ndim != 2 or rows.shape[1] != 7:
        raise ValueError(f"states have shape {rows.shape}; expected (n, 7)")
    h = _signed_step(step_s, max_time_s, backward)
    landings, status = np.empty_like(rows), np.empty(len(rows), dtype=np.int64)
    _kernels_flight.fly_to_ground(rows, h, float(max_time_s), *environment.arrays(shape), landings, status)
    return Landings(landings[:, 0:3].copy(), landings[:, 3:6].copy(), landings[:, 6].copy(), status)


def fly(
    state: ArrayLike,
    environment: Environment,
    *,
    duration_s: float,
    step_s: float = 0.5,
    shape: str = "g1",
    backward: bool = False,
    to_ground: bool = True,
    thrust_ms2: float = 0.0,
    thrust_until_s: float = math.inf,
) -> Flight:
    """Fly one state and keep every step.

    Parameters
    ----------
    state : array_like (7,)
        As in `fly_to_ground`.
    environment : Environment
        Gravity, air, ground.
    duration_s : float
        Longest time to fly, above zero both ways.
    step_s : float
        Spacing of the rows; the last may be shorter.
    shape : str
        Drag shape.
    backward : bool
        Fly back in time.
    to_ground : bool
        End on the ground; else fly the whole time, through the ground if need be.
    thrust_ms2 : float
        Acceleration along the velocity for the first `thrust_until_s` seconds flown, in either direction of time: a
        boost phase back in time starts from the burnout state.

    Returns
    -------
    Flight
        Times rise, also for a flight back in time (they are then below zero).

    Examples
    --------
    >>> from rampart.physics.environment import Environment
    >>> flight = fly([0.0, 0.0, 0.0, 100.0, 0.0, 100.0, -10.0], Environment.standard(latitude_rad=0.6), duration_s=60.0)
    >>> flight.status == LANDED, bool(abs(flight.position_enu[-1, 2]) < 1e-3)
    (True, True)
    """
    first = np.array(state, dtype=float)
    if first.shape != (7,):
        raise ValueError(f"state has shape {first.shape}; expected (7,)")
    _signed_step(step_s, duration_s, backward)
    boost = min(thrust_until_s, duration_s) if thrust_ms2 else 0.0
    parts: list[Floats] = []
    status, now = TIMED_OUT, 0.0
    for length, thrust in ((boost, thrust_ms2), (duration_s - boost, 0.0)):
        if length <= 0.0 or status != TIMED_OUT:
            continue
        if parts:
            now, first[:6] = parts[-1][-1, 0], parts[-1][-1, 1:7]
        rows, status = _fly_phase(first, environment, length, step_s, shape, backward, to_ground, thrust)
        rows[:, 0] += now
        parts.append(rows if not parts else rows[1:])
    flown = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if backward:
        flown = flown[::-1]
    return Flight(flown[:, 0].copy(), flown[:, 1:4].copy(), flown[:, 4:7].copy(), status)


def _fly_phase(
    state: Floats,
    environment: Environment,
    length_s: float,
    step_s: float,
    shape: str,
    backward: bool,
    to_ground: bool,
    thrust_ms2: float,
) -> tuple[Floats, int]:
    steps = math.floor(length_s / step_s + 1e-9)
    last = length_s - steps * step_s
    sign = -1.0 if backward else 1.0
    rows = np.empty((steps + 2, 7))
    last = sign * last if last > 1e-9 else 0.0
    count, status = _kernels_flight.fly(
        state, sign * step_s, steps, last, float(thrust_ms2), to_ground, *environment.arrays(shape), rows
    )
    return rows[:count], int(status)


def _signed_step(step_s: float, time_s: float, backward: bool) -> float:
    if not (0.0 < step_s < math.inf and 0.0 < time_s < math.inf):
        raise ValueError("the step and the time to fly must be above zero and finite")
    return -float(step_s) if backward else float(step_s)
