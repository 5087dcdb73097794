"""What must hold whatever tracks, operators and sensors do, in any order: warnings are stories with an end."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.records import (
    AlertStatus,
    DecisionKind,
    DetectionFlag,
    Phase,
    SensorModel,
    Site,
    TargetClass,
    Warnings,
    ZoneState,
    ZoneStates,
    decide,
)
from rampart.warn import Warner

from .pictures import SECOND, Clock, Rocket, picture, square
from .test_invariants import drones, rockets

ALARM = (Phase.PREPARE, Phase.SHELTER)
ZONES = (square("a", 0, 1000), square("b", 0, -1000, parent="a"), square("c", 300, 0))
RADAR = SensorModel("r1", "radar3d", np.zeros(3), 1.0, range_sigma_m=10.0, max_range_m=1300.0)
SITE = Site("base", 0.58, 0.77, 34.0, zones=ZONES, sensors=(RADAR,))

orders = st.tuples(
    st.sampled_from([k for k in DecisionKind if k != DecisionKind.APPROVE]),
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True),
    st.sampled_from([Phase.PREPARE, Phase.SHELTER]),
    st.sampled_from([0, 5, 60]),
    st.sampled_from([DetectionFlag.NONE, DetectionFlag.SIMULATED, DetectionFlag.TEST]),
)
scenes = st.lists(
    st.tuples(
        st.floats(0.1, 4.0),
        st.lists(st.one_of(rockets, drones), max_size=3, unique_by=lambda t: t.track),
        st.one_of(st.none(), st.none(), orders),
        st.sampled_from([None, (True,), (True,), (False,)]),
    ),
    min_size=1,
    max_size=20,
)
HITS = 5


def inputs(scenes):
    """The pictures of a play: one scene after the other, then 20 minutes of an empty sky under a radar that works."""
    at, count = 1.0, 0
    for k, (span, targets, order, working) in enumerate(scenes):
        now = round(at * SECOND)
        shown = picture(now, targets, HITS + k)._replace(working=working)
        if order is not None:
            what, zones, phase, lasts_s, flags = order
            count += 1
            until = now + lasts_s * SECOND if lasts_s else 0
            decision = decide(
                SITE, count, now, what, "A", "seen", zones=zones, phase=phase, until_ns=until, flags=flags
            )
            shown = shown._replace(decisions=decision)
        yield now, shown
        at = round(at + span, 3)
    for k in range(41):
        now = round((at + 30.0 * k) * SECOND)
        yield now, picture(now, [])._replace(working=(True,))


def play(scenes, status=AlertStatus.EXERCISE, restarts=()):
    """Every step of a warner, also at the times it asks for: its messages and the states of zones."""
    warner, said, wake, before = Warner(SITE, status=status), [], None, picture(0, [])
    for i, (now, shown) in enumerate(inputs(scenes)):
        while wake is not None and wake < now:
            quiet = before._replace(
                decisions=shown.decisions.empty(), tracks=before.tracks, predictions=before.predictions
            )
            result = warner.step(wake, quiet)
            said.append((wake, result.records, result.info.get("zones", ZoneStates.empty())))
            wake = result.wake_ns
        if i in restarts:
            again = Warner(SITE, status=status)
            again.restore(json.loads(json.dumps(warner.snapshot())))
            assert again.zone_states(now).canonical_bytes() == warner.zone_states(now).canonical_bytes()
            warner = again
        result = warner.step(now, shown)
        said.append((now, result.records, result.info.get("zones", ZoneStates.empty())))
        before, wake = shown, result.wake_ns
    return said


def rows_of(said):
    return list(Warnings.concat([records for _, records, _ in said]))


@settings(max_examples=60, deadline=None)
@given(scenes)
def test_every_warning_rises_and_ends_and_opens_once(scenes):
    rows = rows_of(play(scenes))
    stories, current = {}, {}
    for row in rows:
        stories.setdefault(int(row.number), []).append(row)
        zone, number = int(row.zone), int(row.number)
        assert current.get(zone) in (None, number), "a second warning opened beside the first"
        current[zone] = number if row.phase in ALARM else None
    assert not any(current.values()), "a warning never ended"
    assert sorted(stories) == list(range(1, len(stories) + 1))
    for story in stories.values():
        assert [int(r.sequence) for r in story] == list(range(len(story)))
        assert len({(int(r.zone), int(r.raid)) for r in story}) == 1
        assert story[0].phase in ALARM
        for before, after in pairwise(story):
            assert before.time_ns <= after.time_ns
            if before.phase in ALARM and after.phase in ALARM:
                assert after.phase >= before.phase
            if before.phase not in ALARM:
                assert after.phase in ALARM
        for row in story:
            assert row.phase in ALARM or row.reason
            assert bool(row.decision) <= bool(row.reason)


@settings(max_examples=60, deadline=None)
@given(scenes)
def test_nobody_is_warned_again_under_a_new_number_soon_after_the_end(scenes):
    ended = {}
    for row in rows_of(play(scenes)):
        zone = int(row.zone)
        if row.phase not in ALARM:
            ended[zone] = row
        elif zone in ended:
            before = ended.pop(zone)
            assert row.number == before.number or row.time_ns - before.time_ns >= 30 * SECOND


@settings(max_examples=60, deadline=None)
@given(scenes)
def test_zones_show_what_was_said_and_never_quiet_where_nobody_watches(scenes):
    shown, open_phase = {}, {}
    for _, records, zones in play(scenes):
        for row in records:
            open_phase[int(row.zone)] = int(row.phase) if row.phase in ALARM else None
        for row in zones:
            shown[int(row.zone)] = row
            if not row.watched:
                assert row.state in (ZoneState.UNKNOWN, ZoneState.PREPARE, ZoneState.SHELTER)
        assert sorted(shown) == [0, 1, 2]
        for zone, row in shown.items():
            phase = open_phase.get(zone)
            alarmed = row.state in (ZoneState.PREPARE, ZoneState.SHELTER)
            assert alarmed == (phase is not None)
            if phase is not None:
                assert ZoneState(row.state).label == Phase(phase).label
    assert all(row.state == ZoneState.QUIET for row in shown.values())


@settings(max_examples=60, deadline=None)
@given(scenes)
def test_nothing_ends_by_itself_while_held_or_blind(scenes):
    held, blind = {}, {}
    for now, records, zones in play(scenes):
        before_held, before_blind = dict(held), dict(blind)
        for row in zones:
            held[int(row.zone)] = bool(row.held)
            blind[int(row.zone)] = None if row.watched else blind.get(int(row.zone)) or now
        for row in records:
            zone = int(row.zone)
            if row.phase in ALARM or row.decision or "not renewed" in row.reason:
                continue
            assert not (before_held.get(zone) and held.get(zone))
            since = blind.get(zone) and before_blind.get(zone)
            assert not since or now - since >= 120 * SECOND


@settings(max_examples=40, deadline=None)
@given(scenes, st.sets(st.integers(0, 30), max_size=4))
def test_a_restored_warner_says_the_same_words(scenes, restarts):
    plain, broken = play(scenes), play(scenes, restarts=restarts)
    assert len(plain) == len(broken)
    for (a_ns, a, a_zones), (b_ns, b, b_zones) in zip(plain, broken, strict=True):
        assert a_ns == b_ns
        assert a.canonical_bytes() == b.canonical_bytes()
        assert a_zones.canonical_bytes() == b_zones.canonical_bytes()


marks = st.fixed_dictionaries({track: st.sampled_from([0, 0, 1, 2, 3]) for track in range(1, 10)})


@settings(max_examples=80, deadline=None)
@given(scenes, marks)
def test_nothing_simulated_or_of_a_test_ever_becomes_actual(scenes, marks):
    """Flags are a track's own here; a decision's are those it was drawn with."""
    marked = [
        (span, [replace(t, flags=marks[t.track]) for t in targets], order, working)
        for span, targets, order, working in scenes
    ]
    taken = [order[4] for _, _, order, _ in scenes if order is not None]
    behind: dict[int, int] = {}  # warning number -> flags of the orders to warn that it followed
    for row in rows_of(play(marked, status=AlertStatus.ACTUAL)):
        if row.decision and row.phase in ALARM:
            behind[int(row.number)] = behind.get(int(row.number), 0) | taken[int(row.decision) - 1]
        flags = [marks[track] for track in row.tracks]
        if row.status == AlertStatus.ACTUAL:
            assert not any(flags)
        if any(flag & DetectionFlag.TEST for flag in flags):
            assert row.status == AlertStatus.TEST
        if row.decision and row.phase in ALARM:
            order = taken[int(row.decision) - 1]
            assert row.status != AlertStatus.ACTUAL or not order
        if row.sequence == 0 and not any(flags) and not behind.get(int(row.number)):
            assert row.status == AlertStatus.ACTUAL  # and what is real is said to be


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 6.0), st.floats(0.6, 1.0), st.integers(0, 9))
def test_a_false_alarm_is_cancelled_within_two_seconds_of_its_failing(open_s, belief, hits):
    """A rocket that turns out to be a bird: the cancel follows the first detection that says so by at most 2 s."""
    warner, wake, said, failed, target = Warner(SITE), None, [], None, Rocket()
    at, count = 1.0, hits
    while at < 20.0:
        now = round(at * SECOND)
        while wake is not None and wake < now:
            result = warner.step(wake, picture(wake, [target], None))
            said += list(result.records)
            wake = result.wake_ns
        over = at - 1.0 > open_s
        failed = now if over and failed is None else failed
        count += 1
        rocket = Rocket(sigma_m=30, impact=(0.0, 1000.0), impact_s=60.0, belief=belief, hits=count)
        target = rocket if not over else Rocket(kind=TargetClass.BIRD, belief=0.97, hits=count, predicted=False)
        result = warner.step(now, picture(now, [target], count))
        said += list(result.records)
        wake, at = result.wake_ns, round(at + 0.5, 3)
    opened = [r for r in said if r.phase in ALARM]
    ends = [r for r in said if r.phase not in ALARM]
    assert len(ends) == bool(opened)
    for row in ends:
        assert row.phase == Phase.CANCEL
        assert 0 <= row.time_ns - failed <= 2 * SECOND


@settings(max_examples=40, deadline=None)
@given(st.floats(1.0, 60.0), st.floats(1.0, 120.0), st.floats(8.0, 40.0), st.booleans())
def test_no_warning_ends_while_it_is_held_and_every_one_does_after(hold_s, lasts_s, impact_s, lost):
    clock = Clock(Warner(SITE))
    target = Rocket(impact=(0.0, 1000.0), impact_s=impact_s, sigma_m=30.0)
    seen_s = min(4.0 if lost else impact_s - 0.5, hold_s)
    clock.run(1.0, seen_s, target)
    until_ns = round((hold_s + lasts_s) * SECOND)
    in_force = bool(clock.said) and clock.said[-1].phase in ALARM
    clock.decide(
        hold_s, DecisionKind.HOLD, "a", targets=[target] if hold_s < impact_s and not lost else [], until_ns=until_ns
    )
    said = clock.run(hold_s + 0.5, hold_s + lasts_s + 150.0, step_s=5.0)
    ends = [r for r in said if r.zone == 0 and r.phase not in ALARM]
    assert all(r.time_ns >= until_ns for r in ends)
    assert bool(ends) or not in_force
