"""Events of ATAK-CIV are read, with the values they have."""

import math

import pytest

from rampart.wire.cot import EventStream, read_event, write_event

TYPES = {
    "drawing_circle.cot": "u-d-c-c",
    "drawing_free_form.cot": "u-d-f",
    "geo_fence.cot": "u-d-c-c",
    "marker_2525.cot": "a-u-G",
    "marker_spot.cot": "b-m-p-s-m",
    "route.cot": "b-m-r",
}


def test_no_sample_is_forgotten(shared_data):
    assert {path.name for path in shared_data("cot").glob("*.cot")} == set(TYPES)


@pytest.mark.parametrize(("name", "kind"), TYPES.items())
def test_every_sample_is_read_and_written_again(name, kind, shared_data, schema):
    event = read_event(shared_data(f"cot/{name}").read_bytes())
    assert event.type == kind
    assert math.isnan(event.hae_m)
    assert math.isnan(event.ce_m)
    again = write_event(event)
    assert schema("cot/xsd/cot_base_event.xsd", again) is None
    read = read_event(again)
    assert read.detail == event.detail
    assert read.latitude_deg == pytest.approx(event.latitude_deg, abs=1e-7)
    assert (read.uid, read.time_ns, read.stale_ns) == (event.uid, event.time_ns, event.stale_ns)


def test_values_of_the_circle(shared_data):
    event = read_event(shared_data("cot/drawing_circle.cot").read_bytes())
    assert event.latitude_deg == 38.83737606453269
    assert event.part("shape").find("ellipse").attributes["major"] == "226.98412686380018"
    assert event.part("contact").attributes["callsign"] == "Drawing Circle 1"
    assert event.stale_ns - event.start_ns == 86_400 * 10**9


def test_the_samples_as_one_stream(shared_data):
    files = [shared_data(f"cot/{name}").read_bytes() for name in TYPES]
    stream, events = EventStream(), []
    joined = b"".join(files)
    for i in range(0, len(joined), 100):
        events += stream.feed(joined[i : i + 100])
    assert [read_event(event).type for event in events] == list(TYPES.values())
