"""``rampart bench impact``: impact and launch points over the Cramer-Rao bound, and whether the ellipses hold.

Rounds of known kinds are flown through the real tracker and predictor, from detections alone: misses, clutter, drag
drawn from the tracker's own prior. Groups of rows:

- ``perfect``: the chain's model of air, drag curve and radar is right, and the site says so (no declared errors).
  RMS error over RMS bound, conditional on the detections that there were;
- ``wrong``: truth has a wind, a drag curve and a radar alignment of its own, drawn with the sigmas that the site
  declares. The bound beside it knows of no such errors;
- ``ellipses``: rounds of all kinds, wrong in the same way; is the true impact inside the 90 % ellipse, at one random
  time in each fifth of the flight (in the first: from the first prediction on), and by how often it was seen by then;
- ``outside``: flights of JSBSim and RocketPy (`rampart.bench.outside`).

A scene's number is its seed. Scenes below `FIRST_SCENE` were looked at while the method was made; none of them is flown
here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rampart.track.settings import TrackerSpec

from . import outside, say
from .arcs import PER_SCENE, Arcs, Errors, Radar, make_scene
from .figures import share as proportion
from .follow import Samples, distance2, follow

Floats = NDArray[np.float64]

RADARS = {
    "10 m 0.2 deg 1 Hz": Radar(10.0, 0.2, 1.0),
    "5 m 0.1 deg 10 Hz": Radar(5.0, 0.1, 0.1),
    "10 m 0.2 deg 1 m/s 2 Hz": Radar(10.0, 0.2, 0.5, 1.0),
}
ARCS = {
    "slow-high": Arcs((200.0, 200.0), (60.0, 60.0)),
    "fast-low": Arcs((350.0, 350.0), (40.0, 40.0)),
    "rocket": Arcs((250.0, 350.0), (40.0, 60.0), (1.2, 2.0), first_look=0.02),
}
MIXED = {
    "rocket": Arcs((200.0, 400.0), (35.0, 65.0), (1.2, 2.0), first_look=0.02),
    "shell": Arcs((220.0, 400.0), (35.0, 65.0), first_look=0.02),
    "shell, G7": Arcs((220.0, 400.0), (35.0, 65.0), first_look=0.02, shape="g7"),
    "mortar": Arcs((120.0, 250.0), (50.0, 80.0), first_look=0.02),
}
#: What the site declares, and truth draws, in the rows that are not perfect.
WRONG = Errors(wind_ms=3.0, shape=0.2, angle_deg=0.1)
SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
CHI2_90 = 4.605170185988092
CHI2_MEDIAN = 1.3862943611198906
#: Least and greatest number of detections of the groups by looks.
LOOKS = ((2, 2), (3, 3), (4, 4), (5, 6), (7, 10), (11, 20), (21, 10**9))
FIRST_SCENE = 160
TRACKS, QUICK_TRACKS = 1200, 96  #: per cell
ELLIPSE_TRACKS, QUICK_ELLIPSE_TRACKS = 12_000, 288


def run(*, quick: bool = False, workers: int = 2) -> dict[str, Any]:
    """Fly all cells.

    Parameters
    ----------
    quick : bool
        96 tracks per cell in place of 1,200, and 288 in place of 12,000.
    workers : int
        Processes; the figures do not depend on it.
    """
    tracks, mixed = (QUICK_TRACKS, QUICK_ELLIPSE_TRACKS) if quick else (TRACKS, ELLIPSE_TRACKS)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        cells = [
            (f"{arcs}, {radar}, {words}", _gather(pool.map, arcs, radar, errors, tracks))
            for words, errors in (("perfect", Errors()), ("wrong", WRONG))
            for radar in tuple(RADARS)[:2]
            for arcs in ARCS
        ]
        mixture = _mixture(pool.map, mixed)
        results = []
        for name, samples in cells:
            results.append(_row(name, _joined(samples), SHARES))
            say(f"{name}: done")
        results.append(_ellipses(_joined(mixture)))
    results += outside.rows(figures, coverage, quick=quick)
    return {"results": results}


Mapper = Callable[..., Iterable[Any]]


def _gather(mapper: Mapper, arcs: str, radar: str, errors: Errors, tracks: int) -> Iterable[Samples]:
    return mapper(_fly, [(arcs, radar, errors, scene) for scene in _scenes(tracks)])


def _scenes(tracks: int) -> range:
    return range(FIRST_SCENE, FIRST_SCENE + math.ceil(tracks / PER_SCENE))


def _joined(samples: Iterable[Samples]) -> Samples:
    return Samples.concat(list(samples))


def _fly(job: tuple[str, str, Errors, int]) -> Samples:
    arcs, radar, errors, number = job
    seed = (list(ARCS).index(arcs), list(RADARS).index(radar), number)
    scene = make_scene(ARCS[arcs], RADARS[radar], errors, seed)
    told = declared(errors)
    place = scene.site, scene.environment
    return follow(scene.flights, scene.detections, *place, SHARES, shown=scene.shown, tracker=told)


def _mixture(mapper: Mapper, tracks: int) -> Iterable[Samples]:
    """All kinds of rounds and all radars, the fine one least often."""
    return mapper(_fly_mixed, [(scene, *_kind(scene)) for scene in _scenes(tracks)])


def _ellipses(samples: Samples) -> dict[str, Any]:
    ours = {**coverage(samples), "scenes": _seeds(samples)}
    return {"name": "ellipses, wrong", "ours": ours, "peer": None, "ratio": None}


def _seeds(samples: Samples) -> str:
    """First and last scene."""
    return f"{FIRST_SCENE} to {FIRST_SCENE + int(samples.flight.max()) // PER_SCENE}"


def _kind(scene: int) -> tuple[str, str]:
    """Kinds in turn; of eight scenes four have the default radar, three the coarse one, one the fine one."""
    radar = tuple(RADARS)[(2, 0, 2, 0, 2, 0, 2, 1)[scene // len(MIXED) % 8]]
    return tuple(MIXED)[scene % len(MIXED)], radar


def _fly_mixed(job: tuple[int, str, str]) -> Samples:
    number, arcs, radar = job
    scene = make_scene(MIXED[arcs], RADARS[radar], WRONG, (9, number))
    rng = np.random.default_rng((9, number, 1))
    shares = (np.arange(5) + rng.random((len(scene.flights), 5))) / 5.0
    shares[:, 0] *= 0.999  # never in the next fifth by rounding
    return follow(scene.flights, scene.detections, scene.site, scene.environment, shares, tracker=declared(WRONG))


def declared(errors: Errors) -> TrackerSpec:
    """The tracker of a site that declares these errors; those of its radar are in the radar's model.

    Without any the model is right in all it does: bodies feel no other acceleration either.
    """
    if errors == Errors():
        return TrackerSpec(wind_error_ms=0.0, drag_curve_error=0.0, ballistic_noise_m2s3=0.0)
    return TrackerSpec(wind_error_ms=errors.wind_ms, drag_curve_error=errors.shape)


def coverage(samples: Samples) -> dict[str, Any]:
    """Share of true impacts inside the 90 % ellipse, overall and by fifths of the flight.

    Parameters
    ----------
    samples : Samples
        Of any flights and times; those without a prediction do not count.

    Returns
    -------
    dict
        ``tracks`` (with at least one prediction), ``inside_90``, ``nees`` with its Monte Carlo error, and the same by
        fifth and by the number of detections that the track had.
    """
    known = samples.take(np.isfinite(samples.impact_miss[:, 0]))
    fifth = np.minimum((known.share * 5.0).astype(int), 4)
    found: dict[str, Any] = {"tracks": len(np.unique(known.flight))}
    everything = _held(known)
    found["inside_90"] = {name: everything.pop(name) for name in ("k", "n", "value", "low", "high")}
    found |= everything
    found.update((f"{k / 5:.1f}-{(k + 1) / 5:.1f}", _held(known.take(fifth == k))) for k in range(5))
    found["looks"] = {
        (f"{low}-{high}" if high < 10**9 else f"{low}-") if low < high else f"{low}": _held(
            known.take((known.looks >= low) & (known.looks <= high))
        )
        for low, high in LOOKS
    }
    return found


def _held(known: Samples) -> dict[str, Any]:
    """How many true impacts are inside the 90 % ellipse, and the mean normalised error squared."""
    squares = known.impact_distance2
    error = float(np.std(squares)) / math.sqrt(len(squares)) if len(squares) else math.nan
    return {
        **proportion(int((squares <= CHI2_90).sum()), len(squares)),
        "nees": _mean(squares),
        "nees_error": error,
    }


def _row(name: str, samples: Samples, shares: tuple[float, ...]) -> dict[str, Any]:
    ours: dict[str, Any] = {"tracks": len(np.unique(samples.flight)), "scenes": _seeds(samples)}
    ours.update((f"at_{part}", figures(samples.take(np.isclose(samples.share, part)))) for part in shares)
    worst = max((f["impact_over_bound"] for f in ours.values() if isinstance(f, dict)), default=None)
    return {"name": name, "ours": ours, "peer": None, "ratio": worst}


def figures(samples: Samples) -> dict[str, Any]:
    """Errors over bounds, normalised errors and ellipses of samples at one share of their flights.

    Returns
    -------
    dict
        ``n`` predictions; then for impact and launch RMS error and RMS bound [m], their ratio and its Monte Carlo
        error, the same of a typical track (root of the median squared error in units of the bound's covariance over
        that of a normal distribution: a few wild ones do not move it), mean squared Mahalanobis distance (ideal 2) and
        the share inside 90 % ellipses.
    """
    found: dict[str, Any] = {"n": int(np.isfinite(samples.impact_miss[:, 0]).sum()), "of": len(samples.share)}
    for point in ("impact", "launch"):
        miss, bound = getattr(samples, f"{point}_miss"), getattr(samples, f"{point}_bound")
        squares = getattr(samples, f"{point}_distance2")
        use = np.isfinite(miss[:, 0]) & np.isfinite(bound[:, 0, 0])
        square = (miss[use] ** 2).sum(axis=1)
        rms, least = math.sqrt(_mean(square)), math.sqrt(_mean(np.trace(bound[use], axis1=1, axis2=2)))
        typical = float(np.median(distance2(miss[use], bound[use]))) if use.any() else math.nan
        error = 0.5 * float(np.std(square)) / math.sqrt(max(use.sum(), 1)) / _mean(square) if use.any() else math.nan
        found[f"{point}_rms_m"], found[f"{point}_bound_m"] = rms, least
        found[f"{point}_over_bound"], found[f"{point}_ratio_error"] = rms / least, error * rms / least
        found[f"{point}_typical_over_bound"] = math.sqrt(typical / CHI2_MEDIAN)
        found[f"{point}_nees"] = _mean(squares[use])
        found[f"{point}_inside_90"] = _mean(squares[use] <= CHI2_90)
    return found


def _mean(values: NDArray[Any]) -> float:
    return float(np.mean(values)) if len(values) else math.nan
