"""Bound: how well anybody could know the impact and launch point of one flight from the detections it really had."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rampart.physics._jit import kernel
from rampart.physics._kernels import rk4_step_state
from rampart.physics.environment import Environment
from rampart.physics.flight import fly_to_ground
from rampart.physics.path import Paths
from rampart.records import Detections, Flight, Site

Floats = NDArray[np.float64]

#: Prior sigma of position [m], velocity [m/s] and ln of drag-to-mass: next to nothing is known beforehand.
PRIOR_SIGMA = (2000.0, 2000.0, 1000.0, 150.0, 150.0, 150.0, 0.5)

#: Half steps of the central differences, in the same units: errors below 1e-6 of the derivatives.
_DELTA = np.array([1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 1e-3])
_STEP_S = 0.5
_LEAST = 3  #: detections; with fewer a bound would be little but the prior's
_N = 7


@dataclass(frozen=True, eq=False)
class Bound:
    """A Cramer-Rao bound of a point on the ground.

    Attributes
    ----------
    rms_m : float
        Least two-dimensional RMS error [m]; nan where nothing can be said.
    covariance : ndarray (2, 2)
        East-north [m2].
    detections : int
        Detections that count.
    """

    rms_m: float
    covariance: Floats
    detections: int

    @classmethod
    def unknown(cls) -> "Bound":
        """No bound: not ballistic, or hardly seen since burnout."""
        return cls(math.nan, np.full((2, 2), np.nan), 0)


def impact_bound(
    flight: Flight,
    detections: Detections,
    site: Site,
    environment: Environment,
    time_s: float,
    *,
    prior_sigma: tuple[float, ...] = PRIOR_SIGMA,
) -> Bound:
    """Cramer-Rao bound of the impact point, given what has been received of a flight.

    Parameters
    ----------
    flight : Flight
        A ballistic one, with `ln_drag`.
    detections : Detections
        Of this flight and no other, in any order: their times, sensors and sigmas are used, not their values.
    site : Site
        Gives the sensors' positions.
    environment : Environment
        The same that the flight was made in.
    time_s : float
        Only detections received by then count [s since run start].
    prior_sigma : tuple of 7 floats
        Of position [m], velocity [m/s], ln of drag-to-mass, at the first detection that counts.

    Returns
    -------
    Bound
        Unknown (nan) for a flight that is not ballistic, and with fewer than three detections that count.

    Notes
    -----
    Conditional on the detection times, so no detection probability is averaged over. Dynamics are deterministic, and
    air, wind and drag curve known: J = J0 + sum (dh/dx)' R^-1 (dh/dx), bound D J^-1 D' with D the derivative of the
    impact point, x the seven-state (position, velocity, ln drag-to-mass) at the first detection that counts
    (Van Trees 1968, section 2.4; Tichavsky et al. 1998 without process noise). Derivatives are central differences
    of whole flights. Detections under thrust do not count: with an unknown thrust law they say next to nothing about
    the coasting state that later ones do not say better. So an estimator may beat the bound a little just after
    burnout.
    """
    return bounds(flight, detections, site, environment, [time_s], prior_sigma=prior_sigma)[0][0]


def bounds(
    flight: Flight,
    detections: Detections,
    site: Site,
    environment: Environment,
    times_s: Sequence[float],
    *,
    prior_sigma: tuple[float, ...] = PRIOR_SIGMA,
) -> list[tuple[Bound, Bound]]:
    """Cramer-Rao bounds of the impact and of the launch point at several times.

    Parameters
    ----------
    flight, detections, site, environment, prior_sigma
        As in `impact_bound`.
    times_s : sequence of float
        Times [s since run start].

    Returns
    -------
    list of (Bound, Bound)
        For each time, of the impact point and of the point where the coasting flight, carried on back in time, leaves
        the ground. For a rocket that is not quite the launch point: what its boost does is in neither.
    """
    nothing = (Bound.unknown(), Bound.unknown())
    if not flight.ballistic or not math.isfinite(flight.ln_drag):
        return [nothing] * len(times_s)
    measured_s = (detections.time_ns - site.start_ns) * 1e-9
    received_s = (detections.received_ns - site.start_ns) * 1e-9
    coast_s = flight.burnout_s if math.isfinite(flight.burnout_s) else flight.start_s
    use = np.flatnonzero((received_s <= max(times_s)) & (measured_s >= coast_s) & (measured_s <= flight.end_s))
    if len(use) < _LEAST:
        return [nothing] * len(times_s)
    use = use[np.argsort(measured_s[use], kind="stable")]
    # the prior belongs to the earliest detection that counts, were it received late
    first_s = float(measured_s[use[0]])
    fan = _fan(flight, first_s)
    known = detections.take(use)
    seen = _measurements(fan, measured_s[use] - first_s, known, site, environment)
    weight = _weights(known)
    scale = np.array(prior_sigma)
    points = [_point_derivative(fan, environment, backward) * scale for backward in (False, True)]
    found = []
    for time_s in times_s:
        by_then = received_s[use] <= time_s
        if by_then.sum() < _LEAST:
            found.append(nothing)
            continue
        information = _information(seen[:, by_then], weight[by_then], scale)
        impact, launch = (_bound(d, information, int(by_then.sum())) for d in points)
        found.append((impact, launch))
    return found


def _bound(derivative: Floats, information: Floats, detections: int) -> Bound:
    covariance = derivative @ np.linalg.solve(information, derivative.T)
    return Bound(float(np.sqrt(np.trace(covariance))), 0.5 * (covariance + covariance.T), detections)


def _fan(flight: Flight, time_s: float) -> Floats:
    """True state at a time, moved up and down along each component: (14, 7)."""
    position, velocity, _ = Paths.pack([(flight.time_s, flight.position_enu, flight.velocity_enu)]).at(time_s)
    state = np.concatenate([position[0], velocity[0], [flight.ln_drag]])
    fan = np.repeat(state[None, :], 2 * _N, axis=0)
    for i in range(_N):
        fan[2 * i, i] += _DELTA[i]
        fan[2 * i + 1, i] -= _DELTA[i]
    return fan


def _point_derivative(fan: Floats, environment: Environment, backward: bool) -> Floats:
    landed = fly_to_ground(fan, environment, step_s=_STEP_S, backward=backward).position_enu
    return ((landed[0::2, :2] - landed[1::2, :2]) / (2.0 * _DELTA[:, None])).T


def _measurements(fan: Floats, after_s: Floats, detections: Detections, site: Site, environment: Environment) -> Floats:
    """What each of the fan's states would have shown at each detection: (14, m, 8), columns as in `_observe`."""
    sensors = np.array([site.sensors[i].position_enu for i in detections.sensor], dtype=float).reshape(-1, 3)
    seen = np.empty((fan.shape[0], len(after_s), 8))
    _observe(fan, np.ascontiguousarray(after_s), sensors, _STEP_S, *environment.forces(), seen)
    return seen


