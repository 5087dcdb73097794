"""What zones show: unknown where nobody watches, and never an all-clear while blind."""

from dataclasses import replace

import numpy as np
import pytest

from rampart.records import SensorModel, Site
from rampart.warn import Warner
from rampart.warn.cover import Cover

from .pictures import SECOND, Clock, Rocket, square

RADAR = SensorModel("r1", "radar3d", np.zeros(3), 1.0, range_sigma_m=10.0, max_range_m=3000.0)


def place(*sensors, zones=()):
    return Site(
        "base", 0.58, 0.77, 34.0, zones=zones or (square("near", 0, 1000), square("far", 0, 5000)), sensors=sensors
    )


@pytest.fixture
def clock():
    clock = Clock(Warner(place(RADAR, replace(RADAR, id="r2", max_range_m=9000.0))))
    clock.working = (True, True)
    return clock


def test_every_zone_shows_something_from_the_first_step(clock):
    clock.step(1.0)
    assert (clock.shown(0), clock.shown(1)) == ("quiet", "quiet")
    assert [clock.zones[z].watched for z in (0, 1)] == [True, True]


def test_a_zone_that_no_working_sensor_covers_is_unknown_and_not_quiet(clock):
    clock.step(1.0)
    clock.working = (True, False)
    clock.step(2.0)
    assert (clock.shown(0), clock.shown(1)) == ("quiet", "unknown")
    assert clock.zones[1].reason == "no working sensor covers this zone"
    assert clock.zones[1].since_ns == 2 * SECOND
    clock.working = (False, False)
    clock.step(3.0)
    assert clock.shown(0) == "unknown"
    clock.working = (True, True)
    clock.step(4.0)
    assert (clock.shown(0), clock.shown(1)) == ("quiet", "quiet")


def test_a_zone_out_of_every_range_is_unknown_from_the_start():
    clock = Clock(Warner(place(RADAR)), working=(True,))
    clock.step(1.0)
    assert (clock.shown(0), clock.shown(1)) == ("quiet", "unknown")
    assert clock.zones[1].reason == "no sensor of the site covers this zone"


def test_where_nobody_keeps_watch_over_the_sensors_zones_count_as_watched():
    clock = Clock(Warner(place(RADAR)))
    clock.step(1.0)
    assert (clock.shown(0), clock.shown(1)) == ("quiet", "quiet")


def test_a_warning_in_force_is_shown_though_nobody_watches(clock):
    clock.step(5.0, Rocket(sigma_m=30))
    clock.working = (False, False)
    clock.step(6.0, Rocket(sigma_m=30), fresh=False)
    assert clock.shown(0) == "shelter"
    assert not clock.zones[0].watched


def test_while_blind_no_warning_ends_and_the_end_is_no_all_clear(clock):
    clock.step(5.0, Rocket(sigma_m=30))
    clock.working = (False, False)
    clock.step(6.0, Rocket(sigma_m=30), fresh=False)
    said = clock.run(7.0, 300.0, step_s=60.0)
    assert [(r.time_ns, r.reason.split("; ")[-1]) for r in said] == [(126 * SECOND, "no sensor watches this zone now")]
    assert clock.shown(0) == "unknown"


def test_a_track_that_ends_with_its_sensor_is_not_called_a_false_alarm(clock):
    clock.hits = 0
    doubtful = Rocket(sigma_m=30, belief=0.7)
    clock.run(5.0, 6.0, doubtful)
    assert clock.shown(0) == "shelter"  # and then the radar is gone
    clock.working = (False, False)
    assert clock.run(6.5, 100.0, step_s=10.0) == []
    clock.working = (True, True)
    assert [r.reason for r in clock.run(101.0, 103.0)] == ["rocket: not confirmed by further detections"]


def test_release_is_shown_for_a_while_and_then_quiet(clock):
    clock.step(5.0, Rocket(sigma_m=30))
    clock.run(5.5, 29.5, Rocket(sigma_m=30))
    clock.run(31.0, 60.0, step_s=30.0)
    assert clock.shown(0) == "release"
    assert "time of impact" in clock.zones[0].reason
    clock.run(61.0, 110.0, step_s=40.0)
    assert clock.shown(0) == "quiet"
    assert clock.wake_ns is None


CAMERA = SensorModel("c1", "camera", np.zeros(3), 0.2, azimuth_sigma_rad=0.001, max_range_m=3000.0)


@pytest.mark.parametrize(
    ("sensors", "watched"),
    [
        ((RADAR,), True),
        ((CAMERA,), False),
        ((CAMERA, replace(CAMERA, id="c2")), True),
        ((replace(CAMERA, kind="direction_finder"), replace(CAMERA, kind="direction_finder")), False),
        ((replace(RADAR, kind="id_receiver"),), False),
        ((replace(RADAR, reference_range_m=900.0),), False),
        ((), False),
    ],
)
def test_one_range_or_two_bearings_watch_a_zone_and_listeners_none(sensors, watched):
    cover = Cover(place(*sensors, zones=(square("a", 0, 1000),)))
    assert cover.watched((True,) * len(sensors)).tolist() == [watched]
    assert cover.watched((False,) * len(sensors)).tolist() == [False]
