"""Two captures of real radars: counts, duplicates, physical sense."""

import re

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.records import DetectionFlag
from rampart.wire import Editions, read_source
from rampart.wire.pcap import parse_pcap

RADARS = "asterix/cat_034_048.pcap"
TRACKS = "asterix/cat_062_065.pcap"


def test_radars(shared_data):
    source = read_source(shared_data(RADARS))
    assert source.records == {"34": 34, "48": 128}
    assert source.duplicates == 50  # of 100 datagrams: each came over two networks
    assert source.duplicate_records == 64 + 17
    assert source.rejected == {}
    assert source.skipped == {}
    assert source.unused == {"no_position": 1}
    assert len(source.detections) == 63
    assert source.sensors == ("25/11", "25/12", "25/13", "25/14", "25/201", "25/204", "25/205")
    assert all(status.usable for status in source.status)


def test_radars_make_sense(shared_data):
    found = read_source(shared_data(RADARS)).detections
    age_s = (found.received_ns - found.time_ns) / 1e9
    assert age_s.min() > 0.0
    assert age_s.max() < 3.0
    assert np.ptp(found.received_ns) / 1e9 == pytest.approx(0.44, abs=0.01)
    assert found.range_m.max() < 480e3
    heights = found.height_m[~np.isnan(found.height_m)]
    assert len(heights) > 50
    assert heights.min() > -100.0  # one flies at flight level -1
    assert heights.max() < 14e3
    assert not np.any(found.flags & (DetectionFlag.SIMULATED | DetectionFlag.TEST))
    aircraft = {name for name in found.identity.tolist() if len(name) == 6}
    assert 30 < len(aircraft) <= 63
    # an aircraft that two radars see is at one height
    for name in aircraft:
        levels = found.height_m[found.identity == name]
        assert np.nanmax(levels) - np.nanmin(levels) < 150.0


@pytest.mark.parametrize("edition", ["1.21", "1.27", "1.31", "1.32"])
def test_what_the_edition_changes(shared_data, edition):
    other = read_source(shared_data(RADARS), editions=Editions.parse([f"048={edition}"]))
    ours = read_source(shared_data(RADARS))
    for name in ("time_ns", "range_m", "azimuth_rad", "identity"):
        np.testing.assert_array_equal(getattr(other.detections, name), getattr(ours.detections, name))
    # one aircraft flies at flight level -1, which older editions cannot say: its height is left out, and that is said
    negative = ours.detections.height_m < 0
    assert np.count_nonzero(negative) == 1
    expected = np.where(negative & (edition != "1.32"), np.nan, ours.detections.height_m)
    np.testing.assert_array_equal(other.detections.height_m, expected)
    assert other.unused.get("flight_level", 0) == (edition != "1.32")


def test_system_tracks(shared_data):
    source = read_source(shared_data(TRACKS))
    assert source.records == {"62": 2, "65": 1}
    assert (source.duplicates, source.rejected) == (0, {})
    assert len(source.detections) == 0
    assert source.external.source_track.tolist() == [4713, 6831]
    latitude, longitude = np.degrees(source.external.latitude_rad), np.degrees(source.external.longitude_rad)
    assert np.all((latitude > 40) & (latitude < 43))
    assert np.all((longitude > 14) & (longitude < 21))
    assert np.all((source.external.height_m > 10e3) & (source.external.height_m < 13e3))
    speed = np.linalg.norm(source.external.velocity_xyz_ms[:, :2], axis=1)
    assert np.all((speed > 150) & (speed < 300))


def refusal(data):
    try:
        parse_pcap(data, "radars.pcap")
    except InputError as error:
        return str(error)
    return None


def test_cut_anywhere_gives_one_line(shared_data):
    data = shared_data(RADARS).read_bytes()
    for n in range(0, len(data), 7):
        said = refusal(data[:n])
        assert said is None or re.fullmatch(r"radars\.pcap: .*octet \d+.*", said)
