"""What waits for a TAK server: warnings twice, tracks once per second, nothing that does not expire."""

import math
import time
from itertools import pairwise

import pytest
from pydantic import ValidationError

from rampart.errors import InputError
from rampart.records import AlertStatus, Phase, TrackStatus
from rampart.serve.channels.cot import CotSpec
from rampart.serve.channels.cot_desk import CotDesk
from rampart.serve.delivery import Setting, Urgency
from rampart.wire.cot import CotFeed, read_event
from rampart.words import Notice

from .raid import SECOND, START, warning
from .tak import picture


def desk(site, live=False, launch_points=False, **options):
    return CotDesk(site, CotFeed(site, live=live, launch_points=launch_points), **options)


def names(messages):
    return [m.key.removeprefix("rampart.embassy.") for m in messages]


def test_a_warning_is_an_event_and_a_state_with_the_same_octets(site):
    step = picture(3, now_ns=START, warnings=[warning()])
    event, state, *pictures = desk(site).encode(step)
    assert (event.urgency, state.urgency) == (Urgency.WARNING, Urgency.STATE)
    assert event.body == state.body
    assert event.bulletin == state.bulletin
    assert event.bulletin.name == "embassy/W1"
    assert {m.urgency for m in pictures} == {Urgency.PICTURE}
    assert names([event, *pictures]) == ["W1", "T3", "T3.impact"]


def test_every_body_satisfies_the_base_schema(site, schema):
    for declaration in (False, True):
        d = desk(site, launch_points=True, declaration=declaration)
        messages = list(d.encode(picture(1, 2, now_ns=START, warnings=[warning()])))
        messages += d.notice(Notice.COVERAGE_LOST, 0, START, AlertStatus.EXERCISE)
        for message in messages:
            assert schema("cot/xsd/cot_base_event.xsd", message.body) is None


def test_everything_expires_when_its_event_is_stale(site):
    messages = list(desk(site, launch_points=True).encode(picture(1, now_ns=START, warnings=[warning()])))
    messages += desk(site).notice(Notice.COVERAGE_LOST, 0, START, AlertStatus.EXERCISE)
    assert len(messages) == 6
    for message in messages:
        event = read_event(message.body)
        assert event.stale_ns // 10**6 == message.expires_ns // 10**6
        assert START < message.expires_ns <= START + 3600 * SECOND
        assert event.how == "m-s"
        assert "EXERCISE" in event.part("remarks").text


def test_a_track_is_told_once_per_second_and_the_newest_wins(site):
    d, told = desk(site), []
    for i in range(41):  # ten steps per second
        messages = d.encode(picture(1, 2, now_ns=START + i * SECOND // 10, east=float(i)))
        told += [(m.key, read_event(m.body).longitude_deg) for m in messages if m.key.endswith(("T1", "T2"))]
    assert len(told) == 2 * 5
    ours = [longitude for key, longitude in told if key.endswith("T1")]
    metre = 1.0 / (math.radians(1.0) * 6.38e6 * math.cos(math.radians(33.3)))
    steps = [(b - a) / metre for a, b in pairwise(ours)]
    assert steps == pytest.approx([10.0] * 4, rel=0.02), "each is that of its second, not of the one before"


def test_a_change_of_status_and_a_warning_are_told_at_once(site):
    d = desk(site)
    assert names(d.encode(picture(3, now_ns=START, status=TrackStatus.TENTATIVE)))[0] == "T3"
    assert list(d.encode(picture(3, now_ns=START + 1, status=TrackStatus.TENTATIVE))) == []
    assert names(d.encode(picture(3, now_ns=START + 2)))[0] == "T3"
    said = list(d.encode(picture(3, now_ns=START + 3, warnings=[warning(time_ns=START + 3)])))
    assert names(said) == ["W1", "W1", "T3", "T3.impact"]
    assert read_event(said[2].body).type == "a-h-A-W", "hostile: a zone is warned of it"


def test_launch_points_and_tracks_only_where_they_are_wanted(site):
    step = picture(1, now_ns=START)
    assert names(desk(site).encode(step)) == ["T1", "T1.impact"]
    assert names(desk(site, launch_points=True).encode(step)) == ["T1", "T1.impact", "T1.launch"]
    assert names(desk(site, pictures=False).encode(step)) == []


def test_datagrams_are_said_again_while_they_hold(site):
    d = desk(site, repeat_s=5.0, declaration=True)
    said = list(d.encode(picture(1, now_ns=START, warnings=[warning()])))
    lost = list(d.notice(Notice.COVERAGE_LOST, 1, START, AlertStatus.EXERCISE))
    assert all(m.body.startswith(b"<?xml") for m in said + lost)
    assert names(d.tick(START + 5 * SECOND)) == ["W1", "cover.south"]
    assert names(d.tick(START + 6 * SECOND)) == []
    over = warning(sequence=1, phase=Phase.RELEASE, time_ns=START + 7 * SECOND)
    list(d.encode(picture(1, now_ns=START + 7 * SECOND, warnings=[over])))
    (release, _) = d.tick(START + 10 * SECOND)
    assert "RELEASE" in read_event(release.body).part("contact").attributes["callsign"]
    assert names(d.tick(START + 100 * SECOND)) == ["cover.south"], "a release is over after a minute"
    assert names(d.tick(START + 700 * SECOND)) == []


def test_a_stream_says_nothing_again_by_itself(site):
    d = desk(site)
    list(d.encode(picture(1, now_ns=START, warnings=[warning()])))
    assert list(d.tick(START + 60 * SECOND)) == []


def spec(**values):
    return CotSpec.model_validate({"id": "tak", "kind": "cot", "url": "tcp://127.0.0.1:8087", **values}, strict=True)


@pytest.mark.parametrize(
    "values",
    [
        {"url": "http://127.0.0.1"},
        {"url": "tcp://"},
        {"url": "tcp://a b"},
        {"url": "tcp://user:secret@host"},
        {"url": "udp://239.2.3.1:99999"},
        {"interface": "eth0"},
        {"hops": 0},
        {"track_s": -1.0},
        {"verify": False},
        {"undulation_m": 500.0},
    ],
)
def test_a_bad_key_is_refused(values):
    with pytest.raises(ValidationError):
        spec(**values)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"url": "tls://tak.example"}, "needs certificate_file"),
        ({"ca_file": "ca.pem"}, "are for tls://"),
        ({"interface": "127.0.0.1"}, "is for udp://"),
        ({"url": "tls://tak.example", "certificate_file": "us.pem", "key_file": "us.key"}, "us.pem: out 'tak'"),
    ],
)
def test_what_cannot_work_is_said_at_the_start_in_one_line(site, tmp_path, values, says):
    with pytest.raises(InputError, match=says) as caught:
        spec(**values).build(site, Setting(time.time_ns, folder=tmp_path))
    assert "\n" not in str(caught.value)
    assert "tak" in str(caught.value)


def test_a_file_that_is_no_certificate_is_named(site, tmp_path):
    (tmp_path / "us.pem").write_text("hello")
    values = {"url": "tls://tak.example", "certificate_file": "us.pem"}
    with pytest.raises(InputError, match="no good certificate or key"):
        spec(**values).build(site, Setting(time.time_ns, folder=tmp_path))


def test_the_session_stands_in_every_uid(site):
    out = spec().build(site, Setting(time.time_ns, session="s7"))
    (message, *_) = out.encoder.encode(picture(1, now_ns=START))
    assert message.key == "rampart.embassy.s7.T1"
