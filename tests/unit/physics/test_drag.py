"""Drag shapes and their tables."""

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.physics.drag import SHAPES, drag_coefficient, drag_table, reference_coefficient


@pytest.mark.parametrize("shape", SHAPES)
def test_table_follows_the_curve(shape: str) -> None:
    table = drag_table(shape)
    mach = np.linspace(0.0, 4.999, 4000)
    piece = (mach * 40.0).astype(int)
    t = mach * 40.0 - piece
    c = table[piece]
    value = (c[:, 0] + t * (c[:, 1] + t * (c[:, 2] + t * c[:, 3]))) * reference_coefficient(shape)
    np.testing.assert_allclose(value, drag_coefficient(shape, mach), rtol=2e-4)
    assert table.shape == (200, 4)
    assert not table.flags.writeable


@pytest.mark.parametrize("shape", SHAPES)
def test_pieces_join_smoothly(shape: str) -> None:
    c = drag_table(shape)
    np.testing.assert_allclose(c[:-1].sum(1), c[1:, 0], atol=1e-12)
    np.testing.assert_allclose(c[:-1] @ [0.0, 1.0, 2.0, 3.0], c[1:, 1], atol=1e-12)


def test_published_points_are_hit() -> None:
    np.testing.assert_allclose(drag_coefficient("g1", [0.5, 0.9, 1.4, 3.0]), [0.2032, 0.3415, 0.6625, 0.5133])
    np.testing.assert_allclose(drag_coefficient("g7", [0.5, 0.95, 1.05, 3.0]), [0.1194, 0.2054, 0.4043, 0.2424])
    np.testing.assert_allclose(drag_coefficient("sphere", [0.5, 1.0, 2.0]), [0.497, 0.814, 1.001])


def test_constant_above_the_table() -> None:
    assert drag_coefficient("g1", 9.0) == drag_coefficient("g1", 5.0)


def test_unknown_shape_is_named_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="'brick' does not exist; expected one of g1, g7, sphere"):
        drag_table("brick")
