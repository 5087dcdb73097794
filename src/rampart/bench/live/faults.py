"""Faults: a disk that is full, one that fails, a ledger that is gone - how soon it is said, and what goes on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rampart.bench.programs import until
from rampart.ledger.incidents import ClaimDraft, IncidentDraft, Ledger

from .programs import Host, listener, sender
from .scene import Load, site_text

Row = dict[str, Any]
AFTER_S = 12.0  #: how long is looked at after a fault
_LOAD = Load(60, 4, 0.95)
#: A file system of 16 MiB for the state, in a mount namespace of its own.
_SMALL_DISK = ("unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"')


def run_faults() -> list[Row]:
    """Rows: the journal's disk fails, the ledger is gone; and, in a service of its own, the disk is full."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        eio, ledger = folder / "eio", folder / "ledger.sqlite"
        Ledger(str(ledger)).add([IncidentDraft(site="bench", claims=(ClaimDraft("press", "One."),))], now_ns=0)
        with _Site(folder, f"eio={eio}", f"ledger={ledger}") as site:
            rows = [
                site.fault("journal: fdatasync fails (EIO)", "journal", eio.touch, eio.unlink),
                site.fault(
                    "ledger: its database is gone", "bench/ledger", lambda: _away(ledger), lambda: _back(ledger)
                ),
            ]
    with tempfile.TemporaryDirectory() as name:
        state = Path(name) / "state"
        state.mkdir()
        with _Site(Path(name), prefix=(*_SMALL_DISK, str(state))) as site:
            fill = Path(f"/proc/{site.host.process.pid}/root") / state.relative_to("/") / "fill"
            rows.append(site.fault("journal: the disk is full", "journal", lambda: _fill(fill), fill.unlink))
    return rows


class _Site:
    """A service in a raid, and a page that listens."""

    def __init__(self, folder: Path, *more: str, prefix: tuple[str, ...] = ()) -> None:
        self._stack = ExitStack()
        self.host = self._stack.enter_context(Host(folder, site_text(_LOAD), "display", *more, prefix=prefix))
        self._sink = folder / "ws.sink"

    def __enter__(self) -> _Site:
        self.host.ready()
        until(lambda: self.host.of("display"), 10.0)
        shown = self.host.of("display")[0]
        self._stack.enter_context(listener(shown["url"], shown["token"], self._sink))
        config = {"targets": _LOAD.targets, "radars": _LOAD.radars, "period_s": _LOAD.period_s}
        port = self.host.last_live["ports"]["radars"]
        self._stack.enter_context(sender(port=port, seconds=600.0, **config))
        until(lambda: self.host.of("warning"), 60.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def fault(self, name: str, part: str, begin: Callable[[], object], end: Callable[[], object]) -> Row:
        """Make a fault, look, mend it, look again."""
        before = self._figures()
        began_ns = time.time_ns()
        begin()
        until(lambda: self._alarm(part, began_ns, over=False), 10.0)
        time.sleep(AFTER_S)
        after = self._figures()
        mended_ns = time.time_ns()
        end()
        until(lambda: self._alarm(part, mended_ns, over=True), 20.0)
        time.sleep(1.0)
        alarm, over = self._alarm(part, began_ns, over=False), self._alarm(part, mended_ns, over=True)
        ours = {
            "alarm_after_s": round((alarm - began_ns) * 1e-9, 2) if alarm else None,
            "alarm_over_s": round((over - mended_ns) * 1e-9, 2) if over else None,
            **{f"{key}_meanwhile": round(after[key] - before[key], 1) for key in before},
        }
        return {"name": name, "ours": ours}

    def _alarm(self, part: str, since_ns: int, *, over: bool) -> int:
        """When it was said; 0 if it was not."""
        said = self.host.of("alarm")
        return next((a["at_ns"] for a in said if a["part"] == part and a["over"] == over and a["at_ns"] > since_ns), 0)

    def _figures(self) -> dict[str, float]:
        counters = self.host.of("tick")[-1]["counters"]
        shown = len(self._sink.read_text("ascii").splitlines())
        return {
            "steps": counters['steps_total{site="bench"}'],
            "warnings": len(self.host.of("warning")),
            "warnings_on_the_page": shown,
            "failed_steps": counters['step_faults_total{site="bench"}'],
            "seconds": time.monotonic(),
        }


def _away(ledger: Path) -> None:
    ledger.rename(ledger.with_suffix(".away"))


def _back(ledger: Path) -> None:
    ledger.with_suffix(".away").rename(ledger)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)):
                pass
        except OSError:  # that is the point
            return
