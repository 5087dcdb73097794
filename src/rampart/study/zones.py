"""Zones as the referee sees them: how far a point is from a polygon."""

import numpy as np


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
    start, end = polygon, np.concatenate([polygon[1:], polygon[:1]])
    edge = end - start
    offset = points[:, None, :] - start[None]
    length = np.maximum((edge**2).sum(1), 1e-12)
    along = np.clip((offset * edge).sum(2) / length, 0.0, 1.0)
    gap = offset - along[..., None] * edge
    distance = np.hypot(gap[..., 0], gap[..., 1]).min(1)
    east, north = points[:, 0, None], points[:, 1, None]
    crosses = (start[:, 1] > north) != (end[:, 1] > north)
    rise = np.where(edge[:, 1] == 0, 1.0, edge[:, 1])
    inside = (crosses & (east < start[:, 0] + (north - start[:, 1]) * edge[:, 0] / rise)).sum(1) % 2 == 1
    return np.where(inside, 0.0, distance)
