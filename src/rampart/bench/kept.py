"""Kept: runs of a long benchmark in several processes, each kept in a file as it ends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import rampart
from rampart.errors import InputError
from rampart.ledger.files import plain

from . import say

Row = dict[str, Any]

#: Rooms that no run of a benchmark depends on.
ASIDE = frozenset({"cli", "serve", "exercise", "wire", "words", "ledger"})


def each_kept(
    name: str, work: Callable[[int], Row], seeds: Iterable[int], *, workers: int = 1, keep: Path | None = None
) -> list[Row]:
    """Work through seeds, in order of the seeds whatever the number of processes.

    Parameters
    ----------
    name : str
        Of the benchmark; rows of another one are not taken.
    work : callable
        Gives a row, JSON with the key ``seed``, for a seed; at module level, as it goes to other processes.
    seeds : iterable of int
        What to run.
    workers : int
        Processes.
    keep : pathlib.Path or None
        JSON lines: a head, then a row for each seed as it ends. What is in it is not run again.

    Raises
    ------
    InputError
        If `keep` cannot be used, or was written by another benchmark or other code.
    """
    wanted = list(seeds)
    head = {"bench": name, "code": fingerprint()}
    rows = _read(keep, head) if keep is not None else {}
    left = [seed for seed in wanted if seed not in rows]
    if keep is not None and rows:
        say(f"bench {name}: {len(wanted) - len(left)} of {len(wanted)} runs kept in {keep}")
    for row in _each(work, left, workers):
        rows[row["seed"]] = row
        if keep is not None:
            _write(keep, row)
    return [rows[seed] for seed in wanted]


def _each(work: Callable[[int], Row], seeds: list[int], workers: int) -> Iterable[Row]:
    """Rows as they are done."""
    if workers == 1 or len(seeds) < 2:
        yield from map(work, seeds)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(work, seed) for seed in seeds]):
            yield done.result()


def _read(path: Path, head: Row) -> dict[int, Row]:
    """The rows of a file; a new file is begun."""
    try:
        if not path.exists() or not path.stat().st_size:
            path.write_text(json.dumps(head) + "\n", encoding="utf-8")
            return {}
        whole = path.read_text(encoding="utf-8")
        text = whole[: whole.rfind("\n") + 1]
        if text != whole:  # the last row was cut off when the run was stopped
            path.write_text(text, encoding="utf-8")
        found = [json.loads(line) for line in text.splitlines()]
        if not found or found[0] != head:
            raise InputError("holds runs of another benchmark or of other code, expected a new file", path=str(path))
        return {int(row["seed"]): row for row in found[1:]}
    except OSError as error:
        raise InputError(f"cannot be used: {error.strerror}", path=str(path)) from None
    except (ValueError, KeyError, TypeError):
        raise InputError("is no file of kept runs, expected a new one", path=str(path)) from None


def _write(path: Path, row: Row) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(plain(row)) + "\n")


def fingerprint() -> str:
    """Digest of the code that a run goes through: runs of different code are not added up."""
    digest, folder = hashlib.sha256(), Path(rampart.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        if name.partition("/")[0] not in ASIDE:
            digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
