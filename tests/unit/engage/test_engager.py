"""The engager's rules: whom it engages, when it may, and what it knows of the outcome."""

import json
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from rampart.engage import Engager, EngagerSpec, GunSpec
from rampart.records import Picture, PredictionKind, Predictions, Site, TargetClass, Tracks, TrackStatus, Zone

SECOND = 1_000_000_000
SQUARE = np.array([(-1.0, -1), (1, -1), (1, 1), (-1, 1)])


def base(**values):
    zones = (
        Zone("camp", SQUARE * 150.0, warn_radius_m=100.0, defended=True),
        Zone("village", SQUARE * 200.0 + np.array([2000.0, 0.0]), warn_radius_m=100.0, defended=False),
    )
    return Site("base", 0.58, 0.77, 34.0, zones=values.pop("zones", zones))


def guns(*specs, site=None, **rules):
    place = site or base()
    specs = specs or (GunSpec(id="g", kind="gun", position_enu_m=(0.0, 0.0, 0.0)),)
    return Engager(place, [s.build(place, i) for i, s in enumerate(specs)], EngagerSpec(**rules))


@dataclass
class Rocket:
    """A drag-free rocket that comes from the north, known as well as told."""

    track: int = 1
    impact: tuple[float, float] = (0.0, 0.0)
    impact_s: float = 30.0
    sigma_m: float = 30.0
    belief: float = 0.97
    status: TrackStatus = TrackStatus.CONFIRMED
    drift_m: float = 0.0  #: error of the prediction, east
    seen: bool = True

    def at(self, t):
        left = self.impact_s - t
        velocity = np.array([0.0, -200.0, -150.0])
        place = np.array([*self.impact, 0.0]) - velocity * left - [0, 0, 0.5 * 9.81 * left**2]
        return place, velocity + np.array([0, 0, 9.81 * left]), velocity


def picture(t, *rockets, aircraft=(), updated_s=None):
    now_ns, n = round(t * SECOND), len(rockets)
    if not n:
        return Picture(Tracks.empty(), Predictions.empty())
    classes = np.zeros((n + len(aircraft), 9))
    classes[:n, TargetClass.ROCKET] = [r.belief for r in rockets]
    classes[n:, TargetClass.AIRCRAFT] = 1.0
    states = [np.concatenate(r.at(t)[:2]) for r in rockets] + [np.array([*a, 0, 0, 0], float) for a in aircraft]
    m = n + len(aircraft)
    fresh = [now_ns if updated_s is None else round(updated_s * SECOND)] * m
    tracks = Tracks.build(
        m,
        number=[r.track for r in rockets] + [900 + k for k in range(len(aircraft))],
        time_ns=[now_ns] * m,
        state=states,
        covariance=[np.diag([25.0, 25, 25, 4, 4, 4])] * m,
        existence=np.ones(m),
        class_probability=classes,
        status=[int(r.status) for r in rockets] + [int(TrackStatus.CONFIRMED)] * len(aircraft),
        hits=[10] * m,
        updated_ns=fresh,
        received_ns=fresh,
    )
    predictions = Predictions.build(
        n,
        track=[r.track for r in rockets],
        time_ns=[now_ns] * n,
        kind=[int(PredictionKind.IMPACT)] * n,
        weight=[r.belief for r in rockets],
        position_enu=[r.at(t)[0] for r in rockets],
        position_covariance=[np.eye(2) * 25.0] * n,
        velocity_enu=[r.at(t)[1] for r in rockets],
        impact_enu=[(r.impact[0] + r.drift_m, r.impact[1], 0.0) for r in rockets],
        impact_covariance=[np.eye(2) * r.sigma_m**2 for r in rockets],
        impact_ns=[round(r.impact_s * SECOND) for r in rockets],
        impact_sigma_s=[0.2] * n,
        impact_velocity_enu=[r.at(t)[2] for r in rockets],
    )
    return Picture(tracks, predictions)


def drive(engager, show, start_s=10.0, end_s=30.0):
    """Step at every scan and at every wake; `show` gives the picture of a second."""
    shots, grid, wake_ns = [], start_s, None
    while grid < end_s:
        now_ns = round(grid * SECOND)
        if wake_ns is not None and wake_ns < now_ns:
            now_ns = wake_ns
        else:
            grid += 0.5
        result = engager.step(now_ns, show(now_ns / SECOND))
        wake_ns = result.wake_ns
        shots += list(result.records)
    return shots


def test_rocket_aimed_at_the_zone_is_engaged_in_time():
    rocket = Rocket()
    shots = drive(guns(), lambda t: picture(t, rocket))
    assert len(shots) >= 2
    assert all(s.intercept_ns < 30 * SECOND for s in shots)
    assert all(s.fire_ns >= s.time_ns for s in shots)
    assert [int(s.number) for s in shots] == list(range(1, len(shots) + 1))
    place, _, _ = rocket.at(shots[0].intercept_ns / SECOND)
    assert np.linalg.norm(shots[0].intercept_enu - place) < 0.5
    assert 0.05 < shots[0].probability < 0.7


