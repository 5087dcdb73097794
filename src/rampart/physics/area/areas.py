"""Areas: polygons on the ground, each grown by a radius."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels, _kernels_outline
from .polygon import moments

Floats = NDArray[np.float64]
#: A corner of an outline is drawn with so many chords
_CHORDS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Polygons grown by a radius each: all points no further than that from the polygon.

    Attributes
    ----------
    corners : ndarray, shape (total, 2)
        East, north [m] of all polygons' corners, one polygon after the other, not closed.
    first : ndarray, shape (n + 1,)
        Index of each polygon's first corner.
    radius_m, extent_m : ndarray, shape (n,)
        Growth, and radius of a circle round the grown polygon [m].
    centre : ndarray, shape (n, 2)
        That circle's centre, east, north [m].
    convex : ndarray, shape (n,)
        1 for convex polygons.
    mean, covariance : ndarray, shape (n, 2), (n, 2, 2)
        Of a point that lies anywhere in the grown polygon [m, m2]; of the bare one where its outline is not traced.
    pieces : ndarray, shape (total, 5)
        Outlines of the grown polygons, one after the other, as segments and arcs (`_kernels_outline`).
    piece : ndarray, shape (n + 1,)
        Index of each outline's first piece.
    """

    corners: Floats
    first: NDArray[np.int64]
    radius_m: Floats
    centre: Floats
    extent_m: Floats
    convex: NDArray[np.int64]
    pieces: Floats
    piece: NDArray[np.int64]
    mean: Floats
    covariance: Floats

    @classmethod
    def of(cls, polygons: Sequence[ArrayLike], radius_m: Sequence[float]) -> Areas:
        """Pack polygons (corners (k, 2) each, east and north [m], either sense, not closed) and their radii.

        Examples
        --------
        >>> areas = Areas.of([[(0, 0), (10, 0), (10, 10), (0, 10)]], [5.0])
        >>> float(areas.distance([[20.0, 5.0]])[0, 0])
        5.0
        """
        shapes = [np.asarray(p, dtype=float).reshape(-1, 2) for p in polygons]
        radius = np.asarray(radius_m, dtype=float).reshape(len(shapes))
        low = np.array([p.min(0) for p in shapes]).reshape(-1, 2)
        high = np.array([p.max(0) for p in shapes]).reshape(-1, 2)
        centre = 0.5 * (low + high)
        outlines = [_outline(p, r) for p, r in zip(shapes, radius.tolist(), strict=True)]
        spread = [moments(*_edges(p, o, r)) for p, o, r in zip(shapes, outlines, radius.tolist(), strict=True)]
        reach = [np.hypot(*(p - c).T).max() for p, c in zip(shapes, centre, strict=True)]
        return cls(
            np.ascontiguousarray(np.concatenate(shapes) if shapes else np.zeros((0, 2))),
            np.concatenate([[0], np.cumsum([len(p) for p in shapes])]).astype(np.int64),
            radius,
            centre,
            np.asarray(reach, dtype=float).reshape(len(shapes)) + radius,
            np.array([is_convex(p) for p in shapes], dtype=np.int64),
            np.ascontiguousarray(np.concatenate(outlines) if outlines else np.zeros((0, 5))),
            np.concatenate([[0], np.cumsum([len(o) for o in outlines])]).astype(np.int64),
            np.array([mean for mean, _ in spread]).reshape(-1, 2),
            np.array([covariance for _, covariance in spread]).reshape(-1, 2, 2),
        )

    def __len__(self) -> int:
        return len(self.radius_m)

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """What kernels take: corners, first, radius, centre, extent, convex, pieces, piece."""
        return (
            self.corners, self.first, self.radius_m, self.centre, self.extent_m, self.convex, self.pieces, self.piece
        )  # fmt: skip

    def hit_probability(self, mean: ArrayLike, covariance: ArrayLike) -> Floats:
        """Probability that uncertain points lie in each grown polygon.

        Parameters
        ----------
        mean : array_like, shape (m, 2)
            East, north [m].
        covariance : array_like, shape (m, 2, 2)
            [m2]; may be singular.

        Returns
        -------
        ndarray, shape (m, n)
            0 to 1; nan where mean or covariance is not finite.

        Notes
        -----
        Where the ellipse is wide against the area: once round the outline by Green's theorem. Where it is thin: exact
        along the major axis, Gauss-Legendre between the corners along the minor one. Checked against brute force
        within 1e-3 (in fact 1e-4) in tests/unit/physics/test_area.py, and against the closed form
        1 - exp(-R^2 / (2 sigma^2)) of the centred circle.

        Examples
        --------
        >>> areas = Areas.of([[(-1e4, 0), (1e4, 0), (1e4, 1e4), (-1e4, 1e4)]], [0.0])
        >>> round(float(areas.hit_probability([[0.0, 0.0]], [np.eye(2) * 100.0**2])[0, 0]), 6)
        0.5
        """
        mean, covariance = _floats(mean, 2), _floats(covariance, 2, 2)
        out = np.empty((len(mean), len(self)))
        _kernels.hit_all(mean, covariance, *self.arrays, out)
        return out

    def pass_probability(
        self, start: ArrayLike, start_covariance: ArrayLike, end: ArrayLike, end_covariance: ArrayLike
    ) -> tuple[Floats, Floats]:
        """Probability that straight paths with uncertain ends enter each grown polygon, and when they do.

        Parameters
        ----------
        start, end : array_like, shape (m, 2)
            Ends of the middle paths, east and north [m]. A path shorter than 1 m is taken as a point at its end.
        start_covariance, end_covariance : array_like, shape (m, 2, 2)
            [m2]; only the spread across the path counts.

        Returns
        -------
        probability : ndarray, shape (m, n)
            0 to 1.
        entry : ndarray, shape (m, n)
            Share of the path, 0 to 1, after which the likeliest path that enters is inside; nan where none enters.

        Notes
        -----
        The paths are a fan: each starts and ends the same number of sigmas to one side of the middle one. Those that
        touch an area are then one interval of a standard normal number; its ends are found by bisection.

        Examples
        --------
        >>> areas = Areas.of([[(400, 0), (600, 0), (600, 1e5), (400, 1e5)]], [100.0])
        >>> still = np.eye(2) * 10.0**2
        >>> p, entry = areas.pass_probability([[0.0, -100.0]], [still], [[1000.0, -100.0]], [still])
        >>> round(float(p[0, 0]), 6), round(float(entry[0, 0]), 2)
        (0.5, 0.35)
        """
        start, end = _floats(start, 2), _floats(end, 2)
        first, last = _floats(start_covariance, 2, 2), _floats(end_covariance, 2, 2)
        out, entry = np.empty((len(start), len(self))), np.empty((len(start), len(self)))
        _kernels.pass_all(start, first, end, last, *self.arrays, out, entry)
        return out, entry

    def distance(self, points: ArrayLike) -> Floats:
        """Distance of points (m, 2) from each grown polygon, (m, n) [m]; 0 inside.

        Examples
        --------
        >>> Areas.of([[(0, 0), (9, 0), (0, 9)]], [1.0]).distance([[1.0, 1.0], [-3.0, 0.0]]).tolist()
        [[0.0], [2.0]]
        """
        points = _floats(points, 2)
        out = np.empty((len(points), len(self)))
        _kernels.distance_all(points, self.corners, self.first, self.radius_m, out)
        return out


