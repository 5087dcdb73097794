"""Station: what the sensors share that stare from one place and are told by numpy what they notice."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from rampart.errors import InputError
from rampart.physics.environment import Environment
from rampart.records import DetectionFlag, Detections, Flight, Result, SensorModel, Site
from rampart.records.spec import Degrees, Identifier, NonNegative, Number, Positive, Spec, Vector3

from . import _kernels as kernels
from .dice import Dice
from .gates import Gate, Looks
from .scan import NS, Schedule
from .sky import LOUDNESS_DB, SIZE_M, Sky
from .visibility import Visibility, geometry, weaken

Elevation = Annotated[Number, Field(ge=-90, le=90)]
Width = Annotated[Number, Field(gt=0, le=360)]


class StationSpec(Spec):
    """Keys of every kind. Defaults are generic."""

    id: Identifier
    site: Identifier | None = None
    position_enu_m: Vector3  #: in the site's frame
    scan_period_s: Positive = 1.0  #: between two looks
    delay_s: NonNegative = 0.2  #: from the look to the delivery of its reports
    first_scan_s: NonNegative = 0.0  #: first look, from the start of the run
    min_elevation_deg: Elevation = -5.0  #: lower edge of the cover
    max_elevation_deg: Elevation = 85.0  #: upper edge of the cover
    sector_middle_deg: Degrees = 0.0  #: azimuth of the middle of the cover
    sector_width_deg: Width = 360.0  #: of the cover in azimuth
    cost: NonNegative = 0.0  #: what it costs, in a unit of the file's choice; studies draw it against leakers

    def model_of(self, **more: Any) -> SensorModel:
        """What the chain may know of a sensor of any kind; `more` are the fields that its kind adds."""
        return SensorModel(
            id=self.id,
            position_enu=np.array(self.position_enu_m),
            scan_period_s=self.scan_period_s,
            delay_s=self.delay_s,
            min_elevation_rad=math.radians(self.min_elevation_deg),
            max_elevation_rad=math.radians(self.max_elevation_deg),
            **more,
        )

    @model_validator(mode="after")
    def _check_cover(self) -> StationSpec:
        if self.min_elevation_deg >= self.max_elevation_deg:
            raise ValueError(f"expected min_elevation_deg below max_elevation_deg ({self.max_elevation_deg:g})")
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What flies, as one look finds it, before anything but geometry has refused: rows of the sky."""

    gate: np.ndarray  #: (n,) int8, `Gate`; changed as more gates refuse
    when: np.ndarray  #: (n,) [s]
    polar: np.ndarray  #: (n, 4) range [m], azimuth, elevation [rad], range rate [m/s]

    def refuse(self, weak: np.ndarray, gate: Gate) -> None:
        """Let a gate take what is still there and `weak` (n,)."""
        self.gate[(self.gate == Gate.DETECTED) & weak] = gate

    @property
    def there(self) -> np.ndarray:
        """Rows that no gate has taken."""
        return np.flatnonzero(self.gate == Gate.DETECTED)


