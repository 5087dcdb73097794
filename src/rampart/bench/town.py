"""Town: forty zones in a grid, radars beside them, salvos on it; the site of ``bench delivery`` and ``live``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rampart.pipeline import Place, Scenario, build_world
from rampart.records import Detections
from rampart.sensor.rounds import Rounds
from rampart.sensor.sky import Sky

ZONES = 40
_HEAD = """schema = 1
name = "bench"
{times}
[[site]]
id = "bench"
origin = {{ lat_deg = 45.0, lon_deg = 10.0, height_m = 100.0 }}
"""
_ZONE = """
[[zone]]
id = "z{n}"
polygon_en_m = [[{w}, {s}], [{e}, {s}], [{e}, {t}], [{w}, {t}]]
population = 200
"""
_RADAR = """
[[sensor]]
id = "r{n}"
kind = "radar3d"
position_enu_m = [{east}, {north}, 12.0]
range_sigma_m = 10.0
azimuth_sigma_deg = 0.2
elevation_sigma_deg = 0.2
range_rate_sigma_ms = 1.0
scan_period_s = {period_s}
delay_s = {delay_s}
false_alarms_per_scan = {false_alarms}
reference_range_m = {reference_range_m}
minimum_radial_speed_ms = 25.0
"""
_SALVO = """
[[threat]]
id = "salvo{n}"
kind = "rocket"
count = {count}
spacing_s = 0.5
arrival_s = {arrival_s}
impact_en_m = [{east}, {north}]
spread_m = {spread_m}
from_bearing_deg = {bearing}
time_of_flight_s = 25.0
"""
FIRST_SALVO_S = 28.0
SALVO_S = 15.0  #: between two salvos


def head_text(times: str) -> str:
    """Begin of a scenario; `times`: the keys that say when it is, or how it runs."""
    return _HEAD.format(times=times)


def zones_text(more: str = "") -> str:
    """The zones, 480 m square; `more`: further keys of each."""
    parts = []
    for n in range(ZONES):
        w, s = -2000 + 500 * (n % 8), -1250 + 500 * (n // 8)
        parts.append(_ZONE.format(n=n, w=w, s=s, e=w + 480, t=s + 480) + more)
    return "".join(parts)


def radar_text(n: int, *, period_s: float, delay_s: float, false_alarms: float, reference_range_m: float) -> str:
    """Radar `n`, in a row with the others."""
    return _RADAR.format(
        n=n, east=-1500 + 1000 * n, north=200 * n, period_s=period_s, delay_s=delay_s, false_alarms=false_alarms,
        reference_range_m=reference_range_m,
    )  # fmt: skip


def salvos_text(seconds: float, *, count: int, spread_m: float) -> str:
    """Salvos of rockets on changing places, from changing sides."""
    parts = []
    for n, arrival_s in enumerate(np.arange(FIRST_SALVO_S, seconds, SALVO_S)):
        place = {"east": -1500 + 600 * (n % 6), "north": -800 + 400 * (n % 5), "bearing": 30 + 50 * n % 360}
        parts.append(_SALVO.format(n=n, arrival_s=arrival_s, count=count, spread_m=spread_m, **place))
    return "".join(parts)


class Scan(NamedTuple):
    """What sensors hand over at one time."""

    now_ns: int
    detections: Detections
    heard: tuple[int, ...]


def fly(scenario: Scenario, place: Place, seconds: float) -> Iterator[Scan]:
    """What the sensors hand over, flown without a chain."""
    world = build_world(place, seed=1, run=0)
    sky, rounds = Sky.build(world.flights), Rounds(world.sensors)
    while (now_ns := rounds.next_ns) <= scenario.start_ns + round(seconds * 1e9):
        due = rounds.due(now_ns)
        yield Scan(now_ns, Detections.concat([world.sensors[i].step(now_ns, sky).records for i in due]), tuple(due))
