"""Chunk: some consecutive runs of one design point; what a worker is given at a time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from time import process_time
from typing import NamedTuple

from rampart.errors import InputError
from rampart.pipeline import Place, Scenario, build_places
from rampart.study.run import simulate

from .plan import Plan, fingerprint
from .row import Row, rows_of
from .table import Table, build


class Chunk(NamedTuple):
    """Runs `low` to `high` - 1 of a design point."""

    point: int
    low: int
    high: int

    def __len__(self) -> int:
        return self.high - self.low


@dataclass(frozen=True)
class Done:
    """The rows of a chunk, and what they cost.

    Attributes
    ----------
    chunk : Chunk
        Which.
    runs, threats : Table
        Rows.
    cpu_s : float
        Processor time of the runs; no part of the results.
    """

    chunk: Chunk
    runs: Table
    threats: Table
    cpu_s: float


@dataclass(frozen=True)
class Ready:
    """A design point, read and built once for all its runs."""

    scenario: Scenario
    places: tuple[Place, ...]
    world_places: tuple[Place, ...]  #: as the simulated sensors are built from


@lru_cache(maxsize=32)
def prepare(plan: Plan, point: int) -> Ready:
    """Read and build what all runs of a design point share."""
    scenario = plan.scenario(point)
    places = build_places(scenario)
    quiet = tuple(plan.background.quiet(place) for place in places) if plan.background else places
    return Ready(scenario, places, quiet)


def run_chunk(plan: Plan, chunk: Chunk) -> Done:
    """Run a chunk: a pure function of its arguments, on any machine that has the same code.

    Raises
    ------
    InputError
        If the code here is not the code that the study was planned with.
    """
    if plan.code != fingerprint():
        raise InputError(f"a worker runs other code ({fingerprint()}) than this study ({plan.code}, {plan.version})")
    started = process_time()
    with _rare_collections():
        runs, threats = _rows(plan, chunk, prepare(plan, chunk.point))
        return Done(chunk, build("runs", runs), build("threats", threats), process_time() - started)


_RARE = 30_000  # new objects between two looks


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage in cycles more rarely: a raid makes many short-lived records, and no cycles of them."""
    before = gc.get_threshold()
    if 0 < before[0] < _RARE:
        gc.set_threshold(_RARE, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _rows(plan: Plan, chunk: Chunk, ready: Ready) -> tuple[list[Row], list[Row]]:
    """The runs of a chunk, one after the other."""
    parts, zones = plan.labels
    runs: list[Row] = []
    threats: list[Row] = []
    for run in range(chunk.low, chunk.high):
        sites = simulate(
            ready.scenario,
            seed=plan.seed,
            run=run,
            places=ready.places,
            world_places=ready.world_places,
            background=plan.background,
            debris=False,  # no row counts pieces
        )
        row, each = rows_of(ready.scenario, sites, parts, zones, plan.harm_area_m2)
        runs.append({"design": chunk.point, "run": run, **row})
        threats.extend({"design": chunk.point, "run": run, **entry} for entry in each)
    return runs, threats
