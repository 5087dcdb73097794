"""Receiver of what cooperative aircraft say of themselves: Remote ID of drones, ADS-B of aircraft."""

from __future__ import annotations

from typing import Literal

import numpy as np

from rampart.physics._kernels_path import interpolate
from rampart.physics.environment import Environment
from rampart.records import Detections, Emission, Flight, Result, SensorModel, Site, TargetClass
from rampart.records.spec import Positive, Share

from .gates import Gate
from .sky import Sky
from .station import Station, StationSpec


class IdReceiverSpec(StationSpec):
    """``kind = "id_receiver"``: position, identity and kind as the target itself gives them. Deaf to all others.

    A message of Remote ID says whether a drone flies on rotors or on wings (type of aircraft, ASTM F3411).

    Remote ID: once a second, place within 30 m (100 ft) and height within 46 m (150 ft) in 95 % (14 CFR 89.310).
    ADS-B: twice a second, and far more accurate than that as a rule (DO-260B); here as good as Remote ID.

    Examples
    --------
    >>> spec = IdReceiverSpec(id="id", kind="id_receiver", position_enu_m=[0.0, 0.0, 5.0])
    >>> round(spec.position_sigma_m * 2.4477, 1)
    30.0
    """

    kind: Literal["id_receiver"]
    remote_id_range_m: Positive = 1_500.0  #: of drones: our assumption for short-range radio
    ads_b_range_m: Positive = 100_000.0  #: of aircraft, down to the horizon
    position_sigma_m: Positive = 12.26  #: one sigma each way: 95 % within 30 m
    height_sigma_m: Positive = 23.0  #: one sigma
    p_detect: Share = 0.95  #: of a message in one scan

    def model(self, site: Site) -> SensorModel:
        """What the chain may know of this sensor: its silence about something says nothing."""
        return self.model_of(
            kind=self.kind,
            p_detect=self.p_detect,
            max_range_m=max(self.ads_b_range_m, self.remote_id_range_m),
            witness_range_m=0.0,
        )

    def build(self, site: Site, environment: Environment, index: int, rng: np.random.Generator) -> IdReceiver:
        """The simulated sensor; parameters and errors as in `Radar3DSpec.build`."""
        return IdReceiver(self, site, environment, index, rng, max(self.ads_b_range_m, self.remote_id_range_m))


class IdReceiver(Station):
    """A simulated receiver of Remote ID and ADS-B; see `IdReceiverSpec`."""

    def __init__(self, spec: IdReceiverSpec, *args: object) -> None:
        super().__init__(spec, *args)  # type: ignore[arg-type]
        self._spec = spec

    def step(self, now_ns: int, sky: Sky) -> Result[Detections]:
        """The batch of the scan that is delivered at `now_ns`; see `Radar.step`. Gates: SILENT, RANGE, CHANCE."""
        spec, n, dice = self._spec, len(sky), self._dice["targets"]
        u, noise = dice.random(n), dice.standard_normal((n, 3))
        seen = self._look(now_ns, sky)
        drone, plane = sky.broadcast != "", sky.transponder != ""
        seen.refuse(~(drone | plane), Gate.SILENT)
        reach = np.where(drone, spec.remote_id_range_m, spec.ads_b_range_m)
        with np.errstate(invalid="ignore"):
            seen.refuse(seen.polar[:, 0] > reach, Gate.RANGE)
        seen.refuse(u >= spec.p_detect, Gate.CHANCE)
        rows = seen.there
        sigma = np.array([spec.position_sigma_m, spec.position_sigma_m, spec.height_sigma_m])
        when = np.clip(np.full(n, self._end_s(now_ns)), sky.start_s, sky.end_s)
        place, speed, alive = np.empty((n, 3)), np.empty((n, 3)), np.empty(n, np.bool_)
        interpolate(sky.offset, sky.time_s, sky.position_enu, sky.velocity_enu, when, place, speed, alive)
        return self._result(
            now_ns,
            seen,
            rows,
            position_enu=place[rows] + sigma * noise[rows],
            position_covariance=np.broadcast_to(np.diag(sigma**2), (len(rows), 3, 3)),
            identity=np.where(drone, sky.broadcast, sky.transponder)[rows],
            class_hint=np.where(drone, sky.target_class, TargetClass.AIRCRAFT)[rows].astype(np.int8),
            emission=np.where(drone, Emission.REMOTE_ID, Emission.ADS_B)[rows].astype(np.int8),
        )

    def _chance(self, polar: np.ndarray, like: Flight) -> tuple[np.ndarray, Gate]:
        if not like.identity:
            return np.zeros(len(polar)), Gate.SILENT
        reach = self._spec.remote_id_range_m if like.emits else self._spec.ads_b_range_m
        return np.where(polar[:, 0] <= reach, self._spec.p_detect, 0.0), Gate.RANGE
