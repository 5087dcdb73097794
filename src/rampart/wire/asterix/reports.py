"""Reports: CAT015 records of one radar as detections, or as tracks of another system."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from rampart.records import DetectionFlag, Detections, ExternalTracks
from rampart.wire.clock import nearest_day
from rampart.wire.noise import SEARCH_RADAR, SensorNoise, noise_by_row

from .columns import RecordColumns
from .decoder import Batch
from .plots import sensor_indices, source_name

# I015/000 message types
MEASUREMENT_PLOT, MEASUREMENT_TRACK, SENSOR_PLOT, SENSOR_TRACK = 1, 2, 3, 4
_PLOTS, _TRACKS = (MEASUREMENT_PLOT, SENSOR_PLOT), (MEASUREMENT_TRACK, SENSOR_TRACK)

# Steps of the wire, as in `plots`.
_STEP = {
    "range_m": 0.1,
    "azimuth_rad": 2.0 * np.pi / 65536.0,
    "elevation_rad": np.pi / 65536.0,
    "range_rate_ms": 0.1,
}
#: Field of each quantity, the field with the radar's own sigma, and what both are multiplied by to be SI.
_MEASURED = {
    "range_m": ("625/R/R", "625/SDR/SDR", 1.0),
    "azimuth_rad": ("627/AZ/AZ", "627/SDAZ/SDAZ", np.pi / 180.0),
    "elevation_rad": ("628/EL/EL", "628/SDEL/SDEL", np.pi / 180.0),
    "range_rate_ms": ("625/RR/RR", "625/SDRR/SDRR", 1.0),
}


def reports_to_detections(
    batch: Batch,
    *,
    sensor: Callable[[str], int | None],
    noise: Callable[[int], SensorNoise] = lambda _: SEARCH_RADAR,
    dated_ns: np.ndarray | None = None,
) -> tuple[Detections, dict[str, int]]:
    """CAT015 plots as detections: range, azimuth, elevation, range rate, signal to noise.

    Parameters
    ----------
    batch : Batch
        CAT015 records.
    sensor : callable
        Index into the site's sensors for a sender ``"SAC/SIC"``; None for one that is not ours.
    noise : callable
        One sigma by sensor index, where a report does not state its own. The rounding of the wire is added to either.
    dated_ns : (n,) int64 array or None
        Times of measurement, ns UTC, where they are known otherwise; by default the day nearest to receipt.

    Returns
    -------
    Detections, dict
        In the order of the records, numbered from 1; and what was left out, by reason: ``unknown_sensor``, ``no_time``,
        ``no_position``, ``multi_static`` (its range is the sum of two paths), ``track_end``; and ``doppler_only``,
        plots that are kept without their I015/626: only I015/625 says which way the target moves.

    Notes
    -----
    Tracks (message types 2 and 4) are no detections: `reports_to_tracks` reads them. TTAX 2 and 3 (synthetic, simulated
    or replayed) count as simulated, 1 (a reference target) as test.

    Examples
    --------
    >>> from rampart.wire.asterix import Datagram, Decoder, category, encode_block
    >>> record = {"010": {"SAC": 1, "SIC": 2}, "000": {"MT": 1}, "145": {"TOD": 1.0}, "625": {"R": {"R": 5000.3}},
    ...           "627": {"AZ": {"AZ": 90.0}}, "628": {"EL": {"EL": 12.0}}}
    >>> (batch,) = Decoder().decode([Datagram(encode_block(category(15), [record]), 1_100_000_000)]).batches
    >>> found, left_out = reports_to_detections(batch, sensor=lambda name: 0)
    >>> round(float(found.range_m[0]), 1), round(float(np.degrees(found.elevation_rad[0])), 2), left_out
    (5000.3, 12.0, {})
    """
    columns = batch.columns
    index = sensor_indices(columns["010/SAC"], columns["010/SIC"], sensor)
    plot, ended = np.isin(columns["000/MT"], _PLOTS), columns["000/MT"] == 5
    known, timed = plot & (index >= 0), ~np.isnan(columns.time_of_day_s)
    single = ~(columns["020/MOMU"] == 1)
    placed = (columns["625/R/R"] > 0.0) & ~np.isnan(columns["627/AZ/AZ"])
    keep = np.flatnonzero(known & timed & single & placed)
    rate, doppler = columns["625/RR/RR"][keep], columns["626/DV/DV"][keep]
    unused = Counter(
        unknown_sensor=int(np.count_nonzero(plot & (index < 0))),
        no_time=int(np.count_nonzero(known & ~timed)),
        multi_static=int(np.count_nonzero(known & timed & ~single)),
        no_position=int(np.count_nonzero(known & timed & single & ~placed)),
        track_end=int(np.count_nonzero(ended)),
        doppler_only=int(np.count_nonzero(np.isnan(rate) & ~np.isnan(doppler))),
        unknown_octets=int(np.count_nonzero(columns.longer[keep])),
    )
    columns, received_ns = columns.take(keep), batch.received_ns[keep]
    time_ns, received_ns = _times(columns, received_ns, None if dated_ns is None else dated_ns[keep])
    detections = Detections.build(
        number=np.arange(1, len(keep) + 1),
        time_ns=time_ns,
        received_ns=received_ns,
        sensor=index[keep],
        **_measurements(columns, noise_by_row(noise, index[keep])),
        snr_db=columns["630/DPS/DPS"],
        flags=_flags(columns),
    )
    return detections, dict(+unused)


def _times(
    columns: RecordColumns, received_ns: np.ndarray, dated_ns: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    if dated_ns is None:
        return nearest_day(columns.time_of_day_s, received_ns), received_ns
    return dated_ns, dated_ns


def _measurements(columns: RecordColumns, general: dict[str, np.ndarray]) -> dict[str, Any]:
    """Each quantity and one sigma of it: the radar's own or else the general one, and the rounding of the wire."""
    measured: dict[str, Any] = {}
    for name, (field, sigma_field, unit) in _MEASURED.items():
        value, own = columns[field] * unit, columns[sigma_field] * unit
        sigma = np.where(own > 0.0, own, general[name])
        stem, _, suffix = name.rpartition("_")
        measured[name] = value
        measured[f"{stem}_sigma_{suffix}"] = np.where(
            np.isnan(value), np.nan, np.sqrt(sigma**2 + _STEP[name] ** 2 / 12.0)
        )
    return measured


