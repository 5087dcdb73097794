"""``rampart bench calm``: drone warnings where nothing is a threat: 300 birds, aircraft, clutter, no raid."""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np

from rampart.records import Phase, TargetClass, TrackStatus
from rampart.study import run as run_scenario

from .figures import rate
from .skies import DRONE_RADAR, ROCKET_RADAR, aircraft, birds, scene

FIRST_SEED = 80_000
BIRDS, AIRCRAFT_PER_HOUR = 300, 6.0
#: Each run is a sky of its own.
RUN_S = 600.0
#: 72 h without a warning bound the rate at 1 per 24 h.
HOURS, QUICK_HOURS = 75.0, 0.1
SENSORS = [ROCKET_RADAR, DRONE_RADAR]


def run(*, quick: bool = False, hours: float | None = None, first_seed: int = FIRST_SEED) -> dict[str, Any]:
    """Watch the birds and count warnings.

    Parameters
    ----------
    quick : bool
        A tenth of an hour in place of 75 h.
    hours : float or None
        That many simulated hours instead.
    first_seed : int
        Of the first run; the others follow.
    """
    simulated = hours or (QUICK_HOURS if quick else HOURS)
    runs = max(round(simulated * 3600.0 / RUN_S), 1)
    started = process_time()
    watched = [watch(seed) for seed in range(first_seed, first_seed + runs)]
    warnings, tracks, drones = (sum(column) for column in zip(*watched, strict=True))
    hours = runs * RUN_S / 3600.0
    ours = {
        "seeds": f"{first_seed}..{first_seed + runs - 1}",
        "birds": BIRDS,
        "drone_warnings": rate(warnings, hours),
        "confirmed_tracks": tracks,
        "tracks_ever_called_drone": drones,
        "times_real_time": hours * 3600.0 / (process_time() - started),
    }
    return {"results": [{"name": "300 birds, aircraft, clutter", "ours": ours, "peer": None, "ratio": None}]}


def watch(seed: int) -> tuple[int, int, int]:
    """Warnings opened, confirmed tracks, and how many of them were ever called a drone, in one run."""
    sky = [birds(BIRDS, RUN_S), aircraft(AIRCRAFT_PER_HOUR, RUN_S)]
    done = run_scenario(scene(sky, SENSORS, RUN_S), seed=seed, referee=False)
    opened, confirmed, drones = set(), set(), set()
    for out in done.sites[0].outputs:
        rows = out.warnings
        for k in range(len(rows)):
            if rows.phase[k] in (Phase.PREPARE, Phase.SHELTER):
                opened.add(int(rows.number[k]))
        live = out.tracks.status == TrackStatus.CONFIRMED
        numbers, best = out.tracks.number[live], out.tracks.class_probability[live].argmax(axis=1)
        confirmed.update(numbers.tolist())
        drone = np.isin(best, (TargetClass.MULTIROTOR, TargetClass.FIXED_WING))
        drones.update(numbers[drone].tolist())
    return len(opened), len(confirmed), len(drones)
