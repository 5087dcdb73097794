"""Danger: what one step's tracks and predictions mean for each zone."""

from __future__ import annotations

from typing import NamedTuple

from rampart.physics.area import Areas
from rampart.records import Picture, PredictionKind, Site, TargetClass, TrackStatus

_BALLISTIC = [c for c in TargetClass if c.ballistic]
_DRONE = [c for c in TargetClass if c.drone]
_DRONE_START, _DRONE_END = int(_DRONE[0]), int(_DRONE[-1]) + 1
_WORDS = {
    int(TargetClass.MULTIROTOR): "drone",
    int(TargetClass.FIXED_WING): "fixed-wing drone",
    int(TargetClass.MORTAR): "mortar bomb",
}


class Danger(NamedTuple):
    """One track as the warner sees it, and the zones it endangers."""

    track: int
    drone: bool  #: reaches, rather than falls
    weight: float  #: probability that the track, if it exists, is a threat of its kind
    existence: float  #: probability that it exists
    target_class: int  #: the likeliest TargetClass among the threats of that kind
    sigma_s: float  #: of the arrival times
    hits: int  #: detections used so far
    updated_ns: int  #: measurement of its latest detection
    received_ns: int  #: receipt of its latest detection
    flags: int  #: DetectionFlag
    zones: dict[int, tuple[float, int]] | None  #: zone -> probability if it is one, arrival [ns UTC]; None: unpredicted

    @property
    def belief(self) -> float:
        """Probability that there is such a threat."""
        return self.weight * self.existence


def zone_areas(site: Site) -> Areas:
    """The site's zones, each grown by its danger radius."""
    return Areas.of([zone.polygon_en for zone in site.zones], [zone.warn_radius_m for zone in site.zones])


def assess(areas: Areas, picture: Picture, floor: float = 0.0) -> list[Danger]:
    """What each confirmed or coasted track means for each area.

    Parameters
    ----------
    areas : Areas
        Grown zones.
    picture : Picture
        Tracks and predictions of one step.
    floor : float
        Zones with a smaller probability are left out.

    Returns
    -------
    list of Danger
        One per confirmed or coasted track, in the order of the tracks. Of a track without prediction only the weight
        is known.

    Notes
    -----
    Kind `IMPACT`: probability that the impact point lies in the grown zone, and the predicted time of impact. Kind
    `REACH`: probability that the corridor enters the grown zone, and when. Checked in tests/unit/physics/test_area.py.
    """
    tracks, predictions = picture
    # tentative tracks never warn: only status 1 and 2 go on
    live = [i for i, s in enumerate(tracks.status.tolist()) if TrackStatus.CONFIRMED <= s <= TrackStatus.COASTED]
    if not live:
        return []
    zones = _zones_by_track(areas, picture, floor)
    kinds = dict(zip(predictions.track.tolist(), predictions.kind.tolist(), strict=True))
    sigmas = dict(zip(predictions.track.tolist(), predictions.impact_sigma_s.tolist(), strict=True))
    weights = dict(zip(predictions.track.tolist(), predictions.weight.tolist(), strict=True))
    found = []
    for i in live:
        number, classes = int(tracks.number[i]), tracks.class_probability[i].tolist()
        ballistic, drone = sum(classes[:_DRONE_START]), sum(classes[_DRONE_START:_DRONE_END])
        kind = kinds.get(number)
        reaches = drone > ballistic if kind is None else kind == PredictionKind.REACH
        weight = weights.get(number, drone if reaches else ballistic)
        among = _DRONE if reaches else _BALLISTIC
        found.append(
            Danger(
                number,
                reaches,
                weight,
                float(tracks.existence[i]),
                max(among, key=classes.__getitem__),
                sigmas.get(number, 0.0),
                int(tracks.hits[i]),
                int(tracks.updated_ns[i]),
                int(tracks.received_ns[i]),
                int(tracks.flags[i]),
                zones.get(number, {}) if kind is not None else None,
            )
        )
    return found


def _zones_by_track(areas: Areas, picture: Picture, floor: float) -> dict[int, dict[int, tuple[float, int]]]:
    """For each track with a prediction: zone -> probability, arrival [ns UTC]."""
    found: dict[int, dict[int, tuple[float, int]]] = {}
    predictions = picture.predictions
    kinds = predictions.kind
    falls = (kinds == PredictionKind.IMPACT).nonzero()[0]
    if len(falls) and len(areas):
        p = areas.hit_probability(predictions.impact_enu[falls, :2], predictions.impact_covariance[falls])
        for i, j in zip(*(a.tolist() for a in (p > floor).nonzero()), strict=True):
            row = int(falls[i])
            found.setdefault(int(predictions.track[row]), {})[j] = float(p[i, j]), int(predictions.impact_ns[row])
    reaches = (kinds == PredictionKind.REACH).nonzero()[0]
    if len(reaches) and len(areas):
        p, entry = areas.pass_probability(
            predictions.position_enu[reaches, :2],
            predictions.position_covariance[reaches],
            predictions.impact_enu[reaches, :2],
            predictions.impact_covariance[reaches],
        )
        for i, j in zip(*(a.tolist() for a in (p > floor).nonzero()), strict=True):
            row = int(reaches[i])
            start, end = int(predictions.time_ns[row]), int(predictions.impact_ns[row])
            arrival = start + round(float(entry[i, j]) * (end - start))
            found.setdefault(int(predictions.track[row]), {})[j] = float(p[i, j]), arrival
    return found


def describe(target_class: int) -> str:
    """A class in words, for reasons.

    >>> describe(TargetClass.FIXED_WING)
    'fixed-wing drone'
    """
    return _WORDS.get(target_class, TargetClass(target_class).label)
