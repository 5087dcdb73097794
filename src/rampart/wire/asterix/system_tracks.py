"""System tracks: CAT062 records as external tracks."""

from collections import Counter

import numpy as np

from rampart.records import DetectionFlag, ExternalTracks
from rampart.wire.clock import nearest_day

from .decoder import Batch
from .plots import FOOT, source_name

_FEET_PER_MINUTE = FOOT / 60.0


def system_tracks(batch: Batch, *, dated_ns: np.ndarray | None = None) -> tuple[ExternalTracks, dict[str, int]]:
    """CAT062 records as tracks of another system.

    Parameters
    ----------
    batch : Batch
        CAT062 records.
    dated_ns : (n,) int64 array or None
        Times of the tracks, ns UTC, where they are known otherwise; by default the day nearest to receipt.

    Returns
    -------
    ExternalTracks, dict
        In the order of the records; and those that are none, by reason: ``no_time``, ``no_position``. Tracks that are
        kept without ``unknown_octets`` of their status count too: the sender's edition is a newer one.

    Notes
    -----
    Height is geometric (I062/130), above the ellipsoid. Errors are I062/500 APC. A track is simulated if I062/080 SIM
    or the last report behind it (I062/340) says so, and a test if that report is one.
    """
    columns = batch.columns
    timed = ~np.isnan(columns.time_of_day_s)
    placed = ~(np.isnan(columns["105/LAT"]) & np.isnan(columns["100/X"]))
    keep = np.flatnonzero(timed & placed)
    columns, received_ns = columns.take(keep), batch.received_ns[keep]
    unused = Counter(
        no_time=int(np.count_nonzero(~timed)),
        no_position=int(np.count_nonzero(timed & ~placed)),
        unknown_octets=int(np.count_nonzero(columns.longer)),
    )
    if dated_ns is None:
        time_ns = nearest_day(columns.time_of_day_s, received_ns)
    else:
        time_ns = received_ns = dated_ns[keep]
    simulated = (columns["080/SIM"] == 1) | (columns["340/TYP/SIM"] == 1)
    flags = np.where(simulated, int(DetectionFlag.SIMULATED), 0)
    flags |= np.where(columns["340/TYP/TST"] == 1, int(DetectionFlag.TEST), 0)
    number = columns["040/TRN"]
    tracks = ExternalTracks.build(
        source=[source_name(int(a), int(b)) for a, b in zip(columns["010/SAC"], columns["010/SIC"], strict=True)],
        source_track=np.where(np.isnan(number), -1, number).astype(np.int64),
        time_ns=time_ns,
        received_ns=received_ns,
        latitude_rad=np.radians(columns["105/LAT"]),
        longitude_rad=np.radians(columns["105/LON"]),
        height_m=columns["130/ALT"] * FOOT,
        position_xy_m=_pair(columns["100/X"], columns["100/Y"]),
        velocity_xyz_ms=_pair(columns["185/VX"], columns["185/VY"], columns["220/ROCD"] * _FEET_PER_MINUTE),
        position_sigma_m=_pair(columns["500/APC/X"], columns["500/APC/Y"]),
        identity=_identities(columns["380/ADR/ADR"], columns["060/MODE3A"]),
        coasted=columns["080/CST"] == 1,
        flags=flags.astype(np.uint8),
    )
    return tracks, dict(+unused)


def _pair(*parts: np.ndarray) -> np.ndarray:
    return np.stack(parts, axis=1)


def _identities(address: np.ndarray, mode3a: np.ndarray) -> list[str]:
    names = ["" if np.isnan(code) else f"{int(code):04o}" for code in mode3a]
    for i in np.flatnonzero(~np.isnan(address)):
        names[i] = f"{int(address[i]):06X}"
    return names
