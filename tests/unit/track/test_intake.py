"""The intake of detections: their order, doubles, and what makes up one scan."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rampart.track import constants as k
from rampart.track.intake import _kernels

#: Few values, so that ties are common; nan: not measured.
MEASURED = st.sampled_from([0.5, 1.0, 2.0, float("nan")])
ROW = st.tuples(st.integers(0, 2), st.integers(0, 1), MEASURED, MEASURED, st.integers(0, 3), st.sampled_from([0, 0, 3]))


def packed(rows):
    """Rows as `pack` leaves them: time, sensor, range, azimuth, number and status told, the rest not measured."""
    z, zi = np.full((len(rows), k.N_Z), np.nan), np.zeros((len(rows), k.N_ZI), np.int64)
    for i, (time, sensor, reach, azimuth, number, _) in enumerate(rows):
        zi[i, k.ZI_TIME_NS], zi[i, k.ZI_SENSOR], zi[i, k.ZI_NUMBER] = time, sensor, number
        zi[i, k.ZI_HINT] = i  # tells rows apart that are equal
        z[i, k.Z_RANGE], z[i, k.Z_AZIMUTH] = reach, azimuth
    return z, zi, np.array([row[-1] for row in rows], np.int8)


@given(st.lists(ROW, max_size=40))
def test_order_is_that_of_a_stable_sort_by_all_keys(rows):
    z, zi, status = packed(rows)
    good = np.flatnonzero(status == 0)
    columns = zi[:, k.ZI_NUMBER], z[:, k.Z_AZIMUTH], z[:, k.Z_RANGE], zi[:, k.ZI_SENSOR], zi[:, k.ZI_TIME_NS]
    order = good.copy()
    _kernels.arrange(z, zi, order)
    np.testing.assert_array_equal(order, good[np.lexsort([column[good] for column in columns])])


@given(st.lists(ROW, max_size=40))
def test_doubles_and_refused_rows_are_dropped(rows):
    z, zi, status = packed(rows)
    kept, kept_i, doubles = _kernels.tidy(z, zi, status)
    told = [str(row[:4]) for row, s in zip(rows, status, strict=True) if s == 0]
    assert len(kept) == len(kept_i) == len(set(told))
    assert doubles == len(told) - len(set(told))
    for row, whole in zip(kept, kept_i, strict=True):
        np.testing.assert_array_equal(row, z[whole[k.ZI_HINT]])


@given(st.lists(ROW, min_size=1, max_size=12), st.integers(1, 3))
def test_one_scan_is_one_window_of_one_sensor(rows, window_ns):
    _, zi, _ = packed(rows)
    windows = np.array([window_ns, 2])
    places = {(s, t // windows[s]) for t, s, *_ in rows}
    assert _kernels.is_one_scan(zi, 0, windows) == (len(places) == 1)
