"""Scenes for the tracking benchmark: truth and the detections of one 3-D radar, 60 scans of one second.

Kinds: `cross`, straight flights of 60 to 250 m/s through a box of 8 km above the radar; `dense`, 60 to 150 m/s through
one cube of 800 m, 4 km away, between scans 25 and 35; `swarm`, two formations of rows of five, 35 m apart, 28 m/s,
crossing at 3 km; `clutter`, nothing but false alarms.

The first three are the scenes of the public tracking bench, number for number: the draws and their order are part of
their definition, so that the figures of any tracker on ``cross_100_s7`` are figures on the same detections.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rampart.records import Detections, SensorModel, Site

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCANS = 60
P_DETECT = 0.9
FALSE_ALARMS = 20.0  # Poisson mean per scan
RANGE_M = (500.0, 15_000.0)
CLUTTER_TOP_RAD = float(np.deg2rad(40))
SIGMA = np.array([10.0, np.deg2rad(0.2), np.deg2rad(0.2)])  # range, bearing, elevation
KINDS = ("cross", "dense", "swarm", "clutter")


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
    source : ndarray (m,)
        The target behind each detection, -1 for a false alarm. The answer: no tracker may read it.
    scans : int
        How many.
    """

    name: str
    truth: Floats
    detections: Floats
    source: Ints
    scans: int = SCANS

    def batches(self) -> list[Detections]:
        """The detections as records, one batch per scan."""
        out, first = [], 1
        for scan in range(self.scans):
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


def make_scene(kind: str, targets: int, seed: int, scans: int = SCANS) -> Scene:
    """Draw a scene.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    targets : int
        How many; of a swarm a multiple of 10, of `clutter` 0.
    seed : int
        Equal arguments give equal scenes. Seeds 0 to 9 and from 100 on are for figures, 10 to 99 for tuning.
    scans : int
        Other than 60 for `clutter` only.

    Raises
    ------
    ValueError
        For an unknown kind, or a number of targets that it cannot have.

    Examples
    --------
    >>> scene = make_scene("swarm", 40, 0)
    >>> scene.truth.shape, scene.detections.shape
    ((2400, 8), (3397, 4))
    """
    if kind in ("cross", "dense"):
        truth, found = _crossing_scene(kind, targets, seed)
    elif kind == "swarm":
        if targets % 10:
            raise ValueError(f"targets = {targets}, expected a multiple of 10: two formations of rows of five")
        truth, found = _swarm_scene(targets, seed)
    elif kind == "clutter":
        rng = np.random.default_rng([seed, scans])
        truth, found = np.empty((0, 8)), np.concatenate([false_alarms(scan, rng) for scan in range(scans)])
    else:
        raise ValueError(f"no kind of scene {kind!r}; expected one of {', '.join(KINDS)}")
    found = shuffled(found, np.random.default_rng(seed))
    length = scans if kind == "clutter" else SCANS
    return Scene(f"{kind}_{targets}_s{seed}", truth, found[:, :4], found[:, 4].astype(np.int64), length)


def _crossing_scene(kind: str, targets: int, seed: int) -> tuple[Floats, Floats]:
    """Truth (n, 8) and detections with their source (m, 5) of the kinds `cross` and `dense`."""
    rng = np.random.default_rng(1000 * seed + targets)
    states, born, gone = np.zeros((targets, 6)), np.zeros(targets), np.full(targets, SCANS)
    for i in range(targets):
        states[i] = _course(kind, rng)
        if rng.random() < 0.2:
            born[i] = rng.integers(5, 16)
        if rng.random() < 0.2:
            gone[i] = rng.integers(45, 55)
    truth, found = _look(states, 1.0, born, gone, rng, covered=True)
    found[:, 2] = (found[:, 2] + np.pi) % (2.0 * np.pi) - np.pi
    return truth, found


