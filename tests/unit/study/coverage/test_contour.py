import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rampart.study.coverage.contour import contains, contour, ring_area

AXIS = np.arange(7.0)


def crossings(rings):
    """Pairs of pieces of different places that cross."""
    ends = [(r[i], r[i + 1], k, i, len(r) - 1) for k, r in enumerate(rings) for i in range(len(r) - 1)]
    found = 0
    for x, (a, b, k, i, n) in enumerate(ends):
        for c, d, m, j, _ in ends[x + 1 :]:
            if k == m and ((j - i) % n in (1, n - 1)):
                continue
            side = [
                (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
                for p, q, r in ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
            ]
            found += side[0] * side[1] < 0 and side[2] * side[3] < 0
    return found


def test_a_disc_has_its_area():
    x = np.linspace(-1.0, 1.0, 201)
    field = 1.0 - np.hypot(*np.meshgrid(x, x))
    [[ring]] = contour(field, 0.5, x)
    assert ring_area(ring) == pytest.approx(np.pi * 0.25, rel=1e-3)


def test_a_hole_turns_the_other_way_and_belongs_to_its_ring():
    field = np.ones((9, 9))
    field[4, 4] = 0.0
    [polygon] = contour(field, 0.5, np.arange(9.0))
    outer, hole = polygon
    assert ring_area(outer) > 0 > ring_area(hole)
    assert contains(outer, hole[0])


def test_a_spot_within_a_hole_is_a_polygon_of_its_own():
    field = np.ones((11, 11))
    field[3:8, 3:8] = 0.0
    field[5, 5] = 1.0
    big, small = contour(field, 0.5, np.arange(11.0))
    assert len(big) == 2
    assert len(small) == 1


def test_nothing_above_the_level_is_no_polygon():
    assert contour(np.zeros((4, 4)), 0.5, np.arange(4.0)) == []


def test_a_full_field_is_one_ring_half_a_cell_around():
    [[ring]] = contour(np.ones((4, 4)), 0.5, np.arange(4.0))
    assert ring.min() == -0.5
    assert ring.max() == 3.5


@settings(max_examples=60, deadline=None)
@given(arrays(float, (7, 7), elements=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])))
def test_rings_are_closed_simple_and_apart(field):
    polygons = contour(field, 0.5, AXIS)
    rings = [ring for polygon in polygons for ring in polygon]
    for polygon in polygons:
        assert ring_area(polygon[0]) > 0
        assert all(ring_area(hole) < 0 and contains(polygon[0], hole[0]) for hole in polygon[1:])
    for ring in rings:
        assert (ring[0] == ring[-1]).all()
    places = [place for ring in rings for place in ring[:-1].tolist()]
    assert len(np.unique(places, axis=0)) == len(places)
    assert crossings(rings) == 0
    inside = np.argwhere(field >= 0.5)
    for row, column in inside.tolist():
        point = np.array([column, row], float)
        assert sum(contains(ring, point) for ring in rings) % 2 == 1
