"""Score a tracks table against a scene that ``rampart bench scenes`` wrote.

    python -m rampart.bench.score_files scenes/raid_2r_s0 tracks.parquet

The tracks may be anybody's: a ``.csv`` or ``.parquet`` with ``time_s, track_id, east_m, north_m, up_m, east_ms,
north_ms, up_ms``, one row per confirmed track and time. Rows at other times than the scene's instants are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rampart.errors import InputError
from rampart.track.metrics import Points, Scores, score

from .trial import FIRST_SCORED

Floats = NDArray[np.float64]

STATE = ("east_m", "east_ms", "north_m", "north_ms", "up_m", "up_ms")
SAME_TIME_S = 1e-6  #: a row this near to an instant is of it


def score_files(scene: str | Path, tracks: str | Path) -> Scores:
    """Score the tracks of a file.

    Parameters
    ----------
    scene : path
        Folder of the scene, or its ``truth.csv``.
    tracks : path
        The tracks table.

    Raises
    ------
    InputError
        If a file cannot be read or lacks a column, or no track is at the time of any instant.
    """
    path = Path(scene) / "truth.csv" if Path(scene).is_dir() else Path(scene)
    truth = _read(path, ("instant", "time_s", "target", *STATE))
    found = _read(Path(tracks), ("time_s", "track_id", *STATE))
    instants = np.unique(np.column_stack([truth["time_s"], truth["instant"]]).astype(float), axis=0)
    when = np.asarray(found["time_s"], float)
    nearest = np.abs(when[:, None] - instants[None, :, 0]).argmin(axis=1)
    here = np.abs(when - instants[nearest, 0]) < SAME_TIME_S
    if not here.any():
        raise InputError(f"has no row at a time of the truth, e.g. time_s = {instants[0, 0]:g}", path=tracks)
    _, number = np.unique(np.asarray(found["track_id"], str), return_inverse=True)
    rows = np.column_stack([instants[nearest, 1], number, *(np.asarray(found[name], float) for name in STATE)])
    targets = np.column_stack([np.asarray(truth[name], float) for name in ("instant", "target", *STATE)])
    return score(Points.from_table(targets), Points.from_table(rows[here]), first_scan=FIRST_SCORED)


def _read(path: Path, columns: tuple[str, ...]) -> dict[str, Any]:
    pa, csv, parquet = (_arrow(name) for name in ("pyarrow", "pyarrow.csv", "pyarrow.parquet"))
    try:
        table = parquet.read_table(path) if path.suffix == ".parquet" else csv.read_csv(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"cannot be read: {error}", path=path) from None
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise InputError(f"column {missing[0]} is missing", path=path)
    return {name: table.column(name).to_numpy() for name in columns}


def _arrow(name: str) -> Any:
    """pyarrow, whose types do not say what it exports."""
    return import_module(name)


def main() -> int:
    """Command line: one line of JSON; 2 for bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m rampart.bench.score_files", description="Score a tracks table against a scene."
    )
    parser.add_argument("scene", help="folder of the scene")
    parser.add_argument("tracks", help="tracks table, .csv or .parquet")
    given = parser.parse_args()
    try:
        found = score_files(given.scene, given.tracks)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps({"schema": 1, **found.as_dict()}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
