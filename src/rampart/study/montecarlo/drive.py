"""Drive: hands out chunks until every design point has its runs, or knows enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from .chunk import Chunk, Done
from .cluster import DaskEngine
from .intervals import wilson_half_width
from .plan import Plan
from .pool import ProcessEngine, run_here
from .store import Store, chunks_left
from .table import Table, take

#: A chunk is to last about so long [s].
CHUNK_S = 1.0
#: Runs of the shortest and the longest chunk.
LEAST, MOST = 1, 500
#: An early end is looked for after so many runs, and then again after each `CHECK_EVERY`.
FIRST_CHECK, CHECK_EVERY = 200, 100


@dataclass(frozen=True)
class Progress:
    """How far a study is."""

    done: int  #: runs that are there
    total: int  #: runs that there will be at most
    fresh: int  #: runs of this call
    elapsed_s: float
    left_s: float | None  #: at the pace so far; None before the first chunk


class Schedule:
    """What is still to run; knows from the rows that came back which points have enough.

    Parameters
    ----------
    plan : Plan
        The study.
    have : dict
        Runs that are there already, by point.
    shares : dict
        Of these, the outcome that `until` watches, by point: 1 or 0 for each run.
    chunk_runs : int
        Runs of a chunk.
    """

    def __init__(self, plan: Plan, have: Table, chunk_runs: int) -> None:
        self.plan, self.chunk_runs = plan, chunk_runs
        self._good = {p.index: np.full(plan.runs, -1, dtype=np.int8) for p in plan.points}
        self.end = {p.index: plan.runs for p in plan.points}
        self._note(have)
        self._left = {
            p.index: chunks_left(p.index, chunk_runs, np.flatnonzero(self._good[p.index] >= 0), plan.runs)
            for p in plan.points
        }
        for left in self._left.values():
            left.reverse()

    def take_in(self, done: Done) -> None:
        """Learn what a chunk came to."""
        self._note(done.runs)

    def _note(self, runs: Table) -> None:
        inside = runs["run"] < self.plan.runs
        runs = take(runs, inside)
        good = watched(runs, self.plan.stop_on)
        for point in np.unique(runs["design"]).tolist():
            mine = runs["design"] == point
            self._good[point][runs["run"][mine]] = good[mine]
            if self.plan.until is not None:
                self.end[point] = ends_at(self._good[point], self.plan.until, self.plan.runs)

    def next_chunk(self) -> Chunk | None:
        """The chunk with the lowest runs among the points that still need some."""
        best: int | None = None
        for point, left in self._left.items():
            while left and left[-1].low >= self.end[point]:
                left.pop()
            if left and (best is None or left[-1].low < self._left[best][-1].low):
                best = point
                if self.plan.until is None and left[-1].low == 0:
                    break
        return None if best is None else self._left[best].pop()

    @property
    def done(self) -> int:
        """Runs that are there."""
        return int(sum((good[: self.end[point]] >= 0).sum() for point, good in self._good.items()))

    @property
    def total(self) -> int:
        """Runs that there will be at most."""
        return sum(self.end.values())


def watched(runs: Table, stop_on: str) -> np.ndarray:
    """The outcome of each run that a share counts: (n,) 0 or 1."""
    if stop_on == "p_no_leaker":
        return (runs["leaked"] == 0).astype(np.int8)
    return (runs["in_time"] == runs["pairs"]).astype(np.int8)


def ends_at(good: np.ndarray, half_width: float, most: int) -> int:
    """The first check at which a share is known well enough; `most` if it is none of those that can be judged yet.

    Parameters
    ----------
    good : ndarray (most,)
        1 or 0 by run, -1 where it is not there yet: a check is judged when all runs before it are there, so the answer
        does not depend on the order in which they came.
    half_width : float
        Wilson, 95 %.
    most : int
        Runs at most.
    """
    missing = np.flatnonzero(good < 0)
    known = int(missing[0]) if len(missing) else len(good)
    sums = np.cumsum(good[:known], dtype=np.int64)
    for n in range(FIRST_CHECK, min(known, most) + 1, CHECK_EVERY):
        if wilson_half_width(int(sums[n - 1]), n) <= half_width:
            return n
    return most


def drive(
    plan: Plan,
    store: Store,
    *,
    workers: int = 1,
    dask: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Schedule:
    """Run what is missing of a study, and keep it.

    Parameters
    ----------
    plan : Plan
        The study.
    store : Store
        Where results are, and go.
    workers : int
        Processes; 1 runs in this one. Results do not depend on it.
    dask : str or None
        Address of a scheduler, or ``local``, in place of worker processes.
    progress : callable or None
        Told after every chunk.
    """
    known = store.chunk_runs
    engine = None if dask is None else DaskEngine(plan, dask, workers)
    chunk_runs = store.open(plan, known or _measured_chunk(plan))
    schedule = Schedule(plan, store.read("runs"), chunk_runs)
    if schedule.done < schedule.total:
        if engine is not None:
            done = engine.run(schedule)
        else:
            done = run_here(plan, schedule) if workers == 1 else ProcessEngine(plan, workers).run(schedule)
        _collect(done, schedule, store, progress)
    store.compact()
    return schedule


def _collect(
    chunks: Iterator[Done], schedule: Schedule, store: Store, progress: Callable[[Progress], None] | None
) -> None:
    started, before, fresh = perf_counter(), schedule.done, 0
    if progress is not None:
        progress(Progress(before, schedule.total, 0, 0.0, None))
    for done in chunks:
        store.add(done)
        schedule.take_in(done)
        fresh += len(done.chunk)
        if progress is not None:
            elapsed = perf_counter() - started
            left_s = (schedule.total - schedule.done) * elapsed / max(schedule.done - before, 1)
            progress(Progress(schedule.done, schedule.total, fresh, elapsed, left_s))


def _measured_chunk(plan: Plan) -> int:
    """Runs that take about a second: two of the first point and of the last are timed, once the kernels are there."""
    from .chunk import run_chunk

    ends = sorted({0, len(plan.points) - 1})
    for point in ends:
        run_chunk(plan, Chunk(point, 0, 1))
    cpu_s = max(run_chunk(plan, Chunk(point, 0, 2)).cpu_s / 2.0 for point in ends)
    return int(np.clip(round(CHUNK_S / max(cpu_s, 1e-4)), LEAST, MOST))
