"""``rampart bench inquest``: how long it takes to replay a recording, to ask what if, and to write the report.

Ten minutes of `iraq-2021` at its three sites, and all 43 of them: read from the file, as the commands do, in this
process with compiled kernels. Times are of the process's CPU, with what passed on the clock beside them.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np

from rampart.ledger.care import redact_recording, survey
from rampart.ledger.incidents import Ledger
from rampart.ledger.inquest import drafts_of, read_case
from rampart.ledger.inquest.calibration import calibration
from rampart.ledger.inquest.dossier import open_dossier
from rampart.ledger.inquest.page import render_inquest
from rampart.pipeline import load
from rampart.study.care import cut_recording
from rampart.study.counterfactual import compare_recording
from rampart.study.files import run_to_folder
from rampart.study.replay import replay

SCENARIO = "iraq-2021"
RUNS, QUICK_RUNS = 3, 1
TEN_MINUTES_S = 600.0


def run(*, quick: bool = False) -> dict[str, Any]:
    """Ten minutes with seeds 0, 1, 2 and all of it with seed 0; ten minutes with seed 0 if `quick`."""
    seeds = range(QUICK_RUNS if quick else RUNS)
    parts: dict[str, list[dict[str, tuple[float, float]]]] = {}
    sizes: dict[str, list[int]] = {}
    with TemporaryDirectory(prefix="rampart-bench-") as folder:
        for seed in seeds:
            for name, path in _recordings(Path(folder) / str(seed), seed, whole=not quick and seed == 0).items():
                parts.setdefault(name, []).append(_measure(path))
                sizes.setdefault(name, []).append(path.stat().st_size)
    return {"results": [_row(name, runs, sizes[name]) for name, runs in parts.items()]}


def _recordings(folder: Path, seed: int, *, whole: bool) -> dict[str, Path]:
    """The first ten minutes, and all of it if asked for."""
    overrides = [] if whole else [f"duration_s={TEN_MINUTES_S}"]
    run_to_folder(load(SCENARIO, overrides=overrides), folder, seed=seed)
    recording = folder / "recording.mcap"
    if not whole:
        return {"10_minutes": recording}
    first = folder / "first.mcap"
    cut_recording(recording, first, from_s=None, to_s=TEN_MINUTES_S)
    return {"10_minutes": first, "43_minutes": recording}


def _measure(path: Path) -> dict[str, tuple[float, float]]:
    """CPU and clock time of each command's work [s]."""
    ledger = Ledger(str(path.with_suffix(".sqlite")))
    found: dict[str, tuple[float, float]] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        cpu, clock = process_time(), perf_counter()
        done = work()
        found[name] = (process_time() - cpu, perf_counter() - clock)
        return done

    timed("replay", lambda: _must_match(path))
    timed("what_if", lambda: compare_recording(path, ["warn.miss_cost=100"]))
    timed("info", lambda: survey(path))
    timed("redact", lambda: redact_recording(path, path.with_suffix(".shared.mcap")))
    timed("incident", lambda: ledger.add(drafts_of(read_case(path)), now_ns=0))
    numbers = [row["id"] for row in ledger.incidents()]
    timed("report", lambda: render_inquest(open_dossier(ledger.incident(numbers[-1]))))
    timed("calibration", lambda: calibration(ledger))
    return found


def _must_match(path: Path) -> None:
    if not replay(path)["matches_recording"]:
        raise RuntimeError(f"{path}: the replay gave other output; its time means nothing")


def _row(name: str, runs: list[dict[str, tuple[float, float]]], sizes: list[int]) -> dict[str, Any]:
    ours: dict[str, Any] = {"n": len(runs), "recording_mb": round(float(np.mean(sizes)) / 1e6, 2)}
    for work in runs[0]:
        cpu, clock = np.array([r[work] for r in runs]).T
        ours[work] = {
            "cpu_s": _round(np.median(cpu)),
            "cpu_s_max": _round(cpu.max()),
            "clock_s": _round(np.median(clock)),
        }
    return {"name": name, "ours": ours, "peer": None, "ratio": None}


def _round(value: Any) -> float:
    return round(float(value), 3)
