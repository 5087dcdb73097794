"""Settings: the tracker's table in a scenario, and what the kernels read of it and of the site's sensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import chdtri

from rampart.physics.environment import Environment
from rampart.physics.model_error import PROBE
from rampart.records import Site
from rampart.records.spec import NonNegative, Number, Positive, Spec

from . import constants as k

if TYPE_CHECKING:
    from .tracker import Tracker

Floats = NDArray[np.float64]
Probability = Annotated[Number, Field(gt=0, lt=1)]
Looks = Annotated[int, Field(ge=2, le=30)]


class TrackerSpec(Spec):
    """``[track]``: how tracks are filtered, started and ended. Every key has a default.

    Examples
    --------
    >>> TrackerSpec(lag_s=2.0).confirm_hits
    3
    """

    kind: Literal["imm"] = "imm"

    #: density of the white acceleration that falling bodies may feel beyond drag and gravity, m2/s3
    ballistic_noise_m2s3: NonNegative = 3e-3
    #: growth of the variance of ln drag-to-mass, 1/s
    ln_drag_noise_s: NonNegative = 1e-5
    #: density of the white acceleration under thrust (m2/s3), of its amount (m2/s5)
    thrust_noise_m2s3: NonNegative = 50.0
    thrust_walk_m2s5: NonNegative = 400.0  #: growth of the variance of the thrust
    #: density of the white acceleration in straight flight, turns and hover, m2/s3
    cruise_noise_m2s3: NonNegative = 0.7
    turn_noise_m2s3: NonNegative = 8.0  #: see `cruise_noise_m2s3`
    hover_noise_m2s3: NonNegative = 2.0  #: see `cruise_noise_m2s3`
    #: growth of the variance of a turn rate, (rad/s)2/s
    turn_walk_s: NonNegative = 2e-3
    #: time constant with which a hovering body comes to rest
    hover_time_s: Positive = 2.0

    #: mean times until a mode is left
    burn_time_s: Positive = 1.5
    relight_time_s: Positive = 600.0  #: of coasting, until thrust sets in again
    cruise_time_s: Positive = 300.0  #: of straight flight
    turn_time_s: Positive = 1.0  #: of a turn
    hover_stay_s: Positive = 1.0  #: of hovering

    #: what is assumed of falling bodies before anything is known
    drag_shape: Literal["g1", "g7", "sphere"] = "g1"
    drag_to_mass_m2kg: Positive = 6e-5  #: the median
    ln_drag_sigma: Positive = 0.7  #: one sigma of its logarithm
    ballistic_speed_ms: Positive = 300.0  #: one sigma of the speed, each way
    thrust_ms2: Positive = 100.0  #: acceleration under thrust
    thrust_sigma_ms2: Positive = 70.0  #: one sigma of it
    #: one sigma of the error of the site's wind, each way
    wind_error_ms: NonNegative = 2.0
    #: one sigma of how far a drag curve bends from the assumed one towards G7 and towards the sphere, in ln Cd
    drag_curve_error: NonNegative = 0.2
    #: and of steered ones
    steered_speed_ms: Positive = 120.0
    turn_sigma_s: Positive = 0.1  #: one sigma of the turn rate, rad/s
    #: nothing tracked flies faster
    max_speed_ms: Positive = 1200.0
    #: layer in which targets of a radar without elevation are assumed
    layer_height_m: Number = 500.0
    layer_sigma_m: Positive = 500.0  #: one sigma about `layer_height_m`

    gate_probability: Probability = 0.9995  #: that the right detection lies in the gate
    #: new objects per scan of one sensor
    births_per_scan: Positive = 0.05
    #: mean time that an object stays
    survival_s: Positive = 300.0
    #: greatest radial speed of false alarms
    clutter_speed_ms: Positive = 400.0

    #: a track is confirmed after this many detections in so many looks, and when it exists with this probability
    confirm_hits: Looks = 3
    confirm_looks: Looks = 5  #: see `confirm_hits`
    confirm_existence: Probability = 0.99  #: see `confirm_hits`
    #: or by two detections that leave no more doubt than this
    sure_existence: Probability = 0.9999
    #: and deleted below this one, or when unseen for this long
    delete_existence: Probability = 0.05
    coast_s: Positive = 20.0  #: longest time unseen
    #: a first detection waits for a second one this many scans
    seed_scans: Annotated[int, Field(ge=1, le=10)] = 3

    #: whether biases between the site's sensors are estimated and taken off; `off` believes them as they are
    registration: Literal["estimate", "off"] = "estimate"
    #: one sigma of the biases of a sensor before anything is known
    range_bias_sigma_m: NonNegative = 20.0
    azimuth_bias_sigma_deg: NonNegative = 0.2  #: see `range_bias_sigma_m`
    elevation_bias_sigma_deg: NonNegative = 0.2  #: see `range_bias_sigma_m`
    clock_bias_sigma_s: NonNegative = 0.02  #: see `range_bias_sigma_m`
    bias_time_s: Positive = 36_000.0  #: time over which biases wander by that much

    #: how tracks of other systems are joined with ours: states by covariance intersection, the identity alone, or not
    external: Literal["intersection", "identity", "off"] = "intersection"
    external_stale_s: Positive = 15.0  #: without a newer report for this long they end
    external_sigma_m: Positive = 100.0  #: one sigma of their position where they do not say
    external_speed_sigma_ms: Positive = 10.0  #: one sigma of their velocity, each way

    #: detections up to this much late (beyond the slowest sensor's delay) are taken in as if in time
    lag_s: NonNegative = 1.0
    #: longest Runge-Kutta step
    step_s: Annotated[Positive, Field(le=2)] = 0.5

    @model_validator(mode="after")
    def _check(self) -> TrackerSpec:
        if self.confirm_hits > self.confirm_looks:
            raise ValueError(f"expected confirm_hits of at most confirm_looks ({self.confirm_looks})")
        if self.delete_existence >= self.confirm_existence:
            raise ValueError(f"expected delete_existence below confirm_existence ({self.confirm_existence})")
        return self

    def build(self, site: Site, environment: Environment) -> Tracker:
        """The stage for one site."""
        from .tracker import Tracker

        return Tracker(site, environment, self)


def _odds(probability: float) -> float:
    return math.log(probability / (1.0 - probability))


def parameters(spec: TrackerSpec, site: Site, environment: Environment) -> Floats:
    """The parameters that kernels read, (N_P,)."""
    p = np.zeros(k.N_P)
    p[k.P_BALLISTIC], p[k.P_DRAG_WALK] = spec.ballistic_noise_m2s3, spec.ln_drag_noise_s
    p[k.P_THRUST_NOISE], p[k.P_THRUST_WALK] = spec.thrust_noise_m2s3, spec.thrust_walk_m2s5
    p[k.P_CRUISE], p[k.P_TURN], p[k.P_TURN_WALK] = spec.cruise_noise_m2s3, spec.turn_noise_m2s3, spec.turn_walk_s
    p[k.P_HOVER], p[k.P_HOVER_TIME], p[k.P_HOVER_STAY] = spec.hover_noise_m2s3, spec.hover_time_s, spec.hover_stay_s
    p[k.P_BURN_TIME], p[k.P_RELIGHT_TIME] = spec.burn_time_s, spec.relight_time_s
    p[k.P_CRUISE_TIME], p[k.P_TURN_TIME] = spec.cruise_time_s, spec.turn_time_s
    p[k.P_LN_DRAG], p[k.P_LN_DRAG_SIGMA] = math.log(spec.drag_to_mass_m2kg), spec.ln_drag_sigma
    p[k.P_THRUST], p[k.P_THRUST_SIGMA], p[k.P_TURN_SIGMA] = spec.thrust_ms2, spec.thrust_sigma_ms2, spec.turn_sigma_s
    p[k.P_GATE], p[k.P_BIRTHS], p[k.P_SURVIVAL] = spec.gate_probability, spec.births_per_scan, spec.survival_s
    p[k.P_CONFIRM_HITS], p[k.P_CONFIRM_LOOKS] = spec.confirm_hits, spec.confirm_looks
    p[k.P_CONFIRM_ODDS], p[k.P_DELETE_ODDS] = _odds(spec.confirm_existence), _odds(spec.delete_existence)
    p[k.P_SURE_ODDS] = _odds(spec.sure_existence)
    p[k.P_COAST], p[k.P_MAX_SPEED], p[k.P_SEED_SCANS] = spec.coast_s, spec.max_speed_ms, spec.seed_scans
    p[k.P_SITE_HEIGHT], p[k.P_EARTH_CURVE] = site.height_m, environment.site[0]
    p[k.P_BALLISTIC_SPEED], p[k.P_STEERED_SPEED] = spec.ballistic_speed_ms, spec.steered_speed_ms
    p[k.P_LAYER_HEIGHT], p[k.P_LAYER_SIGMA] = spec.layer_height_m, spec.layer_sigma_m
    p[k.P_STEP], p[k.P_CLUTTER_SPEED], p[k.P_LAG] = spec.step_s, spec.clutter_speed_ms, spec.lag_s
    p[k.P_ERROR : k.P_ERROR + k.N_ERRORS] = [spec.wind_error_ms] * 2 + [spec.drag_curve_error] * 2
    p[k.P_PROBE : k.P_PROBE + k.N_ERRORS] = PROBE
    return p


def gate_limits(probability: float) -> Floats:
    """Squared Mahalanobis distances within which a detection of 0 to 8 numbers lies with a probability: (9,)."""
    return np.array([0.0, *chdtri(np.arange(1, 9), 1.0 - probability)])


def sensor_table(site: Site) -> Floats:
    """What the kernels read of the site's sensors, (sensors, N_S)."""
    table = np.full((len(site.sensors), k.N_S), np.nan)
    for row, s in zip(table, site.sensors, strict=True):
        row[k.S_EAST : k.S_EAST + 3] = s.position_enu
        row[k.S_PERIOD], row[k.S_DELAY] = s.scan_period_s, s.delay_s
        row[k.S_DETECT], row[k.S_CLUTTER] = min(max(s.p_detect, 0.05), 0.98), s.false_alarms_per_scan
        row[k.S_REFERENCE], row[k.S_MIN_RANGE], row[k.S_MAX_RANGE] = s.reference_range_m, s.min_range_m, s.max_range_m
        row[k.S_MIN_ELEVATION], row[k.S_MAX_ELEVATION] = s.min_elevation_rad, s.max_elevation_rad
        row[k.S_NOTCH], row[k.S_ROTATING] = s.minimum_radial_speed_ms, float(s.rotating)
        row[k.S_SIGMA : k.S_SIGMA + 5] = (
            s.range_sigma_m, s.azimuth_sigma_rad, s.elevation_sigma_rad, s.range_rate_sigma_ms, s.height_sigma_m,
        )  # fmt: skip
        row[k.S_RANGES] = float(math.isfinite(s.range_sigma_m))
        row[k.S_BIAS : k.S_BIAS + 3] = s.range_bias_sigma_m, s.azimuth_bias_sigma_rad, s.elevation_bias_sigma_rad
    return table
