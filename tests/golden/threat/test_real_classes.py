"""Recorded gliders and fire-fighting aircraft, flown past the simulated radar, are called aircraft; see README.md."""

import gzip
import json
import math

import numpy as np
import pytest

from rampart.physics.environment import Environment
from rampart.records import Site, TargetClass, TrackStatus
from rampart.sensor.radar import Radar3DSpec
from rampart.sensor.sky import Sky
from rampart.threat.recorded import RecordedSpec
from rampart.track import Tracker

PLACE = Site("s", math.radians(46.4), math.radians(14.3), 450.0)
HERE = Environment.standard(latitude_rad=PLACE.latitude_rad, height_m=450.0)
ADSB = {
    "time_column": "timestamp",
    "time_unit": "ms",
    "latitude_column": "latitude",
    "longitude_column": "longitude",
    "height_column": "altitude",
    "height_unit": "ft",
    "threat": False,
    "as_kind": "aircraft",
    "sort": True,
    "smoothing_s": 20.0,
    "above_en_m": [0.0, 0.0],
}
GLIDERS = ("alpi_italiane", "danube_valley", "franconia")


def middle_of(path, aircraft=None):
    """Latitude and longitude in the middle of the longest piece without a hole of two minutes."""
    with gzip.open(path) as stream:
        rows = [r for r in json.load(stream) if aircraft in (None, r["icao24"])]
    rows.sort(key=lambda r: r["timestamp"])
    pieces = np.split(np.arange(len(rows)), np.flatnonzero(np.diff([r["timestamp"] for r in rows]) > 120_000) + 1)
    row = rows[int(np.median(max(pieces, key=len)))]
    return {"anchor_lat_deg": row["latitude"], "anchor_lon_deg": row["longitude"]}


def verdicts(path, *, seconds=400.0, **keys):
    """Class of the longest track of each scan in which the flight is within 12 km, once it is confirmed for 5 s."""
    dice = np.random.Generator(np.random.Philox(4))
    spec = RecordedSpec(id="log", kind="recorded", file=str(path), **ADSB, **keys)
    [flight] = spec.build(PLACE, HERE, dice)
    keys = {"scan_period_s": 2.0, "max_elevation_deg": 89, "minimum_radial_speed_ms": 2.0, "false_alarms_per_scan": 2.0}
    place = [0.0, 0.0, 465.0]
    spec = Radar3DSpec(id="r", kind="radar3d", position_enu_m=place, micro_doppler=True, interrogates=False, **keys)
    site = Site("s", PLACE.latitude_rad, PLACE.longitude_rad, 450.0, sensors=(spec.model(PLACE),))
    radar, tracker = spec.build(site, HERE, 0, dice), Tracker(site, HERE)
    near = np.linalg.norm(flight.position_enu, axis=1) < 12_000.0
    start = float(flight.time_s[np.argmax(near)])
    said, count, since = [], 1, {}
    for scan in range(int(start / 2.0), int((start + seconds) / 2.0)):
        now = radar.schedule.delivery_ns(scan)
        plots = radar.step(now, Sky.build([flight])).records
        plots = plots.replace(number=np.arange(count, count + len(plots)))
        count += len(plots)
        tracks = tracker.step(now, plots).records
        live = np.flatnonzero((tracks.status == TrackStatus.CONFIRMED) & (tracks.hits > 8))
        for i in live:
            first = since.setdefault(int(tracks.number[i]), now)
            if now - first >= 5e9:
                said.append(TargetClass(int(tracks.class_probability[i].argmax())))
    return said


@pytest.mark.parametrize("name", GLIDERS)
def test_a_glider_is_an_aircraft(shared_data, name):
    path = shared_data(f"adsb/{name}.json.gz")
    said = verdicts(path, **middle_of(path))
    assert len(said) > 60
    assert np.mean([kind == TargetClass.AIRCRAFT for kind in said]) >= 0.98


@pytest.mark.parametrize("address", ["a51d5f", "a4e704", "a515f1"])
def test_a_fire_fighting_aircraft_is_an_aircraft(shared_data, address):
    path = shared_data("adsb/calfire.json.gz")
    said = verdicts(path, aircraft=address, height_offset_m=600.0, **middle_of(path, address))
    assert len(said) > 30
    assert np.mean([kind == TargetClass.AIRCRAFT for kind in said]) >= 0.98
