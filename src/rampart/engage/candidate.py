"""Candidates: tracks that simulated effectors might engage, and what they would hit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rampart.physics.area import Areas
from rampart.records import Picture, PredictionKind, Predictions, Site, TargetClass, TrackStatus

from . import _kernels_path

Floats = NDArray[np.float64]

_CONFIRMED, _COASTED = int(TrackStatus.CONFIRMED), int(TrackStatus.COASTED)
_IMPACT = int(PredictionKind.IMPACT)
#: Columns of Tracks.class_probability that are threats, by the names that effectors use.
_THREATS = {c.label: int(c) for c in TargetClass if c <= TargetClass.FIXED_WING}


class Candidate(NamedTuple):
    """A confirmed track with a prediction."""

    at: int  #: its row in Tracks
    of: int  #: its row in Predictions
    track: int
    chance: float  #: that it hits a defended zone, if it is a threat
    belief: float  #: that it exists and is a threat
    updated_ns: int  #: measurement of its latest detection
    spread: list[list[float]] | None  #: covariance of the impact point; None for drones, whose corridor says it

    @property
    def value(self) -> float:
        """What stopping it is worth: the probability that it would hit a defended zone."""
        return self.chance * self.belief

    @property
    def sigma_m(self) -> float:
        """Sigma of the impact point along its major axis; 0 for drones, infinite where unknown."""
        if self.spread is None:
            return 0.0
        (a, b), (_, c) = self.spread
        square = 0.5 * (a + c) + math.hypot(0.5 * (a - c), b)
        return math.sqrt(square) if square >= 0.0 else math.inf


class Shown(NamedTuple):
    """What the kernel needs of some candidates."""

    path: Floats  #: (n, 14) see `_kernels`
    covariance: Floats  #: (n, 6, 6) of the tracks' states
    valid_s: Floats  #: (n,) validity of the tracks' states, seconds since run start
    classes: Floats  #: (n, classes) Tracks.class_probability
    finite: bool = True  #: no path leads to somewhere unknown

    @classmethod
    def of(cls, picture: Picture, candidates: Sequence[Candidate], start_ns: int) -> Shown:
        """Of candidates of a step."""
        tracks, p, n = picture.tracks, picture.predictions, len(candidates)
        at, of = np.array([[c.at for c in candidates], [c.of for c in candidates]], np.int64)
        path, covariance, valid_s = np.empty((n, 14)), np.empty((n, 6, 6)), np.empty(n)
        finite = _kernels_path.write_shown(
            at, of, start_ns, _IMPACT, tracks.time_ns, tracks.covariance, p.kind, p.time_ns, p.impact_ns,
            p.position_enu, p.velocity_enu, p.impact_enu, p.impact_velocity_enu, path, covariance, valid_s,
        )  # fmt: skip
        return cls(path, covariance, valid_s, tracks.class_probability[at], finite)

    def suits(self, against: tuple[str, ...]) -> Floats:
        """The probability that each threat, if it is one, is of certain kinds."""
        every = self.classes[:, list(_THREATS.values())].sum(1)
        some = self.classes[:, [_THREATS[kind] for kind in against]].sum(1)
        return np.divide(some, every, out=np.zeros(len(every)), where=every > 0.0)


@lru_cache(maxsize=32)  # all raids of a study are at one site
def find_defended(site: Site) -> Areas:
    """The defended zones of a site, each grown by its danger radius."""
    zones = [zone for zone in site.zones if zone.defended]
    return Areas.of([zone.polygon_en for zone in zones], [zone.warn_radius_m for zone in zones])


def find_candidates(defended: Areas, picture: Picture, least_belief: float = 0.0) -> list[Candidate]:
    """Every confirmed or coasted track with a prediction; one that could be of either kind counts as the likelier one.

    Parameters
    ----------
    defended : Areas
        Grown defended zones, at least one.
    picture : Picture
        Tracks and predictions of one step.
    least_belief : float
        Tracks that are threats with less probability are left out.
    """
    tracks, predictions = picture.tracks, picture.predictions
    rows = {n: i for i, n in enumerate(tracks.number.tolist())}
    weight, status, existence = predictions.weight.tolist(), tracks.status.tolist(), tracks.existence.tolist()
    begin, end = predictions.time_ns.tolist(), predictions.impact_ns.tolist()
    likelier: dict[int, int] = {}
    for k, track in enumerate(predictions.track.tolist()):
        if track not in likelier or weight[k] > weight[likelier[track]]:
            likelier[track] = k
    chosen = []
    for track, k in likelier.items():
        i = rows.get(track, -1)
        if i >= 0 and _CONFIRMED <= status[i] <= _COASTED and end[k] > begin[k]:
            belief = weight[k] * existence[i]
            if belief >= least_belief:
                chosen.append((i, k, track, belief))
    if not chosen:
        return []
    kind, updated, spread = (
        column.tolist() for column in (predictions.kind, tracks.updated_ns, predictions.impact_covariance)
    )
    down = [k for _, k, _, _ in chosen if kind[k] == _IMPACT]
    chances = _hits(defended, predictions, down)
    if len(down) < len(chosen):
        chances |= _passes(defended, predictions, [k for _, k, _, _ in chosen if kind[k] != _IMPACT])
    return [
        Candidate(i, k, track, chances[k], belief, updated[i], spread[k] if kind[k] == _IMPACT else None)
        for i, k, track, belief in chosen
    ]


def _hits(defended: Areas, predictions: Predictions, rows: list[int]) -> dict[int, float]:
    """Greatest probability, over the defended zones, that each impact lies in one, by row."""
    mean, covariance = predictions.impact_enu, predictions.impact_covariance
    if len(rows) < len(predictions):
        mean, covariance = mean[rows], covariance[rows]
    chances = np.empty(len(rows))
    _kernels_path.likeliest(mean, covariance, *defended.arrays, chances)
    return dict(zip(rows, chances.tolist(), strict=True))


def _passes(defended: Areas, predictions: Predictions, rows: list[int]) -> dict[int, float]:
    """Greatest probability, over the defended zones, that each corridor touches one, by row."""
    passes, _ = defended.pass_probability(
        predictions.position_enu[rows, :2],
        predictions.position_covariance[rows],
        predictions.impact_enu[rows, :2],
        predictions.impact_covariance[rows],
    )
    return dict(zip(rows, passes.max(1).tolist(), strict=True))
