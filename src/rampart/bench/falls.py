"""Falls of meteorites as Desert Fireball Network's dark flight program files them: a .cfg and a wind profile."""

from __future__ import annotations

import configparser
import csv
import math
from dataclasses import dataclass
from pathlib import Path

from rampart.errors import InputError
from rampart.physics.atmosphere import WindProfile
from rampart.predict.fall import FallErrors, FallStart

_NUMBERS = ("lat0", "lon0", "z0", "vtot0", "zenangle", "azimuth0", "mass0", "rdens0")


@dataclass(frozen=True, eq=False)
class FallCase:
    """One fall: its start with sigmas, the winds, and the height of the ground [m]."""

    name: str
    start: FallStart
    errors: FallErrors
    wind: WindProfile
    ground_height_m: float


def load_fall(path: Path) -> FallCase:
    """Read a fall.

    Parameters
    ----------
    path : Path
        The .cfg; the wind profile is the file that it names, beside it.

    Raises
    ------
    InputError
        For what cannot be read, is missing or is no number.
    """
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read_string(path.read_text(encoding="utf-8-sig"), source=path.name)
    except OSError as error:
        raise InputError(f"cannot read the fall: {error.strerror or error}", path=path) from None
    except (configparser.Error, UnicodeDecodeError) as error:
        raise InputError(f"not a fall's .cfg: {' '.join(str(error).split())}", path=path) from None
    at = _Reader(config, path)
    lat, lon, height, speed, zenith, azimuth, mass, density = (at.number("met", name) for name in _NUMBERS)
    if not (mass > 0.0 and density > 0.0 and speed > 0.0):
        raise InputError("mass0, rdens0 and vtot0 are above zero", path=path)
    start = FallStart(
        latitude_rad=math.radians(lat),
        longitude_rad=math.radians(lon),
        height_m=height,
        speed_ms=speed,
        zenith_rad=math.radians(zenith),
        azimuth_rad=math.radians(azimuth),
        mass_kg=mass,
        density_kg_m3=density,
    )
    errors = FallErrors(
        latitude_rad=math.radians(at.number("met", "dlat", 0.0)),
        longitude_rad=math.radians(at.number("met", "dlon", 0.0)),
        height_m=at.number("met", "dz", 0.0),
        speed_ms=at.number("met", "dvtot", 0.0),
        zenith_rad=math.radians(at.number("met", "dzenith", 0.0)),
        azimuth_rad=math.radians(at.number("met", "dazimuth0", 0.0)),
        ln_mass=at.number("montecarlo", "dmass", 0.0) / mass,
        ln_density=at.number("montecarlo", "drdens", 0.0) / density,
        wind_ms=at.number("montecarlo", "dwind", FallErrors.wind_ms),
    )
    profile = path.parent / at.text("gnd", "atmosprofile")
    name = config.get("met", "name", fallback=path.stem)
    return FallCase(name, start, errors, load_profile(profile), at.number("gnd", "gndlvl", 0.0))


@dataclass(frozen=True)
class _Reader:
    config: configparser.ConfigParser
    path: Path

    def text(self, section: str, key: str) -> str:
        value = self.config.get(section, key, fallback=None)
        if value is None:
            raise InputError(f"no {key} in [{section}]", path=self.path)
        return value

    def number(self, section: str, key: str, default: float | None = None) -> float:
        """A finite number."""
        if default is not None and not self.config.has_option(section, key):
            return default
        text = self.text(section, key)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"{key} in [{section}] is {text!r}; expected a finite number", path=self.path)
        return value


def load_profile(path: Path) -> WindProfile:
    """Read columns Height [m], Wind [m/s] and WDir [degrees, where it comes from] of a CSV whose header starts with #.

    Raises
    ------
    InputError
        With file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the wind profile: {error}", path=path) from None
    header = [cell.strip() for cell in lines[0].lstrip("#").split(",")] if lines else []
    missing = [name for name in ("Height", "Wind", "WDir") if name not in header]
    if missing:
        raise InputError(f"no column {missing[0]}; expected Height, Wind and WDir", path=path, line=1)
    columns = [header.index(name) for name in ("Height", "Wind", "WDir")]
    rows: list[list[float]] = []
    for number, cells in enumerate(csv.reader(lines[1:]), start=2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            row = [float(cells[i]) for i in columns]
        except (ValueError, IndexError):
            row = [math.nan]
        if not all(map(math.isfinite, row)):
            raise InputError("expected finite numbers for Height, Wind and WDir", path=path, line=number)
        if rows and row[0] <= rows[-1][0]:
            raise InputError(f"Height {row[0]:g} does not rise above {rows[-1][0]:g}", path=path, line=number)
        rows.append(row)
    if not rows:
        raise InputError("no rows below the header", path=path)
    height, speed, direction = zip(*rows, strict=True)
    return WindProfile.from_directions(height, speed, direction)
