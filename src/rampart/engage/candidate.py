"""Candidate: a track that simulated effectors might engage, and what it would hit."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rampart.physics.area import Areas
from rampart.records import Picture, PredictionKind, Site, TrackStatus

Floats = NDArray[np.float64]


class Candidate(NamedTuple):
    """A confirmed track with a prediction."""

    track: int
    chance: float  #: that it hits a defended zone, if it is a threat
    belief: float  #: that it exists and is a threat
    sigma_m: float  #: of the impact point along its major axis; 0 for drones, whose corridor says it
    updated_ns: int  #: measurement of its latest detection
    valid_ns: int  #: validity of the track's state
    path: Floats  #: (14,) see `_kernels`
    covariance: Floats  #: (6, 6) of the track's state

    @property
    def value(self) -> float:
        """What stopping it is worth: the probability that it would hit a defended zone."""
        return self.chance * self.belief


def find_defended(site: Site) -> Areas:
    """The defended zones of a site, each grown by its danger radius."""
    zones = [zone for zone in site.zones if zone.defended]
    return Areas.of([zone.polygon_en for zone in zones], [zone.warn_radius_m for zone in zones])


def find_candidates(defended: Areas, picture: Picture, start_ns: int) -> list[Candidate]:
    """Every confirmed or coasted track with a prediction; one that could be of either kind counts as the likelier one.

    Parameters
    ----------
    defended : Areas
        Grown defended zones, at least one.
    picture : Picture
        Tracks and predictions of one step.
    start_ns : int
        Second 0 of the paths.
    """
    tracks, predictions = picture.tracks, picture.predictions
    rows = {n: i for i, n in enumerate(tracks.number.tolist())}
    likelier: dict[int, int] = {}
    for k, track in enumerate(predictions.track.tolist()):
        if track not in likelier or predictions.weight[k] > predictions.weight[likelier[track]]:
            likelier[track] = k
    chances = _chances(defended, picture)
    found = []
    for track, k in likelier.items():
        i = rows.get(track, -1)
        if i < 0 or not TrackStatus.CONFIRMED <= tracks.status[i] <= TrackStatus.COASTED:
            continue
        path = _path(picture, k, start_ns)
        if path[1] <= path[0] or not np.isfinite(path).all():
            continue
        falls = predictions.kind[k] == PredictionKind.IMPACT
        found.append(
            Candidate(
                track,
                float(chances[k]),
                float(predictions.weight[k] * tracks.existence[i]),
                _major_sigma(predictions.impact_covariance[k]) if falls else 0.0,
                int(tracks.updated_ns[i]),
                int(tracks.time_ns[i]),
                path,
                tracks.covariance[i],
            )
        )
    return found


def _chances(defended: Areas, picture: Picture) -> Floats:
    """Greatest probability, over the defended zones, that each prediction's impact or corridor touches one."""
    predictions = picture.predictions
    chances = np.zeros(len(predictions))
    falls = predictions.kind == PredictionKind.IMPACT
    if falls.any():
        hits = defended.hit_probability(predictions.impact_enu[falls, :2], predictions.impact_covariance[falls])
        chances[falls] = hits.max(1)
    reaches = ~falls
    if reaches.any():
        passes, _ = defended.pass_probability(
            predictions.position_enu[reaches, :2],
            predictions.position_covariance[reaches],
            predictions.impact_enu[reaches, :2],
            predictions.impact_covariance[reaches],
        )
        chances[reaches] = passes.max(1)
    return chances


def _path(picture: Picture, k: int, start_ns: int) -> Floats:
    """A prediction as a cubic from now to the impact, or as a straight line along the corridor."""
    predictions = picture.predictions
    path = np.empty(14)
    path[0] = (int(predictions.time_ns[k]) - start_ns) * 1e-9
    path[1] = (int(predictions.impact_ns[k]) - start_ns) * 1e-9
    path[2:5], path[8:11] = predictions.position_enu[k], predictions.impact_enu[k]
    if predictions.kind[k] == PredictionKind.IMPACT:
        path[5:8], path[11:14] = predictions.velocity_enu[k], predictions.impact_velocity_enu[k]
    else:
        path[5:8] = path[11:14] = (path[8:11] - path[2:5]) / max(path[1] - path[0], 1e-9)
    return path


def _major_sigma(covariance: Floats) -> float:
    """Largest sigma of a 2x2 covariance [m]; infinite where it is unknown."""
    a, b, c = float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])
    square = 0.5 * (a + c) + math.hypot(0.5 * (a - c), b)
    return math.sqrt(square) if square >= 0.0 else math.inf
