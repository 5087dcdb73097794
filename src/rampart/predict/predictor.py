"""Predictor: tracks in, impact and launch points of what falls and corridors of what is steered out."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from rampart.physics.constants import STANDARD_GRAVITY_MS2
from rampart.physics.environment import Environment
from rampart.physics.model_error import PROBE, probe_drags, probe_winds
from rampart.records import PredictionKind, Predictions, Result, Row, Site, TargetClass, Tracks, Zone
from rampart.records.spec import NonNegative, Number, Positive, Share, Spec

from . import _kernels, _kernels_rows
from .confidence import sigmas_of

_IMPACT, _REACH = int(PredictionKind.IMPACT), int(PredictionKind.REACH)
_NOTHING: Result[Predictions] = Result(Predictions.empty())
#: What a boost does besides, one sigma [m].
LAUNCHER_M = 1.0


class PredictorSpec(Spec):
    """``[predict]``: how impact points and reach are predicted."""

    #: the only one of ours
    kind: Literal["sigma_points"] = "sigma_points"
    #: content of the ellipses
    ellipse_probability: Annotated[Number, Field(gt=0, lt=1)] = 0.9
    #: a track gets an impact or a reach when that family of classes is at least this probable
    minimum_class_probability: Share = 0.1
    #: predict tentative tracks too
    tentative: bool = False
    #: Runge-Kutta step of the flights; 1 s costs at most 2 cm
    step_s: Annotated[Positive, Field(le=2)] = 1.0
    #: longest flight that is followed, forward or back
    flight_limit_s: Positive = 300.0
    #: share of its speed that a rocket still under thrust gains until burnout, give or take as much
    boost_growth: NonNegative = 0.25
    #: boost of a generic rocket, of which the flight back to the launch knows nothing
    boost_s: NonNegative = 1.6
    #: how far ahead a drone's corridor goes
    horizon_s: Positive = 60.0
    #: density of the white acceleration that a drone may fly, m2/s3
    manoeuvre_m2s3: NonNegative = 1.0
    #: added to a drone's present speed when its earliest arrival is reckoned
    speed_margin_ms: NonNegative = 5.0
    #: probability that a drone which says who it is (Remote ID) is a threat; 1 takes it for one like any other
    identified_threat: Share = 0.05
    #: a hovering drone can get this fast
    minimum_speed_ms: Positive = 10.0

    def build(self, site: Site, environment: Environment) -> "Predictor":
        """The stage for one site."""
        return Predictor(self, site, environment)


class Predictor:
    """Predicts impact and launch points by sigma points through the flight kernel, and the reach of drones.

    It keeps nothing from step to step: equal tracks give equal predictions.

    Parameters
    ----------
    spec : PredictorSpec
        Settings.
    site : Site
        Its zones are the assets that a drone can reach.
    environment : Environment
        Terrain, air and place on the Earth.
    """

    def __init__(self, spec: PredictorSpec, site: Site, environment: Environment) -> None:
        self.spec = spec
        self._environment = environment.arrays()
        self._probes = probe_winds(environment.atmosphere), probe_drags("g1"), np.array(PROBE)
        self._ground = self._environment[3:]
        self._boost = _boost(spec.boost_s)
        self._scale = sigmas_of(spec.ellipse_probability)
        self._zones = _flatten(site.zones)

    def step(self, now_ns: int, inputs: Tracks) -> Result[Predictions]:
        """Predict every confirmed or coasted track that is likely enough to fall or to be a drone.

        Parameters
        ----------
        now_ns : int
            Time of the step, ns UTC; predictions hold for the tracks' own times.
        inputs : Tracks
            All live tracks.

        Returns
        -------
        Result of Predictions
            Rows in the order of the tracks. ``info["closest_m"]`` (n,) is the least distance of a drone's straight
            corridor to its asset's grown zone, nan for impacts.
        """
        m = len(inputs)
        if not m:
            return _NOTHING
        spec = self.spec
        track, kind, weight = np.empty(2 * m, np.int64), np.empty(2 * m, np.int8), np.empty(2 * m)
        floor = spec.minimum_class_probability
        n, reaches = _kernels.choose(
            inputs.status, inputs.class_probability, inputs.ballistic_state, floor, spec.tentative, track, kind, weight
        )
        if not n:
            return _NOTHING
        track, kind, weight = track[:n], kind[:n], weight[:n]
        if reaches:
            named = (kind == _REACH) & (inputs.identity[track] != "")
            weight[named] *= spec.identified_threat
        rows, closest = self._rows(inputs, track, kind, weight, reaches)
        if not all(map(math.isfinite, rows.impact_enu[:, 0].tolist())):
            met = np.isfinite(rows.impact_enu[:, 0])
            rows, closest = rows.take(met), closest[met]
        return Result(rows, {"closest_m": closest})

    def _rows(
        self, tracks: Tracks, track: np.ndarray, kind: np.ndarray, weight: np.ndarray, reaches: int
    ) -> tuple[Predictions, np.ndarray]:
        """Predictions of these kinds, of which so many reach, and ``closest_m``."""
        n = len(track)
        rows, closest = self._begin(tracks, track, kind, weight)
        if reaches < n:
            at = (kind == _IMPACT).nonzero()[0] if reaches else np.arange(n)
            self._write_impacts(rows, tracks, track[at], at)
        if reaches:
            at = (kind == _REACH).nonzero()[0]
            self._write_reach(rows, tracks, track[at], at, closest)
        _kernels.ellipses(
            rows.impact_covariance, self._scale, rows.ellipse_major_m, rows.ellipse_minor_m, rows.ellipse_azimuth_rad
        )
        return rows, closest

    def _begin(
        self, tracks: Tracks, track: np.ndarray, kind: np.ndarray, weight: np.ndarray
    ) -> tuple[Predictions, np.ndarray]:
        """The rows of what is to be predicted, as far as the tracks alone tell, and ``closest_m``.

        A record still under construction may be written; this one, `_write_impacts` or `_write_reach` and the ellipses
        leave no column out.
        """
        rows, closest = Predictions.unwritten(len(track)), np.empty(len(track))
        rows.kind[:], rows.weight[:] = kind, weight
        rows.ellipse_probability.fill(self.spec.ellipse_probability)
        _kernels_rows.write_tracks(
            track, tracks.number, tracks.time_ns, tracks.state, tracks.covariance,
            rows.track, rows.time_ns, rows.position_enu, rows.position_covariance, rows.velocity_enu,
            rows.impact_time_covariance, rows.launch_enu, rows.launch_covariance, rows.launch_ns, rows.asset,
            rows.time_to_asset_s, closest,
        )  # fmt: skip
        return rows, closest

    def _write_impacts(self, rows: Predictions, tracks: Tracks, track: np.ndarray, at: np.ndarray) -> None:
        """Fill the rows `at`, of the tracks `track`."""
        spec = self.spec
        with np.errstate(over="ignore", invalid="ignore"):  # flown back, a point may gain speed without end
            _kernels_rows.write_impacts(
                at, track, tracks.ballistic_state, tracks.ballistic_covariance, tracks.model_error,
                tracks.model_error_covariance, tracks.mode_probability, tracks.class_probability, spec.boost_growth,
                spec.step_s, spec.flight_limit_s, *self._boost, *self._environment, *self._probes,
                rows.time_ns, rows.weight, rows.impact_enu, rows.impact_covariance, rows.impact_ns, rows.impact_sigma_s,
                rows.impact_time_covariance, rows.impact_velocity_enu, rows.launch_enu, rows.launch_covariance,
                rows.launch_ns,
            )  # fmt: skip

    def _write_reach(
        self, rows: Predictions, tracks: Tracks, track: np.ndarray, at: np.ndarray, closest: np.ndarray
    ) -> None:
        spec = self.spec
        end, covariance, after_ns, sigma, asset, arrival, closest[at] = _kernels.predict_reach(
            track,
            tracks.state,
            tracks.covariance,
            spec.horizon_s,
            spec.manoeuvre_m2s3,
            spec.speed_margin_ms,
            spec.minimum_speed_ms,
            *self._zones,
            *self._ground,
        )
        rows.impact_enu[at], rows.impact_covariance[at] = end, covariance
        rows.impact_ns[at] = rows.time_ns[at] + after_ns
        rows.impact_sigma_s[at], rows.impact_velocity_enu[at] = sigma, rows.velocity_enu[at]
        rows.asset[at], rows.time_to_asset_s[at] = asset, arrival

    def snapshot(self) -> dict[str, Any]:
        """Nothing but the version: the stage has no memory."""
        return {"version": 1}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Check the version."""
        if snapshot.get("version") != 1:
            raise ValueError(f"predictor snapshot of version {snapshot.get('version')!r}; expected 1")


