"""Incidents: those of the ledger, for the drawer and the API. A ledger that is gone or locked stops nothing."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

from rampart.errors import RampartError

_log = logging.getLogger("rampart.serve.web")
KEPT_S = 5.0  #: an answer is given again for so long: a database is no part of a display's pace
MOST = 500


class LedgerIncidents:
    """Reads the incidents of a ledger, newest first.

    Parameters
    ----------
    place : str or None
        The ledger's database; as ``rampart incident`` finds it if None.
    """

    def __init__(self, place: str | None = None) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._read_s = -1e9
        self._rows: list[dict[str, Any]] = []

    def __call__(self) -> list[dict[str, Any]]:
        """The incidents; the latest that were read where the ledger does not answer."""
        with self._lock:
            if time.monotonic() - self._read_s > KEPT_S:
                try:
                    self._rows = self._read()
                except (RampartError, ImportError, OSError) as error:
                    _log.warning("incidents cannot be read: %s", error)
                self._read_s = time.monotonic()
            return self._rows

    def _read(self) -> list[dict[str, Any]]:
        from rampart.ledger.incidents import Ledger, default_place
        from rampart.ledger.incidents.answers import list_rows

        return list_rows(Ledger(self._place or default_place(os.environ)))[::-1][:MOST]