def _flags(columns: RecordColumns) -> np.ndarray:
    taxonomy = columns["020/TTAX"]
    flags = np.where(taxonomy >= 2, int(DetectionFlag.SIMULATED), 0) | np.where(
        taxonomy == 1, int(DetectionFlag.TEST), 0
    )
    return flags.astype(np.uint8)


def reports_to_tracks(batch: Batch, *, dated_ns: np.ndarray | None = None) -> tuple[ExternalTracks, dict[str, int]]:
    """CAT015 tracks (message types 2 and 4) as tracks of another system.

    Parameters
    ----------
    batch : Batch
        CAT015 records.
    dated_ns : (n,) int64 array or None
        As in `reports_to_detections`.

    Returns
    -------
    ExternalTracks, dict
        In the order of the records; and those left out, by reason: ``track_no_time``, ``track_no_position`` (a track
        without I015/600 cannot be placed without the radar).
    """
    columns = batch.columns
    track = np.isin(columns["000/MT"], _TRACKS)
    timed = ~np.isnan(columns.time_of_day_s)
    placed = ~np.isnan(columns["600/P84/LAT"])
    keep = np.flatnonzero(track & timed & placed)
    unused = Counter(
        track_no_time=int(np.count_nonzero(track & ~timed)),
        track_no_position=int(np.count_nonzero(track & timed & ~placed)),
    )
    columns, received_ns = columns.take(keep), batch.received_ns[keep]
    time_ns, received_ns = _times(columns, received_ns, None if dated_ns is None else dated_ns[keep])
    number = columns["161/TRN"]
    tracks = ExternalTracks.build(
        source=[source_name(int(a), int(b)) for a, b in zip(columns["010/SAC"], columns["010/SIC"], strict=True)],
        source_track=np.where(np.isnan(number), -1, number).astype(np.int64),
        time_ns=time_ns,
        received_ns=received_ns,
        latitude_rad=np.radians(columns["600/P84/LAT"]),
        longitude_rad=np.radians(columns["600/P84/LON"]),
        height_m=columns["601/GH/GH"],
        velocity_xyz_ms=np.stack([columns["602/HV/X"], columns["602/HV/Y"], columns["604/VV/VV"]], axis=1),
        position_sigma_m=np.stack([columns["600/HPP/X"], columns["600/HPP/Y"]], axis=1),
        coasted=columns["170/CSTP"] == 1,
        flags=_flags(columns),
    )
    return tracks, dict(+unused)
