"""What is recorded is read again, to the bit."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic_core import from_json, to_json

from rampart.ledger.encoding import decode_columns, encode_columns
from rampart.records import Detections, Engagements, Predictions, Tracks, Warnings

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@st.composite
def rows(draw, kind):
    n = draw(st.integers(0, 4))
    values = {}
    for field in dataclasses.fields(kind):
        if draw(st.booleans()):
            continue  # wholly missing
        dtype, shape = field.metadata["dtype"], (n, *field.metadata["shape"])
        if dtype.kind == "O":
            one = st.tuples(st.integers(0, 2**63 - 1)) if field.metadata["missing"] == () else st.text(max_size=20)
            values[field.name] = draw(st.lists(one, min_size=n, max_size=n))
        elif dtype.kind == "U":
            values[field.name] = np.array(draw(st.lists(TEXT, min_size=n, max_size=n)), dtype)
        else:
            values[field.name] = draw(hnp.arrays(dtype, shape))
    return kind.build(n, **values)


@pytest.mark.parametrize("kind", [Detections, Tracks, Predictions, Warnings, Engagements])
@given(data=st.data())
def test_columns_come_back_to_the_bit(kind, data):
    records = data.draw(rows(kind))
    message = to_json(encode_columns(records), inf_nan_mode="null")
    again = decode_columns(kind, len(records), from_json(message))
    for name in kind.names():
        a, b = getattr(records, name), getattr(again, name)
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        if a.dtype.kind == "f":
            a, b = (np.where(np.isnan(x), np.nan, x).view(np.uint64) for x in (a, b))  # one nan, signed zeros
        assert a.tolist() == b.tolist(), name
