"""AlarmStore: how alarms stand, in a file, so that a service that was killed does not ask again what was answered."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_log = logging.getLogger("rampart.serve.web")


class AlarmStore:
    """One file, written whole at each step in the life of an alarm. A disk that is full or gone stops nothing.

    Parameters
    ----------
    path : pathlib.Path
    session : str
        Of the service: ids of alarms mean the same within one session only.
    """

    def __init__(self, path: Path, session: str) -> None:
        self.path, self._session = path, session
        self.failed = 0

    def write(self, alarms: Iterable[Mapping[str, Any]]) -> None:
        """Keep how they stand."""
        part = self.path.with_name(self.path.name + ".part")
        try:
            part.write_text(json.dumps({"schema": 1, "session": self._session, "alarms": list(alarms)}), "utf-8")
            part.replace(self.path)
        except OSError:
            self.failed += 1
            with suppress(OSError):
                part.unlink()

    def read(self) -> list[dict[str, Any]]:
        """How they stood in this session; nothing if there is no such file, or none of ours."""
        try:
            found = json.loads(self.path.read_text("utf-8"))
            if found["session"] != self._session:
                return []
            return [dict(row) for row in found["alarms"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("%s: how alarms stood cannot be read: %s", self.path, error)
            return []
