"""Compiled arrivals: when a body comes down, given that it comes down in a zone."""

import math

import numpy as np

from rampart.physics._jit import kernel

SECOND = 1e9


@kernel
def arrivals(probability, floor, middle, spread, impact, covariance, with_time, sigma_s, impact_ns):
    """The zones that impacts are likely enough to be in, and when they are, given that they are in a zone each.

    Short of its mean point a body comes down earlier, beyond it later: what is not known of its speed is in both. So
    knowing the zone is knowing more of the time; that is a Kalman update by a position known as well as the zone is
    small.

    Parameters
    ----------
    probability, floor : (m, n), float
        That each impact is in each zone; pairs with no more than `floor` are left out.
    middle, spread : (n, 2), (n, 2, 2)
        Mean east and north [m] and covariance [m2] of a point anywhere in each zone.
    impact, covariance : (m, 3), (m, 2, 2)
        Mean point of each impact [m], and how well it is known [m2].
    with_time, sigma_s : (m, 2), (m,)
        Covariance of that point with the time [m s], and one sigma of the time, wherever it is.
    impact_ns : (m,)
        Mean time, wherever it is, ns UTC.

    Returns
    -------
    row, zone : (k,) int64
        Pairs of an impact and a zone, by impact.
    probability, arrival_ns, sigma_s : (k,)
        Of the pair, the time and one sigma of it.

    Examples
    --------
    Half a kilometre short of the mean, where a sigma of 500 m goes with one of 10 s:

    >>> point, mean, known = np.zeros((1, 2, 2)), np.zeros((1, 3)), np.array([[[250_000.0, 0.0], [0.0, 10_000.0]]])
    >>> sure, west, at_ns = np.ones((1, 1)), np.array([[-500.0, 0.0]]), np.array([20_000_000_000])
    >>> found = arrivals(sure, 0.0, west, point, mean, known, np.array([[4000.0, 0.0]]), np.array([10.0]), at_ns)
    >>> [column.item() for column in found]
    [0, 0, 1.0, 12000000000, 6.0]
    """
    m, n = probability.shape
    row, zone = np.empty(m * n, np.int64), np.empty(m * n, np.int64)
    chance, arrival_ns, sigma = np.empty(m * n), np.empty(m * n, np.int64), np.empty(m * n)
    k = 0
    for i in range(m):
        for j in range(n):
            if not probability[i, j] > floor:
                continue
            a = spread[j, 0, 0] + covariance[i, 0, 0]
            b = spread[j, 0, 1] + covariance[i, 0, 1]
            d = spread[j, 1, 1] + covariance[i, 1, 1]
            east, north, det = with_time[i, 0], with_time[i, 1], a * d - b * b
            by_east = (d * east - b * north) / det if det > 0.0 else 0.0
            by_north = (a * north - b * east) / det if det > 0.0 else 0.0
            later_s = by_east * (middle[j, 0] - impact[i, 0]) + by_north * (middle[j, 1] - impact[i, 1])
            row[k], zone[k], chance[k] = i, j, probability[i, j]
            arrival_ns[k] = impact_ns[i] + np.int64(np.rint(later_s * SECOND))
            sigma[k] = math.sqrt(max(sigma_s[i] * sigma_s[i] - by_east * east - by_north * north, 0.0))
            k += 1
    return row[:k], zone[:k], chance[:k], arrival_ns[:k], sigma[:k]
