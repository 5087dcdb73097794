"""Display: many browsers at once, one that stalls, and the first picture of a real one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rampart.bench.display_source import Source
from rampart.errors import RunError
from rampart.serve.web.roles import Role
from rampart.serve.web.server import WebSettings
from rampart.serve.web.start import OpenDisplay, open_display

CLIENTS, TRACKS, SECONDS = 25, (500, 2000), 20.0
PAGES = 7


def run(quick: bool = False) -> dict[str, Any]:
    """Figures of the display on this machine's loopback."""
    seconds = 6.0 if quick else SECONDS
    results = [crowd(n, seconds, stalled=False) for n in TRACKS]
    results.append(crowd(TRACKS[0], max(seconds, 12.0), stalled=True))
    results += pages(2 if quick else PAGES)
    return {"results": results}


def crowd(tracks: int, seconds: float, *, stalled: bool) -> dict[str, Any]:
    """25 clients in a process of their own, and a warning each second."""
    source = Source(tracks)
    opened = open_display(source, WebSettings(port=0), dev=Role.VIEWER)
    try:
        with source:
            cpu_s, began_s = time.process_time(), time.monotonic()
            stop = _stall(opened) if stalled else None
            figures = _clients(opened, seconds)
            share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
            if stop is not None:
                figures |= stop()
    finally:
        opened.close()
    figures["server_cpu_share"] = round(share, 3)
    name = f"{CLIENTS} clients, {tracks} tracks" + (", and one that takes nothing" if stalled else "")
    return {"name": name, "ours": figures}


def _clients(opened: OpenDisplay, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "rampart.bench.display_clients", opened.url, str(CLIENTS), str(seconds)]
    done = subprocess.run(command, input=opened.token, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RunError(f"the clients failed: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _stall(opened: OpenDisplay) -> Callable[[], dict[str, Any]]:
    """A client that connects and takes nothing, until it is cut off: what waited for it at most, and for how long."""
    from rampart.bench.display_clients import connect_and_stall

    most, over, began_s = [0], threading.Event(), time.monotonic()
    lasted: list[float] = []
    client = connect_and_stall(opened.url, opened.token)

    def watch() -> None:
        while not over.wait(0.02):
            most[0] = max([most[0], *(c.waiting_bytes for c in list(opened.display.clients))])
            if opened.display.cut_off and not lasted:
                lasted.append(time.monotonic() - began_s)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()

    def stop() -> dict[str, Any]:
        over.set()
        thread.join()
        client.close()
        return {
            "most_waiting_for_one_kib": round(most[0] / 1024, 1),
            "cut_off_after_s": round(lasted[0], 1) if lasted else None,
        }

    return stop


def pages(count: int) -> list[dict[str, Any]]:
    """The page in Chromium: time to the first picture, and what one picture of 2,000 moving tracks costs."""
    from rampart.bench.browser import Browser

    source = Source(TRACKS[1])
    opened = open_display(source, WebSettings(port=0), dev=Role.VIEWER)
    first_ms, figures = [], {}
    try:
        if not opened.built or Browser.find() is None:
            return [{"name": "page", "ours": {"skipped": "no built page" if not opened.built else "no chromium"}}]
        with source:
            for i in range(count):
                with Browser() as browser:
                    browser.go(opened.link)
                    first_ms.append(browser.until("window.rampart && rampart.firstPicture()", 60.0))
                    if i == count - 1:
                        time.sleep(8.0)
                        figures = browser.ask("rampart.stats()")
    finally:
        opened.close()
    ms = np.array(first_ms, float)
    return [
        {
            "name": "first picture in Chromium",
            "ours": {
                "n": count,
                "median_s": round(float(np.median(ms)) * 1e-3, 3),
                "most_s": round(ms.max() * 1e-3, 3),
            },
        },
        {
            "name": "page with 2000 moving tracks, without a graphics card",
            "ours": {
                "drawn": figures["drawn"],
                "script_ms_per_picture": round(figures["ms"], 2),
                "shed": figures["shed"],
            },
        },
    ]
