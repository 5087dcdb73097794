"""The quick look whether anything hangs together, against counting all links."""

import numpy as np
import pytest

from rampart.track.birth._kernels_formation import BINS, LINK_M, _hangs_together
from rampart.track.constants import N_Z, Z_EAST, Z_TIME

HALF_SCAN_S = 0.5


def hangs_together(places: np.ndarray, times: np.ndarray) -> bool:
    seed = np.full((len(places), N_Z), np.nan)
    seed[:, Z_EAST : Z_EAST + 3], seed[:, Z_TIME] = places, times
    n = len(seed)
    return bool(_hangs_together(n, seed, HALF_SCAN_S, np.empty(BINS, np.int64), np.empty((2, n), np.int64)))


def by_counting(places: np.ndarray, times: np.ndarray) -> bool:
    near = np.linalg.norm(places[:, None] - places[None], axis=2) < LINK_M
    near &= np.abs(times[:, None] - times[None]) <= HALF_SCAN_S
    np.fill_diagonal(near, False)
    return bool((near.sum(axis=1) >= 2).any())


@pytest.mark.parametrize("spread_m", [150.0, 500.0, 40_000.0])
def test_it_finds_what_counting_all_links_finds(spread_m: float) -> None:
    rng, said = np.random.default_rng(5), set()
    for _ in range(60):
        n = int(rng.integers(1, 60))
        places = rng.uniform(-spread_m, spread_m, (n, 3)) * (1.0, 1.0, 0.05)
        times = rng.integers(0, 3, n).astype(float)
        assert hangs_together(places, times) == by_counting(places, times)
        said.add(hangs_together(places, times))
    assert spread_m != 500.0 or said == {True, False}


def test_what_has_no_place_is_linked_to_nothing() -> None:
    places = np.full((5, 3), np.nan)
    assert not hangs_together(places, np.zeros(5))
    places[:3] = 10.0
    assert hangs_together(places, np.zeros(5))
