"""Detections: from records to the rows that kernels read, refused ones counted by reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rampart.records import Detections
from rampart.records.slots import swift
from rampart.track.constants import N_Z, N_ZI

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

_SCRATCH = np.empty((3, 3))


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
    d, m = detections, len(detections)
    z, zi, status = np.empty((m, N_Z)), np.empty((m, N_ZI), np.int64), np.empty(m, np.int8)
    _kernels.pack(
        d.number, d.time_ns, d.received_ns, d.sensor,
        (d.range_m, d.azimuth_rad, d.elevation_rad, d.range_rate_ms, d.height_m),
        (d.range_sigma_m, d.azimuth_sigma_rad, d.elevation_sigma_rad, d.range_rate_sigma_ms, d.height_sigma_m),
        d.position_enu, d.position_covariance, d.rcs_dbsm, _encode(d.identity), d.class_hint, d.flags,
        d.snr_db, d.doppler_spread_ms, d.emission, d.class_score,
        now_ns, start_ns, sensors, p, _SCRATCH, z, zi, status,
    )  # fmt: skip
    refused: dict[str, int] = {}
    blame: dict[int, dict[str, int]] = {}
    good, good_i, doubles = _kernels.tidy(z, zi, status)
    if len(good) + doubles < m:
        for code, count in enumerate(np.bincount(status, minlength=len(REASONS))):
            if code and count:
                refused[REASONS[code]] = int(count)
        blame = _blame(d.sensor, status, len(sensors))
    if doubles:
        refused[DOUBLE] = doubles
    return Rows(good, good_i), refused, blame


def _blame(sensor: np.ndarray, status: np.ndarray, sensors: int) -> dict[int, dict[str, int]]:
    """Refused detections by sensor and reason."""
    blame: dict[int, dict[str, int]] = {}
    for k in np.flatnonzero(status):
        s = int(sensor[k]) if 0 <= sensor[k] < sensors else -1
        by_reason = blame.setdefault(s, {})
        by_reason[REASONS[status[k]]] = by_reason.get(REASONS[status[k]], 0) + 1
    return blame


def _encode(identity: np.ndarray) -> np.ndarray:
    """Eight characters as one whole number, 0 for none; what is not ASCII counts as none."""
    m = len(identity)
    if not np.count_nonzero(identity):
        return np.zeros(m, np.int64)
    plain = [text if text.isascii() else "" for text in identity.tolist()]
    return np.array(plain, "S8").view(np.int64)


def decode_identity(codes: np.ndarray) -> np.ndarray:
    """The text of encoded identities, (n,) of up to 8 characters.

    Examples
    --------
    >>> decode_identity(_encode(np.array(["4CA123", ""], "U8"))).tolist()
    ['4CA123', '']
    """
    if not np.count_nonzero(codes):
        return np.zeros(len(codes), "U8")
    return np.ascontiguousarray(codes).view("S8").astype("U8")
