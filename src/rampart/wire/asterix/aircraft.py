"""Aircraft: CAT021 records, what aircraft say of themselves by ADS-B, as external tracks."""

from collections import Counter

import numpy as np

from rampart.records import DetectionFlag, ExternalTracks
from rampart.wire.clock import nearest_day

from .decoder import Batch
from .plots import FOOT, NM, source_name

_FEET_PER_MINUTE = FOOT / 60.0
#: Radius that holds 95 % of the errors, by NACp as RTCA DO-260B defines it; 0 and 12 to 15 say nothing.
_RADIUS_M = np.array(
    [np.nan, 10 * NM, 4 * NM, 2 * NM, NM, 0.5 * NM, 0.3 * NM, 0.1 * NM, 0.05 * NM, 30.0, 10.0, 3.0] + [np.nan] * 4
)
_RADIUS_SIGMAS = float(np.sqrt(-2.0 * np.log(0.05)))  # of a circular normal distribution


def aircraft_reports(batch: Batch, *, dated_ns: np.ndarray | None = None) -> tuple[ExternalTracks, dict[str, int]]:
    """CAT021 records as tracks of another system: the aircraft itself.

    Parameters
    ----------
    batch : Batch
        CAT021 records.
    dated_ns : (n,) int64 array or None
        Times of the reports, ns UTC, where they are known otherwise; by default the day nearest to receipt.

    Returns
    -------
    ExternalTracks, dict
        In the order of the records; and those left out, by reason: ``no_time``, ``no_position``, ``surface`` (of a
        fixed transponder on the ground). Kept, but with ``unknown_octets``: the sender's edition is a newer one.

    Notes
    -----
    ADS-B is a word that anybody can send: it names a track, and never keeps a ballistic one from being warned of.
    Errors are NACp's; the time is that of applicability, else of reception; height is geometric, above the ellipsoid.

    Examples
    --------
    >>> from rampart.wire.asterix import Datagram, Decoder, category, encode_block
    >>> record = {"010": {"SAC": 1, "SIC": 2}, "071": {"TOD": 1.0}, "131": {"LAT": 33.3, "LON": 44.4},
    ...           "080": {"ADDRESS": 0x3C660C}, "160": {"GS": 0.06, "TA": 90.0}}
    >>> (batch,) = Decoder().decode([Datagram(encode_block(category(21), [record]), 1_100_000_000)]).batches
    >>> found, left_out = aircraft_reports(batch)
    >>> str(found.identity[0]), round(float(found.velocity_xyz_ms[0, 0])), left_out
    ('3C660C', 111, {})
    """
    columns = batch.columns
    time_s = _first(columns["071/TOD"], columns["073/TOD"])
    latitude, longitude = (_first(columns[f"131/{name}"], columns[f"130/{name}"]) for name in ("LAT", "LON"))
    timed, placed, flies = ~np.isnan(time_s), ~np.isnan(latitude) & ~np.isnan(longitude), columns["040/RAB"] != 1
    keep = np.flatnonzero(timed & placed & flies)
    unused = Counter(
        no_time=int(np.count_nonzero(~timed)),
        no_position=int(np.count_nonzero(timed & ~placed)),
        surface=int(np.count_nonzero(timed & placed & ~flies)),
        unknown_octets=int(np.count_nonzero(columns.longer[keep])),
    )
    columns, received_ns = columns.take(keep), batch.received_ns[keep]
    if dated_ns is None:
        time_ns = nearest_day(time_s[keep], received_ns)
    else:
        time_ns = received_ns = dated_ns[keep]
    sigma_m = _RADIUS_M[np.nan_to_num(columns["090/NACP"]).astype(int)] / _RADIUS_SIGMAS
    flags = np.where(columns["040/SIM"] == 1, int(DetectionFlag.SIMULATED), 0)
    flags |= np.where(columns["040/TST"] == 1, int(DetectionFlag.TEST), 0)
    number, address = columns["161/TRN"], columns["080/ADDRESS"]
    tracks = ExternalTracks.build(
        source=[source_name(int(a), int(b)) for a, b in zip(columns["010/SAC"], columns["010/SIC"], strict=True)],
        source_track=np.nan_to_num(_first(address, number), nan=-1).astype(np.int64),
        time_ns=time_ns,
        received_ns=received_ns,
        latitude_rad=np.radians(latitude[keep]),
        longitude_rad=np.radians(longitude[keep]),
        height_m=columns["140/HEIGHT"] * FOOT,
        velocity_xyz_ms=_velocity(columns["160/GS"], columns["160/TA"], columns["157/RATE"], columns["155/RATE"]),
        position_sigma_m=np.stack([sigma_m, sigma_m], axis=1),
        identity=["" if np.isnan(value) else f"{int(value):06X}" for value in address],
        flags=flags.astype(np.uint8),
    )
    return tracks, dict(+unused)


def _first(wanted: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(wanted), otherwise, wanted)


def _velocity(speed: np.ndarray, course_deg: np.ndarray, geometric: np.ndarray, barometric: np.ndarray) -> np.ndarray:
    """East, north, up, m/s, from ground speed in NM/s, course and vertical rate in ft/min."""
    course = np.radians(course_deg)
    level = speed * NM
    climb = _first(geometric, barometric) * _FEET_PER_MINUTE
    return np.stack([level * np.sin(course), level * np.cos(course), climb], axis=1)
