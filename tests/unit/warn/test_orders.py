"""Operators: warn, hold, cancel and release of zones, at once and with a reason."""

import json

import pytest

from rampart.records import AlertStatus, DecisionKind, Decisions, DetectionFlag, Phase, TargetClass, decide
from rampart.warn import Warner

from .pictures import SECOND, Clock, Rocket, site

WARN, HOLD, CANCEL, RELEASE = (DecisionKind[name] for name in ("WARN", "HOLD", "CANCEL", "RELEASE"))


@pytest.fixture
def clock():
    return Clock(Warner(site()))


def told(rows):
    return [(int(r.zone), Phase(r.phase).label, str(r.reason), int(r.decision)) for r in rows]


def test_an_operator_warns_a_zone_at_once_with_the_reason(clock):
    clock.step(1.0)
    rows = clock.decide(5.0, WARN, "south")
    assert told(rows) == [(1, "shelter", "seen from the tower", 1)]
    row = rows[0]
    assert (row.tracks, row.target_class, row.received_ns) == ((), TargetClass.UNKNOWN, 0)
    assert row.time_to_impact_s != row.time_to_impact_s
    assert row.probability != row.probability
    assert (clock.shown(0), clock.shown(1)) == ("quiet", "shelter")


def test_prepare_may_be_ordered_and_rises_with_a_second_decision(clock):
    assert told(clock.decide(5.0, WARN, "north", phase=Phase.PREPARE))[0][1] == "prepare"
    assert told(clock.decide(6.0, WARN, "north", reason="launch heard"))[0][1:3] == ("shelter", "launch heard")
    assert told(clock.decide(7.0, WARN, "north", phase=Phase.PREPARE))[0][1] == "shelter"  # never falls back
    assert [int(r.sequence) for r in clock.said] == [0, 1, 2]
    assert len({int(r.number) for r in clock.said}) == 1


def test_an_ordered_warning_ends_by_release_and_is_never_called_a_false_alarm(clock):
    clock.decide(5.0, WARN, "north")
    assert told(clock.decide(9.0, RELEASE, "north", reason="all seen down")) == [(0, "release", "all seen down", 2)]
    assert clock.shown(0) == "release"
    clock.step(70.0)
    assert clock.shown(0) == "quiet"


def test_an_ordered_warning_runs_out_and_says_so(clock):
    clock.decide(5.0, WARN, "north", until_ns=25 * SECOND)
    said = clock.run(6.0, 60.0, step_s=50.0)
    assert told(said) == [(0, "release", "the operator's warning (seen from the tower) was not renewed", 0)]
    assert said[0].time_ns == 25 * SECOND


@pytest.mark.parametrize("until_ns", [0, 5000 * SECOND])
def test_no_order_lasts_longer_than_the_policy_says(clock, until_ns):
    clock.decide(5.0, WARN, "north", until_ns=until_ns)
    said = clock.run(6.0, 1200.0, step_s=300.0)
    assert [r.time_ns for r in said] == [605 * SECOND]


def test_a_hold_keeps_a_warning_from_ending_and_nothing_from_opening(clock):
    rocket = Rocket(sigma_m=30)
    clock.step(5.0, rocket)
    rows = clock.decide(6.0, HOLD, "north", "south", targets=[rocket], until_ns=100 * SECOND)
    assert told(rows) == [(0, "shelter", "seen from the tower", 1)]  # people hear that it goes on
    assert clock.zones[0].held
    assert clock.zones[0].reason == "held: seen from the tower"
    clock.run(6.5, 29.5, rocket)
    assert clock.run(31.0, 99.0, step_s=10.0) == []
    assert clock.shown(0) == "shelter"
    second = Rocket(track=2, impact=(0, -1000), impact_s=130, sigma_m=30)
    assert told(clock.step(99.5, second))[0][:2] == (1, "shelter")  # a hold is no muzzle
    said = clock.run(100.0, 101.0, second)
    assert told(said)[0][:2] == (0, "release")
    assert said[0].time_ns == 100 * SECOND


def test_the_operators_release_ends_a_hold(clock):
    clock.step(5.0, Rocket(sigma_m=30))
    clock.decide(6.0, HOLD, "north", targets=[Rocket(sigma_m=30)])
    clock.run(7.0, 29.5, Rocket(sigma_m=30))
    assert clock.run(31.0, 60.0) == []
    assert [r[1] for r in told(clock.decide(61.0, RELEASE, "north", reason="all down"))] == ["release"]


def test_a_release_does_not_end_what_tracks_say(clock):
    rocket = Rocket(sigma_m=30)
    clock.decide(5.0, WARN, "north", targets=[rocket])
    assert clock.decide(8.0, RELEASE, "north", targets=[rocket]) == []
    assert clock.shown(0) == "shelter"
    said = clock.run(9.0, 60.0, rocket)
    assert told(said)[-1][1] == "release"


