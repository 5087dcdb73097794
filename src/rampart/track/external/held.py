"""Held: one track of another system as we know it, in the site's frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rampart.physics.geodesy import geodetic_to_enu
from rampart.records import N_CLASSES, DetectionFlag, ExternalTracks, Row, Site, TargetClass
from rampart.track.classification._kernels import F_CLIMB, F_HEIGHT, F_PRIOR, F_SPEED, box

if TYPE_CHECKING:
    from rampart.track.settings import TrackerSpec

NS = 1_000_000_000
#: Height of a track that gives none: somewhere in the lower air [m]. Vertical rate of one that gives none: level.
NO_HEIGHT_SIGMA_M = 3000.0
NO_CLIMB_SIGMA_MS = 10.0
HEIGHT_SIGMA_M = 50.0
#: Density of the white acceleration with which a track grows old [m2/s3].
NOISE = 5.0
#: Nothing that is tracked is further away or faster than this [m, m/s].
FURTHEST_M = 2e6
FASTEST_MS = 1e4


@dataclass
class Held:
    """One external track: the latest report of it, and what became of it here."""

    source: str
    source_track: int
    number: int  #: among our tracks, where it stands alone
    time_ns: int
    received_ns: int
    state: np.ndarray  #: (6,) east, north, up [m] and their rates [m/s] at `time_ns`
    covariance: np.ndarray  #: (6, 6)
    classes: np.ndarray  #: (9,) by TargetClass
    identity: str
    coasted: bool
    flags: int
    first_ns: int
    reports: int = 1
    partner: int = 0  #: number of the track that it is joined to; 0 if it stands alone
    shown: bool = field(default=False)  #: stood as a track of its own in the last step

    def at(self, now_ns: int) -> tuple[np.ndarray, np.ndarray]:
        """State and covariance carried on to `now_ns`, in straight flight."""
        t = (now_ns - self.time_ns) / NS
        x, P = self.state.copy(), self.covariance.copy()
        x[:3] += t * x[3:]
        cross = P[:3, 3:] + t * P[3:, 3:]
        P[:3, :3] += t * (P[:3, 3:] + P[3:, :3]) + t * t * P[3:, 3:]
        P[:3, 3:], P[3:, :3] = cross, cross.T
        age = abs(t)
        for a in range(3):
            P[a, a] += NOISE * age**3 / 3.0
            P[a, 3 + a] += NOISE * age * t / 2.0
            P[3 + a, a] += NOISE * age * t / 2.0
            P[3 + a, 3 + a] += NOISE * age
        return x, P

    def save(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def load(cls, saved: Mapping[str, Any]) -> Held:
        """Take up what `save` gave."""
        arrays = {name: np.array(saved[name]) for name in ("state", "covariance", "classes")}
        return cls(**{**saved, **arrays})


def refusal(row: Row, now_ns: int) -> str:
    """Why a report is not used; '' if it is."""
    if not (abs(row.latitude_rad) <= 0.5 * math.pi and abs(row.longitude_rad) <= 2.0 * math.pi):
        # a system plane without its origin cannot be placed
        return "external without position" if math.isnan(row.latitude_rad) else "bad external position"
    if row.time_ns > now_ns + NS:
        return "external from the future"
    if math.isinf(row.height_m) or abs(row.height_m) > 1e5:
        return "bad external height"
    speed = row.velocity_xyz_ms
    if np.isinf(speed).any() or (np.abs(speed) > FASTEST_MS).any():
        return "bad external velocity"
    sigma = row.position_sigma_m
    if (np.isfinite(sigma) & (sigma <= 0.0)).any() or np.isinf(sigma).any():
        return "bad external sigma"
    return ""


def placed(row: Row, site: Site, spec: TrackerSpec) -> tuple[np.ndarray, np.ndarray]:
    """State (6,) and covariance (6, 6) of a report in the site's frame; what it does not say is wide."""
    no_height = math.isnan(row.height_m)
    height_m = site.height_m + spec.layer_height_m if no_height else float(row.height_m)
    place = geodetic_to_enu(
        row.latitude_rad, row.longitude_rad, height_m, site.latitude_rad, site.longitude_rad, site.height_m
    )
    velocity = np.asarray(row.velocity_xyz_ms, float)
    state = np.concatenate([place, np.where(np.isnan(velocity), 0.0, velocity)])
    sigma = np.where(np.isnan(row.position_sigma_m), spec.external_sigma_m, row.position_sigma_m)
    level = np.where(np.isnan(velocity[:2]), spec.steered_speed_ms, spec.external_speed_sigma_ms)
    climb = NO_CLIMB_SIGMA_MS if math.isnan(velocity[2]) else spec.external_speed_sigma_ms
    upright = NO_HEIGHT_SIGMA_M if no_height else HEIGHT_SIGMA_M
    return state, np.diag(np.concatenate([sigma, [upright], level, [climb]]) ** 2)


def classes_of(row: Row, state: np.ndarray, covariance: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Class probabilities (9,): as reported, or else judged by speed, climb and height."""
    said = np.asarray(row.class_probability, float)
    if np.isfinite(said).all() and (said >= 0.0).all() and said.sum() > 0.0:
        return said / said.sum()
    speed = float(np.sqrt((state[3:] ** 2).sum()))
    sigma = math.sqrt(float(np.trace(covariance[3:, 3:])) / 3.0)
    ln = np.full(N_CLASSES, -np.inf)
    for k in range(N_CLASSES):
        if k == TargetClass.CLUTTER:
            continue
        f = table[k]
        ln[k] = math.log(f[F_PRIOR]) + box(speed, sigma, *f[F_SPEED : F_SPEED + 3])
        ln[k] += box(abs(state[5]), math.sqrt(covariance[5, 5]), *f[F_CLIMB : F_CLIMB + 3])
        ln[k] += box(state[2], math.sqrt(covariance[2, 2]), *f[F_HEIGHT : F_HEIGHT + 3])
        if row.identity and not TargetClass(k).ballistic and k != TargetClass.AIRCRAFT:
            ln[k] -= 7.0
    share = np.exp(ln - ln.max())
    return np.asarray(share / share.sum())


def simulated(row: Row) -> int:
    """The report's marks."""
    return int(row.flags) & int(DetectionFlag.SIMULATED | DetectionFlag.TEST)


def by_time(external: ExternalTracks) -> np.ndarray:
    """Order of reports that does not depend on how they came in."""
    return np.lexsort((external.source_track, external.source, external.time_ns))
