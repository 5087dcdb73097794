"""Table: detections in a CSV or Parquet file, and tracks out to one."""

import csv
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from rampart.errors import InputError
from rampart.records import Detections, TargetClass, Tracks, TrackStatus, track_name

from .file import read_file
from .noise import SEARCH_RADAR, SensorNoise, noise_by_row

PARQUET_MARK = b"PAR1"  #: how a Parquet file begins
_REQUIRED = ("time_s", "sensor", "range_m", "azimuth_deg", "elevation_deg")
_OPTIONAL = ("range_rate_ms", "snr_db", "height_m", "range_sigma_m", "azimuth_sigma_deg", "elevation_sigma_deg",
             "rcs_dbsm", "doppler_spread_ms")  # fmt: skip
COLUMNS = (*_REQUIRED, *_OPTIONAL)
_ALWAYS = ("time_s", "range_m", "azimuth_deg")  # never empty, but for the range of a sensor that measures none
_MAX_TIME_S = 4e9  # with any start from 1970 to 2106 it stays within an int64 of ns


@dataclass(frozen=True, slots=True, eq=False)
class DetectionsTable:
    """A detections table as it stands in the file, checked; n rows.

    Angles are in degrees, columns that the file lacks are all nan.
    """

    sensors: tuple[str, ...]  #: names in order of first appearance
    sensor: np.ndarray  #: (n,) int64, index into `sensors`
    columns: Mapping[str, np.ndarray]  #: (n,) float64 by name, without ``sensor``

    def __len__(self) -> int:
        return len(self.sensor)

    def detections(
        self,
        *,
        sensor: Callable[[str], int | None] | None = None,
        noise: Callable[[int], SensorNoise] = lambda _: SEARCH_RADAR,
        start_ns: int = 0,
    ) -> tuple[Detections, dict[str, int]]:
        """The rows as records.

        Parameters
        ----------
        sensor : callable or None
            Index into the site's sensors by name, None for one that is not ours; by default the order in the file.
        noise : callable
            One sigma by sensor index, for rows that do not give theirs.
        start_ns : int
            ns UTC of time 0 in the table.

        Returns
        -------
        Detections, dict
            Numbered from 1; and the rows that are none, by reason (``unknown_sensor``).
        """
        names = self.sensors
        found = list(range(len(names))) if sensor is None else [sensor(name) for name in names]
        index = np.array([-1 if i is None else i for i in found], np.int64)[self.sensor]
        keep = np.flatnonzero(index >= 0)
        index = index[keep]
        at = {name: column[keep] for name, column in self.columns.items()}
        own = noise_by_row(noise, index)

        def sigma(given: np.ndarray | None, name: str, value: np.ndarray) -> np.ndarray:
            best = own[name] if given is None else np.where(np.isnan(given), own[name], given)
            return np.where(np.isnan(value), np.nan, best)

        time_ns = start_ns + np.rint(at["time_s"] * 1e9).astype(np.int64)
        azimuth, elevation = np.radians(at["azimuth_deg"] % 360.0), np.radians(at["elevation_deg"])
        detections = Detections.build(
            number=np.arange(1, len(keep) + 1),
            time_ns=time_ns,
            received_ns=time_ns,
            sensor=index,
            range_m=at["range_m"],
            azimuth_rad=azimuth,
            elevation_rad=elevation,
            range_rate_ms=at["range_rate_ms"],
            height_m=at["height_m"],
            snr_db=at["snr_db"],
            rcs_dbsm=at["rcs_dbsm"],
            doppler_spread_ms=at["doppler_spread_ms"],
            range_sigma_m=sigma(at["range_sigma_m"], "range_m", at["range_m"]),
            azimuth_sigma_rad=sigma(np.radians(at["azimuth_sigma_deg"]), "azimuth_rad", azimuth),
            elevation_sigma_rad=sigma(np.radians(at["elevation_sigma_deg"]), "elevation_rad", elevation),
            range_rate_sigma_ms=sigma(None, "range_rate_ms", at["range_rate_ms"]),
            height_sigma_m=sigma(None, "height_m", at["height_m"]),
        )
        unused = len(self) - len(keep)
        return detections, {"unknown_sensor": unused} if unused else {}


def read_detections(path: str | Path, *, bearing_sensors: Collection[str] = ()) -> DetectionsTable:
    """Read a detections table, ``.csv`` or ``.parquet``.

    Columns ``time_s, sensor, range_m, azimuth_deg, elevation_deg`` and, where given, ``range_rate_ms, snr_db, height_m,
    range_sigma_m, azimuth_sigma_deg, elevation_sigma_deg, rcs_dbsm, doppler_spread_ms``, in any order; one row per
    detection, times never going back. Elevation and the optional columns may have empty cells.

    Parameters
    ----------
    path : path
        The file.
    bearing_sensors : collection of str
        Names of sensors that measure no range: their rows may leave ``range_m`` empty too.

    Raises
    ------
    InputError
        With file and line (of a Parquet file: the row) for anything else.
    """
    data = read_file(path)
    if data[:4] == PARQUET_MARK:
        return _read_parquet(data, path, bearing_sensors)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"octet {error.start}: not UTF-8 text; expected a CSV file", path=path) from None
    return parse_detections(text, path, bearing_sensors=bearing_sensors)


