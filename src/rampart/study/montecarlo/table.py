"""Table: what a study keeps of each run and of each threat, as columns of few bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

Table = dict[str, np.ndarray]

#: One row per run. Counts are of the run; pairs are of a threat and a zone that it puts in danger.
RUN_COLUMNS: Mapping[str, tuple[str, str]] = {
    "design": ("i4", "design point"),
    "run": ("i4", "number of the run: `rampart run --run`"),
    "threats": ("i2", "threats that flew"),
    "destroyed": ("i2", "threats destroyed"),
    "leaked": ("i2", "threats that came down in a defended zone"),
    "outside": ("i2", "threats that came down elsewhere"),
    "leaked_people": ("i4", "people of the defended zones that leakers came down in, once per leaker"),
    "engagements": ("i2", "simulated engagements"),
    "rounds": ("i4", "rounds spent"),
    "wasted_rounds": ("i4", "rounds spent where nothing was"),
    "empty": ("i1", "1 if an effector had too few rounds left for one engagement"),
    "pairs": ("i2", "pairs that needed a warning"),
    "observable": ("i2", "... that could be seen in time"),
    "warned": ("i2", "... that were warned before arrival"),
    "in_time": ("i2", "... that were warned the zone's shelter time before arrival, or earlier"),
    "people": ("i4", "people in zones that needed a warning"),
    "people_in_time": ("i4", "... who were warned in time for the first arrival"),
    "person_minutes": ("f4", "person-minutes of shelter"),
    "false": ("i2", "false warnings"),
    "unneeded": ("i2", "zones warned of a real threat that does not need it"),
    "missed": ("i2", "observable pairs not warned before arrival"),
    "duplicate": ("i2", "duplicate warnings"),
    "false_tracks": ("i2", "confirmed tracks of nothing"),
    "harm": ("f4", "casualties nobody warned or defended, expected by the model"),
    "harm_arrived": ("f4", "... of what came down in spite of the effectors"),
    "harm_sheltered": ("f4", "... of it among people who had the time to shelter"),
}

#: One row per threat.
THREAT_COLUMNS: Mapping[str, tuple[str, str]] = {
    "design": ("i4", "design point"),
    "run": ("i4", "number of the run"),
    "part": ("i2", "which part of the scenario it belongs to"),
    "threat": ("i2", "its number in the run"),
    "outcome": ("i1", "what became of it: an index into OUTCOMES"),
    "zone": ("i2", "zone it comes down in, were it not engaged; -1 for none"),
    "east_m": ("i4", "where it comes down or flies to, were it not engaged"),
    "north_m": ("i4", "the same, northwards"),
    "needed": ("i1", "1 if it puts a zone in danger"),
    "lead_ds": ("i2", "from the first warning of a zone it endangers to its arrival there, 0.1 s; 0 if not warned"),
}

OUTCOMES = ("destroyed", "leaked", "outside", "departed", "flying")
_COLUMNS = {"runs": RUN_COLUMNS, "threats": THREAT_COLUMNS}


def build(name: str, rows: Iterable[Mapping[str, Any]]) -> Table:
    """Rows as columns; `name` is ``runs`` or ``threats``. What does not fit a column's type is clipped to it."""
    rows = list(rows)
    return {key: _column([row[key] for row in rows], np.dtype(dtype)) for key, (dtype, _) in _COLUMNS[name].items()}


def _column(values: list[Any], dtype: np.dtype) -> np.ndarray:
    if dtype.kind == "i":
        limits = np.iinfo(dtype)
        return np.clip(np.array(values, dtype=np.float64), limits.min, limits.max).astype(dtype)
    return np.array(values, dtype=dtype)


def empty(name: str) -> Table:
    """No rows."""
    return build(name, ())


def concat(name: str, parts: Iterable[Table]) -> Table:
    """Tables one after the other."""
    parts = list(parts)
    return {key: np.concatenate([part[key] for part in parts]) for key in _COLUMNS[name]} if parts else empty(name)


def sort(name: str, table: Table) -> Table:
    """Rows by design, run and threat, each once."""
    key = (table["design"].astype(np.int64) << 42) | (table["run"].astype(np.int64) << 15)
    if name == "threats":
        key |= table["threat"].astype(np.int64)
    if (key[1:] > key[:-1]).all():
        return table
    order = np.argsort(key, kind="stable")
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = key[order][1:] != key[order][:-1]
    return take(table, order[fresh])


def take(table: Table, index: np.ndarray) -> Table:
    """Rows of an index or mask."""
    return {key: column[index] for key, column in table.items()}


def digest(runs: Table, threats: Table) -> str:
    """SHA-256 of both tables, sorted: equal results give an equal digest on any machine."""
    sha = hashlib.sha256()
    for name, table in (("runs", runs), ("threats", threats)):
        for key, (dtype, _) in _COLUMNS[name].items():
            column = np.ascontiguousarray(table[key], np.dtype(dtype).newbyteorder("<"))
            sha.update(f"{name}.{key}:{len(column)}\0".encode() + column.tobytes())
    return sha.hexdigest()
