"""``rampart bench flights``: real flights foretold, and made-up ones to see whether the intervals hold.

- ``climbs``: apogees of logged rockets from the first seconds of their coast, one row per flight and one for all;
- ``synthetic climbs``: 240 made-up ones (`rampart.bench.climbs`), seeds 10,000 on;
- ``rocketpy climbs``: rockets flown by RocketPy with six degrees of freedom, seeds 2000 on;
- ``falls``: fall points of meteorites, with their winds and without.

Which real flights, and where their files lie: `rampart.bench.flight_list`.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.physics.environment import Environment
from rampart.predict.coast import Apogee, predict_apogee
from rampart.predict.fall import Fall, predict_fall

from . import rocketpy_flights
from .climbs import LoggedClimb, make_climb
from .falls import FallCase, load_fall
from .figures import share
from .flight_list import ClimbSpec, FallSpec, apogee_of, load_list

#: Seeds 0 to 239, and 1000 to 1099 of RocketPy, were looked at while the method was built.
SYNTHETIC, QUICK_SYNTHETIC, SYNTHETIC_SEED = 240, 24, 10_000
ROCKETPY, QUICK_ROCKETPY, ROCKETPY_SEED = 60, 4, 2000
LATITUDE_RAD = 0.7  #: of made-up launch sites


def run(*, quick: bool = False) -> dict[str, Any]:
    """Predict all flights.

    Parameters
    ----------
    quick : bool
        24 made-up flights in place of 240, and 4 of RocketPy in place of 60.
    """
    flights, folder = load_list()
    climbs = [_climb(spec, folder) for spec in flights.climb]
    results = [{"name": f"climb {spec.id}", **row} for spec, row in zip(flights.climb, climbs, strict=True)]
    results.append({"name": "climbs", **_row(_summary([row["ours"] for row in climbs]))})
    seeds = range(SYNTHETIC_SEED, SYNTHETIC_SEED + (QUICK_SYNTHETIC if quick else SYNTHETIC))
    made = [_made(make_climb(np.random.default_rng(seed))) for seed in seeds]
    results.append({"name": "synthetic climbs", **_row(_summary(made))})
    results.append({"name": "rocketpy climbs", **_row(_rocketpy(QUICK_ROCKETPY if quick else ROCKETPY))})
    results += [{"name": f"fall {spec.id}", **_row(_fall(spec, folder))} for spec in flights.fall]
    return {"results": results}


def _row(ours: dict[str, Any]) -> dict[str, Any]:
    return {"ours": ours, "peer": None, "ratio": None}


def _climb(spec: ClimbSpec, folder: Path) -> dict[str, Any]:
    if not (folder / spec.file).exists():
        return _row({"skipped": f"no file {spec.file}"})
    time_s, height_m = spec.read(folder)
    try:
        found = predict_apogee(
            time_s,
            height_m,
            spec.environment(),
            window_s=spec.window_s,
            coast_start_s=spec.coast_start_s,
            air_temperature_k=None if spec.air_temperature_c is None else spec.air_temperature_c + 273.15,
            barometric=spec.barometric,
        )
    except ValueError as error:
        raise InputError(f"climb {spec.id!r}: {error}", path=folder / spec.file) from None
    return _row(_against(found, spec.apogee_m or apogee_of(time_s, height_m)))


def _made(climb: LoggedClimb) -> dict[str, Any]:
    here = Environment.standard(latitude_rad=LATITUDE_RAD, height_m=climb.site_height_m)
    warm = None if math.isnan(climb.air_temperature_k) else climb.air_temperature_k
    return _against(predict_apogee(climb.time_s, climb.height_m, here, air_temperature_k=warm), climb.apogee_m)


def _rocketpy(count: int) -> dict[str, Any]:
    reason = rocketpy_flights.missing()
    if reason:
        return {"skipped": reason}
    return _summary([_made(rocketpy_flights.make_climb(ROCKETPY_SEED + i)) for i in range(count)])


def _against(found: Apogee, apogee_m: float) -> dict[str, Any]:
    """A prediction beside the truth."""
    plain = asdict(found).items()
    figures = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in plain}
    predicted = found.status == "predicted"
    return {
        "apogee_m": apogee_m,
        "error": found.height_m / apogee_m - 1.0 if predicted else None,
        "inside": bool(found.low_m <= apogee_m <= found.high_m) if predicted else None,
        **figures,
    }


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean absolute error and coverage of those that were predicted, and how many were not, by reason."""
    predicted = [row for row in rows if row.get("status") == "predicted"]
    others = [row.get("status", "skipped") for row in rows if row.get("status") != "predicted"]
    error = np.array([row["error"] for row in predicted])
    width = [0.5 * (row["high_m"] - row["low_m"]) / row["apogee_m"] for row in predicted]
    return {
        "flights": len(rows),
        "predicted": len(predicted),
        "not_predicted": {name: others.count(name) for name in sorted(set(others))},
        "mean_absolute_error": float(np.abs(error).mean()) if len(error) else None,
        "worst_error": float(np.abs(error).max()) if len(error) else None,
        "mean_error": float(error.mean()) if len(error) else None,
        "half_width": float(np.median(width)) if width else None,
        "inside_90": share(sum(row["inside"] for row in predicted), len(predicted)),
    }


def _fall(spec: FallSpec, folder: Path) -> dict[str, Any]:
    if not (folder / spec.file).exists():
        return {"skipped": f"no file {spec.file}"}
    case = load_fall(folder / spec.file)
    found = math.radians(spec.found_latitude_deg), math.radians(spec.found_longitude_deg)
    try:
        fall, calm = _predict(case, windy=True), _predict(case, windy=False)
    except ValueError as error:
        raise InputError(f"fall {spec.id!r}: {error}", path=folder / spec.file) from None
    miss, calm_miss = (float(np.hypot(*f.offset_m(*found))) for f in (fall, calm))
    ellipse = fall.ellipse(0.9)
    return {
        "miss_m": miss,
        "miss_without_wind_m": calm_miss,
        "without_over_with": calm_miss / miss,
        "latitude_deg": math.degrees(fall.latitude_rad),
        "longitude_deg": math.degrees(fall.longitude_rad),
        "time_s": fall.time_s,
        "ellipse_90_major_m": float(ellipse.major_m),
        "ellipse_90_minor_m": float(ellipse.minor_m),
        "ellipse_90_azimuth_deg": math.degrees(float(ellipse.azimuth_rad)),
        "inside_90": fall.contains(*found, 0.9),
    }


def _predict(case: FallCase, *, windy: bool) -> Fall:
    wind = case.wind if windy else None
    return predict_fall(case.start, errors=case.errors, wind=wind, ground_height_m=case.ground_height_m)
