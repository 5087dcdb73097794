"""``rampart bench registration``: two radars with biases - what is found of these, and what the tracks gain.

The same detections are tracked three times: with registration, without, and told the true biases. NEES (8 degrees of
freedom for the biases, 3 for positions) is over all seeds; each seed draws its own biases and targets. Beside it, one
radar's plots together with the tracks that another system makes of them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rampart.records import Detections, SensorModel, Site, TrackStatus
from rampart.track import Tracker, TrackerSpec

from .other_system import same_plots

NS = 1_000_000_000
TARGETS = 12
SECONDS = 40.0
#: Positions are scored from here on: biases have been learnt by then, if at all.
SCORED_FROM_S = 15.0
SIGMA = np.array([10.0, np.radians(0.2), np.radians(0.2)])
#: One sigma of the biases drawn: range [m], azimuth, elevation [rad], clock [s].
BIAS_SIGMA = np.array([30.0, np.radians(0.3), np.radians(0.3), 0.02])
PLACES = np.array([[0.0, 0.0, 10.0], [3000.0, 1500.0, 30.0]])
PHASE_S = (0.1, 0.47)
P_DETECT = 0.9
FALSE_ALARMS = 5.0
#: A track further from every target than this is of none of them.
MATCH_M = 200.0
#: Biases stay as they are drawn.
SPEC = {
    "range_bias_sigma_m": 30.0,
    "azimuth_bias_sigma_deg": 0.3,
    "elevation_bias_sigma_deg": 0.3,
    "clock_bias_sigma_s": 0.02,
    "bias_time_s": 1e9,
}


@dataclass(frozen=True)
class Pair:
    """Two radars, what they report, and what is true.

    Attributes
    ----------
    site
        With both radars.
    batches
        Time of receipt [ns] and detections, in order.
    biases
        (2, 4) as measured less true: range [m], azimuth, elevation [rad], clock [s].
    start, velocity
        (n, 3) of the targets at 0 s, m and m/s: they fly straight.
    """

    site: Site
    batches: list[tuple[int, Detections]]
    biases: np.ndarray
    start: np.ndarray
    velocity: np.ndarray

    def told(self) -> list[tuple[int, Detections]]:
        """The same detections less their true biases."""
        return [(now, _without(batch, self.biases[batch.sensor[0]])) for now, batch in self.batches]


def two_radars(seed: int, *, bias_sigma: np.ndarray = BIAS_SIGMA, targets: int = TARGETS) -> Pair:
    """The scene of a seed."""
    rng = np.random.default_rng(seed)
    biases = rng.standard_normal((2, 4)) * bias_sigma
    speed, heading = rng.uniform(60.0, 250.0, targets), rng.uniform(0.0, 2.0 * np.pi, targets)
    climb = rng.uniform(-5.0, 5.0, targets)
    velocity = np.column_stack([speed * np.sin(heading), speed * np.cos(heading), climb])
    middle = np.column_stack([rng.uniform(-6000.0, 6000.0, (targets, 2)), rng.uniform(600.0, 2500.0, targets)])
    start = middle - velocity * [0.5 * SECONDS, 0.5 * SECONDS, 0.0]
    batches = []
    for i in range(2):
        for time_s in np.arange(PHASE_S[i], SECONDS, 1.0):
            batches.append(_scan(rng, i, time_s, start + velocity * time_s, biases[i]))
    batches.sort(key=lambda scan: scan[0])
    number = 1
    for k, (now, batch) in enumerate(batches):
        batches[k] = now, batch.replace(number=np.arange(number, number + len(batch)))
        number += len(batch)
    return Pair(_site(), batches, biases, start, velocity)


def _site() -> Site:
    range_m, azimuth_rad, elevation_rad = SIGMA.tolist()
    sensors = tuple(
        SensorModel(
            f"r{i + 1}", "radar3d", PLACES[i], 1.0, range_sigma_m=range_m, azimuth_sigma_rad=azimuth_rad,
            elevation_sigma_rad=elevation_rad, p_detect=P_DETECT, false_alarms_per_scan=FALSE_ALARMS,
            min_range_m=150.0, max_range_m=20_000.0, min_elevation_rad=-0.05, max_elevation_rad=1.2,
        )
        for i in range(2)
    )  # fmt: skip
    return Site("pair", 0.6, 0.1, 0.0, sensors=sensors)


def _scan(rng: np.random.Generator, i: int, time_s: float, at: np.ndarray, bias: np.ndarray) -> tuple[int, Detections]:
    d = (at - PLACES[i])[rng.random(len(at)) < P_DETECT]
    level = np.hypot(d[:, 0], d[:, 1])
    seen = np.column_stack([np.hypot(level, d[:, 2]), np.arctan2(d[:, 0], d[:, 1]), np.arctan2(d[:, 2], level)])
    seen += rng.standard_normal(seen.shape) * SIGMA + bias[:3]
    false = rng.uniform([500.0, -np.pi, 0.0], [15_000.0, np.pi, 0.7], (rng.poisson(FALSE_ALARMS), 3))
    rows = rng.permutation(np.concatenate([seen, false]))
    stamp = round((time_s + bias[3]) * NS)
    n = len(rows)
    batch = Detections.build(
        n, number=np.zeros(n), time_ns=np.full(n, stamp), received_ns=np.full(n, stamp), sensor=np.full(n, i),
        range_m=rows[:, 0], azimuth_rad=rows[:, 1], elevation_rad=rows[:, 2],
    )  # fmt: skip
    return stamp, batch


def _without(batch: Detections, bias: np.ndarray) -> Detections:
    return batch.replace(
        range_m=batch.range_m - bias[0],
        azimuth_rad=batch.azimuth_rad - bias[1],
        elevation_rad=batch.elevation_rad - bias[2],
        time_ns=batch.time_ns - round(bias[3] * NS),
    )


def run(*, quick: bool = False) -> dict[str, Any]:
    """Find biases and score positions.

    Parameters
    ----------
    quick : bool
        10 seeds instead of 60.
    """
    seeds = range(100, 110 if quick else 160)
    with_it, off, told, errors, covariances = [], [], [], [], []
    for seed in seeds:
        pair = two_radars(seed)
        tracker = Tracker(pair.site, None, TrackerSpec(**SPEC))  # type: ignore[arg-type]
        with_it.append(positions(tracker, pair, pair.batches))
        off.append(positions(Tracker(pair.site, None, TrackerSpec(registration="off")), pair, pair.batches))
        told.append(positions(Tracker(pair.site, None, TrackerSpec(registration="off")), pair, pair.told()))
        errors.append(tracker.registration.bias - pair.biases.reshape(-1))
        covariances.append(tracker.registration.covariance.copy())
    ours = {"seeds": [seeds[0], seeds[-1]], "n": len(seeds), **_bias_figures(np.array(errors), np.array(covariances))}
    ours["position"] = {"estimated": _figures(with_it), "off": _figures(off), "told": _figures(told)}
    off_m, on_m = ours["position"]["off"]["rms_m"], ours["position"]["estimated"]["rms_m"]
    return {
        "results": [
            {"name": "two_radars", "ours": ours, "peer": None, "ratio": off_m / on_m},
            {"name": "same_plots", "ours": _same_plots(seeds), "peer": None, "ratio": None},
        ]
    }


def _same_plots(seeds: range) -> dict[str, Any]:
    """One radar's plots beside the tracks that another system makes of them: joined, apart, taken as independent."""
    apart = np.concatenate([same_plots(seed, "off") for seed in seeds])
    joined = np.concatenate([same_plots(seed, "intersection") for seed in seeds])
    figures: dict[str, Any] = {"own": _figures([apart[:, :2]]), "intersection": _figures([joined[:, :2]])}
    return {
        "seeds": [seeds[0], seeds[-1]],
        "n": len(seeds),
        **figures,
        "independent": {"nees": float(apart[:, 2].mean())},
    }


