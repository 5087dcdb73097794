"""Columns and sites as plain JSON data, and back again to the same bits.

Every column is one flat list, row after row: matrices are written row-major, because the programs that open
recordings know lists of numbers but no lists of lists. A column that holds its missing value in every row is left
out. Floats are written with the shortest decimals that read back as the same bits; nan is null, an infinity the
text ``"Infinity"`` or ``"-Infinity"``.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from rampart.records import Columns, SensorModel, Site, Zone

C = TypeVar("C", bound=Columns)
_INFINITIES = (math.inf, -math.inf)


_Declared = tuple[tuple[str, np.dtype, tuple[int, ...], Any], ...]
_declarations: dict[type, _Declared] = {}


def _declared(kind: type) -> _Declared:
    """Name, type, row shape and missing value of each column."""
    if kind not in _declarations:
        fields = dataclasses.fields(kind)
        _declarations[kind] = tuple(
            (f.name, f.metadata["dtype"], f.metadata["shape"], f.metadata["missing"]) for f in fields
        )
    return _declarations[kind]


def encode_columns(records: Columns) -> dict[str, list[Any]]:
    """The columns of a record as flat lists, without those that are missing in every row.

    Examples
    --------
    >>> from rampart.records import Detections
    >>> encode_columns(Detections.build(range_m=[1500.0, float("nan")], position_enu=[[1, 2, 3], [4, 5, 6]]))
    {'range_m': [1500.0, nan], 'position_enu': [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}
    """
    columns: dict[str, list[Any]] = {}
    for name, dtype, _, missing in _declared(type(records)):
        array = getattr(records, name)
        values = array.ravel().tolist()
        if dtype.kind == "f":
            total = sum(values)
            if total - total != 0.0:  # a nan or an infinity is among them
                if all(map(math.isnan, values)):
                    continue
                values = encode_floats(values)
        elif values.count(missing) == len(values):
            continue
        elif dtype.kind == "O" and missing == ():
            values = [{"numbers": list(value)} for value in values]
        columns[name] = values
    return columns


def encode_floats(values: list[float]) -> list[Any]:
    """Floats with infinities as text, since JSON has none."""
    if not any(infinity in values for infinity in _INFINITIES):
        return values
    return [("Infinity" if v > 0 else "-Infinity") if v in _INFINITIES else v for v in values]


def decode_columns(kind: type[C], n: int, columns: Mapping[str, list[Any]]) -> C:
    """The record that `encode_columns` was given.

    Raises
    ------
    ValueError, TypeError, OverflowError
        If a column is unknown or does not fit.
    """
    values: dict[str, Any] = dict(columns)
    for name, dtype, shape, missing in _declared(kind):
        if name not in values:
            continue
        if dtype.kind == "O":
            if missing == ():
                values[name] = [tuple(int(i) for i in value["numbers"]) for value in values[name]]
        else:
            values[name] = np.array(values[name], dtype).reshape((n, *shape))
    return kind.build(n, **values)


def _finite_or_none(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _encode_fields(record: Any, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    return {f.name: _finite_or_none(getattr(record, f.name)) for f in dataclasses.fields(record) if f.name not in skip}


def _decode_fields(kind: type, data: Mapping[str, Any], arrays: tuple[str, ...]) -> dict[str, Any]:
    """Keyword arguments; None stands for the field's own default, which is how nan and infinity come back."""
    known = {f.name for f in dataclasses.fields(kind)}
    values = {key: value for key, value in data.items() if key in known and value is not None}
    for name in arrays:
        values[name] = np.array(values[name], dtype=float)
    return values


def encode_site(site: Site) -> dict[str, Any]:
    """A site with its zones and sensor models as plain data (SI and radians, as in `Site`)."""
    data = _encode_fields(site, ("zones", "sensors", "extra"))
    data["zones"] = [_encode_fields(zone) for zone in site.zones]
    data["sensors"] = [_encode_fields(sensor) for sensor in site.sensors]
    return data


def decode_site(data: Mapping[str, Any]) -> Site:
    """The site that `encode_site` was given, without `Site.extra`.

    Raises
    ------
    ValueError, TypeError, KeyError
        If the data is not a site.

    Examples
    --------
    >>> decode_site(encode_site(Site("embassy", 0.58, 0.77, 34.0))).height_m
    34.0
    """
    values = _decode_fields(Site, data, ())
    zones = tuple(Zone(**_decode_fields(Zone, zone, ("polygon_en",))) for zone in data.get("zones", ()))
    sensors = tuple(
        SensorModel(**_decode_fields(SensorModel, sensor, ("position_enu",))) for sensor in data.get("sensors", ())
    )
    return Site(**{**values, "zones": zones, "sensors": sensors})
