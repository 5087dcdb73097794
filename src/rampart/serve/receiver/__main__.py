"""``python -m rampart.serve.receiver``: the receiver's program; whoever starts it says on stdin what to do."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from typing import Any

from .inlet import StreamInlet, UdpInlet, kernel_drops
from .ring import Ring

POLL_MS = 200
LOOK_S = 0.25  #: how often the kernel's counters are looked at

Inlet = UdpInlet | StreamInlet


def receive(config: dict[str, Any], stop_fd: int) -> None:
    """Fill the ring until `stop_fd` can be read: whoever started us has ended or wants us to."""
    ring = Ring(int(config["ring_fd"]))
    wake_fd = int(config["wake_fd"])
    origin_ns, began_ns, speed = int(config["origin_ns"]), int(config["began_ns"]), float(config["speed"])

    def stamp(monotonic_ns: int) -> int:
        return origin_ns + round((monotonic_ns - began_ns) * speed)

    inlets: list[Inlet] = [
        (UdpInlet if feed["transport"] == "udp" else StreamInlet)(int(feed["feed"]), feed, ring, stamp)
        for feed in config["feeds"]
    ]
    streams = [inlet for inlet in inlets if isinstance(inlet, StreamInlet)]
    by_fd = {inlet.fileno(): inlet for inlet in inlets if inlet.fileno() >= 0}
    poll = select.poll()
    for fd in (stop_fd, *by_fd):
        poll.register(fd, select.POLLIN)
    look_s, pid = 0.0, os.getpid()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        taken = 0
        for fd, _ in poll.poll(POLL_MS):
            if fd == stop_fd:
                return
            inlet = by_fd[fd]
            taken += inlet.drain()
            if inlet.fileno() != fd:  # the stream has ended
                del by_fd[fd]
                poll.unregister(fd)
        if taken:
            with suppress(BlockingIOError):  # the core has not yet heard the last one: it will look anyway
                os.write(wake_fd, b"!")
        now_s = time.monotonic()
        ring.beat(time.monotonic_ns(), pid)
        for stream in streams:
            if stream.connect(now_s):
                by_fd[stream.fileno()] = stream
                poll.register(stream.fileno(), select.POLLIN)
        if now_s >= look_s:
            look_s = now_s + LOOK_S
            drops = kernel_drops()
            for inlet in inlets:
                inlet.look(drops)


def main() -> None:
    """Read one line of JSON, then receive until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us
    receive(json.loads(sys.stdin.readline()), sys.stdin.fileno())


if __name__ == "__main__":
    main()
