"""Scan: when a sensor looks and when its reports arrive."""

from __future__ import annotations

from dataclasses import dataclass

from rampart.errors import InputError

NS = 1_000_000_000


def to_ns(seconds: float) -> int:
    """Seconds to whole nanoseconds.

    >>> to_ns(0.1)
    100000000
    """
    return round(seconds * NS)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Scans back to back, each delivered as one batch a fixed delay after its end.

    Whole nanoseconds, so that the times of hour-long runs stay exact.

    Parameters
    ----------
    start_ns : int
        Start of the run, ns UTC.
    period_ns : int
        Length of a scan.
    delay_ns : int
        From the end of a scan to the delivery of its batch.
    first_ns : int
        Start of the first scan, counted from the start of the run.

    Examples
    --------
    >>> schedule = Schedule(0, to_ns(0.5), to_ns(0.1), 0)
    >>> schedule.delivery_ns(0), schedule.scan_of(1_100_000_000)
    (600000000, 1)
    """

    start_ns: int
    period_ns: int
    delay_ns: int = 0
    first_ns: int = 0

    @classmethod
    def from_seconds(cls, start_ns: int, period_s: float, delay_s: float, first_s: float) -> Schedule:
        """The same from seconds."""
        if to_ns(period_s) < 1:
            raise InputError(f"scan_period_s = {period_s!r}, expected at least 1e-9")
        return cls(start_ns, to_ns(period_s), to_ns(delay_s), to_ns(first_s))

    def delivery_ns(self, scan: int) -> int:
        """When the batch of a scan (0, 1, ...) is delivered, ns UTC."""
        return self.start_ns + self.first_ns + (scan + 1) * self.period_ns + self.delay_ns

    def next_ns(self, now_ns: int) -> int:
        """The first delivery after `now_ns`, ns UTC."""
        scan = (now_ns - self.delivery_ns(-1)) // self.period_ns
        return self.delivery_ns(max(scan, 0))

    def scan_of(self, now_ns: int) -> int:
        """The scan whose batch is delivered at `now_ns`.

        Raises
        ------
        ValueError
            If no batch is delivered at that time.
        """
        scan, rest = divmod(now_ns - self.delivery_ns(-1), self.period_ns)
        if rest or scan < 1:
            raise ValueError(f"no scan is delivered at {now_ns} ns")
        return int(scan) - 1

    def window_s(self, scan: int) -> tuple[float, float]:
        """Start and end of a scan in seconds since run start."""
        start = self.first_ns + scan * self.period_ns
        return start / NS, (start + self.period_ns) / NS
