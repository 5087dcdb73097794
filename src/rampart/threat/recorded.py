"""Recorded flights: a real log flown through the simulated sensors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator
from scipy.interpolate import CubicSpline, make_smoothing_spline
from scipy.ndimage import median_filter

from rampart.errors import InputError
from rampart.physics.environment import Environment
from rampart.physics.geodesy import geodetic_to_enu
from rampart.records import Fate, Flight, Site
from rampart.records.spec import NonNegative, Number, Positive, Vector2

from .flight_log import FlightLog, read_log
from .raid import PartSpec
from .signature import draw_rcs, draw_tip_speed


def _column(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int) or (isinstance(value, int) and value < 0):
        raise ValueError("expected a header, or the number of a column counted from 0")
    return value


ColumnKey = Annotated[str | int, BeforeValidator(_column)]
Kind = Literal["recorded", "rocket", "shell", "mortar", "multirotor", "fixed_wing", "bird", "aircraft", "civil_drone"]

_TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0}
_HEIGHT_UNITS = {"m": 1.0, "ft": 0.3048, "km": 1000.0}
#: A last point this near the ground counts as come down.
_LANDED_M = 20.0


class RecordedSpec(PartSpec):
    """``kind = "recorded"``: one logged flight, with time and place or time and height alone.

    Rows that repeat the time of the row before are averaged with it. Time that goes backwards is an error, unless
    `sort` says that rows may come in any order.

    Examples
    --------
    >>> spec = RecordedSpec(id="glider", kind="recorded", file="log.csv", threat=False)
    >>> spec.height_column
    'height_m'
    """

    kind: Literal["recorded"]
    file: str  #: beside the scenario, or absolute
    threat: bool = True  #: false: a thing that nobody needs to be warned of
    as_kind: Kind = "recorded"  #: what it is taken for: its radar cross-section and what a camera calls it
    ballistic: bool = False  #: comes down by itself at the end of the log
    start_s: Number = 0.0  #: when its first point is flown, seconds since run start

    time_column: ColumnKey = "time_s"  #: header of the time; a number counts columns
    latitude_column: ColumnKey | None = "latitude_deg"  #: in degrees, WGS-84
    longitude_column: ColumnKey | None = "longitude_deg"  #: in degrees, WGS-84
    east_column: ColumnKey | None = None  #: with `north_column`, in place of degrees: metres east of the site's origin
    north_column: ColumnKey | None = None  #: see `east_column`; heights are then above the site's origin
    height_column: ColumnKey = "height_m"  #: header of the height
    time_unit: Literal["s", "ms", "us", "ns", "min"] = "s"  #: of the time column
    height_unit: Literal["m", "ft", "km"] = "m"  #: of the height column
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","  #: between two cells
    aircraft: str | None = None  #: keep only the rows of this one
    aircraft_column: ColumnKey = "icao24"  #: header that `aircraft` is looked up under
    sort: bool = False  #: rows may come in any order

    #: heights alone are flown above this point, and count from the ground there; logs with places are put with
    #: (anchor_lat_deg, anchor_lon_deg) onto it. Their heights are above mean sea level.
    above_en_m: Vector2 | None = None
    #: with `anchor_lon_deg`: the place in the log that is put onto `above_en_m`
    anchor_lat_deg: Annotated[Number, Field(ge=-90, le=90)] | None = None
    anchor_lon_deg: Annotated[Number, Field(ge=-180, le=180)] | None = None  #: see `anchor_lat_deg`
    height_offset_m: Number = 0.0  #: added to all heights

    from_s: Number | None = None  #: cut: seconds since the first row of the log
    to_s: Number | None = None  #: see `from_s`
    max_gap_s: Positive = 120.0  #: the log is cut into pieces where it is silent for longer
    piece: Annotated[int, Field(ge=1)] | None = None  #: which piece flies, from 1; the one of most rows if not given
    median_rows: Annotated[int, Field(ge=1, le=1001)] = 1  #: odd; running median of heights, against spikes
    smoothing_s: NonNegative = 2.0  #: detail shorter than this is taken for noise; 0 flies through every point

    identity: Annotated[str, Field(max_length=8)] = ""  #: what its transponder says; silent where empty
    emits: bool = False  #: has a radio link that a direction finder hears

    @model_validator(mode="after")
    def _check(self) -> RecordedSpec:
        if (self.latitude_column is None) != (self.longitude_column is None):
            raise ValueError("expected both latitude_column and longitude_column, or none of them")
        if (self.east_column is None) != (self.north_column is None):
            raise ValueError("expected both east_column and north_column, or none of them")
        if self.east_column is not None and (self.above_en_m is not None or self.anchor_lat_deg is not None):
            raise ValueError("expected no above_en_m and no anchor: east_column says where it flies")
        if (self.anchor_lat_deg is None) != (self.anchor_lon_deg is None):
            raise ValueError("expected both anchor_lat_deg and anchor_lon_deg, or none of them")
        if self.anchor_lat_deg is not None and self.above_en_m is None:
            raise ValueError("expected above_en_m: where the anchor is to be")
        if self.median_rows % 2 == 0:
            raise ValueError("expected an odd number for median_rows")
        return self

    @property
    def height_alone(self) -> bool:
        """Whether it is flown straight above `above_en_m`."""
        return self.above_en_m is not None and self.anchor_lat_deg is None

    def build(self, site: Site, environment: Environment, rng: np.random.Generator) -> tuple[Flight, ...]:
        """The one flight of the log.

        Raises
        ------
        InputError
            With file and line, for a log that cannot be flown.
        """
        path = Path(self.file)
        log = self._read(path)
        time, place, line = _merge_equal_times(self._cut(self._in_order(log), log), log)
        time_s = time * _TIME_UNITS[self.time_unit]
        if len(time_s) < 2:
            raise InputError(
                f"threat {self.id!r}: {len(time_s)} row(s) to fly; expected at least 2", path=path, line=line
            )
        position = self._positions(place, site, environment)
        knots, velocity = _smooth(time_s, position, self.smoothing_s)
        return (self._flight(site, environment, self.start_s + time_s - time_s[0], knots, velocity, rng),)

    def _read(self, path: Path) -> FlightLog:
        columns = {"time": self.time_column, "height": self.height_column}
        if self.east_column is not None and self.north_column is not None:
            columns |= {"east": self.east_column, "north": self.north_column}
        elif not self.height_alone:
            if self.latitude_column is None or self.longitude_column is None:
                raise InputError(f"threat {self.id!r}: heights alone need above_en_m, the point to fly them above")
            columns |= {"latitude": self.latitude_column, "longitude": self.longitude_column}
        only = None if self.aircraft is None else (self.aircraft_column, self.aircraft)
        log = read_log(path, columns, delimiter=self.delimiter, only=only)
        if not len(log):
            raise InputError(f"threat {self.id!r}: no rows to fly; expected at least 2", path=path)
        self._check_places(log)
        return log

    def _check_places(self, log: FlightLog) -> None:
        for name, limit in (("latitude", 90.0), ("longitude", 360.0)):
            wrong = np.flatnonzero(np.abs(log.columns.get(name, np.zeros(0))) > limit)
            if len(wrong):
                value = log.columns[name][wrong[0]]
                raise log.error(int(wrong[0]), f"{name} {value:g} deg, expected -{limit:g} to {limit:g}")

    def _in_order(self, log: FlightLog) -> np.ndarray:
        """Row numbers in order of time."""
        time = log.columns["time"]
        if self.sort:
            return np.argsort(time, kind="stable")
        back = np.flatnonzero(np.diff(time) < 0.0)
        if len(back):
            row = int(back[0]) + 1
            raise log.error(
                row,
                f"time goes backwards from {time[row - 1]:.10g} to {time[row]:.10g};"
                " expected rising times, or sort = true",
            )
        return np.arange(len(time))

    def _cut(self, order: np.ndarray, log: FlightLog) -> np.ndarray:
        """The rows that fly: inside from_s and to_s, then one piece without long gaps."""
        seconds = log.columns["time"][order] * _TIME_UNITS[self.time_unit]
        since = seconds - seconds[0]
        low = -math.inf if self.from_s is None else self.from_s
        high = math.inf if self.to_s is None else self.to_s
        inside = (since >= low) & (since <= high)
        order, seconds = order[inside], seconds[inside]
        if not len(order):
            raise InputError(
                f"threat {self.id!r}: no rows between from_s and to_s; the log lasts {since[-1]:g} s", path=log.path
            )
        pieces = np.split(order, np.flatnonzero(np.diff(seconds) > self.max_gap_s) + 1)
        if self.piece is None:
            return max(pieces, key=len)
        if self.piece > len(pieces):
            raise InputError(
                f"threat {self.id!r}: piece = {self.piece}, but gaps above {self.max_gap_s:g} s leave {len(pieces)}",
                path=log.path,
            )
        return pieces[self.piece - 1]

    def _positions(self, place: dict[str, np.ndarray], site: Site, environment: Environment) -> np.ndarray:
        """Positions (n, 3) in the site's frame, as logged."""
        height = place["height"] * _HEIGHT_UNITS[self.height_unit] + self.height_offset_m
        if self.median_rows > 1:
            height = median_filter(height, self.median_rows, mode="nearest")
        if self.east_column is not None:
            return np.column_stack([place["east"], place["north"], height])
        if self.height_alone:
            east, north = self.above_en_m or (0.0, 0.0)
            ground = float(environment.terrain.height_at(east, north))
            return np.column_stack([np.full(len(height), east), np.full(len(height), north), ground + height])
        latitude, longitude = np.radians(place["latitude"]), np.radians(place["longitude"])
        here = (site.latitude_rad, site.longitude_rad, site.height_m)
        shift = np.zeros(3)
        if self.anchor_lat_deg is not None and self.anchor_lon_deg is not None and self.above_en_m is not None:
            # the frame touches the Earth at the anchor, so a flight keeps its shape wherever it is put
            here = (math.radians(self.anchor_lat_deg), math.radians(self.anchor_lon_deg), site.height_m)
            shift[:2] = self.above_en_m
        return geodetic_to_enu(latitude, longitude, height, *here) + shift

    def _flight(
        self,
        site: Site,
        environment: Environment,
        time_s: np.ndarray,
        position: np.ndarray,
        velocity: np.ndarray,
        rng: np.random.Generator,
    ) -> Flight:
        above = position[-1, 2] - float(environment.terrain.height_at(position[-1, 0], position[-1, 1]))
        return Flight(
            id=self.name(0),
            part=self.id,
            site=site.id,
            kind=self.as_kind,
            threat=self.threat,
            ballistic=self.ballistic,
            time_s=time_s,
            position_enu=position,
            velocity_enu=velocity,
            rcs_dbsm=draw_rcs(rng, self.as_kind, self.rcs_dbsm),
            swerling=self.swerling,
            tip_speed_ms=draw_tip_speed(rng, self.as_kind),
            identity=self.identity,
            emits=self.emits,
            fate=Fate.IMPACT if self.ballistic or above < _LANDED_M else Fate.DEPARTED,
        )


