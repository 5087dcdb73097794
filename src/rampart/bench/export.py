"""Export: the scenes of the tracking benchmark as plain files, for trackers that are not ours."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.records import Detections

from .raid import FILE, NAME, Raid, make_raid
from .scenes import FALSE_ALARMS, P_DETECT, SIGMA, make_scene
from .stonesoup_adapter import write_scene
from .trial import Trial

#: Scenes by name: kind and targets.
SCENES = {
    "cross_10": ("cross", 10),
    "cross_50": ("cross", 50),
    "cross_100": ("cross", 100),
    "cross_1000": ("cross", 1000),
    "dense_50": ("dense", 50),
    "swarm_40": ("swarm", 40),
    NAME: ("raid", 20),
}
DETECTION_COLUMNS = (
    "time_s", "sensor", "range_m", "azimuth_deg", "elevation_deg", "range_rate_ms", "range_sigma_m",
    "azimuth_sigma_deg", "elevation_sigma_deg",
)  # fmt: skip
TRUTH_COLUMNS = (
    "instant", "time_s", "target", "east_m", "east_ms", "north_m", "north_ms", "up_m", "up_ms",
)  # fmt: skip


def write_scenes(folder: Path, names: Sequence[str] = (), seeds: Sequence[int] = (0,)) -> list[Path]:
    """Write scenes, each into a folder ``NAME_sSEED`` of its own, and a README beside them.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it is not there.
    names : sequence of str
        Of `SCENES`; all of them where none is given.
    seeds : sequence of int
        One scene of each name per seed.

    Returns
    -------
    list of pathlib.Path
        The folders of the scenes.

    Raises
    ------
    InputError
        For an unknown name, a negative seed, or a place that cannot be written.
    """
    for name in names:
        if name not in SCENES:
            raise InputError(f"no scene {name!r}; expected some of {', '.join(SCENES)}")
    if min(seeds, default=0) < 0:
        raise InputError(f"--seed {min(seeds)}: expected 0 or more")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "README.md").write_text(README, encoding="utf-8")
        return [_write(folder, name, seed) for name in (names or SCENES) for seed in seeds]
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", path=folder) from None


def _write(folder: Path, name: str, seed: int) -> Path:
    kind, targets = SCENES[name]
    scene = make_raid(seed) if kind == "raid" else make_scene(kind, targets, seed)
    trial = Trial.of(scene)
    out = folder / scene.name
    out.mkdir(exist_ok=True)
    detections = Detections.concat([batch for _, batch in trial.looks])
    sensors = [model.id for model in trial.site.sensors]
    _write_csv(out / "detections.csv", DETECTION_COLUMNS, _detection_rows(detections, sensors, trial))
    instants = [t for (t, _), i in zip(trial.looks, trial.instant, strict=True) if i >= 0]
    _write_csv(out / "truth.csv", TRUTH_COLUMNS, _truth_rows(trial, instants))
    merged = scene.merged if isinstance(scene, Raid) else (scene.source >= 0).astype(int)
    _write_csv(
        out / "answer.csv", ("target", "targets_in_it"), zip(scene.source.tolist(), merged.tolist(), strict=True)
    )
    write_scene(out / "detections.npz", trial.peer())
    if isinstance(scene, Raid):
        (out / "site.toml").write_text(site_text(), encoding="utf-8")
        known: dict[str, Any] = {
            "targets": list(scene.flights),
            "biases": {sensor: asdict(bias) for sensor, bias in scene.biases.items()},
        }
        (out / "answer.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return out


def site_text() -> str:
    """The site file of raid_2r: what its scenario says of place and sensors, without what flies."""
    text = FILE.read_text(encoding="utf-8")
    return text[: text.index("# What flies")]


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _detection_rows(detections: Detections, sensors: Sequence[str], trial: Trial) -> Iterator[Sequence[Any]]:
    models = [trial.site.sensors[i] for i in detections.sensor]
    start_ns = trial.site.start_ns

    def degrees(values: Iterable[float]) -> list[str]:
        return _cells(np.degrees(np.fromiter(values, float)), 8)

    def sigma(own: np.ndarray, name: str) -> np.ndarray:
        return np.where(np.isnan(own), [getattr(model, name) for model in models], own)

    columns = (
        [f"{(t - start_ns) / 1e9:.9f}" for t in detections.time_ns.tolist()],
        [sensors[i] for i in detections.sensor],
        _cells(detections.range_m, 5),
        degrees(detections.azimuth_rad % (2.0 * np.pi)),
        degrees(detections.elevation_rad),
        _cells(detections.range_rate_ms, 5),
        _cells(sigma(detections.range_sigma_m, "range_sigma_m"), 5),
        degrees(sigma(detections.azimuth_sigma_rad, "azimuth_sigma_rad")),
        degrees(sigma(detections.elevation_sigma_rad, "elevation_sigma_rad")),
    )
    return zip(*columns, strict=True)


def _cells(values: np.ndarray, digits: int) -> list[str]:
    """Numbers as text; what was not measured is an empty cell."""
    return ["" if np.isnan(v) else f"{v:.{digits}f}" for v in values]


def _truth_rows(trial: Trial, instants: Sequence[int]) -> Iterator[Sequence[Any]]:
    start_ns = trial.site.start_ns
    for row in trial.truth:
        time_s = (instants[int(row[0])] - start_ns) / 1e9
        yield [int(row[0]), f"{time_s:.9f}", int(row[1]), *(f"{v:.5f}" for v in row[2:])]


README = f"""\
# Scenes of the tracking benchmark

