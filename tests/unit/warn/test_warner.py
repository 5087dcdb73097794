"""The warner's state machine: who is warned, when, under which number, and why it ends."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rampart.records import AlertStatus, DetectionFlag, Phase, TargetClass, TrackStatus
from rampart.warn import Policy, Warner, WarnerSpec, assess

from .pictures import SECOND, Clock, Rocket, picture, site, square


@pytest.fixture
def clock():
    return Clock(Warner(site()))


def phases(rows):
    return [(int(r.zone), Phase(r.phase).label, int(r.sequence)) for r in rows]


def test_nothing_to_see_says_nothing(clock):
    assert clock.step(1.0) == []
    assert clock.wake_ns is None


def test_rocket_far_from_impact_prepares_the_zone_it_endangers_only(clock):
    rows = clock.step(5.0, Rocket(sigma_m=250))
    assert phases(rows) == [(0, "prepare", 0)]
    row = rows[0]
    assert row.tracks == (1,)
    assert row.time_to_impact_s == pytest.approx(25.0)
    assert row.target_class == TargetClass.ROCKET
    assert 0.2 < row.probability < 0.5
    assert (row.sensor_ns, row.received_ns) == (4_900_000_000, 5_000_000_000)


def test_prepare_rises_to_shelter_when_people_must_move_even_without_a_new_detection(clock):
    rocket = Rocket(sigma_m=300)
    said = clock.run(5.0, 25.0, rocket, step_s=30.0)
    assert phases(said) == [(0, "prepare", 0), (0, "shelter", 1)]
    # 10 s to shelter, 3 s margin, three times half a second of doubt about the time: it is out of sight
    assert said[1].time_ns == pytest.approx((30.0 - 14.5) * SECOND, abs=1e6)


def test_likely_impact_says_shelter_at_once(clock):
    assert phases(clock.step(5.0, Rocket(sigma_m=30)))[0][1] == "shelter"


def test_late_detection_says_shelter_at_once(clock):
    assert phases(clock.step(25.0, Rocket(sigma_m=400)))[0][1] == "shelter"


def test_wide_early_ellipse_still_warns_by_expected_cost(clock):
    rows = clock.step(5.0, Rocket(sigma_m=1200, impact=(300, 900)))
    assert (0, "prepare", 0) in phases(rows)
    assert rows[0].probability < 0.02


def test_no_alarm_after_the_impact(clock):
    assert clock.run(30.0, 40.0, Rocket(impact_s=28.0)) == []
    assert clock.step(40.5, Rocket(track=2, impact_s=40.0)) != []


def test_miss_cost_moves_the_threshold():
    spec = WarnerSpec(miss_cost=10.0)
    clock = Clock(Warner(site(), spec.policy()))
    assert spec.policy().warn_probability == pytest.approx(0.3)
    assert clock.step(5.0, Rocket(sigma_m=1200)) == []


def test_zones_much_less_likely_wait_while_there_is_time():
    clock = Clock(Warner(site(square("a", 0, 0), square("b", 0, 600))))
    rocket = Rocket(impact=(0, 0), sigma_m=170)
    assert phases(clock.step(5.0, rocket)) == [(0, "shelter", 0)]
    rows = clock.run(5.5, 17.0, rocket)
    assert (1, "shelter", 0) in phases(rows)
    assert min(r.time_ns for r in rows if r.zone == 1) >= 16.5 * SECOND


@pytest.mark.parametrize("status", [TrackStatus.TENTATIVE, TrackStatus.DELETED])
def test_unconfirmed_tracks_never_warn(clock, status):
    assert clock.run(5.0, 29.0, Rocket(status=status)) == []


@pytest.mark.parametrize("kind", [TargetClass.BIRD, TargetClass.AIRCRAFT, TargetClass.CLUTTER, TargetClass.UNKNOWN])
def test_harmless_classes_never_warn(clock, kind):
    assert clock.run(5.0, 29.0, Rocket(kind=kind, belief=0.7)) == []


def test_doubtful_rocket_must_stay_a_rocket_for_the_confirm_time(clock):
    doubtful = Rocket(belief=0.6)
    assert clock.step(5.0, doubtful) == []
    assert clock.step(5.5, replace(doubtful, belief=0.3)) == []
    assert clock.step(6.0, doubtful) == []
    assert clock.step(6.5, doubtful) == []
    assert phases(clock.step(7.0, doubtful)) == [(0, "shelter", 0)]


def test_no_message_on_every_scan(clock):
    said = clock.run(5.0, 29.0, Rocket(sigma_m=30))
    assert phases(said) == [(0, "shelter", 0)]


def test_arrival_that_moves_is_an_update(clock):
    clock.step(5.0, Rocket(sigma_m=30))
    assert clock.step(8.0, Rocket(sigma_m=30, impact_s=31.0)) == []
    rows = clock.step(9.0, Rocket(sigma_m=30, impact_s=40.0))
    assert phases(rows) == [(0, "shelter", 1)]
    assert rows[0].time_to_impact_s == pytest.approx(31.0)


def test_salvo_joins_one_warning_that_lists_every_track(clock):
    first, second, third = Rocket(track=1), Rocket(track=2, impact_s=31.5), Rocket(track=3, impact_s=33.0)
    clock.step(5.0, first)
    rows = clock.step(6.5, first, second)
    assert phases(rows) == [(0, "shelter", 1)]
    assert rows[0].tracks == (1, 2)
    rows = clock.step(8.0, first, second, third)
    assert rows[0].tracks == (1, 2, 3)
    assert len({int(r.number) for r in clock.said}) == 1
    clock.run(8.5, 28.0, first, second, third)
    said = clock.run(30.0, 60.0)
    assert phases(said) == [(0, "release", 3)]
    assert said[0].time_ns == pytest.approx(44.0 * SECOND)  # the last impact, two sigma, ten seconds
    assert np.isnan(said[0].time_to_impact_s)
    assert "time of impact passed" in said[0].reason


def test_track_that_changes_its_number_joins(clock):
    clock.step(5.0, Rocket(track=1))
    rows = clock.step(8.0, Rocket(track=7))
    assert phases(rows) == [(0, "shelter", 1)]
    assert rows[0].tracks == (1, 7)
    assert {int(r.number) for r in clock.said} == {1}


def test_impact_is_followed_by_a_release_after_the_hold(clock):
    rocket = Rocket()
    clock.run(5.0, 29.5, rocket)
    # the track coasts, sinks into doubt and goes: none of that is a reason to cancel
    clock.step(30.5, replace(rocket, status=TrackStatus.COASTED, existence=0.2, predicted=False), fresh=False)
    said = clock.run(31.0, 60.0)
    assert phases(said) == [(0, "release", 1)]
    assert said[0].time_ns == 41 * SECOND
    assert said[0].reason == "rocket: its time of impact passed 11 s ago"
    assert said[0].tracks == (1,)
    assert clock.wake_ns == 101 * SECOND  # until then the zone shows the release


def test_track_lost_in_flight_holds_until_it_would_have_come_down(clock):
    clock.run(5.0, 12.0, Rocket())
    said = clock.run(12.5, 60.0)
    assert phases(said) == [(0, "release", 1)]
    assert said[0].time_ns == 41 * SECOND
    assert "no longer seen" in said[0].reason


def test_prediction_that_moves_away_releases_with_its_reason(clock):
    clock.run(5.0, 8.0, Rocket(sigma_m=300))
    said = clock.run(8.5, 14.0, Rocket(sigma_m=50, impact=(2000, 2000)))
    assert phases(said) == [(0, "release", 1)]
    assert said[0].time_ns == 11.5 * SECOND
    assert said[0].reason == "rocket: comes down outside this zone"


def test_prediction_that_only_flickers_away_does_not(clock):
    clock.step(5.0, Rocket())
    for i in range(20):
        away = i % 4 == 3
        assert clock.step(5.5 + i / 2, Rocket(impact=(2000, 2000) if away else (0, 1000))) == []


def test_class_that_turns_harmless_cancels_within_two_seconds(clock):
    clock.run(5.0, 9.0, Rocket())
    said = clock.run(9.5, 13.0, Rocket(kind=TargetClass.AIRCRAFT, belief=0.95, predicted=False))
    assert phases(said) == [(0, "cancel", 1)]
    assert said[0].time_ns <= 11.5 * SECOND
    assert said[0].reason == "rocket: turned out to be no threat"


def test_short_lived_doubtful_track_cancels(clock):
    clock.hits = 2
    for now_s in (5.0, 5.5, 6.0):
        clock.step(now_s, Rocket(belief=0.7))
    said = clock.run(6.5, 12.0)
    assert phases(said) == [(0, "cancel", 1)]
    assert "not confirmed" in said[0].reason


def test_short_lived_track_that_was_sure_is_held_until_it_would_have_come_down(clock):
    clock.hits = 2
    clock.step(5.0, Rocket(impact_s=30.0))
    clock.step(5.5, Rocket(impact_s=30.0))
    said = clock.run(6.0, 60.0)
    ends = [row for row in said if row.phase >= Phase.RELEASE]
    assert [Phase(row.phase).label for row in ends] == ["release"]
    assert ends[0].time_ns >= 40.0 * SECOND
    assert "no longer seen" in ends[0].reason


def test_prepare_probability_spares_a_zone_the_first_coarse_prediction():
    clock = Clock(Warner(site(), Policy(prepare_probability=0.2)))
    assert clock.step(5.0, Rocket(sigma_m=1200, impact=(300, 900))) == []
    assert phases(clock.step(5.5, Rocket(sigma_m=200))) == [(0, "prepare", 0)]


def test_prepare_probability_does_not_count_once_people_must_move():
    clock = Clock(Warner(site(), Policy(prepare_probability=0.9)))
    assert clock.step(5.0, Rocket(sigma_m=600)) == []
    assert phases(clock.step(18.0, Rocket(sigma_m=600))) == [(0, "shelter", 0)]


def test_danger_soon_after_the_end_reopens_under_the_same_number(clock):
    clock.run(5.0, 8.0, Rocket(track=1, sigma_m=300))
    clock.run(8.5, 14.0, Rocket(track=1, impact=(2000, 2000)))
    rows = clock.step(20.0, Rocket(track=2, impact_s=50.0))
    assert [(int(r.number), int(r.sequence)) for r in rows] == [(1, 2)]


def test_later_raid_gets_a_new_number(clock):
    clock.run(5.0, 29.5, Rocket(track=1))
    clock.run(30.0, 80.0)
    rows = clock.step(90.0, Rocket(track=2, impact_s=110.0))
    assert [(int(r.number), int(r.sequence)) for r in rows] == [(2, 0)]


def test_track_never_gets_a_second_initial_warning(clock):
    drone = Rocket(kind=TargetClass.MULTIROTOR, reach=((0, 1600), (0, 1000)), impact_s=20.0, sigma_m=30)
    away = replace(drone, reach=((0, 1600), (3000, 5000)))
    clock.run(5.0, 10.0, drone)
    clock.run(10.5, 100.0, away)
    clock.run(100.5, 110.0, drone)
    assert [Phase(r.phase).label for r in clock.said][1] == "release"
    assert {int(r.number) for r in clock.said} == {1}
    assert [int(r.sequence) for r in clock.said] == list(range(len(clock.said)))


def drone_at(distance_m, belief=0.95, speed=15.0, horizon_s=60.0):
    """A drone north of the north zone, flying south at it."""
    start, end = (0.0, 1200.0 + distance_m), (0.0, 1200.0 + distance_m - speed * horizon_s)
    return Rocket(kind=TargetClass.MULTIROTOR, belief=belief, reach=(start, end), impact_s=horizon_s, sigma_m=60)


def fly_drone(clock, start_s=5.0, distance_m=900.0, speed=15.0, **values):
    at = start_s
    while distance_m > 0:
        clock.step(at, drone_at(distance_m, **values))
        at, distance_m = at + 0.5, distance_m - speed / 2
    return at


def test_drone_that_flies_at_a_zone_is_warned_of_well_before_it_arrives(clock):
    arrival_s = fly_drone(clock)
    first = clock.said[0]
    assert phases([first]) == [(0, "prepare", 0)]
    assert arrival_s - first.time_ns / SECOND > 20
    assert first.time_to_impact_s == pytest.approx(arrival_s - first.time_ns / SECOND, abs=3)
    shelter = next(r for r in clock.said if r.phase == Phase.SHELTER)
    assert arrival_s - shelter.time_ns / SECOND >= 12.0


def test_bird_like_drone_is_not_warned_of(clock):
    fly_drone(clock, belief=0.45)
    assert clock.said == []


def test_silence_confirms_no_drone(clock):
    for k in range(40):  # seen once every ten seconds, and called a drone in between
        clock.step(5.0 + 0.5 * k, drone_at(200.0), fresh=k % 20 == 0)
    assert clock.said == []
    clock.step(25.5, drone_at(200.0))
    clock.step(26.0, drone_at(200.0))
    assert [Phase(row.phase).label for row in clock.said] == ["shelter"]


@pytest.mark.parametrize(("bird", "birds", "warned"), [(0.04, 0, True), (0.04, 60, False), (0.0001, 60, True)])
def test_a_look_alike_is_not_believed_in_a_sky_full_of_birds(bird, birds, warned):
    clock = Clock(Warner(site()))
    flock = [Rocket(track=10 + k, kind=TargetClass.BIRD, belief=1.0, predicted=False) for k in range(birds)]
    for k in range(20):
        clock.hits += 1
        shown = picture(round((5.0 + k) * SECOND), [drone_at(200.0, belief=0.96), *flock], clock.hits)
        shown.tracks.class_probability[0, [TargetClass.BIRD, TargetClass.UNKNOWN]] = bird, 0.04 - bird
        clock.said += clock.warner.step(round((5.0 + k) * SECOND), shown).records
    assert bool(clock.said) == warned


@pytest.mark.parametrize(
    ("existence", "birds", "warned"), [(0.98, 0, True), (0.9999, 60, False), (1.0 - 1e-9, 60, True)]
)
def test_three_birds_in_a_row_are_no_mortar_bomb(existence, birds, warned):
    flock = [Rocket(track=10 + k, kind=TargetClass.BIRD, belief=1.0, predicted=False) for k in range(birds)]
    bomb = Rocket(kind=TargetClass.MORTAR, belief=0.99, existence=existence)
    said = Clock(Warner(site()), hits=2).run(5.0, 5.5, bomb, *flock)
    assert bool(said) == warned


def test_two_birds_are_no_mortar_bomb_and_a_third_detection_settles_it():
    clock = Clock(Warner(site()), hits=1)
    flock = [Rocket(track=10 + k, kind=TargetClass.BIRD, belief=1.0, predicted=False) for k in range(80)]
    bomb = Rocket(kind=TargetClass.MORTAR, belief=0.99, existence=0.9999)
    assert clock.step(5.0, bomb, *flock) == []
    settled = replace(bomb, existence=1.0 - 1e-9)
    assert phases(clock.step(5.5, settled, *flock)) == [(0, "shelter", 0)]
    alone = Clock(Warner(site()), hits=1)
    assert phases(alone.step(5.0, bomb)) == [(0, "shelter", 0)]


def test_drone_that_passes_wide_is_not_warned_of(clock):
    for i in range(60):
        east = -3000 + 15.0 * i
        wide = Rocket(kind=TargetClass.FIXED_WING, reach=((east, 1800), (east + 900, 1800)), impact_s=60.0, sigma_m=60)
        clock.step(5.0 + i, wide)
    assert clock.said == []


def test_lost_drone_is_released_after_its_hold(clock):
    clock.run(5.0, 10.0, drone_at(100.0))
    said = clock.run(10.5, 80.0)
    assert phases(said) == [(0, "release", int(clock.said[-1].sequence))]
    assert "not seen for" in said[0].reason
    assert said[0].time_ns >= 40 * SECOND


@pytest.mark.parametrize(
    ("flags", "setting", "expected"),
    [
        (DetectionFlag.NONE, AlertStatus.ACTUAL, AlertStatus.ACTUAL),
        (DetectionFlag.NONE, AlertStatus.EXERCISE, AlertStatus.EXERCISE),
        (DetectionFlag.SIMULATED, AlertStatus.ACTUAL, AlertStatus.EXERCISE),
        (DetectionFlag.TEST, AlertStatus.ACTUAL, AlertStatus.TEST),
        (DetectionFlag.SIMULATED, AlertStatus.TEST, AlertStatus.TEST),
    ],
)
def test_actual_needs_the_setting_and_no_flag(flags, setting, expected):
    clock = Clock(Warner(site(), status=setting))
    assert clock.step(5.0, Rocket(flags=int(flags)))[0].status == expected


def test_one_flagged_track_makes_the_joint_warning_an_exercise():
    clock = Clock(Warner(site(), status=AlertStatus.ACTUAL))
    assert clock.step(5.0, Rocket(track=1, flags=0))[0].status == AlertStatus.ACTUAL
    assert clock.step(6.0, Rocket(track=1, flags=0), Rocket(track=2))[0].status == AlertStatus.EXERCISE


def test_restored_warner_goes_on_as_the_first_would_have():
    def drive(warner, start, end):
        clock = Clock(warner)
        clock.hits = 10 + 2 * int(start)
        for i in range(int(start * 2), int(end * 2)):
            at = i / 2
            targets = [Rocket(track=1, sigma_m=300), Rocket(track=2, belief=0.6, impact=(0, -1000), impact_s=45)]
            clock.step(at, *(t for t in targets if at < t.impact_s - 1))
        return list(clock.said)

    straight = Warner(site())
    whole = drive(straight, 5.0, 20.0) + drive(straight, 20.0, 80.0)
    first = Warner(site())
    begun = drive(first, 5.0, 20.0)
    second = Warner(site())
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert [str(r) for r in begun + drive(second, 20.0, 80.0)] == [str(r) for r in whole]
    assert len(whole) > 4


def test_snapshot_of_another_version_is_refused():
    with pytest.raises(ValueError, match="version"):
        Warner(site()).restore({"version": 99})


def test_inputs_stay_as_they_are(clock):
    shown = picture(5 * SECOND, [Rocket()])
    before = shown.tracks.canonical_bytes(), shown.predictions.canonical_bytes()
    clock.warner.step(5 * SECOND, shown)
    assert (shown.tracks.canonical_bytes(), shown.predictions.canonical_bytes()) == before


def test_policy_defaults_are_those_of_the_table():
    assert WarnerSpec().policy() == Policy()


def test_site_without_zones_is_silent():
    from rampart.records import Site

    assert Clock(Warner(Site("bare", 0.5, 0.5, 0.0))).run(5.0, 10.0, Rocket()) == []


def test_track_that_could_be_either_kind_counts_as_the_likelier(clock):
    rocket = Rocket(belief=0.7, impact=(0, 1000))
    both = picture(
        5 * SECOND, [rocket, replace(rocket, kind=TargetClass.MULTIROTOR, belief=0.3, reach=((0, 0), (1, 0)))]
    )
    merged = both._replace(tracks=both.tracks.take([0]))
    for predictions in (merged.predictions, merged.predictions.take([1, 0])):
        danger = assess(clock.warner.areas, merged._replace(predictions=predictions))
        assert [(d.track, d.drone, d.weight) for d in danger] == [(1, False, 0.7)]
        assert set(danger[0].zones) == {0}
