"""The exact assignment: against enumeration, against other people's optima, and its bound by another search."""

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.engage import _kernels_pricing
from rampart.engage.assignment import assign
from rampart.engage.optimum import optimise, survivors_of
from rampart.errors import InputError

pytest.importorskip("highspy", reason="highspy is not installed")
pytestmark = pytest.mark.compiled


def instance(w, n):
    """Ahuja's type, as in test_assignment."""
    rng = np.random.Generator(np.random.Philox(1000 + w))
    return rng.uniform(0.6, 0.9, (w, n)), rng.uniform(25, 100, n)


def spread(total, n):
    """All ways to give at most `total` rounds to n threats."""
    return [x for x in itertools.product(range(total + 1), repeat=n) if sum(x) <= total]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 10_000), st.booleans())
def test_as_good_as_the_best_of_all(w, n, seed, limited):
    rng = np.random.Generator(np.random.Philox(seed))
    p, v, rounds = rng.uniform(0, 1, (w, n)), rng.uniform(0, 10, n), rng.integers(0, 3, w)
    p[rng.random((w, n)) < 0.25] = 0.0
    p[rng.random((w, n)) < 0.05] = 1.0
    limit = rng.integers(0, 4, n) if limited else np.full(n, 10)
    choices = [np.array(x).reshape(w, n) for x in itertools.product(*(spread(int(r), n) for r in rounds))]
    best = min(survivors_of(p, v, np.array(x)) for x in choices if (np.sum(x, 0) <= limit).all())
    found = optimise(p, v, rounds, limit)
    assert found.proven
    assert found.survivors == pytest.approx(best, abs=1e-7)
    assert found.bound <= best + 1e-9
    assert (found.rounds.sum(1) <= rounds).all()
    assert (found.rounds.sum(0) <= limit).all()
    assert survivors_of(p, v, found.rounds) == pytest.approx(found.survivors, abs=1e-12)


@pytest.mark.parametrize(
    ("w", "n", "optimum"),
    [
        (10, 10, 74.409584),
        (20, 10, 9.484216),
        (40, 20, 21.975497),
        (80, 40, 31.259196),
        (160, 80, 55.236764),
        pytest.param(200, 100, 66.729853, marks=pytest.mark.slow),
        (100, 200, 5183.082068),
    ],
)
def test_optima_of_the_rebuilt_instances(w, n, optimum):
    p, v = instance(w, n)
    found = optimise(p, v)
    assert found.proven
    assert found.survivors == pytest.approx(optimum, abs=1e-6)
    assert found.survivors <= assign(p, v).survivors + 1e-9


@pytest.mark.parametrize(
    ("name", "optimum"),
    [
        ("50x100x1", 1734.302278),
        ("50x100x2", 123.838458),
        ("50x100x3", 20.590016),
        ("100x200x2", 116.057435),
    ],
)
def test_published_optima(name, optimum, monkeypatch):
    from rampart.bench.assign import folder, read_instance

    path = folder() / f"wta_{name}.txt"
    if not path.exists():
        pytest.skip(f"no {path.name}; RAMPART_INSTANCES names its folder")
    found = optimise(*read_instance(path))
    assert found.proven
    assert found.survivors == pytest.approx(optimum, abs=1e-6)


def test_the_bound_holds_by_another_search():
    """Lagrange: at any prices, the threats' cheapest sets less what all rounds cost are below any optimum."""
    p, v = instance(20, 10)
    found = optimise(p, v)
    total = -found.prices.sum()
    for j in range(10):
        worth = np.flatnonzero(v[j] * p[:, j] > found.prices)
        sets = [np.array(list(itertools.combinations(worth, k)), int) for k in range(1, min(len(worth), 5) + 1)]
        total += min(v[j], *((v[j] * (1 - p[s, j]).prod(1) + found.prices[s].sum(1)).min() for s in sets))
    assert total <= found.survivors + 1e-9
    assert total == pytest.approx(found.bound, rel=2e-3)


def test_nothing_to_share():
    assert optimise(np.zeros((2, 3)), np.ones(3)).survivors == 3.0
    assert optimise(np.zeros((0, 3)), np.ones(3)).rounds.shape == (0, 3)
    assert optimise(np.zeros((2, 0)), []).survivors == 0.0
    assert optimise([[0.5]], [4.0], [0]).survivors == 4.0


def test_rounds_are_used_together_and_the_limit_holds():
    found = optimise([[0.5]], [8.0], [5], [3])
    assert found.rounds.tolist() == [[3]]
    assert found.survivors == pytest.approx(1.0)
    assert found.proven


def test_without_the_optimiser_one_line_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(InputError, match=r"rampart\[study\]"):
        optimise([[0.5]], [1.0])


def test_a_file_that_is_no_instance_is_refused_in_a_line(tmp_path):
    from rampart.bench.assign import read_instance

    path = tmp_path / "wta_1x1x1.txt"
    for text in ("1 1", "1 1 1\n5\n0 0", "1 1 1\n5\n0 7 0.5", "a b c"):
        path.write_text(text)
        with pytest.raises(InputError, match="expected 'w n rounds'"):
            read_instance(path)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 10_000), st.floats(0.0, 2.0))
def test_every_set_of_rounds_within_a_gap_is_listed(w, n, seed, gap):
    """The search that closes the gap, against enumeration: nothing missing, nothing twice, nothing beyond."""
    rng = np.random.Generator(np.random.Philox(seed))
    p, v, price = rng.uniform(0.05, 0.95, (w, n)), rng.uniform(1, 10, n), rng.uniform(0, 2, w)
    rounds, limit = rng.integers(0, 3, w), rng.integers(1, 5, n)

    def costs(j):
        sets = itertools.product(*(range(r + 1) for r in rounds))
        return {x: v[j] * np.prod((1 - p[:, j]) ** x) + price @ x for x in sets if sum(x) <= limit[j]}

    by_hand = [costs(j) for j in range(n)]
    bar = np.array([min(c.values()) for c in by_hand]) + gap + 1e-9
    threats, columns = np.empty(4096, np.int64), np.zeros((4096, w), np.int64)
    room, slack = np.empty((4096, w), np.int64), gap + 1e-9
    found, least, exact, _ = _kernels_pricing.price_all(
        v, -np.log1p(-p), price, rounds, limit, bar, slack, True, 10**6, room, threats, columns
    )
    listed = [(int(j), *map(int, x)) for j, x in zip(threats[:found], columns[:found], strict=True)]
    expected = {(j, *x) for j in range(n) for x, cost in by_hand[j].items() if cost < bar[j] - 1e-12}
    assert exact
    assert len(listed) == len(set(listed))
    assert expected <= set(listed) <= {(j, *x) for j in range(n) for x, c in by_hand[j].items() if c < bar[j] + 1e-12}
    assert least == pytest.approx(bar - gap - 1e-9, abs=1e-9)
