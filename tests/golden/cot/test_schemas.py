"""Every kind of event that a run gives satisfies the base schema of MITRE, and its details theirs."""

import pytest

from rampart.records import AlertStatus
from rampart.study import run
from rampart.wire.cot import CotFeed, read_event, write_event
from rampart.words import Notice

PARTS = ("contact", "remarks", "shape", "track")


@pytest.fixture(scope="module", params=["bdsc-rocket", "asad-drones"])
def events(request):
    """Up to 400 events of a run, all of its warnings among them."""
    (site_run,) = run(request.param, seed=7).sites
    feed = CotFeed(site_run.place.site)
    said, shown = [feed.notice(notice, 0, 0, AlertStatus.TEST) for notice in Notice], []
    for out in site_run.outputs:
        said += feed.warnings(out.warnings)
        if len(shown) < 400:
            shown += feed.tracks(out.tracks) + feed.predictions(out.predictions, out.tracks)
    kinds = {event.uid.rpartition(".")[2][:1] for event in said + shown}
    assert {"T", "W"} <= kinds
    return said + shown


def test_events_satisfy_the_base_schema(events, schema):
    for event in events:
        data = write_event(event)
        assert schema("cot/xsd/cot_base_event.xsd", data) is None
        again = read_event(data)
        assert (again.uid, again.type, again.detail) == (event.uid, event.type, event.detail)


@pytest.mark.parametrize("part", PARTS)
def test_details_satisfy_their_schemas(events, schema, part):
    etree = pytest.importorskip("lxml.etree", reason="lxml is not installed")
    found = 0
    for event in events:
        element = etree.fromstring(write_event(event)).find(f"detail/{part}")
        if element is not None:
            found += 1
            assert schema(f"cot/xsd/cot_{part}.xsd", etree.tostring(element)) is None
    assert found
