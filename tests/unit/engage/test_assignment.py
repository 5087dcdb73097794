"""Assignment: published and rebuilt instances, bounds and ties."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.engage import _kernels
from rampart.engage.assignment import assign, greedily, layers


def instance(w, n):
    """Ahuja's type: kill probability uniform 0.6-0.9, value uniform 25-100, one round per weapon."""
    rng = np.random.Generator(np.random.Philox(1000 + w))
    return rng.uniform(0.6, 0.9, (w, n)), rng.uniform(25, 100, n)


def objective(p, value, target):
    """What gets through, the plain way."""
    left = np.array(value, float)
    for i, j in enumerate(target):
        if j >= 0:
            left[j] *= 1 - p[i][j]
    return left.sum()


@pytest.mark.parametrize(("w", "n", "value"), [(20, 10, 9.981493), (40, 20, 25.751185), (200, 100, 69.328226)])
def test_greedy_values_of_the_rebuilt_instances(w, n, value):
    p, v = instance(w, n)
    assert objective(p, v, greedily(p, v, np.full(n, w))) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("w", "n", "optimum", "gap"),
    [
        (10, 10, 74.409584, 0.0),
        (100, 200, 5183.082068, 0.0),
        (20, 10, 9.484216, 0.015),
        (40, 20, 21.975497, 0.008),
        (80, 40, 31.259196, 0.012),
        (160, 80, 55.236764, 0.017),
        (200, 100, 66.729853, 0.009),
    ],
)
def test_close_to_the_optimum_by_column_generation(w, n, optimum, gap):
    p, v = instance(w, n)
    found = assign(p, v)
    assert found.survivors == pytest.approx(objective(p, v, found.threat))
    assert optimum - 1e-5 <= found.survivors <= optimum * (1 + gap) + 1e-5


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 3), st.integers(0, 10_000))
def test_never_better_than_the_best_and_never_worse_than_greedy(w, n, seed):
    rng = np.random.Generator(np.random.Philox(seed))
    p, v = rng.uniform(0, 1, (w, n)), rng.uniform(0, 10, n)
    best = min(objective(p, v, t) for t in itertools.product(range(-1, n), repeat=w))
    found, room = assign(p, v), np.full(n, w)
    assert objective(p, v, found.threat) == pytest.approx(found.survivors)
    assert found.survivors >= best - 1e-9
    assert found.survivors <= objective(p, v, greedily(p, v, room)) + 1e-9
    assert found.survivors <= objective(p, v, layers(p, v, room)) + 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 10_000))
def test_limits_hold_and_useless_shots_are_not_fired(w, n, seed):
    rng = np.random.Generator(np.random.Philox(seed))
    p, v, limit = rng.uniform(0, 1, (w, n)), rng.uniform(0, 10, n), rng.integers(0, 4, n)
    p[rng.random((w, n)) < 0.4] = 0.0
    target = assign(p, v, limit).threat
    fired = target >= 0
    assert (np.bincount(target[fired], minlength=n) <= limit).all()
    assert (p[np.flatnonzero(fired), target[fired]] > 0).all()


def test_ties_go_to_the_first_threat_and_the_first_shot():
    p, v = np.full((2, 4), 0.5), np.ones(4)
    assert sorted(assign(p, v).threat.tolist()) == [0, 1]
    assert assign(np.full((1, 4), 0.5), v).threat.tolist() == [0]
    assert assign(np.full((3, 1), 0.5), [1.0], [1]).threat.tolist() == [0, -1, -1]


def test_certain_kills_and_nothing_to_shoot_at():
    assert assign(np.ones((2, 2)), [1.0, 2.0]).survivors == 0.0
    assert assign(np.zeros((2, 0)), []).threat.tolist() == [-1, -1]
    assert assign(np.zeros((0, 2)), [1.0, 1.0]).survivors == 2.0
    assert assign(np.zeros((2, 2)), [1.0, 1.0]).threat.tolist() == [-1, -1]


def test_exchange_repairs_a_bad_start():
    p = np.array([[0.9, 0.1], [0.1, 0.9]])
    target = np.array([1, 0])
    _kernels.exchange(p, np.ones(2), np.array([2, 2]), target)
    assert target.tolist() == [0, 1]


def test_swap_that_leaves_a_shot_without_use_takes_it_away():
    rng = np.random.Generator(np.random.Philox(73))
    p, v, limit = rng.uniform(0, 1, (12, 3)), rng.uniform(0, 10, 3), rng.integers(0, 4, 3)
    p[rng.random((12, 3)) < 0.4] = 0.0
    target = assign(p, v, limit).threat
    assert all(p[i, j] > 0 for i, j in enumerate(target) if j >= 0)
