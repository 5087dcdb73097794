"""Record: the warnings of one raid as intervals - which zone was told what, from when to when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rampart.records import Phase, Warnings

Floats = NDArray[np.float64]

#: A warning within this time after a cancel of the same zone is a flicker [s].
FLICKER_S = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Alarms of one raid, one row each time that a zone was alarmed.

    Attributes
    ----------
    zone : ndarray of int (k,)
    opened_s, shelter_s, closed_s : ndarray (k,)
        When people were told to prepare or shelter, when to shelter (inf: never), when it was over; seconds since run
        start, the end of the run for what was then open.
    again : ndarray of bool (k,)
        Opened within 30 s of a cancel for the same zone.
    """

    zone: NDArray[np.int64]
    opened_s: Floats
    shelter_s: Floats
    closed_s: Floats
    again: NDArray[np.bool_]

    @classmethod
    def of(cls, warnings: Warnings, start_ns: int, end_s: float) -> Record:
        """Read messages in the order they were sent."""
        rows: list[list[float]] = []
        open_: dict[int, list[float]] = {}
        cancelled: dict[int, float] = {}
        times = ((warnings.time_ns - start_ns) * 1e-9).tolist()
        for zone, phase, at in zip(warnings.zone.tolist(), warnings.phase.tolist(), times, strict=True):
            if phase in (Phase.PREPARE, Phase.SHELTER):
                if zone not in open_:
                    again = at - cancelled.get(zone, -np.inf) < FLICKER_S
                    open_[zone] = [zone, at, np.inf, end_s, again]
                    rows.append(open_[zone])
                if phase == Phase.SHELTER:
                    open_[zone][2] = min(open_[zone][2], at)
            elif zone in open_:
                open_.pop(zone)[3] = at
                if phase == Phase.CANCEL:
                    cancelled[zone] = at
        table = np.array(rows, float).reshape(-1, 5)
        return cls(table[:, 0].astype(np.int64), table[:, 1], table[:, 2], table[:, 3], table[:, 4] > 0.0)

    def __len__(self) -> int:
        return len(self.zone)

    def in_force(self, at_s: float) -> NDArray[np.int64]:
        """The zones under a warning at a moment."""
        return np.unique(self.zone[(self.opened_s < at_s) & (self.closed_s >= at_s)])

    def sheltered(self, at_s: float, for_s: float) -> NDArray[np.int64]:
        """The zones that had been told to shelter for that long at a moment."""
        return np.unique(self.zone[(self.shelter_s <= at_s - for_s) & (self.closed_s >= at_s)])

    def shelter_minutes(self) -> Floats:
        """(k,) how long each alarm kept people in shelter [min]."""
        spent: Floats = np.maximum(self.closed_s - self.shelter_s, 0.0) / 60.0
        return spent
