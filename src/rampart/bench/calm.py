"""``rampart bench calm``: drone warnings where nothing is a threat: 300 birds, aircraft, clutter, no raid."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from rampart.records import Phase, TargetClass, TrackStatus
from rampart.study.run import simulate

from .figures import rate
from .kept import each_kept
from .skies import DRONE_RADAR, ROCKET_RADAR, aircraft, birds, scene

#: Seeds 80000 to 89999 were looked at when the rules were made.
FIRST_SEED = 90_000
BIRDS, AIRCRAFT_PER_HOUR = 300, 6.0
#: Each run is a sky of its own.
RUN_S = 600.0
#: 72 h without a warning bound the rate at 1 per 24 h.
HOURS, QUICK_HOURS = 75.0, 0.1
SENSORS = [ROCKET_RADAR, DRONE_RADAR]


def run(
    *,
    quick: bool = False,
    hours: float | None = None,
    workers: int = 1,
    keep: Path | None = None,
    first_seed: int = FIRST_SEED,
) -> dict[str, Any]:
    """Watch the birds and count warnings.

    Parameters
    ----------
    quick : bool
        A tenth of an hour in place of 75 h.
    hours : float or None
        That many simulated hours instead.
    workers : int
        Processes; the counts do not depend on it.
    keep : pathlib.Path or None
        File that takes the counts of each run as it ends. Runs that it holds already are not run again.
    first_seed : int
        Of the first run; the others follow.
    """
    simulated = hours or (QUICK_HOURS if quick else HOURS)
    runs = max(round(simulated * 3600.0 / RUN_S), 1)
    seeds = range(first_seed, first_seed + runs)
    watched = each_kept("calm", watch, seeds, workers=workers, keep=keep)
    warnings, tracks, drones = (sum(row[name] for row in watched) for name in ("warnings", "tracks", "drones"))
    hours = runs * RUN_S / 3600.0
    ours = {
        "seeds": f"{first_seed}..{first_seed + runs - 1}",
        "birds": BIRDS,
        "drone_warnings": rate(warnings, hours),
        "seeds_with_warnings": [row["seed"] for row in watched if row["warnings"]],
        "confirmed_tracks": tracks,
        "tracks_ever_called_drone": drones,
        "times_real_time": runs * RUN_S / sum(row["wall_s"] for row in watched),
    }
    return {"results": [{"name": "300 birds, aircraft, clutter", "ours": ours, "peer": None, "ratio": None}]}


def watch(seed: int) -> dict[str, Any]:
    """Warnings opened, confirmed tracks, and how many of them were ever called a drone, in one run."""
    sky = [birds(BIRDS, RUN_S), aircraft(AIRCRAFT_PER_HOUR, RUN_S)]
    started, count = perf_counter(), _Count()
    simulate(scene(sky, SENSORS, RUN_S), seed=seed, referee=False, effectors=False, progress=count)
    return {
        "seed": seed,
        "warnings": len(count.opened),
        "tracks": len(count.confirmed),
        "drones": len(count.drones),
        "wall_s": round(perf_counter() - started, 3),
    }


class _Count:
    """Listens to a run: the numbers of what was warned of, confirmed, called a drone."""

    def __init__(self) -> None:
        self.opened: set[int] = set()
        self.confirmed: set[int] = set()
        self.drones: set[int] = set()

    def __call__(self, site: str, second: float, out: Any) -> None:
        """Take in what a step said."""
        rows = out.warnings
        if len(rows):
            self.opened.update(rows.number[np.isin(rows.phase, (Phase.PREPARE, Phase.SHELTER))].tolist())
        live = out.tracks.status == TrackStatus.CONFIRMED
        numbers, p = out.tracks.number[live], out.tracks.class_probability[live]
        self.confirmed.update(numbers.tolist())
        best = p.argmax(axis=1)
        drone = (best == TargetClass.MULTIROTOR) | (best == TargetClass.FIXED_WING)
        self.drones.update(numbers[drone].tolist())
