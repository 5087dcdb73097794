"""Impacts of flights that are not of our own making, through the whole chain.

Spheres flown by JSBSim and sounding rockets flown by RocketPy are logged, flown by the `recorded` kind through a
simulated radar, and followed by the real tracker and predictor from its detections alone. `rampart bench impact` prints
the rows. The chain knows the radar and the standard air; it does not know the bodies, their drag curves (a sphere's,
and one that is neither G1 nor G7), nor how a rocket turns into its fall.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rampart.physics.environment import Environment
from rampart.physics.flight import fly_to_ground
from rampart.physics.path import Paths
from rampart.records import Detections, Flight, Site
from rampart.sensor.radar import Radar3DSpec
from rampart.sensor.sky import Sky
from rampart.threat.recorded import RecordedSpec

from . import jsbsim_flights, rocketpy_flights
from .follow import Samples, follow
from .logged import LoggedFlight

Floats = NDArray[np.float64]

SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
FLIGHTS, QUICK_FLIGHTS = 60, 6
PER_SCENE = 6
RING_M = 3500.0  #: how far from the radar they come down
SITE_HEIGHT_M = 200.0
SEED = 300
RADAR = Radar3DSpec(id="radar", kind="radar3d", position_enu_m=(0.0, 0.0, 10.0))

Maker = Callable[[int, float], LoggedFlight]
Cell = tuple[str, Callable[[], str | None], Maker, float]
#: Name, why it cannot be flown, how it is flown, latitude [deg].
CELLS: tuple[Cell, ...] = (
    ("outside, JSBSim spheres", jsbsim_flights.missing, jsbsim_flights.make_flight, jsbsim_flights.LATITUDE_DEG),
    ("outside, RocketPy rockets", rocketpy_flights.missing, rocketpy_flights.make_still, rocketpy_flights.LATITUDE_DEG),
)


def rows(
    figures: Callable[[Samples], dict[str, Any]], coverage: Callable[[Samples], dict[str, Any]], *, quick: bool = False
) -> list[dict[str, Any]]:
    """One row per peer: errors over bounds at shares of the flight, and whether ellipses hold.

    Parameters
    ----------
    figures, coverage : callables
        What the impact benchmark makes of samples at one share, and at all.
    quick : bool
        6 flights each in place of 60.

    Returns
    -------
    list of dict
        A row of a peer that is not installed says why it is empty.
    """
    found = []
    for name, missing, maker, latitude_deg in CELLS:
        ours: dict[str, Any] = {"skipped": missing()} if missing() else {}
        if not ours:
            samples = fly_cell(maker, latitude_deg, QUICK_FLIGHTS if quick else FLIGHTS)
            ours = {"tracks": len(np.unique(samples.flight))}
            ours.update((f"at_{s}", figures(samples.take(np.isclose(samples.share, s)))) for s in SHARES)
            ours["ellipses"] = coverage(samples)
        over = (ours.get(f"at_{s}", {}).get("impact_over_bound") for s in SHARES)
        worst = max((ratio for ratio in over if ratio is not None), default=None)
        found.append({"name": name, "ours": ours, "peer": None, "ratio": worst})
    return found


def fly_cell(maker: Maker, latitude_deg: float, count: int) -> Samples:
    """Fly so many flights of one maker, six to a scene, and follow them."""
    parts = []
    for scene in range(math.ceil(count / PER_SCENE)):
        seeds = range(SEED + scene * PER_SCENE, SEED + min(count, (scene + 1) * PER_SCENE))
        logs = [maker(seed, SITE_HEIGHT_M) for seed in seeds]
        parts.append(follow_logs(logs, latitude_deg, np.random.default_rng((SEED, scene))))
    return Samples.concat(parts)


def follow_logs(logs: list[LoggedFlight], latitude_deg: float, rng: np.random.Generator) -> Samples:
    """Put logged flights about the radar, so that they come down in a ring, and follow them."""
    bare = Site("outside", math.radians(latitude_deg), 0.0, SITE_HEIGHT_M)
    here = Environment.standard(latitude_rad=bare.latitude_rad, height_m=SITE_HEIGHT_M)
    site = replace(bare, sensors=(RADAR.model(bare),))
    with tempfile.TemporaryDirectory() as folder:
        flights = [_record(log, i, len(logs), Path(folder), site, here, rng) for i, log in enumerate(logs)]
    detections, shown = _look(flights, site, here, rng)
    return follow(flights, detections, site, here, SHARES, shown=shown)


def _record(
    log: LoggedFlight, i: int, of: int, folder: Path, site: Site, here: Environment, rng: np.random.Generator
) -> Flight:
    """A flight of the `recorded` kind; burnout and drag are put in for the bound, the chain never sees them."""
    path = folder / f"flight{i}.csv"
    log.write(path)
    bearing, start_s = 2.0 * math.pi * (i + rng.random() * 0.5) / of, rng.uniform(0.0, 5.0)
    spec = RecordedSpec(
        id=f"flight{i}",
        kind="recorded",
        file=str(path),
        as_kind="rocket" if log.kind == "rocket" else "shell",
        ballistic=True,
        start_s=start_s,
        above_en_m=(RING_M * math.sin(bearing), RING_M * math.cos(bearing)),
        anchor_lat_deg=float(log.latitude_deg[-1]),
        anchor_lon_deg=float(log.longitude_deg[-1]),
        smoothing_s=0.0,
        rcs_dbsm=0.0,
    )
    [flight] = spec.build(site, here, rng)
    burnout = start_s + log.burnout_s
    known = math.isfinite(log.ln_drag)
    return replace(
        flight,
        burnout_s=burnout if log.burnout_s > 0.0 else math.nan,
        ln_drag=log.ln_drag if known else _ln_drag(flight, burnout, here),
    )


def _ln_drag(flight: Flight, burnout_s: float, here: Environment) -> float:
    """The drag-to-mass with which our model, from just after burnout, comes down nearest to the flight's end."""
    position, velocity, _ = Paths.pack([(flight.time_s, flight.position_enu, flight.velocity_enu)]).at(burnout_s + 0.5)
    low, high = math.log(1e-5), math.log(3e-3)
    for _ in range(3):
        tried = np.linspace(low, high, 33)
        fan = np.column_stack([np.repeat(position, 33, axis=0), np.repeat(velocity, 33, axis=0), tried])
        miss = np.linalg.norm(fly_to_ground(fan, here).position_enu - flight.position_enu[-1], axis=1)
        best, width = tried[int(np.argmin(miss))], tried[1] - tried[0]
        low, high = best - width, best + width
    return float(best)


def _look(
    flights: list[Flight], site: Site, here: Environment, rng: np.random.Generator
) -> tuple[list[Detections], list[NDArray[np.int64]]]:
    """Every scan of the simulated radar until the last flight is down, false alarms among the reports."""
    radar, sky = RADAR.build(site, here, 0, rng), Sky.build(flights)
    batches, shown, number = [], [], 1
    last_s = max(flight.end_s for flight in flights) + RADAR.scan_period_s
    for scan in range(math.ceil(last_s / RADAR.scan_period_s)):
        result = radar.step(radar.schedule.delivery_ns(scan), sky)
        n = len(result.records)
        batches.append(result.records.replace(number=np.arange(number, number + n)))
        shown.append(np.asarray(result.info["flight"], dtype=np.int64))
        number += n
    return batches, shown
