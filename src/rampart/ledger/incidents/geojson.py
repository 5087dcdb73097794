"""GeoJSON (RFC 7946) as a table: each feature a row, its properties the columns, its point two more."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rampart.errors import InputError

#: Columns of the point: latitude and longitude [degrees, WGS 84].
LATITUDE, LONGITUDE = "geometry.lat_deg", "geometry.lon_deg"


def is_geojson(document: Any) -> bool:
    """Whether a JSON document is a collection of features."""
    return isinstance(document, dict) and document.get("type") == "FeatureCollection"


def read_features(
    document: Mapping[str, Any], path: Path, complain: Callable[[str], None]
) -> list[tuple[int, dict[str, Any]]]:
    """Features as numbered rows.

    Parameters
    ----------
    document : mapping
        A ``FeatureCollection``.
    path : pathlib.Path
        For messages.
    complain : callable
        Called with one line for each mistake.

    Raises
    ------
    InputError
        If it has no list of features, or a coordinate system of its own, which the standard of 2016 does away with.
    """
    features = document.get("features")
    if not isinstance(features, list):
        raise InputError("features: expected a list", path=path)
    if document.get("crs") is not None:
        raise InputError("crs: GeoJSON is WGS 84 (RFC 7946, 4); expected positions as longitude, latitude", path=path)
    rows = []
    for number, feature in enumerate(features, 1):
        place = f"{path}: row {number}"
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            complain(f"{place}: expected a Feature")
            continue
        properties = feature.get("properties") or {}
        if not isinstance(properties, dict):
            complain(f"{place}, properties: expected an object")
            continue
        row: dict[str, Any] = {**properties, LATITUDE: None, LONGITUDE: None}
        try:
            point = _point(feature.get("geometry"))
        except InputError as error:
            complain(f"{place}, geometry: {error}")
            continue
        if point is not None:
            row |= {LATITUDE: point[1], LONGITUDE: point[0]}
        rows.append((number, row))
    return rows


def _point(geometry: Any) -> tuple[float, float] | None:
    """Longitude and latitude; None for a feature that has no place."""
    if geometry is None:
        return None
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        kind = geometry.get("type") if isinstance(geometry, dict) else type(geometry).__name__
        raise InputError(f"{kind} given, expected a Point or null")
    position = geometry.get("coordinates")
    if (
        not isinstance(position, list)
        or len(position) not in (2, 3)
        or not all(isinstance(value, int | float) and not isinstance(value, bool) for value in position)
    ):
        raise InputError("coordinates: expected longitude and latitude")
    return float(position[0]), float(position[1])
