"""``rampart bench track``: CPU time per scan and accuracy of the tracker, beside Stone Soup on the same detections.

Stone Soup runs where it is installed, in its own process: with this Python, or the one that
``RAMPART_STONESOUP_PYTHON`` names. CPU time of one process, compilation excluded; ours is the median over passes of a
scan. `ratio` is Stone Soup's mean CPU time per scan over ours, on the scans that Stone Soup got through.
"""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from rampart.records import Tracks, TrackStatus
from rampart.track import Tracker
from rampart.track.metrics import Points, score

from .scenes import SCANS, SIGMA, Scene, make_scene, radar_site

#: Kind, targets, seeds, Stone Soup's algorithms on the first seed.
CASES: tuple[tuple[str, int, tuple[int, ...], tuple[str, ...]], ...] = (
    ("cross", 10, (0, 1, 2), ("gnn",)),
    ("cross", 100, (0, 1, 2), ("gnn", "gnn-tree")),
    ("dense", 50, (0, 1, 2), ("gnn",)),
    ("swarm", 40, (0, 1, 2), ("gnn",)),
    ("cross", 1000, (0, 1, 2), ()),
)
FIRST_SCORED = 5  #: scans before it start tracks and count for identity only
PASSES = 3


def run(*, quick: bool = False) -> dict[str, Any]:
    """Track every case and score it.

    Parameters
    ----------
    quick : bool
        First seeds only, one pass, and a few seconds for Stone Soup.
    """
    _track(make_scene("cross", 10, 99))  # compiles
    results = []
    for kind, targets, seeds, algorithms in CASES:
        scenes = [make_scene(kind, targets, seed) for seed in (seeds[:1] if quick else seeds)]
        ours, cpu_ms = _ours(scenes, 1 if quick else PASSES)
        peers = {a: _stonesoup(scenes[0], a, 10.0 if quick else 240.0) for a in algorithms}
        known = {name: figures for name, figures in peers.items() if figures}
        first = known.get(algorithms[0]) if algorithms else None
        ratio = first["cpu_ms_per_scan"]["mean"] / float(np.mean(cpu_ms[0, : first["scans"]])) if first else None
        results.append({"name": f"{kind}_{targets}", "ours": ours, "peer": known or None, "ratio": ratio})
    return {"results": results}


def _ours(scenes: list[Scene], passes: int) -> tuple[dict[str, Any], np.ndarray]:
    """Figures over the scenes, and CPU ms (scenes, scans)."""
    cpu_ms, scores = np.empty((len(scenes), SCANS)), []
    for i, scene in enumerate(scenes):
        runs = [_track(scene) for _ in range(passes)]
        cpu_ms[i] = np.median([cpu for _, cpu in runs], axis=0)
        scores.append(_scores(scene, runs[0][0]))
    mean = {name: float(np.mean([s[name] for s in scores])) for name in scores[0]}
    return {"scenes": len(scenes), "cpu_ms_per_scan": _spread(cpu_ms), **mean}, cpu_ms


def _track(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Tracks (n, 8) as the scenes' truth, confirmed and coasted ones; and CPU ms of each scan."""
    tracker, rows, cpu_ms = Tracker(radar_site()), [], []
    for scan, batch in enumerate(scene.batches()):
        started = process_time()
        tracks = tracker.step(scan * 1_000_000_000, batch).records
        cpu_ms.append(1e3 * (process_time() - started))
        rows.append(_rows(scan, tracks))
    return np.concatenate(rows), np.array(cpu_ms)


def _rows(scan: int, tracks: Tracks) -> np.ndarray:
    held = np.isin(tracks.status, (TrackStatus.CONFIRMED, TrackStatus.COASTED))
    state = tracks.state[held]
    return np.column_stack([np.full(len(state), scan), tracks.number[held], state[:, [0, 3, 1, 4, 2, 5]]])


def _scores(scene: Scene, rows: np.ndarray) -> dict[str, float]:
    found = score(Points.from_table(scene.truth), Points.from_table(rows), first_scan=FIRST_SCORED)
    names = (
        "gospa_m",
        "ospa_m",
        "missed",
        "false",
        "position_rms_m",
        "velocity_rms_ms",
        "id_switches",
        "longest_track",
    )
    return {name: float(getattr(found, name)) for name in names}


def _spread(cpu_ms: np.ndarray) -> dict[str, float]:
    return {
        "median": float(np.median(cpu_ms)),
        "mean": float(np.mean(cpu_ms)),
        "p99": float(np.quantile(cpu_ms, 0.99)),
    }


def _stonesoup(scene: Scene, algorithm: str, limit_s: float) -> dict[str, Any] | None:
    """Stone Soup's figures on a scene; None where it is not installed. Accuracy only if it got through all scans."""
    python = os.environ.get("RAMPART_STONESOUP_PYTHON") or (sys.executable if find_spec("stonesoup") else None)
    if python is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        scene_file, out_file = Path(folder) / "scene.npz", Path(folder) / "out.npz"
        np.savez(scene_file, detections=scene.detections, sigma=SIGMA, scans=SCANS)
        script = Path(__file__).with_name("stonesoup_run.py")
        command = [python, str(script), str(scene_file), str(out_file), "--algorithm", algorithm]
        subprocess.run([*command, "--limit-s", str(limit_s)], check=True, capture_output=True)
        with np.load(out_file) as done:
            rows, cpu_ms = done["tracks"], 1e3 * done["cpu_s"]
    figures: dict[str, Any] = {"scans": len(cpu_ms), "cpu_ms_per_scan": _spread(cpu_ms)}
    return {**figures, **_scores(scene, rows)} if len(cpu_ms) == SCANS else figures
