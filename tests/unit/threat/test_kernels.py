"""Compiled core of the threats: lengths are rounded once."""

import math
from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rampart.threat import _kernels

SPEEDS = st.floats(-2000.0, 2000.0, allow_subnormal=False).filter(lambda v: v == 0.0 or abs(v) > 1e-9)


@given(SPEEDS, SPEEDS, SPEEDS)
def test_a_length_is_the_number_nearest_to_the_true_one(x, y, z):
    wide = Context(prec=60)
    squares = [wide.multiply(Decimal(v), Decimal(v)) for v in (x, y, z)]
    true = wide.sqrt(wide.add(wide.add(squares[0], squares[1]), squares[2]))
    assert _kernels._length(x, y, z) == float(true)


@pytest.mark.parametrize("vector", [(0.0, 0.0, 0.0), (3.0, 0.0, 4.0), (30.0, -0.0, 0.0)])
def test_plain_lengths(vector):
    assert _kernels._length(*vector) == math.hypot(*vector)
