"""Clock: the time by which chains are stepped and messages expire."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]  #: ns UTC, never going back


def wall_clock() -> Clock:
    """UTC that a step of the computer's clock does not move: read once, then carried on by the monotonic clock.

    Examples
    --------
    >>> clock = wall_clock()
    >>> clock() <= clock()
    True
    """
    ahead_ns = time.time_ns() - time.monotonic_ns()
    return lambda: ahead_ns + time.monotonic_ns()


class PacedClock:
    """A clock that starts where it is told and runs faster or slower than real time, for exercises and replay.

    Parameters
    ----------
    start_ns : int
        Where it starts, ns UTC.
    speed : float
        Its seconds per real second, above 0.

    Attributes
    ----------
    began_ns : int
        The monotonic clock at its start.
    """

    def __init__(self, start_ns: int, speed: float = 1.0) -> None:
        self.start_ns, self.speed, self.began_ns = start_ns, speed, time.monotonic_ns()

    def __call__(self) -> int:
        """Its time, ns UTC."""
        return self.start_ns + round((time.monotonic_ns() - self.began_ns) * self.speed)

    def real_s(self, until_ns: int) -> float:
        """Real seconds until it shows `until_ns`; 0 if that has passed."""
        return max(until_ns - self(), 0) * 1e-9 / self.speed
