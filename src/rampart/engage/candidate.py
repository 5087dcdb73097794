"""Candidates: tracks that simulated effectors might engage, and what they would hit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rampart.physics.area import Areas
from rampart.records import Picture, PredictionKind, Site, TargetClass, TrackStatus

Floats = NDArray[np.float64]

_CONFIRMED, _COASTED = int(TrackStatus.CONFIRMED), int(TrackStatus.COASTED)
_IMPACT = int(PredictionKind.IMPACT)
#: Columns of Tracks.class_probability that are threats, by the names that effectors use.
_THREATS = {c.label: int(c) for c in TargetClass if c <= TargetClass.FIXED_WING}


class Candidate(NamedTuple):
    """A confirmed track with a prediction."""

    row: int  #: in the arrays of `Candidates`
    track: int
    chance: float  #: that it hits a defended zone, if it is a threat
    belief: float  #: that it exists and is a threat
    sigma_m: float  #: of the impact point along its major axis; 0 for drones, whose corridor says it
    updated_ns: int  #: measurement of its latest detection

    @property
    def value(self) -> float:
        """What stopping it is worth: the probability that it would hit a defended zone."""
        return self.chance * self.belief


class Candidates(NamedTuple):
    """All candidates of a step."""

    each: list[Candidate]
    path: Floats  #: (n, 14) see `_kernels`
    covariance: Floats  #: (n, 6, 6) of the tracks' states
    valid_s: Floats  #: (n,) validity of the tracks' states, seconds since run start
    classes: Floats  #: (n, classes) Tracks.class_probability

    def suits(self, rows: list[int], against: tuple[str, ...]) -> Floats:
        """For some rows, the probability that the threat, if it is one, is of certain kinds."""
        p = self.classes[rows]
        every = p[:, list(_THREATS.values())].sum(1)
        some = p[:, [_THREATS[kind] for kind in against]].sum(1)
        return np.divide(some, every, out=np.zeros(len(rows)), where=every > 0.0)


def find_defended(site: Site) -> Areas:
    """The defended zones of a site, each grown by its danger radius."""
    zones = [zone for zone in site.zones if zone.defended]
    return Areas.of([zone.polygon_en for zone in zones], [zone.warn_radius_m for zone in zones])


def find_candidates(defended: Areas, picture: Picture, start_ns: int, least_belief: float = 0.0) -> Candidates:
    """Every confirmed or coasted track with a prediction; one that could be of either kind counts as the likelier one.

    Parameters
    ----------
    defended : Areas
        Grown defended zones, at least one.
    picture : Picture
        Tracks and predictions of one step.
    start_ns : int
        Second 0 of the paths.
    least_belief : float
        Tracks that are threats with less probability are left out.
    """
    tracks, predictions = picture.tracks, picture.predictions
    rows = {n: i for i, n in enumerate(tracks.number.tolist())}
    status, weight = tracks.status.tolist(), predictions.weight.tolist()
    likelier: dict[int, int] = {}
    for k, track in enumerate(predictions.track.tolist()):
        if track not in likelier or weight[k] > weight[likelier[track]]:
            likelier[track] = k
    pairs = [(rows[t], k) for t, k in likelier.items() if t in rows and _CONFIRMED <= status[rows[t]] <= _COASTED]
    at, of = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    belief = predictions.weight[of] * tracks.existence[at]
    path = _paths(picture, of, start_ns)
    good = (path[:, 1] > path[:, 0]) & np.isfinite(path).all(1) & (belief >= least_belief)
    if not good.all():
        at, of, path, belief = at[good], of[good], np.ascontiguousarray(path[good]), belief[good]
    falls = predictions.kind[of] == _IMPACT
    each = zip(
        range(len(of)),
        predictions.track[of].tolist(),
        _chances(defended, picture, of, falls).tolist(),
        belief.tolist(),
        np.where(falls, _major_sigmas(predictions.impact_covariance[of]), 0.0).tolist(),
        tracks.updated_ns[at].tolist(),
        strict=True,
    )
    return Candidates(
        [Candidate(*fields) for fields in each],
        path,
        np.ascontiguousarray(tracks.covariance[at]),
        (tracks.time_ns[at] - start_ns) * 1e-9,
        tracks.class_probability[at],
    )


def _chances(defended: Areas, picture: Picture, of: NDArray[np.int64], falls: NDArray[np.bool_]) -> Floats:
    """Greatest probability, over the defended zones, that each prediction's impact or corridor touches one."""
    predictions = picture.predictions
    chances = np.zeros(len(of))
    if falls.any():
        k = of[falls]
        hits = defended.hit_probability(predictions.impact_enu[k, :2], predictions.impact_covariance[k])
        chances[falls] = hits.max(1)
    if not falls.all():
        k = of[~falls]
        passes, _ = defended.pass_probability(
            predictions.position_enu[k, :2],
            predictions.position_covariance[k],
            predictions.impact_enu[k, :2],
            predictions.impact_covariance[k],
        )
        chances[~falls] = passes.max(1)
    return chances


def _paths(picture: Picture, of: NDArray[np.int64], start_ns: int) -> Floats:
    """Predictions as cubics from now to the impact, or as straight lines along the corridor, (n, 14)."""
    predictions = picture.predictions
    path = np.empty((len(of), 14))
    path[:, 0] = (predictions.time_ns[of] - start_ns) * 1e-9
    path[:, 1] = (predictions.impact_ns[of] - start_ns) * 1e-9
    path[:, 2:5], path[:, 8:11] = predictions.position_enu[of], predictions.impact_enu[of]
    path[:, 5:8], path[:, 11:14] = predictions.velocity_enu[of], predictions.impact_velocity_enu[of]
    reaches = predictions.kind[of] != _IMPACT
    if reaches.any():
        span = np.maximum(path[reaches, 1] - path[reaches, 0], 1e-9)
        path[reaches, 5:8] = path[reaches, 11:14] = (path[reaches, 8:11] - path[reaches, 2:5]) / span[:, None]
    return path


def _major_sigmas(covariance: Floats) -> Floats:
    """Largest sigma of 2x2 covariances [m], (n,); infinite where unknown."""
    a, b, c = covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]
    square = 0.5 * (a + c) + np.hypot(0.5 * (a - c), b)
    return np.where(square >= 0.0, np.sqrt(np.maximum(square, 0.0)), np.inf)
