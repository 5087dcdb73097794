# mypy: disable-error-code="attr-defined"
"""Stone Soup on a scene, in a process of its own: ``python stonesoup_run.py SCENE.npz OUT.npz --algorithm gnn``.

Needs numpy and stonesoup only, so that it runs in an environment without Rampart. The tracker is made of Stone Soup's
documented building blocks: extended Kalman filter, constant velocity of 2 m2/s3, Mahalanobis gate 4, three points to
confirm, five misses to delete (two while tentative); nothing was tuned in anybody's favour.
"""

import argparse
import datetime
import os
import time
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np

START = datetime.datetime(2026, 1, 1)  # noqa: DTZ001 - Stone Soup compares naive times
GATE = 4.0
NOISE_M2S3 = 2.0
SPEED_SIGMA_MS = (150.0, 150.0, 30.0)
HITS_TO_CONFIRM, MISSES_TO_DELETE, MISSES_TO_DROP = 3, 5, 2


def build(detections: Any, sigma: Any, scans: int, algorithm: str) -> Any:
    """A Stone Soup tracker over detections (m, 4); iterating it gives (time, set of confirmed tracks)."""
    from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
    from stonesoup.dataassociator.tree import DetectionKDTreeGNN2D
    from stonesoup.deleter.time import UpdateTimeStepsDeleter
    from stonesoup.hypothesiser.distance import DistanceHypothesiser
    from stonesoup.initiator.simple import MultiMeasurementInitiator
    from stonesoup.measures import Mahalanobis
    from stonesoup.models.measurement.nonlinear import CartesianToElevationBearingRange
    from stonesoup.models.transition.linear import CombinedLinearGaussianTransitionModel, ConstantVelocity
    from stonesoup.predictor.kalman import ExtendedKalmanPredictor
    from stonesoup.tracker.simple import MultiTargetTracker
    from stonesoup.types.array import CovarianceMatrix, StateVector
    from stonesoup.types.state import GaussianState
    from stonesoup.updater.kalman import ExtendedKalmanUpdater

    radar = CartesianToElevationBearingRange(
        6, (0, 2, 4), CovarianceMatrix(np.diag([sigma[2] ** 2, sigma[1] ** 2, sigma[0] ** 2]))
    )
    predictor = ExtendedKalmanPredictor(CombinedLinearGaussianTransitionModel([ConstantVelocity(NOISE_M2S3)] * 3))
    updater = ExtendedKalmanUpdater(radar)
    near = DistanceHypothesiser(predictor, updater, Mahalanobis(), missed_distance=GATE)
    spread = np.zeros(6)
    spread[1::2] = np.square(SPEED_SIGMA_MS)
    initiator = MultiMeasurementInitiator(
        GaussianState(StateVector(np.zeros(6)), CovarianceMatrix(np.diag(spread)), timestamp=START),
        deleter=UpdateTimeStepsDeleter(MISSES_TO_DROP),
        data_associator=GNNWith2DAssignment(near),
        updater=updater,
        measurement_model=radar,
        min_points=HITS_TO_CONFIRM,
    )
    associator: Any = GNNWith2DAssignment(near)
    if algorithm == "gnn-tree":
        associator = DetectionKDTreeGNN2D(
            near, predictor, updater, number_of_neighbours=5, max_distance_covariance_multiplier=3
        )
    return MultiTargetTracker(
        initiator=initiator,
        deleter=UpdateTimeStepsDeleter(MISSES_TO_DELETE),
        detector=iter(frames(detections, radar, scans)),
        data_associator=associator,
        updater=updater,
    )


def frames(detections: Any, radar: Any, scans: int) -> list[Any]:
    """(time, set of detections) of each scan."""
    from stonesoup.types.angle import Bearing, Elevation
    from stonesoup.types.array import StateVector
    from stonesoup.types.detection import Detection

    out = []
    for scan in range(scans):
        when = START + datetime.timedelta(seconds=scan)
        rows = detections[detections[:, 0] == scan, 1:]
        vectors = [StateVector([Elevation(e), Bearing(b), r]) for r, b, e in rows]
        out.append((when, {Detection(v, timestamp=when, measurement_model=radar) for v in vectors}))
    return out


def track(detections: Any, sigma: Any, scans: int, algorithm: str, limit_s: float) -> tuple[Any, Any]:
    """Tracks (n, 8) and CPU seconds per scan, of as many scans as `limit_s` of CPU time allows."""
    steps = iter(build(detections, sigma, scans, algorithm))
    numbers: dict[str, int] = {}
    rows, cpu_s = [], []
    for scan in range(scans):
        started = time.process_time()
        _, tracks = next(steps)
        cpu_s.append(time.process_time() - started)
        for one in tracks:
            rows.append([scan, numbers.setdefault(one.id, len(numbers)), *np.asarray(one.state_vector, float).ravel()])
        if sum(cpu_s) > limit_s:
            break
    return np.array(rows, float).reshape(-1, 8), np.array(cpu_s)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scene")
    parser.add_argument("out")
    parser.add_argument("--algorithm", choices=["gnn", "gnn-tree"], default="gnn")
    parser.add_argument("--limit-s", type=float, default=240.0)
    given = parser.parse_args()
    with np.load(given.scene) as scene:
        tracks, cpu_s = track(scene["detections"], scene["sigma"], int(scene["scans"]), given.algorithm, given.limit_s)
    np.savez(given.out, tracks=tracks, cpu_s=cpu_s)


if __name__ == "__main__":
    main()
