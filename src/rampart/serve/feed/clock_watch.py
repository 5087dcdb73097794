"""ClockWatch: whether the clocks of senders agree with ours, and by how much their times are to be moved if not."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

SECOND = 1_000_000_000
WINDOW_NS = 10 * SECOND
#: A clock that differs by less is let be.
TOLERANCE_NS = SECOND // 2
#: A time so far in the past is that of a wrong clock at once: no network holds back so long.
ABSURD_NS = 30 * SECOND
#: A correction in force changes only if it is off by more.
STEP_NS = SECOND // 4


class ClockWatch:
    """Compares times of measurement with times of receipt, sender by sender.

    Notes
    -----
    Reports that are *late* say little: a network may hold them back, and let them go. The smallest lateness of the
    last 10 s is taken for the clock's. Reports from the *future* can only come of a wrong clock, ours or the
    sender's. A clock that is off by more than 0.5 s is corrected, whole, to the delay that the site file gives for
    the sensor; the correction is in force until it is off by 0.25 s. It learns of time only by its input, so a replay
    corrects alike.

    Examples
    --------
    >>> watch = ClockWatch()
    >>> watch.shift_ns("25/201", 5 * SECOND, 5 * SECOND + 90_000_000, delay_ns=100_000_000)
    0
    >>> watch.shift_ns("25/202", 3_605 * SECOND, 5 * SECOND, delay_ns=0) / SECOND
    -3600.0
    """

    def __init__(self) -> None:
        self._late: dict[str, deque[tuple[int, int]]] = {}
        self._shift: dict[str, int] = {}
        self._first: dict[str, int] = {}

    def shift_ns(self, sender: str, measured_ns: int, received_ns: int, delay_ns: int) -> int:
        """What is to be added to a sender's times from now on.

        Parameters
        ----------
        sender : str
            Who.
        measured_ns, received_ns : int
            Of a batch: the middle one of its times of measurement as sent, and its receipt [ns UTC].
        delay_ns : int
            From measurement to receipt, as the site file has it.
        """
        late = self._late.setdefault(sender, deque())
        first = self._first.setdefault(sender, received_ns)
        late.append((received_ns, received_ns - measured_ns - delay_ns))
        while late and received_ns - late[0][0] > WINDOW_NS:
            late.popleft()
        least = min(value for _, value in late)
        shift = self._shift.get(sender, 0)
        lasting = received_ns - first >= WINDOW_NS
        if abs(least) <= TOLERANCE_NS:
            wanted = 0
        elif least < 0 or least > ABSURD_NS or lasting:
            wanted = least
        else:
            wanted = shift
        if abs(wanted - shift) > STEP_NS or (wanted == 0) != (shift == 0):
            shift = self._shift[sender] = wanted
        return shift

    def off_s(self) -> dict[str, float]:
        """Senders whose clock is corrected, and by how much it is ahead of ours [s]."""
        return {sender: -shift / SECOND for sender, shift in sorted(self._shift.items()) if shift}

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        late = {sender: [list(pair) for pair in pairs] for sender, pairs in self._late.items()}
        return {"version": 1, "late": late, "shift": dict(self._shift), "first": dict(self._first)}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        self._late = {sender: deque((int(a), int(b)) for a, b in pairs) for sender, pairs in snapshot["late"].items()}
        self._shift, self._first = dict(snapshot["shift"]), dict(snapshot["first"])
