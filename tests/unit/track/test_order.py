"""The order of a scan's detections: that of a stable sort, whatever the numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rampart.track._kernels_order import SHORT, rising

numbers = st.lists(st.one_of(st.integers(-5, 5).map(float), st.just(float("nan"))), max_size=40)


@given(numbers)
def test_equals_keep_their_order_and_nan_comes_last(values: list[float]) -> None:
    given = np.array(values, float)
    assert rising(given).tolist() == np.argsort(given, kind="stable").tolist()


def test_long_rows_are_merged() -> None:
    rng = np.random.default_rng(3)
    for n in (SHORT, SHORT + 1, 2 * SHORT + 7, 11 * SHORT):
        values = np.round(rng.normal(size=n), 1)
        values[::7] = np.nan
        assert rising(values).tolist() == np.argsort(values, kind="stable").tolist()