class Station(ABC):
    """A simulated sensor at one place that looks everywhere in its cover at the end of each scan.

    Parameters
    ----------
    spec : StationSpec
        What it is.
    site, environment, index, rng
        As in `Radar`. Streams: targets, false alarms.
    max_range_m : float
        Nothing further off is noticed.
    """

    def __init__(
        self,
        spec: StationSpec,
        site: Site,
        environment: Environment,
        index: int,
        rng: np.random.Generator,
        max_range_m: float,
    ) -> None:
        self.id, self.index = spec.id, index
        self.scan_period_s, self.delay_s, self.first_scan_s = spec.scan_period_s, spec.delay_s, spec.first_scan_s
        self.schedule = Schedule.from_seconds(site.start_ns, spec.scan_period_s, spec.delay_s, spec.first_scan_s)
        terrain = environment.terrain
        self._land = (terrain.smooth, terrain.heights_m, environment.frame)
        position = spec.position_enu_m
        angles = (spec.min_elevation_deg, spec.max_elevation_deg, spec.sector_middle_deg, spec.sector_width_deg / 2.0)
        self._face = np.array([*position, 0.0, max_range_m, *(math.radians(a) for a in angles), 0.0])
        height = position[2] - float(terrain.height_at(*position[:2]))
        if height < 0.0:
            raise InputError(f"sensor {spec.id!r}: position_enu_m is {-height:.1f} m below the ground")
        self._dice = Dice(rng, ("targets", "false_alarms"))

    def _look(self, now_ns: int, sky: Sky) -> Seen:
        """All flights by the geometric gates at the end of the scan that is delivered at `now_ns`."""
        start_s, end_s = self.schedule.window_s(self.schedule.scan_of(now_ns))
        n = len(sky)
        seen = Seen(np.empty(n, np.int8), np.empty(n), np.empty((n, 4)))
        kernels.look(
            (start_s, end_s - start_s), False, self._face, sky.offset, sky.time_s, sky.position_enu,
            sky.velocity_enu, sky.start_s, sky.end_s, sky.ended_s, *self._land, seen.gate, seen.when, seen.polar,
        )  # fmt: skip
        return seen

    def _end_s(self, now_ns: int) -> float:
        return self.schedule.window_s(self.schedule.scan_of(now_ns))[1]

    def _false_directions(self, mean: float) -> np.ndarray:
        """False alarms of one scan: (2, k) azimuth and elevation, uniform over the cover."""
        dice = self._dice["false_alarms"]
        u = dice.random((2, dice.poisson(mean) if mean > 0.0 else 0))
        azimuth = (self._face[7] + self._face[8] * (2.0 * u[0] - 1.0)) % (2.0 * math.pi)
        return np.stack([azimuth, self._face[5] + (self._face[6] - self._face[5]) * u[1]])

    def _result(self, now_ns: int, seen: Seen, flight: np.ndarray, **columns: np.ndarray) -> Result[Detections]:
        """The batch: columns by name, in the order of `flight` (m,), sorted so that it tells nothing of truth."""
        m = len(flight)
        key = columns["azimuth_rad"] if "azimuth_rad" in columns else columns["position_enu"][:, 0]
        order = np.argsort(key, kind="stable")
        detections = Detections.build(
            m,
            time_ns=np.full(m, self.schedule.start_ns + round(self._end_s(now_ns) * NS)),
            received_ns=np.full(m, now_ns, np.int64),
            sensor=np.full(m, self.index),
            flags=np.full(m, DetectionFlag.SIMULATED),
            **{name: column[order] for name, column in columns.items()},
        )
        looks = Looks(seen.gate, seen.when, seen.polar[:, 0], np.full(len(seen.gate), np.nan))
        return Result(detections, {"flight": flight[order].astype(np.int32), "gates": looks})

    @abstractmethod
    def _chance(self, polar: np.ndarray, like: Flight) -> tuple[np.ndarray, Gate]:
        """Probability (n,) that one look reports a target of the kind of `like`, and the gate that lowers it."""

    def visibility(self, position_enu: np.ndarray, velocity_enu: np.ndarray, like: Flight) -> Visibility:
        """With what probability one look reports something, at many places; see `Radar.visibility`."""
        gate, polar = geometry(self._face, self._land, position_enu, velocity_enu)
        p, why = self._chance(polar, like)
        return weaken(gate, polar, p, why)

    def snapshot(self) -> dict[str, Any]:
        """The state: nothing but its dice."""
        return {"version": 1, "dice": self._dice.snapshot()}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        self._dice.restore(snapshot["dice"])


def size_of(flight: Flight) -> float:
    """Smallest dimension of a flight that a camera sees [m]."""
    return SIZE_M.get(flight.kind, SIZE_M["recorded"])


def loudness_of(flight: Flight) -> float:
    """Sound pressure level of a flight at 1 m [dB over 20 uPa]; -inf if silent."""
    return LOUDNESS_DB.get(flight.kind, -math.inf)
