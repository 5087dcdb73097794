"""Radar: a simulated search radar, with and without elevation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from rampart.errors import InputError
from rampart.physics.environment import Environment
from rampart.records import N_CLASSES, DetectionFlag, Detections, Flight, Result, SensorModel, Site, TargetClass
from rampart.records.spec import Degrees, Identifier, NonNegative, Number, Positive, Spec, Vector3

from . import _kernels as kernels
from .clutter import ClutterCells, FalseAlarms
from .dice import Dice
from .gates import Gate, Looks
from .micro_doppler import width_ms
from .range_law import P_DETECT_REFERENCE, p_detect, reference_snr
from .scan import Schedule
from .sky import Sky
from .visibility import Visibility, geometry, weaken

Elevation = Annotated[Number, Field(ge=-90, le=90)]
Width = Annotated[Number, Field(gt=0, le=360)]
FalseAlarmRate = Annotated[Positive, Field(ge=1e-12, le=1e-2)]


class _RadarSpec(Spec):
    """What both kinds of radar are told. Defaults are generic for a short-range search radar, no model of a product."""

    id: Identifier
    site: Identifier | None = None
    position_enu_m: Vector3  #: of the antenna, in the site's frame
    #: rotating looks at each azimuth in turn, staring everywhere at once
    mode: Literal["rotating", "staring"] = "rotating"
    scan_period_s: Positive = 0.5  #: time of a full scan
    delay_s: NonNegative = 0.1  #: from the end of a scan to the delivery of its reports
    first_scan_s: NonNegative = 0.0  #: start of the first scan, from the start of the run
    range_sigma_m: Positive = 10.0  #: this and the next three: one sigma at the reference signal to noise ratio
    azimuth_sigma_deg: Positive = 0.2  #: see `range_sigma_m`
    range_bias_sigma_m: NonNegative = 3.0  #: this and the next: one sigma of what is left of alignment errors, as told
    azimuth_bias_sigma_deg: NonNegative = 0.05  #: see `range_bias_sigma_m`
    measures_range_rate: bool = True  #: false: reports carry no range rate
    range_rate_sigma_ms: Positive = 1.0  #: see `range_sigma_m`
    reference_range_m: Positive = 12_000.0  #: 0 dBsm, Swerling case 1, is seen with probability 0.9 here
    p_false_alarm: FalseAlarmRate = 1e-6  #: of one resolution cell in one look; sets the threshold
    min_range_m: Positive = 150.0  #: nearer targets are not seen
    max_range_m: Positive = 20_000.0  #: of the instrumented range
    min_elevation_deg: Elevation = -1.0  #: lower edge of the cover
    max_elevation_deg: Elevation = 70.0  #: upper edge of the cover
    sector_middle_deg: Degrees = 0.0  #: azimuth of the middle of the cover
    sector_width_deg: Width = 360.0  #: of the cover in azimuth
    minimum_radial_speed_ms: NonNegative = 25.0  #: half width of the Doppler notch
    range_cell_m: Positive = 30.0  #: resolution: nearer targets give one detection
    azimuth_cell_deg: Positive = 1.5  #: see `range_cell_m`
    cost: NonNegative = 0.0  #: what it costs, in a unit of the file's choice; studies draw it against leakers
    false_alarms_per_scan: NonNegative = 20.0  #: mean number
    false_alarm_speed_ms: Positive = 400.0  #: greatest radial speed of a false alarm
    clutter_cells: Annotated[int, Field(ge=0, le=10_000)] = 0  #: fixed places whose returns leak through the notch
    clutter_p_detect: Annotated[Number, Field(ge=0, le=1)] = 0.3  #: of one of them in one scan
    clutter_range_m: Positive = 8_000.0  #: within which the clutter cells lie
    interrogates: bool = True  #: reads the identity of aircraft that carry a transponder
    micro_doppler: bool = False  #: reports how far moving blades and wings spread an echo

    @model_validator(mode="after")
    def _check_cover(self) -> _RadarSpec:
        if self.min_range_m >= self.max_range_m:
            raise ValueError(f"expected min_range_m below max_range_m ({self.max_range_m:g})")
        if self.min_elevation_deg >= self.max_elevation_deg:
            raise ValueError(f"expected min_elevation_deg below max_elevation_deg ({self.max_elevation_deg:g})")
        if self.false_alarm_speed_ms <= self.minimum_radial_speed_ms:
            raise ValueError(
                f"expected false_alarm_speed_ms above minimum_radial_speed_ms ({self.minimum_radial_speed_ms:g})"
            )
        return self

    @property
    def _elevation(self) -> tuple[float, float]:
        """One sigma and cell in elevation [rad]."""
        return math.nan, math.inf

    @property
    def _elevation_bias(self) -> float:
        """One sigma of the bias in elevation [rad]."""
        return 0.0

    def model(self, site: Site) -> SensorModel:
        """What the chain may know of this radar."""
        return SensorModel(
            id=self.id,
            kind=self.kind,  # type: ignore[attr-defined]
            position_enu=np.array(self.position_enu_m),
            scan_period_s=self.scan_period_s,
            delay_s=self.delay_s,
            range_sigma_m=self.range_sigma_m,
            azimuth_sigma_rad=math.radians(self.azimuth_sigma_deg),
            elevation_sigma_rad=self._elevation[0],
            range_bias_sigma_m=self.range_bias_sigma_m,
            azimuth_bias_sigma_rad=math.radians(self.azimuth_bias_sigma_deg),
            elevation_bias_sigma_rad=self._elevation_bias,
            range_rate_sigma_ms=self.range_rate_sigma_ms if self.measures_range_rate else math.nan,
            p_detect=P_DETECT_REFERENCE,
            false_alarms_per_scan=self.false_alarms_per_scan + self.clutter_cells * self.clutter_p_detect,
            reference_range_m=self.reference_range_m,
            min_range_m=self.min_range_m,
            max_range_m=self.max_range_m,
            min_elevation_rad=math.radians(self.min_elevation_deg),
            max_elevation_rad=math.radians(self.max_elevation_deg),
            minimum_radial_speed_ms=self.minimum_radial_speed_ms,
            rotating=self.mode == "rotating",
        )

    def build(self, site: Site, environment: Environment, index: int, rng: np.random.Generator) -> Radar:
        """The simulated radar.

        Parameters
        ----------
        site : Site
            Gives the start of the run.
        environment : Environment
            Its terrain masks.
        index : int
            Position in ``Site.sensors``.
        rng : numpy.random.Generator
            Its dice.

        Raises
        ------
        InputError
            If it stands underground.
        """
        return Radar(self, site, environment, index, rng)


class Radar3DSpec(_RadarSpec):
    """``kind = "radar3d"``: a search radar that measures range, azimuth, elevation and range rate.

    Examples
    --------
    >>> spec = Radar3DSpec(id="r1", kind="radar3d", position_enu_m=[0.0, 0.0, 12.0])
    >>> spec.model(Site("s", 0.0, 0.0, 0.0)).scan_period_s
    0.5
    """

    kind: Literal["radar3d"]
    elevation_sigma_deg: Positive = 0.2  #: see `range_sigma_m`
    elevation_bias_sigma_deg: NonNegative = 0.05  #: see `range_bias_sigma_m`
    elevation_cell_deg: Positive = 1.5  #: see `range_cell_m`

    @property
    def _elevation(self) -> tuple[float, float]:
        return math.radians(self.elevation_sigma_deg), math.radians(self.elevation_cell_deg)

    @property
    def _elevation_bias(self) -> float:
        return math.radians(self.elevation_bias_sigma_deg)


class Radar2DSpec(_RadarSpec):
    """``kind = "radar2d"``: the same with a fan beam; elevation is neither measured nor resolved."""

    kind: Literal["radar2d"]


@dataclass(frozen=True, slots=True, eq=False)
class _Numbers:
    """A spec as the kernels read it."""

    face: np.ndarray
    law: np.ndarray

    @classmethod
    def of(cls, spec: _RadarSpec) -> _Numbers:
        sector = (math.radians(spec.sector_middle_deg), math.radians(spec.sector_width_deg / 2.0))
        cover = (spec.min_range_m, spec.max_range_m, *_radians(spec.min_elevation_deg, spec.max_elevation_deg))
        reference = reference_snr(spec.p_false_alarm)
        sigma, cell = spec._elevation
        law = (
            reference * spec.reference_range_m**4,
            reference,
            -math.log(spec.p_false_alarm),
            spec.range_sigma_m,
            math.radians(spec.azimuth_sigma_deg),
            sigma,
            spec.range_rate_sigma_ms if spec.measures_range_rate else math.nan,
            spec.range_cell_m,
            math.radians(spec.azimuth_cell_deg),
            cell,
        )
        return cls(np.array([*spec.position_enu_m, *cover, *sector, spec.minimum_radial_speed_ms]), np.array(law))


_UNKNOWN, _SIMULATED = int(TargetClass.UNKNOWN), int(DetectionFlag.SIMULATED)
_NO_CLUTTER = np.empty((5, 0))
_MOST_SAME = 256  # reports of a scan for which what is always the same is kept


class _Same(NamedTuple):
    """What reports of a radar hold whatever they show; columns that many records share, as none is ever changed."""

    number: np.ndarray
    sensor: np.ndarray
    missing: np.ndarray
    position_enu: np.ndarray
    position_covariance: np.ndarray
    identity: np.ndarray
    class_hint: np.ndarray
    flags: np.ndarray
    emission: np.ndarray
    class_score: np.ndarray


@lru_cache(maxsize=4 * _MOST_SAME)
def _same(index: int, m: int) -> _Same:
    """Of m reports of the sensor at a position in ``Site.sensors``: all raids of a study share them."""
    return _Same(
        number=np.zeros(m, np.int64),
        sensor=np.full(m, index, np.int32),
        missing=np.full(m, np.nan),
        position_enu=np.full((m, 3), np.nan),
        position_covariance=np.full((m, 3, 3), np.nan),
        identity=np.zeros(m, "U8"),
        class_hint=np.full(m, _UNKNOWN, np.int8),
        flags=np.full(m, _SIMULATED, np.uint8),
        emission=np.zeros(m, np.int8),
        class_score=np.full((m, N_CLASSES), np.nan),
    )


def _radians(*degrees: float) -> tuple[float, ...]:
    return tuple(math.radians(d) for d in degrees)


class Radar:
    """A simulated search radar.

    Every scan it looks at each flight once, draws its echo by the range law and reports what passes all `Gate`s, among
    false alarms. The noise of a report is drawn with exactly the sigmas that stand in it: the figures of the data sheet
    times sqrt(S_ref / S), at least 0.3 and at most 1.5 times, S the received signal to noise ratio.

    Parameters
    ----------
    spec : Radar3DSpec or Radar2DSpec
        What it is.
    site : Site
        Gives the start of the run.
    environment : Environment
        Terrain.
    index : int
        Position in ``Site.sensors``.
    rng : numpy.random.Generator
        Three independent streams are spawned from it: targets, false alarms, clutter. Targets take the same number of
        draws in every scan, so runs that differ in one flight's fate keep the dice of all others.
    """

    def __init__(
        self, spec: _RadarSpec, site: Site, environment: Environment, index: int, rng: np.random.Generator
    ) -> None:
        self.id, self.index = spec.id, index
        self.scan_period_s, self.delay_s, self.first_scan_s = spec.scan_period_s, spec.delay_s, spec.first_scan_s
        self.schedule = Schedule.from_seconds(site.start_ns, spec.scan_period_s, spec.delay_s, spec.first_scan_s)
        self._rotating, self._interrogates = spec.mode == "rotating", spec.interrogates
        terrain = environment.terrain
        self._land = (terrain.smooth, terrain.heights_m, environment.frame)
        numbers = _Numbers.of(spec)
        self._face, self._law = numbers.face, numbers.law
        self._p_false_alarm = spec.p_false_alarm
        height = spec.position_enu_m[2] - float(terrain.height_at(*spec.position_enu_m[:2]))
        if height < 0.0:
            raise InputError(f"sensor {spec.id!r}: position_enu_m is {-height:.1f} m below the ground")
        self._dice = Dice(rng, ("targets", "false_alarms", "clutter", "micro_doppler"))
        self._micro_doppler = spec.micro_doppler
        self._false_alarms = self._make_false_alarms(spec)
        self._clutter = self._place_clutter(spec, height) if spec.clutter_cells else None

    def _make_false_alarms(self, spec: _RadarSpec) -> FalseAlarms:
        lowest, highest, middle, width = self._face[5:9].tolist()
        speeds = (spec.minimum_radial_speed_ms, spec.false_alarm_speed_ms)
        ranges = (spec.min_range_m, spec.max_range_m)
        cover = np.array([*ranges, middle, width, lowest, highest, *speeds, float(self._law[2])])
        return FalseAlarms(spec.false_alarms_per_scan, cover)

    def _place_clutter(self, spec: _RadarSpec, height: float) -> ClutterCells:
        return ClutterCells.place(
            self._dice["clutter"],
            spec.clutter_cells,
            range_m=(spec.min_range_m, min(spec.clutter_range_m, spec.max_range_m)),
            azimuth_rad=(float(self._face[7]), float(self._face[8])),
            height_m=height,
            p_detect=spec.clutter_p_detect,
            notch_ms=spec.minimum_radial_speed_ms,
            sigma=(float(self._law[3]), float(self._law[4]), float(self._law[5])),
            threshold=float(self._law[2]),
        )

    def step(self, now_ns: int, sky: Sky) -> Result[Detections]:
        """The batch of the scan that is delivered at `now_ns`.

        Parameters
        ----------
        now_ns : int
            One of ``schedule.delivery_ns(0), (1), ...``, ns UTC.
        sky : Sky
            What flies. Not changed.

        Returns
        -------
        Result
            Detections ordered by time and azimuth, `number` still 0 (the run loop numbers them); ``info["flight"]``
            (m,) index into the sky, -1 for a false alarm; ``info["gates"]`` a `Looks`. The info is truth.
        """
        start_s, end_s = self.schedule.window_s(self.schedule.scan_of(now_ns))
        n, targets, false = len(sky), self._dice["targets"], self._false_alarms
        place, excess = false.draw(self._dice["false_alarms"])
        clutter = _NO_CLUTTER if self._clutter is None else self._clutter.draw(self._dice["clutter"])
        noise, fade = targets.standard_normal((n, 6)), targets.standard_exponential((n, 2))
        room = n + len(excess) + clutter.shape[1]
        gate, sight, flight = np.empty(n, np.int8), np.empty((3, n)), np.empty(room, np.int32)
        numbers, stamps_ns = np.empty(kernels.N_TOLD * room), np.empty(2 * room, np.int64)
        # sorted: the order in the batch must not tell targets from false alarms
        m = kernels.scan_radar(
            (start_s, end_s - start_s), self._rotating, self._face, self._law,
            sky.offset, sky.time_s, sky.position_enu, sky.velocity_enu, sky.start_s, sky.end_s, sky.ended_s,
            sky.rcs_dbsm, sky.swerling, *self._land, noise, fade, place, excess, false.cover, clutter,
            (self.schedule.start_ns, now_ns), gate, sight, numbers, stamps_ns, flight,
        )  # fmt: skip
        table, flight = numbers[: kernels.N_TOLD * m].reshape(kernels.N_TOLD, m), flight[:m]
        records = self._detections(table, stamps_ns[:m], stamps_ns[m : 2 * m], flight, sky)
        return Result(records, {"flight": flight, "gates": Looks(gate, *sight)})

    def visibility(self, position_enu: np.ndarray, velocity_enu: np.ndarray, like: Flight) -> Visibility:
        """With what probability one look reports something, at many places; no dice are drawn.

        Parameters
        ----------
        position_enu, velocity_enu : ndarray (n, 3)
            Where it is [m] and how it flies [m/s], in the site's frame.
        like : Flight
            What it is: its cross-section and fluctuation count, not its path.

        Notes
        -----
        Each place stands alone: no other target shares its resolution cell.
        """
        gate, polar = geometry(self._face, self._land, position_enu, velocity_enu)
        snr = self._law[0] * 10.0 ** (0.1 * like.rcs_dbsm) / np.maximum(polar[:, 0], 1.0) ** 4
        return weaken(gate, polar, p_detect(snr, like.swerling, self._p_false_alarm), Gate.SNR)

    def _detections(
        self, table: np.ndarray, time_ns: np.ndarray, received_ns: np.ndarray, flight: np.ndarray, sky: Sky
    ) -> Detections:
        m = len(flight)
        same = _same(self.index, m) if m < _MOST_SAME else _same.__wrapped__(self.index, m)
        identity, spread_ms = same.identity, same.missing
        if self._interrogates and m and sky.answers:
            identity = np.where(flight >= 0, sky.transponder[flight], identity)
        if self._micro_doppler:
            spread_ms = self._spread(table, flight, sky)
        r, azimuth, elevation, rate, r_sigma, azimuth_sigma, elevation_sigma, rate_sigma, snr_db, rcs = table
        # straight into the columns, in their order: Detections.build costs more than the whole scan
        return Detections(
            number=same.number,
            time_ns=time_ns,
            received_ns=received_ns,
            sensor=same.sensor,
            range_m=r,
            azimuth_rad=azimuth,
            elevation_rad=elevation,
            range_rate_ms=rate,
            height_m=same.missing,
            range_sigma_m=r_sigma,
            azimuth_sigma_rad=azimuth_sigma,
            elevation_sigma_rad=elevation_sigma,
            range_rate_sigma_ms=rate_sigma,
            height_sigma_m=same.missing,
            position_enu=same.position_enu,
            position_covariance=same.position_covariance,
            snr_db=snr_db,
            rcs_dbsm=rcs,
            identity=identity,
            class_hint=same.class_hint,
            flags=same.flags,
            doppler_spread_ms=spread_ms,
            emission=same.emission,
            class_score=same.class_score,
        )

    def _spread(self, table: np.ndarray, flight: np.ndarray, sky: Sky) -> np.ndarray:
        """Width of the micro-Doppler of each report [m/s]; two draws for each."""
        m, real = len(flight), flight >= 0
        dice = self._dice["micro_doppler"]
        u, noise = dice.random(m), dice.standard_normal(m)
        tips = np.where(real, sky.tip_speed_ms[flight], np.nan) if len(sky) else np.full(m, np.nan)
        fixed = real & (sky.target_class[flight] == TargetClass.FIXED_WING) if len(sky) else real
        if fixed.any():
            # a propeller turns across the way of flight: seen from ahead or behind its blades hardly move in range
            v = sky.velocity_enu[sky.offset[np.maximum(flight, 0)]]
            along = np.clip(table[kernels.RR] / np.maximum(np.linalg.norm(v, axis=1), 1.0), -1.0, 1.0)
            tips = np.where(fixed, tips * np.sqrt(np.maximum(1.0 - np.nan_to_num(along) ** 2, 0.04)), tips)
        return width_ms(tips, table[kernels.SNR_DB], real, u, noise)

    def snapshot(self) -> dict[str, Any]:
        """The state: nothing but its dice."""
        return {"version": 1, "dice": self._dice.snapshot()}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        self._dice.restore(snapshot["dice"])