def positions(tracker: Tracker, pair: Pair, batches: list[tuple[int, Detections]]) -> np.ndarray:
    """Squared error [m2] and NEES of each confirmed track of a target, in each step scored: (n, 2)."""
    rows = []
    for now, batch in batches:
        tracks = tracker.step(now, batch).records
        if now < SCORED_FROM_S * NS:
            continue
        true = pair.start + pair.velocity * now * 1e-9
        for row in np.flatnonzero(tracks.status == TrackStatus.CONFIRMED):
            error = true - tracks.state[row, :3]
            e = error[np.argmin(np.einsum("ij,ij->i", error, error))]
            if e @ e < MATCH_M**2:
                rows.append((e @ e, e @ np.linalg.solve(tracks.covariance[row, :3, :3], e)))
    return np.array(rows).reshape(-1, 2)


def _figures(parts: list[np.ndarray]) -> dict[str, float]:
    square, nees = np.concatenate(parts).mean(axis=0)
    return {"rms_m": float(np.sqrt(square)), "nees": float(nees)}


def _bias_figures(errors: np.ndarray, covariances: np.ndarray) -> dict[str, Any]:
    """RMS of absolute and relative bias errors (n, 8), and their NEES."""
    nees = [e @ np.linalg.solve(C, e) for e, C in zip(errors, covariances, strict=True)]
    between = errors[:, :4] - errors[:, 4:]
    names = ("range_m", "azimuth_deg", "elevation_deg", "clock_ms")
    unit = np.array([1.0, np.degrees(1.0), np.degrees(1.0), 1e3])

    def rms(values: np.ndarray) -> dict[str, float]:
        return dict(zip(names, (np.sqrt((values**2).mean(axis=0)) * unit).tolist(), strict=True))

    return {
        "drawn_sigma": dict(zip(names, (BIAS_SIGMA * unit).tolist(), strict=True)),
        "error_rms": rms(errors.reshape(-1, 4)),
        "error_between_rms": rms(between),
        "nees": float(np.mean(nees)),
        "nees_per_degree": float(np.mean(nees)) / 8.0,
    }
