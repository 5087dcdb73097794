"""Scene: one radar's plots, and the tracks that another system makes of the very same plots."""

from typing import Any

import numpy as np

from rampart.physics.geodesy import enu_to_geodetic
from rampart.records import Detections, ExternalTracks, SensorModel, Site, TrackStatus
from rampart.track import Tracker, TrackerSpec

NS = 1_000_000_000
TARGETS = 6
SECONDS = 40
SCORED_FROM_S = 12
SIGMA = np.array([10.0, np.radians(0.2), np.radians(0.2)])
#: The other system's acceleration noise [m2/s3]: a straight-flight filter of its own.
NOISE = 2.0
MATCH_M = 150.0


class OtherSystem:
    """A straight-flight Kalman filter for each target, told which plot is whose: somebody else's good tracker."""

    def __init__(self, targets: int) -> None:
        self.state = np.full((targets, 6), np.nan)
        self.covariance = np.zeros((targets, 6, 6))

    def step(self, which: np.ndarray, position: np.ndarray, covariance: np.ndarray) -> None:
        """One second on, then the plots of targets `which` (k,) at `position` (k, 3) with their covariance."""
        F = np.eye(6)
        F[:3, 3:] = np.eye(3)
        Q = NOISE * np.kron([[1.0 / 3.0, 0.5], [0.5, 1.0]], np.eye(3))
        self.state = self.state @ F.T
        self.covariance = F @ self.covariance @ F.T + Q
        for i, z, R in zip(which, position, covariance, strict=True):
            if np.isnan(self.state[i, 0]):
                self.state[i] = [*z, 0.0, 0.0, 0.0]
                self.covariance[i] = np.diag([0.0] * 3 + [150.0**2] * 3)
                self.covariance[i, :3, :3] = R
                continue
            P = self.covariance[i]
            gain = P[:, :3] @ np.linalg.inv(P[:3, :3] + R)
            self.state[i] = self.state[i] + gain @ (z - self.state[i, :3])
            self.covariance[i] = P - gain @ P[:3, :]

    def says(self, site: Site, now_ns: int) -> ExternalTracks:
        """Its tracks as it would send them."""
        known = np.flatnonzero(np.isfinite(self.state[:, 0]))
        place = enu_to_geodetic(self.state[known, :3], site.latitude_rad, site.longitude_rad, site.height_m)
        sigma = np.sqrt(np.diagonal(self.covariance[known], axis1=1, axis2=2))
        n = len(known)
        return ExternalTracks.build(
            n, source=["other"] * n, source_track=known + 1, time_ns=np.full(n, now_ns), received_ns=np.full(n, now_ns),
            latitude_rad=place[0], longitude_rad=place[1], height_m=place[2], velocity_xyz_ms=self.state[known, 3:],
            position_sigma_m=sigma[:, :2], identity=[f"4CA{k:03X}" for k in known],
        )  # fmt: skip


def same_plots(seed: int, joining: str) -> np.ndarray:
    """Track one radar's plots with the other system's tracks joined as `joining` says.

    Returns
    -------
    ndarray (n, 3)
        Squared position error [m2], NEES (3), and NEES had both been taken for independent, per track and scan.
    """
    rng = np.random.default_rng(seed)
    radar = SensorModel(
        "r1", "radar3d", np.zeros(3), 1.0, range_sigma_m=SIGMA[0], azimuth_sigma_rad=SIGMA[1],
        elevation_sigma_rad=SIGMA[2], p_detect=0.9, false_alarms_per_scan=5.0, max_range_m=20_000.0,
    )  # fmt: skip
    site = Site("same", 0.6, 0.1, 0.0, sensors=(radar,))
    tracker = Tracker(site, None, TrackerSpec(external=joining))  # type: ignore[arg-type]
    other, rows, number = OtherSystem(TARGETS), [], 1
    heading, speed = rng.uniform(0.0, 2.0 * np.pi, TARGETS), rng.uniform(60.0, 200.0, TARGETS)
    velocity = np.column_stack([speed * np.sin(heading), speed * np.cos(heading), rng.uniform(-3.0, 3.0, TARGETS)])
    start = np.column_stack([rng.uniform(-5e3, 5e3, (TARGETS, 2)), rng.uniform(600.0, 2000.0, TARGETS)])
    start[:, :2] -= 0.5 * SECONDS * velocity[:, :2]
    for second in range(SECONDS):
        now, true = second * NS, start + second * velocity
        seen = np.flatnonzero(rng.random(TARGETS) < 0.9)
        polar = _polar(true[seen]) + rng.standard_normal((len(seen), 3)) * SIGMA
        other.step(seen, *_cartesian(polar))
        false = rng.uniform([500.0, -np.pi, 0.0], [15e3, np.pi, 0.7], (rng.poisson(5.0), 3))
        batch = _batch(rng.permutation(np.concatenate([polar, false])), number, now)
        number += len(batch)
        said = other.says(site, now)
        tracks = tracker.step(now, batch, said).records
        if second >= SCORED_FROM_S:
            rows.extend(_scores(tracks, true, other))
    return np.array(rows).reshape(-1, 3)


def _polar(at: np.ndarray) -> np.ndarray:
    level = np.hypot(at[:, 0], at[:, 1])
    return np.column_stack([np.hypot(level, at[:, 2]), np.arctan2(at[:, 0], at[:, 1]), np.arctan2(at[:, 2], level)])


def _cartesian(polar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions and their covariances."""
    r, a, e = polar.T
    sa, ca, se, ce = np.sin(a), np.cos(a), np.sin(e), np.cos(e)
    position = np.column_stack([r * sa * ce, r * ca * ce, r * se])
    zero = np.zeros_like(r)
    rows = [[sa * ce, r * ca * ce, -r * sa * se], [ca * ce, -r * sa * ce, -r * ca * se], [se, zero, r * ce]]
    J = np.array([[np.broadcast_to(v, r.shape) for v in row] for row in rows]).transpose(2, 0, 1)
    return position, J @ np.diag(SIGMA**2) @ J.transpose(0, 2, 1)


def _batch(rows: np.ndarray, number: int, now: int) -> Detections:
    n = len(rows)
    return Detections.build(
        n, number=np.arange(number, number + n), time_ns=np.full(n, now), received_ns=np.full(n, now),
        range_m=rows[:, 0], azimuth_rad=rows[:, 1], elevation_rad=rows[:, 2],
    )  # fmt: skip


def _scores(tracks: Any, true: np.ndarray, other: OtherSystem) -> list[tuple[float, float, float]]:
    rows = []
    for k in np.flatnonzero((tracks.status == TrackStatus.CONFIRMED) & (tracks.sensors > 0)):
        miss = np.linalg.norm(true - tracks.state[k, :3], axis=1)
        i = int(np.argmin(miss))
        if miss[i] > MATCH_M or np.isnan(other.state[i, 0]):
            continue
        e, C = true[i] - tracks.state[k, :3], np.linalg.inv(tracks.covariance[k, :3, :3])
        D = np.linalg.inv(other.covariance[i, :3, :3])
        both = np.linalg.solve(C + D, C @ tracks.state[k, :3] + D @ other.state[i, :3])
        naive = (true[i] - both) @ (C + D) @ (true[i] - both)
        rows.append((float(e @ e), float(e @ C @ e), float(naive)))
    return rows
