"""Path: a flight as a curve through time."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from rampart.records import Flight

_NOWHERE = (math.nan, math.nan, math.nan)

Vector = tuple[float, float, float]


class FlightPath:
    """The cubic Hermite curve through the knots of a flight; nan before and after.

    Parameters
    ----------
    flight : Flight
        Its knots.

    Notes
    -----
    Asked for one moment it needs no spline: a run asks a few times only. Both ways give the same bits.

    Examples
    --------
    >>> knots = np.array([[0.0, 0.0, 100.0], [80.0, 0.0, 100.0]])
    >>> speed = np.array([[8.0, 0.0, 0.0], [8.0, 0.0, 0.0]])
    >>> path = FlightPath(Flight("d-1", "d", "s", "bird", False, False, np.array([0.0, 10.0]), knots, speed, -30.0))
    >>> path.at(5.0), path([5.0]).tolist()
    ((40.0, 0.0, 100.0), [[40.0, 0.0, 100.0]])
    """

    def __init__(self, flight: Flight) -> None:
        self._flight = flight

    def __call__(self, when_s: np.ndarray | list[float]) -> np.ndarray:
        """Where it is at many times (n,) since run start: (n, 3) east, north, up [m]."""
        return np.asarray(self._spline(when_s))

    @cached_property
    def _spline(self) -> CubicHermiteSpline:
        flight = self._flight
        return CubicHermiteSpline(flight.time_s, flight.position_enu, flight.velocity_enu, axis=0, extrapolate=False)

    def at(self, when_s: float) -> Vector:
        """Where it is at one time since run start: east, north, up [m]."""
        return self._at(when_s)[0]

    def velocity_at(self, when_s: float) -> Vector:
        """How it flies at one time since run start: rates of east, north, up [m/s]."""
        return self._at(when_s)[1]

    def _at(self, when_s: float) -> tuple[Vector, Vector]:
        time_s = self._flight.time_s
        if not time_s[0] <= when_s <= time_s[-1]:
            return _NOWHERE, _NOWHERE
        k = min(int(time_s.searchsorted(when_s, "right")), len(time_s) - 1)
        start, end = time_s[k - 1 : k + 1].tolist()
        knots = (*self._flight.position_enu[k - 1 : k + 1].tolist(), *self._flight.velocity_enu[k - 1 : k + 1].tolist())
        east, north, up = (_hermite(end - start, float(when_s) - start, *axis) for axis in zip(*knots, strict=True))
        return (east[0], north[0], up[0]), (east[1], north[1], up[1])


def _hermite(length: float, s: float, p0: float, p1: float, v0: float, v1: float) -> tuple[float, float]:
    """Value and slope a time `s` into a stretch, as the sum of powers that scipy's splines take."""
    slope = (p1 - p0) / length
    bend = (v0 + v1 - 2.0 * slope) / length
    square, cube = (slope - v0) / length - bend, bend / length
    return p0 + v0 * s + square * (s * s) + cube * (s * s * s), v0 + square * s * 2.0 + cube * (s * s) * 3.0
