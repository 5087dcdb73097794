"""Ellipse: where a point on the ground lies with a stated probability."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels

Floats = NDArray[np.float64]


class Ellipse(NamedTuple):
    """Semi-axes and direction of error ellipses, one entry per covariance."""

    major_m: Floats
    minor_m: Floats
    azimuth_rad: Floats  #: of the major axis, clockwise from north, 0 <= azimuth < pi


def sigmas_of(probability: float) -> float:
    """Radius in sigma that holds this share of a two-dimensional normal distribution.

    >>> round(sigmas_of(0.9), 4)
    2.146
    """
    return math.sqrt(-2.0 * math.log1p(-probability))


def ellipse(covariance: ArrayLike, probability: float = 0.9) -> Ellipse:
    """Error ellipses of east-north covariances.

    Parameters
    ----------
    covariance : array_like (..., 2, 2)
        East-north covariances [m2], symmetric.
    probability : float
        Content of the ellipse, 0 < p < 1.

    Returns
    -------
    Ellipse
        Semi-axes [m] and azimuth [rad], arrays of the leading shape.

    Raises
    ------
    ValueError
        If the probability is not between 0 and 1 or the shape is wrong.

    Notes
    -----
    Closed form of the eigenvalues; the radius is sqrt(-2 ln(1 - p)) sigma, as squared distance is chi-squared with two
    degrees of freedom.

    Examples
    --------
    >>> e = ellipse([[400.0, 0.0], [0.0, 100.0]], 0.9)
    >>> round(float(e.major_m), 1), round(float(e.minor_m), 1), round(float(np.degrees(e.azimuth_rad)), 1)
    (42.9, 21.5, 90.0)
    """
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability {probability}; expected 0 < p < 1")
    stack = np.ascontiguousarray(covariance, dtype=float)
    if stack.shape[-2:] != (2, 2):
        raise ValueError(f"covariance has shape {stack.shape}; expected (..., 2, 2)")
    shape = stack.shape[:-2]
    flat = stack.reshape(-1, 2, 2)
    major, minor, azimuth = np.empty((3, len(flat)))
    _kernels.ellipses(flat, sigmas_of(probability), major, minor, azimuth)
    return Ellipse(major.reshape(shape), minor.reshape(shape), azimuth.reshape(shape))
