"""``rampart bench study``: raids per second, workers, dask, killed workers and drivers, a million results."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, sleep
from typing import Any

import numpy as np

from rampart.study.montecarlo import table
from rampart.study.montecarlo.chunk import Chunk, Done, run_chunk
from rampart.study.montecarlo.plan import Plan, make_plan
from rampart.study.montecarlo.pool import ProcessEngine
from rampart.study.montecarlo.result import StudyResult
from rampart.study.montecarlo.store import Store, plan_of_folder, read_manifest
from rampart.study.montecarlo.study import run_plan

from . import say

#: Three rockets, one radar, 90 s.
SCENARIO, SET = "embassy-rockets", ("duration_s=90.0",)
SEED = 11
RUNS, QUICK_RUNS = 240, 24
RESULTS, QUICK_RESULTS = 1_000_000, 50_000
POINTS = 100
REPEATS = 3  #: of what is compared by the clock


def run(*, quick: bool = False, workers: int = 2, runs: int | None = None) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    quick : bool
        A tenth of the runs and a twentieth of the results.
    workers : int
        Processes of the parallel parts.
    runs : int or None
        Raids of each part in place of 240.
    """
    count = runs or (QUICK_RUNS if quick else RUNS)
    plan = make_plan(SCENARIO, runs=count, seed=SEED, overrides=SET)
    rows = [_row("one core, warm", _one_core(plan))]
    say("bench study: one core is done")
    chunk = max(1, round(rows[0]["ours"]["runs_per_s"]))  # of a second
    rows.append(_row(f"{workers} workers", _workers(plan, workers, chunk)))
    say("bench study: workers are done")
    rows.append(_row("dask, chunks of 1 s", _dask(plan, workers, chunk)))
    say("bench study: dask is done")
    rows.append(_row("a worker is killed", _killed_worker(plan, workers, chunk)))
    rows.append(_row("the driver is killed", _killed_driver(plan, workers)))
    say("bench study: kills are done")
    rows.append(_row("a million results", _million(plan, QUICK_RESULTS if quick else RESULTS)))
    return {"results": rows}


def _row(name: str, ours: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "ours": ours, "peer": None, "ratio": None}


