"""Compiled arrivals: when a body comes down, given that it comes down in a zone."""

import math

import numpy as np

from rampart.physics._jit import kernel


@kernel
def arrivals(row, zone, middle, spread, impact, covariance, with_time, sigma_s):
    """When impacts are, given that they are in a zone each.

    Short of its mean point a body comes down earlier, beyond it later: what is not known of its speed is in both. So
    knowing the zone is knowing more of the time; that is a Kalman update by a position known as well as the zone is
    small.

    Parameters
    ----------
    row, zone : (k,) int64
        Pairs of an impact and a zone.
    middle, spread : (n, 2), (n, 2, 2)
        Mean east and north [m] and covariance [m2] of a point anywhere in each zone.
    impact, covariance : (m, 3), (m, 2, 2)
        Mean point of each impact [m], and how well it is known [m2].
    with_time, sigma_s : (m, 2), (m,)
        Covariance of that point with the time [m s], and one sigma of the time, wherever it is.

    Returns
    -------
    later_s, sigma_s : (k,)
        How much later than the mean, and one sigma of it.

    Examples
    --------
    Half a kilometre short of the mean, where a sigma of 500 m goes with one of 10 s:

    >>> point, mean, known = np.zeros((1, 2, 2)), np.zeros((1, 3)), np.array([[[250_000.0, 0.0], [0.0, 10_000.0]]])
    >>> first, west = np.zeros(1, np.int64), np.array([[-500.0, 0.0]])
    >>> later, sigma = arrivals(first, first, west, point, mean, known, np.array([[4000.0, 0.0]]), np.array([10.0]))
    >>> float(later[0]), float(sigma[0])
    (-8.0, 6.0)
    """
    later, sigma = np.empty(row.size), np.empty(row.size)
    for k in range(row.size):
        i, j = row[k], zone[k]
        a = spread[j, 0, 0] + covariance[i, 0, 0]
        b = spread[j, 0, 1] + covariance[i, 0, 1]
        d = spread[j, 1, 1] + covariance[i, 1, 1]
        east, north, det = with_time[i, 0], with_time[i, 1], a * d - b * b
        by_east = (d * east - b * north) / det if det > 0.0 else 0.0
        by_north = (a * north - b * east) / det if det > 0.0 else 0.0
        later[k] = by_east * (middle[j, 0] - impact[i, 0]) + by_north * (middle[j, 1] - impact[i, 1])
        sigma[k] = math.sqrt(max(sigma_s[i] * sigma_s[i] - by_east * east - by_north * north, 0.0))
    return later, sigma
