"""Plural records as struct-of-arrays: one numpy array per field, one row per record."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, Self

import numpy as np

from .slots import initialiser

_MISSING = {"f": np.nan, "i": 0, "u": 0, "b": False, "U": ""}


def column(dtype: str, *shape: int, missing: Any = None, doc: str = "") -> Any:
    """Declare a field of a `Columns` class.

    Parameters
    ----------
    dtype : str
        A numpy type string such as ``"f8"``; ``"O"`` for tuples of int and free text.
    *shape : int
        Shape of one row's value; nothing for a scalar.
    missing : object
        What a row holds when `Columns.build` is not given this field: nan for floats, zero and "" otherwise.
    doc : str
        Meaning, unit and frame; read by the reference documentation and the recording's schemas.
    """
    kind = np.dtype(dtype).kind
    value = missing if missing is not None else _MISSING.get(kind, ())
    metadata = {"dtype": np.dtype(dtype), "shape": shape, "missing": value, "doc": doc}
    return dataclasses.field(metadata=metadata)


@cache
def _columns_of(kind: Any) -> "_Declared":
    """Name, type, row shape and missing value of each column of a class, in order."""
    return tuple(
        (f.name, f.metadata["dtype"], f.metadata["shape"], f.metadata["missing"]) for f in dataclasses.fields(kind)
    )


@cache
def _empty_of(kind: Any) -> Any:
    """The record of no rows: one for all, as none is ever changed."""
    return kind.build(0)


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    return tuple(name for name, *_ in _columns_of(kind))


@cache
def _place_of(kind: Any, name: str) -> tuple[int, np.dtype, tuple[int, ...]]:
    """Position, type and row shape of a column."""
    for at, (column_name, dtype, shape, _) in enumerate(_columns_of(kind)):
        if column_name == name:
            return at, dtype, shape
    raise TypeError(f"{kind.__name__} has no column {name}")


_Declared = tuple[tuple[str, np.dtype, tuple[int, ...], Any], ...]


def _columns(kind: Any) -> _Declared:
    return _columns_of(kind)


def _as_objects(values: Sequence[Any], n: int) -> np.ndarray:
    out = np.empty(n, dtype=object)
    for i in range(n):
        out[i] = values[i]
    return out


class Columns:
    """Base of the plural records. Subclasses are frozen dataclasses whose fields are declared with `column`.

    The arrays share their first dimension. A record is never changed in place: stages build new ones.
    """

    _lead: ClassVar[Any]  #: reads the first column: the number of rows is asked for all the time
    _all: ClassVar[Any]  #: reads all columns

    @classmethod
    def empty(cls) -> Self:
        """No rows."""
        kind: Any = cls
        none: Self = _empty_of(kind)
        return none

    @classmethod
    def unwritten(cls, n: int) -> Self:
        """A record of `n` rows for who writes every column at once: until then they hold whatever was in memory."""
        return cls(*[np.empty((n, *shape), dtype) for _, dtype, shape, _ in _columns(cls)])

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Make a record from rows, which name the same columns each; quicker than `build` where they are few.

        Raises
        ------
        TypeError
            For a name that is no column.
        """
        if unknown := {name for row in rows for name in row}.difference(cls.names()):
            raise TypeError(f"{cls.__name__} has no column {', '.join(sorted(unknown))}")
        record = cls.unwritten(len(rows))
        for (name, _, _, missing), array in zip(_columns(cls), cls._all(record), strict=True):
            for i, row in enumerate(rows):
                array[i] = row.get(name, missing)
        return record

    @classmethod
    def build(cls, n: int | None = None, **values: Any) -> Self:
        """Make a record from the columns given; the others hold their missing value.

        Parameters
        ----------
        n : int or None
            Number of rows; taken from the columns when not given.
        **values : array_like
            Columns by name, first dimension `n`.

        Raises
        ------
        TypeError
            For a name that is no column.
        ValueError
            For a column of the wrong shape.
        """
        if n is None:
            n = len(next(iter(values.values())))
        arrays = []
        for name, dtype, shape, missing in _columns(cls):
            if name in values:
                arrays.append(cls._coerce(name, values.pop(name), n, dtype, shape))
            elif dtype.kind == "O":
                arrays.append(_as_objects([missing] * n, n))
            elif missing == 0:
                arrays.append(np.zeros((n, *shape), dtype))
            else:
                array = np.empty((n, *shape), dtype)
                array.fill(missing)
                arrays.append(array)
        if values:
            raise TypeError(f"{cls.__name__} has no column {', '.join(sorted(values))}")
        return cls(*arrays)

    @classmethod
    def _coerce(cls, name: str, value: Any, n: int, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
        array = _as_objects(value, n) if dtype.kind == "O" else np.ascontiguousarray(value, dtype)
        if array.shape != (n, *shape):
            raise ValueError(f"{cls.__name__}.{name}: shape {array.shape}, expected {(n, *shape)}")
        return array

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The columns' names, in order."""
        kind: Any = cls
        return _names_of(kind)

    @classmethod
    def concat(cls, parts: Iterable[Self]) -> Self:
        """Join records row after row."""
        parts = [part for part in parts if len(part)]
        if not parts:
            return cls.empty()
        if len(parts) == 1:
            return parts[0]
        return cls(*map(np.concatenate, zip(*map(cls._all, parts), strict=True)))

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        names = tuple(getattr(cls, "__slots__", ()))
        if names:  # `dataclass` makes the class anew, with slots: it is that one which is used
            cls._lead = attrgetter(names[0])
            cls._all = attrgetter(*names)
            cls.__init__ = initialiser(cls, names)  # type: ignore[method-assign]

    def __len__(self) -> int:
        return len(self._lead(self))

    def take(self, index: Any) -> Self:
        """The rows of a boolean mask (n,) or of an integer index array."""
        return type(self)(*[array[index] for array in self._all(self)])

    def replace(self, **values: Any) -> Self:
        """The same rows with some columns exchanged."""
        kind: Any = type(self)
        n, arrays = len(self), list(self._all(self))
        for name, value in values.items():
            at, dtype, shape = _place_of(kind, name)
            arrays[at] = self._coerce(name, value, n, dtype, shape)
        return type(self)(*arrays)

    def __getitem__(self, i: int) -> "Row":
        n = len(self)
        if not -n <= i < n:
            raise IndexError(f"row {i} of {n}")
        return Row(self, i % n)

    def __iter__(self) -> Iterator["Row"]:
        return (Row(self, i) for i in range(len(self)))

    def canonical_bytes(self) -> bytes:
        """The rows in a fixed binary form: equal records give equal bytes on every machine.

        Class name, number of rows, then each column in order: little-endian, C order; nan in one bit pattern;
        text and tuples as their UTF-8 ``repr``. `output_sha256` is made of these bytes.
        """
        parts = [type(self).__name__.encode(), len(self).to_bytes(8, "little")]
        for name, dtype, _, _ in _columns(type(self)):
            array = getattr(self, name)
            if dtype.kind in "OU":
                parts.append("\x1f".join(repr(value) for value in array.tolist()).encode())
            else:
                if dtype.kind == "f":
                    array = np.where(np.isnan(array), np.nan, array) + 0.0  # one nan, no negative zero
                parts.append(np.ascontiguousarray(array, dtype.newbyteorder("<")).tobytes())
        return b"".join(parts)


class Row:
    """The singular of a plural record: one row, read by column name.

    Examples
    --------
    >>> from rampart.records import Detections
    >>> detection = Detections.build(range_m=[1000.0], azimuth_rad=[0.5])[0]
    >>> float(detection.range_m)
    1000.0
    """

    __slots__ = ("_columns", "_i")

    def __init__(self, columns: Columns, i: int) -> None:
        self._columns, self._i = columns, i

    def __getattr__(self, name: str) -> Any:
        return getattr(self._columns, name)[self._i]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)}" for name in self._columns.names())
        return f"{type(self._columns).__name__}[{self._i}]({fields})"
