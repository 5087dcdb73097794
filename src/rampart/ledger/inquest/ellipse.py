"""Ellipse: an uncertain point on the ground, by half axes and azimuth; and how far out in it another point lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Half axes [m], azimuth of the longer one clockwise from north [degrees], and content."""

    semi_major_m: float
    semi_minor_m: float
    azimuth_deg: float
    probability: float = 0.9

    @classmethod
    def of(cls, covariance: np.ndarray, probability: float = 0.9) -> Ellipse:
        """The ellipse of a covariance (2, 2), east-north [m2].

        >>> e = Ellipse.of(np.diag([100.0, 400.0]))
        >>> round(e.semi_major_m, 1), round(e.semi_minor_m, 1), e.azimuth_deg
        (42.9, 21.5, 0.0)
        """
        values, vectors = np.linalg.eigh(np.asarray(covariance, dtype=float))
        radius = math.sqrt(-2.0 * math.log1p(-probability))
        minor, major = (radius * np.sqrt(np.maximum(values, 0.0))).tolist()
        azimuth = math.degrees(math.atan2(vectors[0, 1], vectors[1, 1])) % 180.0
        return cls(major, minor, round(azimuth, 6) + 0.0, probability)

    @property
    def covariance(self) -> np.ndarray:
        """East-north [m2].

        >>> Ellipse.of(Ellipse(300.0, 100.0, 30.0).covariance).azimuth_deg
        30.0
        """
        radius2 = -2.0 * math.log1p(-self.probability)
        a = math.radians(self.azimuth_deg)
        along = np.array([math.sin(a), math.cos(a)])
        across = np.array([math.cos(a), -math.sin(a)])
        spread = self.semi_major_m**2 * np.outer(along, along) + self.semi_minor_m**2 * np.outer(across, across)
        return np.asarray(spread / radius2, dtype=float)

    @property
    def area_km2(self) -> float:
        """What it covers on the ground."""
        return math.pi * self.semi_major_m * self.semi_minor_m * 1e-6


def rank(offset: np.ndarray, covariance: np.ndarray) -> float:
    """Share of the claimed distribution that lies nearer than a point: its probability integral transform.

    Uniform on 0 to 1 where covariances are honest: it is 1 - exp(-d2 / 2) of the squared Mahalanobis distance.

    Parameters
    ----------
    offset : (2,) array
        East and north from the predicted to the true point [m].
    covariance : (2, 2) array
        [m2]

    Examples
    --------
    >>> round(rank(np.array([0.0, 21.459660262893472]), np.diag([100.0, 100.0])), 6)
    0.9
    """
    d2 = float(offset @ np.linalg.solve(covariance, offset))
    return -math.expm1(-0.5 * d2)
