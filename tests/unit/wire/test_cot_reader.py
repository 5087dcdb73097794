"""CoT: what the reader takes and what it refuses, by reason."""

import math

import pytest

from rampart.wire.cot import Event, check_event, read_event, write_event
from rampart.wire.message_error import MessageError
from rampart.wire.xml import Element

GOOD = (
    "<event version='2.0' uid='u1' type='a-u-A' how='m-f' time='2021-07-05T21:00:19.600Z' "
    "start='2021-07-05T21:00:19Z' stale='2021-07-05T21:00:29+00:00'>"
    "<point lat='33.3' lon='44.4' hae='9999999.0' ce='12.5' le='9999999'/><detail><contact callsign='x'/></detail>"
    "</event>"
)
NOW_NS = 1_625_518_819 * 10**9


def event(**changes):
    values = {"uid": "u1", "type": "a-u-A", "how": "m-f", "time_ns": NOW_NS, "start_ns": NOW_NS,
              "stale_ns": NOW_NS + 10**10, "latitude_deg": 33.3, "longitude_deg": 44.4}  # fmt: skip
    return Event(**{**values, **changes})


def reason(data):
    with pytest.raises(MessageError) as found:
        read_event(data.encode() if isinstance(data, str) else data)
    return found.value.reason


def test_a_good_event():
    read = read_event(GOOD.encode())
    assert (read.uid, read.type, read.how) == ("u1", "a-u-A", "m-f")
    assert (read.time_ns - read.start_ns, read.stale_ns - read.start_ns) == (600_000_000, 10**10)
    assert (read.latitude_deg, read.longitude_deg, read.ce_m) == (33.3, 44.4, 12.5)
    assert math.isnan(read.hae_m)
    assert math.isnan(read.le_m)
    assert read.part("contact").attributes["callsign"] == "x"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<point lat='33.3' lon='44.4' hae='9999999.0' ce='12.5' le='9999999'/>", "", "missing_element"),
        (" lat='33.3'", "", "missing_attribute"),
        (" ce='12.5'", "", "missing_attribute"),
        (" stale='2021-07-05T21:00:29+00:00'", "", "missing_attribute"),
        (" version='2.0'", "", "missing_attribute"),
        ("version='2.0'", "version='1.1'", "version"),
        ("version='2.0'", "version='two'", "number"),
        ("lat='33.3'", "lat='nan'", "number"),
        ("lat='33.3'", "lat='1e999'", "position"),
        ("lat='33.3'", "lat='90.1'", "position"),
        ("lon='44.4'", "lon='-180.1'", "position"),
        ("ce='12.5'", "ce='-1'", "error_size"),
        ("hae='9999999.0'", "hae='-1e400'", "position"),
        ("type='a-u-A'", "type='a--A'", "type"),
        ("type='a-u-A'", "type=''", "type"),
        ("how='m-f'", "how='mf'", "how"),
        ("how='m-f'", "how='m-f' qos='high'", "qos"),
        ("uid='u1'", "uid=''", "uid"),
        ("uid='u1'", f"uid='{'x' * 300}'", "uid"),
        ("start='2021-07-05T21:00:19Z'", "start='2021-07-05T21:00:30Z'", "stale_before_start"),
        ("start='2021-07-05T21:00:19Z'", "start='yesterday'", "time"),
        ("start='2021-07-05T21:00:19Z'", "start='2021-13-05T21:00:19Z'", "time"),
        ("<detail>", "<detail/><detail>", "repeated_element"),
        ("<detail>", "<other/><detail>", "unknown_element"),
        ("<event ", "<!DOCTYPE event><event ", "doctype"),
        ("<event ", "<event xmlns='urn:x' ", "not_cot"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(old, new, expected):
    assert old in GOOD
    assert reason(GOOD.replace(old, new, 1)) == expected


def test_an_event_of_another_name_or_too_long_is_refused():
    assert reason("<Event/>") == "not_cot"
    assert reason(GOOD.replace("callsign='x'", f"callsign='{'x' * 70_000}'")) == "too_long"
    assert reason("") == "empty"
    assert reason(GOOD[:-3]) == "not_well_formed"


def test_what_tak_clients_send_besides_the_schema_is_read():
    read = read_event(GOOD.replace("lon='44.4'", "lon='4.44E1'").replace("<event ", "<event caveat='x' ").encode())
    assert read.longitude_deg == 44.4
    assert read_event(GOOD.replace("stale='2021-07-05T21:00:29+00:00'", "stale='2021-07-05T21:00:29'").encode())


def test_octets_of_an_event():
    made = event(
        ce_m=12.34,
        hae_m=-0.04,
        opex="s",
        qos="1-r-c",
        detail=Element("detail", children=[Element("contact", attributes={"callsign": 'a "b" <c> \x00'})]),
    )
    assert write_event(made).decode() == (
        '<event version="2.0" uid="u1" type="a-u-A" how="m-f" time="2021-07-05T21:00:19.000Z" '
        'start="2021-07-05T21:00:19.000Z" stale="2021-07-05T21:00:29.000Z" qos="1-r-c" opex="s">'
        '<point lat="33.3000000" lon="44.4000000" hae="0.0" ce="12.3" le="9999999.0" />'
        '<detail><contact callsign="a &quot;b&quot; &lt;c&gt; \ufffd" /></detail></event>'
    )
    with_declaration = write_event(made, declaration=True)
    assert with_declaration.startswith(b"<?xml")
    assert read_event(with_declaration).uid == "u1"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"uid": " "}, "uid"),
        ({"uid": "a\nb"}, "uid"),
        ({"type": "a u"}, "type"),
        ({"latitude_deg": math.nan}, "position"),
        ({"hae_m": math.inf}, "position"),
        ({"ce_m": -1.0}, "error_size"),
        ({"le_m": math.inf}, "error_size"),
        ({"stale_ns": NOW_NS - 1}, "stale_before_start"),
    ],
)
def test_a_bad_event_is_not_written(changes, expected):
    with pytest.raises(MessageError, match=expected):
        write_event(event(**changes))
    check_event(event())
