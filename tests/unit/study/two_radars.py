"""A site with two radars and one rocket, and recordings of it."""

from pathlib import Path

from rampart.ledger import RecordingReader
from rampart.pipeline import Scenario, parse_scenario, restore_scenario
from rampart.study.files import run_to_folder

SCENE = """
schema = 1
name = "two-radars"
start = 2021-07-05T21:00:00Z
duration_s = 48.0
[[site]]
id = "s"
origin = { lat_deg = 33.3, lon_deg = 44.4, height_m = 34.0 }
[[zone]]
id = "north"
polygon_en_m = [[-150, 50], [150, 50], [150, 250], [-150, 250]]
population = 400
shelter_time_s = 10.0
[[sensor]]
id = "r1"
kind = "radar3d"
position_enu_m = [0.0, 0.0, 12.0]
reference_range_m = 2500.0
scan_period_s = 1.0
false_alarms_per_scan = 5.0
[[sensor]]
id = "r2"
kind = "radar3d"
position_enu_m = [900.0, -400.0, 12.0]
false_alarms_per_scan = 3.0
[[threat]]
id = "rocket"
kind = "rocket"
arrival_s = 40.0
impact_en_m = [0.0, 150.0]
spread_m = 10.0
from_bearing_deg = 65.0
time_of_flight_s = 25.0
"""


def recorded(folder: Path, text: str = SCENE, seed: int = 4) -> Path:
    """The recording of one run, made in a folder."""
    run_to_folder(parse_scenario(text, "scene.toml"), folder, seed=seed)
    return folder / "recording.mcap"


def scenario_of(path: Path, overrides: tuple[str, ...] = ()) -> Scenario:
    """The scenario that a recording holds."""
    return restore_scenario(RecordingReader(path).header["scenario"], str(path), overrides=overrides)
