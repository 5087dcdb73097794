"""Interception against closed forms: engager, run loop and referee as in every run, with perfect tracks."""

import numpy as np
import pytest

from rampart.bench.oracles import ORACLES, check, erlang_b, queue_loss
from rampart.bench.perfect import battle, fight, ring, still

pytestmark = pytest.mark.compiled
RAIDS, ARRIVALS = 80, 800


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: oracle.name.replace(" ", "-"))
def test_run_loop_agrees_with_the_closed_form(oracle):
    if oracle.number == 12:
        pytest.importorskip("highspy", reason="highspy is not installed")
    rows = check(oracle, RAIDS, ARRIVALS)
    assert rows
    assert {row["name"]: row["ours"]["z"] for row in rows if not row["ours"]["within"]} == {}


@pytest.mark.slow
@pytest.mark.parametrize("oracle", ORACLES[:9], ids=lambda oracle: oracle.name.replace(" ", "-"))
def test_run_loop_agrees_with_the_closed_form_at_length(oracle):
    assert all(row["ours"]["within"] for row in check(oracle, 400, 6000))


def test_an_oracle_notices_what_is_wrong():
    """Ten rounds a threat in place of two: no form may call that within three standard errors."""
    binomial = ORACLES[0]
    sample = next(iter(binomial.sample(60, 0)))
    wrong = binomial._replace(sample=lambda raids, arrivals: iter([sample._replace(exact=2 * sample.exact)]))
    assert not check(wrong, 60, 0)[0]["ours"]["within"]


@pytest.mark.parametrize(
    ("load", "losses"),
    [
        (0.5, (0.3333, 0.0769, 0.0016, 0.0000)),
        (1.0, (0.5000, 0.2000, 0.0154, 0.0000)),
        (2.0, (0.6667, 0.4000, 0.0952, 0.0009)),
        (4.0, (0.8000, 0.6154, 0.3107, 0.0304)),
        (8.0, (0.8889, 0.7805, 0.5746, 0.2356)),
    ],
)
def test_erlang_b_by_its_table(load, losses):
    assert [erlang_b(c, load) for c in (1, 2, 4, 8)] == pytest.approx(losses, abs=6e-5)


def test_queue_with_a_window_has_the_right_limits():
    assert queue_loss(3, 6.0, 1e-9) == pytest.approx(erlang_b(3, 6.0))
    assert queue_loss(2, 1.5, 60.0) < 1e-9
    assert queue_loss(1, 0.8, 1.0) == pytest.approx(0.275196, abs=1e-6)
    assert queue_loss(1, 1.0, 2.0) == pytest.approx(0.25)
    assert queue_loss(4, 5.0, 1.0) == pytest.approx(0.244850, abs=1e-6)


def test_even_salvo_is_even_and_rounds_end():
    where = battle([{"p": 0.6, "channels": 15, "rounds": 15}], shots_per_look=15, max_engagements=15)
    flights = [still(k + 1, 1.0, 60.0, place) for k, place in enumerate(ring(6, 1000.0))]
    shots = fight(where, flights, seed=3, run=0).shots
    assert sorted(np.bincount([shot.track for shot in shots])[1:]) == [2, 2, 2, 3, 3, 3]


def test_equal_seeds_give_equal_raids_and_runs_differ():
    where = battle([{"p": 0.5, "channels": 50}], max_engagements=1)
    flights = [still(k + 1, 1.0, 60.0, place) for k, place in enumerate(ring(12, 1000.0))]
    first, again, other = (fight(where, flights, seed=5, run=k).ended_s.tolist() for k in (0, 0, 1))
    assert first == again
    assert first != other
