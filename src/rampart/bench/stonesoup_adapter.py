# mypy: disable-error-code="attr-defined"
"""Adapter: a detections table as Stone Soup's detections, each with the measurement model that it was made by.

    from rampart.bench.stonesoup_adapter import frames, read_scene
    scene = read_scene("scenes/raid_2r_s0")
    tracker = MultiTargetTracker(detector=iter(frames(scene.columns, scene.sensors)), ...)

Conventions differ in three ways, and this is where they meet: Rampart's azimuth is clockwise from north, Stone Soup's
bearing anticlockwise from east; Rampart keeps one table with a column per quantity, Stone Soup one vector per
detection, ordered elevation, bearing, range, range rate; and Stone Soup compares naive times.

What a row measures selects the model: elevation, azimuth, range and range rate
``CartesianToElevationBearingRangeRate``; without range rate ``CartesianToElevationBearingRange``; without elevation
``CartesianToBearingRange``; azimuth and elevation alone ``CartesianToElevationBearing``; azimuth alone
``Cartesian2DToBearing``. States are x, vx, y, vy, z, vz (east, north, up). Needs numpy and, when called, stonesoup.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

START = datetime.datetime(2026, 1, 1)  # noqa: DTZ001 - Stone Soup compares naive times
STATES = 6
POSITION, VELOCITY = (0, 2, 4), (1, 3, 5)
#: Quantities in Stone Soup's order of a measurement vector, and the columns of their errors.
QUANTITIES = ("elevation_rad", "azimuth_rad", "range_m", "range_rate_ms")
SIGMAS = ("elevation_sigma_rad", "azimuth_sigma_rad", "range_sigma_m", "range_rate_sigma_ms")
COLUMNS = ("time_s", "sensor", *QUANTITIES)


@dataclass(frozen=True)
class Sensor:
    """A sensor's data sheet: what anyone may know of it."""

    id: str
    position_enu_m: tuple[float, float, float]
    scan_period_s: float
    range_sigma_m: float = float("nan")  #: nan: does not measure it
    azimuth_sigma_rad: float = float("nan")
    elevation_sigma_rad: float = float("nan")
    range_rate_sigma_ms: float = float("nan")
    p_detect: float = 0.9
    false_alarms_per_scan: float = 0.0
    max_range_m: float = float("inf")

    @classmethod
    def of(cls, model: Any) -> Sensor:
        """From a `rampart.SensorModel`."""
        place = tuple(float(v) for v in model.position_enu)
        names = [name for name in cls.__dataclass_fields__ if name not in ("id", "position_enu_m")]
        return cls(model.id, place, **{name: float(getattr(model, name)) for name in names})  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Scene:
    """What a tracker may know of a scene."""

    sensors: tuple[Sensor, ...]
    columns: dict[str, Any]  #: `COLUMNS` and those of `SIGMAS` that differ by row; (n,) arrays
    times_s: Any  #: (k,) of all looks, those that found nothing among them


def columns_of(detections: Any, start_ns: int = 0) -> dict[str, Any]:
    """The columns that `frames` reads, from `rampart.Detections`.

    Parameters
    ----------
    detections : rampart.Detections
        Of any sensors.
    start_ns : int
        ns UTC of second 0.
    """
    taken = {name: np.asarray(getattr(detections, name), float) for name in (*QUANTITIES, *SIGMAS)}
    return {
        "time_s": (detections.time_ns - start_ns) / 1e9,
        "sensor": np.asarray(detections.sensor, np.int64),
        **taken,
    }


def write_scene(path: str | Path, scene: Scene) -> None:
    """Write a scene to ``path`` (``.npz``), for `read_scene` in any Python that has numpy."""
    sensors = json.dumps([asdict(sensor) for sensor in scene.sensors])
    np.savez_compressed(path, sensors=np.array(sensors), times_s=scene.times_s, **scene.columns)


def read_scene(path: str | Path) -> Scene:
    """Read a scene that `write_scene` wrote, or the folder of a scene that ``rampart bench scenes`` wrote."""
    file = Path(path) / "detections.npz" if Path(path).is_dir() else Path(path)
    with np.load(file) as data:
        sensors = tuple(Sensor(**row) for row in json.loads(str(data["sensors"])))
        columns = {name: data[name] for name in data.files if name not in ("sensors", "times_s")}
        return Scene(sensors, columns, data["times_s"])


