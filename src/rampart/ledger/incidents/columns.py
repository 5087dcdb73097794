"""Incidents and claims as whole columns: what statistics over hundreds of thousands of them need."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from .database import Place
from .fields import OUTCOMES, RELIABILITY, SOURCES, STATUSES, TYPES
from .sqlite import unsound

Integers = NDArray[np.int64]

#: Largest count that can be entered.
MOST = 99_999

#: Stands for "not said" in columns of whole numbers.
NONE = -1


@dataclass(frozen=True, slots=True)
class Cases:
    """Incidents as columns, in the order of their ids; those that were merged into others are left out.

    Parameters
    ----------
    id : (n,) int
    site : (n,) int
        Index into `sites`.
    earliest_ns, latest_ns, offset_min : (n,) int
        Bounds of the time [ns UTC] and zone of the spot [minutes east of UTC]; 0 where `dated` is false.
    dated : (n,) bool
    status : (n,) int
        Index into `fields.STATUSES`.
    simulated : (n,) bool
        Whether it was entered from the recording of a simulation.
    sites : list of str
        Names, each once.
    """

    id: Integers
    site: Integers
    earliest_ns: Integers
    latest_ns: Integers
    offset_min: Integers
    dated: NDArray[np.bool_]
    status: Integers
    simulated: NDArray[np.bool_]
    sites: list[str]


@dataclass(frozen=True, slots=True)
class Opinions:
    """Claims about incidents as columns, in the order of their ids; ``-1`` where nothing is said.

    Parameters
    ----------
    id, incident_id : (n,) int
    source, type, outcome : (n,) int
        Indices into `fields.SOURCES`, `fields.TYPES` and `fields.OUTCOMES`.
    low, high : (n,) int
        Count; `high` -1 for "at least".
    publisher : (n,) int
        Equal numbers are equal names.
    reliability : (n,) float
        Of the claim: the confidence stated with it, else that of its kind of source.
    """

    id: Integers
    incident_id: Integers
    source: Integers
    type: Integers
    outcome: Integers
    low: Integers
    high: Integers
    publisher: Integers
    reliability: NDArray[np.float64]

    def take(self, rows: NDArray[Any]) -> Self:
        """Some of the rows, by index or mask."""
        index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return type(self)(*(getattr(self, each.name).take(index) for each in fields(self)))


def read_cases(place: Place, connection: sa.Connection) -> Cases:
    """All incidents that were not merged into others."""
    rest = "from incident where id not in (select incident_id from link where verdict = 'merged')"
    simulations = "select incident_id from evidence where kind = 'recording' and substr(note, 1, 11) = 'simulation:'"
    columns = place.integers(
        connection,
        {
            "id": "id",
            "earliest_ns": "coalesce(time_earliest_ns, 0)",
            "latest_ns": "coalesce(time_latest_ns, 0)",
            "offset_min": "coalesce(time_offset_min, 0)",
            "dated": "case when time_earliest_ns is null then 0 else 1 end",
            "status": _index("status", STATUSES, 0),
            "simulated": f"case when id in ({simulations}) then 1 else 0 end",
        },
        rest,
    )
    columns = _in_order(columns)
    flags = {name: columns.pop(name) != 0 for name in ("dated", "simulated")}
    codes: dict[str, int] = {}
    ids, names = place.texts(connection, "site", rest)
    sites = np.empty(len(columns["id"]), np.int64)
    sites[np.searchsorted(columns["id"], ids)] = _coded(names, codes)
    values: dict[str, Any] = {**columns, **flags}
    return Cases(site=sites, sites=list(codes), **values)


def read_opinions(place: Place, connection: sa.Connection) -> Opinions:
    """All claims about incidents."""
    rest = "from claim where incident_id is not null"
    columns = place.integers(
        connection,
        {
            "id": "id",
            "incident_id": "incident_id",
            "said": _packed(),
        },
        rest,
    )
    columns = _in_order(columns)
    packed = columns.pop("said")
    for name, size in _PACKED:
        columns[name] = packed % size - 1
        packed = packed // size
    columns["source"] += 1
    if (columns["source"] >= len(SOURCES)).any():
        raise unsound(place.name)
    reliability = np.array([RELIABILITY[source] for source in SOURCES])[columns["source"]]
    publisher = np.full(len(reliability), NONE)
    stated: dict[int, float] = {}
    ids, names = place.texts(connection, "publisher", f"{rest} and publisher is not null")
    publisher[np.searchsorted(columns["id"], ids)] = _coded(names, {})
    for number, confidence in place.rows(connection, f"select id, confidence {rest} and confidence is not null"):
        stated[number] = confidence
    if stated:
        where = np.searchsorted(columns["id"], np.fromiter(stated.keys(), np.int64, len(stated)))
        try:
            reliability[where] = np.fromiter(stated.values(), np.float64, len(stated))
        except (TypeError, ValueError):
            raise unsound(place.name) from None
    said = Opinions(publisher=publisher, reliability=reliability, **columns)
    if not _possible(said):
        raise unsound(place.name)
    return said


def _possible(said: Opinions) -> bool:
    """Whether the rows are such as are entered; others come from whoever wrote into the database."""
    ordered = (said.high == NONE) | (said.high >= said.low)
    limits = (
        (said.low, NONE, MOST), (said.high, NONE, MOST), (said.type, NONE, len(TYPES) - 1),
        (said.outcome, NONE, len(OUTCOMES) - 1), (said.source, 0, len(SOURCES) - 1),
    )  # fmt: skip
    within = all(((column >= low) & (column <= high)).all() for column, low, high in limits)
    return bool(within and ordered.all() and ((said.reliability > 0.0) & (said.reliability < 1.0)).all())


#: How claims are packed into one number of less than 2^53: name and how many values, "not said" among them.
_PACKED = (("low", 1 << 18), ("high", 1 << 18), ("type", 16), ("outcome", 16), ("source", 16))


def _packed() -> str:
    said = {
        "low": "coalesce(count_low, -1) + 1",
        "high": "coalesce(count_high, -1) + 1",
        "type": _index("type", TYPES, NONE) + " + 1",
        "outcome": _index("outcome", OUTCOMES, NONE) + " + 1",
        "source": _index("source", SOURCES, SOURCES.index("unknown")),
    }
    text, factor = "", 1
    for name, size in _PACKED:
        text += f"{' + ' if text else ''}cast({said[name]} as bigint) * {factor}"
        factor *= size
    return text


def _index(column: str, words: Sequence[str], otherwise: int) -> str:
    """SQL of a word's place in a closed list."""
    cases = " ".join(f"when '{word}' then {k}" for k, word in enumerate(words))
    return f"(case {column} {cases} else {otherwise} end)"


def _in_order(columns: dict[str, Integers]) -> dict[str, Integers]:
    """By ids: databases promise no order."""
    ids = columns["id"]
    if (ids[1:] > ids[:-1]).all():
        return columns
    order = np.argsort(ids)
    return {name: values[order] for name, values in columns.items()}


def _coded(names: list[str], codes: dict[str, int]) -> Integers:
    """Names as numbers in the order of their first occurrence, which `codes` then holds."""
    codes.update((name, k) for k, name in enumerate(dict.fromkeys(names)))
    return np.fromiter(map(codes.__getitem__, names), np.int64, len(names))
