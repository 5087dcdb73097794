"""The benches of drones: skies that do not depend on the mix, flights that do not depend on the view."""

from itertools import pairwise

import numpy as np
import pytest

from rampart.bench import classify
from rampart.bench.skies import MIXES, birds, drones, scene
from rampart.pipeline import build_places, build_world
from rampart.records import TargetClass


def rng():
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(7)))


def test_every_mix_sees_the_same_sky():
    paths = []
    for sensors in MIXES.values():
        world = build_world(build_places(scene([*drones(rng(), 2), birds(8, 60.0)], sensors, 60.0))[0], seed=5, run=0)
        paths.append(np.concatenate([flight.position_enu for flight in world.flights]))
    assert all(np.array_equal(path, paths[0]) for path in paths)


def test_each_mix_has_what_the_one_before_has():
    ids = [{sensor["id"] for sensor in sensors} for sensors in MIXES.values()]
    assert all(less < more for less, more in pairwise(ids))


def test_a_flight_depends_on_its_seed_alone():
    first, _ = classify.make_flight(3)
    again, _ = classify.make_flight(3)
    assert np.array_equal(first.position_enu, again.position_enu)
    kinds = {classify.make_flight(seed)[0].kind for seed in range(60)}
    assert kinds == set(classify.MIX)


@pytest.mark.compiled
def test_drones_are_told_from_birds_by_their_blades():
    wanted = {"multirotor", "fixed_wing", "bird"}
    seeds = [seed for seed in range(500, 560) if classify.make_flight(seed)[0].kind in wanted][:14]
    found = classify.figures([classify.judge(seed, "micro_doppler") for seed in seeds])
    assert found["confirmed"] >= 12
    assert found["drone_bird_balanced_accuracy"] >= 0.85
    assert TargetClass.BIRD.label in found["confusion"]
