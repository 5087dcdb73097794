"""Raids of the warning benchmark: one look at a raid serves any warner, and what is counted is what was said."""

import json
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from rampart.bench.warn import compound, exchange
from rampart.bench.warn.families import REGION, compound_raid, region_raid
from rampart.bench.warn.record import Record
from rampart.bench.warn.region import Region
from rampart.bench.warn.watched import SharedAreas, warn, watch
from rampart.pipeline import build_places
from rampart.records import Phase, Warnings
from rampart.study import simulate
from rampart.warn import Policy, Warner, WarnerSpec

SECOND = 1_000_000_000


def said(*rows):
    zone, phase, at_s = zip(*rows, strict=True)
    return Warnings.build(len(rows), zone=zone, phase=[int(p) for p in phase], time_ns=[int(t * SECOND) for t in at_s])


def test_record_tells_when_each_zone_was_alarmed_sheltered_and_let_out():
    record = Record.of(
        said((0, Phase.PREPARE, 5), (1, Phase.SHELTER, 6), (0, Phase.SHELTER, 9), (0, Phase.RELEASE, 40)), 0, 60.0
    )
    assert record.zone.tolist() == [0, 1]
    assert record.opened_s.tolist() == [5.0, 6.0]
    assert record.shelter_s.tolist() == [9.0, 6.0]
    assert record.closed_s.tolist() == [40.0, 60.0]
    assert record.in_force(8.0).tolist() == [0, 1]
    assert record.in_force(41.0).tolist() == [1]
    assert record.sheltered(20.0, 12.0).tolist() == [1]
    assert record.shelter_minutes() == pytest.approx([31 / 60, 54 / 60])


@pytest.mark.parametrize(
    ("end", "gap_s", "again"), [("CANCEL", 29, True), ("CANCEL", 31, False), ("RELEASE", 5, False)]
)
def test_warning_soon_after_a_cancel_is_a_flicker(end, gap_s, again):
    record = Record.of(said((2, Phase.SHELTER, 1), (2, Phase[end], 10), (2, Phase.PREPARE, 10 + gap_s)), 0, 90.0)
    assert record.again.tolist() == [False, again]


def test_prepare_alone_keeps_nobody_in_shelter():
    record = Record.of(said((0, Phase.PREPARE, 5), (0, Phase.RELEASE, 25)), 0, 60.0)
    assert record.shelter_minutes().tolist() == [0.0]
    assert record.sheltered(20.0, 0.0).tolist() == []


def test_one_look_at_a_raid_gives_the_warnings_of_the_whole_chain():
    for seed in (3, 8, 163):
        scenario = compound_raid(seed)
        (run,) = simulate(scenario, seed=seed, effectors=False, referee=False)
        whole = Warnings.concat([out.warnings for out in run.outputs])
        watched = watch(scenario, seed)
        (place,) = build_places(scenario)
        apart = warn(Warner(place.site, scenario.stages["warn"].policy()), watched)
        for name in ("number", "sequence", "zone", "phase", "time_ns"):
            assert getattr(apart, name).tolist() == getattr(whole, name).tolist(), (seed, name)
        assert apart.tracks.tolist() == whole.tracks.tolist()


def test_shared_areas_answer_as_the_areas_themselves():
    (place,) = build_places(compound_raid(0))
    areas = Warner(place.site).areas
    shared, rng = SharedAreas(areas), np.random.default_rng(2)
    mean, covariance = 500.0 * rng.standard_normal((3, 2)), np.repeat(np.eye(2)[None] * 200.0**2, 3, axis=0)
    for _ in range(2):
        assert (shared.hit_probability(mean, covariance) == areas.hit_probability(mean, covariance)).all()
    assert len(shared) == len(areas)
    assert (shared.distance(mean) == areas.distance(mean)).all()


def test_a_raid_scores_the_same_every_time():
    first, again = compound.score_raid(5), compound.score_raid(5)
    assert {**first, "cpu_s": 0} == {**again, "cpu_s": 0}
    assert json.loads(json.dumps(first)) == first