Written by `rampart bench scenes`; equal seeds give equal files. Seeds 10 to 99 are for tuning, the others for figures.

| file | what |
|---|---|
| `detections.csv` | what a tracker may read, one row per detection, in order of time; empty cells were not measured |
| `detections.npz` | the same and the sensors' data sheets, for `rampart.bench.stonesoup_adapter.read_scene` |
| `site.toml` | raid_2r only: where the sensors stand and how good they are; `rampart track --site` reads it |
| `truth.csv` | the targets at each instant at which tracks are scored: east, north, up of the site |
| `answer.csv` | for each row of `detections.csv` the target behind it (-1: none) and how many targets it holds |
| `answer.json` | raid_2r only: names of the targets, biases and clock offsets of the sensors |

Azimuth is clockwise from north, elevation above the horizontal, angles in degrees, sigmas are one standard deviation.
A tracker must not read truth or answer, nor look ahead: the tracks of an instant are those after the look at its time.

cross, dense, swarm: one radar at the origin, 60 scans of 1 s, sigmas {SIGMA[0]:g} m, 0.2 and 0.2 degrees, detection
probability {P_DETECT}, {FALSE_ALARMS:g} false alarms per scan, uniform in range, azimuth and elevation. They are the
scenes of the public bench kit, number for number; 20 % of the targets of cross and dense appear late, 20 % end early.

raid_2r: 90 s. Radar r1 looks every 1.0 s, radar r2 every 0.7 s, direction finder rf every 1.0 s, each at its own phase;
bearings of rf have no range. Rockets, mortar bombs, fixed-wing drones, a string of multirotors that link by radio. The
radars are biased in range, azimuth and elevation (one sigma 10 m, 0.1 and 0.1 degrees; r2 20 m, 0.15 and 0.15), and
the clock of r2 is off (one sigma 40 ms). Detection probability follows range and radar cross-section; slow radial
speeds are lost in the notch; targets in one resolution cell give one detection in their power-weighted middle; some
clutter stays in its cell; patches of it drift with the wind, stronger and weaker over about 8 s. Scored at the looks
of r1; a target counts from its first to its last detection by a radar.

Scores: `rampart.track.metrics.score(truth, tracks, first_scan=5)`, GOSPA of order 2, cutoff 100 m, alpha 2, means over
instants from 5 on; identity switches over all instants.
"""
