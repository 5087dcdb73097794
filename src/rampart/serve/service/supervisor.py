"""Supervisor: keeps a service running. It holds sockets, receiver and ring, so that one that dies is no loss."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from rampart.errors import InputError
from rampart.serve.feed import Receiver

_log = logging.getLogger("rampart.serve")
POLL_S = 0.02
#: A service that ends within this of its start is not started again at once.
SHORT_S = 5.0
LONGEST_WAIT_S = 10.0
INPUT = 2  #: exit code of bad input

Work = Callable[[int, int], int]  #: which start this is, from 1, and a pipe that ends with us -> exit code


class Supervisor:
    """Forks a process that does the work, and forks the next one when that dies.

    Parameters
    ----------
    work : callable
        Runs in the child: given the number of the start, and the read end of a pipe that closes when the supervisor
        dies. Returns an exit code; 0 ends the supervisor too.
    receiver : Receiver
        Kept running here.

    Notes
    -----
    Modules and compiled kernels are loaded before the first fork, so a child begins within milliseconds. The supervisor
    has one thread and does nothing: what does nothing does not fail.
    """

    def __init__(self, work: Work, receiver: Receiver) -> None:
        self._work, self._receiver = work, receiver
        self._child = 0
        self._stopping = False
        self.starts = 0

    def run(self) -> int:
        """Until the work is done, or SIGTERM or SIGINT ended it; the exit code of the last child."""
        alive_read, self._alive_write = os.pipe()
        before = {number: signal.signal(number, self._pass_on) for number in (signal.SIGTERM, signal.SIGINT)}
        wait_s = 0.0
        try:
            while True:
                began_s = time.monotonic()
                self._fork(alive_read)
                status = self._wait()
                code = os.waitstatus_to_exitcode(status)
                refused = code == INPUT and self.starts == 1  # later on it worked before: it is tried again
                if code == 0 or refused or self._stopping:
                    return max(code, 0)
                # one that was killed from outside has no fault that starting it at once would repeat
                short = time.monotonic() - began_s < SHORT_S and code != -signal.SIGKILL
                wait_s = min(max(2.0 * wait_s, 0.5), LONGEST_WAIT_S) if short and self.starts > 3 else 0.0
                _log.error("the service ended (%s); started again", f"signal {-code}" if code < 0 else f"code {code}")
                if not self._pause(wait_s):
                    return 0
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(alive_read)
            os.close(self._alive_write)

    def _fork(self, alive_read: int) -> None:
        self.starts += 1
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            self._child = pid
            return
        code = 1
        try:
            os.close(self._alive_write)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            code = self._work(self.starts, alive_read)
        except InputError as error:
            sys.stderr.write(f"rampart: {error}\n")
            code = INPUT
        except BaseException as error:
            if not isinstance(error, SystemExit):
                _log.exception("the service failed")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _wait(self) -> int:
        looked_s = 0.0
        while True:
            pid, status = os.waitpid(self._child, os.WNOHANG)
            if pid:
                return status
            time.sleep(POLL_S)
            if time.monotonic() - looked_s > 0.25:
                looked_s = time.monotonic()
                self._receiver.look()

    def _pause(self, wait_s: float) -> bool:
        """Wait; False if this is to end."""
        until_s = time.monotonic() + wait_s
        while time.monotonic() < until_s and not self._stopping:
            time.sleep(POLL_S)
            self._receiver.look()
        return not self._stopping

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._stopping = True
        if self._child:
            try:
                os.kill(self._child, signal.SIGTERM if number == signal.SIGINT else number)
            except ProcessLookupError:
                return
