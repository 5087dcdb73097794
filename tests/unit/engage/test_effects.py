"""Kinds of effector, what they affect, looks that err, aircraft on the move, shots that wait for others."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rampart.bench.perfect import battle, fight, ring, still
from rampart.engage import (
    DirectedEnergySpec,
    Engager,
    EngagerSpec,
    GunSpec,
    InterceptorSpec,
    JammerSpec,
    draw_outcome,
)
from rampart.engage.candidate import Shown
from rampart.engage.look import Dice, Target
from rampart.records import Engagements

from .test_engager import Rocket, base, drive, guns, picture
from .test_shots import first_shot, line

pytestmark = pytest.mark.compiled
HERE = base()
ORIGIN = (0.0, 0.0, 0.0)


def beam(**values):
    return DirectedEnergySpec(id="b", kind="directed_energy", position_enu_m=ORIGIN, **values).build(HERE, 0)


def generator(seed):
    return np.random.Generator(np.random.Philox(seed))


@pytest.mark.parametrize("kind", [GunSpec, InterceptorSpec, JammerSpec, DirectedEnergySpec])
def test_tables_of_every_kind_are_sane(kind):
    name = kind.model_fields["kind"].annotation.__args__[0]
    spec = kind(id="e", kind=name, position_enu_m=ORIGIN)
    built = spec.build(HERE, 2)
    assert (built.kind, built.index) == (name, 2)
    assert built.min_range_m < built.max_range_m
    assert ((built.table[:, 1] > 0) & (built.table[:, 1] < 1)).all()
    assert (spec.cost, spec.cost_per_round) == (0.0, 0.0)


def test_kill_factor_scales_the_table_up_to_certainty():
    half = GunSpec(id="g", kind="gun", position_enu_m=ORIGIN, kill_factor=0.5).build(HERE, 0)
    much = GunSpec(id="g", kind="gun", position_enu_m=ORIGIN, kill_factor=9.0).build(HERE, 0)
    assert half.chance_at(1000.0) == pytest.approx(0.25)
    assert much.table[:, 1].max() == 1.0


def test_beam_stops_a_still_target_after_its_dwell():
    shot = first_shot(beam(response_s=0.5, dwell_s=5.0), line((900, 0, 0), (900, 0, 0), 60.0), ready_s=3.0)
    assert shot["fire"] == pytest.approx(3.5, abs=1e-4)
    assert shot["intercept"] == pytest.approx(8.5, abs=1e-4)
    assert shot["deadline"] == pytest.approx(55.0, abs=0.06)


def test_beam_begins_when_the_target_is_in_range():
    path = line((0, 3000, 0), (0, 0, 0), 60.0)  # 50 m/s
    shot = first_shot(beam(response_s=0.0, max_range_m=2000.0, dwell_s=5.0), path)
    assert shot["fire"] == pytest.approx(20.0, abs=1e-2)
    assert shot["n"] == pytest.approx(1750.0, abs=1.0)
    assert shot["wait"] == pytest.approx(20.0, abs=1e-2)


@settings(max_examples=60, deadline=None)
@given(st.floats(10, 200), st.floats(-1500, 1500), st.floats(0.5, 8.0), st.floats(0, 40))
def test_beam_has_its_target_in_range_from_beginning_to_end(speed, aside, dwell, ready):
    path = line((aside, 4000, 100), (aside, -4000, 100), 8000 / speed)
    effector = beam(response_s=0.0, dwell_s=dwell, min_range_m=300.0)
    shot = first_shot(effector, path, ready_s=ready)
    if math.isnan(shot["fire"]):
        return
    assert shot["intercept"] - shot["fire"] == pytest.approx(dwell, abs=1e-4)
    for t in (shot["fire"], shot["intercept"]):
        north = 4000 - speed * t
        assert 300.0 - 1.0 <= math.sqrt(aside**2 + north**2 + 100**2) <= 2000.0 + 1.0
    assert shot["deadline"] >= shot["fire"] - 1e-3


def test_jammer_stops_only_what_is_flown_over_a_link():
    jammer = JammerSpec(id="j", kind="jammer", position_enu_m=ORIGIN, kill_factor=9.0).build(HERE, 0)
    row = Engagements.build(1, intercept_enu=[(500.0, 0.0, 100.0)])[0]
    drone = still(1, 0.0, 60.0, (500.0, 0.0, 100.0))
    linked = type(drone)(**{**{k: getattr(drone, k) for k in drone.__slots__}, "emits": True})
    rocket = type(drone)(**{**{k: getattr(linked, k) for k in drone.__slots__}, "kind": "rocket"})
    assert draw_outcome(jammer, row, 0.0, generator(1), linked) == (1.0, True)
    assert draw_outcome(jammer, row, 0.0, generator(1), drone) == (0.0, False)
    assert draw_outcome(jammer, row, 0.0, generator(1), rocket) == (0.0, False)
    assert jammer.affects("civil_drone", emits=True)
    assert not jammer.affects("bird", emits=True)


def test_outcomes_of_a_paired_run_draw_as_many_numbers():
    jammer = JammerSpec(id="j", kind="jammer", position_enu_m=ORIGIN).build(HERE, 0)
    row = Engagements.build(1, intercept_enu=[(500.0, 0.0, 100.0)])[0]
    one, other = generator(4), generator(4)
    draw_outcome(jammer, row, 0.0, one, still(1, 0.0, 60.0, (500.0, 0.0, 100.0)))
    draw_outcome(jammer, row, 0.0, other)
    assert one.random() == other.random()


def test_effector_is_not_used_against_what_it_cannot_stop():
    jammer = JammerSpec(id="j", kind="jammer", position_enu_m=ORIGIN)
    assert drive(guns(jammer, release_delay_s=0.0), lambda t: picture(t, Rocket())) == []
    gun = GunSpec(id="g", kind="gun", position_enu_m=ORIGIN)
    shots = drive(guns(jammer, gun, release_delay_s=0.0), lambda t: picture(t, Rocket()))
    assert {int(s.effector) for s in shots} == {1}


def test_chance_counts_as_much_as_the_class_is_believed():
    classes = np.zeros((2, 9))
    classes[0, [0, 3]] = 0.25, 0.5  # a rocket or a multirotor; the rest is a bird
    classes[1, 5] = 1.0
    shown = Shown(np.zeros((2, 14)), np.zeros((2, 6, 6)), np.zeros(2), classes)
    assert shown.suits(("multirotor", "fixed_wing")) == pytest.approx([2 / 3, 0.0])
    assert shown.suits(("rocket",)) == pytest.approx([1 / 3, 0.0])


def test_aircraft_that_flies_into_the_line_of_fire_closes_it():
    effector = GunSpec(id="g", kind="gun", position_enu_m=ORIGIN, response_s=0.0).build(HERE, 0)
    path = line((0, 1000, 300), (0, 1000, 300), 20.0)
    # 250 m/s towards the line, which it reaches 1.1 s after the shot: the round is still on its way
    across = np.array([[-275.0, 1200.0, 360.0, 250.0, 0.0, 0.0, 0.0]])
    away = np.array([[-275.0, 1200.0, 360.0, -250.0, 0.0, 0.0, 0.0]])
    angle = math.radians(3)
    assert first_shot(effector, path, aircraft=away, angle=angle)["fire"] < 0.1
    held = first_shot(effector, path, aircraft=across, angle=angle)
    assert held["fire"] > 1.0
    crossing_s = 275.0 / 250.0
    assert held["fire"] > crossing_s


def test_look_that_takes_survivors_for_killed_leaves_them_alone():
    shots = drive(guns(survivor_taken_for_killed=1.0), lambda t: picture(t, Rocket()))
    assert len(shots) == 1
    assert len(drive(guns(), lambda t: picture(t, Rocket()))) > 1


def test_look_that_takes_killed_for_survivors_fires_again_at_what_is_gone():
    def show(t):
        return picture(t, Rocket(), updated_s=min(t, 20.3))  # seen no more, but still predicted

    plain = drive(guns(release_delay_s=0.0, max_age_s=0.6), show)
    erring = drive(guns(release_delay_s=0.0, max_age_s=0.6, killed_taken_for_survivor=1.0), show)
    assert len(plain) == 1
    assert len(erring) > 1
    for before, after in pairwise(erring):
        assert after.time_ns >= before.intercept_ns


@pytest.mark.parametrize("error", [0.1, 0.4])
def test_errors_of_the_look_against_their_closed_form(error):
    """Three looks, a survivor believed dead with e: leak = q (e + (1-e) q (e + (1-e) q)), rounds accordingly."""
    q, flights = 0.3, [still(k + 1, 1.0, 60.0, place) for k, place in enumerate(ring(10, 1000.0))]
    where = battle([{"p": 1 - q, "channels": 50}], max_engagements=3, survivor_taken_for_killed=error)
    done = [fight(where, flights, seed=81, run=k) for k in range(40)]
    leaked = np.concatenate([np.isinf(site.ended_s) for site in done])
    go_on = (1 - error) * q
    leak = q * (error + (1 - error) * q * (error + go_on))
    assert abs(leaked.mean() - leak) <= 3 * math.sqrt(leak * (1 - leak) / len(leaked))
    rounds = np.array([len(site.shots) / 10 for site in done])
    assert abs(rounds.mean() - (1 + go_on + go_on**2)) <= 3 * rounds.std(ddof=1) / math.sqrt(len(rounds))


def test_dice_ask_twice_and_say_the_same():
    dice, target = Dice(0.5, 0.5, generator(3)), Target(0)
    said = []
    for number in range(1, 60):
        target.shoot(number, 0)
        target.dismissed = False
        said.append(dice.survived(target, seen=True, fresh=True))
        target.dismissed = False
        assert dice.survived(target, seen=True, fresh=True) == said[-1]
    assert 10 < sum(said) < 50
    assert Dice(0.0, 0.0, generator(3)).key == 0


def test_a_restored_engager_errs_as_the_first_would_have():
    rules = {"survivor_taken_for_killed": 0.5, "killed_taken_for_survivor": 0.5, "release_delay_s": 0.0}
    rockets = [Rocket(track=k, impact=(20.0 * k, 0.0), impact_s=29 + k) for k in range(1, 5)]

    def engager(seed):
        built = GunSpec(id="g", kind="gun", position_enu_m=ORIGIN, channels=3).build(HERE, 0)
        return Engager(HERE, [built], EngagerSpec(**rules), generator(seed))

    def show(t):
        return picture(t, *rockets)

    first = engager(1)
    drive(first, show, 10.0, 27.0)
    second = engager(2)
    second.restore(json.loads(json.dumps(first.snapshot())))
    rest = [str(r) for r in drive(first, show, 27.0, 34.0)]
    assert [str(r) for r in drive(second, show, 27.0, 34.0)] == rest


def test_horizon_serves_first_what_cannot_wait():
    """One gun, two threats: the nearer one is the surer kill but stays; the other is gone in a moment."""
    keys = {"p": 0.5, "kill_probability_at_m": [[0.0, 0.95], [1500.0, 0.5]], "reload_s": 1.0, "channels": 1}
    flights = [still(1, 1.0, 30.0, (300.0, 0.0, 0.0)), still(2, 1.0, 3.0, (0.0, 1200.0, 0.0))]

    def first(horizon_s):
        return fight(battle([keys], horizon_s=horizon_s), flights, seed=1, run=0).shots[0].track

    assert first(0.0) == 1
    assert first(20.0) == 2


def test_horizon_lets_fewer_through_a_dense_salvo():
    specs = [{"p": 0.6, "kill_probability_at_m": [[0.0, 0.85], [1500.0, 0.35]], "channels": 1, "reload_s": 0.5}] * 2
    left = {0.0: [], 10.0: []}
    for seed in range(24):
        rng = generator(seed)
        places = ring(12, 1.0) * rng.uniform(500, 1500, (12, 1))
        begin, open_s = rng.uniform(1, 9, 12), rng.uniform(2, 12, 12)
        flights = [still(k + 1, begin[k], begin[k] + open_s[k], places[k]) for k in range(12)]
        for horizon_s, found in left.items():
            site = fight(battle(specs, look_s=0.6, horizon_s=horizon_s), flights, seed=seed, run=0)
            found.append(int(np.isinf(site.ended_s).sum()))
    gain = np.array(left[0.0]) - np.array(left[10.0])
    assert gain.mean() > 2 * gain.std(ddof=1) / math.sqrt(len(gain))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"against": []}, "against"),
        ({"against": ["bird"]}, "against"),
        ({"dwell_s": -1.0}, "dwell_s"),
        ({"kill_factor": -0.5}, "kill_factor"),
        ({"cost": -1.0}, "cost"),
    ],
)
def test_bad_values_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        JammerSpec(id="j", kind="jammer", position_enu_m=[0.0, 0.0, 0.0], **values)
