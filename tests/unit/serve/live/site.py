"""A live site with one radar, and a sky for it."""

import time

import numpy as np

from rampart.pipeline import LIVE_ROOMS, parse_scenario
from rampart.records import DetectionFlag, Detections
from rampart.wire.asterix import report_datagrams, turn_datagrams

SECOND = 1_000_000_000
TEXT = """
schema = 1
name = "camp"
[[site]]
id = "camp"
origin = { lat_deg = 33.30, lon_deg = 44.39, height_m = 34.0 }
[[zone]]
id = "north"
polygon_en_m = [[-150, 50], [150, 50], [150, 250], [-150, 250]]
shelter_time_s = 10.0
[[sensor]]
id = "r1"
kind = "radar3d"
position_enu_m = [0.0, 0.0, 12.0]
range_sigma_m = 10.0
azimuth_sigma_deg = 0.2
elevation_sigma_deg = 0.2
range_rate_sigma_ms = 1.0
scan_period_s = 0.5
delay_s = 0.1
false_alarms_per_scan = 20.0
reference_range_m = 12000.0
minimum_radial_speed_ms = 25.0
"""
FEED = """
[[feed]]
id = "radar"
kind = "asterix"
address = "udp://127.0.0.1:0"
editions = { "015" = "1.2", "034" = "1.29", "048" = "1.32" }
sensors = { r1 = "25/201" }
"""
SOURCE = (25, 201)


def live_site(text=TEXT + FEED, path="camp.toml"):
    return parse_scenario(text, path, rooms=LIVE_ROOMS)


def until(condition, within_s=15.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def reports(now_ns, n=3, flags=DetectionFlag.NONE, range_m=5000.0):
    """Reports that were measured 0.1 s before they come."""
    return Detections.build(
        number=np.arange(1, n + 1),
        time_ns=np.full(n, now_ns - SECOND // 10),
        received_ns=np.full(n, now_ns),
        sensor=np.zeros(n, int),
        range_m=range_m + 100.0 * np.arange(n),
        azimuth_rad=np.full(n, 0.5),
        elevation_rad=np.full(n, 0.2),
        range_rate_ms=np.full(n, -200.0),
        range_sigma_m=np.full(n, 10.0),
        azimuth_sigma_rad=np.full(n, 0.003),
        elevation_sigma_rad=np.full(n, 0.003),
        range_rate_sigma_ms=np.full(n, 1.0),
        flags=np.full(n, int(flags), np.uint8),
    )


def datagram(now_ns, **more):
    """The octets of one datagram of CAT015."""
    return report_datagrams(reports(now_ns, **more), [SOURCE])[0].payload


def marker(now_ns):
    """The octets of a north marker of CAT034."""
    return turn_datagrams(SOURCE, [now_ns], 0.5)[0].payload
