"""``rampart bench live``: a service under load, in bursts, killed, replayed, and fed with damaged octets."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from rampart.bench import say
from rampart.serve.journal import replay_journal

from .burst import run_burst
from .kills import run_kills
from .load import STEPS, run_load
from .octets import run_octets
from .programs import Host, sender
from .scene import Load, site_text


def run(*, quick: bool = False, minutes: float | None = None) -> dict[str, Any]:
    """Measure the live service; every part of it runs as it does in the field, on loopback.

    Parameters
    ----------
    quick : bool
        Seconds instead of minutes, 5 kills, 3 replays, 20,000 mutated datagrams.
    minutes : float or None
        Of each load; 30 if not given, or a third of one with `quick`.
    """
    seconds = 60.0 * (minutes if minutes is not None else 1.0 / 3.0 if quick else 30.0)
    rows: list[dict[str, Any]] = []
    say("bench live: octets")
    rows += run_octets(20_000 if quick else 1_000_000)
    say("bench live: bursts")
    rows += run_burst()
    say("bench live: kills")
    rows += run_kills(5 if quick else 50)
    say("bench live: replays")
    rows.append(_replays(3 if quick else 20))
    for load in STEPS:
        say(f"bench live: {load.reports_per_s:.0f} reports/s for {seconds:.0f} s")
        rows += run_load(load, seconds)
    return {"results": [{**row, "peer": None, "ratio": None} for row in rows]}


def _replays(count: int) -> dict[str, Any]:
    """Short sessions, each replayed from its journal."""
    load, steps, same = Load(40, 4, 0.95), 0, 0
    for number in range(count):
        with tempfile.TemporaryDirectory() as name:
            with Host(Path(name), site_text(load)) as host:
                host.ready()
                config = {"targets": load.targets, "radars": load.radars, "period_s": load.period_s}
                port = host.last_live["ports"]["radars"]
                with sender(port=port, seconds=6.0, salvos=bool(number % 2), **config) as process:
                    process.communicate()
            session = next(path for path in sorted(host.state.iterdir()) if path.is_dir())
            found = replay_journal(session)
            steps += found.steps
            same += not found.different and found.steps > 0
    return {"name": "replays with the digest of the live run", "ours": {"n": count, "equal": same, "steps": steps}}