def _weights(detections: Detections) -> Floats:
    """Inverse covariance of each detection (m, 8, 8); zero for what it did not measure."""
    weight = np.zeros((len(detections), 8, 8))
    for column, name in enumerate(("range_m", "azimuth_rad", "elevation_rad", "range_rate_ms", "height_m")):
        stem, _, unit = name.rpartition("_")
        value, sigma = getattr(detections, name), getattr(detections, f"{stem}_sigma_{unit}")
        weight[:, column, column] = np.where(np.isfinite(value) & (sigma > 0.0), 1.0 / sigma**2, 0.0)
    placed = np.flatnonzero(np.isfinite(detections.position_enu).all(axis=1))
    if len(placed):
        weight[placed, 5:, 5:] = np.linalg.inv(detections.position_covariance[placed])
    return weight


def _information(seen: Floats, weight: Floats, scale: Floats) -> Floats:
    """Fisher information with the prior, in units of the prior's sigma: the identity without looks."""
    difference = seen[0::2] - seen[1::2]
    difference[:, :, 1] = (difference[:, :, 1] + np.pi) % (2.0 * np.pi) - np.pi
    jacobian = difference * (scale / (2.0 * _DELTA))[:, None, None]
    return np.eye(_N) + np.einsum("imk,mkl,jml->ij", jacobian, weight, jacobian)


@kernel
def _observe(
    fan: Floats,
    after_s: Floats,
    sensors: Floats,
    step_s: float,
    place: Floats,
    atmosphere: Floats,
    drag: Floats,
    seen: Floats,
) -> None:
    """Fly each state through the rising detection times; write range, azimuth, elevation, range rate, height, ENU."""
    state = np.empty(7)
    for p in range(fan.shape[0]):
        state[:] = fan[p]
        now = 0.0
        for m in range(after_s.shape[0]):
            gap = after_s[m] - now
            steps = math.ceil(gap / step_s)
            for _ in range(steps):
                rk4_step_state(state, gap / steps, 0.0, place, atmosphere, drag, state)
            now = after_s[m]
            x, y, z = state[0] - sensors[m, 0], state[1] - sensors[m, 1], state[2] - sensors[m, 2]
            level = math.hypot(x, y)
            distance = math.hypot(level, z)
            seen[p, m, 0] = distance
            seen[p, m, 1] = math.atan2(x, y)
            seen[p, m, 2] = math.atan2(z, level)
            seen[p, m, 3] = (x * state[3] + y * state[4] + z * state[5]) / distance
            seen[p, m, 4] = state[2] + 0.5 * (state[0] ** 2 + state[1] ** 2) * place[0]
            seen[p, m, 5], seen[p, m, 6], seen[p, m, 7] = state[0], state[1], state[2]
