"""Metrics against an independent scorer, closed forms and their own laws."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from rampart.bench.scenes import make_scene
from rampart.track import metrics
from rampart.track.metrics import Points

KIT = Path(__file__).resolve().parents[3].parent / "shared" / "bench" / "tracking"


@pytest.fixture(scope="module")
def scorer():
    """The bench kit's scorer, loaded by its path."""
    path = KIT / "score.py"
    if not path.is_file():
        pytest.skip("no ../shared/bench/tracking/score.py")
    spec = importlib.util.spec_from_file_location("kit_score", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def tracks_like(truth, seed):
    """Tracks (n, 8) of a truth: noise, gaps, doubles, swapped identities and false ones."""
    rng = np.random.default_rng(seed)
    rows = truth[rng.random(len(truth)) < 0.93].copy()
    rows[:, 2::2] += rng.normal(0.0, 12.0, (len(rows), 3))
    rows[:, 3::2] += rng.normal(0.0, 4.0, (len(rows), 3))
    rows[:, 1] += 100.0
    half = rows[:, 0] >= 30
    numbers = np.unique(rows[:, 1])
    swapped = dict(zip(numbers, np.roll(numbers, 3), strict=True))
    some = half & (rng.random(len(rows)) < 0.6)
    rows[some, 1] = [swapped[n] for n in rows[some, 1]]
    double = rows[rng.random(len(rows)) < 0.05].copy()
    double[:, 1] += 1000.0
    double[:, 2] += 40.0
    false = np.zeros((90, 8))
    false[:, 0], false[:, 1] = rng.integers(0, 60, 90), rng.integers(5000, 5005, 90)
    false[:, 2::2] = rng.uniform(-4000.0, 4000.0, (90, 3))
    return np.concatenate([rows, double, false])


def agree(scorer, truth, tracks):
    """Every figure of the scorer, to the digits it prints."""
    theirs = scorer.score(truth, tracks)
    ours = metrics.score(Points.from_table(truth), Points.from_table(tracks), first_scan=5)
    pairs = {
        "gospa": (ours.gospa_m, 0.051),
        "ospa": (ours.ospa_m, 0.0051),
        "missed": (ours.missed, 0.0051),
        "false": (ours.false, 0.0051),
        "completeness": (ours.completeness, 0.00051),
        "ambiguity": (ours.ambiguity, 0.00051),
        "spurious": (ours.spurious, 0.00051),
        "pos_rmse": (ours.position_rms_m, 0.0051),
        "vel_rmse": (ours.velocity_rms_ms, 0.0051),
        "longest_track": (ours.longest_track, 0.00051),
    }
    for name, (value, digits) in pairs.items():
        if theirs[name] is None:
            assert np.isnan(value), name
        else:
            assert value == pytest.approx(theirs[name], abs=digits), name
    assert ours.id_switches == theirs["id_switches"]


@pytest.mark.parametrize(("kind", "targets"), [("cross", 10), ("dense", 20), ("swarm", 40)])
def test_the_scorer_of_the_kit_agrees_on_scenes_of_ours(scorer, kind, targets):
    truth = make_scene(kind, targets, 3).truth
    agree(scorer, truth, tracks_like(truth, 1))


@pytest.mark.parametrize("name", ["cross_50_s0", "dense_50_s0", "swarm_40_s0"])
def test_the_scorer_of_the_kit_agrees_on_its_own_scenes(scorer, name):
    with np.load(KIT / "scenes" / f"{name}.npz") as scene:
        truth = scene["truth"]
    agree(scorer, truth, tracks_like(truth, 2))


def test_the_scorer_of_the_kit_agrees_when_nothing_is_tracked(scorer):
    truth = make_scene("cross", 10, 4).truth
    agree(scorer, truth, np.empty((0, 8)))
    far = truth.copy()
    far[:, 2] += 1e5
    agree(scorer, truth, far)


points = st.lists(st.tuples(*[st.floats(-300.0, 300.0)] * 3), max_size=5).map(
    lambda p: np.array(p, float).reshape(-1, 3)
)


@given(points, points, points)
def test_gospa_is_a_metric(a, b, c):
    def distance(x, y):
        return metrics.gospa(x, y).distance_m

    assert distance(a, a) == pytest.approx(0.0, abs=1e-9)
    assert distance(a, b) == pytest.approx(distance(b, a), abs=1e-7)
    assert distance(a, c) <= distance(a, b) + distance(b, c) + 1e-6


@given(points, points)
def test_the_parts_of_gospa_make_it_up(a, b):
    found = metrics.gospa(a, b)
    parts = found.localisation_m2 + found.missed_m2(100.0) + found.false_m2(100.0)
    assert found.distance_m**2 == pytest.approx(parts)
    assert found.missed + len(b) == found.false + len(a)
    assert metrics.ospa(a, b) <= 100.0 + 1e-9


def test_siap_of_a_hand_made_scene():
    truth = Points.from_table([[0, 1, 0, 0, 0, 0, 0, 0], [0, 2, 900, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0, 0]])
    tracks = Points.from_table(
        [[0, 5, 3, 0, 4, 0, 0, 0], [0, 6, 0, 2, 0, 0, 0, 0], [0, 7, 5000, 0, 0, 0, 0, 0], [1, 6, 0, 0, 0, 0, 0, 0]]
    )
    found = metrics.siap(truth, tracks)
    assert found.completeness == pytest.approx(2 / 3)  # target 1 in both scans, target 2 in none
    assert found.ambiguity == pytest.approx(3 / 2)
    assert found.spuriousness == pytest.approx(1 / 4)
    assert found.position_accuracy_m == pytest.approx(np.sqrt(25 / 3))
    assert found.velocity_accuracy_ms == pytest.approx(np.sqrt(4 / 3))
    assert found.longest_segment == pytest.approx(2 / 3)


def test_siap_of_nothing_is_not_a_number():
    nobody = Points.from_table(np.empty((0, 8)))
    found = metrics.siap(nobody, nobody)
    assert np.isnan(found.completeness)
    assert np.isnan(found.spuriousness)


def test_nees_is_chi_squared_and_its_interval_holds():
    rng = np.random.default_rng(5)
    root = np.linalg.cholesky(np.array([[4.0, 1.0, 0.0], [1.0, 9.0, 2.0], [0.0, 2.0, 16.0]]))
    covariance = np.tile(root @ root.T, (50, 1, 1))
    inside = 0
    for _ in range(400):
        values = metrics.nees(rng.standard_normal((50, 3)) @ root.T, covariance)
        inside += metrics.mean_square(values, 3).consistent
    assert inside == pytest.approx(380, abs=14)  # 95 %, three sigma
    assert metrics.nis(np.ones((1, 2)), np.eye(2)[None]).tolist() == [2.0]


def test_intervals_are_those_of_scipy():
    low, high = metrics.chi_squared_interval(4, 25, 0.9)
    assert low == pytest.approx(chi2.ppf(0.05, 100) / 25)
    assert high == pytest.approx(chi2.ppf(0.95, 100) / 25)
    for k, n in ((0, 7), (3, 7), (7, 7), (900, 1000)):
        theirs = binomtest(k, n).proportion_ci(0.95, method="exact")
        ours = metrics.clopper_pearson(k, n)
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    nothing = metrics.clopper_pearson(0, 0)
    assert (nothing.low, nothing.high) == (0.0, 1.0)
    assert np.isnan(nothing.value)


def test_impacts_as_stated_are_consistent_and_boasts_are_not():
    rng = np.random.default_rng(6)
    covariance = np.tile(np.array([[400.0, 150.0], [150.0, 100.0]]), (2000, 1, 1))
    miss = rng.standard_normal((2000, 2)) @ np.linalg.cholesky(covariance[0]).T
    miss[7] = np.nan
    found = metrics.score_impacts(miss, covariance)
    assert found.inside.n == found.nees.n == 1999
    assert found.nees.consistent
    assert found.inside.low < 0.9 < found.inside.high
    assert found.rms_m == pytest.approx(np.sqrt(500.0), rel=0.05)
    boast = metrics.score_impacts(miss, covariance / 2.0)
    assert not boast.nees.consistent
    assert boast.inside.high < 0.9


@pytest.mark.parametrize(
    "call",
    [
        lambda: metrics.chi_squared_interval(0, 5),
        lambda: metrics.chi_squared_interval(2, 5, 1.0),
        lambda: metrics.clopper_pearson(5, 4),
        lambda: metrics.score_impacts(np.zeros((1, 2)), np.eye(2)[None], 0.0),
    ],
)
def test_bad_numbers_are_refused(call):
    with pytest.raises(ValueError, match="expected"):
        call()
