"""Contour: rings around where a map is at or above a level (marching squares)."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Polygon = list[Floats]  #: outer ring, counter-clockwise, then its holes, clockwise; each (n, 2), first point repeated

#: Rings keep off the nodes by this share of a cell, so that none touches itself.
_OFF = 0.01

# Sides of a square: 0 south, 1 east, 2 north, 3 west. For each pattern of corners inside (1 south-west, 2 south-east,
# 4 north-east, 8 north-west) the pieces (from side, to side) with the inside on their left. The two saddles (5, 10)
# keep their inside corners apart.
_PIECES: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((0, 3),), 2: ((1, 0),), 3: ((1, 3),), 4: ((2, 1),), 5: ((0, 3), (2, 1)), 6: ((2, 0),), 7: ((2, 3),),
    8: ((3, 2),), 9: ((0, 2),), 10: ((1, 0), (3, 2)), 11: ((1, 2),), 12: ((3, 1),), 13: ((0, 1),), 14: ((3, 0),),
}  # fmt: skip


def contour(field: Floats, level: float, axis: Floats) -> list[Polygon]:
    """Polygons around where a field is at or above a level.

    Parameters
    ----------
    field : ndarray (n, n)
        Values at the nodes; rows go north.
    level : float
        Taken in.
    axis : ndarray (n,)
        East of the columns and north of the rows.

    Returns
    -------
    list of polygons
        Rings are closed, do not touch each other or themselves, and end half a cell beyond the field's edge. The
        largest polygon first.

    Notes
    -----
    Linear between nodes (W. E. Lorensen, H. E. Cline, "Marching cubes", SIGGRAPH 1987, in two dimensions).

    Examples
    --------
    >>> spot = np.zeros((5, 5))
    >>> spot[2, 2] = 1.0
    >>> [[ring]] = contour(spot, 0.5, np.arange(5.0))
    >>> ring.tolist()
    [[1.5, 2.0], [2.0, 1.5], [2.5, 2.0], [2.0, 2.5], [1.5, 2.0]]
    """
    step = float(axis[1] - axis[0])
    low = min(float(np.nanmin(field)), level) - 1.0
    padded = np.pad(np.where(np.isfinite(field), field, low), 1, constant_values=low)
    # outside the field the value falls off at once: the ring runs half a cell beyond the last node
    edge = np.pad(np.ones(field.shape, bool), 1)
    spots = np.concatenate([[axis[0] - step], axis, [axis[-1] + step]])
    rings = _join(_segments(padded, level, edge, spots))
    return _nest(rings)


def _segments(
    field: Floats, level: float, known: NDArray[np.bool_], axis: Floats
) -> dict[int, list[tuple[int, Floats]]]:
    """From each crossed edge of the lattice the next one(s) around the inside, with the place of the crossing."""
    inside = field >= level
    code = inside[:-1, :-1] * 1 + inside[:-1, 1:] * 2 + inside[1:, 1:] * 4 + inside[1:, :-1] * 8
    rows, columns = np.nonzero((code > 0) & (code < 15))
    width = field.shape[1]
    after: dict[int, list[tuple[int, Floats]]] = defaultdict(list)
    for r, c in zip(rows.tolist(), columns.tolist(), strict=True):
        nodes = ((r, c), (r, c + 1), (r + 1, c + 1), (r + 1, c))
        # an edge between nodes is numbered by its lower node: even eastwards, odd northwards
        edges = (2 * (r * width + c), 2 * (r * width + c + 1) + 1, 2 * ((r + 1) * width + c), 2 * (r * width + c) + 1)
        for begin, end in _PIECES[int(code[r, c])]:
            place = _crossing(nodes[begin], nodes[(begin + 1) % 4], field, level, known, axis)
            after[edges[begin]].append((edges[end], place))
    return after


def _crossing(
    a: tuple[int, int], b: tuple[int, int], field: Floats, level: float, known: NDArray[np.bool_], axis: Floats
) -> Floats:
    if known[a] and known[b]:
        share = (level - field[a]) / (field[b] - field[a])
        share = min(max(float(share), _OFF), 1.0 - _OFF)
    else:
        share = 0.5
    return np.array([axis[a[1]] + share * (axis[b[1]] - axis[a[1]]), axis[a[0]] + share * (axis[b[0]] - axis[a[0]])])


def _join(after: dict[int, list[tuple[int, Floats]]]) -> list[Floats]:
    """Rings out of pieces; every edge is entered once and left once."""
    rings = []
    while after:
        first = edge = next(iter(after))
        points = []
        while True:
            following, place = after.pop(edge)[0]
            points.append(place)
            edge = following
            if edge == first:
                break
        rings.append(np.array([*points, points[0]]))
    return rings


def ring_area(ring: Floats) -> float:
    """Signed area of a closed ring: positive if counter-clockwise."""
    x, y = ring[:, 0], ring[:, 1]
    return 0.5 * float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def _nest(rings: list[Floats]) -> list[Polygon]:
    """Each hole into the smallest outer ring around it."""
    areas = [ring_area(ring) for ring in rings]
    outer = sorted((i for i, a in enumerate(areas) if a > 0.0), key=lambda i: areas[i])
    polygons: dict[int, Polygon] = {i: [rings[i]] for i in outer}
    boxes = {i: (rings[i].min(axis=0), rings[i].max(axis=0)) for i in outer}
    for i, area in enumerate(areas):
        if area >= 0.0:
            continue
        point = rings[i][0]
        for j in outer:
            low, high = boxes[j]
            if areas[j] > -area and (low <= point).all() and (point <= high).all() and contains(rings[j], point):
                polygons[j].append(rings[i])
                break
    return [polygons[i] for i in reversed(outer)]


def contains(ring: Floats, point: Floats) -> bool:
    """Whether a point lies in a closed ring, by the even-odd rule."""
    x, y = ring[:, 0], ring[:, 1]
    crosses = (y[:-1] > point[1]) != (y[1:] > point[1])
    rise = np.where(y[1:] == y[:-1], 1.0, y[1:] - y[:-1])
    at = x[:-1] + (point[1] - y[:-1]) * (x[1:] - x[:-1]) / rise
    return bool((crosses & (point[0] < at)).sum() % 2)
