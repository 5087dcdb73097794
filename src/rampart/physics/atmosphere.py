"""The air: US Standard Atmosphere 1976, wind profiles, and the table that the flight kernels read."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rampart.errors import InputError
from rampart.physics.constants import (
    GAS_CONSTANT_J_KG_K,
    HEAT_RATIO,
    SEA_LEVEL_PRESSURE_PA,
    SEA_LEVEL_TEMPERATURE_K,
    STANDARD_GRAVITY_MS2,
    STANDARD_RADIUS_M,
)

Floats = NDArray[np.float64]

# Foot of each layer in geopotential metres and its temperature gradient [K/m]: the 1976 standard, table 4
_LAYERS = ((0.0, -0.0065), (11000.0, 0.0), (20000.0, 0.001), (32000.0, 0.0028))

# 50 m rows: linear interpolation then costs 3 mm at impact. Sites below sea level exist, so the table starts below it.
TABLE_FOOT_M = -500.0
TABLE_TOP_M = 32000.0
TABLE_STEP_M = 50.0


def standard_atmosphere(height_m: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    """US Standard Atmosphere 1976 up to 47 km.

    Parameters
    ----------
    height_m : array_like
        Geometric height above mean sea level [m], -5,000 to 47,000.

    Returns
    -------
    temperature_k, pressure_pa, density_kg_m3, sound_ms : ndarray
        Same shape as `height_m`.

    Notes
    -----
    Source: U.S. Standard Atmosphere, 1976 (NOAA-S/T 76-1562), equations 18, 23, 33a, 33b, 42, 50. Agrees with
    ussa1976 to 5e-8 relative (tests/golden/physics).

    Examples
    --------
    >>> [round(float(a), 3) for a in standard_atmosphere(11000.0)]
    [216.774, 22699.931, 0.365, 295.154]
    """
    height = np.asarray(height_m, dtype=float)
    geopotential = STANDARD_RADIUS_M * height / (STANDARD_RADIUS_M + height)
    temperature, pressure = _first_layer(geopotential)
    t0, p0 = SEA_LEVEL_TEMPERATURE_K, SEA_LEVEL_PRESSURE_PA
    for (foot, gradient), (top, above) in pairwise(_LAYERS):
        p0, t0 = float(_pressure(p0, t0, gradient, top - foot)), t0 + gradient * (top - foot)
        over = geopotential > top
        rise = np.where(over, geopotential - top, 0.0)
        temperature = np.where(over, t0 + above * rise, temperature)
        pressure = np.where(over, _pressure(p0, t0, above, rise), pressure)
    density = pressure / (GAS_CONSTANT_J_KG_K * temperature)
    return temperature, pressure, density, np.sqrt(HEAT_RATIO * GAS_CONSTANT_J_KG_K * temperature)


def _first_layer(geopotential: Floats) -> tuple[Floats, Floats]:
    gradient = _LAYERS[0][1]
    rise = np.minimum(geopotential, _LAYERS[1][0])
    temperature = SEA_LEVEL_TEMPERATURE_K + gradient * rise
    return temperature, _pressure(SEA_LEVEL_PRESSURE_PA, SEA_LEVEL_TEMPERATURE_K, gradient, rise)


def _pressure(p0: float, t0: float, gradient: float, rise: ArrayLike) -> Floats:
    """Hydrostatic pressure `rise` geopotential metres above a level with pressure p0 and temperature t0."""
    rise = np.asarray(rise, dtype=float)
    if gradient == 0.0:
        return p0 * np.exp(-STANDARD_GRAVITY_MS2 * rise / (GAS_CONSTANT_J_KG_K * t0))
    exponent = STANDARD_GRAVITY_MS2 / (GAS_CONSTANT_J_KG_K * gradient)
    return p0 * (t0 / (t0 + gradient * rise)) ** exponent


@dataclass(frozen=True, eq=False)
class WindProfile:
    """Horizontal wind over height.

    Parameters
    ----------
    height_m : ndarray (n,)
        Rising heights above mean sea level [m].
    wind_east_ms, wind_north_ms : ndarray (n,)
        Where the air moves to [m/s]; constant below the first and above the last height.

    Examples
    --------
    >>> wind = WindProfile.constant(5.0, 0.0)
    >>> [float(a) for a in wind.at(1000.0)]
    [5.0, 0.0]
    """

    height_m: Floats
    wind_east_ms: Floats
    wind_north_ms: Floats

    @classmethod
    def constant(cls, wind_east_ms: float, wind_north_ms: float) -> WindProfile:
        """One wind at all heights."""
        return cls(np.array([0.0]), np.array([float(wind_east_ms)]), np.array([float(wind_north_ms)]))

    @classmethod
    def from_directions(cls, height_m: ArrayLike, speed_ms: ArrayLike, direction_from_deg: ArrayLike) -> WindProfile:
        """Profile from speeds and the directions the wind comes from (clockwise from north, degrees).

        Speed and unwrapped direction are interpolated, not the components: between 350 and 10 degrees the wind turns
        through north and keeps its strength. A row per 10 m makes the components follow that turn.

        Examples
        --------
        >>> wind = WindProfile.from_directions([0.0, 100.0], [10.0, 10.0], [350.0, 10.0])
        >>> [round(float(a), 3) + 0.0 for a in wind.at(50.0)]
        [0.0, -10.0]
        """
        height, speed = np.asarray(height_m, dtype=float), np.asarray(speed_ms, dtype=float)
        direction = np.unwrap(np.radians(np.asarray(direction_from_deg, dtype=float)))
        fine = np.unique(np.concatenate([height, np.arange(height[0], height[-1], 10.0)]))
        fine_speed, fine_direction = np.interp(fine, height, speed), np.interp(fine, height, direction)
        return cls(fine, -fine_speed * np.sin(fine_direction), -fine_speed * np.cos(fine_direction))

    def at(self, height_m: ArrayLike) -> tuple[Floats, Floats]:
        """Wind east and north [m/s] at heights above mean sea level [m]."""
        height = np.asarray(height_m, dtype=float)
        east = np.interp(height, self.height_m, self.wind_east_ms)
        return np.asarray(east), np.asarray(np.interp(height, self.height_m, self.wind_north_ms))


def atmosphere_table(wind: WindProfile | None = None) -> Floats:
    """Build the kernels' table of the standard atmosphere and a wind.

    Returns
    -------
    ndarray, shape (651, 8)
        One row per 50 m from -500 m to 32 km above mean sea level: density [kg/m3], 1 / speed of sound [s/m], wind
        east, wind north [m/s], each followed by the step to the next row (zero in the last): 64 bytes, a cache line.

    Examples
    --------
    >>> atmosphere_table().shape
    (651, 8)
    """
    height = np.arange(TABLE_FOOT_M, TABLE_TOP_M + TABLE_STEP_M, TABLE_STEP_M)
    _, _, density, sound = standard_atmosphere(height)
    east, north = (np.zeros_like(height),) * 2 if wind is None else wind.at(height)
    table = np.zeros((height.size, 8))
    for column, values in enumerate((density, 1.0 / sound, east, north)):
        table[:, 2 * column] = values
        table[:-1, 2 * column + 1] = np.diff(values)
    return table


_COMPONENTS = ("height_m", "wind_east_ms", "wind_north_ms")
_DIRECTIONS = ("height_m", "speed_ms", "direction_from_deg")


def load_wind(path: str | Path) -> WindProfile:
    """Read a wind profile from a CSV file.

    Parameters
    ----------
    path : str or Path
        Columns, in any order: ``height_m, wind_east_ms, wind_north_ms`` (where the air moves to), or ``height_m,
        speed_ms, direction_from_deg`` (where it comes from, clockwise from north). Heights above mean sea level rise
        from row to row. Empty lines and lines that start with # are skipped.

    Raises
    ------
    InputError
        With file and line: unreadable, wrong columns, a value that is no finite number, heights that do not rise.
    """
    columns, rows = _read_rows(Path(path))
    height, first, second = np.array(rows, dtype=float).T
    if columns == _COMPONENTS:
        return WindProfile(height, first, second)
    return WindProfile.from_directions(height, first, second)


def _read_rows(path: Path) -> tuple[tuple[str, ...], list[list[float]]]:
    lines = _read_lines(path)
    if not lines:
        raise InputError("empty wind profile; expected a header and one row per height", path=path)
    number, header = lines[0]
    names = [cell.strip() for cell in header]
    columns = next((c for c in (_COMPONENTS, _DIRECTIONS) if sorted(c) == sorted(names)), None)
    if columns is None:
        expected = f"{', '.join(_COMPONENTS)} or {', '.join(_DIRECTIONS)}"
        raise InputError(f"columns {', '.join(names)}; expected {expected}", path=path, line=number)
    rows: list[list[float]] = []
    for number, cells in lines[1:]:
        row = _parse_row(path, number, cells, names)
        values = [row[name] for name in columns]
        if rows and values[0] <= rows[-1][0]:
            raise InputError(f"height_m {values[0]:g} does not rise above {rows[-1][0]:g}", path=path, line=number)
        if columns == _DIRECTIONS and values[1] < 0.0:
            raise InputError(f"speed_ms {values[1]:g}; expected a number >= 0", path=path, line=number)
        rows.append(values)
    if not rows:
        raise InputError("no rows below the header; expected one per height", path=path, line=number)
    return columns, rows


def _read_lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read the wind profile: {error.strerror or error}", path=path) from None
    except UnicodeDecodeError:
        raise InputError("not a text file; expected a wind profile as CSV", path=path) from None
    numbered = enumerate(text.splitlines(), start=1)
    try:
        return [(n, next(csv.reader([line]))) for n, line in numbered if line.strip() and not line.startswith("#")]
    except csv.Error as error:
        raise InputError(f"not a wind profile: {error}", path=path) from None


def _parse_row(path: Path, number: int, cells: list[str], names: list[str]) -> dict[str, float]:
    if len(cells) != len(names):
        raise InputError(f"{len(cells)} values; expected {len(names)}", path=path, line=number)
    row = {}
    for name, cell in zip(names, cells, strict=True):
        try:
            row[name] = float(cell)
        except ValueError:
            row[name] = math.nan
        if not math.isfinite(row[name]):
            raise InputError(f"{name} is {cell.strip()!r}; expected a finite number", path=path, line=number)
    return row
