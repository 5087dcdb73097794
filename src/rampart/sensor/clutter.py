"""False alarms of receiver noise, and fixed clutter that leaks through the Doppler filter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .range_law import P_DETECT_REFERENCE

#: Radial speeds of leaking clutter reach this far beyond the notch [m/s]: rotor blades, traffic, wind-blown trees.
CLUTTER_SPEED_MS = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class FalseAlarms:
    """Reports of nothing: their number is Poisson, their place uniform in range, azimuth, elevation and radial speed.

    Power is what passes a threshold in noise: threshold plus an exponential draw.
    """

    mean: float  #: per scan
    #: (9,) least and greatest range [m]; middle and half width of the sector, lower and upper edge of the cover [rad];
    #: least and greatest radial speed, either sign [m/s]; threshold
    cover: np.ndarray

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw one scan.

        Returns
        -------
        place : ndarray, shape (4, k)
            Uniform draws for range, azimuth, elevation and radial speed.
        excess : ndarray, shape (k,)
            Power above the threshold.
        """
        k = rng.poisson(self.mean) if self.mean > 0.0 else 0
        return rng.random((4, k)), rng.standard_exponential(k)


def _signed_speed(u: np.ndarray, low: float, high: float) -> np.ndarray:
    """Uniform draws to speeds of either sign outside the notch."""
    signed = 2.0 * u - 1.0
    return np.copysign(low + (high - low) * np.abs(signed), signed)


@dataclass(frozen=True, slots=True, eq=False)
class ClutterCells:
    """Fixed places on the ground whose returns leak through the Doppler filter in some of the scans."""

    range_m: np.ndarray  #: (c,)
    azimuth_rad: np.ndarray  #: (c,)
    elevation_rad: np.ndarray  #: (c,)
    p_detect: float  #: of one cell in one scan
    notch_ms: float
    sigma: tuple[float, float, float]  #: range [m], azimuth, elevation [rad]
    threshold: float

    @classmethod
    def place(
        cls,
        rng: np.random.Generator,
        count: int,
        *,
        range_m: tuple[float, float],
        azimuth_rad: tuple[float, float],
        height_m: float,
        p_detect: float,
        notch_ms: float,
        sigma: tuple[float, float, float],
        threshold: float,
    ) -> ClutterCells:
        """Place cells uniformly over the ground area in cover, `height_m` below the sensor (flat ground)."""
        u = rng.random((2, count))
        low, high = range_m
        r = np.sqrt(low**2 + (high**2 - low**2) * u[0])
        azimuth = azimuth_rad[0] + azimuth_rad[1] * (2.0 * u[1] - 1.0)
        elevation = -np.arcsin(np.clip(height_m / r, -1.0, 1.0))
        return cls(r, azimuth, elevation, p_detect, notch_ms, sigma, threshold)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw one scan. The number of draws does not depend on their outcome.

        Returns
        -------
        ndarray, shape (5, k)
            Range [m], azimuth, elevation [rad], range rate [m/s], power.
        """
        count = len(self.range_m)
        seen = rng.random(count) < self.p_detect
        z, u, e = rng.standard_normal((3, count)), rng.random(count), rng.standard_exponential(count)
        s_range, s_azimuth, s_elevation = self.sigma
        # the mean of an exponential power that passes the threshold with p_detect
        mean = self.threshold / -math.log(min(self.p_detect, P_DETECT_REFERENCE)) if self.p_detect > 0.0 else 0.0
        rows = (
            self.range_m + s_range * z[0],
            self.azimuth_rad + s_azimuth * z[1],
            self.elevation_rad + np.nan_to_num(s_elevation) * z[2],
            _signed_speed(u, self.notch_ms, self.notch_ms + CLUTTER_SPEED_MS),
            self.threshold + mean * e,
        )
        return np.stack(rows)[:, seen]
