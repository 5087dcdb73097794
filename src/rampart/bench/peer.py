"""Peer: Stone Soup on the scenes of the tracking benchmark, in a process of its own, with the settings tuned for it.

It runs where it is installed: with this Python, or the one that ``RAMPART_STONESOUP_PYTHON`` names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from .stonesoup_adapter import write_scene
from .trial import Trial, scores

#: What `rampart bench track` gives Stone Soup, by kind of scene: what differs from the defaults of
#: `stonesoup_run.Settings`. Chosen on seeds 10 to 99, see docs/benchmarks.md.
TUNED: Mapping[str, Mapping[str, Any]] = {
    "cross": {"noise_m2s3": 1.0, "delete_s": 2.5},
    "dense": {"noise_m2s3": 1.0, "delete_s": 2.5},
    "swarm": {"gate": 5.0},
    "clutter": {"noise_m2s3": 1.0, "delete_s": 2.5},
    "raid": {"noise_m2s3": 20.0, "inflation": 1.5, "confirm_points": 5},
}


@dataclass(frozen=True)
class Algorithm:
    """One of Stone Soup's trackers."""

    associator: str = "gnn"
    filter: str = "ekf"

    @property
    def name(self) -> str:
        """As the rows call it, e.g. ``gnn-ekf``."""
        return f"{self.associator}-{self.filter}"


@dataclass(frozen=True, eq=False)
class PeerRun:
    """What Stone Soup made of a scene."""

    cpu_ms: np.ndarray  #: (looks,) CPU time of each look that it got through
    scores: dict[str, float] | None  #: None if the CPU limit cut it short, or nothing was there to be tracked
    tracks: int  #: confirmed ones, by number
    settings: dict[str, Any]


@cache
def python() -> str | None:
    """The Python that has Stone Soup; None where none has."""
    return os.environ.get("RAMPART_STONESOUP_PYTHON") or (sys.executable if find_spec("stonesoup") else None)


def settings_of(trial: Trial) -> dict[str, Any]:
    """The tuned settings for a scene, by the first word of its name."""
    return dict(TUNED[trial.name.split("_")[0]])


def run_peer(
    trial: Trial, algorithm: Algorithm, *, limit_s: float = 600.0, settings: Mapping[str, Any] | None = None
) -> PeerRun | None:
    """Stone Soup on a scene; None where it is not installed.

    Parameters
    ----------
    trial : Trial
        The scene.
    algorithm : Algorithm
        Which tracker.
    limit_s : float
        CPU time after which it is cut short, and not scored.
    settings : mapping, optional
        In place of the tuned ones.
    """
    program = python()
    if program is None:
        return None
    source = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))}
    with tempfile.TemporaryDirectory() as folder:
        scene_file, out_file = Path(folder) / "scene.npz", Path(folder) / "out.npz"
        write_scene(scene_file, trial.peer())
        command = [
            program, "-m", "rampart.bench.stonesoup_run", str(scene_file), str(out_file),
            "--algorithm", algorithm.associator, "--filter", algorithm.filter, "--limit-s", str(limit_s),
            "--settings", json.dumps(dict(settings_of(trial) if settings is None else settings)),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, env=environment)
        with np.load(out_file) as done:
            rows, cpu_ms, used = done["tracks"], 1e3 * done["cpu_s"], json.loads(str(done["settings"]))
    whole = len(cpu_ms) == len(trial.looks)
    found = scores(trial, _at_instants(trial, rows)) if whole and len(trial.truth) else None
    return PeerRun(cpu_ms, found, len(np.unique(rows[:, 1])), used)


def _at_instants(trial: Trial, rows: np.ndarray) -> np.ndarray:
    """Rows by look to rows by instant."""
    instant = trial.instant[rows[:, 0].astype(np.int64)]
    out = rows[instant >= 0].copy()
    out[:, 0] = instant[instant >= 0]
    return out