def _boost(boost_s: float) -> tuple[float, float, float]:
    """How far a boost lies behind a coasting arc's beginning [m], give or take [m], and how much earlier it is [ns].

    A boost at constant acceleration from rest takes twice the time of coasting the same way, so gravity bends its path
    twice as far: by g cos(e) boost_s^2 / 8 more, across a path of elevation e, which meets the ground that much over
    sin(e) further on. How long the boost was is not known to better than a third.
    """
    return STANDARD_GRAVITY_MS2 * boost_s**2 / 8.0, LAUNCHER_M, 0.5e9 * boost_s


def _flatten(zones: tuple[Zone, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners one below the other (k, 2), where each zone's begin (n + 1,), danger radii (n,)."""
    corners = [np.asarray(zone.polygon_en, dtype=float).reshape(-1, 2) for zone in zones]
    first = np.cumsum([0, *(len(c) for c in corners)]).astype(np.int64)
    return np.concatenate([*corners, np.empty((0, 2))]), first, np.array([z.warn_radius_m for z in zones], dtype=float)


def predict_impact(track: Row, environment: Environment, *, probability: float = 0.9) -> Row:
    """Predict where and when a ballistic track meets the ground, and where it came from.

    Parameters
    ----------
    track : Row of Tracks
        Needs `ballistic_state` (7,) east, north, up [m], their rates [m/s], ln of drag-to-mass [m2/kg], in the site's
        frame, and `ballistic_covariance` (7, 7). Its status and class are not looked at.
    environment : Environment
        Terrain, air and place on the Earth.
    probability : float
        Content of the returned ellipse, 0 < p < 1.

    Returns
    -------
    Row of Predictions
        Of kind `IMPACT`, with weight 1.

    Raises
    ------
    ValueError
        If the track has no ballistic state or the flight meets no ground.

    Notes
    -----
    Second-order divided differences (Norgaard, Poulsen and Ravn 2000, Automatica 36:1627) over 15 points.
    Checked by Monte Carlo in tests/unit/predict.
    """
    fields = {name: np.asarray(getattr(track, name))[None] for name in Tracks.names()}
    spec = PredictorSpec(ellipse_probability=probability, minimum_class_probability=0.5)
    certain = np.zeros((1, fields["class_probability"].shape[1]))
    certain[0, TargetClass.SHELL] = 1.0  # no boost is assumed
    one = Tracks.build(1, **{**fields, "class_probability": certain, "status": np.ones(1, np.int8)})
    rows = Predictor(spec, Site("", 0.0, 0.0, 0.0), environment).step(int(track.time_ns), one).records
    impacts = rows.take(rows.kind == PredictionKind.IMPACT)
    if not len(impacts):
        raise ValueError("no impact: the track has no ballistic state, or its flight meets no ground")
    return impacts[0]