def test_a_cancel_ends_at_once_whatever_tracks_say_and_they_never_warn_again(clock):
    rocket = Rocket(sigma_m=30)
    clock.step(5.0, rocket)
    rows = clock.decide(5.4, CANCEL, "north", targets=[rocket], reason="own aircraft")
    assert told(rows) == [(0, "cancel", "own aircraft", 1)]
    assert clock.run(6.0, 29.0, rocket) == []
    assert clock.shown(0) == "cancel"


def test_another_track_warns_again_under_the_same_number_soon_after_a_cancel(clock):
    rocket, other = Rocket(sigma_m=30), Rocket(track=2, sigma_m=30)
    clock.step(5.0, rocket)
    clock.decide(6.0, CANCEL, "north", targets=[rocket])
    rows = clock.step(7.0, rocket, other)
    assert [(int(r.number), r.tracks) for r in rows] == [(1, (2,))]
    assert len({int(r.number) for r in clock.said}) == 1


def test_a_cancel_keeps_down_what_was_about_to_be_warned_of(clock):
    doubtful = Rocket(sigma_m=30, belief=0.7)
    assert clock.step(5.0, doubtful) == []
    assert clock.decide(5.5, CANCEL, "north", targets=[doubtful]) == []
    assert clock.run(6.0, 12.0, doubtful) == []


def test_a_warn_after_a_cancel_lets_the_tracks_speak_again(clock):
    rocket = Rocket(sigma_m=30)
    clock.step(5.0, rocket)
    clock.decide(6.0, CANCEL, "north", targets=[rocket])
    clock.decide(7.0, WARN, "north", targets=[rocket], reason="it was one")
    assert clock.said[-1].tracks == (1,)
    assert {int(r.number) for r in clock.said} == {1}


def test_the_same_decision_counts_once_and_a_bad_one_for_nothing(clock):
    clock.decide(5.0, WARN, "north")
    again = decide(clock.warner.site, 1, 5 * SECOND, WARN, "A. Smith", "again", zones=["south"])
    assert clock.step(6.0, decisions=again) == []
    nobody = Decisions.build(1, number=[2], time_ns=[6], what=[int(WARN)], reason=["x"], zones=[(0,)])
    assert clock.step(7.0, decisions=nobody) == []
    assert clock.info["refused"] == [(2, "nobody or no reason given")]
    nowhere = Decisions.build(1, number=[3], time_ns=[6], what=[int(WARN)], who=["A"], reason=["x"], zones=[(7,)])
    assert clock.step(8.0, decisions=nowhere) == []
    assert clock.info["refused"] == [(3, "no such zone")]


@pytest.mark.parametrize(
    ("flags", "status"),
    [(DetectionFlag.NONE, "ACTUAL"), (DetectionFlag.SIMULATED, "EXERCISE"), (DetectionFlag.TEST, "TEST")],
)
def test_a_decision_taken_in_an_exercise_never_becomes_actual(flags, status):
    clock = Clock(Warner(site(), status=AlertStatus.ACTUAL))
    rows = clock.decide(5.0, WARN, "north", flags=flags)
    assert rows[0].status == AlertStatus[status]
    assert clock.zones[0].status == AlertStatus[status]
    later = clock.step(6.0, Rocket(sigma_m=30, flags=0))  # a real track joins: what was said stays an exercise
    assert all(r.status == AlertStatus[status] for r in later)


@pytest.mark.parametrize("what", [WARN, HOLD, CANCEL, RELEASE])
def test_an_exercise_decides_nothing_about_a_warning_that_is_meant(what):
    clock = Clock(Warner(site(), status=AlertStatus.ACTUAL))
    real = Rocket(sigma_m=30, flags=0)
    clock.step(5.0, real)
    assert clock.decide(6.0, what, "north", targets=[real], flags=DetectionFlag.SIMULATED) == []
    assert clock.info["refused"] == [(1, "an exercise decides nothing about a warning that is meant")]
    assert {int(r.status) for r in clock.said} == {AlertStatus.ACTUAL}


def test_a_cancel_in_an_exercise_silences_no_real_track():
    clock = Clock(Warner(site(), status=AlertStatus.ACTUAL))
    real = Rocket(sigma_m=30, flags=0, belief=0.7)
    clock.step(5.0, real)
    clock.decide(5.4, CANCEL, "north", targets=[real], flags=DetectionFlag.SIMULATED)
    assert [r.status for r in clock.run(5.9, 8.0, real)] == [AlertStatus.ACTUAL]


def test_a_restored_warner_goes_on_under_orders(clock):
    rocket = Rocket(sigma_m=30)
    clock.step(5.0, rocket)
    clock.decide(6.0, HOLD, "north", targets=[rocket])
    clock.decide(7.0, WARN, "south", targets=[rocket])
    other = Clock(Warner(site()), hits=clock.hits)
    other.warner.restore(json.loads(json.dumps(clock.warner.snapshot())))
    for at in (8.0, 30.0, 60.0, 300.0, 607.0, 1000.0):
        a, b = clock.step(at), other.step(at)
        assert told(a) == told(b)
        assert clock.wake_ns == other.wake_ns
        assert {z: clock.shown(z) for z in other.zones} == {z: other.shown(z) for z in other.zones}
