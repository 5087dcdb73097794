"""Incidents: those of the ledger, and how good its predictions were. A ledger that is gone or locked stops nothing."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from rampart.errors import RampartError

_log = logging.getLogger("rampart.serve.web")
T = TypeVar("T")
Tell = Callable[[str], None]
LOOK_S = 0.4  #: between two looks whether the ledger answers
KEPT_S = 5.0  #: an answer is given again for so long: a database is no part of a display's pace
CALIBRATION_KEPT_S = 60.0  #: the same for what is summed over all incidents
MOST = 500


class Incidents(Protocol):
    """What a display says of past raids."""

    def rows(self) -> list[dict[str, Any]]:
        """The incidents, newest first."""

    def calibration(self) -> dict[str, Any]:
        """Predicted impacts against those found later."""


class NoIncidents:
    """Where there is no ledger."""

    def rows(self) -> list[dict[str, Any]]:
        """None."""
        return []

    def calibration(self) -> dict[str, Any]:
        """Nothing."""
        return {}


class LedgerIncidents:
    """Reads the incidents of a ledger, newest first.

    Parameters
    ----------
    place : str or None
        The ledger's database; as ``rampart incident`` finds it if None.
    """

    def __init__(self, place: str | None = None) -> None:
        self._place = place
        self._rows: _Kept[list[dict[str, Any]]] = _Kept(self._read, [], KEPT_S)
        self._calibration: _Kept[dict[str, Any]] = _Kept(self._read_calibration, {}, CALIBRATION_KEPT_S)

    def rows(self) -> list[dict[str, Any]]:
        """The incidents; the latest that were read where the ledger does not answer."""
        return self._rows.get()

    def calibration(self) -> dict[str, Any]:
        """What ``rampart incident calibration --json`` prints; empty before the ledger has answered."""
        return self._calibration.get()

    def watch(self, tell: Tell) -> Callable[[], None]:
        """Look again and again whether the ledger answers, in a thread of its own; returns what ends it.

        A ledger that nobody named and that is not there is none. One that was there, or was named, must answer.

        Parameters
        ----------
        tell : callable
            Told at each change: that it answers (""), or why it does not.
        """
        over = threading.Event()
        named = self._place is not None or "RAMPART_DB" in os.environ

        def look() -> None:
            said: str | None = None
            while True:
                found = self._fault()
                if found != said and (said is not None or named or not found):
                    said = found
                    tell(found)
                if over.wait(LOOK_S):
                    return

        thread = threading.Thread(target=look, name="ledger watch", daemon=True)
        thread.start()

        def end() -> None:
            over.set()
            thread.join(5.0)

        return end

    def _fault(self) -> str:
        """Why the ledger does not answer; "" if it does."""
        try:
            with self._ledger().database.reading():
                return ""
        except (RampartError, ImportError, OSError) as error:
            return str(error)

    def _ledger(self) -> Any:
        from rampart.ledger.incidents import Ledger, default_place

        return Ledger(self._place or default_place(os.environ))

    def _read(self) -> list[dict[str, Any]]:
        from rampart.ledger.incidents.answers import list_rows

        return list_rows(self._ledger())[::-1][:MOST]

    def _read_calibration(self) -> dict[str, Any]:
        from rampart.ledger.inquest.calibration import calibration

        return calibration(self._ledger())


class _Kept(Generic[T]):
    """An answer of the ledger, read again after a while; the latest one where the ledger does not answer."""

    def __init__(self, read: Callable[[], T], first: T, kept_s: float) -> None:
        self._read, self._answer, self._kept_s = read, first, kept_s
        self._lock = threading.Lock()
        self._read_s = -1e9

    def get(self) -> T:
        with self._lock:
            if time.monotonic() - self._read_s > self._kept_s:
                try:
                    self._answer = self._read()
                except (RampartError, ImportError, OSError) as error:
                    _log.warning("incidents cannot be read: %s", error)
                self._read_s = time.monotonic()
            return self._answer
