"""Burst: ten thousand datagrams as fast as one can send them, and a core that stands still meanwhile."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from rampart.bench.programs import until
from rampart.records import DetectionFlag

from .load import total
from .programs import Host
from .scene import Load, Stream, site_text


def run_burst(datagrams: int = 10_000) -> list[dict[str, Any]]:
    """Rows: a burst, one while the core is stopped, and one that a stopped receiver must lose and count."""
    load = Load(200, 4, 0.95)
    with tempfile.TemporaryDirectory() as folder, Host(Path(folder), site_text(load)) as host:
        host.ready()
        live = host.last_live
        stream = Stream(load, time.time_ns(), DetectionFlag.SIMULATED, None)
        payloads: list[bytes] = []
        k = 0
        while len(payloads) < datagrams:
            payloads += stream.tick(k).payloads
            k += 1
        target = ("127.0.0.1", int(live["ports"]["radars"]))
        rows = [{"name": "burst", "ours": _burst(host, target, payloads[:datagrams], 0)}]
        stopped = _burst(host, target, payloads[:datagrams], int(live["pid"]))
        rows.append({"name": "burst, core stopped for 1 s", "ours": stopped})
        return rows


def _burst(host: Host, target: tuple[str, int], payloads: list[bytes], stopped: int) -> dict[str, Any]:
    before = _counters(host)
    if stopped:
        os.kill(stopped, signal.SIGSTOP)
    began_s = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        for payload in payloads:
            out.sendto(payload, target)
    took_s = time.monotonic() - began_s
    if stopped:
        time.sleep(max(1.0 - took_s, 0.0))
        os.kill(stopped, signal.SIGCONT)

    def told() -> bool:
        now = _counters(host)
        return now[0] - before[0] + now[1] - before[1] >= len(payloads)

    whole = until(told, 15.0)
    after = _counters(host)
    return {
        "datagrams": len(payloads), "per_s": round(len(payloads) / took_s),
        "lost": len(payloads) - (after[0] - before[0]), "dropped_counted": after[1] - before[1], "all_told": whole,
    }  # fmt: skip


def _counters(host: Host) -> tuple[int, int]:
    ticks = host.of("tick")
    if not ticks:
        return 0, 0
    counters = ticks[-1]["counters"]
    return total(counters, "feed_packets_total"), total(counters, "feed_dropped_total")