def parse_detections(text: str, path: object = "table", *, bearing_sensors: Collection[str] = ()) -> DetectionsTable:
    r"""`read_detections` for a CSV text; `path` is for messages.

    Examples
    --------
    >>> table = parse_detections("time_s,sensor,range_m,azimuth_deg,elevation_deg\n0.5,r1,4000,90,\n")
    >>> table.sensors, float(table.columns["range_m"][0]), bool(np.isnan(table.columns["elevation_deg"][0]))
    (('r1',), 4000.0, True)
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    header: list[str] | None = None
    try:
        for row in reader:
            if not row or row == [""]:
                continue
            if header is None:
                header = _checked_header([name.strip() for name in row], path, reader.line_num)
                continue
            if len(row) != len(header):
                problem = f"{len(row)} cells where the header has {len(header)}"
                raise InputError(problem, path=path, line=reader.line_num)
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise InputError(f"not CSV: {error}", path=path, line=reader.line_num) from None
    if header is None:
        raise InputError("empty; expected a header " + ",".join(_REQUIRED), path=path, line=1)
    if not rows:
        raise InputError("a header without rows; expected one row per detection", path=path, line=1)
    cells = dict(zip(header, zip(*rows, strict=True), strict=True))
    where = _Place(path, lines)
    numbers = {name: _numbers(cells[name], name, where) for name in header if name != "sensor"}
    return _checked([name.strip() for name in cells["sensor"]], numbers, where, bearing_sensors)


def _read_parquet(data: bytes, path: str | Path, bearing_sensors: Collection[str]) -> DetectionsTable:
    pa, pq = _arrow("pyarrow"), _arrow("pyarrow.parquet")
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"not a Parquet file that can be read: {error}", path=path) from None
    header = _checked_header(table.column_names, path, None)
    if not table.num_rows:
        raise InputError("no rows; expected one row per detection", path=path)
    numbers = {}
    for name in header:
        if name == "sensor":
            continue
        kind = table.column(name).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
            raise InputError(f"column {name} holds {kind}; expected numbers", path=path)
        numbers[name] = table.column(name).cast(pa.float64()).to_numpy()
    sensors = ["" if value is None else str(value) for value in table.column("sensor").to_pylist()]
    return _checked(sensors, numbers, _Place(path, None), bearing_sensors)


@dataclass(frozen=True, slots=True)
class _Place:
    """Says where a row stands."""

    path: object
    lines: Sequence[int] | None  #: of a text; None for a table with numbered rows

    def fail(self, row: int, problem: str) -> NoReturn:
        if self.lines is None:
            raise InputError(f"row {row + 1}: {problem}", path=self.path)
        raise InputError(problem, path=self.path, line=self.lines[row])


def _checked_header(names: list[str], path: object, line: int | None) -> list[str]:
    for name in names:
        if name not in COLUMNS:
            raise InputError(f"unknown column {name!r}; expected some of {', '.join(COLUMNS)}", path=path, line=line)
        if names.count(name) > 1:
            raise InputError(f"column {name} stands twice", path=path, line=line)
    for name in _REQUIRED:
        if name not in names:
            raise InputError(f"column {name} is missing", path=path, line=line)
    return names


def _numbers(cells: Sequence[str], name: str, where: _Place) -> np.ndarray:
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        for row, cell in enumerate(cells):
            if cell.strip():
                try:
                    float(cell)
                except ValueError:
                    where.fail(row, f"{name} is {cell.strip()!r}; expected a number")
        return np.array([float(cell) if cell.strip() else np.nan for cell in cells])


def _checked(
    sensors: list[str], numbers: dict[str, np.ndarray], where: _Place, bearing_sensors: Collection[str]
) -> DetectionsTable:
    """The table, if every value can be."""
    n = len(sensors)
    columns = {name: numbers.get(name, np.full(n, np.nan)) for name in COLUMNS if name != "sensor"}
    time_s = columns["time_s"]
    bearing = np.array([name in bearing_sensors for name in sensors]) & np.isnan(columns["range_m"])
    with np.errstate(invalid="ignore"):
        rules = [
            (~np.isfinite(columns[name]) & ~(bearing & (name == "range_m")), name, "a finite number")
            for name in _ALWAYS
        ]
        rules += [(np.isinf(columns[name]), name, "a finite number or an empty cell") for name in columns]
        rules += [
            (np.abs(time_s) > _MAX_TIME_S, "time_s", f"seconds, at most {_MAX_TIME_S:g}"),
            (np.diff(time_s, prepend=time_s[:1]) < 0, "time_s", "times that do not go back"),
            (columns["range_m"] <= 0, "range_m", "more than 0"),
            (np.abs(columns["azimuth_deg"]) > 360.0, "azimuth_deg", "-360 to 360, clockwise from north"),
            (np.abs(columns["elevation_deg"]) > 90.0, "elevation_deg", "-90 to 90"),
            (columns["doppler_spread_ms"] <= 0, "doppler_spread_ms", "more than 0"),
        ]
        rules += [(columns[name] <= 0, name, "more than 0") for name in columns if "_sigma_" in name]
    _refuse_first(rules, columns, where)
    for row, name in enumerate(sensors):
        if not name:
            where.fail(row, "sensor is empty; expected a name")
    names = tuple(dict.fromkeys(sensors))
    index = {name: i for i, name in enumerate(names)}
    return DetectionsTable(names, np.array([index[name] for name in sensors], np.int64), columns)


def _refuse_first(rules: list[tuple[np.ndarray, str, str]], columns: Mapping[str, np.ndarray], where: _Place) -> None:
    """Raise for the first row that breaks a rule."""
    broken = [(int(np.argmax(bad)), i) for i, (bad, _, _) in enumerate(rules) if bad.any()]
    if broken:
        row, i = min(broken)
        _, name, expected = rules[i]
        value = columns[name][row]
        said = "empty or nan" if np.isnan(value) else f"{value:g}"
        if expected.startswith("times"):
            said += f" after {columns[name][row - 1]:g}"
        where.fail(row, f"{name} is {said}; expected {expected}")


#: Columns of the tracks table. ``cov_*`` is the upper triangle of the position covariance, m2.
TRACK_COLUMNS = (
    "time_s", "track_id", "status", "east_m", "north_m", "up_m", "east_ms", "north_ms", "up_ms",
    "cov_ee", "cov_en", "cov_eu", "cov_nn", "cov_nu", "cov_uu", "existence", "class", "class_probability",
)  # fmt: skip
_TRIANGLE = (("cov_ee", 0, 0), ("cov_en", 0, 1), ("cov_eu", 0, 2), ("cov_nn", 1, 1), ("cov_nu", 1, 2), ("cov_uu", 2, 2))
_STATES = ("east_m", "north_m", "up_m", "east_ms", "north_ms", "up_ms")


def tracks_columns(tracks: Tracks, *, site: str, start_ns: int = 0, tentative: bool = False) -> dict[str, Any]:
    """Tracks as the columns of a tracks table.

    Parameters
    ----------
    tracks : Tracks
        One row per track and scan, in order of time.
    site : str
        Identity of the site, in front of the track numbers.
    start_ns : int
        ns UTC of time 0 in the table.
    tentative : bool
        All rows, not only those that show an object (`Tracks.shown`).

    Returns
    -------
    dict
        `TRACK_COLUMNS`; arrays and lists of equal length.

    Examples
    --------
    >>> import numpy as np
    >>> tracks = Tracks.build(1, number=[3], time_ns=[500_000_000], status=[TrackStatus.CONFIRMED])
    >>> columns = tracks_columns(tracks, site="a")
    >>> columns["track_id"], float(columns["time_s"][0]), columns["status"]
    (['a/T3'], 0.5, ['confirmed'])
    """
    if not tentative:
        tracks = tracks.take(tracks.shown)
    probability = np.where(np.isnan(tracks.class_probability), -1.0, tracks.class_probability)
    best = probability.argmax(axis=1)
    known = probability[np.arange(len(tracks)), best] > 0
    columns: dict[str, Any] = {
        "time_s": (tracks.time_ns - start_ns) / 1e9,
        "track_id": [track_name(site, int(number)) for number in tracks.number],
        "status": [TrackStatus(int(status)).label for status in tracks.status],
    }
    columns |= {name: tracks.state[:, i] for i, name in enumerate(_STATES)}
    columns |= {name: tracks.covariance[:, i, j] for name, i, j in _TRIANGLE}
    columns["existence"] = tracks.existence
    columns["class"] = [
        TargetClass(int(i)).label if ok else TargetClass.UNKNOWN.label for i, ok in zip(best, known, strict=True)
    ]
    columns["class_probability"] = np.where(known, probability.max(axis=1), np.nan)
    return columns


def write_tracks(path: str | Path, tracks: Tracks, *, site: str, start_ns: int = 0, tentative: bool = False) -> int:
    """Write a tracks table, ``.parquet`` or ``.csv``; parameters as `tracks_columns`.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    InputError
        For another ending, or a place that cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".parquet", ".csv"):
        raise InputError(f"tracks are written to .parquet or .csv, not {suffix or 'a name without ending'}", path=path)
    pa = _arrow("pyarrow")
    columns = tracks_columns(tracks, site=site, start_ns=start_ns, tentative=tentative)
    table = pa.table({name: pa.array(columns[name], _arrow_type(name, pa)) for name in TRACK_COLUMNS})
    try:
        if suffix == ".csv":
            _arrow("pyarrow.csv").write_csv(table, path)
        else:
            _arrow("pyarrow.parquet").write_table(table, path)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", path=path) from None
    return int(table.num_rows)


def _arrow(name: str) -> Any:
    """pyarrow, loaded when a table needs it: most programs never do."""
    return import_module(name)


def _arrow_type(name: str, pa: Any) -> Any:
    return pa.string() if name in ("track_id", "status", "class") else pa.float64()
