"""Detections: from records to the rows that kernels read, refused ones counted by reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rampart.records import Detections
from rampart.records.slots import swift

from . import _kernels

#: Why a detection is refused, by the status that `pack` gives.
REASONS = (
    "good",
    "time in the future",
    "unknown sensor",
    "bad range",
    "bad angle",
    "bad range rate",
    "bad height",
    "bad sigma",
    "bad position",
    "nothing measured",
)
DOUBLE = "duplicate"
LATE = "late"


@swift
@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Packed detections, sorted by time; columns as in `rampart.track.constants`."""

    z: np.ndarray  #: (m, N_Z)
    zi: np.ndarray  #: (m, N_ZI)

    def __len__(self) -> int:
        return len(self.z)

    def take(self, index: np.ndarray) -> Rows:
        """Some of the rows."""
        return Rows(self.z[index], self.zi[index])

    def join(self, other: Rows) -> tuple[Rows, int]:
        """Both, sorted, doubles dropped; and how many doubles there were."""
        z, zi = np.concatenate([self.z, other.z]), np.concatenate([self.zi, other.zi])
        z, zi, doubles = _kernels.tidy(z, zi, np.zeros(len(z), np.int8))
        return Rows(z, zi), doubles


def pack_rows(
    detections: Detections, now_ns: int, start_ns: int, sensors: np.ndarray, p: np.ndarray
) -> tuple[Rows, dict[str, int], dict[int, dict[str, int]]]:
    """Check and pack a batch.

    Parameters
    ----------
    detections : Detections
        In any order.
    now_ns, start_ns : int
        Time of the step and start of the run, ns UTC.
    sensors, p : ndarray
        Sensor table and parameters of the tracker.

    Returns
    -------
    Rows, dict, dict
        Good ones sorted by time, sensor and measurement; refused ones by reason; and, doubles left out, by sensor and
        reason (sensor -1: no such sensor).
    """
    d = detections
    z, zi, doubles, status = _kernels.take_in(
        d.number, d.time_ns, d.received_ns, d.sensor,
        (d.range_m, d.azimuth_rad, d.elevation_rad, d.range_rate_ms, d.height_m),
        (d.range_sigma_m, d.azimuth_sigma_rad, d.elevation_sigma_rad, d.range_rate_sigma_ms, d.height_sigma_m),
        d.position_enu, d.position_covariance, d.rcs_dbsm, _code_points(d.identity), d.class_hint, d.flags,
        d.snr_db, d.doppler_spread_ms, d.emission, d.class_score, now_ns, start_ns, sensors, p,
    )  # fmt: skip
    refused: dict[str, int] = {}
    blame: dict[int, dict[str, int]] = {}
    if len(z) + doubles < len(d):
        for code, count in enumerate(np.bincount(status, minlength=len(REASONS))):
            if code and count:
                refused[REASONS[code]] = int(count)
        blame = _blame(d.sensor, status, len(sensors))
    if doubles:
        refused[DOUBLE] = doubles
    return Rows(z, zi), refused, blame


def _blame(sensor: np.ndarray, status: np.ndarray, sensors: int) -> dict[int, dict[str, int]]:
    """Refused detections by sensor and reason."""
    blame: dict[int, dict[str, int]] = {}
    for k in np.flatnonzero(status):
        s = int(sensor[k]) if 0 <= sensor[k] < sensors else -1
        by_reason = blame.setdefault(s, {})
        by_reason[REASONS[status[k]]] = by_reason.get(REASONS[status[k]], 0) + 1
    return blame


def _code_points(identity: np.ndarray) -> np.ndarray:
    """Texts of up to 8 characters as code points (m, 8), 0 where one ends."""
    return np.ascontiguousarray(identity, "<U8").view(np.uint32).reshape(-1, 8)


def decode_identity(codes: np.ndarray) -> np.ndarray:
    """The text of encoded identities, (n,) of up to 8 characters.

    Examples
    --------
    >>> code = sum(ord(letter) << 8 * k for k, letter in enumerate("4CA123"))
    >>> decode_identity(np.array([code, 0])).tolist()
    ['4CA123', '']
    """
    if not np.count_nonzero(codes):
        return np.zeros(len(codes), "U8")
    return np.ascontiguousarray(codes).view("S8").astype("U8")
