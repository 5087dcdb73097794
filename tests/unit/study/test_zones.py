"""The referee's own polygon distance, against brute force."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rampart.study.zones import distance_to_polygon

SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_square_in_closed_form(east, north):
    outside = np.maximum(np.abs([east, north]) - 1.0, 0.0)
    found = distance_to_polygon(np.array([[east, north]]), SQUARE)[0]
    assert np.isclose(found, np.hypot(*outside), atol=1e-12)


def test_a_hollow_is_outside():
    hollow = np.array([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4.0]])
    assert distance_to_polygon(np.array([[2.0, 3.0]]), hollow)[0] > 0.5
    assert distance_to_polygon(np.array([[2.0, 0.5]]), hollow)[0] == 0
