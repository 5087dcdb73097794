"""What comes down where a threat ended in the air: read off tracks, live and simulated."""

import dataclasses
import json

import numpy as np
import pytest

from rampart.records import DetectionFlag, Phase, SensorModel, TargetClass
from rampart.warn import Policy, Warner

from .pictures import SECOND, Clock, Rocket, site, square

OVER_EAST = (1400.0, 1000.0, 800.0)  # under it lies the zone "east"
ZONES = (square("north", 0, 1000), square("east", 1400, 1000), square("afar", 4000, 1000))


@pytest.fixture
def clock():
    return Clock(Warner(site(*ZONES)))


def rocket(**values):
    return Rocket(**{"sigma_m": 30, "flags": 0, "position": OVER_EAST, **values})


def named(rows):
    return [(ZONES[int(r.zone)].id, Phase(r.phase).label) for r in rows]


def test_a_track_lost_in_the_air_holds_every_release_under_it(clock):
    both = [rocket(), rocket(track=2, impact=(1400.0, 1000.0))]
    clock.run(5.0, 10.0, *both)
    said = clock.run(11.0, 90.0, both[1])  # track 1 is lost 20 s before its impact, over "east"
    ends = {ZONES[int(r.zone)].id: r for r in said if r.phase == Phase.RELEASE}
    assert ends["north"].time_ns == 41 * SECOND  # it lies too far off: its time of impact and the usual hold
    assert ends["east"].time_ns == 71 * SECOND  # 60 s after the loss
    assert "afar" not in ends


def test_live_nobody_is_warned_of_debris(clock):
    clock.run(5.0, 10.0, rocket())
    assert {name for name, _ in named(clock.run(11.0, 120.0))} == {"north"}


def test_a_simulated_threat_that_ends_in_the_air_endangers_who_is_under_it(clock):
    clock.run(5.0, 10.0, rocket(flags=int(DetectionFlag.SIMULATED)))
    said = clock.run(11.0, 120.0)
    east = [r for r in said if ZONES[int(r.zone)].id == "east"]
    assert [Phase(r.phase).label for r in east] == ["shelter", "release"]
    assert east[0].tracks == (1,)
    assert east[0].time_to_impact_s == pytest.approx(20.0)  # 800 m at 40 m/s
    assert east[0].target_class == TargetClass.ROCKET
    assert (east[1].time_ns, east[1].reason) == (71 * SECOND, "debris has had time to come down")
    assert not [r for r in said if ZONES[int(r.zone)].id == "afar"]


def test_an_impact_is_no_debris(clock):
    clock.run(5.0, 29.0, rocket(flags=int(DetectionFlag.SIMULATED)))
    said = clock.run(29.5, 90.0)
    assert named(said) == [("north", "release")]
    assert said[0].time_ns == 41 * SECOND


def test_a_false_track_that_ends_is_no_debris(clock):
    clock.hits = 1
    clock.run(5.0, 6.0, rocket(flags=int(DetectionFlag.SIMULATED), belief=0.7))
    assert named(clock.run(6.5, 60.0)) == [("north", "cancel")]


def test_a_threat_out_of_which_pieces_come_holds_as_one_that_is_lost(clock):
    whole = rocket(impact=(1400.0, 1000.0), impact_s=20.0)
    clock.run(5.0, 10.0, whole)
    pieces = [
        rocket(track=t, kind=TargetClass.CLUTTER, predicted=False, position=(1410.0, 990.0, 790.0)) for t in (8, 9)
    ]
    clock.run(10.5, 19.5, whole, *pieces)
    said = clock.run(20.0, 120.0)
    assert named(said) == [("east", "release")]
    assert said[0].time_ns == 70.5 * SECOND


def test_a_salvo_is_not_taken_for_pieces(clock):
    salvo = [rocket(track=t, impact=(1400.0, 1000.0), impact_s=20.0) for t in (1, 2, 3)]
    clock.run(5.0, 19.5, *salvo)
    said = clock.run(20.0, 120.0)
    assert [r.time_ns for r in said] == [31 * SECOND]


RADAR = SensorModel(
    "r1", "radar3d", np.zeros(3), 0.5, range_sigma_m=10.0, reference_range_m=12_000.0, max_range_m=15_000.0,
    min_elevation_rad=0.0, minimum_radial_speed_ms=25.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("position", "velocity", "apart"),
    [
        (OVER_EAST, (-200.0, 0.0, -100.0), True),
        ((1400.0, 1000.0, 30.0), (-200.0, 0.0, -100.0), False),  # behind the horizon within two seconds
        (OVER_EAST, (-100.0, 140.0, 0.0), False),  # across the line of sight: in the notch
        ((1400.0, 8000.0, 900.0), (0.0, -200.0, -100.0), False),  # far off: missed now and then
    ],
)
def test_a_loss_that_the_sensors_explain_is_no_debris(position, velocity, apart):
    clock = Clock(Warner(dataclasses.replace(site(*ZONES), sensors=(RADAR,))))
    clock.run(5.0, 10.0, rocket(position=position, velocity=velocity))
    clock.step(10.5)
    assert bool(clock.warner.snapshot()["debris"]["falling"]) == apart


def test_a_threat_that_is_found_again_has_not_come_apart(clock):
    first = rocket(velocity=(-200.0, 0.0, -50.0), position=(1400.0, 1000.0, 2000.0))
    clock.run(5.0, 10.0, first)
    clock.step(10.5)
    again = rocket(track=7, position=(1000.0, 1000.0, 1880.0), velocity=(-200.0, 0.0, -70.0))
    said = clock.run(12.0, 29.5, again) + clock.run(30.0, 90.0)
    assert clock.warner.snapshot()["debris"]["falling"] == []
    assert [r.time_ns for r in said if r.phase == Phase.RELEASE] == [41 * SECOND]


def test_radius_and_time_are_settings():
    clock = Clock(Warner(site(*ZONES), Policy(debris_hold_s=100.0, debris_radius_m=2000.0)))
    clock.run(5.0, 10.0, rocket())
    said = clock.run(11.0, 150.0)
    assert [(name, r.time_ns) for (name, _), r in zip(named(said), said, strict=True)] == [("north", 111 * SECOND)]


def test_a_restored_warner_knows_what_is_falling(clock):
    clock.run(5.0, 10.0, rocket())
    other = Clock(Warner(site(*ZONES)), hits=clock.hits)
    other.warner.restore(json.loads(json.dumps(clock.warner.snapshot())))
    for a, b in zip(clock.run(11.0, 90.0), other.run(11.0, 90.0), strict=True):
        assert (a.time_ns, a.zone, a.phase, a.reason) == (b.time_ns, b.zone, b.phase, b.reason)
    assert clock.warner.snapshot() == other.warner.snapshot()