def test_figures_count_misses_late_shelter_and_delays():
    def raid(told_s, in_time=True, observable=True, duplicate=0, flicker=0):
        pair = {"observable": observable, "told_s": told_s, "in_force": told_s is not None, "in_time": in_time}
        threat = {"arrival_s": 40.0, "first_s": 10.0, "third_s": 11.0, "pairs": [pair]}
        counts = {"issued": 1, "false": 0, "unneeded": 0, "missed": 0, "missed_all": 0, "duplicate": duplicate}
        return {
            "kind": "rocket", "duration_s": 60.0, "threats": [threat], "warnings": counts, "flicker": flicker,
            "messages": 2, "prepared_only": 0, "cpu_s": 0.1,
        }  # fmt: skip

    found = compound.figures(
        [
            raid(12.0),
            raid(13.0, in_time=False),
            raid(None, False),
            raid(41.0, False, observable=False),
            raid(12.0, flicker=1),
        ]
    )
    assert (found["missed"]["k"], found["missed"]["n"]) == (1, 4)
    assert (found["missed_any"]["k"], found["missed_any"]["n"]) == (2, 5)
    assert found["not_sheltered_in_time"]["k"] == 2
    assert found["cancel_then_warn"]["k"] == 1
    delays = found["first_warning_after_first_detection_s"]
    assert (delays["n"], delays["p50"]) == (3, 2.0)
    assert found["lead_over_possible"]["p50"] == pytest.approx(28 / 30, abs=1e-3)


def test_bound_of_the_goal_is_that_of_the_table():
    assert compound.at_most(0, 598)["at_most"] <= 0.005 < compound.at_most(0, 597)["at_most"]
    assert compound.at_most(1, 947)["at_most"] <= 0.005 < compound.at_most(1, 946)["at_most"]
    assert compound.at_most(3, 1549)["at_most"] <= 0.005 < compound.at_most(3, 1547)["at_most"]


@pytest.mark.parametrize("family", sorted(REGION))
def test_raids_on_the_region_depend_on_their_seed_alone(family):
    region = Region.make(0, counts=(3,), residents=500)
    one, again, other = (region_raid(family, seed, region.residents).resolved() for seed in (1, 1, 2))
    assert one == again
    assert one["threat"] != other["threat"]


def test_toll_counts_people_by_where_they_live(monkeypatch):
    toll = import_module("rampart.bench.warn.toll")
    small = Region.make(0, counts=(4, 16, 32, 64), residents=3_000)
    monkeypatch.setattr(toll, "region", lambda: small)
    monkeypatch.setattr(toll, "THRESHOLDS", (0.9, 0.003))
    toll._warners.cache_clear()
    try:
        found = toll.toll("rockets", 500_003)
    finally:
        toll._warners.cache_clear()
    table = np.array(found["table"], float)
    assert table.shape == (4, 2, len(toll.MEASURES))
    alarmed, sheltered, minutes, late, untold = (table[:, :, k] for k in range(5))
    assert (sheltered <= alarmed).all()
    assert (untold <= late).all()
    assert (late <= found["endangered"]).all()
    assert (alarmed[:, 0] <= alarmed[:, 1]).all()  # a higher threshold never alarms more people here
    assert alarmed[0, 1] > alarmed[-1, 1]  # finer zones spare people
    assert ((minutes > 0) == (sheltered > 0)).all()
    assert (minutes < 1.5 * sheltered).all()  # everybody is let out again soon after the impact
    assert (table[:, 0, toll.MEASURES.index("over_warned")] <= 3.0).all()


def test_warners_of_a_toll_start_afresh():
    spec = WarnerSpec()
    scenario = compound_raid(3)
    watched = watch(scenario, 3)
    (place,) = build_places(scenario)
    warner = spec.build(place.site, place.environment)
    blank = warner.snapshot()
    first = warn(warner, watched)
    warner.restore(blank)
    again = warn(warner, watched)
    assert first.canonical_bytes() == again.canonical_bytes()
    cautious = Warner(place.site, replace(Policy(), warn_probability=1e-5))
    assert len(warn(cautious, watched)) >= 1


def test_exchange_scores_the_default_as_the_whole_chain_does():
    found, whole = exchange.exchange(8)["policies"], compound.score_raid(8)
    default = found["as it comes"]
    assert (default["issued"], default["unneeded"]) == (whole["warnings"]["issued"], whole["warnings"]["unneeded"])
    assert default["prepared_only"] == whole["prepared_only"]
    assert default["observable"] == sum(p["observable"] for t in whole["threats"] for p in t["pairs"])
    assert found["prepare_probability = 0.3"]["issued"] <= default["issued"] <= found["wait_share = 0"]["issued"]
    figures = exchange.figures([{"seed": 8, "cpu_s": 0.1, "policies": found}] * 2)
    assert figures["as it comes"]["warnings"] == 2 * default["issued"]
