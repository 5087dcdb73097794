"""``rampart bench track``: CPU time per scan and accuracy of the tracker, beside Stone Soup.

The scenes, the score and the Stone Soup runner are those of the tracking bench kit, a folder with ``make_scenes.py``,
``score.py`` and ``run_stonesoup.py``: ``../shared/bench/tracking``, or where ``RAMPART_TRACKING_BENCH`` points. Without
the kit crossing targets of our own are tracked and timed, and nothing is scored.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from types import ModuleType
from typing import Any

import numpy as np

from rampart.records import Detections, SensorModel, Site, TrackStatus
from rampart.track import Tracker

#: kind, targets, seeds; reported on the kit's seeds 0 to 2, tuned on others.
SCENES = (
    ("cross", 10, (0, 1, 2)),
    ("cross", 50, (0, 1, 2)),
    ("cross", 100, (0, 1, 2)),
    ("cross", 300, (0,)),
    ("cross", 1000, (0,)),
    ("dense", 50, (0, 1, 2)),
    ("swarm", 40, (0, 1, 2)),
)
PEER_TARGETS = 100  #: Stone Soup is run on scenes up to this size
PEER_BUDGET_S = 60.0  #: and stopped after this much CPU time
SCANS, PERIOD_S = 60, 1.0
S = 1_000_000_000

Scene = tuple[
    np.ndarray | None, list[np.ndarray]
]  #: truth (rows, 8) or None; per scan (n, 3) range, bearing, elevation


def run(*, quick: bool = False) -> dict[str, Any]:
    """Track every scene, and let Stone Soup do the same where it is installed.

    Parameters
    ----------
    quick : bool
        The small scenes and seed 0 only.
    """
    kit = _kit()
    scenes = [(kind, n, seeds[:1]) for kind, n, seeds in SCENES if n <= PEER_TARGETS] if quick else SCENES
    _track(_scene(kit, "cross", 10, 1000)[1])  # compiling is not part of a scan
    return {"results": [_compare(kit, kind, n, seeds) for kind, n, seeds in scenes if kit or kind == "cross"]}


def _compare(kit: Path | None, kind: str, targets: int, seeds: Sequence[int]) -> dict[str, Any]:
    figures, cpu_ms, peers = [], [], []
    for seed in seeds:
        truth, scans = _scene(kit, kind, targets, seed)
        rows, spent = _track(scans)
        cpu_ms.append(spent)
        if truth is not None and kit is not None:
            figures.append(_module(kit, "score").score(truth, rows))
        if kit is not None and targets <= PEER_TARGETS and find_spec("stonesoup"):
            peers.append(_stone_soup(kit, kind, targets, seed))
    pooled = np.concatenate(cpu_ms)
    ours = {"seeds": list(seeds), "cpu_ms_per_scan": _spread(pooled), **_mean(figures)}
    peer = {"tracker": "Stone Soup GNN, EKF", "seeds": list(seeds), **_mean(peers)} if peers else None
    ratio = peer["cpu_ms_mean"] / float(pooled.mean()) if peer else None
    return {"name": f"{kind}_{targets}", "ours": ours, "peer": peer, "ratio": ratio}


def _spread(values: np.ndarray) -> dict[str, float]:
    names = ("median", "p99", "max")
    found = {name: float(np.quantile(values, q)) for name, q in zip(names, (0.5, 0.99, 1.0), strict=True)}
    return {**found, "mean": float(values.mean())}


def _mean(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    keys = ("gospa", "missed", "false", "pos_rmse", "vel_rmse", "id_switches", "longest_track", "cpu_ms_mean", "scans")
    return {key: float(np.mean([row[key] for row in rows])) for key in keys if rows and key in rows[0]}


def _kit() -> Path | None:
    given = os.environ.get("RAMPART_TRACKING_BENCH")
    folder = Path(given) if given else Path.cwd().parent / "shared" / "bench" / "tracking"
    return folder if (folder / "make_scenes.py").is_file() else None


def _module(kit: Path, name: str) -> ModuleType:
    spec = spec_from_file_location(name, kit / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{kit / name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _scene(kit: Path | None, kind: str, targets: int, seed: int) -> Scene:
    """Truth and the scans of a scene, each shuffled: the kit lists true detections first, in target order."""
    if kit is None:
        return None, _crossing(targets, seed)
    truth, detections = _module(kit, "make_scenes").make_scene(kind, targets, seed)
    rng = np.random.Generator(np.random.Philox(seed))
    parts = (detections[detections[:, 0] == scan, 1:4] for scan in range(SCANS))
    return truth, [part[rng.permutation(len(part))] for part in parts]


def _crossing(targets: int, seed: int) -> list[np.ndarray]:
    """Straight flights through a box over the radar, with misses and 20 false alarms in each scan."""
    rng = np.random.Generator(np.random.Philox(seed))
    centre = rng.uniform([-4000, -4000, 800], [4000, 4000, 3000], (targets, 3))
    heading, speed, middle = rng.uniform([0, 60, 15], [2 * np.pi, 250, 45], (targets, 3)).T
    velocity = np.stack([speed * np.cos(heading), speed * np.sin(heading), np.zeros(targets)], axis=1)
    scans = []
    for scan in range(SCANS):
        east, north, up = (centre + velocity * (scan - middle)[:, None]).T
        distance = np.sqrt(east**2 + north**2 + up**2)
        polar = np.stack([distance, np.arctan2(north, east), np.arcsin(up / distance)], axis=1)
        polar += rng.normal(size=polar.shape) * [10.0, np.deg2rad(0.2), np.deg2rad(0.2)]
        seen = (distance > 500) & (distance < 15e3) & (rng.random(targets) < 0.9)
        false = rng.uniform([500, -np.pi, 0], [15e3, np.pi, np.deg2rad(40)], (rng.poisson(20), 3))
        scans.append(rng.permutation(np.concatenate([polar[seen], false])))
    return scans


def _site() -> Site:
    angle = float(np.deg2rad(0.2))
    radar = SensorModel(
        "radar",
        "radar3d",
        np.zeros(3),
        PERIOD_S,
        range_sigma_m=10.0,
        azimuth_sigma_rad=angle,
        elevation_sigma_rad=angle,
        p_detect=0.9,
        false_alarms_per_scan=20.0,
        min_range_m=500.0,
        max_range_m=15_000.0,
        min_elevation_rad=0.0,
    )
    return Site("bench", 0.0, 0.0, 0.0, sensors=(radar,))


def _track(scans: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Rows ``scan, track_id, x, vx, y, vy, z, vz`` of confirmed tracks, and CPU ms of each scan."""
    tracker, rows, cpu_ms, number = Tracker(_site()), [], [], 1
    for scan, part in enumerate(scans):
        now_ns = round(scan * PERIOD_S * S)
        batch = Detections.build(
            len(part),
            number=np.arange(number, number + len(part)),
            time_ns=np.full(len(part), now_ns),
            received_ns=np.full(len(part), now_ns),
            range_m=part[:, 0],
            azimuth_rad=(np.pi / 2 - part[:, 1]) % (2 * np.pi),  # the kit's bearing runs anticlockwise from east
            elevation_rad=part[:, 2],
            range_sigma_m=np.full(len(part), 10.0),
            azimuth_sigma_rad=np.full(len(part), np.deg2rad(0.2)),
            elevation_sigma_rad=np.full(len(part), np.deg2rad(0.2)),
        )
        number += len(part)
        started = process_time()
        tracks = tracker.step(now_ns, batch).records
        cpu_ms.append(1e3 * (process_time() - started))
        said = tracks.take(np.isin(tracks.status, (TrackStatus.CONFIRMED, TrackStatus.COASTED)))
        state = said.state[:, [0, 3, 1, 4, 2, 5]]
        rows.append(np.column_stack([np.full(len(said), scan), said.number, state]))
    return np.concatenate(rows), np.array(cpu_ms)


def _stone_soup(kit: Path, kind: str, targets: int, seed: int) -> dict[str, Any]:
    """The kit's Stone Soup runner in a process of its own, on the same scene."""
    with TemporaryDirectory() as folder:
        scene, out = Path(folder) / "scene.npz", Path(folder) / "tracks.npz"
        truth, detections = _module(kit, "make_scenes").make_scene(kind, targets, seed)
        np.savez(scene, truth=truth, det=detections)
        command = [sys.executable, str(kit / "run_stonesoup.py"), str(scene), "--out", str(out)]
        command += ["--algorithm", "gnn", "--budget-s", str(PEER_BUDGET_S)]
        subprocess.run(command, capture_output=True, check=True)
        found = np.load(out)
    spent = found["cpu_s"]
    # a run cut short by its budget is timed, but is no whole scene to score
    score = _module(kit, "score").score(truth, found["tracks"]) if len(spent) == SCANS else {}
    return {**score, "cpu_ms_mean": float(1e3 * spent.mean()), "scans": len(spent)}
