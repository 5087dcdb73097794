"""Rounds: when each of several simulated sensors hands over its next scan."""

from collections.abc import Sequence
from typing import Any

_NEVER = 2**63 - 1


class Rounds:
    """The order in which sensors deliver.

    Parameters
    ----------
    sensors : sequence
        Each with a `Schedule`.
    """

    def __init__(self, sensors: Sequence[Any]) -> None:
        self._period_ns = [s.schedule.period_ns for s in sensors]
        self._next_ns = [s.schedule.delivery_ns(0) for s in sensors]
        #: when the next scan is handed over, ns UTC; the largest int64 without sensors
        self.next_ns: int = min(self._next_ns, default=_NEVER)

    def due(self, now_ns: int) -> list[int]:
        """Sensors that deliver now, in their order; each is moved on by one scan."""
        if now_ns < self.next_ns:
            return []
        due = [i for i, t in enumerate(self._next_ns) if t <= now_ns]
        for i in due:
            self._next_ns[i] += self._period_ns[i]
        self.next_ns = min(self._next_ns, default=_NEVER)
        return due
