"""Danger: what one step's tracks and predictions mean for each zone."""

from __future__ import annotations

import math
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from rampart.physics.area import Areas
from rampart.records import Picture, PredictionKind, Predictions, Site, TargetClass, TrackStatus

from .exposure import Zones, exposures

# as plain numbers: looking a member up costs more than comparing it
_BALLISTIC = [int(c) for c in TargetClass if c.ballistic]
_DRONE = [int(c) for c in TargetClass if c.drone]
_BIRD, _REACH = int(TargetClass.BIRD), int(PredictionKind.REACH)
_CONFIRMED, _COASTED = int(TrackStatus.CONFIRMED), int(TrackStatus.COASTED)
_MIXED, _PROVEN = 3, 6  # so many detections at most are mixed up; tracks of so many are not
_DRONE_START, _DRONE_END = _DRONE[0], _DRONE[-1] + 1
# what of them is looked at, in the order in which `_danger` takes it
_OF_TRACKS: Any = attrgetter(
    "number", "class_probability", "existence", "hits", "updated_ns", "received_ns", "flags", "state"
)
_OF_PREDICTIONS: Any = attrgetter("kind", "weight", "impact_sigma_s", "impact_ns")
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
    sigma_s: float  #: of the time of arrival, wherever that is
    hits: int  #: detections used so far
    updated_ns: int  #: measurement of its latest detection
    received_ns: int  #: receipt of its latest detection
    flags: int  #: DetectionFlag
    zones: Zones | None  #: what it endangers; None without a prediction
    position: tuple[float, float, float] = (math.nan, math.nan, math.nan)  #: east, north, up [m]
    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)  #: [m/s]
    impact_ns: int = 0  #: predicted impact, or end of the corridor, ns UTC; 0 without a prediction

    @property
    def predicted(self) -> bool:
        """Known to come down or to reach somewhere."""
        return self.impact_ns > 0

    @property
    def belief(self) -> float:
        """Probability that there is such a threat."""
        return self.weight * self.existence


@lru_cache(maxsize=32)  # all raids of a study are at one site
def zone_areas(site: Site) -> Areas:
    """The site's zones, each grown by its danger radius."""
    return Areas.of([zone.polygon_en for zone in site.zones], [zone.warn_radius_m for zone in site.zones])


@lru_cache(maxsize=32)
def zone_grounds(site: Site) -> Areas:
    """The site's zones as they are."""
    return Areas.of([zone.polygon_en for zone in site.zones], [0.0] * len(site.zones))


def among_birds(weight: float, bird: float, birds: float) -> float:
    """Probability of a threat when so many birds are in view.

    Classes are said as if a radar started tracks on birds about as often as on drones. In a sky full of birds the same
    look is more often a bird's: its class counts once more for every bird in view, and all is normed again.

    Parameters
    ----------
    weight, bird : float
        Probability of a threat, and of a bird, by what is seen of the track.
    birds : float
        Birds in view for each threat to expect.

    Examples
    --------
    >>> round(among_birds(0.74, 0.25, 0.0), 3), round(among_birds(0.74, 0.25, 80.0), 3)
    (0.74, 0.035)
    >>> round(among_birds(0.999, 1e-4, 80.0), 3)
    0.991
    """
    return weight / (1.0 + bird * birds)


def there_among_birds(existence: float, hits: int, birds: float) -> float:
    """Probability that a track of so many detections is one object when so many birds are in view.

    What it is else, detections that do not belong together, is likelier by as much as there is more to be mixed up: the
    tracker's own odds count false alarms alone. Any two birds make a pair, any three what looks like a short path;
    what was found again there three times more is an object, which may have left. Of rockets the tracker's odds
    leave no doubt by the third detection (`docs/decisions/0030`).

    Examples
    --------
    >>> round(there_among_birds(0.9999, 2, 0.0), 3), round(there_among_birds(0.9999, 2, 80.0), 3)
    (1.0, 0.604)
    >>> round(there_among_birds(0.9999, 3, 80.0), 3), round(there_among_birds(1.0 - 1e-9, 3, 80.0), 3)
    (0.018, 0.999)
    """
    mixed = min(hits, _MIXED) if hits < _PROVEN else 1
    return existence / (existence + (1.0 - existence) * (1.0 + birds) ** mixed)


def assess(areas: Areas, picture: Picture, floor: float = 0.0, threats: float = math.inf) -> list[Danger]:
    """What each confirmed or coasted track means for each area.

    Parameters
    ----------
    areas : Areas
        Grown zones.
    picture : Picture
        Tracks and predictions of one step.
    floor : float
        Zones with a smaller probability are left out.
    threats : float
        How many to expect next to the birds in view, see `among_birds`; infinite: birds are not counted.

    Returns
    -------
    list of Danger
        One per confirmed or coasted track, in the order of the tracks. A track that could be of either kind counts as
        the likelier one. Of a track without prediction only the weight is known.

    Notes
    -----
    Kind `IMPACT`: probability that the impact point lies in the grown zone, and the time of impact if it does. Kind
    `REACH`: probability that the corridor enters the grown zone, and when. Checked in tests/unit/physics/test_area.py.
    """
    tracks, predictions = picture.tracks, picture.predictions
    # tentative tracks never warn: only status 1 and 2 go on
    live = [i for i, s in enumerate(tracks.status.tolist()) if _CONFIRMED <= s <= _COASTED]
    if not live:
        return []
    rows = _likelier(predictions)
    zones = exposures(areas, predictions, floor)
    bird = tracks.class_probability[:, _BIRD]
    birds = float(np.add.reduce(bird if len(live) == len(bird) else bird.take(live))) / threats
    seen = list(zip(*(column.tolist() for column in _OF_TRACKS(tracks)), strict=True))
    told = tuple(column.tolist() for column in _OF_PREDICTIONS(predictions))
    return [_danger(seen[i], told, rows.get(seen[i][0]), zones, birds) for i in live]


def _likelier(predictions: Predictions) -> dict[int, int]:
    """The row of each track's likelier kind."""
    weights, rows = predictions.weight.tolist(), dict[int, int]()
    for row, track in enumerate(predictions.track.tolist()):
        if track not in rows or weights[row] > weights[rows[track]]:
            rows[track] = row
    return rows


def _danger(
    track: tuple[Any, ...], predictions: tuple[list[Any], ...], row: int | None, zones: dict[int, Zones], birds: float
) -> Danger:
    """One track; `birds` in view for each threat to expect."""
    number, classes, existence, hits, updated_ns, received_ns, flags, state = track
    kind, likely, sigma_s, impact_ns = predictions
    if row is None:
        ballistic, drone = sum(classes[:_DRONE_START]), sum(classes[_DRONE_START:_DRONE_END])
        reaches, weight = drone > ballistic, max(drone, ballistic)
    else:
        reaches, weight = kind[row] == _REACH, likely[row]
    return Danger(
        number,
        reaches,
        among_birds(weight, classes[_BIRD], birds),
        there_among_birds(existence, hits, birds),
        max(_DRONE if reaches else _BALLISTIC, key=classes.__getitem__),
        0.0 if row is None else sigma_s[row],
        hits,
        updated_ns,
        received_ns,
        flags,
        None if row is None else zones.get(row, {}),
        tuple(state[:3]),
        tuple(state[3:]),
        0 if row is None else impact_ns[row],
    )


def describe(target_class: int) -> str:
    """A class in words, for reasons.

    >>> describe(TargetClass.FIXED_WING)
    'fixed-wing drone'
    """
    return _WORDS.get(target_class, TargetClass(target_class).label)
