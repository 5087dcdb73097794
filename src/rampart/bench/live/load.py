"""Load: reports by the thousand per second for minutes - what is lost, how late warnings are, and what memory does."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from rampart.bench.programs import until
from rampart.records import Phase

from .programs import Host, broker, listener, sender
from .scene import Load, site_text

#: Reports per second and tracks.
STEPS = (Load(500, 4, 0.95), Load(1000, 5, 0.95))
WARM_SHARE = 0.25  #: of the time, before memory and latency are looked at
_OUT = '\n[[out]]\nid = "mqtt"\nkind = "mqtt"\nurl = "mqtt://127.0.0.1:{port}"\n'


def run_load(load: Load, seconds: float, *, by_turn: bool = False) -> list[dict[str, Any]]:
    """Rows of one load; `by_turn`: radars hand over what they saw of salvos a whole turn at a time."""
    name = f"{round(load.reports_per_s, -2):.0f} reports/s, {load.targets} targets" + ", by turn" * by_turn
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        out = ""
        if shutil.which("mosquitto"):
            out = _OUT.format(port=stack.enter_context(broker()))
        with Host(folder, site_text(load, more=out), "display") as host:
            host.ready()
            until(lambda: host.of("display"), 10.0)
            shown = next(iter(host.of("display")), None)
            sink = folder / "ws.sink"
            with ExitStack() as ears:
                if shown is not None:
                    ears.enter_context(listener(shown["url"], shown["token"], sink))
                port = host.last_live["ports"]["radars"]
                config = {"targets": load.targets, "radars": load.radars, "period_s": load.period_s, "by_turn": by_turn}
                busy = os.getloadavg()[0]
                with sender(port=port, seconds=seconds, **config) as process:
                    sent = json.loads(process.communicate()[0])
                time.sleep(2.0)
            host.stop()
            ticks, warnings = host.of("tick"), host.of("warning")
            deliveries = host.of("end")[-1]["deliveries"]
            arrived = _arrived(sink)
        return [
            {"name": f"lost, {name}", "ours": {**_losses(ticks[-1]["counters"], sent), "load_average": busy}},
            {"name": f"detection to bytes, {name}", "ours": _latency(warnings, deliveries, arrived)},
            {"name": f"memory, {name}", "ours": _memory(ticks)},
        ]


def total(counters: dict[str, float], name: str) -> int:
    """The sum of a counter over its labels."""
    return int(sum(value for key, value in counters.items() if key.partition("{")[0] == name))


def _losses(counters: dict[str, float], sent: dict[str, Any]) -> dict[str, Any]:
    accepted, dropped = total(counters, "feed_packets_total"), total(counters, "feed_dropped_total")
    return {
        "datagrams": sent["datagrams"], "lost": sent["datagrams"] - accepted, "dropped_counted": dropped,
        "reports_per_s": sent["reports_per_s"], "seconds": sent["seconds"], "sender_late_s": sent["late_s"],
        "tracks": total(counters, "tracks"), "not_in_journal": total(counters, "journal_lost_total"),
    }  # fmt: skip


def _latency(
    warnings: list[dict[str, Any]], deliveries: dict[str, list[Any]], arrived: dict[tuple[int, int], int]
) -> dict[str, Any]:
    """From the receipt of the detection that decided to MQTT and socket; of prepare and shelter, after the warm-up.

    Only of messages that a detection of their own step decided: others go out because time has passed.
    """
    calls = [w for w in warnings if w["phase"] in (Phase.PREPARE.label, Phase.SHELTER.label) and w["fresh"]]
    first_ns = calls[0]["decided_ns"] if calls else 0
    last_ns = calls[-1]["decided_ns"] if calls else 0
    calls = [w for w in calls if w["decided_ns"] >= first_ns + WARM_SHARE * (last_ns - first_ns)]
    sent = {
        (n, s): at
        for n, s, at in zip(deliveries["number"], deliveries["sequence"], deliveries["sent_ns"], strict=True)
        if at
    }
    return {
        "decided": spread([w["at_ns"] - w["received_ns"] for w in calls]),
        "mqtt": spread(_ends(calls, sent)),
        "socket": spread(_ends(calls, arrived)),
    }


def _ends(calls: list[dict[str, Any]], ends: dict[tuple[int, int], int]) -> list[int]:
    found = []
    for call in calls:
        number = int(call["id"].rpartition("W")[2])
        end = ends.get((number, call["sequence"]))
        if end is not None:
            found.append(end - call["received_ns"])
    return found


def _arrived(path: Path) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for line in path.read_text("ascii").splitlines() if path.is_file() else ():
        at_ns, number, sequence = line.split()
        found.setdefault((int(number), int(sequence)), int(at_ns))
    return found


def spread(values_ns: list[int]) -> dict[str, float]:
    """Marks of a distribution of ns, in ms."""
    if not values_ns:
        return {"n": 0}
    marks = np.percentile(np.array(values_ns) * 1e-6, (50, 95, 99, 100)).round(1).tolist()
    return {"n": len(values_ns), **dict(zip(("p50_ms", "p95_ms", "p99_ms", "max_ms"), marks, strict=True))}


def _memory(ticks: list[dict[str, Any]]) -> dict[str, Any]:
    """Own memory of service and receiver, after the warm-up and at the end."""
    busy = [tick for tick in ticks if total(tick["counters"], "detections_total")]
    warm = busy[round(len(busy) * WARM_SHARE) :]
    found: dict[str, Any] = {"ticks": len(warm)}
    for key in ("rss_mb", "receiver_mb"):
        values = [tick[key] for tick in warm]
        part = max(len(values) // 5, 1)
        before, after = float(np.median(values[:part])), float(np.median(values[-part:]))
        found[key] = {"warm": round(before, 1), "end": round(after, 1), "growth": round(after - before, 1)}
    return found
