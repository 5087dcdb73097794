"""Programs: a service, a sender, a broker and a listener, each in a process of its own, ended by its id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rampart.bench.programs import free_port, listens, until


@contextmanager
def broker() -> Iterator[int]:
    """A mosquitto; its port."""
    port = free_port()
    process = subprocess.Popen(["mosquitto", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: listens(port), 10.0)
        yield port
    finally:
        process.terminate()
        process.wait()


class Host:
    """A service in a process of its own; see `rampart.bench.live.host`.

    Attributes
    ----------
    said : list of dict
        What it said so far.
    """

    def __init__(self, folder: Path, site: str, *more: str, prefix: tuple[str, ...] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "site.toml"
        path.write_text(site, encoding="utf-8")
        self.log, self.state = folder / "log", folder / "state"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "rampart.bench.live.host", str(path), str(self.state), *more],
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        self.said: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                self.said.append(json.loads(line))
            except ValueError:  # killed in the middle of a line
                continue

    def of(self, what: str) -> list[dict[str, Any]]:
        """All it said of one kind."""
        return [said for said in list(self.said) if said["what"] == what]

    @property
    def last_live(self) -> dict[str, Any]:
        """The latest start."""
        return self.of("live")[-1]

    def ready(self, starts: int = 1) -> bool:
        """Wait until it has started so often."""
        return until(lambda: len(self.of("live")) >= starts)

    def kill_core(self) -> None:
        """Kill the service; its supervisor lives."""
        os.kill(int(self.last_live["pid"]), signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator would."""
        self.process.terminate()
        try:
            self.process.wait(30.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(5.0)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@contextmanager
def sender(**config: Any) -> Iterator[subprocess.Popen[str]]:
    """A sender; its answer is on stdout."""
    command = [sys.executable, "-m", "rampart.bench.live.sender", json.dumps(config)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def listener(url: str, token: str, path: Path) -> Iterator[None]:
    """A display's socket, listened to; each warning with the time it came goes to a file."""
    with path.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "rampart.bench.live.listen", url, token], stdout=out)
        try:
            yield
        finally:
            process.terminate()
            process.wait()
