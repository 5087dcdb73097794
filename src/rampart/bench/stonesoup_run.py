# mypy: disable-error-code="attr-defined"
"""Stone Soup on a scene, in a process of its own: ``python -m rampart.bench.stonesoup_run SCENE.npz OUT.npz``.

Needs numpy and stonesoup only, so that it runs in an environment without the rest of Rampart. The tracker is made of
Stone Soup's documented building blocks with the numbers of `Settings`; `TUNED` are those that
`rampart.bench.stonesoup_tuning` chose on seeds 10 to 99.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np

from rampart.bench.stonesoup_adapter import START, STATES, Scene, Sensor, frames, read_scene

ALGORITHMS = ("gnn", "gnn-tree", "jpda-ehm2", "jpda-lbp")
FILTERS = ("ekf", "ukf")


@dataclass(frozen=True)
class Settings:
    """The numbers of a Stone Soup tracker that can be chosen."""

    noise_m2s3: float = 2.0  #: density of the white acceleration of the constant-velocity model
    gate: float = 4.0  #: Mahalanobis distance, also the cost of a miss
    confirm_points: int = 3  #: detections that make a track
    delete_s: float = 4.5  #: silence that ends a track; a tentative one after `drop_s`
    drop_s: float = 1.5
    speed_sigma_ms: tuple[float, float, float] = (150.0, 150.0, 30.0)  #: of a new track, east, north, up
    neighbours: int = 5  #: detections per track that the k-d tree looks up
    reach: float = 3.0  #: how far, in units of the largest variance of the predicted measurement
    inflation: float = 1.0  #: factor on the sensors' errors


def build(scene: Scene, algorithm: str, filter_kind: str, settings: Settings) -> Any:
    """A Stone Soup tracker over a scene; iterating it gives (time, set of confirmed tracks)."""
    from stonesoup.deleter.time import UpdateTimeDeleter
    from stonesoup.initiator.simple import MultiMeasurementInitiator, SimpleMeasurementInitiator
    from stonesoup.models.transition.linear import CombinedLinearGaussianTransitionModel, ConstantVelocity
    from stonesoup.predictor import kalman as predictors
    from stonesoup.tracker.simple import MultiTargetMixtureTracker, MultiTargetTracker
    from stonesoup.types.array import CovarianceMatrix, StateVector
    from stonesoup.types.state import GaussianState
    from stonesoup.updater import kalman as updaters

    motion = CombinedLinearGaussianTransitionModel([ConstantVelocity(settings.noise_m2s3)] * 3)
    predictor: Any
    updater: Any
    if filter_kind == "ukf":
        predictor, updater = predictors.UnscentedKalmanPredictor(motion), updaters.UnscentedKalmanUpdater(None)
    else:
        predictor, updater = predictors.ExtendedKalmanPredictor(motion), updaters.ExtendedKalmanUpdater(None)
    spread = np.zeros(STATES)
    spread[1::2] = np.square(settings.speed_sigma_ms)
    prior = GaussianState(StateVector(np.zeros(STATES)), CovarianceMatrix(np.diag(spread)), timestamp=START)
    initiator = MultiMeasurementInitiator(
        prior,
        deleter=UpdateTimeDeleter(_seconds(settings.drop_s)),
        data_associator=_nearest(predictor, updater, settings),
        updater=updater,
        min_points=settings.confirm_points,
        initiator=SimpleMeasurementInitiator(prior, skip_non_reversible=True),
        skip_non_reversible=True,
    )
    kind = MultiTargetMixtureTracker if algorithm.startswith("jpda") else MultiTargetTracker
    looks = frames(scene.columns, scene.sensors, times_s=scene.times_s, inflation=settings.inflation)
    return kind(
        initiator=initiator,
        deleter=UpdateTimeDeleter(_seconds(settings.delete_s)),
        detector=iter(looks),
        data_associator=_associator(algorithm, predictor, updater, settings, scene.sensors),
        updater=updater,
    )


def _seconds(value: float) -> datetime.timedelta:
    return datetime.timedelta(seconds=value)


def _nearest(predictor: Any, updater: Any, settings: Settings) -> Any:
    from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
    from stonesoup.hypothesiser.distance import DistanceHypothesiser
    from stonesoup.measures import Mahalanobis

    return GNNWith2DAssignment(DistanceHypothesiser(predictor, updater, Mahalanobis(), missed_distance=settings.gate))


def _associator(algorithm: str, predictor: Any, updater: Any, settings: Settings, sensors: tuple[Sensor, ...]) -> Any:
    from stonesoup.dataassociator import probability
    from stonesoup.dataassociator.tree import DetectionKDTreeGNN2D
    from stonesoup.hypothesiser.probability import PDAHypothesiser

    nearest = _nearest(predictor, updater, settings)
    if algorithm == "gnn":
        return nearest
    if algorithm == "gnn-tree":
        return DetectionKDTreeGNN2D(
            nearest.hypothesiser,
            predictor,
            updater,
            number_of_neighbours=settings.neighbours,
            max_distance_covariance_multiplier=settings.reach,
        )
    radar = next(sensor for sensor in sensors if np.isfinite(sensor.range_sigma_m))
    hypotheses = PDAHypothesiser(
        predictor,
        updater,
        clutter_spatial_density=_clutter_density(radar),
        prob_detect=radar.p_detect,
        prob_gate=_gate_probability(settings.gate),
    )
    kinds = {"jpda-ehm2": probability.JPDAwithEHM2, "jpda-lbp": probability.JPDAwithLBP}
    return kinds[algorithm](hypotheses)


def _clutter_density(radar: Sensor) -> float:
    """False alarms per scan and unit of measurement space, 1 / (m rad rad): uniform up to 40 degrees."""
    return radar.false_alarms_per_scan / (radar.max_range_m * 2.0 * np.pi * np.deg2rad(40.0))


def _gate_probability(distance: float) -> float:
    """That the right detection of three numbers lies within a Mahalanobis distance."""
    from scipy.stats import chi2

    return float(min(chi2.cdf(distance**2, 3), 0.9999))


def track(
    scene: Scene, algorithm: str, filter_kind: str, settings: Settings, limit_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Track a scene.

    Returns
    -------
    tracks : ndarray (n, 8)
        ``look, track, x, vx, y, vy, z, vz`` of the confirmed tracks after each look.
    cpu_s : ndarray (looks,)
        CPU time of each, of as many looks as `limit_s` of CPU time allows.
    """
    steps = iter(build(scene, algorithm, filter_kind, settings))
    numbers: dict[str, int] = {}
    rows: list[list[float]] = []
    cpu_s: list[float] = []
    while sum(cpu_s) <= limit_s:
        started = time.process_time()
        try:
            _, tracks = next(steps)
        except StopIteration:
            break
        cpu_s.append(time.process_time() - started)
        for one in tracks:
            number = numbers.setdefault(one.id, len(numbers))
            rows.append([len(cpu_s) - 1, number, *np.asarray(one.state_vector, float).ravel()])
    return np.array(rows, float).reshape(-1, 8), np.array(cpu_s)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scene")
    parser.add_argument("out")
    parser.add_argument("--algorithm", choices=ALGORITHMS, default="gnn")
    parser.add_argument("--filter", choices=FILTERS, default="ekf")
    parser.add_argument("--limit-s", type=float, default=240.0)
    parser.add_argument("--settings", type=json.loads, default={}, help="JSON object: what differs from the defaults")
    given = parser.parse_args()
    settings = replace(Settings(), **given.settings)
    tracks, cpu_s = track(read_scene(given.scene), given.algorithm, given.filter, settings, given.limit_s)
    np.savez(given.out, tracks=tracks, cpu_s=cpu_s, settings=np.array(json.dumps(asdict(settings))))


if __name__ == "__main__":
    main()
