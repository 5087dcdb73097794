"""Battery: what each effector has left, and when its channels are free."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from .effector import Effector

SECOND = 1_000_000_000


class Battery:
    """The changing state of a site's effectors: rounds, channels, where they point.

    Parameters
    ----------
    effectors : sequence of Effector
        Their fixed side.
    """

    def __init__(self, effectors: Sequence[Effector]) -> None:
        self.effectors = tuple(effectors)
        self.rounds = [e.rounds for e in self.effectors]
        self.free_ns = [[0] * e.channels for e in self.effectors]
        self.azimuth_rad = [math.nan] * len(self.effectors)
        self._fixed = [_row(effector) for effector in self.effectors]
        self._packed = self._pack_tables(range(len(self.effectors)))

    def slots(self, i: int, now_ns: int) -> int:
        """How many engagements effector `i` could open at `now_ns`."""
        effector = self.effectors[i]
        free = sum(t <= now_ns for t in self.free_ns[i])
        return min(free, self.rounds[i] // effector.rounds_per_engagement)

    def ready_ns(self, i: int, now_ns: int) -> int | None:
        """When effector `i` can be ordered to fire next, not before `now_ns`; None without rounds."""
        if self.rounds[i] < self.effectors[i].rounds_per_engagement:
            return None
        return max(min(self.free_ns[i]), now_ns)

    def spend(self, i: int, fire_ns: int, intercept_ns: int, azimuth_rad: float) -> None:
        """Bind the channel that has been free the longest, and take the rounds of one engagement."""
        effector = self.effectors[i]
        self.rounds[i] -= effector.rounds_per_engagement
        channel = min(range(effector.channels), key=self.free_ns[i].__getitem__)
        bound_s = effector.bound_s((intercept_ns - fire_ns) / SECOND)
        self.free_ns[i][channel] = fire_ns + round(bound_s * SECOND)
        self.azimuth_rad[i] = azimuth_rad

    def tables(self, indices: Sequence[int]) -> tuple[NDArray[Any], ...]:
        """Kill tables and closed sectors of some effectors as the kernel takes them: rows and first rows of each."""
        return self._packed if len(indices) == len(self.effectors) else self._pack_tables(indices)

    def _pack_tables(self, indices: Sequence[int]) -> tuple[NDArray[Any], ...]:
        chosen = [self.effectors[i] for i in indices]
        return *_pack([e.table for e in chosen]), *_pack([e.closed_rad for e in chosen])

    def rows(self, indices: Sequence[int], ready_s: Sequence[float]) -> NDArray[np.float64]:
        """Effectors as the kernel takes them, (m, 12)."""
        rows = [(*self._fixed[i], self.azimuth_rad[i], ready) for i, ready in zip(indices, ready_s, strict=True)]
        return np.array(rows).reshape(-1, _kernels.EFFECTOR_COLUMNS)

    def snapshot(self) -> dict[str, Any]:
        """The state as plain data; an azimuth not yet taken is None."""
        return {
            "rounds": list(self.rounds),
            "free_ns": [list(channels) for channels in self.free_ns],
            "azimuth_rad": [None if math.isnan(a) else a for a in self.azimuth_rad],
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        self.rounds = list(snapshot["rounds"])
        self.free_ns = [list(channels) for channels in snapshot["free_ns"]]
        self.azimuth_rad = [math.nan if a is None else a for a in snapshot["azimuth_rad"]]


def _row(effector: Effector) -> tuple[float, ...]:
    """What of an effector's row never changes: all but the last two columns."""
    return (
        *effector.position_enu.tolist(),
        effector.min_range_m,
        effector.max_range_m,
        effector.speed_ms,
        effector.lethal_radius_m,
        effector.slew_rad_s,
        effector.response_s,
        effector.dwell_s,
    )


def _pack(parts: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Tables of (k, 2) one after the other, and where each begins."""
    first = np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)
    return np.ascontiguousarray(np.concatenate([np.zeros((0, 2)), *parts])), first
