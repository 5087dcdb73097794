"""Sender: ``python -m rampart.bench.live.sender JSON`` sends a load to a port, on time, and says what it sent."""

from __future__ import annotations

import json
import socket
import sys
import time
from typing import Any

from rampart.records import DetectionFlag

from .scene import TICK_S, Load, Salvos, Stream, monotonic_start


def send(config: dict[str, Any]) -> dict[str, Any]:
    """Send for `seconds` by the clock, never waiting for who receives: what is late is told of."""
    load = Load(config["targets"], config["radars"], config["period_s"])
    mark = DetectionFlag.NONE if config.get("unmarked") else DetectionFlag.SIMULATED
    salvos = Salvos(load, by_turn=config.get("by_turn", False)) if config.get("salvos", True) else None
    target = ("127.0.0.1", int(config["port"]))
    start_ns, start_s = monotonic_start(1.0)
    stream = Stream(load, start_ns, mark, salvos)
    sent = reports = octets = 0
    late_s = 0.0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        for k in range(round(config["seconds"] / TICK_S)):
            due = stream.tick(k)
            wait_s = start_s + due.at_s - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            late_s = max(late_s, -wait_s)
            for payload in due.payloads:
                out.sendto(payload, target)
                octets += len(payload)
            sent, reports = sent + len(due.payloads), reports + due.reports
    seconds = time.monotonic() - start_s
    return {
        "datagrams": sent, "reports": reports, "octets": octets, "seconds": round(seconds, 2),
        "reports_per_s": round(reports / seconds), "late_s": round(late_s, 3),
    }  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(send(json.loads(sys.argv[1]))) + "\n")
