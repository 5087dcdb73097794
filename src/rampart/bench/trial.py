"""Trial: our tracker over a scene, look by look, with its CPU time and its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rampart.records import Detections, Site, Tracks
from rampart.track import Tracker
from rampart.track.metrics import Points, score

from .raid import REFERENCE, Raid
from .scenes import Scene, radar_site
from .stonesoup_adapter import Scene as PeerScene
from .stonesoup_adapter import Sensor, columns_of

Floats = NDArray[np.float64]

FIRST_SCORED = 5  #: instants before it start tracks and count for identity only
#: Figures of a score that the rows show.
SCORES = (
    "gospa_m", "ospa_m", "missed", "false", "completeness", "spurious", "position_rms_m", "velocity_rms_ms",
    "id_switches", "longest_track",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Trial:
    """A scene as a tracker meets it.

    Attributes
    ----------
    name : str
        Of the scene and its seed.
    site : Site
        What the tracker may know.
    looks : sequence of (int, Detections)
        Time [ns] and detections of each look, in order.
    instant : ndarray (looks,)
        Number of the instant at which tracks are scored after that look; -1: not scored.
    truth : ndarray (n, 8)
        ``instant, id, x, vx, y, vy, z, vz``; east, north, up [m], [m/s].
    """

    name: str
    site: Site
    looks: Sequence[tuple[int, Detections]]
    instant: NDArray[np.int64]
    truth: Floats

    @classmethod
    def of(cls, scene: Scene | Raid) -> Trial:
        """From a scene of either kind."""
        if isinstance(scene, Raid):
            reference = [sensor.id for sensor in scene.site.sensors].index(REFERENCE)
            scored = scene.look_sensor == reference
            instant = np.where(scored, np.cumsum(scored) - 1, -1)
            return cls(scene.name, scene.site, scene.batches(), instant, scene.truth)
        looks = [(scan * 1_000_000_000, batch) for scan, batch in enumerate(scene.batches())]
        return cls(scene.name, radar_site(), looks, np.arange(len(looks)), scene.truth)

    def peer(self) -> PeerScene:
        """The same for Stone Soup."""
        sensors = tuple(Sensor.of(model) for model in self.site.sensors)
        start_ns = self.site.start_ns
        times = np.array([(t - start_ns) / 1e9 for t, _ in self.looks])
        columns = columns_of(Detections.concat([batch for _, batch in self.looks]), start_ns)
        return PeerScene(sensors, columns, times)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a tracker made of a scene."""

    rows: Floats  #: (n, 8) ``instant, track, x, vx, y, vy, z, vz`` of the tracks shown
    cpu_ms: Floats  #: (looks,) CPU time of each look


def follow(trial: Trial) -> Outcome:
    """Run our tracker over a scene once."""
    tracker, rows, cpu_ms = Tracker(trial.site), [], []
    for (now_ns, batch), instant in zip(trial.looks, trial.instant.tolist(), strict=True):
        started = process_time()
        tracks = tracker.step(now_ns, batch).records
        cpu_ms.append(1e3 * (process_time() - started))
        if instant >= 0:
            rows.append(held(instant, tracks))
    return Outcome(np.concatenate(rows), np.array(cpu_ms))


def held(instant: int, tracks: Tracks) -> Floats:
    """The tracks that are shown as objects (`Tracks.shown`) as rows (n, 8)."""
    which = tracks.shown
    state = tracks.state[which]
    return np.column_stack([np.full(len(state), instant), tracks.number[which], state[:, [0, 3, 1, 4, 2, 5]]])


def scores(trial: Trial, rows: Floats) -> dict[str, float]:
    """The figures of one run, by name."""
    found = score(Points.from_table(trial.truth), Points.from_table(rows), first_scan=FIRST_SCORED)
    return {name: float(getattr(found, name)) for name in SCORES}


def summary(runs: Mapping[int, Mapping[str, float]]) -> dict[str, Any]:
    """Means over the seeds, the standard deviation between them, and the value of each for the main figures.

    Examples
    --------
    >>> made = summary({0: {"gospa_m": 3.0}, 1: {"gospa_m": 5.0}})
    >>> made["gospa_m"], made["spread"]["gospa_m"], made["by_seed"]["gospa_m"]
    (4.0, 1.4142135623730951, {'0': 3.0, '1': 5.0})
    """
    names = list(next(iter(runs.values())))
    column = {name: np.array([run[name] for run in runs.values()]) for name in names}
    shown = [name for name in ("gospa_m", "id_switches", "missed", "false") if name in column]
    return {
        **{name: float(np.mean(values)) for name, values in column.items()},
        "spread": {name: float(np.std(column[name], ddof=1)) if len(runs) > 1 else None for name in shown},
        "by_seed": {name: {str(seed): float(run[name]) for seed, run in runs.items()} for name in shown},
    }


def cpu(cpu_ms: Floats) -> dict[str, float]:
    """Median, mean, p99 and greatest CPU time of a look [ms]."""
    return {
        "median": float(np.median(cpu_ms)),
        "mean": float(np.mean(cpu_ms)),
        "p99": float(np.quantile(cpu_ms, 0.99)),
        "max": float(np.max(cpu_ms)),
    }
