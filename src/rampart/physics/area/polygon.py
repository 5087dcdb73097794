"""Polygon: whether a list of corners is one, where its middle is and how far it spreads."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: A polygon narrower than this has no area [m].
NARROWEST_M = 1e-3


def polygon_fault(corners: ArrayLike) -> str | None:
    """What is wrong with a polygon, in words that go on from "the polygon"; None if nothing is.

    Parameters
    ----------
    corners : array_like, shape (n, 2)
        East, north [m], not closed.

    Examples
    --------
    >>> polygon_fault([(0, 0), (2, 2), (2, 0), (0, 2)]), polygon_fault([(0, 0), (2, 0), (2, 2)])
    ('crosses itself', None)
    """
    points = np.asarray(corners, dtype=float).reshape(-1, 2)
    points = points[(points != np.roll(points, -1, axis=0)).any(axis=1)]
    if len(points) < 3 or narrowest(points) < NARROWEST_M:
        return "has no area"
    return "crosses itself" if crosses_itself(points) else None


def moments(start: NDArray[np.float64], end: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and covariance of a point that lies anywhere inside an outline with equal chance.

    Sums over its edges, by Green's theorem (Steger 1996, On the calculation of arbitrary moments of polygons, TU
    Muenchen FGBV-96-05).

    Parameters
    ----------
    start, end : ndarray, shape (n, 2)
        Ends of its edges, east and north [m]; either sense, holes the other way round.

    Returns
    -------
    mean : ndarray, shape (2,)
        East, north [m].
    covariance : ndarray, shape (2, 2)
        [m2]; zero where there is no area inside.

    Examples
    --------
    >>> corners = np.array([[0.0, 0.0], [12.0, 0.0], [12.0, 6.0], [0.0, 6.0]])
    >>> mean, covariance = moments(corners, np.roll(corners, -1, axis=0))
    >>> mean.tolist(), covariance.round(9).tolist()
    ([6.0, 3.0], [[12.0, 0.0], [0.0, 3.0]])
    """
    about = start[0]
    a, b = start - about, end - about
    cross = a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1]
    area = 0.5 * cross.sum()
    if area == 0.0:
        return start.mean(0), np.zeros((2, 2))
    mean = (cross[:, None] * (a + b)).sum(0) / (6.0 * area)
    products = a[:, :, None] * (2.0 * a + b)[:, None, :] + b[:, :, None] * (a + 2.0 * b)[:, None, :]
    covariance = (cross[:, None, None] * products).sum(0) / (24.0 * area) - np.outer(mean, mean)
    return about + mean, 0.5 * (covariance + covariance.T)


def narrowest(corners: NDArray[np.float64]) -> float:
    """How far the corners spread across their longest direction [m]: 0 for points on one line."""
    return float(np.linalg.svd(corners - corners.mean(0), compute_uv=False)[-1])


def crosses_itself(corners: NDArray[np.float64]) -> bool:
    """Whether two edges of a closed polygon (n, 2), corners not repeated, meet anywhere but at a shared corner.

    Examples
    --------
    >>> crosses_itself(np.array([[0.0, 0], [2, 0], [2, 2], [0, 2]]))
    False
    >>> crosses_itself(np.array([[0.0, 0], [2, 2], [2, 0], [0, 2]]))
    True
    """
    n = len(corners)
    start, end = corners, np.roll(corners, -1, axis=0)
    for i in range(n):
        # the next edge shares a corner: it may only not run back over this one
        a, b, c = start[i], end[i], end[(i + 1) % n]
        (ae, an), (be, bn) = b - a, c - b
        if abs(ae * bn - an * be) <= NARROWEST_M * max(abs(ae), abs(an)) and ae * be + an * bn < 0.0:
            return True
        others = np.arange(i + 2, n - 1 if i == 0 else n)
        if not len(others):
            continue
        p, q = start[others], end[others]
        s1, s2 = _side(a, b, p), _side(a, b, q)
        s3, s4 = _side_of_each(p, q, a), _side_of_each(p, q, b)
        overlap = (np.maximum(a, b) >= np.minimum(p, q)).all(1) & (np.minimum(a, b) <= np.maximum(p, q)).all(1)
        if (overlap & (s1 * s2 <= 0.0) & (s3 * s4 <= 0.0)).any():
            return True
    return False


def _side(a: NDArray[np.float64], b: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sign of which side of the line a-b points (m, 2) lie on."""
    return np.sign((b[0] - a[0]) * (points[:, 1] - a[1]) - (b[1] - a[1]) * (points[:, 0] - a[0]))


def _side_of_each(p: NDArray[np.float64], q: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sign of which side of each line p-q (m, 2) one point lies on."""
    return np.sign((q[:, 0] - p[:, 0]) * (point[1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (point[0] - p[:, 0]))
