"""Lists of real flights: which file, which columns, where it was, and what came of it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from rampart.errors import InputError
from rampart.physics.environment import Environment
from rampart.predict.burnout import clean
from rampart.records.spec import Identifier, Number, Positive, Spec
from rampart.threat.flight_log import read_log
from rampart.threat.recorded import ColumnKey

Floats = NDArray[np.float64]

_UNITS = {"m": 1.0, "ft": 0.3048, "km": 1000.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0}
#: The apogee of a log is the highest of its medians over this long [s]: charges of parachutes make spikes.
_TOP_S = 1.0


class ClimbSpec(Spec):
    """``[[climb]]``: the log of a rocket, any table of times and heights."""

    id: Identifier
    file: str  #: beside the list, or in the folder of the shared data for our own list
    time_column: ColumnKey = "time_s"  #: header, or number from 0
    height_column: ColumnKey = "height_m"  #: above the launch site
    time_unit: Literal["s", "ms", "us", "min"] = "s"  #: of the time column
    height_unit: Literal["m", "ft", "km"] = "m"  #: of the height column
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","  #: between cells
    latitude_deg: Annotated[Number, Field(ge=-90, le=90)] = 45.0  #: of the launch site
    elevation_m: Annotated[Number, Field(ge=-500, le=9000)] = 0.0  #: of the launch site, above sea level
    above_sea_level: bool = False  #: heights count from sea level, not from the launch site
    air_temperature_c: Annotated[Number, Field(ge=-60, le=60)] | None = None  #: measured at the launch site
    barometric: bool = True  #: false: heights of a GNSS receiver or a radar
    coast_start_s: Number | None = None  #: burnout where it is known, in times of the log
    window_s: Positive = 4.0  #: of the coast that may be looked at
    apogee_m: Positive | None = None  #: above the launch site; from the log itself if not given

    def read(self, folder: Path) -> tuple[Floats, Floats]:
        """Times [s] and heights above the launch site [m]."""
        columns = {"time": self.time_column, "height": self.height_column}
        log = read_log(folder / self.file, columns, delimiter=self.delimiter)
        height = log.columns["height"] * _UNITS[self.height_unit]
        return log.columns["time"] * _UNITS[self.time_unit], height - self.elevation_m * self.above_sea_level

    def environment(self) -> Environment:
        """Standard air over the launch site."""
        return Environment.standard(latitude_rad=float(np.radians(self.latitude_deg)), height_m=self.elevation_m)


class FallSpec(Spec):
    """``[[fall]]``: the end of a meteor's light, and where its stone was found."""

    id: Identifier
    file: str  #: see `rampart.bench.falls`
    found_latitude_deg: Annotated[Number, Field(ge=-90, le=90)]
    found_longitude_deg: Annotated[Number, Field(ge=-180, le=180)]


class FlightList(Spec):
    """A whole list."""

    climb: tuple[ClimbSpec, ...] = ()
    fall: tuple[FallSpec, ...] = ()


def load_list() -> tuple[FlightList, Path]:
    """The list that ``RAMPART_FLIGHTS`` names, else our own; and the folder that its files lie in.

    The files of our own lie in ``RAMPART_SHARED_DATA``, by default ``../shared/data`` beside the checkout.

    Raises
    ------
    InputError
        If the list cannot be read.
    """
    named = os.environ.get("RAMPART_FLIGHTS")
    path = Path(named) if named else Path(__file__).with_name("flights.toml")
    beside = Path(__file__).resolve().parents[3].parent / "shared" / "data"
    folder = path.parent if named else Path(os.environ.get("RAMPART_SHARED_DATA") or beside)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the list of flights: {error.strerror or error}", path=path) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not TOML: {error}", path=path) from None
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    try:
        return FlightList.model_validate(plain), folder
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{place}: {first['msg']}", path=path) from None


def apogee_of(time_s: Floats, height_m: Floats) -> float:
    """Apogee of a log [m]: the highest of its running medians over a second, spikes thrown out.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(0.0, 20.0, 0.05)
    >>> height = 500.0 - 5.0 * (t - 10.0) ** 2
    >>> height[210] = 900.0
    >>> bool(abs(apogee_of(t, height) - 500.0) < 0.5)
    True
    """
    climb = clean(time_s, height_m)
    time, height = climb.time_s, climb.height_m
    first = np.searchsorted(time, time - 0.5 * _TOP_S - 1e-9)
    last = np.searchsorted(time, time + 0.5 * _TOP_S + 1e-9)
    return max(float(np.median(height[a:b])) for a, b in zip(first, last, strict=True))
