"""Which column of somebody's table is which field of ours: the mapping file of an import."""

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rampart.errors import InputError

from .drafts import CLAIM_FIELDS, INCIDENT_FIELDS
from .fields import parse_span
from .geojson import LATITUDE, LONGITUDE

#: ``incident`` or ``claim``, and the name of the field.
Target = tuple[str, str]

READERS = {"incident": INCIDENT_FIELDS, "claim": CLAIM_FIELDS}


class _Bounds(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    version: int = Field(alias="schema")
    zone: str | None = None
    bounds: _Bounds | None = None
    ignore: list[str] = []
    incident: dict[str, str] = {}
    claim: dict[str, str] = {}
    constant: dict[str, dict[str, str | int | float]] = {}
    values: dict[str, dict[str, dict[str, str]]] = {}


@dataclass(frozen=True, slots=True)
class Mapping:
    """Columns to fields.

    Parameters
    ----------
    columns : dict of str to list of (str, str)
        Column -> the fields that it fills.
    constants : dict of (str, str) to str, int or float
        Fields that are the same in each row.
    values : dict of (str, str) to dict of str to str
        What a field's words are called in the table -> what they are called here.
    ignored : frozenset of str
        Columns that are left out on purpose.
    zone : str or None
        Zone of times that do not say theirs.
    bounds : tuple of float or None
        West, south, east and north of where positions must lie [degrees].
    """

    columns: dict[str, list[Target]]
    constants: dict[Target, Any] = field(default_factory=dict)
    values: dict[Target, dict[str, str]] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    zone: str | None = None
    bounds: tuple[float, float, float, float] | None = None


def own_columns(names: list[str]) -> Mapping:
    """The mapping of a table that has our own field names: ``time``, ``count``, or ``claim.lat_deg`` in full.

    >>> own_columns(["site", "count", "claim.lat_deg"]).columns["count"]
    [('claim', 'count')]
    """
    columns = {}
    for name in names:
        room, _, rest = name.partition(".")
        if room in READERS and rest in READERS[room]:
            columns[name] = [(room, rest)]
        else:
            columns[name] = [(room, name) for room in READERS if name in READERS[room]][:1]
    return Mapping({name: found for name, found in columns.items() if found})


def with_point(mapping: Mapping, names: list[str]) -> Mapping:
    """A mapping in which the points of a GeoJSON file are the incidents' positions, unless it says otherwise."""
    filled = {target for targets in mapping.columns.values() for target in targets}
    columns = dict(mapping.columns)
    for column, field_name in ((LATITUDE, "lat_deg"), (LONGITUDE, "lon_deg")):
        target = ("incident", field_name)
        if column in names and column not in columns and column not in mapping.ignored and target not in filled:
            columns[column] = [target]
    return replace(mapping, columns=columns)


def read_mapping(path: Path) -> Mapping:
    """A mapping file.

    Raises
    ------
    InputError
        If it cannot be read, or names a field that there is not.
    """
    try:
        file = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", path=path) from None
    except (ValueError, RecursionError) as error:
        raise InputError(str(error) or "is nested too deep", path=path) from None
    if file.version != 1:
        raise InputError(f"schema: {file.version} given, expected 1", path=path)
    columns: dict[str, list[Target]] = {}
    for room in READERS:
        for name, column in getattr(file, room).items():
            columns.setdefault(column, []).append(_target(room, name, path))
    constants = {_target(room, name, path): v for room, fields in file.constant.items() for name, v in fields.items()}
    values = {
        _target(room, name, path): words for room, fields in file.values.items() for name, words in fields.items()
    }
    if not columns:
        raise InputError("names no column; expected [incident] and [claim] with field = column", path=path)
    if file.zone is not None:
        _check(file.zone, path)
    b = file.bounds
    bounds = None if b is None else (b.west_deg, b.south_deg, b.east_deg, b.north_deg)
    return Mapping(columns, constants, values, frozenset(file.ignore), file.zone, bounds)


def _target(room: str, name: str, path: Path) -> Target:
    if room not in READERS:
        raise InputError(f"{room}: unknown; expected incident or claim", path=path)
    if name not in READERS[room]:
        raise InputError(f"{room}.{name}: unknown field; expected one of {', '.join(READERS[room])}", path=path)
    return room, name


def _check(zone: str, path: Path) -> None:
    try:
        parse_span("2021-01-01", zone)
    except InputError as error:
        raise InputError(f"zone: {error}", path=path) from None