def measurement_model(sensor: Sensor, measured: Sequence[str], sigma: Sequence[float], inflation: float = 1.0) -> Any:
    """Stone Soup's model of one kind of report of a sensor.

    Parameters
    ----------
    sensor : Sensor
        Gives its place.
    measured : sequence of str
        Those of `QUANTITIES` that the report has, in that order.
    sigma : sequence of float
        One sigma of each.
    inflation : float
        Factor on them all, for biases that the filter does not estimate.

    Raises
    ------
    ValueError
        If Stone Soup has no model of such a report.
    """
    from stonesoup.models.measurement import nonlinear
    from stonesoup.types.array import CovarianceMatrix, StateVector

    noise = CovarianceMatrix(np.diag(np.square(np.asarray(sigma, float) * inflation)))
    place = np.array(sensor.position_enu_m)
    at = StateVector(place)
    known = tuple(measured)
    if known == QUANTITIES:
        return nonlinear.CartesianToElevationBearingRangeRate(
            STATES, POSITION, noise, translation_offset=at, velocity_mapping=VELOCITY
        )
    if known == QUANTITIES[:3]:
        return nonlinear.CartesianToElevationBearingRange(STATES, POSITION, noise, translation_offset=at)
    if known == QUANTITIES[1:3]:
        return nonlinear.CartesianToBearingRange(STATES, POSITION[:2], noise, translation_offset=StateVector(place[:2]))
    if known == QUANTITIES[:2]:
        return nonlinear.CartesianToElevationBearing(STATES, POSITION, noise, translation_offset=at)
    if known == QUANTITIES[1:2]:
        return nonlinear.Cartesian2DToBearing(STATES, POSITION[:2], noise, translation_offset=StateVector(place[:2]))
    raise ValueError(f"sensor {sensor.id!r} measures {', '.join(known)}: Stone Soup has no model of that")


class Models:
    """Measurement models, one for each kind of report and its errors; rows that agree share one, as its trees need."""

    def __init__(self, sensors: Sequence[Sensor], inflation: float = 1.0) -> None:
        self.sensors, self.inflation = sensors, inflation
        self._made: dict[tuple[int, tuple[str, ...], tuple[float, ...]], Any] = {}

    def of(self, sensor: int, measured: tuple[str, ...], sigma: tuple[float, ...]) -> Any:
        """The model of a report; `sigma` as in `measurement_model`."""
        key = (sensor, measured, sigma)
        if key not in self._made:
            self._made[key] = measurement_model(self.sensors[sensor], measured, sigma, self.inflation)
        return self._made[key]


def detection(row: Mapping[str, float], models: Models, start: datetime.datetime = START) -> Any:
    """One row of a detections table as a Stone Soup ``Detection``.

    Parameters
    ----------
    row : mapping
        `COLUMNS`; nan for what is not measured. `SIGMAS` where known, else the sensor's.
    models : Models
        Of the table's sensors.
    start : datetime
        Naive; second 0 of the table.
    """
    from stonesoup.types.angle import Bearing, Elevation
    from stonesoup.types.array import StateVector
    from stonesoup.types.detection import Detection

    sensor = models.sensors[int(row["sensor"])]
    measured: list[str] = []
    values: list[Any] = []
    sigma: list[float] = []
    for name, error in zip(QUANTITIES, SIGMAS, strict=True):
        value, given = row[name], row.get(error, float("nan"))
        s = getattr(sensor, error) if np.isnan(given) else given
        if np.isnan(value) or np.isnan(s):
            continue
        measured.append(name)
        sigma.append(float(s))
        if name == "elevation_rad":
            values.append(Elevation(value))
        elif name == "azimuth_rad":
            values.append(Bearing(0.5 * np.pi - value))
        else:
            values.append(float(value))
    when = start + datetime.timedelta(seconds=float(row["time_s"]))
    model = models.of(int(row["sensor"]), tuple(measured), tuple(sigma))
    return Detection(StateVector(values), timestamp=when, measurement_model=model, metadata={"sensor": sensor.id})


def frames(
    columns: Mapping[str, Any],
    sensors: Sequence[Sensor],
    *,
    times_s: Iterable[float] | None = None,
    start: datetime.datetime = START,
    inflation: float = 1.0,
) -> list[tuple[datetime.datetime, set[Any]]]:
    """What a Stone Soup tracker takes as its detector: (time, set of detections) of each look, in order of time.

    Parameters
    ----------
    columns : mapping of str to ndarray
        `COLUMNS` and, where errors differ by row, `SIGMAS`; ``sensor`` is an index into `sensors`.
    sensors : sequence of Sensor
        In the order of that index.
    times_s : iterable of float, optional
        Times of all looks [s]. Without it a look that found nothing is none, and a track does not know of that miss.
    start : datetime
        Naive; second 0 of the table.
    inflation : float
        Factor on all errors.

    Examples
    --------
    >>> columns = {"time_s": np.zeros(2), "sensor": np.zeros(2, int), "elevation_rad": np.full(2, 0.1),
    ...            "azimuth_rad": np.array([0.0, 1.0]), "range_m": np.full(2, 5e3), "range_rate_ms": np.full(2, np.nan)}
    >>> radar = Sensor("r1", (0.0, 0.0, 10.0), 1.0, 10.0, 0.003, 0.003)
    >>> [(when, found)] = frames(columns, [radar])  # doctest: +SKIP
    >>> len(found)  # doctest: +SKIP
    2
    """
    models = Models(sensors, inflation)
    names = [name for name in (*COLUMNS, *SIGMAS) if name in columns]
    at: dict[float, set[Any]] = {float(t): set() for t in (() if times_s is None else times_s)}
    for values in zip(*(columns[name] for name in names), strict=True):
        row = dict(zip(names, values, strict=True))
        at.setdefault(float(row["time_s"]), set()).add(detection(row, models, start))
    return [(start + datetime.timedelta(seconds=t), at[t]) for t in sorted(at)]
