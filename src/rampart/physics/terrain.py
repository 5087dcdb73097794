"""The ground: a regular grid of heights in a site's tangent plane, and what it hides."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rampart.errors import InputError
from rampart.physics import _kernels, _kernels_terrain, geodesy
from rampart.physics.constants import EARTH_RADIUS_M, REFRACTION_FACTOR

Floats = NDArray[np.float64]

# samples per side of a one-degree tile -> spacing in arc seconds
_SIDES = {3601: 1, 1201: 3}
_VOID = -32768
_TILE = re.compile(r"([NS])(\d{2})([EW])(\d{3})", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Terrain:
    """Heights of the ground over a regular grid, bilinear between nodes; beyond the grid its edge goes on.

    Parameters
    ----------
    heights_m : ndarray (ny, nx)
        ENU up of the surface [m]; rows go north, columns east. The bulge of the Earth is in these numbers.
    east0_m, north0_m : float
        Place of node [0, 0].
    step_m : float
        Spacing of the nodes both ways.
    smooth : bool
        True for a made-up plane: it then stands for a smooth Earth, and `line_of_sight` uses the horizon formula.

    Examples
    --------
    >>> ground = Terrain(np.array([[0.0, 10.0], [0.0, 10.0]]), east0_m=0.0, north0_m=0.0, step_m=100.0)
    >>> float(ground.height_at(50.0, 20.0))
    5.0
    """

    heights_m: Floats
    east0_m: float
    north0_m: float
    step_m: float
    smooth: bool = False

    def __post_init__(self) -> None:
        heights = np.array(self.heights_m, dtype=float, order="C")
        if heights.ndim != 2 or min(heights.shape) < 2:
            raise ValueError(f"heights_m has shape {heights.shape}; expected at least (2, 2)")
        if not np.isfinite(heights).all() or not self.step_m > 0.0:
            raise ValueError("terrain needs finite heights and a positive step")
        heights.setflags(write=False)
        object.__setattr__(self, "heights_m", heights)

    @classmethod
    def flat(cls, height_m: float = 0.0) -> Terrain:
        """A plane at one ENU height, standing for a smooth Earth."""
        return cls(np.full((2, 2), float(height_m)), 0.0, 0.0, 1.0, smooth=True)

    @cached_property
    def frame(self) -> Floats:
        """What the kernels need beside the heights, (5,): east and north of node [0, 0], 1 / step, lowest, highest."""
        low, high = float(self.heights_m.min()), float(self.heights_m.max())
        frame = np.array([self.east0_m, self.north0_m, 1.0 / self.step_m, low, high])
        frame.setflags(write=False)
        return frame

    def height_at(self, east_m: ArrayLike | float, north_m: ArrayLike | float) -> Floats:
        """ENU up of the ground [m] at places that broadcast."""
        if isinstance(east_m, float) and isinstance(north_m, float):
            return np.array(_kernels.ground_height(east_m, north_m, self.heights_m, self.frame))
        east, north = np.broadcast_arrays(np.asarray(east_m, dtype=float), np.asarray(north_m, dtype=float))
        heights = np.empty(east.size)
        _kernels_terrain.ground_heights(east.ravel(), north.ravel(), self.heights_m, self.frame, heights)
        return heights.reshape(east.shape)


def line_of_sight(sensor_enu: ArrayLike, targets_enu: ArrayLike, terrain: Terrain) -> NDArray[np.bool_]:
    """Which targets a sensor sees over the terrain, with standard refraction (4/3 Earth).

    Parameters
    ----------
    sensor_enu : array_like (3,)
        Sensor [m].
    targets_enu : array_like (n, 3)
        Targets [m].
    terrain : Terrain
        On smooth terrain a target is seen within the horizon distance; else the ray, curved like a circle of four Earth
        radii, must clear the ground at every half grid step.

    Returns
    -------
    ndarray of bool (n,)
        Below the ground is never seen.

    Examples
    --------
    >>> line_of_sight([0, 0, 10], [[5000, 0, 50], [60000, 0, 50]], Terrain.flat()).tolist()
    [True, False]
    """
    sensor = np.ascontiguousarray(sensor_enu, dtype=float)
    targets = np.ascontiguousarray(targets_enu, dtype=float).reshape(-1, 3)
    seen = np.empty(len(targets), dtype=np.bool_)
    if terrain.smooth:
        radius = REFRACTION_FACTOR * EARTH_RADIUS_M
        _kernels_terrain.see_over_smooth(sensor, targets, float(terrain.heights_m[0, 0]), radius, seen)
    else:
        # what refraction leaves over from the true bulge, which the grid already holds
        bend = (1.0 - 1.0 / REFRACTION_FACTOR) / (2.0 * EARTH_RADIUS_M)
        _kernels_terrain.see_over_grid(sensor, targets, terrain.heights_m, terrain.frame, bend, seen)
    return seen


def load_hgt(
    path: str | Path,
    *,
    latitude_rad: float,
    longitude_rad: float,
    height_m: float,
    radius_m: float = 30000.0,
    step_m: float = 90.0,
) -> Terrain:
    """Read an SRTM tile (.hgt) and lay it into a site's tangent plane.

    Parameters
    ----------
    path : str or Path
        One-degree tile named after its south-west corner, as ``N33E044.hgt``: big-endian int16 rows from north to
        south, 3601 x 3601 (1 arc second) or 1201 x 1201 (3 arc seconds) samples, metres above mean sea level.
    latitude_rad, longitude_rad, height_m : float
        The site's origin; height above mean sea level.
    radius_m, step_m : float
        Half the side of the grid around the origin, and its spacing.

    Returns
    -------
    Terrain
        The part of the square that the tile covers in full.

    Raises
    ------
    InputError
        Unreadable, not named after a corner, a length that is no whole tile, a site outside the tile; a void sample
        (-32768) in that part: what is not known cannot be seen over.

    Notes
    -----
    The site's height takes the part of the ellipsoidal height, so the undulation of the geoid counts as constant over
    the grid; it changes by less than a metre or two over 30 km nearly everywhere.
    """
    path = Path(path)
    south, west = _corner(path)
    samples = _read_samples(path)
    if (samples == _VOID).all():
        raise InputError("every sample of the tile is void (-32768)", path=path)
    latitude, longitude = math.degrees(latitude_rad), math.degrees(longitude_rad)
    if not (south <= latitude <= south + 1 and west <= longitude <= west + 1):
        raise InputError(f"the site at {latitude:.4f} {longitude:.4f} deg lies outside this tile", path=path)
    reach = math.floor(radius_m / step_m)
    axis: Floats = np.linspace(-reach * step_m, reach * step_m, 2 * reach + 1)
    up, inside, void = _resample(samples, south, west, axis, (latitude_rad, longitude_rad, height_m))
    rows, columns = _largest_box(inside, reach)
    if void[rows, columns].any():
        raise InputError(_say_voids(void[rows, columns], axis[rows], axis[columns]), path=path)
    return Terrain(up[rows, columns], float(axis[columns.start]), float(axis[rows.start]), step_m)


def _corner(path: Path) -> tuple[int, int]:
    match = _TILE.match(path.stem)
    if match is None:
        raise InputError("a tile is named after its south-west corner, as N33E044.hgt", path=path)
    south = int(match[2]) * (1 if match[1].upper() == "N" else -1)
    return south, int(match[4]) * (1 if match[3].upper() == "E" else -1)


def _read_samples(path: Path) -> NDArray[np.int16]:
    try:
        size = path.stat().st_size
        for side in _SIDES:
            if size == 2 * side * side:
                return np.frombuffer(path.read_bytes(), dtype=">i2").reshape(side, side).astype(np.int16)
    except OSError as error:
        raise InputError(f"cannot read the terrain tile: {error.strerror or error}", path=path) from None
    expected = " or ".join(f"{2 * side * side:,} ({second} arc second)" for side, second in _SIDES.items())
    raise InputError(f"{size:,} bytes; expected {expected}: the file is cut short or no .hgt tile", path=path)


def _say_voids(void: NDArray[np.bool_], north_m: Floats, east_m: Floats) -> str:
    i, j = np.unravel_index(int(np.argmax(void)), void.shape)
    place = f"{east_m[j] / 1000:.1f} km east and {north_m[i] / 1000:.1f} km north of the site"
    share = f"{100.0 * void.mean():.2g} %"
    return f"void samples (-32768) in {share} of the ground that is used, the first {place}: fill them, or use less"


def _resample(
    samples: NDArray[np.int16], south: int, west: int, axis: Floats, site: tuple[float, float, float]
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """ENU up of the ground over each node, whether the tile covers it, and whether a void is among its samples."""
    east, north = np.meshgrid(axis, axis)
    up = np.zeros_like(east)
    void = samples == _VOID
    known = np.where(void, 0.0, samples)
    per_degree = known.shape[0] - 1
    # the place under a node depends on the height sought: twice round brings it below a millimetre
    for _ in range(3):
        latitude, longitude, height = geodesy.enu_to_geodetic(np.stack([east, north, up], -1), *site)
        row = (south + 1 - np.degrees(latitude)) * per_degree
        column = (np.degrees(longitude) - west) * per_degree
        up += _bilinear(known, row, column) - height
    inside = (row >= 0) & (row <= per_degree) & (column >= 0) & (column <= per_degree)
    return up, inside, _bilinear(void.astype(float), row, column) > 0.0


def _bilinear(samples: Floats, row: NDArray[np.floating], column: NDArray[np.floating]) -> Floats:
    top = samples.shape[0] - 1
    r, c = np.clip(row, 0.0, top), np.clip(column, 0.0, top)
    i, j = np.minimum(r.astype(int), top - 1), np.minimum(c.astype(int), top - 1)
    r, c = r - i, c - j
    upper = samples[i, j] * (1.0 - c) + samples[i, j + 1] * c
    lower = samples[i + 1, j] * (1.0 - c) + samples[i + 1, j + 1] * c
    return np.asarray(upper * (1.0 - r) + lower * r)


def _largest_box(inside: NDArray[np.bool_], centre: int) -> tuple[slice, slice]:
    """Rows and columns of a box around the centre that the tile covers: each side moves in until its line is inside."""
    low_r = low_c = 0
    high_r = high_c = len(inside) - 1
    while True:
        box = inside[low_r : high_r + 1, low_c : high_c + 1]
        bad = [np.count_nonzero(~line) for line in (box[0], box[-1], box[:, 0], box[:, -1])]
        if not any(bad):
            break
        side = int(np.argmax(bad))
        low_r, high_r = low_r + (side == 0), high_r - (side == 1)
        low_c, high_c = low_c + (side == 2), high_c - (side == 3)
    # a site on the very edge of a tile still gets one cell
    low_r, low_c = min(low_r, centre), min(low_c, centre)
    high_r, high_c = max(high_r, centre), max(high_c, centre)
    return _widen(low_r, high_r, len(inside)), _widen(low_c, high_c, len(inside))


def _widen(low: int, high: int, size: int) -> slice:
    if low == high:
        low, high = max(low - 1, 0), min(high + 1, size - 1)
    return slice(low, high + 1)