def _edges(corners: Floats, outline: Floats, radius_m: float) -> tuple[Floats, Floats]:
    """Starts and ends of an outline's edges, arcs as `_CHORDS` chords; of the bare polygon where there is none."""
    if not len(outline):
        return corners, np.roll(corners, -1, axis=0)
    segments, arcs = outline[outline[:, 0] == 0.0], outline[outline[:, 0] == 1.0]
    angle = arcs[:, 3, None] + arcs[:, 4, None] * np.linspace(0.0, 1.0, _CHORDS + 1)
    bow = arcs[:, None, 1:3] + radius_m * np.stack([np.cos(angle), np.sin(angle)], -1)
    start = np.concatenate([segments[:, 1:3], bow[:, :-1].reshape(-1, 2)])
    return start, np.concatenate([segments[:, 3:5], bow[:, 1:].reshape(-1, 2)])


def is_convex(polygon: ArrayLike) -> bool:
    """Whether a simple polygon (k, 2) bends one way only.

    Examples
    --------
    >>> is_convex([(0, 0), (2, 0), (2, 2), (0, 2)]), is_convex([(0, 0), (2, 0), (1, 0.5), (0, 2)])
    (True, False)
    """
    corners = np.asarray(polygon, dtype=float)
    edge = np.roll(corners, -1, axis=0) - corners
    following = np.roll(edge, -1, axis=0)
    bend = edge[:, 0] * following[:, 1] - edge[:, 1] * following[:, 0]
    return bool((bend >= 0.0).all() or (bend <= 0.0).all())


def _outline(polygon: Floats, radius_m: float) -> Floats:
    """The grown polygon's outline (m, 5); no rows where it cannot be traced, as for one that crosses itself."""
    n = len(polygon)
    corners = np.ascontiguousarray(polygon)
    raw, cuts, pieces = np.empty((2 * n, 5)), np.empty(4 * n + 2), np.empty((8 * n + 16, 5))
    m = _kernels_outline.trace(corners, 0, n, radius_m, raw, cuts, pieces)
    return pieces[: max(m, 0)].copy()


def _floats(values: ArrayLike, *shape: int) -> Floats:
    array = np.ascontiguousarray(values, dtype=float)
    return array if array.shape[1:] == shape else array.reshape(-1, *shape)
