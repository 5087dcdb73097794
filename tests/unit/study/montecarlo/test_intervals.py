import math

import numpy as np
import pytest
from scipy import stats

from rampart.study.montecarlo.intervals import MOST_RESAMPLED, proportion, quantile, rate, ratio, wilson_half_width
from rampart.study.montecarlo.paired import compare, mcnemar


# R. G. Newcombe, Statistics in Medicine 17 (1998), and the published tables of both intervals
@pytest.mark.parametrize(
    ("k", "n", "wilson", "exact"),
    [
        (0, 100, (0.0, 0.0370), (0.0, 0.0362)),
        (3, 100, (0.0103, 0.0845), (0.0062, 0.0852)),
        (95, 100, (0.8882, 0.9785), (0.8872, 0.9836)),
    ],
)
def test_shares_have_the_published_intervals(k, n, wilson, exact):
    estimate = proportion(k, n)
    assert (estimate.low, estimate.high) == pytest.approx(exact, abs=5e-5)
    assert 2 * wilson_half_width(k, n) == pytest.approx(wilson[1] - wilson[0], abs=1e-4)


def test_a_share_of_nothing_is_unknown():
    assert math.isnan(proportion(0, 0).value)
    assert proportion(0, 0).as_dict() == {"value": None, "low": None, "high": None}


@pytest.mark.parametrize("count", [0, 1, 7, 40])
def test_rates_are_exact_for_a_poisson_count(count):
    low, high = rate(count, 2.0).low * 2.0, rate(count, 2.0).high * 2.0
    assert stats.poisson.cdf(count, high) == pytest.approx(0.025)
    assert count == 0 or stats.poisson.sf(count - 1, low) == pytest.approx(0.025)


def draws(n, seed):
    return np.random.Generator(np.random.Philox(seed)).poisson(2.0, n)


def test_the_interval_of_a_mean_covers_as_often_as_it_says():
    hits = [(e := ratio(draws(200, s))).low <= 2.0 <= e.high for s in range(400)]
    assert 0.91 < np.mean(hits) < 0.98


def test_resampling_and_the_linear_formula_agree():
    a, b = draws(MOST_RESAMPLED, 1), draws(MOST_RESAMPLED, 2) + 1
    small, large = ratio(a, b), ratio(np.r_[a, a[:1]], np.r_[b, b[:1]])
    assert small.value == pytest.approx(large.value, rel=1e-3)
    assert small.high - small.low == pytest.approx(large.high - large.low, rel=0.1)


def test_raids_are_drawn_whole():
    """Ten equal threats per raid tell no more than one."""
    raids = draws(300, 5)
    alone, tenfold = ratio(raids), ratio(10 * raids, np.full(300, 10))
    assert tenfold.high - tenfold.low == pytest.approx(alone.high - alone.low)


def test_the_interval_of_a_quantile_covers_as_often_as_it_says():
    truth = stats.norm.ppf(0.05)
    hits = []
    for seed in range(400):
        values = np.random.Generator(np.random.Philox(seed)).standard_normal(300)
        estimate = quantile(values, 0.05)
        hits.append(estimate.low <= truth <= estimate.high)
    assert 0.92 < np.mean(hits) <= 1.0


def test_clustered_values_widen_the_interval_of_a_quantile():
    values = np.random.Generator(np.random.Philox(3)).standard_normal(200)
    alone = quantile(values, 0.5)
    clustered = quantile(np.repeat(values, 10), 0.5, np.repeat(np.arange(200), 10))
    naive = quantile(np.repeat(values, 10), 0.5)
    assert clustered.high - clustered.low == pytest.approx(alone.high - alone.low, rel=0.35)
    assert naive.high - naive.low < 0.6 * (clustered.high - clustered.low)


def test_mcnemar_is_the_sign_test_of_what_differs():
    first = np.array([True] * 30 + [False] * 12 + [True] * 8)
    second = np.array([True] * 30 + [False] * 10 + [True] * 2 + [False] * 8)
    found = mcnemar(first, second)
    assert (found["only_first"], found["only_second"]) == (8, 2)
    assert found["p"] == pytest.approx(stats.binomtest(8, 10).pvalue, rel=1e-5)


def test_runs_are_compared_with_themselves():
    def rows(runs, leaked):
        n = len(runs)
        named = {"run": np.array(runs), "leaked": np.array(leaked)}
        return named | {key: np.zeros(n) for key in ("rounds", "in_time", "person_minutes", "harm_arrived")}

    found = compare(rows([0, 1, 2, 3], [0, 3, 1, 2]), rows([1, 2, 3, 4], [2, 0, 1, 9]))
    assert found["n"] == 3
    assert found["leakers"] == {"value": -1.0, "low": -1.0, "high": -1.0}
    assert found["no_leaker"]["value"] == pytest.approx(1 / 3, rel=1e-5)
