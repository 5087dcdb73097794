"""ServerTime: what the server's clock shows, from its signed answers and a clock that only runs forward."""

from __future__ import annotations

from dataclasses import dataclass

MS = 1_000_000
#: How far a cheap quartz may run off, s per s.
DRIFT = 100e-6
#: Beyond this the time counts as not known.
KNOWN_WITHIN_MS = 2_000.0
#: An answer that took longer tells the time too badly.
SLOWEST_MS = 4_000.0


@dataclass(frozen=True)
class _Sample:
    steady_ns: int
    server_ms: float
    error_ms: float

    def at(self, steady_ns: int) -> float:
        return self.server_ms + (steady_ns - self.steady_ns) / MS

    def error_at(self, steady_ns: int) -> float:
        return self.error_ms + DRIFT * abs(steady_ns - self.steady_ns) / MS


class ServerTime:
    """Estimates the server's time as the Network Time Protocol does: an answer was stamped halfway there and back.

    The clock of the device is not asked: a small computer without a battery wakes up in its own past.

    Examples
    --------
    >>> time = ServerTime()
    >>> time.now_ms(0) is None
    True
    >>> time.hear(sent_ns=0, received_ns=20 * MS, server_ms=1_000_000)
    True
    >>> time.now_ms(1_020 * MS)
    1001010.0
    """

    def __init__(self) -> None:
        self._best: _Sample | None = None

    def hear(self, *, sent_ns: int, received_ns: int, server_ms: int) -> bool:
        """Take in an answer; says whether it was quick enough to tell the time.

        A better answer replaces the last one; so does any that contradicts it, for then the server's clock was set.
        """
        trip_ms = (received_ns - sent_ns) / MS
        if not 0.0 <= trip_ms <= SLOWEST_MS:
            return False
        new = _Sample(received_ns, server_ms + trip_ms / 2, trip_ms / 2)
        old = self._best
        if old is not None:
            error_ms = old.error_at(received_ns)
            agrees = abs(old.at(received_ns) - new.server_ms) <= error_ms + new.error_ms + 1.0
            if agrees and error_ms < new.error_ms:
                return True
        self._best = new
        return True

    def now_ms(self, steady_ns: int) -> float | None:
        """Server's time, ms UTC; None before the first answer, and long after the last."""
        best = self._best
        return None if best is None or best.error_at(steady_ns) > KNOWN_WITHIN_MS else best.at(steady_ns)

    def error_ms(self, steady_ns: int) -> float | None:
        """How far the estimate may be off."""
        return None if self._best is None else self._best.error_at(steady_ns)
