"""CoT: what the chain says becomes events that say no more than is known, and that go by themselves."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rampart.records import (
    AlertStatus,
    DetectionFlag,
    Phase,
    PredictionKind,
    Predictions,
    TargetClass,
    Tracks,
    TrackStatus,
)
from rampart.wire.cot import CotFeed, read_event, write_event
from rampart.wire.cot.frame import UNDULATION_SIGMA_M
from rampart.wire.cot.shape import principal_axes
from rampart.words import Notice

from .messages import SENT_NS, ordered, site, warnings

SECOND = 10**9


def tracks(*kinds, status=TrackStatus.CONFIRMED, probability=0.95, flags=DetectionFlag.SIMULATED, sensors=1):
    n = len(kinds)
    classes = np.full((n, len(TargetClass)), (1.0 - probability) / (len(TargetClass) - 1))
    classes[range(n), [int(k) for k in kinds]] = probability
    return Tracks.build(
        n,
        number=range(1, n + 1),
        time_ns=[SENT_NS] * n,
        state=[[1000.0, 2000.0, 500.0, -30.0, -40.0, 50.0]] * n,
        covariance=[np.diag([25.0, 9.0, 16.0, 1.0, 1.0, 1.0])] * n,
        class_probability=classes,
        existence=[0.99] * n,
        status=[int(status)] * n,
        flags=[int(flags)] * n,
        sensors=[sensors] * n,
    )


def falls(**columns):
    values = {
        "track": [1], "time_ns": [SENT_NS], "kind": [int(PredictionKind.IMPACT)], "weight": [0.9],
        "position_enu": [[1000.0, 2000.0, 500.0]], "position_covariance": [np.diag([25.0, 9.0])],
        "impact_enu": [[10.0, 150.0, 0.0]], "impact_covariance": [np.diag([400.0, 100.0])],
        "impact_ns": [SENT_NS + 20 * SECOND], "impact_sigma_s": [0.5], "launch_enu": [[4000.0, 3000.0, 0.0]],
        "launch_covariance": [np.diag([2500.0, 100.0])], "ellipse_major_m": [42.9], "ellipse_minor_m": [21.5],
        "ellipse_azimuth_rad": [math.pi / 2], "ellipse_probability": [0.9],
    }  # fmt: skip
    return Predictions.build(1, **{**values, **columns})


def feed(**options):
    return CotFeed(site(), **options)


def own(event):
    return event.part("__rampart").attributes


def types(*kinds, after=None, **options):
    one = feed()
    if after is not None:
        one.warnings(after)
    return [event.type for event in one.tracks(tracks(*kinds, **options))]


def test_types_say_no_more_than_is_known():
    every = (TargetClass.ROCKET, TargetClass.MULTIROTOR, TargetClass.FIXED_WING, TargetClass.BIRD, TargetClass.AIRCRAFT)
    assert types(*every) == ["a-s-A-W", "a-s-A-M-H-Q", "a-s-A-M-F-Q", "a-u-A", "a-u-A"]
    assert types(*every, probability=0.4) == ["a-u-A"] * 5
    assert types(TargetClass.SHELL, status=TrackStatus.TENTATIVE) == ["a-p-A-W"]
    assert types(TargetClass.UNKNOWN) == ["a-u-A"]


def test_hostile_needs_a_sure_class_and_a_zone_that_is_warned_of_it():
    warned = warnings(Phase.SHELTER, tracks=[(1,)])
    over = warnings(Phase.SHELTER, Phase.RELEASE, tracks=[(1,), (1,)])
    assert types(TargetClass.ROCKET, after=warned) == ["a-h-A-W"]
    assert types(TargetClass.ROCKET, after=warned, probability=0.8) == ["a-s-A-W"]
    assert types(TargetClass.ROCKET, after=over) == ["a-s-A-W"]
    assert types(TargetClass.MULTIROTOR, after=warned) == ["a-s-A-M-H-Q"]
    assert types(TargetClass.BIRD, after=warned) == ["a-u-A"]


def test_nothing_is_ever_friend_or_neutral():
    for status in TrackStatus:
        assert not {t[2] for t in types(*TargetClass, status=status)} & set("fna")


def test_clutter_and_deleted_tracks_are_left_out():
    assert types(TargetClass.CLUTTER) == []
    assert types(TargetClass.ROCKET, status=TrackStatus.DELETED) == []


def test_a_track_says_where_how_fast_and_how_sure():
    (event,) = feed(undulation_m=-2.0).tracks(tracks(TargetClass.ROCKET))
    assert event.uid == "rampart.embassy.T1"
    assert event.stale_ns - event.time_ns == 10 * SECOND
    assert event.ce_m == 5.0
    assert event.le_m == 4.0
    assert event.hae_m == pytest.approx(500.0 + 34.0 - 2.0, abs=0.5)
    motion = event.part("track").attributes
    assert float(motion["course"]) == pytest.approx(180.0 + math.degrees(math.atan2(30, 40)), abs=0.06)
    assert float(motion["speed"]) == pytest.approx(math.sqrt(900 + 1600 + 2500), abs=0.06)
    assert float(motion["slope"]) == 45.0
    assert own(event)["track"] == "embassy/T1"
    assert own(event)["class"] == "rocket"
    assert own(event)["class_probability"] == "0.950"


def test_without_the_undulation_the_height_is_that_much_less_sure():
    (event,) = feed().tracks(tracks(TargetClass.ROCKET))
    assert event.le_m == pytest.approx(math.hypot(4.0, UNDULATION_SIGMA_M))


def test_how_tells_fused_predicted_and_simulated():
    live = feed(live=True)
    how = {
        (sensors, status): live.tracks(tracks(TargetClass.ROCKET, status=status, sensors=sensors, flags=0))[0].how
        for sensors in (1, 3)
        for status in (TrackStatus.CONFIRMED, TrackStatus.COASTED)
    }
    assert list(how.values()) == ["m-p", "m-p", "m-f", "m-p"]
    assert feed().tracks(tracks(TargetClass.ROCKET, sensors=3))[0].how == "m-s"


@pytest.mark.parametrize(
    ("live", "flags", "word", "opex"),
    [
        (True, 0, "", "o"),
        (True, DetectionFlag.SIMULATED, "EXERCISE", "s"),
        (True, DetectionFlag.TEST, "TEST", "e"),
        (False, 0, "EXERCISE", "e"),
        (False, DetectionFlag.SIMULATED, "EXERCISE", "s"),
    ],
)
def test_what_is_not_meant_says_so_on_the_map_and_in_the_remarks(live, flags, word, opex):
    one = feed(live=live)
    held = tracks(TargetClass.ROCKET, flags=flags)
    for event in (*one.tracks(held), *one.predictions(falls(), held)):
        callsign, remarks = event.part("contact").attributes["callsign"], event.part("remarks").text
        assert event.opex == opex
        assert (event.how == "m-s") == bool(word)
        assert callsign.startswith(word or "embassy")
        assert remarks.startswith(f"{word}, not real. ") == bool(word)


def test_an_impact_is_an_ellipse_that_goes_soon_after_the_impact():
    impact, launch = feed().predictions(falls(), tracks(TargetClass.ROCKET))
    assert impact.uid == "rampart.embassy.T1.impact"
    assert impact.type == launch.type == "b-m-p-s-m"
    (shape,) = impact.part("shape").children
    assert shape.attributes == {"major": "42.9", "minor": "21.5", "angle": "90.0"}
    assert impact.ce_m == 20.0
    assert math.isnan(impact.le_m)
    assert 20 * SECOND < impact.stale_ns - impact.time_ns <= 60 * SECOND
    assert launch.uid == "rampart.embassy.T1.launch"
    (shape,) = launch.part("shape").children
    assert float(shape.attributes["major"]) == pytest.approx(50.0 * 2.146, abs=0.1)
    assert float(shape.attributes["angle"]) == 90.0


def test_unlikely_threats_and_unknown_launch_points_are_not_drawn():
    held = tracks(TargetClass.ROCKET)
    assert feed().predictions(falls(weight=[0.4]), held) == []
    unknown = falls(launch_enu=[[math.nan] * 3])
    assert [e.uid.rpartition(".")[2] for e in feed().predictions(unknown, held)] == ["impact"]


def test_a_drone_has_a_corridor():
    reach = falls(kind=[int(PredictionKind.REACH)], impact_enu=[[1000.0, -1000.0, 0.0]])
    (event,) = feed().predictions(reach, tracks(TargetClass.MULTIROTOR))
    assert event.uid == "rampart.embassy.T1.reach"
    vertices = event.part("shape").children[0].children
    lon = [float(v.attributes["lon"]) for v in vertices]
    lat = [float(v.attributes["lat"]) for v in vertices]
    metre = 111_320 * math.cos(math.radians(33.3))
    assert max(lat) - min(lat) == pytest.approx(3000.0 / 110_900, rel=0.01)
    assert (max(lon) - min(lon)) * metre == pytest.approx(4 * 20.0, rel=0.02)
    assert (max(lon[:2]) - min(lon[:2])) * metre == pytest.approx(4 * 5.0, rel=0.02)


def test_a_warning_is_one_marker_that_changes_and_goes():
    phases = (Phase.PREPARE, Phase.SHELTER, Phase.RELEASE)
    events = feed().warnings(warnings(*phases))
    assert {e.uid for e in events} == {"rampart.embassy.W1"}
    assert len({e.part("color").attributes["argb"] for e in events}) == 3
    for event, phase in zip(events, phases, strict=True):
        assert not event.type.startswith("u-d")
        assert event.part("archive") is None
        assert own(event)["phase"] == phase.label
        assert phase.label.upper() in event.part("contact").attributes["callsign"]
        assert event.part("shape").children[0].attributes["closed"] == "true"
        assert event.qos == "9-r-d"
    assert events[2].stale_ns - events[2].time_ns == 60 * SECOND
    assert events[1].stale_ns > events[1].time_ns + 600 * SECOND
    assert "impact passed" in events[2].part("remarks").text
    assert events[0].ce_m == pytest.approx(math.hypot(150.0, 100.0))


def test_actual_is_shown_only_where_both_warning_and_feed_are_live():
    rows = warnings(Phase.SHELTER, status=[AlertStatus.ACTUAL])
    (real,), (drill,) = feed(live=True).warnings(rows), feed().warnings(rows)
    assert real.opex == "o"
    assert "EXERCISE" not in real.part("contact").attributes["callsign"] + real.part("remarks").text
    assert drill.opex == "s"
    assert drill.part("contact").attributes["callsign"].startswith("EXERCISE SHELTER")


def test_lost_cover_is_shown():
    event = feed(live=True).notice(Notice.COVERAGE_LOST, 0, SENT_NS, AlertStatus.ACTUAL)
    assert event.uid == "rampart.embassy.cover.north"
    assert event.part("contact").attributes["callsign"] == "NO COVER North compound"
    assert "does not mean that you are safe" in event.part("remarks").text
    back = feed(live=True).notice(Notice.COVERAGE_BACK, 0, SENT_NS, AlertStatus.ACTUAL)
    assert back.uid == event.uid
    assert back.part("color") != event.part("color")


def test_a_session_keeps_tracks_of_two_runs_apart():
    assert feed(session="b2").tracks(tracks(TargetClass.ROCKET))[0].uid == "rampart.embassy.b2.T1"


def test_same_input_same_octets():
    def octets():
        one, held = feed(), tracks(*TargetClass)
        events = one.warnings(warnings(Phase.SHELTER)) + one.tracks(held) + one.predictions(falls(), held)
        return [write_event(event) for event in events]

    assert octets() == octets()


def test_hostile_names_do_not_break_the_event():
    bad = CotFeed(replace(site(name='<event> "]]>\x00 &amp;'), id="a<b"))
    (event,) = bad.warnings(warnings(Phase.SHELTER))
    read = read_event(write_event(event))
    assert read.uid == "rampart.a<b.W1"
    assert "<event>" in read.part("contact").attributes["callsign"]


@pytest.mark.parametrize("azimuth", [0.0, 0.3, 1.2, 2.0, 3.0])
def test_principal_axes(azimuth):
    axis = np.array([math.sin(azimuth), math.cos(azimuth)])
    side = np.array([axis[1], -axis[0]])
    big, small, found = principal_axes(400.0 * np.outer(axis, axis) + 25.0 * np.outer(side, side))
    assert big == pytest.approx(400.0)
    assert small == pytest.approx(25.0)
    assert math.cos(2 * (found - azimuth)) == pytest.approx(1.0)


def test_an_operators_warning_is_shown_with_its_reason_and_without_a_probability():
    [event] = CotFeed(site()).warnings(ordered())
    sent = write_event(event).decode()
    assert "(seen from the tower)" in sent
    assert "nan" not in sent
    assert read_event(sent.encode()).uid == event.uid
