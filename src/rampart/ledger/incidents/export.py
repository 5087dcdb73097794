"""Statistics as one table, for spreadsheets and data frames: a row for each figure."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rampart.errors import InputError

#: Columns: whether it was recorded or reported, what it is, of what, the figure, its bounds, and what it rests on.
COLUMNS = ("part", "measure", "key", "value", "low", "high", "as_of", "incident_ids", "claim_ids")

#: With what a spreadsheet takes a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def figure_rows(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Figures of `ask` as rows of `COLUMNS`; ids are lists, empty where nothing was traced.

    Parameters
    ----------
    answer : mapping
        With ``trace`` each count has the ids of its incidents.
    """
    rows = [*_recorded(answer["recorded"])]
    for figure in answer["reported"]:
        values = (figure["value"], figure["low"], figure["high"], figure["as_of"])
        rows.append(_row("reported", "published", figure["what"], *values, claims=[figure["claim_id"]]))
    return rows


def _recorded(recorded: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    part, trace = "recorded", recorded.get("trace", {})
    for name in ("total", "certain", "undated"):
        yield _row(part, name, None, recorded[name], incidents=recorded["incidents"] if name == "total" else ())
    for name in ("by_type", "by_outcome", "by_site", "by_month", "by_time_of_day", "by_status"):
        bounds = recorded["month_bounds"] if name == "by_month" else {}
        for key in sorted({*recorded[name], *bounds}):
            behind = trace.get(name, {}).get(key, {})
            low, high = (bounds.get(key, {}).get(end) for end in ("low", "high"))
            value = recorded[name].get(key, 0)
            ids = behind.get("incidents", ()), behind.get("claims", ())
            yield _row(part, name, key, value, low, high, incidents=ids[0], claims=ids[1])
    for name in ("type", "outcome"):
        for key, value in recorded[name].items():
            if isinstance(value, dict):
                claims = recorded[name]["claims"]
                yield _row(part, f"{name}_expected", key, value["mean"], value["low"], value["high"], claims=claims)
    for key, weapons in recorded["weapons"].items():
        values = weapons["mean"], weapons["low"], weapons["high"]
        yield _row(part, "weapons", key, *values, claims=weapons["claims"])
    claimed = recorded["claimed"]
    yield _row(part, "claimed", "incidents", claimed["incidents"], claims=claimed["claims"])
    yield _row(part, "claimed", "share", claimed["share"], claims=claimed["claims"])


def _row(
    part: str, measure: str, key: str | None, value: float | None, low: float | None = None,
    high: float | None = None, as_of: str | None = None, *, incidents: Any = (), claims: Any = (),
) -> dict[str, Any]:  # fmt: skip
    cells = (part, measure, key, value, low, high, as_of, list(incidents), list(claims))
    return dict(zip(COLUMNS, cells, strict=True))


def to_csv(rows: list[dict[str, Any]]) -> str:
    """As CSV; ids are separated by spaces, texts that a spreadsheet would compute get an apostrophe in front.

    >>> to_csv([_row("recorded", "by_site", "=A1", 3, claims=(1, 2))]).splitlines()[1]
    "recorded,by_site,'=A1,3,,,,,1 2"
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([_cell(row[name]) for name in COLUMNS])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def write_parquet(rows: list[dict[str, Any]], path: Path) -> None:
    """As Parquet; ids are lists of whole numbers.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    import pyarrow
    import pyarrow.parquet as pq

    pa: Any = pyarrow
    texts, numbers, ids = pa.string(), pa.float64(), pa.list_(pa.int64())
    kinds = (texts, texts, texts, numbers, numbers, numbers, texts, ids, ids)
    table = pa.Table.from_pylist(rows, schema=pa.schema(list(zip(COLUMNS, kinds, strict=True))))
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, beside)
        beside.replace(path)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from None
