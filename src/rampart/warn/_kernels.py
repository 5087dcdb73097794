"""Compiled exposures: how probably a body comes down in a zone, and when, given that it does."""

import math

import numpy as np

from rampart.physics._jit import kernel
from rampart.physics.area._kernels import hit_all

SECOND = 1e9


@kernel
def expose(
    impact, covariance, with_time, sigma_s, impact_ns, floor, middle, spread,
    corners, first, radius, centre, extent, convex, pieces, piece, when, how,
):  # fmt: skip
    """The zones that impacts are likely enough to be in, and when they are, given that they are in a zone each.

    Short of its mean point a body comes down earlier, beyond it later: what is not known of its speed is in both. So
    knowing the zone is knowing more of the time; that is a Kalman update by a position known as well as the zone is
    small.

    Parameters
    ----------
    impact, covariance : (m, 3), (m, 2, 2)
        Mean point of each impact [m], and how well it is known [m2].
    with_time, sigma_s : (m, 2), (m,)
        Covariance of that point with the time [m s], and one sigma of the time, wherever it is.
    impact_ns : (m,)
        Mean time, wherever it is, ns UTC.
    floor : float
        Pairs with no more probability are left out.
    middle, spread : (n, 2), (n, 2, 2)
        Mean east and north [m] and covariance [m2] of a point anywhere in each zone.
    corners, first, radius, centre, extent, convex, pieces, piece
        `Areas.arrays` of the zones.

    when : (m n, 3) int64
        Takes row and zone of each pair, by row, and the time if it comes down there, ns UTC.
    how : (m n, 2)
        Takes the probability of each pair, and one sigma of the time [s].

    Returns
    -------
    int
        How many pairs there are.

    Examples
    --------
    Half a kilometre short of the mean, where a sigma of 500 m goes with one of 10 s:

    >>> from rampart.physics.area import Areas
    >>> west = Areas.of([[(-501.0, -1.0), (-499.0, -1.0), (-499.0, 1.0), (-501.0, 1.0)]], [0.0])
    >>> known, with_time = np.array([[[250_000.0, 0.0], [0.0, 1e4]]]), np.array([[4000.0, 0.0]])
    >>> impact = np.zeros((1, 3)), known, with_time, np.array([10.0]), np.array([20_000_000_000])
    >>> when, how = np.empty((1, 3), np.int64), np.empty((1, 2))
    >>> expose(*impact, 0.0, west.mean, west.covariance, *west.arrays, when, how)
    1
    >>> when[0, :2].tolist(), round(when[0, 2].item() * 1e-9, 3), round(how[0, 1].item(), 3)
    ([0, 0], 12.0, 6.0)
    """
    m, n = impact.shape[0], radius.shape[0]
    probability = np.empty((m, n))
    hit_all(impact, covariance, corners, first, radius, centre, extent, convex, pieces, piece, probability)
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
            when[k, 0], when[k, 1], when[k, 2] = i, j, impact_ns[i] + np.int64(np.rint(later_s * SECOND))
            how[k, 0] = probability[i, j]
            how[k, 1] = math.sqrt(max(sigma_s[i] * sigma_s[i] - by_east * east - by_north * north, 0.0))
            k += 1
    return k
