"""Plots: CAT048 target reports as detections."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from rampart.records import DetectionFlag, Detections, TargetClass
from rampart.wire.clock import nearest_day
from rampart.wire.noise import AIR_TRAFFIC_RADAR, SensorNoise, noise_by_row

from .columns import RecordColumns
from .decoder import Batch
from .record import decode_record

NM = 1852.0
FOOT = 0.3048
FLIGHT_LEVEL = 100.0 * FOOT

# Steps of the wire: a quantity rounded to steps has a standard deviation of step / sqrt(12).
_RANGE_STEP_M = NM / 256.0
_AZIMUTH_STEP_RAD = 2.0 * np.pi / 65536.0
_LEVEL_STEP_M = FLIGHT_LEVEL / 4.0
_HEIGHT_STEP_M = 25.0 * FOOT
_DOPPLER_STEP_MS = 1.0

_MAX_LEVEL = 1300.0  # Mode C codes end at 1267; above it a level below zero was read by the wrong edition

# I048/030: what the radar itself says of the target.
_CLASSES = {
    5: TargetClass.CLUTTER,  # angel
    7: TargetClass.CLUTTER,  # fixed PSR plot
    19: TargetClass.BIRD,
    20: TargetClass.BIRD,  # flock of birds
    23: TargetClass.CLUTTER,  # wind turbine
    24: TargetClass.AIRCRAFT,  # helicopter
}


def plots_to_detections(
    batch: Batch,
    *,
    sensor: Callable[[str], int | None],
    noise: Callable[[int], SensorNoise] = lambda _: AIR_TRAFFIC_RADAR,
    dated_ns: np.ndarray | None = None,
) -> tuple[Detections, dict[str, int]]:
    """CAT048 records as detections: slant range, azimuth, radial speed, height; no elevation.

    Parameters
    ----------
    batch : Batch
        CAT048 records.
    sensor : callable
        Index into the site's sensors for a sender ``"SAC/SIC"``; None for one that is not ours.
    noise : callable
        One sigma by sensor index. The rounding of the wire is added to it: LSB / sqrt(12).
    dated_ns : (n,) int64 array or None
        Times of measurement, ns UTC, where they are known otherwise; by default the day nearest to receipt.

    Returns
    -------
    Detections, dict
        In the order of the records, numbered from 1; and what was left out, by reason: records with ``no_time``,
        ``no_position`` or of an ``unknown_sensor``. Plots that are kept without a ``flight_level`` that cannot be, or
        without ``unknown_octets`` of a descriptor, count too: both say that the sender's edition is another one.

    Notes
    -----
    Height is the radar's own (I048/110, above mean sea level) or else the flight level, if it is validated and not
    garbled. A plot with SIM is simulated; one with TST, or of a fixed transponder (RAB), is a test. Doppler is I048/120
    CAL where the radar does not call it doubtful; positive away. Identity is the Mode S address or else Mode 3/A.
    """
    index = sensor_indices(batch.columns["010/SAC"], batch.columns["010/SIC"], sensor)
    range_m = _ranges(batch) * NM
    known, timed = index >= 0, ~np.isnan(batch.columns.time_of_day_s)
    placed = (range_m > 0.0) & ~np.isnan(batch.columns["040/THETA"])
    keep = np.flatnonzero(known & timed & placed)
    columns, received_ns = batch.columns.take(keep), batch.received_ns[keep]
    unused = Counter(
        unknown_sensor=int(np.count_nonzero(~known)),
        no_time=int(np.count_nonzero(known & ~timed)),
        no_position=int(np.count_nonzero(known & timed & ~placed)),
        flight_level=int(np.count_nonzero(columns["090/FL"] > _MAX_LEVEL)),
        unknown_octets=int(np.count_nonzero(columns.longer)),
    )
    if dated_ns is None:
        time_ns = nearest_day(columns.time_of_day_s, received_ns)
    else:
        time_ns = received_ns = dated_ns[keep]
    detections = Detections.build(
        number=np.arange(1, len(keep) + 1),
        time_ns=time_ns,
        received_ns=received_ns,
        sensor=index[keep],
        **_measurements(columns, range_m[keep], noise_by_row(noise, index[keep])),
        identity=_identities(columns["220/ADDRESS"], columns["070/MODE3A"], columns["070/V"], columns["070/G"]),
        class_hint=_classes(columns["030/CODE"]),
        flags=_flags(columns["020/SIM"] == 1, (columns["020/TST"] == 1) | (columns["020/RAB"] == 1)),
    )
    return detections, dict(+unused)


def _measurements(columns: RecordColumns, range_m: np.ndarray, own: dict[str, np.ndarray]) -> dict[str, Any]:
    """What the radar measured, in SI units, and one sigma of it: the radar's own and the rounding of the wire."""
    azimuth = np.radians(columns["040/THETA"])
    height_m, height_step = _heights(columns)
    range_rate = np.where(columns["120/CAL/D"] == 0, columns["120/CAL/CAL"], np.nan)

    def sigma(name: str, step: np.ndarray | float, value: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(value), np.nan, np.sqrt(own[name] ** 2 + np.square(step) / 12.0))

    return {
        "range_m": range_m,
        "azimuth_rad": azimuth,
        "range_rate_ms": range_rate,
        "height_m": height_m,
        "range_sigma_m": sigma("range_m", _RANGE_STEP_M, range_m),
        "azimuth_sigma_rad": sigma("azimuth_rad", _AZIMUTH_STEP_RAD, azimuth),
        "range_rate_sigma_ms": sigma("range_rate_ms", _DOPPLER_STEP_MS, range_rate),
        "height_sigma_m": sigma("height_m", height_step, height_m),
    }


