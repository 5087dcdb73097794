"""``rampart bench explain``: one gate is closed in each run, and the explainer must name it.

Each run draws its own drone, zone and radar; everything is open but the gate that is forced.
"""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np

from rampart.ledger import Collector, make_header
from rampart.pipeline import build_places, parse_scenario
from rampart.study import run as run_scenario
from rampart.study.explain import explain_record

SEED = 2021
RUNS, QUICK_RUNS = 200, 12

SCENE = """
schema = 1
name = "planted-{gate}"
start = 2021-07-05T21:00:00Z
duration_s = 130.0
[[site]]
id = "s"
origin = {{ lat_deg = 33.5, lon_deg = 42.5, height_m = 0.0 }}
{site}
[[zone]]
id = "z"
polygon_en_m = [[{e0}, {n0}], [{e1}, {n0}], [{e1}, {n1}], [{e0}, {n1}]]
shelter_time_s = 10.0
[[sensor]]
id = "r1"
kind = "radar3d"
position_enu_m = [{re}, {rn}, {ru}]
minimum_radial_speed_ms = {notch}
min_elevation_deg = {low}
max_elevation_deg = 89.0
{sensor}
[[threat]]
id = "d"
kind = "fixed_wing"
arrival_s = 120.0
target_en_m = [{te}, {tn}]
from_bearing_deg = {bearing}
distance_m = {distance}
speed_ms = {speed}
height_above_ground_m = {height}
rcs_dbsm = {rcs}
exit_distance_m = 500.0
{more}
"""

#: Gates that can be closed alone, in their order.
GATES = ("horizon", "mask", "beam", "notch", "snr", "dwell", "association", "classification", "policy")


def scene(gate: str, dice: np.random.Generator) -> str:
    """The scenario of one run, with one gate closed ("none": all are open)."""
    bearing, speed, height = dice.uniform(0.0, 360.0), dice.uniform(25.0, 45.0), dice.uniform(60.0, 200.0)
    zone, radar = dice.uniform(-600.0, 600.0, 2), dice.uniform(-400.0, 400.0, 2)
    values: dict[str, Any] = {"rcs": dice.uniform(-10.0, 0.0), "ru": 12.0, "notch": 2.0, "low": -5.0}
    values |= {"site": "", "sensor": "", "more": ""}
    values |= {"height": height, "speed": speed, "distance": 100.0 * speed, "bearing": bearing}
    out = np.array([np.sin(np.radians(bearing)), np.cos(np.radians(bearing))])
    if gate == "horizon":  # a low drone, and the radar 30 km behind the zone
        radar = zone - 30_000.0 * out
        values |= {"height": dice.uniform(8.0, 20.0), "ru": 3.0}
        values["sensor"] = "max_range_m = 80000.0\nreference_range_m = 90000.0\nfalse_alarms_per_scan = 0.0"
    elif gate == "mask":  # the radar in a bowl
        radar, zone = np.zeros(2), out * dice.uniform(3_500.0, 4_500.0)
        values["site"] = 'terrain = "N33E042.hgt"\nterrain_radius_m = 9000.0'
        values["bearing"] = (bearing + dice.uniform(-60.0, 60.0)) % 360.0
    elif gate == "beam":
        if dice.random() < 0.5:  # it looks above the drone, or the other way
            values["low"] = dice.uniform(45.0, 70.0)
        else:
            radar = zone - 600.0 * out
            values["sensor"] = f"sector_middle_deg = {(bearing + 180.0) % 360.0}\nsector_width_deg = 60.0"
    elif gate == "notch":
        values["notch"] = 60.0
    elif gate == "snr":
        values["rcs"] = dice.uniform(-60.0, -50.0)
    elif gate == "dwell":
        values["sensor"] = f"scan_period_s = {dice.uniform(40.0, 60.0)}"
    elif gate == "association":
        values["more"] = "[track]\nmax_speed_ms = 3.0"
    elif gate == "classification":
        values["more"] = "[warn]\nleast_weight = 1.0"
    elif gate == "policy":
        values["more"] = "[warn]\nconfirm_s = 10000.0\ndrone_confirm_s = 10000.0"
    return SCENE.format(
        gate=gate, e0=zone[0] - 100, e1=zone[0] + 100, n0=zone[1] - 80, n1=zone[1] + 80, te=zone[0], tn=zone[1],
        re=radar[0], rn=radar[1], **values,
    )  # fmt: skip


def write_bowl(path: Path) -> None:
    """A tile of 1 arc minute of flat ground with a ring of hills, 400 m high, 1.5 km around 33.5 N 42.5 E."""
    along = np.arange(1201) / 1200.0
    north = (33.5 - (34.0 - along)) * 111_000.0
    east = ((42.0 + along) - 42.5) * 111_000.0 * np.cos(np.radians(33.5))
    away = np.hypot(*np.meshgrid(east, north))
    heights = 400.0 * np.exp(-(((away - 1_500.0) / 250.0) ** 2))
    path.write_bytes(heights.astype(">i2").tobytes())


def explain_one(gate: str, number: int, folder: Path) -> dict[str, Any]:
    """Run a planted scene and explain it; the entry of its threat."""
    dice = np.random.Generator(
        np.random.Philox(np.random.SeedSequence(SEED, spawn_key=((*GATES, "none").index(gate), number)))
    )
    scenario = parse_scenario(scene(gate, dice), f"planted-{gate}", folder=folder)
    resolved = {**scenario.resolved(), "folder": str(folder)}
    sites = [place.site for place in build_places(scenario)]
    header = make_header(scenario=resolved, scenario_toml="", seed=number, run=0, version="", sites=sites)
    collector = Collector(header)
    done = run_scenario(scenario, seed=number, recorders=(collector,))
    collector.summary(done.summary)
    threat: dict[str, Any] = explain_record(collector.record())["threats"][0]
    return threat


def run(*, quick: bool = False) -> dict[str, Any]:
    """Share of the runs in which the gate that was closed is the one that is named.

    In the row ``none`` every gate is open: right is a drone that is neither missed nor late; what is named there is the
    class that its track ended with being another than its kind.

    Parameters
    ----------
    quick : bool
        12 runs per gate instead of 200.
    """
    n = QUICK_RUNS if quick else RUNS
    results, right_all, n_all = [], 0, 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_bowl(folder / "N33E042.hgt")
        for gate in (*GATES, "none"):
            started = process_time()
            threats = [explain_one(gate, number, folder) for number in range(n)]
            named = Counter(t["gate"] or "none" for t in threats)
            failed = sum(t["missed"] or t["late"] for t in threats)
            right = named[gate] if gate != "none" else n - failed
            if gate != "none":
                right_all, n_all = right_all + right, n_all + n
            ours = {
                "runs": n,
                "named_right": right / n,
                "missed_or_late": failed,
                "named": dict(named.most_common()),
                "cpu_s_per_run": (process_time() - started) / n,
            }
            results.append({"name": gate, "ours": ours, "peer": None, "ratio": None})
    results.append(
        {"name": "all", "ours": {"runs": n_all, "named_right": right_all / n_all}, "peer": None, "ratio": None}
    )
    return {"results": results}
