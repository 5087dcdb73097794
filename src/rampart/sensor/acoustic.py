"""Acoustic array: hears rotors and propellers a few hundred metres off, and gives bearings."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from rampart.physics._kernels_path import interpolate
from rampart.physics.environment import Environment
from rampart.records import Detections, Flight, Result, SensorModel, Site
from rampart.records.spec import NonNegative, Number, Positive

from .gates import Gate
from .sky import LOUDNESS_DB, Sky
from .station import Station, StationSpec, loudness_of

SOUND_MS = 340.0
#: Loss in air besides spreading, at 1 kHz, 20 degrees and 70 % humidity (ISO 9613-1: 5 dB/km) [dB/m].
ABSORPTION_DB_M = 0.005
#: Wind noise of a bare microphone at 5 m/s: our assumption. It grows with the dynamic pressure, so with the square of
#: the wind in pressure: 40 lg(v).
WIND_NOISE_DB, WIND_MS = 55.0, 5.0
#: The wind in which `reference_range_m` holds.
CALM_MS = 2.0
#: Steepness of the detection probability [dB per unit of its logit]: our assumption.
SOFTNESS_DB = 1.5
#: Probability of detection that `reference_range_m` stands for.
SURE = 0.9
_LOGIT_09 = math.log(9.0)


def noise_db(wind_ms: float, background_db: float, wind_shield_db: float) -> float:
    """Level of background and wind noise together [dB over 20 uPa].

    Examples
    --------
    >>> round(noise_db(10.0, 45.0, 0.0), 1)
    67.1
    """
    wind = WIND_NOISE_DB + 40.0 * math.log10(max(wind_ms, 0.1) / WIND_MS) - wind_shield_db
    return 10.0 * math.log10(10.0 ** (0.1 * background_db) + 10.0 ** (0.1 * wind))


def received_db(loudness_db: np.ndarray | float, range_m: np.ndarray | float) -> np.ndarray:
    """Level of a sound of `loudness_db` at 1 m after spreading in all directions and the loss in air."""
    r = np.maximum(np.asarray(range_m, float), 1.0)
    return np.asarray(loudness_db - 20.0 * np.log10(r) - ABSORPTION_DB_M * r)


class AcousticSpec(StationSpec):
    """``kind = "acoustic"``: a microphone array. It hears a drone where it was when the sound set out.

    `reference_range_m` is where a small multirotor (75 dB at 1 m) is heard with probability 0.9 in one look, without a
    shield, in 2 m/s of wind. Published for one microphone: 200 m (trained on clean sound), 300 m (most), 500 m (trained
    on attenuated sound); a wind shield adds 31 to 131 % of range in wind.

    Examples
    --------
    >>> AcousticSpec(id="a", kind="acoustic", position_enu_m=[0.0, 0.0, 2.0]).reference_range_m
    300.0
    """

    kind: Literal["acoustic"]
    reference_range_m: Positive = 300.0  #: a small multirotor is heard here with probability 0.9 in calm air
    azimuth_sigma_deg: Positive = 3.0  #: one sigma
    elevation_sigma_deg: Positive = 6.0  #: one sigma
    wind_ms: NonNegative = 3.0  #: at the microphones
    wind_shield_db: NonNegative = 0.0  #: by which a shield lowers wind noise
    background_db: Number = 45.0  #: other noise in the band of rotors, dB over 20 uPa
    false_alarms_per_scan: NonNegative = 0.02  #: mean number

    def model(self, site: Site) -> SensorModel:
        """What the chain may know of this sensor."""
        return self.model_of(
            kind=self.kind,
            azimuth_sigma_rad=math.radians(self.azimuth_sigma_deg),
            elevation_sigma_rad=math.radians(self.elevation_sigma_deg),
            false_alarms_per_scan=self.false_alarms_per_scan,
            max_range_m=2.0 * self.reference_range_m,
            witness_range_m=self.sure_range_m if self.sector_width_deg >= 360.0 else 0.0,
        )

    @property
    def sure_range_m(self) -> float:
        """Where a small multirotor is heard with probability 0.9 in the wind and noise that there are.

        Examples
        --------
        >>> spec = AcousticSpec(id="a", kind="acoustic", position_enu_m=[0, 0, 2], wind_ms=8.0)
        >>> round(spec.sure_range_m), spec.p_detect(spec.sure_range_m, 75.0).round(3).item()
        (48, 0.9)
        """
        near, far = 0.0, 4.0 * self.reference_range_m
        for _ in range(40):
            middle = 0.5 * (near + far)
            sure = self.p_detect(middle, LOUDNESS_DB["multirotor"]) >= SURE
            near, far = (middle, far) if sure else (near, middle)
        return near

    def p_detect(self, range_m: np.ndarray | float, loudness_db: np.ndarray | float) -> np.ndarray:
        """Probability that one look hears a sound of `loudness_db` at 1 m from `range_m` away.

        Examples
        --------
        >>> spec = AcousticSpec(id="a", kind="acoustic", position_enu_m=[0, 0, 2], wind_ms=2.0)
        >>> spec.p_detect(300.0, 75.0).round(3).item()
        0.9
        """
        least = received_db(LOUDNESS_DB["multirotor"], self.reference_range_m)
        louder = noise_db(self.wind_ms, self.background_db, self.wind_shield_db) - noise_db(
            CALM_MS, self.background_db, 0.0
        )
        margin = received_db(loudness_db, range_m) - least - louder
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(_LOGIT_09 + margin / SOFTNESS_DB, -60.0, 60.0))))

    def build(self, site: Site, environment: Environment, index: int, rng: np.random.Generator) -> Acoustic:
        """The simulated sensor; parameters and errors as in `Radar3DSpec.build`."""
        return Acoustic(self, site, environment, index, rng, 20e3)


class Acoustic(Station):
    """A simulated microphone array; see `AcousticSpec`."""

    def __init__(self, spec: AcousticSpec, *args: object) -> None:
        super().__init__(spec, *args)  # type: ignore[arg-type]
        self._spec = spec

    def step(self, now_ns: int, sky: Sky) -> Result[Detections]:
        """The batch of the scan that is delivered at `now_ns`; see `Radar.step`. Gates: SILENT and NOISE."""
        spec, n, dice = self._spec, len(sky), self._dice["targets"]
        u, noise = dice.random(n), dice.standard_normal((2, n))
        seen = self._look(now_ns, sky)
        seen.refuse(~np.isfinite(sky.loudness_db), Gate.SILENT)
        with np.errstate(invalid="ignore"):
            p = spec.p_detect(seen.polar[:, 0], np.where(np.isfinite(sky.loudness_db), sky.loudness_db, -300.0))
        seen.refuse(~(u < p), Gate.NOISE)
        rows = seen.there
        azimuth, elevation = self._heard_from(sky, seen.when, seen.polar, rows)
        s_az, s_el = math.radians(spec.azimuth_sigma_deg), math.radians(spec.elevation_sigma_deg)
        false = self._false_directions(spec.false_alarms_per_scan)
        m = len(rows) + false.shape[1]
        up = np.clip(np.concatenate([elevation + s_el * noise[1, rows], false[1]]), -0.5 * math.pi, 0.5 * math.pi)
        return self._result(
            now_ns,
            seen,
            np.concatenate([rows, np.full(false.shape[1], -1)]),
            azimuth_rad=np.concatenate([azimuth + s_az * noise[0, rows], false[0]]) % (2.0 * math.pi),
            elevation_rad=up,
            azimuth_sigma_rad=np.full(m, s_az),
            elevation_sigma_rad=np.full(m, s_el),
        )

    def _heard_from(
        self, sky: Sky, when: np.ndarray, polar: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Azimuth and elevation of where the sound of the flights `rows` set out."""
        n = len(sky)
        sent = when - polar[:, 0] / SOUND_MS
        sent = np.clip(np.where(np.isnan(sent), sky.start_s, sent), sky.start_s, sky.end_s)
        place, speed, alive = np.empty((n, 3)), np.empty((n, 3)), np.empty(n, np.bool_)
        interpolate(sky.offset, sky.time_s, sky.position_enu, sky.velocity_enu, sent, place, speed, alive)
        d = place[rows] - self._face[:3]
        return np.arctan2(d[:, 0], d[:, 1]), np.arctan2(d[:, 2], np.hypot(d[:, 0], d[:, 1]))

    def _chance(self, polar: np.ndarray, like: Flight) -> tuple[np.ndarray, Gate]:
        loudness = loudness_of(like)
        if not math.isfinite(loudness):
            return np.zeros(len(polar)), Gate.SILENT
        return self._spec.p_detect(polar[:, 0], loudness), Gate.NOISE
