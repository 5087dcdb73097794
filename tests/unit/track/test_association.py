"""Assignment over sparse pairs: as good as SciPy's, whatever the clusters look like."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from rampart.track.association._kernels import associate


def best(gain):
    """Greatest sum of gains, by dense assignment with one column per track for going without."""
    tracks, detections = gain.shape
    cost = np.full((tracks, detections + tracks), 1e6)
    cost[:, :detections] = np.where(gain > 0.0, -gain, 1e6)
    cost[np.arange(tracks), detections + np.arange(tracks)] = 0.0
    rows, columns = linear_sum_assignment(cost)
    return -cost[rows, columns].sum()


def choose(gain):
    """Pairs as the tracker lists them, and what was chosen: (track, detection) rows."""
    i, j = np.nonzero(np.isfinite(gain))
    chosen = np.empty(gain.shape[0], np.int64)
    associate(*gain.shape, len(i), i.astype(np.int64), j.astype(np.int64), gain[i, j], chosen)
    return [(int(i[k]), int(j[k])) for k in chosen if k >= 0]


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 14), st.integers(1, 14), st.floats(0.05, 1.0), st.integers(0, 10**6))
def test_sum_of_gains_is_the_greatest(tracks, detections, density, seed):
    rng = np.random.default_rng(seed)
    gain = rng.normal(2.0, 4.0, (tracks, detections))
    gain[rng.random(gain.shape) > density] = -np.inf
    pairs = choose(gain)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(gain[i, j] > 0.0 for i, j in pairs)
    assert np.isclose(sum(gain[i, j] for i, j in pairs), best(gain), atol=1e-9)


def test_a_pair_that_gains_nothing_is_left_out():
    assert choose(np.array([[-1.0, 3.0], [0.0, 5.0]])) == [(1, 1)]


def test_a_chain_that_would_move_every_track_is_cut_short_and_stays_one_to_one():
    # track i prefers detection i - 1, which the one before needs: the last one would move all the others
    n = 1500
    i = np.repeat(np.arange(n), 2)
    j = np.stack([np.arange(n), np.arange(n) + 1], 1).ravel()
    order_last = np.append(i, n).astype(np.int64), np.append(j, 0).astype(np.int64)
    gain = np.append(np.tile([5.0, 4.999], n), 50.0)
    chosen = np.empty(n + 1, np.int64)
    associate(n + 1, n + 1, len(gain), *order_last, gain, chosen)
    taken = [order_last[1][k] for k in chosen if k >= 0]
    assert len(set(taken)) == len(taken) >= n
