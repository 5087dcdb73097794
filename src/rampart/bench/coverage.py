"""``rampart bench coverage``: CPU time of a coverage map, 20 x 20 km at 50 m, over made-up hills."""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np

from rampart.pipeline import Scenario, build_places, parse_scenario
from rampart.study.coverage import plan_coverage
from rampart.study.coverage.files import write_coverage

from .hills import write_hills

SIDE_KM, CELL_M, SENSORS = 20.0, 50.0, ((0.0, 0.0), (-4200.0, 2500.0), (3100.0, -3900.0))
SITE = """
schema = 1
name = "hills"
start = 2021-07-05T21:00:00Z
duration_s = 60.0
[[site]]
id = "hills"
origin = {{ lat_deg = 33.5, lon_deg = 42.5, height_m = {height:.1f} }}
terrain = "N33E042.hgt"
terrain_radius_m = 20000.0
"""
ZONE = """
[[zone]]
id = "{id}"
polygon_en_m = [[{e}, {n}], [{e2}, {n}], [{e2}, {n2}], [{e}, {n2}]]
"""
RADAR = """
[[sensor]]
id = "r{i}"
kind = "radar3d"
position_enu_m = [{e}, {n}, {u:.1f}]
minimum_radial_speed_ms = 5.0
"""


def hills_site(folder: str) -> Scenario:
    """Three radars and three zones among hills; a tile is written into the folder."""
    height_at = write_hills(Path(folder) / "N33E042.hgt")
    text = SITE.format(height=height_at(33.5, 42.5))
    for k, (e, n) in enumerate(((-200.0, -150.0), (1500.0, -900.0), (400.0, 2500.0))):
        text += ZONE.format(id=f"z{k + 1}", e=e, n=n, e2=e + 400.0, n2=n + 300.0)
    [place] = build_places(parse_scenario(text, "hills", folder=Path(folder)))
    ground = place.environment.terrain
    for i, (e, n) in enumerate(SENSORS, start=1):
        text += RADAR.format(i=i, e=e, n=n, u=float(ground.height_at(e, n)) + 15.0)
    return parse_scenario(text, "hills", folder=Path(folder))


def run(*, quick: bool = False) -> dict[str, Any]:
    """Time the whole command on one core, kernels warm: reading the tile, map, ways, polygons, table and picture.

    Parameters
    ----------
    quick : bool
        Two repeats instead of five.
    """
    results = []
    with TemporaryDirectory() as folder:
        site = hills_site(folder)
        for kind, height_m in (("multirotor", 60.0), ("fixed_wing", 150.0)):
            plans, files = [], []
            for repeat in range(3 if quick else 6):
                started = process_time()
                cover = plan_coverage(site, kind, height_m, cell_m=CELL_M, extent_km=SIDE_KM)
                areas = {name: cover.area_km2(name) for name in cover.p_seen}
                worst = float(cover.seconds["all"].min())
                middle = process_time()
                write_coverage(cover, Path(folder))
                if repeat:  # the first compiles
                    plans.append(middle - started)
                    files.append(process_time() - middle)
            ours = {
                "cpu_s": float(np.median(plans) + np.median(files)),
                "plan_cpu_s": float(np.median(plans)),
                "files_cpu_s": float(np.median(files)),
                "cells": int(len(cover.grid.axis_m) ** 2),
                "sensors": len(cover.sights),
                "area_all_km2": areas["all"],
                "seconds_before_arrival_min": worst,
            }
            results.append({"name": f"{kind}_{height_m:.0f}m", "ours": ours, "peer": None, "ratio": None})
    return {"results": results}
