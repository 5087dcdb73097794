"""Flight log: columns of numbers from somebody else's file - CSV with any headers, or a JSON list of reports."""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from rampart.errors import InputError

#: A column by its header, or by its number counted from 0.
Column = str | int


@dataclass(frozen=True, slots=True, eq=False)
class FlightLog:
    """The columns asked for, as read.

    Attributes
    ----------
    columns : dict of str to ndarray (n,)
        By the name they were asked for.
    line : ndarray (n,)
        Where each row stands: line of a CSV, number of the report (from 1) in JSON.
    path : str
        For errors.
    """

    columns: Mapping[str, np.ndarray]
    line: np.ndarray
    path: str

    def __len__(self) -> int:
        return len(self.line)

    def error(self, row: int, message: str) -> InputError:
        """An error that names the place of a row."""
        return InputError(message, path=self.path, line=int(self.line[row]))


def read_log(
    path: str | Path,
    columns: Mapping[str, Column],
    *,
    delimiter: str = ",",
    only: tuple[Column, str] | None = None,
) -> FlightLog:
    """Read columns of numbers.

    Parameters
    ----------
    path : str or Path
        ``.json`` or ``.json.gz``: a list of reports, or a table of columns; else CSV with one header line.
    columns : mapping of str to (str or int)
        Our name -> header, blanks around it ignored, or number of the column.
    delimiter : str
        Of a CSV.
    only : (str or int, str), optional
        A column and the text that a row must hold there to count, case ignored.

    Returns
    -------
    FlightLog
        CSV rows whose cells are all empty are left out (a shorter table beside a longer one); so are reports of a
        JSON file in which one is null.

    Raises
    ------
    InputError
        With file and line: unreadable, no such column, a header that stands twice, a cell that is no finite number.
    """
    path = Path(path)
    try:
        stamp = path.stat()
    except OSError as error:
        raise InputError(f"cannot read the recorded flight: {error.strerror or error}", path=path) from None
    return _read(path, stamp.st_mtime_ns, stamp.st_size, tuple(columns.items()), delimiter, only)


@lru_cache(maxsize=8)
def _read(
    path: Path,
    _modified_ns: int,
    _size: int,
    columns: tuple[tuple[str, Column], ...],
    delimiter: str,
    only: tuple[Column, str] | None,
) -> FlightLog:
    """Read a file as long as it is the same: a study builds its flights from it in every run."""
    text = _text(path)
    is_json = path.name.lower().removesuffix(".gz").endswith(".json")
    rows = _json_rows(text, path, columns, only) if is_json else _csv_rows(text, path, columns, delimiter, only)
    lines, values = [], []
    for line, row in rows:
        lines.append(line)
        values.append(row)
    table = np.array(values, float).reshape(-1, len(columns))
    return FlightLog({name: table[:, i] for i, (name, _) in enumerate(columns)}, np.array(lines, int), str(path))


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read the recorded flight: {reason}", path=path) from None
    except Exception as error:  # zlib.error is no OSError
        raise InputError(f"cannot unpack the recorded flight: {error}", path=path) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("not a text file; expected a recorded flight as CSV or JSON", path=path) from None
    if not text.strip():
        raise InputError("the file is empty; expected a recorded flight", path=path)
    return text


def _csv_rows(
    text: str, path: Path, columns: Sequence[tuple[str, Column]], delimiter: str, only: tuple[Column, str] | None
) -> Iterator[tuple[int, list[float]]]:
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    try:
        header = [cell.strip() for cell in next(reader)]
        index = [_index(column, header, path) for _, column in columns]
        chosen = None if only is None else _index(only[0], header, path)
        for cells in reader:
            picked = [cells[i].strip() if i < len(cells) else "" for i in index]
            if not any(picked):
                continue
            if chosen is not None and only is not None and not _same(cells, chosen, only[1]):
                continue
            line = reader.line_num
            yield line, [_number(c, n, path, line) for c, (_, n) in zip(picked, columns, strict=True)]
    except csv.Error as error:
        raise InputError(f"not a CSV file: {error}", path=path, line=reader.line_num) from None


def _same(cells: Sequence[str], i: int, text: str) -> bool:
    return i < len(cells) and cells[i].strip().lower() == text.lower()


def _index(column: Column, header: Sequence[str], path: Path) -> int:
    if isinstance(column, int):
        if not 0 <= column < len(header):
            raise InputError(f"no column number {column}; expected 0 to {len(header) - 1}", path=path, line=1)
        return column
    places = [i for i, name in enumerate(header) if name == column.strip()]
    if not places:
        shown = ", ".join(header[:8]) + (", ..." if len(header) > 8 else "")
        raise InputError(f"no column {column!r}; it has {shown}", path=path, line=1)
    if len(places) > 1:
        numbers = " or ".join(map(str, places))
        raise InputError(
            f"column {column!r} stands {len(places)} times; expected its number instead: {numbers}", path=path, line=1
        )
    return places[0]


def _number(cell: str, column: Column, path: Path, line: int) -> float:
    try:
        value = math.nan if "_" in cell else float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"column {column!r} holds {cell[:40]!r}, expected a finite number", path=path, line=line)
    return value


def _json_rows(
    text: str, path: Path, columns: Sequence[tuple[str, Column]], only: tuple[Column, str] | None
) -> Iterator[tuple[int, list[float]]]:
    for number, report in enumerate(_reports(text, path), start=1):
        if not isinstance(report, dict):
            raise InputError(f"report {number} is no object; expected named values", path=path)
        if only is not None and str(report.get(str(only[0]), "")).strip().lower() != only[1].lower():
            continue
        row = [_value(report, str(column), number, path) for _, column in columns]
        if not any(value is None for value in row):
            yield number, [float(value) for value in row if value is not None]


def _reports(text: str, path: Path) -> list[Any]:
    """A list of reports, or a table ``{column: {row: value}}`` turned into one."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(f"not JSON: {getattr(error, 'msg', error)}", path=path, line=line) from None
    if isinstance(data, dict) and data and all(isinstance(column, dict) for column in data.values()):
        keys = next(iter(data.values()))
        return [{name: column.get(key) for name, column in data.items()} for key in keys]
    if not isinstance(data, list):
        raise InputError("expected a JSON list of reports, or a table of columns", path=path)
    return data


def _value(report: Mapping[str, Any], column: str, number: int, path: Path) -> float | None:
    if column not in report:
        raise InputError(f"report {number} has no {column!r}; it has {', '.join(list(report)[:8])}", path=path)
    value = report[column]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"report {number}: {column!r} is {value!r}, expected a finite number", path=path)
    return float(value)
