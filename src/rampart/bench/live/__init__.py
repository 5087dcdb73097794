"""``rampart bench live``: a service under load, in bursts, killed, replayed, without its disk, and fed with damage."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rampart.bench import say
from rampart.errors import InputError
from rampart.serve.journal import replay_journal

from .burst import run_burst
from .faults import run_faults
from .kills import run_kills
from .load import STEPS, run_load
from .octets import run_mutants, run_speed
from .page import run_page
from .programs import Host, sender
from .scene import Load, site_text

Row = dict[str, Any]


def _parts(quick: bool, minutes: float | None) -> dict[str, Callable[[], list[Row]]]:
    """What there is to measure, by name, in the order in which it is measured."""
    seconds = [60.0 * (minutes or share * (1.0 / 3.0 if quick else 30.0)) for share in (1.0, 1.0 / 3.0)]
    return {
        "decoder": run_speed,
        "mutants": lambda: run_mutants(20_000 if quick else 1_000_000),
        "burst": run_burst,
        "kills": lambda: run_kills(5 if quick else 50),
        "replays": lambda: _replays(3 if quick else 20),
        "faults": run_faults,
        "page": lambda: run_page(quick=quick),
        "load": lambda: run_load(STEPS[0], seconds[0]),
        "load-5000": lambda: run_load(STEPS[1], seconds[1]),
        "load-by-turn": lambda: run_load(STEPS[0], seconds[1], by_turn=True),
    }


def run(
    *, quick: bool = False, minutes: float | None = None, part: list[str] | None = None, keep: Path | None = None
) -> dict[str, Any]:
    """Measure the live service; every part of it runs as it does in the field, on loopback.

    Parameters
    ----------
    quick : bool
        Seconds instead of minutes, 5 kills, 3 replays, 20,000 mutated datagrams.
    minutes : float or None
        Of each load; 30 of the first and 10 of the second if not given, a third of a minute of it with `quick`.
    part : list of str or None
        Only these.
    keep : pathlib.Path or None
        File that takes the rows of each part as it ends, JSON lines. What is in it is measured again and added.

    Notes
    -----
    A part that fails is a row that says so; the others go on.

    Raises
    ------
    InputError
        For a part that is none of these.
    """
    parts = _parts(quick, minutes)
    unknown = sorted(set(part or ()) - parts.keys())
    if unknown:
        raise InputError(f"no part {unknown[0]!r} of bench live; expected some of {', '.join(parts)}")
    rows: list[Row] = []
    for name in part or parts:
        say(f"bench live: {name}")
        found = _kept(name, parts[name], keep)
        for row in found:
            say(f"  {row['name']}: {json.dumps(row['ours'])}")
        rows += found
    return {"results": [{**row, "peer": None, "ratio": None} for row in rows]}


def _kept(name: str, work: Callable[[], list[Row]], keep: Path | None) -> list[Row]:
    try:
        rows = work()
    except Exception as error:  # hours of other parts are not lost to the fault of one
        rows = [{"name": name, "ours": {"failed": f"{type(error).__name__}: {error}"}}]
    if keep is not None:
        with keep.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"part": name, "rows": rows}) + "\n")
    return rows


def _replays(count: int) -> list[Row]:
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
    return [{"name": "replays with the digest of the live run", "ours": {"n": count, "equal": same, "steps": steps}}]
