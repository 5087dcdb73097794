"""``rampart bench mix``: the tracker's time with 100 targets and five kinds of sensors."""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np

from rampart.pipeline import build_chain, build_places, build_world
from rampart.study.site_run import run_site

from .skies import FULL, MIXES, scene

TARGETS = 100
SEEDS, QUICK_SEEDS = 3, 1
#: The first seconds start the tracks and are left out.
DURATION_S, LEAD_S = 40.0, 10.0
#: Radars, direction finders, camera and microphones of the drone gap, and a receiver of identities.
SENSORS = [*MIXES[FULL], {"id": "remote-id", "kind": "id_receiver", "position_enu_m": [0.0, 0.0, 8.0]}]


def run(*, quick: bool = False) -> dict[str, Any]:
    """Fly 100 drones, one in four of which says who it is, past the mix and time the tracker.

    Parameters
    ----------
    quick : bool
        One seed in place of three.
    """
    seeds = range(QUICK_SEEDS if quick else SEEDS)
    _watch(0, 5.0)  # compiles
    watched = [_watch(seed, DURATION_S) for seed in seeds]
    spent = np.concatenate([timed.spent_s for timed in watched])
    late = np.concatenate([timed.second for timed in watched]) >= LEAD_S
    per_second = 1e3 * spent[late].sum() / (len(watched) * (DURATION_S - LEAD_S))
    p50, p99 = np.quantile(1e3 * spent[late], [0.5, 0.99])
    ours = {
        "seeds": f"0..{len(seeds) - 1}",
        "targets": TARGETS,
        "sensors": len(SENSORS),
        "kinds": sorted({str(sensor["kind"]) for sensor in SENSORS}),
        "detections_per_s": float(np.mean([timed.detections for timed in watched])) / DURATION_S,
        "tracks": float(np.mean([timed.tracks for timed in watched])),
        "ms_per_batch": {"median": round(float(p50), 3), "p99": round(float(p99), 3)},
        "batches_per_s": late.sum() / (len(watched) * (DURATION_S - LEAD_S)),
        "ms_per_s": round(float(per_second), 3),
        "scans_per_s": watched[0].scans_per_s,
        "ms_per_scan": round(float(per_second) / watched[0].scans_per_s, 3),
    }
    return {"results": [{"name": "100 targets, five kinds of sensors", "ours": ours, "peer": None, "ratio": None}]}


class _Timed:
    """A tracker with a clock."""

    def __init__(self, tracker: Any, scans_per_s: float) -> None:
        self._tracker, self.scans_per_s = tracker, scans_per_s
        self._spent: list[float] = []
        self._at: list[int] = []
        self.detections = self.tracks = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tracker, name)

    def step(self, now_ns: int, inputs: Any, *others: Any) -> Any:
        """The tracker's step, timed."""
        started = process_time()
        result = self._tracker.step(now_ns, inputs, *others)
        self._spent.append(process_time() - started)
        self._at.append(now_ns)
        self.detections += len(inputs)
        self.tracks = len(result.records)
        return result

    @property
    def spent_s(self) -> np.ndarray:
        """CPU time of each step [s]."""
        return np.array(self._spent)

    @property
    def second(self) -> np.ndarray:
        """When each step was, seconds since the first."""
        return (np.array(self._at) - self._at[0]) * 1e-9


def _watch(seed: int, duration_s: float) -> _Timed:
    scenario = scene(_drones(seed), SENSORS, duration_s)
    [place] = build_places(scenario)
    chain = build_chain(scenario, place, engage=False)
    timed = _Timed(chain.tracker, sum(1.0 / sensor.scan_period_s for sensor in place.site.sensors))
    chain.tracker = timed
    run_site(place, build_world(place, seed=seed, run=0), chain, None, duration_s=duration_s)
    return timed


def _drones(seed: int) -> list[dict[str, Any]]:
    """Low slow drones all round the site, in the air before the run begins; one in four with Remote ID."""
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, 7])))
    flown: list[dict[str, Any]] = []
    for k in range(3 * TARGETS // 4):
        u = rng.random(4)
        speed, distance = 8.0 + 12.0 * u[0], 1_500.0 + 500.0 * u[1]
        flown.append(
            {
                "id": f"drone-{k + 1}",
                "kind": "multirotor",
                "speed_ms": float(speed),
                "distance_m": float(distance),
                "arrival_s": float(distance / speed - 5.0),
                "from_bearing_deg": float(360.0 * u[2]),
                "height_above_ground_m": float(25.0 + 65.0 * u[3]),
                "target_en_m": (1_000.0 * rng.random(2) - 500.0).tolist(),
                "emits": k % 2 == 0,
            }
        )
    rest = TARGETS - len(flown)
    return [*flown, {"id": "civil", "kind": "civil_drone", "count": rest, "radius_m": 1_200.0, "start_s": -10.0,
                     "duration_s": 120.0}]  # fmt: skip