def sensor_indices(sac: np.ndarray, sic: np.ndarray, sensor: Callable[[str], int | None]) -> np.ndarray:
    """Sensor index of each record by its sender's SAC and SIC; -1 for none of ours."""
    code = (sac * 256 + sic).astype(np.int64)
    index = np.full(len(code), -1, np.int64)
    for value in np.unique(code):
        found = sensor(source_name(int(value) >> 8, int(value) & 255))
        index[code == value] = -1 if found is None else found
    return index


def source_name(sac: int, sic: int) -> str:
    """A sender's name.

    >>> source_name(25, 201)
    '25/201'
    """
    return f"{sac}/{sic}"


def _ranges(batch: Batch) -> np.ndarray:
    """Slant range [NM]; beyond 256 NM it stands in the reserved expansion field, which only few records have."""
    rho = batch.columns["040/RHO"]
    for i in np.flatnonzero(batch.columns["020/ERR"] == 1):
        record, _ = decode_record(
            batch.columns.category, batch.data, int(batch.columns.first[i]), int(batch.columns.end[i])
        )
        extended = record.get("RE", {}).get("ERR")
        rho[i] = extended["RHO"] if extended else np.nan
    return rho


def _heights(columns: RecordColumns) -> tuple[np.ndarray, np.ndarray]:
    """Height above mean sea level [m] and the step it is rounded to."""
    own = columns["110/HEIGHT"] * FOOT
    sound = (columns["090/V"] == 0) & (columns["090/G"] == 0) & (columns["090/FL"] <= _MAX_LEVEL)
    level = np.where(sound, columns["090/FL"] * FLIGHT_LEVEL, np.nan)
    return np.where(np.isnan(own), level, own), np.where(np.isnan(own), _LEVEL_STEP_M, _HEIGHT_STEP_M)


def _identities(address: np.ndarray, mode3a: np.ndarray, invalid: np.ndarray, garbled: np.ndarray) -> list[str]:
    names = [""] * len(address)
    for i in np.flatnonzero((invalid == 0) & (garbled == 0)):
        names[i] = f"{int(mode3a[i]):04o}"
    for i in np.flatnonzero(~np.isnan(address)):
        names[i] = f"{int(address[i]):06X}"
    return names


def _classes(code: np.ndarray) -> np.ndarray:
    classes = np.full(len(code), TargetClass.UNKNOWN, np.int8)
    for value, target in _CLASSES.items():
        classes[code == value] = target
    return classes


def _flags(simulated: np.ndarray, test: np.ndarray) -> np.ndarray:
    flags = np.where(simulated, int(DetectionFlag.SIMULATED), 0) | np.where(test, int(DetectionFlag.TEST), 0)
    return flags.astype(np.uint8)
