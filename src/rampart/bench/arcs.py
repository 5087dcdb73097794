"""Ballistic scenes for the impact benchmark: rounds in a ring about one radar, far apart, with clutter and misses."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rampart.physics.drag import drag_table
from rampart.physics.environment import Environment
from rampart.physics.flight import fly
from rampart.physics.model_error import bend_drag, shift_wind
from rampart.physics.path import Paths
from rampart.records import Detections, Fate, Flight, SensorModel, Site

Floats = NDArray[np.float64]

LATITUDE_RAD = 0.58
HEIGHT_M = 34.0
RANGE_M = (150.0, 15_000.0)  #: of the radar, and of its false alarms
TOP_RAD = math.radians(40.0)  #: of false alarms
RING_M = 3000.0  #: how far from the radar the rounds come down, to its side
PER_SCENE = 24  #: rounds in one scene, 785 m apart where they come down
RAIL_SPEED_MS = 30.0
DRAG = (6e-5, 0.7)  #: median and sigma of ln drag-to-mass: what the tracker takes for granted
NS = 1_000_000_000


@dataclass(frozen=True)
class Radar:
    """A radar at the origin, and what it may have wrong."""

    range_m: float
    angle_deg: float
    period_s: float
    rate_ms: float = math.nan
    p_detect: float = 0.9
    false_alarms: float = 20.0

    def model(self, errors: Errors) -> SensorModel:
        """What the chain knows of it."""
        angle = math.radians(self.angle_deg)
        return SensorModel(
            id="radar",
            kind="radar3d",
            position_enu=np.zeros(3),
            scan_period_s=self.period_s,
            range_sigma_m=self.range_m,
            azimuth_sigma_rad=angle,
            elevation_sigma_rad=angle,
            range_rate_sigma_ms=self.rate_ms,
            range_bias_sigma_m=errors.range_m,
            azimuth_bias_sigma_rad=math.radians(errors.angle_deg),
            elevation_bias_sigma_rad=math.radians(errors.angle_deg),
            p_detect=self.p_detect,
            false_alarms_per_scan=self.false_alarms,
            min_range_m=RANGE_M[0],
            max_range_m=RANGE_M[1],
            min_elevation_rad=-0.05,
            max_elevation_rad=0.5 * math.pi,
        )


@dataclass(frozen=True)
class Errors:
    """One sigma of what the chain's model has wrong, as its site declares it; truth is drawn from it."""

    wind_ms: float = 0.0
    shape: float = 0.0
    range_m: float = 0.0
    angle_deg: float = 0.0


@dataclass(frozen=True)
class Arcs:
    """How rounds fly: each number is drawn uniformly between its two."""

    speed_ms: tuple[float, float]  #: at launch, or at burnout
    elevation_deg: tuple[float, float]
    thrust_s: tuple[float, float] = (0.0, 0.0)
    first_look: float = 0.2  #: share of the flight before which nothing is seen
    shape: str = "g1"


@dataclass(frozen=True, eq=False)
class Scene:
    """One scene.

    Attributes
    ----------
    flights : list of Flight
        Truth.
    detections : list of Detections
        One batch per scan, clutter among them.
    shown : list of ndarray
        For each batch, the flight behind each detection; -1 for a false alarm.
    site, environment
        As the chain is told.
    """

    flights: list[Flight]
    detections: list[Detections]
    shown: list[NDArray[np.int64]]
    site: Site
    environment: Environment


@dataclass(frozen=True, eq=False)
class _Air(Environment):
    """The truth's environment: another wind, another drag curve."""

    drag: Floats = field(default_factory=lambda: drag_table("g1"))

    def arrays(self, shape: str = "g1") -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """As `Environment.arrays`."""
        return self.site, self.atmosphere, self.drag, self.terrain.heights_m, self.frame


def make_scene(arcs: Arcs, radar: Radar, errors: Errors, seed: tuple[int, ...]) -> Scene:
    """Draw a scene of `PER_SCENE` rounds."""
    rng = np.random.default_rng(seed)
    environment = Environment.standard(latitude_rad=LATITUDE_RAD, height_m=HEIGHT_M)
    # all the same way round, like the arms of a pinwheel: so no two of their paths cross
    turn, side = rng.uniform(0.0, 2.0 * math.pi), rng.choice([-1.0, 1.0])
    bearings = turn + 2.0 * math.pi * np.arange(PER_SCENE) / PER_SCENE
    flights = [_round(i, arcs, errors, environment, b, b + 0.5 * math.pi * side, rng) for i, b in enumerate(bearings)]
    site = Site("bench", LATITUDE_RAD, 0.77, HEIGHT_M, sensors=(radar.model(errors),))
    detections, shown = _observe(flights, arcs, radar, errors, rng)
    return Scene(flights, detections, shown, site, environment)


