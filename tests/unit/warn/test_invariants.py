"""What must hold of the warner's messages whatever it is shown."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.records import Phase, TargetClass, TrackStatus
from rampart.warn import Warner

from .pictures import SECOND, Clock, Rocket, site, square

ALARM = (Phase.PREPARE, Phase.SHELTER)

rockets = st.builds(
    Rocket,
    track=st.integers(1, 6),
    impact=st.tuples(st.floats(-600, 600), st.floats(-1500, 1500)),
    sigma_m=st.floats(5, 1500),
    impact_s=st.floats(0, 60),
    belief=st.floats(0.3, 1),
    kind=st.sampled_from([TargetClass.ROCKET, TargetClass.MORTAR, TargetClass.AIRCRAFT, TargetClass.BIRD]),
    status=st.sampled_from([TrackStatus.TENTATIVE, *[TrackStatus.CONFIRMED] * 4, TrackStatus.COASTED]),
    existence=st.floats(0.3, 1),
)
drones = st.builds(
    Rocket,
    track=st.integers(7, 9),
    kind=st.sampled_from([TargetClass.MULTIROTOR, TargetClass.FIXED_WING]),
    belief=st.floats(0.3, 1),
    reach=st.tuples(
        st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000)),
        st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000)),
    ),
    impact_s=st.floats(20, 60),
    sigma_m=st.floats(5, 400),
)
scenes = st.lists(
    st.tuples(st.floats(0.1, 4.0), st.lists(st.one_of(rockets, drones), max_size=4, unique_by=lambda t: t.track)),
    min_size=1,
    max_size=25,
)


def play(scenes):
    """Show one scene after the other, each held for a while; then nothing, for two minutes."""
    clock, at = Clock(Warner(site(square("a", 0, 1000), square("b", 0, -1000), square("c", 300, 0)))), 1.0
    shown = []
    for span, targets in scenes:
        said = clock.step(at, *targets)
        shown.append((at, targets, said))
        while clock.wake_ns is not None and clock.wake_ns < (at + span) * SECOND:
            clock.step(clock.wake_ns / SECOND, *targets, fresh=False)
        at = round(at + span, 3)
    clock.run(at, at + 180.0, step_s=20.0)
    return clock, shown


@settings(max_examples=40, deadline=None)
@given(scenes)
def test_every_warning_is_one_story(scenes):
    clock, _ = play(scenes)
    stories: dict[int, list] = {}
    for row in clock.said:
        stories.setdefault(int(row.number), []).append(row)
    assert sorted(stories) == list(range(1, len(stories) + 1))
    for rows in stories.values():
        assert [int(r.sequence) for r in rows] == list(range(len(rows)))
        assert len({int(r.zone) for r in rows}) == 1
        assert rows[0].phase in ALARM
        assert rows[-1].phase not in ALARM  # nothing stays open once all is over
        assert all(a.time_ns <= b.time_ns for a, b in pairwise(rows))
        for before, after in pairwise(rows):
            if before.phase in ALARM and after.phase in ALARM:
                assert after.phase >= before.phase
                assert set(before.tracks) <= set(after.tracks)
            if before.phase not in ALARM:
                assert after.phase in ALARM
        for row in rows:
            assert bool(row.reason) == (row.phase not in ALARM)
            assert (row.received_ns > 0) == (row.phase in ALARM)
            assert 0.0 <= row.probability <= 1.0
    assert clock.wake_ns is None


@settings(max_examples=40, deadline=None)
@given(scenes)
def test_no_track_gets_a_second_initial_warning_in_a_zone(scenes):
    clock, _ = play(scenes)
    first: dict[tuple[int, int], int] = {}
    for row in clock.said:
        for track in row.tracks:
            number = first.setdefault((int(row.zone), track), int(row.number))
            if row.sequence == 0:
                assert number == row.number


@settings(max_examples=40, deadline=None)
@given(scenes)
def test_only_what_was_confirmed_and_threatening_is_ever_named(scenes):
    clock, shown = play(scenes)
    for row in clock.said:
        seen = [t for at, targets, _ in shown for t in targets if round(at * SECOND) <= row.time_ns]
        for track in row.tracks:
            could = [t for t in seen if t.track == track and t.status != TrackStatus.TENTATIVE]
            # of a harmless class the rest of the belief goes to the prediction shown
            weights = [t.belief if t.kind.ballistic or t.kind.drone else 1 - t.belief for t in could]
            assert any(w * t.existence >= 0.5 for w, t in zip(weights, could, strict=True))


@settings(max_examples=40, deadline=None)
@given(scenes)
def test_no_all_clear_while_a_sure_impact_is_on_its_way(scenes):
    clock, shown = play(scenes)
    zones = clock.warner.site.zones
    for at, targets, said in shown:
        over = {int(r.zone) for r in said if r.phase not in ALARM}
        for t in targets:
            fresh = t.status == TrackStatus.CONFIRMED and t.kind.ballistic and t.belief * t.existence >= 0.8
            if not fresh or t.reach or t.sigma_m > 40 or not at + 1 < t.impact_s:
                continue
            for z in over:
                low, high = zones[z].polygon_en.min(0), zones[z].polygon_en.max(0)
                assert not (low <= t.impact).all() or not (t.impact <= high).all()
