"""Clients: many displays in one process; they note when what arrives. Takes URL, count, seconds; the token on stdin."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from rampart.errors import RunError
from rampart.serve.web.frame import decode

WARM_S = 2.0


def connect_and_stall(url: str, token: str) -> socket.socket:
    """A connection that shakes hands and then takes nothing more."""
    place = urlsplit(url)
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.connect((place.hostname, place.port))
    lines = (
        "GET /ws HTTP/1.1", f"Host: {place.netloc}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13", f"Authorization: Bearer {token}",
    )  # fmt: skip
    stalled.sendall("\r\n".join((*lines, "", "")).encode())
    if b" 101 " not in stalled.recv(64):
        raise RunError("the display refused a client")
    return stalled


def connect(url: str, token: str) -> Any:
    """A socket to a display."""
    from websockets.asyncio.client import connect as open_socket

    return open_socket(
        url.replace("http", "ws", 1) + "/ws",
        additional_headers={"authorization": f"Bearer {token}"},
        compression=None,
        max_size=None,
        ping_interval=None,
    )


async def _listen(url: str, token: str, seconds: float) -> dict[str, list[float]]:
    """What one client sees: times of pictures, delays of warnings and of pictures [ms], octets."""
    seen: dict[str, list[float]] = {"pictures": [], "warning_ms": [], "picture_ms": [], "octets": []}
    end_s = time.monotonic() + WARM_S + seconds
    begin_s = time.monotonic() + WARM_S
    async with connect(url, token) as socket:
        while time.monotonic() < end_s:
            with suppress(TimeoutError):
                octets = await asyncio.wait_for(socket.recv(), 1.0)
                now_ms = time.time() * 1e3
                if time.monotonic() >= begin_s:
                    _note(seen, decode(octets).head, now_ms, len(octets))
    return seen


def _note(seen: dict[str, list[float]], head: Any, now_ms: float, octets: int) -> None:
    seen["octets"].append(octets)
    if head["kind"] != "delta":
        return
    seen["pictures"].append(now_ms)
    seen["picture_ms"].append(now_ms - head["step_ms"])
    seen["warning_ms"] += [now_ms - warning["time_ms"] for warning in head.get("warnings", ())]


async def measure(url: str, token: str, count: int, seconds: float) -> dict[str, Any]:
    """All clients at once, and what they saw together."""
    seen = await asyncio.gather(*(_listen(url, token, seconds) for _ in range(count)))
    rates = [len(s["pictures"]) / seconds for s in seen]
    warnings = np.concatenate([s["warning_ms"] for s in seen])
    delays = np.concatenate([s["picture_ms"] for s in seen])
    return {
        "seconds": seconds,
        "pictures_per_s_least": round(min(rates), 2),
        "pictures_per_s_median": round(float(np.median(rates)), 2),
        "warnings": len(warnings),
        "warning_ms": _spread(warnings),
        "picture_ms": _spread(delays),
        "kb_per_s_and_client": round(sum(sum(s["octets"]) for s in seen) / count / seconds / 1e3, 1),
    }


def _spread(values: np.ndarray) -> dict[str, float | None]:
    if not len(values):
        return {"p50": None, "p99": None, "max": None}
    return {
        "p50": round(float(np.median(values)), 1),
        "p99": round(float(np.quantile(values, 0.99)), 1),
        "max": round(float(values.max()), 1),
    }


if __name__ == "__main__":
    found = asyncio.run(measure(sys.argv[1], sys.stdin.read().strip(), int(sys.argv[2]), float(sys.argv[3])))
    sys.stdout.write(json.dumps(found))
