"""Host: ``python -m rampart.bench.live.host SITE STATE`` runs a service as ``rampart serve`` does, and says on stdout
how it is.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rampart.pipeline import LIVE_ROOMS, load
from rampart.records import HealthState, Phase, warning_name
from rampart.serve.journal import Journal
from rampart.serve.service import Service
from rampart.serve.service.log import log_json
from rampart.serve.service.run import Options, run_service


def resident_mb(pid: int) -> float:
    """Memory of a process that is its own, MB; nan if there is none."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return float("nan")
    own = [int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_")]
    return sum(own) / 1024


class Teller:
    """Says how a service is, once per second, and each warning as it is decided."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._known: dict[str, set[int]] = {}  # receipts of the latest detection of each track, as of the step before
        self._end = service.subscribe(self._warn)
        view = {site: service.view(site).warnings for site in service.sites}
        held = [warning_name(site, int(n)) for site, rows in view.items() for n in rows.number.tolist()]
        self._say({"what": "live", "pid": os.getpid(), "ports": service.ports, "at_ns": time.time_ns(), "open": held,
                   "steps_again": 0 if service.recovered is None else service.recovered.steps})  # fmt: skip
        self.more: Callable[[], set[str]] = set  # ids of other alarms
        self._alarms: set[str] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _say(self, what: dict[str, Any]) -> None:
        with self._lock:
            sys.stdout.write(json.dumps(what) + "\n")
            sys.stdout.flush()

    def _warn(self, site: str, outputs: Any) -> None:
        known, latest = self._known.get(site, set()), set(outputs.tracks.received_ns.tolist())
        self._known[site] = latest
        for row in outputs.warnings:
            self._say(
                {
                    "what": "warning", "id": warning_name(site, int(row.number)), "sequence": int(row.sequence),
                    "phase": Phase(int(row.phase)).label, "zone": int(row.zone), "received_ns": int(row.received_ns),
                    "decided_ns": int(row.time_ns), "at_ns": self._service.clock(), "reason": str(row.reason),
                    "fresh": int(row.received_ns) in latest - known,
                }
            )  # fmt: skip

    def _run(self) -> None:
        ticked_s = time.monotonic()
        while not self._stop.wait(0.02):
            self._look()
            if time.monotonic() - ticked_s >= 1.0:
                ticked_s = time.monotonic()
                self._tick()

    def _look(self) -> None:
        """Say which alarms have come and gone."""
        now = {alarm.peer for alarm in self._service.alarms()} | self.more()
        for part in now ^ self._alarms:
            self._say({"what": "alarm", "part": part, "over": part not in now, "at_ns": time.time_ns()})
        self._alarms = now

    def _tick(self) -> None:
        bad = [f"{row.part}: {row.reason}" for row in self._service.health() if not HealthState(int(row.state)).works]
        feeds = self._service._feeds
        receiver = 0 if feeds is None else feeds.receiver.ring.writer_pid
        self._say(
            {
                "what": "tick", "at_ns": time.time_ns(), "rss_mb": resident_mb(os.getpid()),
                "receiver_mb": resident_mb(receiver), "counters": self._service.counters(), "bad": bad,
            }
        )  # fmt: skip

    def close(self) -> None:
        """Say the last."""
        self._stop.set()
        self._thread.join()
        self._tick()
        deliveries = self._service.deliveries()
        names = (
            "peer",
            "number",
            "sequence",
            "phase",
            "outcome",
            "received_ns",
            "decided_ns",
            "sent_ns",
            "acknowledged_ns",
        )
        rows = {name: getattr(deliveries, name).tolist() for name in names}
        self._say({"what": "end", "deliveries": rows})
        self._end()


class Shown:
    """The display and the teller of one service."""

    def __init__(self, service: Service, *, display: bool, ledger: str | None = None) -> None:
        self._display: Any = None
        if display:
            from rampart.serve.web.incidents import LedgerIncidents
            from rampart.serve.web.roles import Role
            from rampart.serve.web.server import WebSettings
            from rampart.serve.web.start import open_display

            watch = None if ledger is None else LedgerIncidents(ledger).watch
            self._display = open_display(service, WebSettings(port=0), dev=Role.VIEWER, watch=watch)
        self._teller = Teller(service)
        if self._display is not None:
            self._teller.more = self._ledger_alarms
            self._teller._say({"what": "display", "url": self._display.url, "token": self._display.token})

    def _ledger_alarms(self) -> set[str]:
        shown = self._display.display
        with shown.lock:
            standing = [alarm["id"] for alarm in shown.board.entries() if alarm["state"] != "returned"]
        return {name for name in standing if name.endswith("/ledger")}

    def close(self) -> None:
        """End both."""
        self._teller.close()
        if self._display is not None:
            self._display.close()


def _fail_where(there: Path) -> None:
    """A disk that fails as long as a file is there."""

    def sync(fd: int) -> None:
        if there.exists():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fdatasync(fd)

    defaults = Journal.__init__.__kwdefaults__
    assert defaults is not None
    defaults["sync"] = sync


def main() -> int:
    """Run it."""
    scenario = load(sys.argv[1], rooms=LIVE_ROOMS)
    state = Path(sys.argv[2]) if sys.argv[2] != "-" else None
    log_json(sys.stderr, logging.INFO)
    display = "display" in sys.argv[3:]
    given = dict(word.partition("=")[::2] for word in sys.argv[3:] if "=" in word)
    if "eio" in given:
        _fail_where(Path(given["eio"]))
    if display:  # loaded before the service is forked
        import rampart.serve.web.start  # noqa: F401
    options = Options(state=state, supervised="single" not in sys.argv[3:])
    return run_service(scenario, options, lambda service: Shown(service, display=display, ledger=given.get("ledger")))


if __name__ == "__main__":
    sys.exit(main())
