"""Health: what a tracker says of each sensor - what it refuses of it, its biases, whether it believes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rampart.records import Site
from rampart.track.constants import ZI_SENSOR, ZI_TIME_NS
from rampart.track.intake.detections import LATE, Rows

from . import _kernels as k
from .sensors import Registration

#: A sensor is faulty if more than this share of what it sends of late is refused.
FAULTY_SHARE = 0.5
#: Reports that "of late" goes back to.
REPORTS = 64
#: Pairs with other sensors before its biases are called known.
ENOUGH_PAIRS = 20
#: Mean squared distance of pairs per degree of freedom from which a sensor disagrees with the others.
SURPRISED = 2.0
#: ... or a bias of so many prior sigmas.
FAR_OUT = 5.0
_UNITS = {"range_m": 1.0, "azimuth_deg": 57.29577951308232, "elevation_deg": 57.29577951308232, "clock_s": 1.0}


class Hearing:
    """What was refused of each sensor, by reason, and as a share of its latest reports.

    Parameters
    ----------
    sensors : int
        How many.
    """

    def __init__(self, sensors: int) -> None:
        self.refused: list[dict[str, int]] = [{} for _ in range(sensors)]
        self.share = [0.0] * sensors
        self.news = True  #: something has changed since `Tracker.health` was last asked

    def note(self, rows: Rows, blame: Mapping[int, Mapping[str, int]], horizon_ns: int | None) -> None:
        """Take note of one batch: good rows, those refused by sensor and reason, and since when rows are in time."""
        sensor = rows.zi[:, ZI_SENSOR]
        if horizon_ns is not None and len(rows) and rows.zi[0, ZI_TIME_NS] < horizon_ns:
            late = rows.zi[:, ZI_TIME_NS] < horizon_ns
            for s, count in enumerate(np.bincount(sensor[late], minlength=len(self.share)).tolist()):
                if count:
                    self._count(s, LATE, count)
            sensor = sensor[~late]
        for s, reasons in blame.items():
            if s >= 0:
                for reason, count in reasons.items():
                    self._count(s, reason, count)
        if any(self.share):
            self.news = True
            for s, count in enumerate(np.bincount(sensor, minlength=len(self.share)).tolist()):
                self.share[s] *= (1.0 - 1.0 / REPORTS) ** count

    def _count(self, s: int, reason: str, count: int) -> None:
        self.news = True
        self.refused[s][reason] = self.refused[s].get(reason, 0) + count
        self.share[s] = 1.0 - (1.0 - self.share[s]) * (1.0 - 1.0 / REPORTS) ** count

    def save(self) -> dict[str, Any]:
        """Plain data."""
        return {"refused": [dict(reasons) for reasons in self.refused], "share": list(self.share)}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Take up what `save` gave."""
        self.refused, self.share = [dict(reasons) for reasons in saved["refused"]], list(saved["share"])
        self.news = True


def sensor_health(site: Site, registration: Registration, hearing: Hearing) -> list[dict[str, Any]]:
    """One row per sensor.

    Returns
    -------
    list of dict
        ``id``; ``status``: ``ok``, ``only`` (nothing to compare it with), ``registering`` (too few common targets so
        far), ``disagrees`` (used, but does not fit the others), ``faulty`` (most of what it sends is refused) or
        ``quarantined`` (not used); ``reason`` in words; ``refused`` by reason; ``bias`` and ``sigma`` by component
        (``range_m, azimuth_deg, elevation_deg, clock_s``), ``pairs`` and ``pairs_rejected`` with other sensors,
        ``mean_distance`` (squared, per degree of freedom: 1 if all is well), ``quarantines`` so far.
    """
    return [_row(site, s, registration, hearing) for s in range(len(site.sensors))]


def _row(site: Site, s: int, registration: Registration, hearing: Hearing) -> dict[str, Any]:
    row: dict[str, Any] = {"id": site.sensors[s].id, "status": "only", "reason": "", "refused": hearing.refused[s]}
    if not registration.active:
        row["reason"] = "the only sensor" if len(site.sensors) == 1 else "registration is off"
        row.update(bias=None, sigma=None, pairs=0, pairs_rejected=0, mean_distance=None, quarantines=0)
    else:
        trust, of = registration.trust[s].tolist(), slice(4 * s, 4 * s + 4)
        sigma = np.sqrt(np.diag(registration.covariance)[of])
        row["status"], row["reason"] = _standing(trust, registration.bias[of] / registration.prior[s])
        measured = registration.measured[s]
        row["bias"] = _named(registration.bias[of], measured)
        row["sigma"] = _named(sigma, measured)
        row["pairs"], row["pairs_rejected"] = int(trust[k.PAIRS]), int(trust[k.REJECTED])
        row["mean_distance"], row["quarantines"] = trust[k.SURPRISE], int(trust[k.TIMES])
    if hearing.share[s] > FAULTY_SHARE and row["status"] != "quarantined":
        reasons = hearing.refused[s]
        row["status"], row["reason"] = "faulty", f"most reports refused: {max(reasons, key=lambda r: reasons[r])}"
    return row


def _named(values: np.ndarray, measured: np.ndarray) -> dict[str, float | None]:
    """By component, None for what the sensor does not measure."""
    rows = zip(_UNITS.items(), values, measured, strict=True)
    return {name: float(v) * unit if there else None for (name, unit), v, there in rows}


def _standing(trust: list[float], bias_in_sigma: np.ndarray) -> tuple[str, str]:
    """Status and reason of a sensor among several."""
    if trust[k.SHUT]:
        return "quarantined", "sees nothing where others hold targets, and targets where they hold none"
    if trust[k.SURPRISE] > SURPRISED:
        return "disagrees", f"detections {trust[k.SURPRISE]:.1f} times as far from the others' as their errors say"
    worst = int(np.argmax(np.abs(bias_in_sigma)))
    if abs(bias_in_sigma[worst]) > FAR_OUT:
        name = list(_UNITS)[worst].rsplit("_", 1)[0]
        return "disagrees", f"{name} bias {abs(bias_in_sigma[worst]):.1f} times the sigma expected"
    if trust[k.DOUBT] >= k.SHUT_DOUBT:
        return "disagrees", "does not see targets that others hold"
    if trust[k.PAIRS] < ENOUGH_PAIRS:
        return "registering", f"{int(trust[k.PAIRS])} of {ENOUGH_PAIRS} pairs of detections with other sensors"
    return "ok", ""
