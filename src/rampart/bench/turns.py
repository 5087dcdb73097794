"""``rampart bench turns``: a drone that turns hard, brakes and hovers, beside filters of constant velocity.

One drone of 15 m/s at 2.5 km, seen once a second by the radar of `rampart.bench.scenes` (10 m, 0.2 degrees, no range
rates, detection probability 0.9, 20 false alarms per scan). Beside our tracker stands a Kalman filter with white
acceleration of one density throughout, that is told which detection is the drone's. Figures are RMS position errors,
ours where a track is shown within `MATCH_M` of the drone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .scenes import P_DETECT, SCANS, SIGMA, Scene, false_alarms, shuffled
from .trial import Trial, follow

Floats = NDArray[np.float64]

SEEDS, QUICK_SEEDS = range(100, 160), range(100, 104)
#: Densities of the filters' white acceleration [m2/s3].
DENSITIES = (0.1, 0.7, 3.0, 10.0)
FIRST_SCORED = 8
MATCH_M = 150.0
SPEED_MS, DISTANCE_M, HEIGHT_M = 15.0, 2500.0, 120.0
#: Turns: time between them on the mean, how long each takes, by how much, and how long after one a scan counts to it.
BETWEEN_S, TURN_S, TURN_DEG, AFTER_S = 8.0, 1.0, (30.0, 90.0), 3.0
#: A stop: when braking begins, how hard, when all counts as hovering, and how it sways (one sigma, time constant).
BRAKE_S, BRAKE_MS2, HOVER_S, SWAY_MS, SWAY_S = 18.0, 3.0, 26.0, 0.3, 3.0
STEP_S = 0.05


def run(*, quick: bool = False) -> dict[str, Any]:
    """Fly all drones, with our tracker and with the filters.

    Parameters
    ----------
    quick : bool
        4 seeds in place of 60.
    """
    seeds = QUICK_SEEDS if quick else SEEDS
    results = []
    for kind, parts in (("turns", ("in turns", "between turns")), ("stop", ("comes in, brakes", "hovers"))):
        flown = [_errors(kind, seed) for seed in seeds]
        part, ours, theirs = (np.concatenate(columns) for columns in zip(*flown, strict=True))
        for k, name in enumerate(parts):
            mine = part == k
            tracked = mine & np.isfinite(ours)
            rms_m = _rms(ours[tracked])
            found = {
                "scans": int(mine.sum()),
                "tracked": float(tracked.sum() / mine.sum()),
                "position_rms_m": rms_m,
                "seeds": f"{seeds[0]}..{seeds[-1]}",
            }
            peer = {f"{q:g} m2/s3": _rms(theirs[mine, i]) for i, q in enumerate(DENSITIES)}
            best = min(peer.values())
            results.append({"name": name, "ours": found, "peer": peer, "ratio": rms_m / best})
    return {"results": results}


def _rms(errors: Floats) -> float:
    return float(np.sqrt(np.mean(errors**2))) if len(errors) else math.nan


def _errors(kind: str, seed: int) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Of each scored scan its part, our error [m] (nan: no track) and those of the filters (scans, densities)."""
    position, velocity, part = fly(kind, seed)
    scene = look(kind, position, velocity, seed)
    rows = follow(Trial.of(scene)).rows
    ours = np.full(SCANS, np.nan)
    for scan in range(SCANS):
        shown = rows[rows[:, 0] == scan][:, [2, 4, 6]]
        apart = np.linalg.norm(shown - position[scan], axis=1)
        if len(apart) and apart.min() < MATCH_M:
            ours[scan] = apart.min()
    theirs = np.column_stack([np.linalg.norm(filtered(scene, q) - position, axis=1) for q in DENSITIES])
    return part[FIRST_SCORED:], ours[FIRST_SCORED:], theirs[FIRST_SCORED:]


