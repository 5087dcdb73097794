"""Cluster: chunks on the workers of a dask scheduler, on other machines or on this one."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import rampart
from rampart.errors import InputError, RunError

from .chunk import Chunk, Done, run_chunk
from .plan import Plan, fingerprint
from .pool import Source

#: How long a scheduler is given to answer [s].
PATIENCE_S = 10.0
#: The word that stands for a cluster of our own on this machine.
LOCAL = "local"
#: What a worker of a local cluster does beside its chunk. Its defaults, a profile every 10 ms above all, take 7.5 % of
#: its processor time; these take 1 %.
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
}


def _describe() -> tuple[str, str]:
    return rampart.__version__, fingerprint()


def _work(plan: Plan, chunk: Chunk) -> Done:
    return run_chunk(plan, chunk)


class DaskEngine:
    """Workers that a dask scheduler knows.

    Parameters
    ----------
    plan : Plan
        The study.
    address : str
        Of the scheduler, e.g. ``tcp://10.0.0.5:8786``; ``local`` starts one with workers on this machine.
    workers : int
        Of a local cluster.

    Raises
    ------
    InputError
        If dask is not installed, nobody answers at the address, or a worker has another version.
    """

    def __init__(self, plan: Plan, address: str, workers: int) -> None:
        self._plan, self._address, self._workers = plan, address, workers
        _import_dask()

    def run(self, source: Source) -> Iterator[Done]:
        """Run chunks as they are handed out; they come back in any order.

        Raises
        ------
        RunError
            If workers keep dying, or the scheduler goes away.
        """
        with ExitStack() as stack:
            client = self._connect(stack)
            plan = client.scatter(self._plan, broadcast=True, hash=False)
            yield from self._drain(client, plan, source)

    def _connect(self, stack: ExitStack) -> Any:
        from dask import config
        from distributed import Client, LocalCluster

        if self._address == LOCAL:
            handler = signal.getsignal(signal.SIGINT)
            stack.enter_context(config.set(QUIET))
            cluster = stack.enter_context(
                LocalCluster(
                    host="127.0.0.1",
                    n_workers=self._workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    worker_dashboard_address=None,
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # two studies at once want no common port
                    silence_logs=logging.CRITICAL,  # workers that are ended while they idle are no news
                )
            )
            signal.signal(signal.SIGINT, handler)
            return stack.enter_context(Client(cluster, set_as_default=False))
        try:
            client = stack.enter_context(Client(self._address, timeout=PATIENCE_S, set_as_default=False))
        except (OSError, ValueError, TypeError) as error:
            del error
            raise InputError(f"--dask {self._address}: no scheduler answers there") from None
        self._check_workers(client)
        return client

    def _check_workers(self, client: Any) -> None:
        """All workers have this version."""
        try:
            client.wait_for_workers(1, timeout=PATIENCE_S)
            found = client.run(_describe)
        except TimeoutError:
            raise InputError(f"--dask {self._address}: the scheduler has no workers") from None
        except (ModuleNotFoundError, AttributeError) as error:
            raise InputError(f"--dask {self._address}: a worker has no rampart of this version ({error})") from None
        for worker, (version, code) in sorted(found.items()):
            if (version, code) != (self._plan.version, self._plan.code):
                raise InputError(
                    f"--dask {self._address}: worker {worker} has rampart {version} ({code}), "
                    f"this is {self._plan.version} ({self._plan.code})"
                )

    def _drain(self, client: Any, plan: Any, source: Source) -> Iterator[Done]:
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        deaths: dict[Chunk, int] = {}
        running: dict[Any, Chunk] = {}
        finished = as_completed(loop=client.loop)

        def fill() -> None:
            slots = max(sum(client.nthreads().values()), 1)
            while len(running) < 2 * slots + 1:
                chunk = source.next_chunk()
                if chunk is None:
                    return
                submit(chunk)

        def submit(chunk: Chunk) -> None:
            future = client.submit(_work, plan, chunk, pure=False, retries=2)
            running[future] = chunk
            finished.add(future)

        try:
            fill()
            while running:
                future = next(finished)
                chunk = running.pop(future)
                try:
                    done: Done = future.result()
                except KilledWorker:
                    deaths[chunk] = deaths.get(chunk, 0) + 1
                    if deaths[chunk] > 1:
                        raise RunError(
                            f"workers died again and again while runs {chunk.low} to {chunk.high - 1} of design point "
                            f"{chunk.point} were under way; what ended before is kept"
                        ) from None
                    submit(chunk)
                    continue
                yield done
                fill()
        except OSError as error:
            raise RunError(f"the scheduler at {self._address} is gone ({error}); what ended before is kept") from None
        finally:
            with suppress(Exception):
                client.cancel(list(running))


def _import_dask() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError("--dask needs the package distributed: pip install 'rampart[dask]'") from None
