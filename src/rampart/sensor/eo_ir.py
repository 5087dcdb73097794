"""Camera on a pan and tilt head: bearing, elevation and a class score of what it is turned to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from rampart.physics.environment import Environment
from rampart.records import Detections, Flight, Result, SensorModel, Site, TargetClass, Tracks, TrackStatus
from rampart.records.spec import Degrees, NonNegative, Positive

from . import optics
from .gates import Gate
from .sky import Sky
from .station import Seen, Station, StationSpec, size_of

FieldOfView = Annotated[Positive, Field(le=120)]

#: Part of each scan that the picture takes, standing still [s].
EXPOSURE_S = 0.1
#: Height of the picture over its width.
FORMAT = 9.0 / 16.0
#: A cue this old is given up [s].
CUE_LIFE_S = 5.0
#: A track that is this surely an aircraft or falls is not looked at.
SURE = 0.9
#: A track that was never looked at counts as unseen for so long [s]; what is no drone still has this share of urgency.
NEW_S, LEAST_DOUBT = 20.0, 0.05
_DOUBTFUL = [TargetClass.MULTIROTOR, TargetClass.FIXED_WING, TargetClass.UNKNOWN]


class EoIrSpec(StationSpec):
    """``kind = "eo_ir"``: a daylight or thermal camera with a narrow field of view that has to be turned.

    `pointing = "cued"`: it looks at the tracks of its site in turn, those that may be drones more often than others,
    and sweeps as long as there are none; `"sweep"`: it steps round its sector at `sweep_elevation_deg`, one field of
    view per scan.

    Examples
    --------
    >>> spec = EoIrSpec(id="c", kind="eo_ir", position_enu_m=[0.0, 0.0, 5.0])
    >>> round(1e6 * spec.pixel_rad)
    27
    """

    kind: Literal["eo_ir"]
    scan_period_s: Positive = 0.5  #: between two pictures
    field_of_view_deg: FieldOfView = 3.0  #: width of the picture; its height is 9/16 of it
    pixels: Annotated[int, Field(ge=64, le=20_000)] = 1920  #: across the width
    slew_deg_s: Positive = 60.0  #: how fast the head turns
    pointing: Literal["cued", "sweep"] = "cued"  #: where it looks
    sweep_elevation_deg: Degrees = 4.0  #: of the middle of the picture when it sweeps
    thermal: bool = True  #: sees by night; a daylight camera does not
    night: bool = False  #: it is dark
    visibility_m: Positive = 15_000.0  #: meteorological: contrast is down to 2 % there
    rain_mm_h: NonNegative = 0.0  #: rate of rain
    max_range_m: Positive = 10_000.0  #: nothing further is looked for
    azimuth_sigma_deg: Positive = 0.03  #: one sigma
    elevation_sigma_deg: Positive = 0.03  #: one sigma
    false_alarms_per_scan: NonNegative = 0.005  #: mean number in one picture

    @property
    def pixel_rad(self) -> float:
        """Width of one pixel [rad]."""
        return math.radians(self.field_of_view_deg) / self.pixels

    def model(self, site: Site) -> SensorModel:
        """What the chain may know of this sensor."""
        return self.model_of(
            kind=self.kind,
            azimuth_sigma_rad=math.radians(self.azimuth_sigma_deg),
            elevation_sigma_rad=math.radians(self.elevation_sigma_deg),
            false_alarms_per_scan=self.false_alarms_per_scan,
            max_range_m=self.max_range_m,
            witness_range_m=0.0,  # one narrow picture of the whole sky
        )

    def build(self, site: Site, environment: Environment, index: int, rng: np.random.Generator) -> EoIr:
        """The simulated sensor; parameters and errors as in `Radar3DSpec.build`."""
        return EoIr(self, site, environment, index, rng, self.max_range_m)


class EoIr(Station):
    """A simulated camera that turns; see `EoIrSpec`.

    The run loop hands it the tracks of its site after each step of the chain (`cue`), as a control room would; it never
    sees truth but through its own picture. Gates: POINTING, LIGHT, PIXELS.
    """

    def __init__(self, spec: EoIrSpec, *args: object) -> None:
        super().__init__(spec, *args)  # type: ignore[arg-type]
        self._spec = spec
        self._at = np.array([self._face[7], math.radians(spec.sweep_elevation_deg)])
        self._cues: dict[int, np.ndarray] = {}  # track -> time [s], place and velocity, doubt (8,)
        self._looked: dict[int, float] = {}  # track -> when it was last looked at [s]

    def cue(self, now_ns: int, tracks: Tracks) -> None:
        """Take up the tracks that are worth a look; called after each step of the chain.

        Parameters
        ----------
        now_ns : int
            Time of the step, ns UTC.
        tracks : Tracks
            As the chain gave them.
        """
        if self._spec.pointing != "cued" or not len(tracks):
            return
        p = tracks.class_probability
        live = (tracks.status == TrackStatus.CONFIRMED) | (tracks.status == TrackStatus.COASTED)
        worth = live & (p[:, TargetClass.AIRCRAFT] < SURE) & (p[:, : TargetClass.MORTAR + 1].sum(axis=1) < SURE)
        seconds = (now_ns - self.schedule.start_ns) * 1e-9
        self._cues = {
            int(n): np.concatenate([[seconds], state, [drone]])
            for n, state, drone in zip(
                tracks.number[worth].tolist(), tracks.state[worth], p[worth][:, _DOUBTFUL].sum(axis=1), strict=True
            )
        }

    def step(self, now_ns: int, sky: Sky) -> Result[Detections]:
        """The batch of the scan that is delivered at `now_ns`; see `Radar.step`."""
        spec, n, dice = self._spec, len(sky), self._dice["targets"]
        u, noise = dice.random(n), dice.standard_normal((2 + optics.N_LOOKS, n))
        still = self._turn(self._end_s(now_ns))
        seen = self._look(now_ns, sky)
        self._see(seen, sky, u, still)
        rows, false = seen.there, self._false_directions_in_view(still)
        s_az, s_el = math.radians(spec.azimuth_sigma_deg), math.radians(spec.elevation_sigma_deg)
        m, k = len(rows) + false.shape[1], false.shape[1]
        far = np.concatenate([seen.polar[rows, 0], np.full(k, spec.max_range_m)])
        size = np.concatenate([sky.size_m[rows], np.full(k, 0.1)])
        recognise = optics.p_task(optics.cycles(size, far, spec.pixel_rad), optics.RECOGNISE_CYCLES)
        kind = np.concatenate([sky.target_class[rows], np.full(k, TargetClass.CLUTTER, np.int8)])
        looks = np.concatenate([noise[2:, rows].T, self._dice["false_alarms"].standard_normal((k, optics.N_LOOKS))])
        up = np.concatenate([seen.polar[rows, 2] + s_el * noise[1, rows], false[1]])
        return self._result(
            now_ns,
            seen,
            np.concatenate([rows, np.full(k, -1)]),
            azimuth_rad=np.concatenate([seen.polar[rows, 1] + s_az * noise[0, rows], false[0]]) % (2.0 * math.pi),
            elevation_rad=np.clip(up, -0.5 * math.pi, 0.5 * math.pi),
            azimuth_sigma_rad=np.full(m, s_az),
            elevation_sigma_rad=np.full(m, s_el),
            class_score=optics.scores(kind, optics.separation_of(recognise), looks),
        )

    def _see(self, seen: Seen, sky: Sky, u: np.ndarray, still: bool) -> None:
        """Refuse what the picture does not show."""
        spec = self._spec
        half = 0.5 * math.radians(spec.field_of_view_deg)
        with np.errstate(invalid="ignore"):
            aside = np.abs((seen.polar[:, 1] - self._at[0] + math.pi) % (2.0 * math.pi) - math.pi)
            outside = aside * np.cos(self._at[1]) > half
            outside |= np.abs(seen.polar[:, 2] - self._at[1]) > FORMAT * half
            seen.refuse(outside | (not still), Gate.POINTING)
            seen.refuse(~self._lit(seen.polar[:, 0]), Gate.LIGHT)
            p = optics.p_task(optics.cycles(sky.size_m, seen.polar[:, 0], spec.pixel_rad), optics.DETECT_CYCLES)
            seen.refuse(~(u < p), Gate.PIXELS)

    def _lit(self, range_m: np.ndarray) -> np.ndarray:
        """Whether there is contrast enough at a range."""
        if self._spec.night and not self._spec.thermal:
            return np.zeros(len(range_m), bool)
        left = optics.contrast(range_m, self._spec.visibility_m, self._spec.rain_mm_h)
        return np.asarray(left >= optics.LEAST_CONTRAST)

    def _turn(self, end_s: float) -> bool:
        """Turn the head to the next thing to look at; whether it stands still when the picture is taken."""
        goal, track = self._goal(end_s)
        away = goal - self._at
        away[0] = (away[0] + math.pi) % (2.0 * math.pi) - math.pi
        way = float(np.abs(away).max())
        reach = math.radians(self._spec.slew_deg_s) * max(self.scan_period_s - EXPOSURE_S, 0.05)
        self._at = self._at + away * min(1.0, reach / way if way > 0.0 else 1.0)
        if way > reach:
            return False
        if track is not None:
            self._looked[track] = end_s
        return True

    def _goal(self, end_s: float) -> tuple[np.ndarray, int | None]:
        """Azimuth and elevation to look at next, and the track there."""
        self._cues = {n: cue for n, cue in self._cues.items() if end_s - cue[0] < CUE_LIFE_S}
        self._looked = {n: t for n, t in self._looked.items() if n in self._cues}
        best, found = -1.0, None
        for number, cue in self._cues.items():
            place = cue[1:4] + (end_s - cue[0]) * cue[4:7] - self._face[:3]
            level = math.hypot(place[0], place[1])
            to = np.array([math.atan2(place[0], place[1]), math.atan2(place[2], level)])
            if not self._in_reach(to, math.hypot(level, place[2])):
                continue
            # what may be a drone before the rest, each the more urgent the longer it was not looked at
            rank = (LEAST_DOUBT + float(cue[7])) * (end_s - self._looked.get(number, end_s - NEW_S))
            if rank > best:
                best, found = rank, (to, number)
        return found if found is not None else (self._sweep(), None)

    def _in_reach(self, to: np.ndarray, range_m: float) -> bool:
        aside = abs((to[0] - self._face[7] + math.pi) % (2.0 * math.pi) - math.pi)
        near = range_m < self._face[4] and aside <= self._face[8]
        # less than half a cycle across a small drone: nothing to be seen yet
        sharp = optics.cycles(0.35, range_m, self._spec.pixel_rad) > 0.5
        return bool(near and self._face[5] <= to[1] <= self._face[6] and sharp)

    def _sweep(self) -> np.ndarray:
        """One field of view on, round the sector."""
        step, half = math.radians(self._spec.field_of_view_deg), float(self._face[8])
        off = (self._at[0] + step - self._face[7] + half) % (2.0 * half) - half
        return np.array([self._face[7] + off, math.radians(self._spec.sweep_elevation_deg)])

    def _false_directions_in_view(self, still: bool) -> np.ndarray:
        """False alarms of one picture: (2, k) azimuth and elevation inside it."""
        false = self._false_directions(self._spec.false_alarms_per_scan)
        if not still:
            return false[:, :0]
        half = 0.5 * math.radians(self._spec.field_of_view_deg)
        middle = np.array([float(self._face[7]), 0.5 * float(self._face[5] + self._face[6])])
        wide = np.array([float(self._face[8]), 0.5 * float(self._face[6] - self._face[5])])
        return (false - middle[:, None]) / wide[:, None] * np.array([[half], [FORMAT * half]]) + self._at[:, None]

    def _chance(self, polar: np.ndarray, like: Flight) -> tuple[np.ndarray, Gate]:
        """As if it were turned to the place."""
        p = optics.p_task(optics.cycles(size_of(like), polar[:, 0], self._spec.pixel_rad), optics.DETECT_CYCLES)
        return np.where(self._lit(polar[:, 0]), p, 0.0), Gate.PIXELS

    def snapshot(self) -> dict[str, Any]:
        """The state: dice, where it points, what it was told to look at."""
        cues = {n: cue.copy() for n, cue in self._cues.items()}
        return {**super().snapshot(), "at": self._at.copy(), "cues": cues, "looked": dict(self._looked)}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        super().restore(snapshot)
        self._at = np.array(snapshot["at"], float)
        self._cues = {int(n): np.array(cue, float) for n, cue in snapshot["cues"].items()}
        self._looked = {int(n): float(t) for n, t in snapshot["looked"].items()}
