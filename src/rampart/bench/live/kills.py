"""Kills: a service killed in the middle of a raid, again and again - when it is back, and what it says then."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from rampart.serve.journal import replay_journal
from rampart.serve.journal.history import segments
from rampart.serve.journal.scan import scan

from .programs import Host, sender, until
from .scene import Load, site_text

_CLOSING = ("release", "cancel")
_PACKETS = 2  # channel of the journal


def run_kills(count: int) -> list[dict[str, Any]]:
    """Kill the core `count` times while salvos come in; its supervisor and receiver live.

    Looked for: a warning that was open and is not after the restart; one that is opened for a zone while another of
    it is open, or decided twice (a duplicate); an end that comes of the restart alone; a packet that was let in and
    is missing in the journal.
    """
    dice, load = random.Random(5), Load(60, 4, 0.95)
    back_s: list[float] = []
    lost_open = duplicates = again = 0
    with tempfile.TemporaryDirectory() as name, Host(Path(name), site_text(load)) as host:
        host.ready()
        config = {"targets": load.targets, "radars": load.radars, "period_s": load.period_s}
        port = host.last_live["ports"]["radars"]
        with sender(port=port, seconds=25.0 + 3.0 * count, **config) as process:
            until(lambda: host.of("warning"), 40.0)
            for _ in range(count):
                time.sleep(dice.uniform(0.6, 1.8))
                before, starts = _open(host), len(host.of("live"))
                killed_ns = time.time_ns()
                host.kill_core()
                if not host.ready(starts + 1):
                    break
                live = host.last_live
                back_s.append((live["at_ns"] - killed_ns) * 1e-9)
                again += live["steps_again"]
                lost_open += len(before - set(live["open"]))
            process.kill()
        time.sleep(1.0)
        duplicates = _duplicates(host)
        host.stop()
        session = next(path for path in sorted(host.state.iterdir()) if path.is_dir())
        sequences = [
            int.from_bytes(e.data[:8], "little") for p in segments(session) for e in scan(p) if e.channel == _PACKETS
        ]
        replayed = replay_journal(session)
    missing = max(sequences) - len(set(sequences)) if sequences else 0
    marks = np.percentile(back_s, (50, 95, 100)).round(2).tolist() if back_s else [None] * 3
    names = ("live_again_s_p50", "live_again_s_p95", "live_again_s_max")
    ours = {
        "kills": len(back_s), **dict(zip(names, marks, strict=True)),
        "open_warnings_lost": lost_open, "duplicates": duplicates, "steps_made_again": again,
        "packets": len(sequences), "packets_missing": missing, "packets_twice": len(sequences) - len(set(sequences)),
        "false_releases": _false_releases(host),
    }  # fmt: skip
    same = {"steps": replayed.steps, "different": len(replayed.different), "gaps": replayed.gaps}
    return [{"name": "killed in the raid", "ours": ours}, {"name": "replay of the killed session", "ours": same}]


def _open(host: Host) -> set[str]:
    """Warnings that are open by what was said."""
    phases: dict[str, str] = {}
    for said in list(host.said):
        if said["what"] == "warning":
            phases[said["id"]] = said["phase"]
    return {name for name, phase in phases.items() if phase not in _CLOSING}


def _false_releases(host: Host) -> int:
    """Warnings that ended within 3 s of a restart, and whose zone was warned again within 30 s: it was not over."""
    starts = [live["at_ns"] for live in host.of("live")[1:]]
    warnings, found = host.of("warning"), 0
    for i, end in enumerate(warnings):
        soon = any(0 <= end["decided_ns"] - at_ns <= 3 * 10**9 for at_ns in starts)
        if end["phase"] in _CLOSING and soon:
            after = [w for w in warnings[i + 1 :] if w["decided_ns"] - end["decided_ns"] <= 30 * 10**9]
            found += any(w["zone"] == end["zone"] and w["id"] == end["id"] for w in after)
    return found


def _duplicates(host: Host) -> int:
    """Messages that were decided twice, and warnings that were opened for a zone while another of it was open."""
    said: set[tuple[str, int, str]] = set()
    standing: dict[int, set[str]] = {}
    found = 0
    for one in list(host.said):
        if one["what"] != "warning":
            continue
        key = one["id"], one["sequence"], one["phase"]
        found += key in said
        said.add(key)
        mine = standing.setdefault(one["zone"], set())
        if one["phase"] in _CLOSING:
            mine.discard(one["id"])
        else:
            found += bool(mine - {one["id"]})
            mine.add(one["id"])
    return found
