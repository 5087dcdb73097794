"""Filters: covariances stay symmetric and positive definite through any prediction and update."""

import numpy as np
import pytest

from rampart.records import SensorModel, Site
from rampart.track import Tracker
from rampart.track.constants import HOVER, N_MODES, N_Z, Z_SIGMA
from rampart.track.filters._kernels import update_mode
from rampart.track.motion._kernels import predict_mode

CASES = 100_000


def covariances(rng, n):
    """Random (n, 7, 7): sigmas over four decades, correlations up to near singular."""
    root = rng.standard_normal((n, 7, 7)) * 10.0 ** rng.uniform(-3.0, 0.0, (n, 1, 7))
    sigma = np.concatenate([10.0 ** rng.uniform(-0.5, 3.0, (n, 3)), 10.0 ** rng.uniform(-1.0, 2.0, (n, 3))], axis=1)
    sigma = np.concatenate([sigma, 10.0 ** rng.uniform(-2.0, 0.0, (n, 1))], axis=1)
    C = root @ root.transpose(0, 2, 1) + 1e-6 * np.eye(7)
    d = np.sqrt(np.diagonal(C, axis1=1, axis2=2))
    C = C / d[:, :, None] / d[:, None, :] * sigma[:, :, None] * sigma[:, None, :]
    return 0.5 * (C + C.transpose(0, 2, 1))


def scaled_least(P):
    """Least eigenvalue of each matrix scaled to unit diagonal."""
    d = np.sqrt(np.diagonal(P, axis1=1, axis2=2))
    return np.linalg.eigvalsh(P / d[:, :, None] / d[:, None, :])[:, 0]


@pytest.mark.compiled
def test_covariances_stay_symmetric_and_positive_definite():
    rng = np.random.default_rng(12)
    radar = SensorModel(
        "r", "radar3d", np.zeros(3), 1.0, range_sigma_m=10.0, azimuth_sigma_rad=0.003, elevation_sigma_rad=0.003
    )
    tracker = Tracker(Site("here", 0.6, 0.1, 0.0, sensors=(radar,)))
    p, env = tracker._p, tracker._env
    P = covariances(rng, CASES)
    x = np.concatenate([rng.uniform(-8e3, 8e3, (CASES, 3)), rng.normal(0.0, 150.0, (CASES, 3))], axis=1)
    x = np.concatenate([x, np.zeros((CASES, 1))], axis=1)
    x[:, 2] = np.abs(x[:, 2])
    own = np.stack([rng.uniform(10.0, 200.0, CASES), rng.uniform(-12.0, -7.0, CASES), np.zeros(CASES)])
    own = np.concatenate([own, [rng.uniform(-0.8, 0.8, CASES), np.zeros(CASES)]])
    dt, masks = rng.uniform(0.02, 3.0, CASES), rng.integers(1, 32, CASES)
    z = np.zeros((CASES, N_Z))
    z[:, Z_SIGMA : Z_SIGMA + 5] = 10.0 ** rng.uniform([0, -4, -4, -1, 0], [2, -1, -1, 1, 2], (CASES, 5))
    z[:, 1:6] = rng.uniform([200, -3.1, -0.2, -300, 0], [2e4, 3.1, 1.4, 300, 5e3], (CASES, 5))
    modes = np.arange(CASES) % N_MODES
    W, B = np.empty((6, 7, 7)), np.empty((24, 8))
    xo, Po = np.empty((CASES, 7)), np.empty((CASES, 7, 7))
    after = np.empty_like(Po)
    for k in range(CASES):
        m = int(modes[k])
        x[k, 6] = own[m, k]
        predict_mode(m, x[k], P[k], dt[k], p, env[0], env[1], env[2], xo[k], Po[k], W)
        after[k] = Po[k]
        update_mode(xo[k], after[k], z[k], int(masks[k]), 0.0, 0.0, 0.0, p, 2 if m < 2 else 1, B)
    for name, C in (("predicted", Po), ("updated", after)):
        assert np.isfinite(C).all(), name
        assert (C.transpose(0, 2, 1) == C).all(), name
        least = scaled_least(C)
        assert (least > 0.0).all(), (name, modes[least.argmin()], least.min())
    assert set(modes.tolist()) >= {HOVER, 0}