def _round(
    i: int, arcs: Arcs, errors: Errors, told: Environment, bearing: float, heading: float, rng: np.random.Generator
) -> Flight:
    """A round that comes down on the ring at a bearing."""
    speed, angle = rng.uniform(*arcs.speed_ms), math.radians(rng.uniform(*arcs.elevation_deg))
    ln_drag = min(math.log(DRAG[0]) + DRAG[1] * rng.standard_normal(), math.log(9e-4))
    wind, bends = errors.wind_ms * rng.standard_normal(2), errors.shape * rng.standard_normal(2)
    if arcs.shape != "g1":
        bends[:] = 0.0  # another standard shape is error enough
    air = _Air(
        told.site.copy(),
        shift_wind(told.atmosphere, *wind),
        told.terrain,
        bend_drag(drag_table(arcs.shape), *bends),
    )
    burn = rng.uniform(*arcs.thrust_s)
    start = RAIL_SPEED_MS if burn > 0.0 else speed
    level = start * math.cos(angle)
    state = np.array([0, 0, 0, level * math.sin(heading), level * math.cos(heading), start * math.sin(angle), ln_drag])
    thrust = (speed - start) / burn if burn > 0.0 else 0.0
    for _ in range(2):  # the second time from where it comes down on the ring; a round Earth forbids to just move it
        flown = fly(state, air, duration_s=200.0, step_s=0.1, thrust_ms2=thrust, thrust_until_s=burn)
        state[:2] += RING_M * np.array([math.sin(bearing), math.cos(bearing)]) - flown.position_enu[-1, :2]
    wait = rng.uniform(0.0, 5.0)
    return Flight(
        id=f"round-{i + 1}",
        part="round",
        site="bench",
        kind="rocket" if burn > 0.0 else "shell",
        threat=True,
        ballistic=True,
        time_s=wait + flown.time_s,
        position_enu=flown.position_enu,
        velocity_enu=flown.velocity_enu,
        rcs_dbsm=math.nan,
        burnout_s=wait + burn if burn > 0.0 else math.nan,
        ln_drag=ln_drag,
        fate=Fate.IMPACT,
    )


def _observe(
    flights: list[Flight], arcs: Arcs, radar: Radar, errors: Errors, rng: np.random.Generator
) -> tuple[list[Detections], list[NDArray[np.int64]]]:
    """Every scan's reports; the biases differ from round to round, as if each had a radar of its own."""
    paths = Paths.pack([(f.time_s, f.position_enu, f.velocity_enu) for f in flights])
    seen_from = np.array([f.start_s + arcs.first_look * (f.end_s - f.start_s) for f in flights])
    sigma = np.array([radar.range_m, *[math.radians(radar.angle_deg)] * 2, radar.rate_ms])
    angle = math.radians(errors.angle_deg)
    bias = rng.standard_normal((len(flights), 4)) * [errors.range_m, angle, angle, 0.0]
    batches, shown, number = [], [], 0
    for scan in range(math.ceil(max(f.end_s for f in flights) / radar.period_s)):
        now = scan * radar.period_s
        position, velocity, alive = paths.at(now)
        hit = np.flatnonzero(alive & (now >= seen_from) & (rng.random(len(flights)) < radar.p_detect))
        real = _polar(position[hit], velocity[hit]) + bias[hit] + sigma * rng.standard_normal((len(hit), 4))
        rows = np.concatenate([real, _clutter(radar, rng)])
        order = rng.permutation(len(rows))
        rows, who = rows[order], np.append(hit, np.full(len(rows) - len(hit), -1))[order]
        at = np.full(len(rows), round(now * NS), np.int64)
        batches.append(_reports(rows, at, number, sigma))
        shown.append(who.astype(np.int64))
        number += len(rows)
    return batches, shown


def _polar(position: Floats, velocity: Floats) -> Floats:
    """Range, azimuth, elevation, range rate (n, 4) from the origin."""
    level = np.hypot(position[:, 0], position[:, 1])
    distance = np.hypot(level, position[:, 2])
    rate = (position * velocity).sum(axis=1) / distance
    azimuth, elevation = np.arctan2(position[:, 0], position[:, 1]), np.arctan2(position[:, 2], level)
    return np.column_stack([distance, azimuth, elevation, rate])


def _clutter(radar: Radar, rng: np.random.Generator) -> Floats:
    n = rng.poisson(radar.false_alarms)
    polar = rng.uniform([RANGE_M[0], -math.pi, 0.0, -400.0], [RANGE_M[1], math.pi, TOP_RAD, 400.0], (n, 4))
    if math.isnan(radar.rate_ms):
        polar[:, 3] = math.nan
    return polar


def _reports(rows: Floats, at: NDArray[np.int64], first: int, sigma: Floats) -> Detections:
    errors = np.tile(sigma, (len(rows), 1))
    return Detections.build(
        len(rows),
        number=np.arange(first + 1, first + 1 + len(rows)),
        time_ns=at,
        received_ns=at,
        sensor=np.zeros(len(rows), np.int32),
        range_m=rows[:, 0],
        azimuth_rad=rows[:, 1],
        elevation_rad=rows[:, 2],
        range_rate_ms=rows[:, 3],
        range_sigma_m=errors[:, 0],
        azimuth_sigma_rad=errors[:, 1],
        elevation_sigma_rad=errors[:, 2],
        range_rate_sigma_ms=errors[:, 3],
    )
