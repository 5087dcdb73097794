"""Pool: chunks in worker processes of this machine; a worker that is killed costs its chunk some time, nothing else."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Protocol

from rampart.errors import RunError

from .chunk import Chunk, Done, run_chunk
from .plan import Plan

#: A chunk in whose company workers died this often is given up.
MOST_DEATHS = 4
#: How long workers that were told to end are waited for [s].
PATIENCE_S = 5.0


class Source(Protocol):
    """Hands out chunks; None if there is nothing to do at the moment."""

    def next_chunk(self) -> Chunk | None:
        """The next chunk to run."""
        ...


def run_here(plan: Plan, source: Source) -> Iterator[Done]:
    """Run chunks in this process, one after the other."""
    while (chunk := source.next_chunk()) is not None:
        yield run_chunk(plan, chunk)


_PLAN: list[Plan] = []


def _begin(plan: Plan) -> None:
    """What a worker does first. Ctrl-C is for the process that leads; when that is gone, so is the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_outlive_nobody, daemon=True).start()
    _PLAN[:] = [plan]


def _outlive_nobody() -> None:
    leader = parent_process()
    if leader is not None:
        leader.join()
        os._exit(1)


def _work(chunk: Chunk) -> Done:
    return run_chunk(_PLAN[0], chunk)


class ProcessEngine:
    """Spawned worker processes.

    Parameters
    ----------
    plan : Plan
        The study.
    workers : int
        How many.
    """

    def __init__(self, plan: Plan, workers: int) -> None:
        self._plan, self._workers = plan, workers
        self._deaths: dict[Chunk, int] = {}
        self._barren = 0  # pools in a row that broke before anything was done

    def run(self, source: Source) -> Iterator[Done]:
        """Run chunks as they are handed out; they come back in any order.

        Raises
        ------
        RunError
            If workers keep dying.
        """
        again: list[Chunk] = []
        while True:
            pool = ProcessPoolExecutor(
                self._workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(self._plan,)
            )
            running: dict[Future[Done], Chunk] = {}
            try:
                yield from self._drain(pool, running, again, source)
                return
            except BrokenProcessPool:
                lost = [chunk for chunk in running.values() if chunk not in again]
                self._count(lost)
                self._barren += 1
                if self._barren >= MOST_DEATHS:
                    raise RunError("workers die before they have done anything") from None
                again[:0] = sorted(lost)
            finally:
                _stop(pool)

    def _drain(
        self, pool: ProcessPoolExecutor, running: dict[Future[Done], Chunk], again: list[Chunk], source: Source
    ) -> Iterator[Done]:
        while True:
            # one waits behind each that runs, so that no worker idles; not more, so that a study can end early
            while len(running) < 2 * self._workers:
                if not again:
                    chunk = source.next_chunk()
                    if chunk is None:
                        break
                    again.append(chunk)  # a pool that is broken already takes none: it must not be lost
                future = pool.submit(_work, again[0])
                running[future] = again.pop(0)
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                done = future.result()
                del running[future]
                self._barren = 0
                yield done

    def _count(self, lost: list[Chunk]) -> None:
        for chunk in lost:
            self._deaths[chunk] = self._deaths.get(chunk, 0) + 1
            if self._deaths[chunk] >= MOST_DEATHS:
                raise RunError(
                    f"workers died {MOST_DEATHS} times while runs {chunk.low} to {chunk.high - 1} of design point "
                    f"{chunk.point} were under way; what ended before is kept"
                )


def _stop(pool: ProcessPoolExecutor) -> None:
    """End a pool at once: what its workers are at is of no use any more."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    keeper = getattr(pool, "_executor_manager_thread", None)
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    if keeper is not None:
        keeper.join(PATIENCE_S)  # it waits for them too; who is second to ask for a dead process takes it for alive
    for process in processes:
        process.join(PATIENCE_S)
