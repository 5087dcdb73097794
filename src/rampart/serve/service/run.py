"""Run: a service from its site file to its end, with or without a supervisor."""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rampart.pipeline import Scenario, build_places
from rampart.serve.core import PacedClock
from rampart.serve.delivery import Alarm
from rampart.serve.feed import Receiver, plan_feeds
from rampart.serve.journal.writer import KEEP_DAYS

from .memory import give_back, settle
from .mode import Mode
from .rehearsal import rehearse
from .service import Service, make_receiver
from .supervisor import Supervisor

_log = logging.getLogger("rampart.serve")
#: Between threads that all have something to do. A chain lets others run while its kernels do, some hundred times per
#: second; at Python's own 5 ms it would wait so long each time for the journal or a picture to be encoded.
SWITCH_S = 0.0005


class Closing(Protocol):
    """What is shown of a service, and ends with it."""

    def close(self) -> None:
        """End it."""


Show = Callable[[Service], Closing | None]  #: opens a display of a service that runs


@dataclass(frozen=True, slots=True)
class Options:
    """How a service is run.

    Attributes
    ----------
    mode : Mode or None
        In place of the file's.
    state : pathlib.Path or None
        Folder for journals and snapshots.
    supervised : bool
        Start again what dies.
    speed : float
        Seconds of the clock per real second, for trials.
    keep_days : float
        How long journals stay.
    """

    mode: Mode | None = None
    state: Path | None = None
    supervised: bool = True
    speed: float = 1.0
    keep_days: float = KEEP_DAYS


def run_service(scenario: Scenario, options: Options, show: Show | None = None) -> int:
    """Run until SIGTERM or SIGINT; the exit code.

    Parameters
    ----------
    scenario : Scenario
        A site file, loaded with `rampart.pipeline.LIVE_ROOMS`.
    options : Options
    show : callable or None
        Opens a display once the service runs.

    Raises
    ------
    InputError
        If the file cannot be run, before anything is started.
    """
    give_back()
    clock = PacedClock(time.time_ns(), options.speed)
    Service(scenario, mode=options.mode, clock=clock)  # whatever is wrong is said now; what is loaded is loaded
    started = scenario.starting(clock())
    plan = plan_feeds(started, build_places(started))
    receiver = make_receiver(plan, clock)
    try:
        _log.info("loading the chain; compiling takes a minute at the first start on a machine")
        rehearse(started)
        settle()
        receiver.start(watch=False)

        def work(start: int, alive_fd: int) -> int:
            return _work(scenario, options, clock, receiver, start, alive_fd, show)

        if options.supervised:
            return Supervisor(work, receiver).run()
        return work(1, -1)
    finally:
        receiver.close()


def _work(
    scenario: Scenario, options: Options, clock: PacedClock, receiver: Receiver, start: int, alive_fd: int,
    show: Show | None,
) -> int:  # fmt: skip
    stop = threading.Event()
    sys.setswitchinterval(SWITCH_S)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    service = Service(
        scenario, mode=options.mode, clock=clock, speed=options.speed, on_alarm=log_alarm, state=options.state,
        receiver=receiver, warm=start > 1, keep_days=options.keep_days,
    )  # fmt: skip
    service.start()
    display = None
    try:
        display = None if show is None else show(service)
        fields = {"mode": str(service.mode), "session": service.session, "ports": service.ports, "start": start}
        settle()
        _log.info("running in %s mode", service.mode, extra={"fields": fields})
        _stay(stop, alive_fd, None if alive_fd >= 0 else receiver)
    finally:
        if display is not None:
            display.close()
        service.stop()
    _log.info("ended")
    return 0


def _stay(stop: threading.Event, alive_fd: int, receiver: Receiver | None) -> None:
    """Until told to stop, or the supervisor is gone."""
    poll = select.poll()
    if alive_fd >= 0:
        poll.register(alive_fd, select.POLLIN | select.POLLHUP)
    while not stop.wait(0.2):
        if receiver is not None:
            receiver.look()
        elif poll.poll(0):
            with suppress(OSError):
                os.read(alive_fd, 1)
            _log.error("the supervisor is gone")
            return


def log_alarm(alarm: Alarm) -> None:
    """An alarm as a line of the log."""
    fields = {"part": alarm.peer, "what": alarm.what, "ended": bool(alarm.ended_ns)}
    level = logging.INFO if alarm.ended_ns else logging.ERROR
    _log.log(level, "%s%s", "ended: " if alarm.ended_ns else "", alarm.text, extra={"fields": fields})
