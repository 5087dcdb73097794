"""Parts: since when each part has been in the state it is in, and an alarm where that is no good one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from rampart.records import Health, HealthState
from rampart.serve.delivery import Alarm
from rampart.serve.delivery.health import OnAlarm

_log = logging.getLogger("rampart.serve")
LOOK_S = 0.5

Row = tuple[str, HealthState, str]  #: part, state, reason in words


class PartBook:
    """Keeps the states of parts that do not keep their own.

    Examples
    --------
    >>> book = PartBook()
    >>> book.take(5, [("journal", HealthState.OK, "")]).since_ns.tolist()
    [5]
    >>> book.take(9, [("journal", HealthState.OK, "")]).since_ns.tolist()
    [5]
    """

    def __init__(self) -> None:
        self._since: dict[str, tuple[HealthState, int]] = {}
        self._lock = threading.Lock()

    def take(self, now_ns: int, rows: Iterable[Row]) -> Health:
        """The rows as records."""
        rows = list(rows)
        with self._lock:
            for part, state, _ in rows:
                if self._since.get(part, (None, 0))[0] != state:
                    self._since[part] = state, now_ns
            since = [self._since[part][1] for part, _, _ in rows]
        return Health.build(
            len(rows),
            time_ns=[now_ns] * len(rows),
            part=[part for part, _, _ in rows],
            state=[int(state) for _, state, _ in rows],
            since_ns=since,
            reason=[reason for _, _, reason in rows],
        )


class PartWatch:
    """Looks at the parts twice per second and raises an alarm for each that does not work.

    Parameters
    ----------
    rows : callable
        Given ns UTC, the states of parts.
    clock : callable
        ns UTC.
    on_alarm : callable
        Told of alarms as they are raised and end, in the thread of the watch.
    """

    def __init__(self, rows: Callable[[int], list[Row]], clock: Callable[[], int], on_alarm: OnAlarm) -> None:
        self._rows, self._clock, self._on_alarm = rows, clock, on_alarm
        self._alarms: dict[str, Alarm] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def alarms(self) -> list[Alarm]:
        """Those that stand."""
        return list(self._alarms.values())

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                self.look()
            except Exception:  # a fault of one look must not end the watch
                _log.exception("the watch over the parts failed")

    def look(self) -> None:
        """Look once."""
        now_ns = self._clock()
        for part, state, reason in self._rows(now_ns):
            alarm = self._alarms.get(part)
            bad = state not in (HealthState.OK, HealthState.STARTING)
            if bad and alarm is None:
                self._alarms[part] = Alarm(part, "health", f"{part}: {reason or state.label}", now_ns)
                self._on_alarm(self._alarms[part])
            elif not bad and alarm is not None:
                self._on_alarm(replace(self._alarms.pop(part), ended_ns=now_ns))
