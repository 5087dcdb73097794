"""``rampart bench chain``: the whole chain against real time, one site, recorder off."""

from statistics import median
from time import process_time
from typing import Any

from rampart.study import run as run_scenario

CASES = ("embassy-rockets", "asad-drones", "iraq-2021")


def run(*, quick: bool = False) -> dict[str, Any]:
    """Time whole runs, kernels warm, recorder off.

    Parameters
    ----------
    quick : bool
        One repeat and no long scenario.
    """
    results = []
    for name in CASES[: 2 if quick else None]:
        run_scenario(name, seed=1000)
        repeats = [_time(name, seed) for seed in range(1 if quick else 5)]
        cpu_s, simulated_s, steps = (median(column) for column in zip(*repeats, strict=True))
        ours = {
            "times_real_time": simulated_s / cpu_s,
            "cpu_s": cpu_s,
            "simulated_site_s": simulated_s,
            "cpu_ms_per_step": 1e3 * cpu_s / steps,
        }
        results.append({"name": name, "ours": ours, "peer": None, "ratio": None})
    return {"results": results}


def _time(name: str, seed: int) -> tuple[float, float, int]:
    started = process_time()
    done = run_scenario(name, seed=seed)
    cpu_s = process_time() - started
    scans = sum(
        int(done.scenario.head.duration_s / sensor.scan_period_s)
        for site in done.sites
        for sensor in site.place.site.sensors
    )
    return cpu_s, done.scenario.head.duration_s * len(done.sites), scans
