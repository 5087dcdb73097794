"""Lag: scans of the last seconds with the state before each, so that a late detection is taken in where it belongs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .constants import ZI_SENSOR, ZI_TIME_NS
from .intake._kernels import is_one_scan
from .intake.detections import Rows


@dataclass(slots=True, eq=False)
class Scan:
    """Detections of one sensor in one of its windows of time, in which it sees each target once."""

    sensor: int
    window: int
    rows: Rows
    first_ns: int  #: time of its first detection
    last_ns: int  #: time of its latest
    before: dict[str, np.ndarray] | None = None  #: state of the tracker before it
    #: tracks that ended for their silence since the scan before it, a step having ended there; None if none had
    ended: tuple[int, ...] | None = None

    @classmethod
    def of(cls, sensor: int, window: int, rows: Rows) -> Scan:
        """The scan of these rows, which are sorted by time."""
        return cls(sensor, window, rows, int(rows.zi[0, ZI_TIME_NS]), int(rows.zi[-1, ZI_TIME_NS]))

    def comes_after(self, other: Scan) -> bool:
        """Scans are taken in this order: by first measurement, then sensor."""
        return (self.first_ns, self.sensor, self.window) > (other.first_ns, other.sensor, other.window)


class Lag:
    """The scans that may still change.

    Which detections make up a scan follows from their times alone, never from the batches they came in. So the same
    detections give the same scans in whatever order they arrive.

    Parameters
    ----------
    lag_ns : int
        Detections older than this, against the newest one, come too late.
    windows_ns : ndarray (sensors,)
        Length of each sensor's windows.
    start_ns : int
        A window begins here.
    """

    def __init__(self, lag_ns: int, windows_ns: np.ndarray, start_ns: int) -> None:
        self._lag_ns, self._windows_ns, self._start_ns = lag_ns, windows_ns, start_ns
        self._only_ns = int(windows_ns[0]) if len(windows_ns) == 1 else 0  # the window where there is one sensor
        self._longest_ns = int(windows_ns.max()) if len(windows_ns) else 0
        self.newest_ns: int | None = None
        self.scans: list[Scan] = []

    @property
    def horizon_ns(self) -> int | None:
        """Detections of before come too late; None as long as there was none."""
        return None if self.newest_ns is None else self.newest_ns - self._lag_ns

    def insert(self, rows: Rows) -> tuple[int, int, int]:
        """Sort detections into scans.

        Returns
        -------
        int, int, int
            First scan that changed (their number if none), detections that came too late, doubles.
        """
        late, dirty, doubles = 0, len(self.scans), 0
        horizon_ns = self.horizon_ns
        if horizon_ns is not None and len(rows) and rows.zi[0, ZI_TIME_NS] < horizon_ns:
            keep = rows.zi[:, ZI_TIME_NS] >= horizon_ns
            late = len(rows) - int(keep.sum())
            rows = rows.take(keep)
        if not len(rows):
            return dirty, late, doubles
        for scan in self._split(rows):
            first, again = self._insert_scan(scan)
            dirty, doubles = min(dirty, first), doubles + again
            if self.newest_ns is None or scan.last_ns > self.newest_ns:
                self.newest_ns = scan.last_ns
        return dirty, late, doubles

    def _split(self, rows: Rows) -> list[Scan]:
        start_ns = self._start_ns
        if self._only_ns:
            window_ns, scan = self._only_ns, Scan.of(0, 0, rows)
            scan.window = (scan.first_ns - start_ns) // window_ns
            if (scan.last_ns - start_ns) // window_ns == scan.window:
                return [scan]
        elif is_one_scan(rows.zi, start_ns, self._windows_ns):
            sensor = int(rows.zi[0, ZI_SENSOR])
            return [Scan.of(sensor, (int(rows.zi[0, ZI_TIME_NS]) - start_ns) // int(self._windows_ns[sensor]), rows)]
        sensors = rows.zi[:, ZI_SENSOR]
        windows = (rows.zi[:, ZI_TIME_NS] - start_ns) // self._windows_ns[sensors]
        pairs, which = np.unique(np.stack([windows, sensors]), axis=1, return_inverse=True)
        which = which.reshape(-1)
        return [Scan.of(int(s), int(w), rows.take(np.flatnonzero(which == k))) for k, (w, s) in enumerate(pairs.T)]

    def _insert_scan(self, new: Scan) -> tuple[int, int]:
        """Add to the scan of this window, or make it; returns its place and the doubles."""
        doubles, scans, old = 0, self.scans, None
        for k in range(len(scans) - 1, -1, -1):
            if scans[k].window == new.window and scans[k].sensor == new.sensor:
                old = scans.pop(k)
                rows, doubles = old.rows.join(new.rows)
                new = Scan.of(new.sensor, new.window, rows)
                break
        at = len(scans)
        while at and scans[at - 1].comes_after(new):
            at -= 1
        # more detections can only move a scan forward, so what is known of its new place still holds
        there = old if old is not None and at == k else scans[at] if at < len(scans) else None
        if there is not None:  # else it is the last, and the state before it is the present one
            new.before, new.ended = there.before, there.ended
        scans.insert(at, new)
        return at, doubles

    def trim(self) -> None:
        """Forget scans that no late detection can change any more."""
        if self.newest_ns is None:
            return
        oldest = self.newest_ns - self._lag_ns - self._longest_ns
        k = 0
        while k < len(self.scans) and self.scans[k].last_ns < oldest:
            k += 1
        if k:
            del self.scans[:k]

    def save(self) -> dict[str, Any]:
        """Plain data, with the state before the first scan: the others follow from it."""
        scans = [
            {
                "sensor": s.sensor, "window": s.window, "z": s.rows.z.copy(), "zi": s.rows.zi.copy(),
                "before": None if k else s.before, "ended": s.ended,
            }
            for k, s in enumerate(self.scans)
        ]  # fmt: skip
        return {"newest_ns": self.newest_ns, "scans": scans}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Take up what `save` gave; the states before all scans but the first are still to be made."""
        self.newest_ns = saved["newest_ns"]
        self.scans = [
            replace(
                Scan.of(s["sensor"], s["window"], Rows(np.array(s["z"]), np.array(s["zi"]))),
                before=s["before"],
                ended=s["ended"],
            )
            for s in saved["scans"]
        ]
