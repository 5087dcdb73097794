"""Receiver: starts the process that fills the ring, keeps it running, and opens the sockets that it listens at."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from rampart.errors import InputError
from rampart.serve.receiver.inlet import open_udp
from rampart.serve.receiver.ring import Ring

RING_BYTES = 64 << 20
WATCH_S = 0.25
READY_S = 20.0


class Receiver:
    """The process that fills the ring.

    Parameters
    ----------
    inlets : sequence of mapping
        `FeedPlan.inlets`.
    origin_ns, began_ns, speed : int, int, float
        The clock of the service: ns UTC at `began_ns` of the monotonic clock, and its seconds per real second.
    ring_bytes : int
        Room for what the core has not yet taken and kept.

    Notes
    -----
    Sockets and ring belong to whoever holds this object, and outlive the process: one that dies is started again within
    0.25 s, and what came meanwhile waits in the sockets' buffers. The process ends when its stdin does.

    Raises
    ------
    InputError
        If an address cannot be listened at.
    """

    def __init__(
        self,
        inlets: Sequence[Mapping[str, Any]],
        *,
        origin_ns: int,
        began_ns: int,
        speed: float = 1.0,
        ring_bytes: int = RING_BYTES,
    ) -> None:
        self._sockets = [_open(inlet) if inlet["transport"] == "udp" else None for inlet in inlets]
        self.ring = Ring.create(ring_bytes, len(inlets))
        self.wake_fd, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        os.set_blocking(self.wake_fd, False)
        feeds = [
            {**inlet, **({} if found is None else {"fd": found.fileno()})}
            for inlet, found in zip(inlets, self._sockets, strict=True)
        ]
        self._config = {
            "ring_fd": self.ring.fd, "wake_fd": self._wake_write, "origin_ns": origin_ns, "began_ns": began_ns,
            "speed": speed, "feeds": feeds,
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self._launched_s = 0.0
        self.starts = 0  #: how often the process was started

    @property
    def ports(self) -> list[int]:
        """Where each feed listens; 0 for a stream."""
        return [0 if found is None else int(found.getsockname()[1]) for found in self._sockets]

    @property
    def pid(self) -> int:
        """Of the process; 0 while there is none."""
        return 0 if self._process is None or self._process.poll() is not None else self._process.pid

    def start(self, *, watch: bool = True) -> None:
        """Start the process; a thread keeps watch over it, or whoever started it calls `look`."""
        self._launch()
        if not watch:
            return
        self._watcher = threading.Thread(target=self._watch, name="receiver watch", daemon=True)
        self._watcher.start()

    def _launch(self) -> None:
        fds = [self.ring.fd, self._wake_write, *(found.fileno() for found in self._sockets if found is not None)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rampart.serve.receiver"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=fds, start_new_session=True,
        )  # fmt: skip
        self.starts += 1
        self._launched_s = time.monotonic()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(self._config).encode() + b"\n")
            self._process.stdin.flush()
        self._process.stdout.readline()  # ready, or ended

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_S):
            self.look()

    def look(self) -> None:
        """Start the process again if it has ended, at most once per second."""
        if not self.pid and time.monotonic() - self._launched_s > 1.0:
            self._close_pipes()
            self._launch()

    def _close_pipes(self) -> None:
        for stream in (self._process.stdin, self._process.stdout) if self._process is not None else ():
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def stop(self) -> None:
        """End the process; ring and sockets stay until `close`."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        process = self._process
        if process is not None:
            self._close_pipes()
            try:
                process.wait(2.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._process = None

    def close(self) -> None:
        """End the process and let go of sockets and ring."""
        self.stop()
        for found in self._sockets:
            if found is not None:
                found.close()
        for fd in (self.wake_fd, self._wake_write):
            with suppress(OSError):
                os.close(fd)
        self.ring.close()


def _open(inlet: Mapping[str, Any]) -> socket.socket:
    try:
        return open_udp(inlet)
    except OSError as error:
        raise InputError(
            f"udp://{inlet['host']}:{inlet['port']}: cannot listen there: {error.strerror or error}"
        ) from None
