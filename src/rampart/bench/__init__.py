"""Benchmarks, side by side with peers. Each module's ``run(quick)`` gives ``{"results": [...]}``."""

import os
import platform
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from inspect import signature
from typing import Any

#: Benchmarks and what they measure.
NAMES = {
    "flight": "flights per second and error, beside scipy",
    "track": "CPU time per scan and accuracy, beside Stone Soup",
    "registration": "biases of two radars: found to what error, and what tracks gain",
    "chain": "whole chain against real time",
    "asterix": "decoded records per second, beside libasterix",
    "impact": "impact and launch points over the Cramer-Rao bound, and whether the ellipses hold",
    "coverage": "CPU time of a 20 x 20 km coverage map over terrain",
    "flights": "apogees and fall points of real flights, and whether their intervals hold",
    "explain": "planted causes: how often the gate that was closed is the gate that is named",
    "classify": "what single flights are taken for, and whether the probabilities hold",
    "gap": "low slow drones past a growing mix of sensors",
    "turns": "a drone that turns hard, brakes and hovers, beside filters of constant velocity",
    "mix": "CPU time of the tracker with 100 targets and five kinds of sensors",
    "calm": "drone warnings among 300 birds",
    "zones": "time and error of 1,700 zones against 50 predictions, beside brute force and shapely",
    "live": "a live service under load, in bursts, killed, replayed, and fed with damaged octets",
    "delivery": "from the deciding detection to bytes at MQTT, CoT, CAP and SSE peers, some of them stalled",
    "display": "25 browsers at 5 pictures a second, one that stalls, and the first picture of a real one",
    "warn": "whom warnings reach and spare by zone map and threshold; misses, delays, false warnings of many raids",
    "assign": "simulated shots shared between threats: fast and exact, beside published optima",
    "oracles": "closed forms of interception beside engager, run loop and referee",
    "ledger": "import and statistics of 100,000 incidents with 300,000 claims, in SQLite and PostgreSQL",
    "inquest": "replay, what if, and after-action report of a recording of 10 and of 43 minutes",
    "study": "raids per second of a study, workers and dask, killed workers and drivers, a million results",
    "scenarios": "every number of the named scenarios over seeds 0 to 99",
}


def run(name: str, *, quick: bool = False, **options: Any) -> dict[str, Any]:
    """Run a benchmark.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    quick : bool
        Fewer repeats and seeds, for a first look.
    **options
        What else the benchmark takes; see `takes`.

    Returns
    -------
    dict
        ``schema, bench, results, machine``.
    """
    results = _function(name)(quick=quick, **options)["results"]
    return {"schema": 1, "bench": name, "quick": quick, "results": results, "machine": machine()}


def takes(name: str) -> frozenset[str]:
    """Options of a benchmark besides `quick`.

    >>> sorted(takes("calm") & {"hours", "workers", "seed"})
    ['hours', 'workers']
    """
    return frozenset(signature(_function(name)).parameters) - {"quick"}


def _function(name: str) -> Callable[..., dict[str, Any]]:
    function: Callable[..., dict[str, Any]] = import_module(f"rampart.bench.{name}").run
    return function


def say(text: str) -> None:
    """Progress of a long benchmark: one line on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "numba")},
    }
