"""Start: a display of a service, open at an address until it is closed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rampart.errors import InputError

from .access import Routes
from .accounts import Accounts, default_path
from .alarm_store import AlarmStore
from .alarms import Transition
from .app import create_app
from .behind import Behind
from .display import Display
from .incidents import Incidents
from .pages import read_assets
from .roles import Role
from .server import WebServer, WebSettings

Watch = Callable[[Callable[[str], None]], Callable[[], None]]
DEV = "dev"  #: name of whoever comes with the token of a start


@dataclass(frozen=True, slots=True)
class OpenDisplay:
    """A display that is open.

    Attributes
    ----------
    url : str
        Where.
    token : str
        Of this start only; "" if it has accounts alone.
    built : bool
        Whether the page is there, beside the API.
    display : Display
        The picture behind it.
    """

    url: str
    token: str
    built: bool
    display: Display
    server: WebServer
    end_watch: Callable[[], None]

    @property
    def link(self) -> str:
        """What to open in a browser. The token stands behind the ``#``: no server and no log ever sees it."""
        return f"{self.url}/#token={self.token}" if self.token else f"{self.url}/"

    def close(self) -> None:
        """Close it."""
        self.end_watch()
        self.display.close()
        self.server.stop()


def open_display(
    behind: Behind,
    settings: WebSettings,
    *,
    dev: Role | None = None,
    incidents: Incidents | None = None,
    map_files: Mapping[str, Path] | None = None,
    alarm_log: Path | None = None,
    alarm_store: AlarmStore | None = None,
    watch: Watch | None = None,
    more: Callable[[Display], Sequence[Routes]] = lambda _: (),
    extra: Mapping[str, Any] | None = None,
) -> OpenDisplay:
    """Open a display.

    Parameters
    ----------
    behind : Behind
        The service that is shown.
    settings : WebSettings
        Where, and by whom.
    dev : Role or None
        Make a token with that role for this start, at an address of this machine only.
    incidents : Incidents or None
        Those of the ledger, if there is one.
    map_files : mapping or None
        The user's own base map: ``base`` and ``terrain`` -> PMTiles file.
    alarm_log : pathlib.Path or None
        File to which each step in the life of an alarm is appended, one JSON object per line.
    alarm_store : AlarmStore or None
        Keeps how alarms stand over a restart.
    watch : callable or None
        Watches over the ledger: given whom to tell, returns what ends it.
    more : callable
        Routes of an exercise.
    extra : mapping or None
        More that the page is told of.

    Raises
    ------
    InputError
        If the address is public and not safe, or cannot be had; if a file is not there.
    """
    accounts = Accounts.read(settings.users or default_path())
    settings.check(accounts)
    if dev is not None and not settings.local:
        raise InputError(f"--dev: {settings.host} is no address of this machine alone")
    for name, path in (map_files or {}).items():
        if not path.is_file():
            raise InputError(f"{name} map: expected a PMTiles file", path=path)
    token = accounts.add(DEV, dev) if dev is not None else ""
    log = AlarmLog(alarm_log) if alarm_log else None
    display = Display(behind, on_transition=log, alarm_store=alarm_store, extra=extra)
    app = create_app(
        display, settings.gate(accounts), incidents=incidents, map_files=dict(map_files or {}), more=more(display)
    )
    server = WebServer(app, settings)
    try:
        server.start()
    except BaseException:
        display.close()
        raise
    end = _nothing if watch is None else watch(lambda fault: display.part("ledger", fault))
    return OpenDisplay(server.url, token, bool(read_assets()), display, server, end)


def _nothing() -> None:
    """Nothing is watched."""


class AlarmLog:
    """Appends transitions to a file. A disk that is full or gone stops nothing."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self.failed = 0

    def __call__(self, transition: Transition) -> None:
        """Keep one."""
        line = json.dumps(transition.entry(), separators=(",", ":"))
        try:
            with self._lock, self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError:
            self.failed += 1
