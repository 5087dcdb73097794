"""Sensors that give bearings only: a radio direction finder and a camera."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from rampart.errors import InputError
from rampart.physics.environment import Environment
from rampart.records import DetectionFlag, Detections, Emission, Flight, Result, SensorModel, Site, TargetClass
from rampart.records.spec import NonNegative, Positive, Share

from . import _kernels as kernels
from .dice import Dice
from .gates import Gate, Looks
from .scan import NS, Schedule
from .sky import Sky
from .station import Elevation, StationSpec
from .visibility import Visibility, geometry, weaken


class _BearingSpec(StationSpec):
    """What both kinds are told. Defaults are generic."""

    p_detect: Share = 0.9  #: of what is in cover, in one scan
    max_elevation_deg: Elevation = 80.0  #: upper edge of the cover
    measures_elevation: bool = True  #: false: reports carry azimuth only
    azimuth_sigma_deg: Positive  #: one sigma
    elevation_sigma_deg: Positive  #: one sigma
    max_range_m: Positive  #: farther things are not noticed
    false_alarms_per_scan: NonNegative  #: mean number

    _listens: ClassVar[bool] = False

    @property
    def _sigma(self) -> tuple[float, float]:
        elevation = math.radians(self.elevation_sigma_deg) if self.measures_elevation else math.nan
        return math.radians(self.azimuth_sigma_deg), elevation

    @property
    def _p_class(self) -> float:
        """Probability that a report tells the class of its target."""
        return 0.0

    def model(self, site: Site) -> SensorModel:
        """What the chain may know of this sensor."""
        azimuth, elevation = self._sigma
        return self.model_of(
            kind=self.kind,  # type: ignore[attr-defined]
            azimuth_sigma_rad=azimuth,
            elevation_sigma_rad=elevation,
            p_detect=self.p_detect,
            false_alarms_per_scan=self.false_alarms_per_scan,
            max_range_m=self.max_range_m,
            witness_range_m=math.inf if self.sector_width_deg >= 360.0 else 0.0,
            hears_links=self._listens,
        )

    def build(self, site: Site, environment: Environment, index: int, rng: np.random.Generator) -> BearingSensor:
        """The simulated sensor; parameters and errors as in `Radar3DSpec.build`."""
        return BearingSensor(self, site, environment, index, rng)


class DirectionFinderSpec(_BearingSpec):
    """``kind = "direction_finder"``: hears radio links. Deaf to everything that flies silently.

    Examples
    --------
    >>> DirectionFinderSpec(id="rf-1", kind="direction_finder", position_enu_m=[0.0, 0.0, 5.0]).max_range_m
    5000.0
    """

    kind: Literal["direction_finder"]
    azimuth_sigma_deg: Positive = 2.0
    elevation_sigma_deg: Positive = 4.0
    max_range_m: Positive = 5_000.0
    false_alarms_per_scan: NonNegative = 0.05

    _listens: ClassVar[bool] = True


class CameraSpec(_BearingSpec):
    """``kind = "camera"``: sees what is near enough, in its field of view, and often tells what it is.

    Examples
    --------
    >>> CameraSpec(id="c", kind="camera", position_enu_m=[0.0, 0.0, 5.0]).model(Site("s", 0.0, 0.0, 0.0)).max_range_m
    3000.0
    """

    kind: Literal["camera"]
    max_range_m: Positive = 3_000.0  #: visibility
    azimuth_sigma_deg: Positive = 0.05
    elevation_sigma_deg: Positive = 0.05
    false_alarms_per_scan: NonNegative = 0.1
    p_class: Share = 0.8  #: a report names the class of its target, else none

    @property
    def _p_class(self) -> float:
        return self.p_class


class BearingSensor:
    """A simulated sensor that reports azimuth and elevation, all of a scan at its end.

    Parameters are those of `Radar`. Refusals are named by `Gate`: besides the geometric ones SILENT and CHANCE.
    """

    def __init__(
        self, spec: _BearingSpec, site: Site, environment: Environment, index: int, rng: np.random.Generator
    ) -> None:
        self.id, self.index = spec.id, index
        self.scan_period_s, self.delay_s, self.first_scan_s = spec.scan_period_s, spec.delay_s, spec.first_scan_s
        self.schedule = Schedule.from_seconds(site.start_ns, spec.scan_period_s, spec.delay_s, spec.first_scan_s)
        self._spec, self._sigma = spec, np.array(spec._sigma)
        terrain = environment.terrain
        self._land = (terrain.smooth, terrain.heights_m, environment.frame)
        low, high, middle, width = (
            math.radians(d)
            for d in (spec.min_elevation_deg, spec.max_elevation_deg, spec.sector_middle_deg, spec.sector_width_deg)
        )
        position = spec.position_enu_m
        self._face = np.array([*position, 0.0, spec.max_range_m, low, high, middle, width / 2.0, 0.0])
        height = position[2] - float(terrain.height_at(*position[:2]))
        if height < 0.0:
            raise InputError(f"sensor {spec.id!r}: position_enu_m is {-height:.1f} m below the ground")
        self._dice = Dice(rng, ("targets", "false_alarms"))

    def step(self, now_ns: int, sky: Sky) -> Result[Detections]:
        """The batch of the scan that is delivered at `now_ns`; see `Radar.step`."""
        start_s, end_s = self.schedule.window_s(self.schedule.scan_of(now_ns))
        n, dice = len(sky), self._dice["targets"]
        u, noise = dice.random((2, n)), dice.standard_normal((n, 2))
        gate, when, polar, table = np.empty(n, np.int8), np.empty(n), np.empty((n, 4)), np.empty((4, n))
        m = kernels.scan_bearings(
            (start_s, end_s - start_s), False, self._face, self._spec.p_detect, self._spec._listens,
            self._sigma, sky.offset, sky.time_s, sky.position_enu, sky.velocity_enu, sky.start_s, sky.end_s,
            sky.ended_s, sky.emits, *self._land, u[0], noise, gate, when, polar, table,
        )  # fmt: skip
        table = np.concatenate([table[:, :m], self._draw_false(end_s)], axis=1)
        table = table[:, np.argsort(table[1], kind="stable")]
        flight = table[3].astype(np.int32)
        looks = Looks(gate, when, polar[:, 0], np.full(n, np.nan))
        return Result(self._detections(now_ns, table, flight, sky, u[1]), {"flight": flight, "gates": looks})

    def visibility(self, position_enu: np.ndarray, velocity_enu: np.ndarray, like: Flight) -> Visibility:
        """With what probability one look reports something, at many places; see `Radar.visibility`."""
        gate, polar = geometry(self._face, self._land, position_enu, velocity_enu)
        if self._spec._listens and not like.emits:
            gate[gate == Gate.DETECTED] = Gate.SILENT
        return weaken(gate, polar, np.full(len(gate), self._spec.p_detect), Gate.CHANCE)

    def _draw_false(self, end_s: float) -> np.ndarray:
        """False alarms of one scan: (4, k) time, azimuth, elevation, flight; uniform over the cover."""
        dice, mean = self._dice["false_alarms"], self._spec.false_alarms_per_scan
        k = dice.poisson(mean) if mean > 0.0 else 0
        u = dice.random((2, k))
        azimuth = (self._face[7] + self._face[8] * (2.0 * u[0] - 1.0)) % (2.0 * math.pi)
        elevation = self._face[5] + (self._face[6] - self._face[5]) * u[1]
        if not self._spec.measures_elevation:
            elevation = np.full(k, np.nan)
        return np.stack([np.full(k, end_s), azimuth, elevation, np.full(k, -1.0)])

    def _detections(self, now_ns: int, table: np.ndarray, flight: np.ndarray, sky: Sky, told: np.ndarray) -> Detections:
        m = len(flight)
        identity, hint = np.zeros(m, "U8"), np.full(m, TargetClass.UNKNOWN, np.int8)
        if m and len(sky):
            real = flight >= 0
            if self._spec._listens:
                identity = np.where(real, sky.broadcast[flight], identity)
            hint = np.where(real & (told[flight] < self._spec._p_class), sky.target_class[flight], hint)
        return Detections.build(
            m,
            time_ns=self.schedule.start_ns + np.rint(table[0] * NS).astype(np.int64),
            received_ns=np.full(m, now_ns, np.int64),
            sensor=np.full(m, self.index),
            azimuth_rad=table[1],
            elevation_rad=table[2],
            azimuth_sigma_rad=np.full(m, self._sigma[0]),
            elevation_sigma_rad=np.full(m, self._sigma[1]),
            identity=identity,
            class_hint=hint,
            emission=np.full(m, Emission.LINK if self._spec._listens else Emission.NONE, np.int8),
            flags=np.full(m, DetectionFlag.SIMULATED),
        )

    def snapshot(self) -> dict[str, Any]:
        """The state: nothing but its dice."""
        return {"version": 1, "dice": self._dice.snapshot()}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        self._dice.restore(snapshot["dice"])
