"""Follow flights with the real tracker and predictor, and write down what was predicted of each at chosen times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from rampart.physics.environment import Environment
from rampart.physics.path import Paths
from rampart.predict.predictor import PredictorSpec
from rampart.records import Detections, Flight, PredictionKind, Predictions, Site
from rampart.study.bound import bounds
from rampart.track import Tracker
from rampart.track.settings import TrackerSpec

Floats = NDArray[np.float64]

MATCH_M = 300.0  #: a prediction is of the flight that is nearest to its track, if not farther than this
NS = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Samples:
    """What was predicted of flights, one row per flight and time.

    Attributes
    ----------
    flight : ndarray of int64 (n,)
        Number of the flight.
    share : ndarray (n,)
        Time since launch over the time of flight.
    impact_miss, launch_miss : ndarray (n, 2)
        Predicted less true point, east-north [m]; nan where nothing was predicted.
    impact_covariance, launch_covariance : ndarray (n, 2, 2)
        As predicted.
    impact_bound, launch_bound : ndarray (n, 2, 2)
        Least covariance [m2] that anybody could have; nan where there is none.
    looks : ndarray of int64 (n,)
        Detections that the track had by then; 0 where nothing was predicted.
    """

    flight: NDArray[np.int64]
    share: Floats
    impact_miss: Floats
    launch_miss: Floats
    impact_covariance: Floats
    launch_covariance: Floats
    impact_bound: Floats
    launch_bound: Floats
    looks: NDArray[np.int64]

    @classmethod
    def concat(cls, parts: Sequence[Samples]) -> Samples:
        """One below the other; the flights are counted on."""
        first = np.cumsum([0, *(int(p.flight.max(initial=-1)) + 1 for p in parts)])
        columns = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)}
        columns["flight"] = np.concatenate([p.flight + n for p, n in zip(parts, first[:-1], strict=True)])
        return cls(**columns)

    def take(self, rows: NDArray[np.bool_]) -> Samples:
        """Some of the rows."""
        return Samples(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @property
    def impact_distance2(self) -> Floats:
        """Squared Mahalanobis distance of the true impact point from the predicted one (n,)."""
        return distance2(self.impact_miss, self.impact_covariance)

    @property
    def launch_distance2(self) -> Floats:
        """The same of the launch point."""
        return distance2(self.launch_miss, self.launch_covariance)


def distance2(miss: Floats, covariance: Floats) -> Floats:
    """Squared Mahalanobis lengths (n,) of vectors (n, 2); nan where a vector is."""
    known = np.isfinite(miss[:, 0])
    out = np.full(len(miss), np.nan)
    out[known] = np.einsum(
        "ni,ni->n", miss[known], np.linalg.solve(covariance[known], miss[known][:, :, None])[:, :, 0]
    )
    return out


def follow(
    flights: Sequence[Flight],
    detections: Sequence[Detections],
    site: Site,
    environment: Environment,
    shares: Sequence[float] | Floats,
    *,
    shown: Sequence[NDArray[np.int64]] | None = None,
    tracker: TrackerSpec | None = None,
    predictor: PredictorSpec | None = None,
) -> Samples:
    """Run tracker and predictor over batches of detections and compare with the flights' true ends.

    Parameters
    ----------
    flights : sequence of Flight
        Truth: ballistic flights, from launch to impact, far apart.
    detections : sequence of Detections
        One batch per step, in order of receipt.
    site, environment
        As the chain is told.
    shares : (k,) or (flights, k)
        Times at which to compare, as shares of each flight: the latest prediction known by then counts.
    shown : sequence of ndarray, optional
        For each batch, the flight behind each detection (-1: none); without it no bounds are computed.
    tracker, predictor : specs, optional
        Settings.

    Returns
    -------
    Samples
        One row per flight and share, flight by flight.
    """
    wanted = np.broadcast_to(np.asarray(shares, dtype=float), (len(flights), np.shape(shares)[-1]))
    start, end = (np.array([getattr(f, name) for f in flights]) for name in ("start_s", "end_s"))
    when = start[:, None] + wanted * (end - start)[:, None]
    chain = Tracker(site, environment, tracker), (predictor or PredictorSpec()).build(site, environment)
    paths = Paths.pack([(f.time_s, f.position_enu, f.velocity_enu) for f in flights])
    found = _Found.of(flights, when.shape)
    now = [int(batch.received_ns.max()) if len(batch) else None for batch in detections]
    times = [t for t in now if t is not None] + [np.iinfo(np.int64).max]
    at = 0
    for batch, now_ns in zip(detections, now, strict=True):
        if now_ns is None:
            continue
        at += 1
        tracks = chain[0].step(now_ns, batch).records
        low, high = (now_ns - site.start_ns) / NS, (times[at] - site.start_ns) / NS
        due = (when >= low) & (when < high)
        if due.any() and len(tracks):
            rows = chain[1].step(now_ns, tracks).records
            rows = rows.take(rows.kind == PredictionKind.IMPACT)
            hits = dict(zip(tracks.number.tolist(), tracks.hits.tolist(), strict=True))
            found.note(rows, np.array([hits[n] for n in rows.track.tolist()]), *paths.at(low)[::2], due)
    bound = _bounds(flights, detections, shown, site, environment, when, tracker or TrackerSpec())
    return found.samples(wanted, bound)


@dataclass(eq=False)
class _Found:
    impact: Floats  #: true points (n, 2)
    launch: Floats
    miss: Floats  #: (n, k, 2 points, 2)
    covariance: Floats  #: (n, k, 2 points, 2, 2)
    looks: NDArray[np.int64]  #: (n, k)

    @classmethod
    def of(cls, flights: Sequence[Flight], shape: tuple[int, ...]) -> _Found:
        impact, launch = (np.array([f.position_enu[i, :2] for f in flights]) for i in (-1, 0))
        miss, covariance = np.full((*shape, 2, 2), np.nan), np.full((*shape, 2, 2, 2), np.nan)
        return cls(impact, launch, miss, covariance, np.zeros(shape, np.int64))

    def note(
        self,
        rows: Predictions,
        hits: NDArray[np.int64],
        truth: Floats,
        alive: NDArray[np.bool_],
        due: NDArray[np.bool_],
    ) -> None:
        """Write the predictions of those flights that are due."""
        if not len(rows):
            return
        for i in np.flatnonzero(due.any(axis=1) & alive):
            apart = np.linalg.norm(rows.position_enu - truth[i], axis=1)
            k = int(np.argmin(apart))
            if apart[k] > MATCH_M:
                continue
            self.miss[i, due[i], 0] = rows.impact_enu[k, :2] - self.impact[i]
            self.miss[i, due[i], 1] = rows.launch_enu[k, :2] - self.launch[i]
            self.covariance[i, due[i], 0] = rows.impact_covariance[k]
            self.covariance[i, due[i], 1] = rows.launch_covariance[k]
            self.looks[i, due[i]] = hits[k]

    def samples(self, wanted: Floats, bound: Floats) -> Samples:
        n, k = wanted.shape
        miss, covariance = self.miss.reshape(n * k, 2, 2), self.covariance.reshape(n * k, 2, 2, 2)
        least = bound.reshape(n * k, 2, 2, 2)
        return Samples(
            np.repeat(np.arange(n), k),
            wanted.ravel().copy(),
            miss[:, 0],
            miss[:, 1],
            covariance[:, 0],
            covariance[:, 1],
            least[:, 0],
            least[:, 1],
            self.looks.ravel().copy(),
        )


def _bounds(
    flights: Sequence[Flight],
    detections: Sequence[Detections],
    shown: Sequence[NDArray[np.int64]] | None,
    site: Site,
    environment: Environment,
    when: Floats,
    spec: TrackerSpec,
) -> Floats:
    """Bounds of impact and launch (flights, times, 2, 2, 2), with the tracker's own prior."""
    out = np.full((*when.shape, 2, 2, 2), np.nan)
    if shown is None:
        return out
    everything, who = Detections.concat(list(detections)), np.concatenate(list(shown))
    speed = spec.ballistic_speed_ms
    prior = (3000.0, 3000.0, 3000.0, speed, speed, speed, spec.ln_drag_sigma)
    for i, flight in enumerate(flights):
        mine = everything.take(who == i)
        if len(mine):
            pairs = bounds(flight, mine, site, environment, when[i].tolist(), prior_sigma=prior)
            out[i] = [[b.covariance for b in pair] for pair in pairs]
    return out
