"""Store: a study's folder - manifest, chunks as they end, parts when there are many; whole files or none."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import rampart
from rampart.errors import InputError
from rampart.ledger import write_json

from . import table
from .arrow import arrow, to_arrow
from .background import Background
from .chunk import Chunk, Done
from .design import Point
from .plan import Plan, fingerprint
from .table import Table

MANIFEST, CHUNKS = "manifest.json", "chunks"
NAMES = ("runs", "threats")
#: So many chunk files are put together as one part.
COMPACT_AT = 400
SCHEMA = 1


class Store:
    """Where results are kept.

    Parameters
    ----------
    folder : pathlib.Path or None
        None keeps them in memory.

    Notes
    -----
    ``manifest.json`` says what the study is; ``chunks/runs-POINT-LOW-HIGH.parquet`` and the same of ``threats`` hold a
    chunk each, ``runs-NUMBER.parquet`` many of them. Every file is written beside its place and renamed into it; the
    threats of a chunk before its runs, so that a chunk with runs is whole. After a crash while chunks are put together
    some rows are there twice, equal to the bit: reading takes one.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._memory: list[Done] = []
        self._files = 0

    @property
    def chunk_runs(self) -> int | None:
        """Runs of a chunk, if the study has begun."""
        known = self.folder is not None and (self.folder / MANIFEST).exists()
        return int(read_manifest(self.folder)["chunk_runs"]) if known and self.folder else None

    def open(self, plan: Plan, chunk_runs: int) -> int:
        """Begin a study, or go on with the one that is there; returns how many runs a chunk has.

        Raises
        ------
        InputError
            If the folder holds another study.
        """
        if self.folder is None:
            return chunk_runs
        path = self.folder / MANIFEST
        if path.exists():
            known = read_manifest(self.folder)
            if known["key"] != plan.key():
                raise InputError(_difference(known, plan), path=self.folder)
            chunk_runs = int(known["chunk_runs"])
        write_json(path, manifest_of(plan, chunk_runs))
        self._make(self.folder / CHUNKS)
        for stale in [*self.folder.glob("*.part"), *(self.folder / CHUNKS).glob("*.part")]:
            with suppress(OSError):
                stale.unlink()
        self._files = len(list((self.folder / CHUNKS).glob("runs-*.parquet")))
        return chunk_runs

    def add(self, done: Done) -> None:
        """Keep a chunk's rows."""
        if self.folder is None:
            self._memory.append(done)
            return
        name = f"{done.chunk.point}-{done.chunk.low}-{done.chunk.high}.parquet"
        self._write(self.folder / CHUNKS / f"threats-{name}", "threats", done.threats)
        self._write(self.folder / CHUNKS / f"runs-{name}", "runs", done.runs)
        self._files += 1
        if self._files >= COMPACT_AT:
            self.compact()

    def compact(self) -> None:
        """Put all chunk files together as one more part."""
        if self.folder is None:
            return
        chunks = sorted((self.folder / CHUNKS).glob("runs-*.parquet"))
        if not chunks:
            return
        number = 1 + max((int(p.stem.split("-")[1]) for p in self.folder.glob("runs-*.parquet")), default=-1)
        for name in reversed(NAMES):
            files = [path.with_name(path.name.replace("runs-", f"{name}-", 1)) for path in chunks]
            rows = table.sort(name, table.concat(name, [_read(path, name) for path in files]))
            self._write(self.folder / f"{name}-{number:04d}.parquet", name, rows)
        for path in chunks:
            path.unlink()
            path.with_name(path.name.replace("runs-", "threats-", 1)).unlink(missing_ok=True)
        for orphan in (self.folder / CHUNKS).glob("threats-*.parquet"):
            orphan.unlink()
        self._files = 0

    def read(self, name: str) -> Table:
        """All rows of ``runs`` or ``threats``, sorted, each once."""
        if self.folder is None:
            parts = [getattr(done, name) for done in self._memory]
        else:
            parts = [_read(path, name) for path in self._paths(name)]
        return table.sort(name, table.concat(name, parts))

    def _paths(self, name: str) -> list[Path]:
        assert self.folder is not None
        whole = sorted(self.folder.glob(f"{name}-*.parquet"))
        chunks = sorted((self.folder / CHUNKS).glob("runs-*.parquet"))
        return whole + [path.with_name(path.name.replace("runs-", f"{name}-", 1)) for path in chunks]

    def done_runs(self) -> dict[int, np.ndarray]:
        """Runs that are there, by design point."""
        runs = self.read("runs")
        cuts = np.flatnonzero(np.diff(runs["design"])) + 1
        groups = np.split(np.arange(len(runs["design"])), cuts) if len(runs["design"]) else []
        return {int(runs["design"][rows[0]]): runs["run"][rows] for rows in groups}

    def bytes_on_disk(self) -> int:
        """Size of the tables [bytes]."""
        return sum(path.stat().st_size for name in NAMES for path in self._paths(name)) if self.folder else 0

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot be made: {error.strerror}", path=folder) from None

    def _write(self, path: Path, name: str, rows: Table) -> None:
        part = path.with_name(path.name + ".part")
        try:
            arrow("parquet").write_table(to_arrow(rows), part, **_ENCODING)
            os.replace(part, path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            said = error.strerror or str(error).rpartition("error: ")[2]
            raise InputError(f"cannot be written: {said}; what ended before is kept", path=path) from None


_ENCODING: dict[str, Any] = {"compression": "zstd", "compression_level": 9, "write_statistics": ["design", "run"]}


def _read(path: Path, name: str) -> Table:
    try:
        found = arrow("parquet").read_table(path, memory_map=False)
        columns = table.RUN_COLUMNS if name == "runs" else table.THREAT_COLUMNS
        return {key: found.column(key).to_numpy().astype(dtype, copy=False) for key, (dtype, _) in columns.items()}
    except (OSError, KeyError, arrow().ArrowException) as error:
        raise InputError(f"is no table of a study: {str(error).splitlines()[0]}", path=path) from None


def manifest_of(plan: Plan, chunk_runs: int) -> dict[str, Any]:
    """What a study is, for people and for going on with it."""
    return {
        "schema": SCHEMA,
        "key": plan.key(),
        "version": plan.version,
        "code": plan.code,
        "name": plan.name,
        "given": plan.given,
        "folder": plan.folder,
        "set": list(plan.set),
        "runs": plan.runs,
        "seed": plan.seed,
        "until": plan.until,
        "stop_on": plan.stop_on,
        "design": plan.design,
        "harm_area_m2": plan.harm_area_m2,
        "protection": list(plan.protection),
        "chunk_runs": chunk_runs,
        "background": None if plan.background is None else [plan.background.path, plan.background.sha256],
        "points": [{"vary": dict(point.vary), "set": list(point.set)} for point in plan.points],
        "threats": list(plan.labels[0]),
        "zones": list(plan.labels[1]),
        "scenario": plan.scenario().resolved(),
        "toml": plan.text,
    }


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest of a study's folder.

    Raises
    ------
    InputError
        If there is none, or it cannot be read.
    """
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["schema"] != SCHEMA or not isinstance(found["key"], str):
            raise ValueError
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    except (ValueError, KeyError, TypeError):
        raise InputError("is no manifest of a study", path=path) from None
    return dict(found)


def _difference(known: Mapping[str, Any], plan: Plan) -> str:
    """Why results that are there are not of this study."""
    if known.get("version") != plan.version or known.get("code") != plan.code:
        return (
            f"holds results of rampart {known.get('version')} with other code ({known.get('code')}, here {plan.code}); "
            "expected an empty folder"
        )
    mine = manifest_of(plan, 0)
    names = ("name", "seed", "points", "scenario", "background", "harm_area_m2")
    other = [name for name in names if json.loads(json.dumps(mine[name], default=str)) != known.get(name)]
    said = {"points": "other design points", "name": "another scenario", "seed": f"seed {known.get('seed')}"}
    words = ", ".join(said.get(name, f"another {name}") for name in other[:2]) or "other files"
    return f"holds another study ({words}); expected an empty folder"


def chunks_left(point: int, chunk_runs: int, have: np.ndarray, runs: int) -> list[Chunk]:
    """The chunks of a design point of which a run is missing, in order, each from its first missing run to its last.

    >>> chunks_left(0, 3, np.array([0, 1, 2, 4]), 8)
    [Chunk(point=0, low=3, high=6), Chunk(point=0, low=6, high=8)]
    """
    there = np.zeros(runs, dtype=bool)
    there[have[have < runs]] = True
    missing = np.flatnonzero(~there)
    groups = np.split(missing, np.flatnonzero(np.diff(missing // chunk_runs)) + 1) if len(missing) else []
    return [Chunk(point, int(group[0]), int(group[-1]) + 1) for group in groups]


def plan_of_folder(folder: Path, runs: int | None = None) -> Plan:
    """The plan of the study that a folder holds, to go on with it.

    Parameters
    ----------
    folder : pathlib.Path
        With a manifest.
    runs : int or None
        Of each design point in place of those it began with.

    Raises
    ------
    InputError
        If the folder holds no study, or one that this code cannot go on with.
    """
    known = read_manifest(folder)
    if runs is not None and runs < 1:
        raise InputError(f"{runs} runs, expected at least 1")
    try:
        points = tuple(Point(i, tuple(p["vary"].items()), tuple(p["set"])) for i, p in enumerate(known["points"]))
        usual, least, most = known["protection"]
        plan = Plan(
            name=known["name"],
            given=known["given"],
            text=known["toml"],
            folder=known["folder"],
            set=tuple(known["set"]),
            points=points,
            runs=known["runs"] if runs is None else runs,
            seed=known["seed"],
            until=known["until"],
            stop_on=known["stop_on"],
            harm_area_m2=known["harm_area_m2"],
            protection=(usual, least, most),
            design=known["design"],
            code=fingerprint(),
            version=rampart.__version__,
            background=None if known["background"] is None else Background(*known["background"]),
        )
    except (KeyError, TypeError, ValueError):
        raise InputError("is no manifest of a study", path=folder / MANIFEST) from None
    if plan.key() != known["key"]:
        raise InputError(_difference(known, plan), path=folder)
    return plan
