"""Families of raids: what is drawn for run after run of the warning benchmarks, each from its seed alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rampart.pipeline import Scenario, restore_scenario

from .region import Floats

AFTER_S = 25.0  #: a run goes on so long after the last arrival: releases are part of it
#: The radar of the named scenarios.
COMPOUND_RADAR = {
    "id": "r1", "kind": "radar3d", "position_enu_m": [0.0, 0.0, 12.0], "range_bias_sigma_m": 0.0,
    "azimuth_bias_sigma_deg": 0.0, "elevation_bias_sigma_deg": 0.0,
}  # fmt: skip
#: A radar that sees rockets all over the region, 40 km on 0 dBsm, with biases that nobody knows.
REGION_RADAR = {"id": "r1", "kind": "radar3d", "position_enu_m": [0.0, 0.0, 12.0],
                "reference_range_m": 40_000.0, "max_range_m": 45_000.0}  # fmt: skip
#: One that is made for drones: a narrow notch, and it sees rotor blades and propellers.
DRONE_RADAR = {**REGION_RADAR, "scan_period_s": 1.0, "minimum_radial_speed_ms": 3.0, "micro_doppler": True,
               "range_rate_sigma_ms": 0.5, "false_alarms_per_scan": 5.0}  # fmt: skip
#: The compound of ``embassy-rockets``.
COMPOUND = [
    {"id": "north", "polygon_en_m": [[-150.0, 50.0], [150.0, 50.0], [150.0, 250.0], [-150.0, 250.0]],
     "population": 400.0, "shelter_time_s": 10.0, "warn_radius_m": 100.0},
    {"id": "south", "polygon_en_m": [[-200.0, -700.0], [200.0, -700.0], [200.0, -450.0], [-200.0, -450.0]],
     "population": 900.0, "shelter_time_s": 10.0, "warn_radius_m": 100.0},
    {"id": "riverside", "polygon_en_m": [[900.0, -300.0], [1500.0, -300.0], [1500.0, 300.0], [900.0, 300.0]],
     "population": 5000.0, "shelter_time_s": 15.0, "warn_radius_m": 100.0},
]  # fmt: skip
#: Families over the region; times of flight [s] and how many come.
REGION: dict[str, dict[str, Any]] = {
    "rockets": {"kind": "rocket", "time_of_flight_s": (28.0, 50.0), "most": 4, "spread_m": 400.0, "within_m": 15_000.0},
    "mortars": {"kind": "mortar", "time_of_flight_s": (20.0, 30.0), "most": 4, "spread_m": 120.0, "within_m": 15_000.0},
    "drones": {"kind": "fixed_wing", "most": 2, "spread_m": 50.0, "within_m": 10_000.0},
}
_KINDS = ("rocket", "mortar", "shell")
_SHARES = (0.6, 0.25, 0.15)
_FLOWN_S = {"rocket": (18.0, 35.0), "mortar": (18.0, 30.0), "shell": (20.0, 40.0)}


def dice(seed: int) -> np.random.Generator:
    """What a raid is drawn from; the run itself has streams of its own."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(0xECC,))))


def compound_raid(seed: int) -> Scenario:
    """One to three rockets, mortar bombs or shells at or near a compound of three zones."""
    rng = dice(seed)
    kind = str(rng.choice(_KINDS, p=_SHARES))
    count, u = int(rng.integers(1, 4)), rng.random(5)
    low, high = _FLOWN_S[kind]
    aim = np.array([(0.0, 150.0), (0.0, -575.0), (1200.0, 0.0)][int(rng.integers(3))]) + 150.0 * rng.standard_normal(2)
    flown = low + (high - low) * u[0]
    threat = {
        "id": "round", "kind": kind, "count": count, "spacing_s": 3.0 * u[1], "arrival_s": 1.1 * flown + 4.0,
        "impact_en_m": aim.tolist(), "spread_m": 30.0 + 170.0 * u[2], "from_bearing_deg": 360.0 * u[3],
        "time_of_flight_s": flown,
    }  # fmt: skip
    end_s = 1.1 * flown + 4.0 + (count - 1) * 3.0 * u[1] + AFTER_S
    return scene("compound", COMPOUND, [COMPOUND_RADAR], [threat], end_s)


def region_raid(family: str, seed: int, residents: Floats) -> Scenario:
    """A raid of a family on a place where people live.

    Parameters
    ----------
    family : str
        One of `REGION`.
    seed : int
        Of the raid.
    residents : ndarray (n, 2)
        East, north [m].
    """
    rng, facts = dice(seed), REGION[family]
    near = np.flatnonzero(np.hypot(*residents.T) < facts["within_m"])
    aim, u = residents[near[rng.integers(len(near))]], rng.random(4)
    count = int(rng.integers(1, facts["most"] + 1))
    threat: dict[str, Any] = {
        "id": "round", "kind": facts["kind"], "count": count, "spacing_s": 4.0 * u[0], "spread_m": facts["spread_m"],
        "from_bearing_deg": 360.0 * u[1], "arrival_s": 0.0,
    }  # fmt: skip
    if family == "drones":
        speed = 40.0 + 20.0 * u[2]
        threat |= {"target_en_m": aim.tolist(), "speed_ms": speed, "distance_m": 7_000.0, "dive": True}
        lead_s = 7_000.0 / speed + 5.0
    else:
        low, high = facts["time_of_flight_s"]
        flown = low + (high - low) * u[2]
        threat |= {"impact_en_m": aim.tolist(), "time_of_flight_s": flown}
        lead_s = 1.1 * flown + 4.0
    threat["arrival_s"] = lead_s
    end_s = lead_s + (count - 1) * 4.0 * u[0] + (AFTER_S if family != "drones" else 60.0)
    radar = DRONE_RADAR if family == "drones" else REGION_RADAR
    return scene(family, [], [radar], [threat], end_s)


def scene(
    name: str,
    zones: list[dict[str, Any]],
    sensors: list[dict[str, Any]],
    threats: list[dict[str, Any]],
    duration_s: float,
) -> Scenario:
    """A scenario at one site on flat ground.

    Parameters
    ----------
    name : str
        What it is called.
    zones, sensors, threats : list of dict
        As in a scenario file.
    duration_s : float
        Length, rounded up to whole seconds.
    """
    document = {
        "schema": 1,
        "name": name,
        "description": "a drawn raid",
        "start": "2021-07-05T21:00:00+00:00",
        "duration_s": float(math.ceil(duration_s)),
        "site": [{"id": "site", "origin": {"lat_deg": 33.3, "lon_deg": 44.39, "height_m": 34.0}}],
        "zone": zones,
        "sensor": sensors,
        "threat": threats,
    }
    return restore_scenario(document, name)