def test_shots_leave_when_the_threat_comes_into_range_not_at_a_scan():
    shots = drive(guns(), lambda t: picture(t, Rocket()))
    r = np.linalg.norm(shots[0].intercept_enu)
    assert r == pytest.approx(1800, abs=2)
    assert shots[0].time_ns % (SECOND // 2) != 0


def test_rocket_that_comes_down_outside_is_left_alone_however_wide_the_early_ellipse():
    """Predicted inside at first, by a wide ellipse, then ever more surely outside."""

    def show(t):
        share = (t - 10.0) / 20.0
        sigma = 1500.0 * (1 - share) ** 2 + 20
        return picture(t, Rocket(impact=(600.0, 0.0), sigma_m=sigma, drift_m=-0.5 * sigma))

    assert drive(guns(), show) == []


def test_a_threat_whose_path_is_not_known_keeps_no_other_from_being_engaged():
    def show(t, lost=(2,)):
        seen = picture(t, Rocket(track=1), Rocket(track=2, impact=(60.0, 0.0)))
        velocity = seen.predictions.velocity_enu.copy()
        velocity[np.isin(seen.predictions.track, lost)] = np.nan
        return seen._replace(predictions=seen.predictions.replace(velocity_enu=velocity))

    assert {int(shot.track) for shot in drive(guns(), show)} == {1}
    assert drive(guns(), lambda t: show(t, lost=(1, 2))) == []


def test_undefended_zone_is_warned_but_not_defended():
    assert drive(guns(), lambda t: picture(t, Rocket(impact=(2000.0, 0.0)))) == []


def test_vague_prediction_is_waited_for():
    assert drive(guns(engage_probability=0.1), lambda t: picture(t, Rocket(sigma_m=160.0))) == []
    assert drive(guns(engage_probability=0.1), lambda t: picture(t, Rocket(sigma_m=140.0))) != []


@pytest.mark.parametrize("status", [TrackStatus.TENTATIVE, TrackStatus.DELETED])
def test_only_confirmed_tracks_are_engaged(status):
    assert drive(guns(), lambda t: picture(t, Rocket(status=status))) == []


def test_unlikely_threat_is_not_engaged():
    assert drive(guns(), lambda t: picture(t, Rocket(belief=0.4))) == []


def test_track_without_fresh_detections_is_not_engaged():
    assert drive(guns(), lambda t: picture(t, Rocket(), updated_s=15.0)) == []


def test_person_takes_the_release_delay():
    soon = drive(guns(release_delay_s=0.0), lambda t: picture(t, Rocket()), start_s=24.0)
    late = drive(guns(release_delay_s=2.5), lambda t: picture(t, Rocket()), start_s=24.0)
    assert soon[0].time_ns == 24 * SECOND
    assert late[0].time_ns == 26.5 * SECOND


def test_threat_that_stops_qualifying_starts_the_delay_again():
    def show(t):
        return picture(t, Rocket(drift_m=2000.0 if 24.9 < t < 25.1 else 0.0))

    shots = drive(guns(release_delay_s=2.0), show, start_s=24.0)
    assert shots[0].time_ns == 27.5 * SECOND


def test_look_needs_a_detection_after_the_intercept():
    engager = guns(release_delay_s=0.0)
    first = engager.step(24 * SECOND, picture(24.0, Rocket())).records[0]
    after = int(first.intercept_ns) / SECOND + 0.7
    # coasting on: nothing seen since
    unseen = engager.step(round(after * SECOND), picture(after, Rocket(), updated_s=after - 0.8))
    assert len(unseen.records) == 0
    seen = engager.step(round((after + 0.1) * SECOND), picture(after + 0.1, Rocket()))
    assert len(seen.records) == 1


def test_second_shot_waits_for_the_look():
    shots = drive(guns(look_s=1.0), lambda t: picture(t, Rocket()))
    for before, after in pairwise(shots):
        assert after.time_ns >= before.intercept_ns + SECOND


def test_salvo_before_the_look():
    gun = GunSpec(id="g", kind="gun", position_enu_m=(0.0, 0.0, 0.0), channels=3)
    shots = drive(guns(gun, shots_per_look=2), lambda t: picture(t, Rocket()))
    assert shots[0].time_ns == shots[1].time_ns
    assert shots[2].time_ns > shots[1].intercept_ns


def test_channel_is_bound_while_it_fires_and_reloads():
    gun = GunSpec(id="g", kind="gun", position_enu_m=(0.0, 0.0, 0.0), burst_s=1.0, reload_s=1.0, response_s=0.0)
    rockets = [Rocket(track=k, impact=(20.0 * k, 0.0)) for k in range(1, 5)]
    shots = drive(guns(gun), lambda t: picture(t, *rockets))
    assert len(shots) >= 3
    for before, after in pairwise(shots):
        assert after.fire_ns - before.fire_ns >= 2 * SECOND - 10_000


def test_rounds_run_out():
    gun = GunSpec(id="g", kind="gun", position_enu_m=(0.0, 0.0, 0.0), rounds=250, rounds_per_engagement=100)
    rockets = [Rocket(track=k, impact=(20.0 * k, 0.0)) for k in range(1, 5)]
    shots = drive(guns(gun), lambda t: picture(t, *rockets))
    assert [int(s.rounds) for s in shots] == [100, 100]


def test_most_urgent_threat_comes_first_then_the_lower_number():
    gun = GunSpec(id="g", kind="gun", position_enu_m=(0.0, 0.0, 0.0), slew_rate_deg_s=0.0)
    later, sooner = Rocket(track=1, impact_s=29.6), Rocket(track=2, impact_s=29.0)
    assert guns(gun, release_delay_s=0.0).step(25 * SECOND, picture(25.0, later, sooner)).records.track.tolist() == [2]
    twins = Rocket(track=5), Rocket(track=4)
    assert guns(gun, release_delay_s=0.0).step(25 * SECOND, picture(25.0, *twins)).records.track.tolist() == [4]


def test_two_guns_share_two_rockets():
    specs = [GunSpec(id=f"g{k}", kind="gun", position_enu_m=(30.0 * k, 0.0, 0.0)) for k in range(2)]
    rockets = Rocket(track=1), Rocket(track=2, impact=(80.0, 0.0))
    rows = guns(*specs, release_delay_s=0.0).step(25 * SECOND, picture(25.0, *rockets)).records
    assert sorted(rows.track.tolist()) == [1, 2]
    assert sorted(rows.effector.tolist()) == [0, 1]


def test_aircraft_near_the_line_of_fire_holds_the_gun():
    place, _, _ = Rocket().at(27.0)
    shots = drive(guns(), lambda t: picture(t, Rocket(), aircraft=[tuple(place * 3)]))
    # not on its line while the aircraft is behind the rocket
    assert all(
        np.dot(s.intercept_enu, place) / np.linalg.norm(s.intercept_enu) / np.linalg.norm(place) < np.cos(np.radians(5))
        for s in shots
    )
    assert len(shots) < len(drive(guns(), lambda t: picture(t, Rocket())))


def test_nothing_defended_and_no_effector_mean_no_engagement():
    bare = base(zones=(Zone("camp", SQUARE * 150.0),))
    assert drive(guns(site=bare), lambda t: picture(t, Rocket())) == []
    assert drive(Engager(base(), []), lambda t: picture(t, Rocket())) == []
    assert drive(guns(), picture) == []


def test_restored_engager_goes_on_as_the_first_would_have():
    rockets = [Rocket(track=k, impact=(20.0 * k, 0.0), impact_s=29 + k) for k in range(1, 4)]

    def show(t):
        return picture(t, *rockets)

    first = guns()
    begun = drive(first, show, 10.0, 27.5)
    second = guns()
    second.restore(json.loads(json.dumps(first.snapshot())))
    ended = drive(second, show, 27.5, 33.0)
    straight = guns()
    whole = drive(straight, show, 10.0, 27.5) + drive(straight, show, 27.5, 33.0)
    assert len(begun) >= 1
    assert len(ended) >= 1
    assert [str(r) for r in begun + ended] == [str(r) for r in whole]
    with pytest.raises(ValueError, match="version"):
        second.restore({"version": 1})


def test_inputs_stay_as_they_are():
    shown = picture(25.0, Rocket())
    before = shown.tracks.canonical_bytes(), shown.predictions.canonical_bytes()
    engager = guns(release_delay_s=0.0)
    assert len(engager.step(25 * SECOND, shown).records) == 1
    assert (shown.tracks.canonical_bytes(), shown.predictions.canonical_bytes()) == before


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kill_probability_at_m": [[500.0, 0.5], [400.0, 0.6]]}, "rising ranges"),
        ({"kill_probability_at_m": [[500.0, 1.5]]}, "from 0 to 1"),
        ({"min_range_m": 3000.0}, "min_range_m below"),
        ({"rounds": 50}, "at most rounds"),
        ({"channels": 0}, "channels"),
        ({"closed_sectors_deg": [[10.0]]}, "closed_sectors_deg"),
        ({"calibre_mm": 20}, "calibre_mm"),
    ],
)
def test_bad_effectors_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        GunSpec(id="g", kind="gun", position_enu_m=[0.0, 0.0, 0.0], **values)


def test_lists_of_a_file_are_taken():
    spec = GunSpec.model_validate(
        {
            "id": "g",
            "kind": "gun",
            "position_enu_m": [1.0, 2.0, 3.0],
            "closed_sectors_deg": [[350.0, 10.0]],
            "kill_probability_at_m": [[100.0, 0.5], [900.0, 0.1]],
        }
    )
    built = spec.build(base(), 3)
    assert built.index == 3
    assert np.degrees(built.closed_rad) == pytest.approx(np.array([[350.0, 10.0]]))
    assert replace(built, rounds=1).rounds == 1
