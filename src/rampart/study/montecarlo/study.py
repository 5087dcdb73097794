"""Study: from a scenario to thousands of its raids, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from rampart.pipeline import Scenario

from .drive import Progress, drive
from .plan import Plan, make_plan
from .result import StudyResult
from .store import Store


def run_study(
    scenario: Scenario | str | Path,
    *,
    runs: int | None = None,
    seed: int | None = None,
    vary: Mapping[str, Sequence[Any]] | None = None,
    until: float | None = None,
    background: str | Path | None = None,
    workers: int = 1,
    dask: str | None = None,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Run a scenario many times, and sum up.

    Parameters
    ----------
    scenario : Scenario or str or pathlib.Path
        A scenario, the name of a built-in one, or a file.
    runs : int or None
        Of each design point; ``[study]`` of the scenario says how many if None.
    seed : int or None
        Root seed: with it, run I is what ``rampart run --seed SEED --run I`` gives.
    vary : mapping or None
        ``section.ID.key`` -> values: every combination is a design point, all with the same raids.
    until : float or None
        End a design point early once the Wilson 95 % half-width of P(no leaker) is no more than this; looked for after
        200 runs and then every 100.
    background : str or pathlib.Path or None
        A recording whose detections are mixed into the scans of the sensors of the same name.
    workers : int
        Processes. More than one needs the caller's module to be importable without side effects, as always with
        spawned processes. Results do not depend on it.
    dask : str or None
        Address of a dask scheduler, or ``local``, in place of processes.
    out : str or pathlib.Path or None
        Folder that keeps every chunk as it ends, and from which a study that was stopped goes on; memory if None.
    overrides : sequence of str
        ``section.key=value`` of every design point.
    progress : callable or None
        Told after every chunk.

    Returns
    -------
    StudyResult

    Raises
    ------
    InputError
        For a key or value that does not fit, no runs, a scenario without threats, a folder with another study.

    Examples
    --------
    >>> study = run_study("bdsc-rocket", runs=2)
    >>> study.answer()["designs"][0]["measures"]["leakers_mean"]["value"]
    0.0
    """
    plan = make_plan(scenario, runs=runs, seed=seed, vary=vary, until=until, background=background, overrides=overrides)
    return run_plan(plan, workers=workers, dask=dask, out=out, progress=progress)


def run_plan(
    plan: Plan,
    *,
    workers: int = 1,
    dask: str | None = None,
    out: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Run a plan; see `run_study`."""
    started = perf_counter()
    folder = None if out is None else Path(out)
    store, told = Store(folder), _Told(progress)
    schedule = drive(plan, store, workers=workers, dask=dask, progress=told)
    counts = {"runs_done": told.fresh, "wall_s": round(perf_counter() - started, 3)}
    rows = {name: store.read(name) for name in ("runs", "threats")}
    return StudyResult(plan, dict(schedule.end), rows, folder, counts)


class _Told:
    """Remembers how many runs were new, and tells who asked."""

    def __init__(self, progress: Callable[[Progress], None] | None) -> None:
        self.fresh, self._progress = 0, progress

    def __call__(self, progress: Progress) -> None:
        self.fresh = progress.fresh
        if self._progress is not None:
            self._progress(progress)
