"""Scenes for the tracking benchmark: truth and the detections of one 3-D radar, 60 scans of one second.

Kinds: `cross`, straight flights of 60 to 250 m/s through a box of 8 km above the radar; `dense`, 60 to 150 m/s through
one cube of 800 m, 4 km away, between scans 25 and 35; `swarm`, two formations of rows of five, 35 m apart, 28 m/s,
crossing at 3 km.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rampart.records import Detections, SensorModel, Site

Floats = NDArray[np.float64]

SCANS = 60
P_DETECT = 0.9
FALSE_ALARMS = 20.0  # Poisson mean per scan
RANGE_M = (500.0, 15_000.0)
CLUTTER_TOP_RAD = float(np.radians(40.0))
SIGMA = np.array([10.0, np.radians(0.2), np.radians(0.2)])  # range, bearing, elevation


@dataclass(frozen=True, eq=False)
class Scene:
    """One scene.

    Attributes
    ----------
    name : str
        ``kind_targets_sSEED``.
    truth : ndarray (n, 8)
        ``scan, target, x, vx, y, vy, z, vz``; east, north, up [m], [m/s].
    detections : ndarray (m, 4)
        ``scan, range [m], bearing, elevation [rad]``, in random order inside a scan; bearing anticlockwise from east.
    """

    name: str
    truth: Floats
    detections: Floats

    def batches(self) -> list[Detections]:
        """The detections as records, one batch per scan."""
        out, first = [], 1
        for scan in range(SCANS):
            rows = self.detections[self.detections[:, 0] == scan]
            m, t = len(rows), scan * 1_000_000_000
            out.append(
                Detections.build(
                    m,
                    number=np.arange(first, first + m),
                    time_ns=np.full(m, t),
                    received_ns=np.full(m, t),
                    range_m=rows[:, 1],
                    azimuth_rad=0.5 * np.pi - rows[:, 2],
                    elevation_rad=rows[:, 3],
                )
            )
            first += m
        return out


def radar_site() -> Site:
    """A site with the scenes' radar at its origin."""
    model = SensorModel(
        id="radar",
        kind="radar3d",
        position_enu=np.zeros(3),
        scan_period_s=1.0,
        range_sigma_m=float(SIGMA[0]),
        azimuth_sigma_rad=float(SIGMA[1]),
        elevation_sigma_rad=float(SIGMA[2]),
        p_detect=P_DETECT,
        false_alarms_per_scan=FALSE_ALARMS,
        min_range_m=RANGE_M[0],
        max_range_m=RANGE_M[1],
        min_elevation_rad=0.0,
        max_elevation_rad=0.5 * np.pi,
    )
    return Site("bench", 0.58, 0.77, 0.0, sensors=(model,))


def load_scene(kind: str, targets: int, seed: int) -> Scene:
    """A published scene where its file is at hand, else one of the same kind.

    Files ``kind_targets_sSEED.npz`` are looked for in the folder that ``RAMPART_BENCH_SCENES`` names, by default
    ``../shared/bench/tracking/scenes`` beside the checkout. The order inside each scan is drawn anew: there the targets
    come first.
    """
    name = f"{kind}_{targets}_s{seed}"
    beside = Path(__file__).resolve().parents[3].parent / "shared" / "bench" / "tracking" / "scenes"
    path = Path(os.environ.get("RAMPART_BENCH_SCENES") or beside) / f"{name}.npz"
    if not path.is_file():
        return make_scene(kind, targets, seed)
    with np.load(path) as data:
        truth, detections = data["truth"], data["det"][:, :4]
    return Scene(name, truth, _shuffle(detections, np.random.default_rng(seed)))


