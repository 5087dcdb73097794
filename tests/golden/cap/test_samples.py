"""Every sample message is taken or refused as it should be, and by the right reason."""

from dataclasses import replace

import pytest

from rampart.wire.cap import read_alert, write_alert
from rampart.wire.message_error import MessageError

GOOD = ("australia.cap", "canada.cap", "earthquake-iso8859-1.cap")
BAD = {
    "canada_errors.cap": "references_missing",
    "earthquake.cap": "not_cap_1_2",
    "invalid.cap": "missing_element",
    "noaa_errors.cap": "not_cap_1_2",
    "xee.cap": "doctype",
}


def test_no_sample_is_forgotten(shared_data):
    assert {path.name for path in shared_data("cap").glob("*.cap")} == {*GOOD, *BAD}


@pytest.mark.parametrize("name", GOOD)
def test_good_messages_are_read_and_written_again(name, shared_data, schema):
    data = shared_data(f"cap/{name}").read_bytes()
    alert = read_alert(data)
    again = write_alert(alert)
    assert replace(read_alert(again), signed=alert.signed) == alert
    assert schema("cap/cap12.xsd", data) is None
    assert schema("cap/cap12.xsd", again) is None


def test_values_of_the_canadian_message(shared_data):
    alert = read_alert(shared_data("cap/canada.cap").read_bytes())
    assert alert.msg_type == "Update"
    assert [r.identifier for r in alert.references] == ["2.49.0.1.124.a3f342a4.2012", "2.49.0.1.124.60f31a3a.2012"]
    english, french = alert.info
    assert (english.language, english.urgency, english.response_type) == ("en-CA", "Past", ("AllClear",))
    assert french.headline == "veille d'orages violents"
    assert english.area[0].polygon[0][0] == (42.3481, -82.9314)
    assert (english.expires_ns - english.effective_ns) == 3600 * 10**9


def test_values_of_the_australian_message(shared_data):
    alert = read_alert(shared_data("cap/australia.cap").read_bytes())
    circle = alert.info[0].area[0].circle[0]
    assert (circle.latitude_deg, circle.longitude_deg, circle.radius_km) == (-35.3888, 147.0598, 25.0)
    assert alert.info[0].get("FuelType") == "Forest"


@pytest.mark.parametrize(("name", "reason"), BAD.items())
def test_bad_messages_are_refused_by_reason(name, reason, shared_data):
    with pytest.raises(MessageError) as found:
        read_alert(shared_data(f"cap/{name}").read_bytes())
    assert found.value.reason == reason


def test_the_schema_alone_takes_a_message_without_references(shared_data, schema):
    assert schema("cap/cap12.xsd", shared_data("cap/canada_errors.cap").read_bytes()) is None
