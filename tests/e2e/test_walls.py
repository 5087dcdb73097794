"""No stage of the chain sees truth; the same seed gives the same bytes."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rampart.ledger.digest import OutputDigest
from rampart.pipeline import build_chain, build_places, build_world, load
from rampart.records import Detections
from rampart.study import run
from rampart.study.files import run_to_folder
from rampart.study.replay import replay
from rampart.study.site_run import run_site

SCENARIOS = ("embassy-rockets", "embassy-drone")


class Tape:
    """A recorder that keeps what the chain was given and said."""

    def __init__(self):
        self.batches, self.digest, self.said = [], OutputDigest(), []

    def batch(self, site_id, now_ns, detections, *_, **__):
        self.batches.append((now_ns, detections))

    def outputs(self, site_id, now_ns, *records):
        self.digest.update(*records)
        self.said.append([r.canonical_bytes() for r in records])

    def states(self, *_):
        pass

    def diagnostics(self, *_):
        pass

    def truth(self, *_):
        pass

    def summary(self, *_):
        pass


def tape_of(name, **kwargs):
    tape = Tape()
    done = run(name, seed=3, recorders=[tape], **kwargs)
    return tape, done


@pytest.mark.parametrize("name", SCENARIOS)
def test_replaying_detections_without_truth_gives_the_same_decisions(name, tmp_path):
    summary = run_to_folder(load(name), tmp_path, seed=3, run=0)
    answer = replay(tmp_path / "recording.mcap")
    assert answer["matches_recording"]
    assert answer["output_sha256"] == summary["output_sha256"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_effectors_the_referee_changes_no_byte(name):
    with_referee, _ = tape_of(name, effectors=False)
    without, _ = tape_of(name, effectors=False, referee=False)
    assert len(with_referee.batches) == len(without.batches)
    for (t0, a), (t1, b) in zip(with_referee.batches, without.batches, strict=True):
        assert t0 == t1
        assert a.canonical_bytes() == b.canonical_bytes()
    assert with_referee.said == without.said


def test_same_seed_same_bytes_other_seed_other_bytes():
    first, second, other = (run("embassy-rockets", seed=s).summary["output_sha256"] for s in (3, 3, 4))
    assert first == second != other


def test_one_or_two_threads_give_the_same_bytes():
    names = [*SCENARIOS, *SCENARIOS]
    alone = [run(name, seed=5).summary["output_sha256"] for name in names]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda name: run(name, seed=5).summary["output_sha256"], names))
    assert alone == together


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_restored_chain_continues_as_the_first_one_would_have(name):
    tape, _ = tape_of(name)
    scenario = load(name)
    (place,) = build_places(scenario)
    first = build_chain(scenario, place)
    middle = len(tape.batches) // 2
    for now_ns, detections in tape.batches[:middle]:
        first.step(now_ns, detections)
    second = build_chain(scenario, place)
    second.restore(first.snapshot())
    for now_ns, detections in tape.batches[middle:]:
        a, b = first.step(now_ns, detections), second.step(now_ns, detections)
        for kind in ("tracks", "predictions", "warnings", "engagements"):
            assert getattr(a, kind).canonical_bytes() == getattr(b, kind).canonical_bytes()


def test_stages_do_not_change_their_inputs():
    scenario = load("embassy-rockets")
    (place,) = build_places(scenario)
    chain = build_chain(scenario, place)
    tape, _ = tape_of("embassy-rockets")
    for now_ns, detections in tape.batches:
        before = detections.canonical_bytes()
        chain.step(now_ns, detections)
        assert detections.canonical_bytes() == before


def test_truth_ends_where_a_hit_is_drawn_and_only_there():
    scenario = load("embassy-rockets")
    (place,) = build_places(scenario)
    world = build_world(place, seed=3, run=0)
    done = run_site(place, world, build_chain(scenario, place, engage=False), None, duration_s=60.0)
    assert np.isinf(done.ended_s).all()
    assert not done.shots
    shot = run(scenario, seed=3).sites[0]
    destroyed = {s.flight for s in shot.shots if s.destroyed}
    assert set(np.flatnonzero(np.isfinite(shot.ended_s)).tolist()) == destroyed
    for look in shot.looks:
        seen_s = (look.detections.time_ns - place.site.start_ns) * 1e-9
        assert (seen_s <= shot.ended_s[look.flight]).all()


def test_no_detection_says_which_flight_it_came_from():
    names = set(Detections.names())
    assert not names & {"flight", "truth", "source", "target"}
