"""Debris of simulated hits: how it falls, whom it finds under a warning; what the referee counts of shots."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.bench.perfect import battle, fight, still
from rampart.pipeline import Purpose, World, load, stream
from rampart.records import Engagements, Tracks
from rampart.study import run
from rampart.study.debris import Debris, debris_counts, fall
from rampart.study.referee import Referee

pytestmark = pytest.mark.compiled


def generator(seed=1):
    return np.random.Generator(np.random.Philox(seed))


def integrate(height, speed, terminal, step=1e-3):
    """Fall time by small steps: gravity, quadratic drag."""
    t = down = 0.0
    v = speed
    while down < height:
        v += (9.80665 - 9.80665 * (v / terminal) ** 2) * step
        down += v * step
        t += step
    return t


class Fixed:
    """Dice that always say: this terminal speed, all of the velocity, no burst."""

    def __init__(self, terminal):
        self.terminal = terminal

    def uniform(self, low, high, size):
        return np.full(size, self.terminal if low > 1.0 else 1.0)

    def standard_normal(self, size):
        return np.zeros(size)


@pytest.mark.parametrize(
    ("height", "down", "terminal"), [(500, 0, 40), (800, 30, 60), (400, 150, 80), (1500, 300, 120)]
)
def test_pieces_fall_as_small_steps_say(height, down, terminal):
    debris = fall(0, [0, 0, float(height)], [0.0, 0.0, -float(down)], 0.0, 0.0, 1, Fixed(terminal))
    assert debris.down_s[0] == pytest.approx(integrate(height, down, terminal), rel=2e-3)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 3000), st.floats(-400, 400), st.floats(-300, 300), st.integers(0, 99))
def test_pieces_come_down_after_the_hit_and_not_far_away(height, east, up, seed):
    debris = fall(3, [10.0, 20.0, height], [east, 0.0, up], 5.0, 0.0, 12, generator(seed))
    assert debris.flight == 3
    assert np.isfinite(debris.east_north_m).all()
    assert (debris.down_s >= 5.0).all()
    # no faster than without drag
    away = np.linalg.norm(debris.east_north_m - [10.0, 20.0], axis=1)
    assert (away <= (abs(east) + 120.0) * (debris.down_s - 5.0) + 1e-9).all()


def test_counts_know_zones_and_warnings():
    done = run("embassy-rockets", seed=104)
    site = done.sites[0]
    hits = sum(shot.destroyed for shot in site.shots)
    counts = done.summary["debris"]
    assert hits >= 1
    assert counts["pieces"] == 10 * hits == 10 * len(site.debris)
    assert counts["in_warned_zones"] <= counts["in_zones"] <= counts["pieces"]
    # a zone that was told before, and one that never was
    north = next(z for z in site.place.site.zones if z.id == "north")
    middle = north.polygon_en.mean(0)[None]
    told_s = min(s for t in done.summary["threats"] for s in [t["first_warning_s"]])
    early = replace(site, debris=[Debris(0, middle, np.array([told_s - 1.0]))])
    late = replace(site, debris=[Debris(0, middle, np.array([told_s + 1.0]))])
    assert debris_counts([early]) == {"pieces": 1, "in_zones": 1, "in_warned_zones": 0}
    assert debris_counts([late]) == {"pieces": 1, "in_zones": 1, "in_warned_zones": 1}
    assert debris_counts([]) == {"pieces": 0, "in_zones": 0, "in_warned_zones": 0}


def test_debris_changes_nothing_of_the_run():
    plain, none = (run(load("embassy-rockets", overrides=[f"referee.debris_pieces={k}"]), seed=104) for k in (10, 0))
    assert none.summary["debris"]["pieces"] == 0
    assert none.summary["output_sha256"] == plain.summary["output_sha256"]
    assert none.summary["shots"] == plain.summary["shots"]


def test_books_of_rounds_balance():
    summary = run("embassy-rockets", seed=104).summary
    (gun,) = summary["effectors"]
    assert gun["rounds_used"] + gun["rounds_left"] == 1500
    assert gun["rounds_used"] == 100 * gun["engagements"]
    assert gun["rounds_on_false_tracks"] == gun["rounds_on_harmless"] == 0


def shot_at(flights, position, fire_s=2.0, hit_s=3.0):
    """What the referee notes of one shot at a place."""
    where = battle([{"p": 1.0}])
    referee = Referee(where.place, World(tuple(flights), ()), where.scenario.stages["referee"], generator())
    start_ns = where.place.site.start_ns
    tracks = Tracks.build(1, number=[7], time_ns=[start_ns + round(fire_s * 1e9)], state=[[*position, 0, 0, 0]])
    row = {
        "number": [1],
        "effector": [0],
        "track": [7],
        "fire_ns": [start_ns + round(fire_s * 1e9)],
        "intercept_ns": [start_ns + round(hit_s * 1e9)],
        "intercept_enu": [position],
        "rounds": [1],
    }
    referee.engage(Engagements.build(1, **row), tracks)
    referee.resolve(start_ns + 10 * 10**9)
    return referee.shots[0]


def test_shot_at_a_false_track_is_known_as_one():
    threat = still(1, 1.0, 60.0, (1000.0, 0.0, 100.0))
    assert shot_at([threat], (1000.0, 0.0, 100.0)).aimed == 0
    assert shot_at([threat], (-3000.0, 0.0, 100.0)).aimed == -1
    assert shot_at([], (1000.0, 0.0, 100.0)).aimed == -1


def test_angle_to_aircraft_is_the_least_while_the_shot_is_on_its_way():
    threat = still(1, 1.0, 60.0, (1000.0, 0.0, 0.0))
    crossing = replace(still(2, 0.0, 5.0, (2000.0, -500.0, 0.0), (2000.0, 500.0, 0.0)), kind="aircraft", threat=False)
    at = shot_at([threat, crossing], (1000.0, 0.0, 0.0), 2.0, 3.0)  # passes the line after 2.5 s
    assert math.degrees(at.aircraft_rad) == pytest.approx(0.0, abs=0.1)
    before = shot_at([threat, crossing], (1000.0, 0.0, 0.0), 1.0, 1.5)
    assert math.degrees(before.aircraft_rad) == pytest.approx(math.degrees(math.atan2(200.0, 2000.0)), abs=0.1)
    assert math.isnan(shot_at([threat], (1000.0, 0.0, 0.0)).aircraft_rad)


def test_streams_of_run_look_and_debris_are_apart():
    first = [stream(1, 0, purpose, 0).random() for purpose in Purpose]
    assert len(set(first)) == len(first)


def test_layers_share_a_raid_of_linked_and_silent_drones():
    """A jammer for what has a link, a beam for what has none."""
    jammer = {"kind": "jammer", "p": 1.0, "dwell_s": 2.0, "speed_ms": 3e8, "channels": 4}
    beam = {"kind": "directed_energy", "p": 1.0, "dwell_s": 3.0, "speed_ms": 3e8, "channels": 1}
    flights = [
        replace(still(1, 1.0, 60.0, (500.0, 0.0, 50.0)), emits=True),
        still(2, 1.0, 60.0, (0.0, 500.0, 50.0)),
    ]
    site = fight(battle([jammer, beam]), flights, seed=2, run=0)
    assert np.isfinite(site.ended_s).all()
    by = {shot.flight: shot.effector for shot in site.shots if shot.destroyed}
    assert by[1] == 1
    jammed = fight(battle([jammer]), flights, seed=2, run=0)
    assert np.isfinite(jammed.ended_s).tolist() == [True, False]
