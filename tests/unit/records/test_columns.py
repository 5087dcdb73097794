"""Plural records: built, cut, joined and hashed the same way everywhere."""

import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from rampart.records import Detections, Engagements, TargetClass, Warnings


def test_missing_columns_hold_their_missing_value():
    rows = Detections.build(range_m=[1.0, 2.0])
    assert len(rows) == 2
    assert np.isnan(rows.azimuth_rad).all()
    assert rows.position_covariance.shape == (2, 3, 3)
    assert rows.class_hint.tolist() == [TargetClass.UNKNOWN] * 2
    assert rows.identity.tolist() == ["", ""]


def test_unknown_columns_and_wrong_shapes_are_refused():
    with pytest.raises(TypeError, match="speed"):
        Detections.build(1, speed=[1.0])
    with pytest.raises(ValueError, match="range_m"):
        Detections.build(2, range_m=[1.0])


def test_rows_make_the_record_that_their_columns_make():
    rows = [
        {"number": 4, "tracks": (1, 2), "reason": "it came down", "probability": 0.5},
        {"number": 5, "tracks": (), "reason": "", "probability": np.nan},
    ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    assert Warnings.of_rows(rows).canonical_bytes() == Warnings.build(2, **columns).canonical_bytes()
    places = [{"intercept_enu": np.array([1.0, 2.0, 3.0]), "effector": 1}]
    assert Engagements.of_rows(places).intercept_enu.tolist() == [[1.0, 2.0, 3.0]]
    assert len(Warnings.of_rows([])) == 0
    with pytest.raises(TypeError, match="speed"):
        Warnings.of_rows([{"number": 1, "speed": 1.0}])


def test_take_and_concat_are_inverse():
    rows = Detections.build(number=np.arange(5), range_m=np.arange(5.0))
    parts = [rows.take(rows.number < 2), rows.take(rows.number >= 2)]
    again = Detections.concat(parts)
    assert again.canonical_bytes() == rows.canonical_bytes()
    assert len(Detections.concat([])) == 0


def test_rows_read_by_name():
    rows = Warnings.build(number=[4], tracks=[(1, 2)], reason=["it came down"])
    assert rows[0].tracks == (1, 2)
    assert [row.number for row in rows] == [4]
    with pytest.raises(IndexError):
        rows[1]


def test_canonical_bytes_see_every_column_but_not_the_bits_of_nan():
    nan = np.frombuffer(np.uint64(0x7FF8000000000001).tobytes(), float)[0]
    plain, other = Detections.build(1, range_m=[np.nan]), Detections.build(1, range_m=[nan])
    assert plain.canonical_bytes() == other.canonical_bytes()
    assert Detections.build(1, range_m=[0.0]).canonical_bytes() == Detections.build(1, range_m=[-0.0]).canonical_bytes()
    for name in Detections.names():
        column = getattr(plain, name)
        changed = np.full_like(column, "x") if column.dtype.kind == "U" else np.full_like(column, 1)
        assert plain.replace(**{name: changed}).canonical_bytes() != plain.canonical_bytes(), name


def test_columns_are_frozen():
    with pytest.raises(AttributeError):
        Detections.empty().range_m = np.zeros(0)


def test_a_record_is_made_by_place_or_by_name_and_stays_as_it_is():
    made = Detections.build(2, number=[3, 4])
    columns = {name: getattr(made, name) for name in Detections.names()}
    for again in (Detections(*columns.values()), Detections(**columns), pickle.loads(pickle.dumps(made))):
        assert again.number.tolist() == [3, 4]
    with pytest.raises(FrozenInstanceError):
        made.number = np.zeros(2, np.int64)
    with pytest.raises(TypeError):
        Detections(columns["number"])