def make_scene(kind: str, targets: int, seed: int) -> Scene:
    """Draw a scene.

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    rng = np.random.default_rng([seed, targets])
    if kind == "swarm":
        states, density = _formations(targets, rng), (0.3, 0.3, 0.03)
        born, gone = np.zeros(targets), np.full(targets, SCANS)
    elif kind in ("cross", "dense"):
        states, density = _crossing(kind, targets, rng), (1.0, 1.0, 1.0)
        born = np.where(rng.random(targets) < 0.2, rng.integers(5, 16, targets), 0)
        gone = np.where(rng.random(targets) < 0.2, rng.integers(45, 55, targets), SCANS)
    else:
        raise ValueError(f"no kind of scene {kind!r}; expected cross, dense or swarm")
    truth, detections = [], []
    for scan in range(SCANS):
        if scan:
            states = _move(states, np.array(density), rng)
        distance = np.linalg.norm(states[:, :3], axis=1)
        here = (born <= scan) & (scan < gone)
        if kind != "swarm":
            here &= (distance > RANGE_M[0]) & (distance < RANGE_M[1]) & (states[:, 2] > 0.0)
        rows = np.flatnonzero(here)
        truth.append(np.column_stack([np.full(len(rows), scan), rows, states[rows][:, [0, 3, 1, 4, 2, 5]]]))
        detections.append(_look(scan, states[rows], rng))
    return Scene(f"{kind}_{targets}_s{seed}", np.concatenate(truth), np.concatenate(detections))


def _crossing(kind: str, targets: int, rng: np.random.Generator) -> Floats:
    if kind == "cross":
        centre = rng.uniform([-4000.0, -4000.0, 800.0], [4000.0, 4000.0, 3000.0], (targets, 3))
        when, speed = rng.uniform(15.0, 45.0, targets), rng.uniform(60.0, 250.0, targets)
    else:
        centre = np.array([0.0, 4000.0, 1200.0]) + rng.uniform(-400.0, 400.0, (targets, 3))
        when, speed = rng.uniform(25.0, 35.0, targets), rng.uniform(60.0, 150.0, targets)
    heading = rng.uniform(0.0, 2.0 * np.pi, targets)
    velocity = np.column_stack([speed * np.cos(heading), speed * np.sin(heading), rng.uniform(-8.0, 8.0, targets)])
    return np.column_stack([centre - velocity * when[:, None], velocity])


def _formations(targets: int, rng: np.random.Generator) -> Floats:
    each, states = targets // 2, []
    for heading in np.radians([20.0, 110.0]):
        row, column = np.divmod(np.arange(each), 5)
        offset = 35.0 * np.column_stack([row - (each / 5 - 1) / 2, column - 2])
        course = 28.0 * np.array([np.cos(heading), np.sin(heading)])
        level = np.array([0.0, 3000.0]) + offset + rng.normal(0.0, 4.0, (each, 2)) - 30.0 * course
        own = course + rng.normal(0.0, 0.5, (each, 2))
        states.append(np.column_stack([level, 350.0 + rng.uniform(-20.0, 20.0, each), own, np.zeros(each)]))
    return np.concatenate(states)


def _move(states: Floats, density: Floats, rng: np.random.Generator) -> Floats:
    """One second of nearly constant velocity; white acceleration of the given densities [m2/s3]."""
    root = np.linalg.cholesky(np.array([[1.0 / 3.0, 0.5], [0.5, 1.0]]))
    kick = np.einsum("ab,nbk->nak", root, rng.standard_normal((len(states), 2, 3))) * np.sqrt(density)
    position = states[:, :3] + states[:, 3:] + kick[:, 0]
    return np.column_stack([position, states[:, 3:] + kick[:, 1]])


def _look(scan: int, states: Floats, rng: np.random.Generator) -> Floats:
    """Detections (k, 4) of one scan, false alarms among them, in random order."""
    seen = states[rng.random(len(states)) < P_DETECT]
    distance = np.linalg.norm(seen[:, :3], axis=1)
    real = np.column_stack([distance, np.arctan2(seen[:, 1], seen[:, 0]), np.arcsin(seen[:, 2] / distance)])
    real += SIGMA * rng.standard_normal(real.shape)
    false = rng.uniform([RANGE_M[0], -np.pi, 0.0], [RANGE_M[1], np.pi, CLUTTER_TOP_RAD], (rng.poisson(FALSE_ALARMS), 3))
    rows = rng.permutation(np.concatenate([real, false]))
    return np.column_stack([np.full(len(rows), scan), rows])


def _shuffle(detections: Floats, rng: np.random.Generator) -> Floats:
    order = np.lexsort((rng.random(len(detections)), detections[:, 0]))
    return np.asarray(detections[order])