def _course(kind: str, rng: np.random.Generator) -> Floats:
    """A start state x, vx, y, vy, z, vz (6,)."""
    rng.random()  # nothing uses it; without it every other draw of the public scenes would move
    if kind == "cross":
        centre = np.array([rng.uniform(-4000, 4000), rng.uniform(-4000, 4000), rng.uniform(800, 3000)])
        when, speed = rng.uniform(15, 45), rng.uniform(60, 250)
    else:
        centre = np.array([0.0, 4000.0, 1200.0]) + rng.uniform(-400, 400, 3)
        when, speed = rng.uniform(25, 35), rng.uniform(60, 150)
    heading = rng.uniform(0, 2 * np.pi)
    velocity = np.array([speed * np.cos(heading), speed * np.sin(heading), rng.uniform(-8, 8)])
    return np.column_stack([centre - velocity * when, velocity]).ravel()


def _swarm_scene(targets: int, seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    each, states = targets // 2, np.zeros((targets, 6))
    for formation, heading in enumerate(np.deg2rad([20, 110])):
        course = 28 * np.array([np.cos(heading), np.sin(heading)])
        for j in range(each):
            row, column = divmod(j, 5)
            offset = 35 * np.array([row - (each / 5 - 1) / 2, column - 2])
            height = 350 + rng.uniform(-20, 20)
            own = course + rng.normal(0, 0.5, 2)
            x, y = np.array([0, 3000.0]) + offset + rng.normal(0, 4, 2) - course * 30
            states[formation * each + j] = [x, own[0], y, own[1], height, 0]
    always = np.zeros(targets), np.full(targets, SCANS)
    return _look(states, 0.3, *always, rng, covered=False, vertical=0.3)


def _look(
    states: Floats,
    density: float,
    born: Floats,
    gone: Floats,
    rng: np.random.Generator,
    *,
    covered: bool,
    vertical: float = 1.0,
) -> tuple[Floats, Floats]:
    """Fly and look: truth (n, 8) and detections (m, 5), true ones of a scan first.

    `density` is that of the white acceleration [m2/s3], `vertical` a factor on its upward part. With `covered` a target
    below ground or out of range is no part of the truth.
    """
    root = np.linalg.cholesky(density * np.array([[1 / 3, 1 / 2], [1 / 2, 1]]))
    step = np.array([[1.0, 1.0], [0.0, 1.0]])
    truth: list[list[float]] = []
    found: list[Floats] = []
    for scan in range(SCANS):
        seen: list[list[float]] = []
        for i, state in enumerate(states):
            if scan:
                kick = rng.standard_normal((3, 2))
                for axis, factor in enumerate((1.0, 1.0, vertical)):
                    part = slice(2 * axis, 2 * axis + 2)
                    state[part] = step @ state[part] + root @ kick[axis] * factor
            distance = float(np.linalg.norm(state[::2]))
            in_cover = RANGE_M[0] <= distance <= RANGE_M[1] and state[4] >= 0
            if not born[i] <= scan < gone[i] or (covered and not in_cover):
                continue
            truth.append([scan, i, *state])
            if rng.random() < P_DETECT:
                angles = np.arctan2(state[2], state[0]), np.arcsin(state[4] / distance)
                seen.append([scan, *(np.array([distance, *angles]) + SIGMA * rng.standard_normal(3)), i])
        found += [np.array(seen).reshape(-1, 5), false_alarms(scan, rng)]
    return np.array(truth), np.concatenate(found)


def false_alarms(scan: int, rng: np.random.Generator) -> Floats:
    """The false alarms of one scan, (k, 5)."""
    k = rng.poisson(FALSE_ALARMS)
    place = rng.uniform([RANGE_M[0], -np.pi, 0.0], [RANGE_M[1], np.pi, CLUTTER_TOP_RAD], (k, 3))
    return np.column_stack([np.full(k, scan), place, np.full(k, -1.0)])


def shuffled(detections: Floats, rng: np.random.Generator) -> Floats:
    """The rows in random order inside each scan: otherwise true ones come first, and ties resolve in their favour."""
    return np.asarray(detections[np.lexsort((rng.random(len(detections)), detections[:, 0]))])
