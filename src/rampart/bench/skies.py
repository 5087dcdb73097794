"""Scenes of the drone benchmarks: one site, mixes of sensors that grow, birds, aircraft and low slow drones."""

from __future__ import annotations

from typing import Any

import numpy as np

from rampart.pipeline import Scenario, restore_scenario

SHELTER_S = 10.0
#: A rocket radar as in the named scenarios: it leaves out what flies slower than 25 m/s.
ROCKET_RADAR = {
    "id": "rocket-radar",
    "kind": "radar3d",
    "position_enu_m": [200.0, 300.0, 15.0],
    "minimum_radial_speed_ms": 25.0,
    "false_alarms_per_scan": 5.0,
    "clutter_cells": 20,
    "clutter_p_detect": 0.05,
}
#: A ubiquitous radar against drones: 2 km on a small quadcopter of -14 dBsm (8.75 GHz FMCW), so 4.5 km on 0 dBsm.
DRONE_RADAR = {
    "id": "drone-radar",
    "kind": "radar3d",
    "position_enu_m": [-150.0, 100.0, 12.0],
    "mode": "staring",
    "scan_period_s": 1.0,
    "reference_range_m": 4_500.0,
    "min_range_m": 50.0,
    "max_range_m": 6_000.0,
    "minimum_radial_speed_ms": 1.5,
    "range_sigma_m": 5.0,
    "azimuth_sigma_deg": 0.5,
    "elevation_sigma_deg": 0.5,
    "range_rate_sigma_ms": 0.4,
    "azimuth_cell_deg": 3.0,
    "elevation_cell_deg": 3.0,
    "false_alarms_per_scan": 1.0,
    "false_alarm_speed_ms": 60.0,
    "clutter_cells": 20,
    "clutter_p_detect": 0.05,
    "clutter_range_m": 3_000.0,
    "micro_doppler": True,
    "interrogates": False,
}
FINDERS = [
    {"id": f"rf-{k}", "kind": "direction_finder", "position_enu_m": [east, 0.0, 8.0]}
    for k, east in ((1, -700.0), (2, 700.0))
]
CAMERA = {"id": "camera", "kind": "eo_ir", "position_enu_m": [0.0, 250.0, 14.0]}
MICROPHONES = [
    {"id": f"mic-{k}", "kind": "acoustic", "position_enu_m": [east, north, 3.0], "wind_shield_db": 7.0}
    for k, (east, north) in enumerate([(-300.0, -300.0), (300.0, -300.0), (300.0, 300.0), (-300.0, 300.0)], 1)
]
#: Each mix has what the one before has, and more.
MIXES: dict[str, list[dict[str, Any]]] = {"rocket radar": [ROCKET_RADAR]}
MIXES["+ direction finders"] = [*MIXES["rocket radar"], *FINDERS]
MIXES["+ camera"] = [*MIXES["+ direction finders"], CAMERA]
MIXES["+ microphones"] = [*MIXES["+ camera"], *MICROPHONES]
MIXES["+ drone radar"] = [*MIXES["+ microphones"], DRONE_RADAR]
FULL = "+ drone radar"


def scene(threats: list[dict[str, Any]], sensors: list[dict[str, Any]], duration_s: float) -> Scenario:
    """One site with one zone, 300 m square, and what flies about it."""
    document = {
        "schema": 1,
        "name": "drone-gap",
        "description": "one site, low slow drones, birds and aircraft",
        "start": "2021-06-05T21:30:00+00:00",
        "duration_s": duration_s,
        "site": [{"id": "site", "origin": {"lat_deg": 33.79, "lon_deg": 42.44, "height_m": 180.0}}],
        "zone": [
            {
                "id": "zone",
                "polygon_en_m": [[-150.0, -150.0], [150.0, -150.0], [150.0, 150.0], [-150.0, 150.0]],
                "population": 500,
                "shelter_time_s": SHELTER_S,
                "warn_radius_m": 100.0,
            }
        ],
        "sensor": sensors,
        "threat": threats,
    }
    return restore_scenario(document, "drone-gap")


def birds(count: int, duration_s: float, radius_m: float = 3_000.0) -> dict[str, Any]:
    """Flapping flocks of four, and three in ten soaring, that were there before."""
    return {"id": "birds", "kind": "bird", "count": count, "flock_size": 4, "soaring_share": 0.3,
            "radius_m": radius_m, "start_s": -60.0, "duration_s": duration_s + 60.0}  # fmt: skip


def aircraft(per_hour: float, duration_s: float) -> dict[str, Any]:
    """Passing aircraft, low ones among them."""
    count = max(round(per_hour * duration_s / 3600.0), 1)
    return {"id": "aircraft", "kind": "aircraft", "count": count, "duration_s": duration_s,
            "height_above_ground_m": [400.0, 6_000.0], "passing_m": [300.0, 6_000.0]}  # fmt: skip


def drones(rng: np.random.Generator, count: int) -> list[dict[str, Any]]:
    """Low slow drones: multirotors at 8 to 20 m/s, 25 to 90 m high, every other one silent on the radio."""
    found = []
    for k in range(count):
        u = rng.random(5)
        speed, distance = 8.0 + 12.0 * float(u[0]), 1_800.0 + 600.0 * float(u[1])
        found.append(
            {
                "id": f"drone-{k + 1}",
                "kind": "multirotor",
                "speed_ms": speed,
                "distance_m": distance,
                "arrival_s": distance / speed + 15.0 + 40.0 * float(u[2]),
                "from_bearing_deg": 360.0 * float(u[3]),
                "height_above_ground_m": 25.0 + 65.0 * float(u[4]),
                "target_en_m": [0.0, 0.0],
                "exit_distance_m": 300.0,
                "emits": k % 2 == 0,
            }
        )
    return found