def _merge_equal_times(rows: np.ndarray, log: FlightLog) -> tuple[np.ndarray, dict[str, np.ndarray], int]:
    """Times (strictly rising) and the other columns; rows of one time are averaged. Also the last row's line."""
    time = log.columns["time"][rows]
    unique, group, counts = np.unique(time, return_inverse=True, return_counts=True)
    place = {name: np.bincount(group, values[rows]) / counts for name, values in log.columns.items() if name != "time"}
    return unique, place, int(log.line[rows[-1]])


def _smooth(time_s: np.ndarray, position: np.ndarray, smoothing_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities (n, 3) at the log's times of one curve, continuous in acceleration.

    A cubic smoothing spline with the penalty (T / 2 pi)^4 / dt, dt the spacing of the rows, passes detail longer than T
    and stops shorter (half amplitude at T; its equivalent kernel, B. W. Silverman, Annals of Statistics 12, 1984).
    """
    if smoothing_s > 0.0 and len(time_s) >= 5:
        # in seconds from the start and metres about the mean: the solver is poor with large numbers
        t, middle = time_s - time_s[0], position.mean(axis=0)
        penalty = (smoothing_s / (2.0 * math.pi)) ** 4 / (t[-1] / (len(t) - 1))
        curves = [make_smoothing_spline(t, position[:, j] - middle[j], lam=penalty) for j in range(3)]
        fitted = np.column_stack([curve(t) for curve in curves]) + middle
        return fitted, np.column_stack([curve.derivative()(t) for curve in curves])
    if len(time_s) == 2:
        slope = (position[1] - position[0]) / (time_s[1] - time_s[0])
        return position, np.stack([slope, slope])
    return position, np.ascontiguousarray(CubicSpline(time_s, position)(time_s, 1))
