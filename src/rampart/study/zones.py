"""Zones as the referee sees them: how far a point is from a polygon."""

import numpy as np

from . import _kernels


def distance_to_polygon(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Distance of points from a polygon; 0 inside.

    Parameters
    ----------
    points : (n, 2) array
        East, north [m].
    polygon : (m, 2) array
        Corners, not closed [m].

    Returns
    -------
    (n,) array
        Metres.

    Notes
    -----
    Inside by the even-odd rule. Written apart from the warner's zone engine, so that the two check each other.

    Examples
    --------
    >>> square = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
    >>> distance_to_polygon(np.array([[0.5, 0.5], [3.0, 0.5]]), square).tolist()
    [0.0, 2.0]
    """
    distance = np.empty(len(points))
    _kernels.distances(np.ascontiguousarray(points, float), np.ascontiguousarray(polygon, float), distance)
    return distance