def fly(kind: str, seed: int) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Truth at each scan.

    Parameters
    ----------
    kind : str
        ``turns`` or ``stop``.
    seed : int
        Equal arguments give equal flights.

    Returns
    -------
    position, velocity : ndarray (60, 3)
        East, north, up [m], [m/s].
    part : ndarray (60,)
        0 during a manoeuvre (until the drone hovers), 1 else.
    """
    rng = np.random.default_rng([seed, ("turns", "stop").index(kind)])
    time = np.arange(round(SCANS / STEP_S), dtype=np.float64) * STEP_S
    bearing = rng.uniform(0.0, 2.0 * math.pi)
    if kind == "turns":
        rate, part = _turns(time, rng)
        heading = rng.uniform(0.0, 2.0 * math.pi) + np.cumsum(rate) * STEP_S
        level = SPEED_MS * np.column_stack([np.cos(heading), np.sin(heading)])
    else:
        speed = np.clip(SPEED_MS - BRAKE_MS2 * (time - BRAKE_S), 0.0, SPEED_MS)
        level = -speed[:, None] * np.array([math.cos(bearing), math.sin(bearing)])
        level += np.where(speed[:, None] > 0.0, 0.0, _sway(len(time), rng))
        part = (time >= HOVER_S).astype(np.int64)
    velocity = np.column_stack([level, np.zeros(len(time))])
    start = np.array([DISTANCE_M * math.cos(bearing), DISTANCE_M * math.sin(bearing), HEIGHT_M])
    position = start + np.cumsum(velocity, axis=0) * STEP_S
    every = np.arange(SCANS) * round(1.0 / STEP_S)
    return position[every], velocity[every], part[every]


def _turns(time: Floats, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Turn rate [rad/s] at each time, and 0 from the beginning of a turn until `AFTER_S` after its end, 1 else."""
    rate, part = np.zeros(len(time)), np.ones(len(time), np.int64)
    begin = rng.exponential(BETWEEN_S)
    while begin < time[-1]:
        angle = math.radians(rng.uniform(*TURN_DEG)) * rng.choice([-1.0, 1.0])
        rate[(time >= begin) & (time < begin + TURN_S)] = angle / TURN_S
        part[(time >= begin) & (time < begin + TURN_S + AFTER_S)] = 0
        begin += TURN_S + rng.exponential(BETWEEN_S)
    return rate, part


def _sway(n: int, rng: np.random.Generator) -> Floats:
    """Velocity of a body that hovers (n, 2): an Ornstein-Uhlenbeck process."""
    stays = math.exp(-STEP_S / SWAY_S)
    kicks = SWAY_MS * math.sqrt(1.0 - stays * stays) * rng.standard_normal((n, 2))
    sway = np.zeros((n, 2))
    for i in range(1, n):
        sway[i] = stays * sway[i - 1] + kicks[i]
    return sway


def look(kind: str, position: Floats, velocity: Floats, seed: int) -> Scene:
    """What the radar shows of a flight, among false alarms."""
    rng = np.random.default_rng([seed, 9])
    truth = np.column_stack(
        [np.arange(SCANS), np.zeros(SCANS), *np.stack([position, velocity], axis=2).reshape(-1, 6).T]
    )
    found = []
    for scan, (x, y, z) in enumerate(position):
        distance = math.sqrt(x * x + y * y + z * z)
        polar = np.array([distance, math.atan2(y, x), math.asin(z / distance)]) + SIGMA * rng.standard_normal(3)
        if rng.random() < P_DETECT:
            found.append(np.array([[scan, *polar, 0.0]]))
        found.append(false_alarms(scan, rng))
    rows = shuffled(np.concatenate(found), rng)
    return Scene(f"{kind}_1_s{seed}", truth, rows[:, :4], rows[:, 4].astype(np.int64))


def filtered(scene: Scene, density: float) -> Floats:
    """Positions (60, 3) of a Kalman filter of constant velocity that is told which detections are the drone's.

    Converted measurements; started from two detections; before that the first one.
    """
    mine = {int(row[0]): row[1:] for row in scene.detections[scene.source == 0]}
    F, eye = np.eye(6), np.eye(3)
    F[:3, 3:] = eye
    Q = density * np.block([[eye / 3.0, eye / 2.0], [eye / 2.0, eye]])
    x, P = np.zeros(6), np.diag([1e8] * 3 + [SPEED_MS**2] * 3)
    out = np.empty((scene.scans, 3))
    for scan in range(scene.scans):
        if scan:
            x, P = F @ x, F @ P @ F.T + Q
        if scan in mine:
            z, R = _converted(mine[scan])
            gain = P[:, :3] @ np.linalg.inv(P[:3, :3] + R)
            x, P = x + gain @ (z - x[:3]), P - gain @ P[:3]
        out[scan] = x[:3]
    return out


def _converted(polar: Floats) -> tuple[Floats, Floats]:
    """Place (3,) of a range, bearing and elevation, and its covariance (3, 3)."""
    r, b, e = polar
    along = np.array([math.cos(e) * math.cos(b), math.cos(e) * math.sin(b), math.sin(e)])
    aside = np.array([-math.sin(b), math.cos(b), 0.0])
    axes = np.column_stack([along, aside, np.cross(along, aside)])
    return r * along, axes @ np.diag((np.array([1.0, r * math.cos(e), r]) * SIGMA) ** 2) @ axes.T
