"""Kills: a service killed in the middle of a raid, again and again - when it is back, and what it says then."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from rampart.bench.programs import until
from rampart.records import Phase, warning_name
from rampart.serve.core import Worked
from rampart.serve.journal import replay_journal
from rampart.serve.journal.history import segments
from rampart.serve.journal.scan import scan

from .programs import Host, sender
from .scene import Load, site_text

_CLOSING = ("release", "cancel")
_PACKETS = 2  # channel of the journal


def run_kills(count: int) -> list[dict[str, Any]]:
    """Kill the core `count` times while salvos come in; its supervisor and receiver live.

    Looked for: a warning that was open and is not after the restart, without an end; one that is opened for a zone
    while another of it is open, or decided twice (a duplicate); an end that comes of the restart alone; a packet that
    was let in and is missing in the journal. Whether an end is one, a chain says that makes all steps of the journal
    again and was never killed.
    """
    dice, load = random.Random(5), Load(60, 4, 0.95)
    back_s: list[float] = []
    gone: set[str] = set()
    duplicates = again = 0
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
                gone |= before - set(live["open"])
            process.kill()
        time.sleep(1.0)
        duplicates = _duplicates(host)
        host.stop()
        session = next(path for path in sorted(host.state.iterdir()) if path.is_dir())
        sequences = [
            int.from_bytes(e.data[:8], "little") for p in segments(session) for e in scan(p) if e.channel == _PACKETS
        ]
        ends = _Ends()
        replayed = replay_journal(session, ends.take)
    missing = max(sequences) - len(set(sequences)) if sequences else 0
    marks = np.percentile(back_s, (50, 95, 100)).round(2).tolist() if back_s else [None] * 3
    names = ("live_again_s_p50", "live_again_s_p95", "live_again_s_max")
    ours = {
        "kills": len(back_s), **dict(zip(names, marks, strict=True)),
        "open_warnings_lost": len(gone - ends.names), "duplicates": duplicates, "steps_made_again": again,
        "packets": len(sequences), "packets_missing": missing, "packets_twice": len(sequences) - len(set(sequences)),
        "false_releases": len(_said_ends(host) - ends.said),
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


def _said_ends(host: Host) -> set[tuple[str, int]]:
    """Ends of warnings that went out: id and sequence."""
    return {(w["id"], w["sequence"]) for w in host.of("warning") if w["phase"] in _CLOSING}


class _Ends:
    """The ends of warnings in a run that was never killed."""

    def __init__(self) -> None:
        self.said: set[tuple[str, int]] = set()

    @property
    def names(self) -> set[str]:
        """Warnings that ended at some time."""
        return {name for name, _ in self.said}

    def take(self, site: str, now_ns: int, worked: Worked | None) -> None:
        """One step of the replay."""
        for row in worked.outputs.warnings if worked is not None else ():
            if Phase(int(row.phase)).label in _CLOSING:
                self.said.add((warning_name(site, int(row.number)), int(row.sequence)))


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