def _one_core(plan: Plan) -> dict[str, Any]:
    """Processor time of raids, recorder off, scored: best and median of five parts."""
    run_chunk(plan, Chunk(0, 0, 2))
    part = max(plan.runs // 5, 1)
    cpu_s = [run_chunk(plan, Chunk(0, k * part, (k + 1) * part)).cpu_s / part for k in range(5)]
    return {
        "seeds": f"{SEED}, runs 0..{5 * part - 1}",
        "n": 5 * part,
        "runs_per_s": 1.0 / median(cpu_s),
        "runs_per_s_best": 1.0 / min(cpu_s),
        "cpu_ms_per_run": 1e3 * median(cpu_s),
        "load_average": _load(),
    }


class _Queue:
    """Chunks of equal size, in order."""

    def __init__(self, plan: Plan, size: int) -> None:
        self._left = [Chunk(0, k, min(k + size, plan.runs)) for k in range(0, plan.runs, size)][::-1]

    def next_chunk(self) -> Chunk | None:
        return self._left.pop() if self._left else None


def _steady(done: Iterator[Done], workers: int) -> tuple[float, list[Done]]:
    """Runs per second while every worker is warm and has something to do, and all that came back.

    Left out are the first two chunks of each worker, which start Python and load the kernels, and the last of each.
    """
    parts: list[Done] = []
    times: list[float] = []
    for part in done:
        parts.append(part)
        times.append(perf_counter())
    first = min(2 * workers - 1, len(parts) - 2)
    last = max(len(parts) - 1 - workers, first + 1)
    runs = sum(len(part.chunk) for part in parts[first + 1 : last + 1])
    return runs / (times[last] - times[first]), parts


def _load() -> float:
    return round(os.getloadavg()[0], 2)


def _workers(plan: Plan, workers: int, size: int) -> dict[str, Any]:
    """One worker and several, in turns: rates and their ratio are medians, so that a busy moment spoils one of them."""
    small = plan.with_runs(max(plan.runs // 2, 12))
    size = max(1, min(size // 4, small.runs // (6 * workers)))
    rates: dict[int, list[float]] = {1: [], workers: []}
    digests, loads = set(), []
    for _ in range(REPEATS):
        for count, found in rates.items():
            loads.append(_load())
            rate, parts = _steady(ProcessEngine(small, count).run(_Queue(small, size)), count)
            found.append(rate)
            digests.add(_digest(parts))
    return {
        "n": small.runs,
        "repeats": REPEATS,
        "runs_per_s_1_worker": median(rates[1]),
        f"runs_per_s_{workers}_workers": median(rates[workers]),
        "scaling": median(many / one for one, many in zip(rates[1], rates[workers], strict=True)),
        "identical": len(digests) == 1,
        "load_average": [min(loads), max(loads)],
    }


def _dask(plan: Plan, workers: int, size: int) -> dict[str, Any]:
    """Wall time against processes with equal chunks, in turns; processor time of all that is not a raid."""
    try:
        from rampart.study.montecarlo.cluster import LOCAL, DaskEngine
    except ImportError:
        return {"missing": "distributed"}
    size = max(1, min(size, plan.runs // (6 * workers)))
    rates: dict[str, list[float]] = {"processes": [], "dask": []}
    digests, shares, loads = set(), [], []
    for _ in range(REPEATS):
        for name, found in rates.items():
            engine = DaskEngine(plan, LOCAL, workers) if name == "dask" else ProcessEngine(plan, workers)
            loads.append(_load())
            before = process_time()
            rate, parts = _steady(engine.run(_Queue(plan, size)), workers)
            found.append(rate)
            digests.add(_digest(parts))
            if name == "dask":
                shares.append((process_time() - before) / sum(part.cpu_s for part in parts))
    return {
        "n": plan.runs,
        "repeats": REPEATS,
        "chunk_runs": size,
        "runs_per_s_processes": median(rates["processes"]),
        "runs_per_s_dask": median(rates["dask"]),
        "overhead_wall": median(p / d for p, d in zip(rates["processes"], rates["dask"], strict=True)) - 1.0,
        "driver_and_scheduler_cpu_share": median(shares),
        "identical": len(digests) == 1,
        "load_average": [min(loads), max(loads)],
    }


def _digest(parts: list[Done]) -> str:
    runs, threats = (table.sort(name, table.concat(name, [getattr(p, name) for p in parts])) for name in _NAMES)
    return table.digest(runs, threats)


_NAMES = ("runs", "threats")


class _Murder(_Queue):
    """Kills a worker process of this one with SIGKILL when a third of the chunks is handed out."""

    def __init__(self, plan: Plan, size: int) -> None:
        super().__init__(plan, size)
        self._at, self.killed = 2 * len(self._left) // 3, 0

    def next_chunk(self) -> Chunk | None:
        if len(self._left) == self._at and not self.killed:
            from multiprocessing import active_children

            victim = active_children()[0]
            if victim.pid is not None:
                os.kill(victim.pid, signal.SIGKILL)
                self.killed = victim.pid
        return super().next_chunk()


def _killed_worker(plan: Plan, workers: int, size: int) -> dict[str, Any]:
    small = plan.with_runs(max(plan.runs // 4, 12))
    calm = [run_chunk(small, Chunk(0, 0, small.runs))]
    source = _Murder(small, max(1, min(size, small.runs // 6)))
    parts = list(ProcessEngine(small, max(workers, 2)).run(source))
    return {"n": small.runs, "killed": int(source.killed > 0), "identical": _digest(parts) == _digest(calm)}


def _killed_driver(plan: Plan, workers: int) -> dict[str, Any]:
    """``rampart study`` killed with SIGKILL when some chunks are there, and called again."""
    runs = max(plan.runs // 2, 60)  # several chunks
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "s"
        command = [sys.executable, "-m", "rampart", "study", SCENARIO, "--runs", str(runs), "--seed", str(SEED)]
        command += ["--set", SET[0], "--workers", str(workers), "--out", str(folder), "--json"]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as driver:
            chunks = folder / "chunks"
            while driver.poll() is None and not list(chunks.glob("runs-*.parquet")):
                sleep(0.02)
            killed = driver.poll() is None
            if killed:
                os.killpg(driver.pid, signal.SIGKILL)
        there = sum(len(found) for found in Store(folder).done_runs().values())
        again = run_plan(plan_of_folder(folder), workers=workers, out=folder)
        whole = run_chunk(plan.with_runs(runs), Chunk(0, 0, runs))
        return {
            "n": runs,
            "killed": int(killed),
            "chunk_runs": read_manifest(folder)["chunk_runs"],
            "there_when_killed": there,
            "run_afterwards": again.counts["runs_done"],
            "only_missing": again.counts["runs_done"] == runs - there,
            "identical": again.results_sha256 == _digest([whole]),
        }


def _million(plan: Plan, count: int) -> dict[str, Any]:
    """Rows drawn from real raids with replacement, as a study keeps them; measures of 100 design points."""
    real = run_chunk(plan.with_runs(20), Chunk(0, 0, 20))
    vary = {"warn.miss_cost": [float(k + 1) for k in range(POINTS)]}
    per = count // POINTS
    big = make_plan(SCENARIO, runs=per, seed=SEED, overrides=SET, vary=vary)
    rng = np.random.Generator(np.random.Philox(5))
    with tempfile.TemporaryDirectory() as name:
        store = Store(Path(name))
        store.open(big, per)
        for point in range(POINTS):
            store.add(_resampled(real, Chunk(point, 0, per), rng))
        store.compact()
        size = store.bytes_on_disk()
        started = process_time(), perf_counter()
        rows = {key: store.read(key) for key in _NAMES}
        read = process_time(), perf_counter()
        result = StudyResult(big, dict.fromkeys(range(POINTS), per), rows)
        values = len(result.measured) * len(result.measured[0])
        done = process_time(), perf_counter()
        query = _asked(Path(name))
    return {
        "results": per * POINTS,
        "threats": len(rows["threats"]["run"]),
        "design_points": POINTS,
        "megabytes_on_disk": size / 1e6,
        "read_wall_s": read[1] - started[1],
        "read_cpu_s": read[0] - started[0],
        "aggregate_wall_s": done[1] - read[1],
        "aggregate_cpu_s": done[0] - read[0],
        "measures": values,
        **query,
    }


def _resampled(real: Done, chunk: Chunk, rng: np.random.Generator) -> Done:
    """Rows of real raids drawn with replacement, with places moved a little."""
    picked = rng.integers(0, len(real.runs["run"]), len(chunk))
    runs = table.take(real.runs, picked)
    runs |= {
        "design": np.full(len(chunk), chunk.point, np.int32),
        "run": np.arange(len(chunk), dtype=np.int32),
        "leaked": rng.binomial(3, 0.1, len(chunk)).astype(np.int16),
        "person_minutes": (runs["person_minutes"] + rng.normal(0.0, 100.0, len(chunk))).astype(np.float32),
    }
    each = len(real.threats["run"]) // len(real.runs["run"])
    index = (picked[:, None] * each + np.arange(each)).ravel()
    threats = table.take(real.threats, index)
    threats |= {
        "design": np.full(len(index), chunk.point, np.int32),
        "run": np.repeat(runs["run"], each),
        "east_m": rng.normal(0.0, 60.0, len(index)).round().astype(np.int32),
        "north_m": rng.normal(150.0, 60.0, len(index)).round().astype(np.int32),
        "lead_ds": (threats["lead_ds"] + rng.integers(-20, 20, len(index))).astype(np.int16),
    }
    return Done(chunk, runs, threats, 0.0)


def _asked(folder: Path) -> dict[str, Any]:
    """The same by SQL, straight from the files."""
    try:
        import duckdb
    except ImportError:
        return {"duckdb_s": None}
    started = perf_counter()
    sql = (
        "select design, count(*), avg(leaked), quantile_cont(leaked, 0.95), avg(rounds) from read_parquet(?) group by 1"
    )
    with duckdb.connect() as connection:
        rows = connection.execute(sql, [str(folder / "runs-*.parquet")]).fetchall()
    return {"duckdb_s": perf_counter() - started, "duckdb_rows": len(rows)}
