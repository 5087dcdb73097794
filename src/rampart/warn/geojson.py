"""Zones from a GeoJSON file (RFC 7946): polygons with what the warner must know of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rampart.errors import InputError
from rampart.physics.area import polygon_fault
from rampart.physics.geodesy import geodetic_to_enu
from rampart.records import SHELTER_TIMES, Site, Zone, shelter_times

#: Zones further from the site's origin are taken for a mistake [m].
FARTHEST_M = 200_000.0
_LARGEST_BYTES = 100_000_000


def read_zones(path: str | Path, site: Site) -> tuple[Zone, ...]:
    """Read a site's zones.

    Parameters
    ----------
    path : str or Path
        A FeatureCollection of Polygons, longitude before latitude, degrees WGS-84. Properties: ``id`` (or the feature's
        own id) and ``shelter_time_s`` must be there; ``warn_radius_m`` (100), ``population`` (0), ``defended`` (false)
        ``name`` and ``parent`` may be; with a ``site``, the zone belongs to that site only. In place of
        ``shelter_time_s``, or beside it and no longer than it, ``indoor_shelter_time_s`` and ``outdoor_shelter_time_s``
        may be given: the zone is warned in time for the slower ones. Other properties are ignored.
    site : Site
        Whose frame the corners are given in.

    Returns
    -------
    tuple of Zone
        In the file's order.

    Raises
    ------
    InputError
        Naming the file, the feature and what was expected.
    """
    document = _load(path)
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise InputError("expected a GeoJSON FeatureCollection", path=path)
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise InputError("'features': expected a list of at least one Feature", path=path)
    zones: list[Zone] = []
    for i, feature in enumerate(features, 1):
        reader = _Feature(path, i, feature)
        if reader.text("site", site.id) == site.id:
            zones.append(reader.zone(site))
            if any(zone.id == zones[-1].id for zone in zones[:-1]):
                raise reader.error("another feature has the same id")
    return tuple(zones)


def _load(path: str | Path) -> Any:
    try:
        if Path(path).is_dir():
            raise InputError("is a directory, expected a GeoJSON file", path=path)
        if Path(path).stat().st_size > _LARGEST_BYTES:
            raise InputError(f"is larger than {_LARGEST_BYTES // 1_000_000} MB", path=path)
        return json.loads(Path(path).read_text(encoding="utf-8"), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", path=path, line=error.lineno) from None
    except RecursionError:
        raise InputError("not GeoJSON: nested too deeply", path=path) from None
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text", path=path) from None
    except _NotFiniteError as error:
        raise InputError(f"not JSON: {error}", path=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=path) from None


class _NotFiniteError(ValueError):
    pass


def _refuse(name: str) -> None:
    raise _NotFiniteError(f"{name} is no number")


class _Feature:
    """One feature of a file, and how to name it in an error."""

    def __init__(self, path: str | Path, index: int, feature: Any) -> None:
        self._path, self._place = path, f"feature {index}"
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise self.error("expected a Feature")
        self._properties = feature.get("properties") or {}
        if not isinstance(self._properties, dict):
            raise self.error("'properties': expected an object")
        identity = self._properties.get("id", feature.get("id"))
        if not isinstance(identity, str) or not 0 < len(identity) <= 64:
            raise self.error("'id': expected a text of up to 64 characters")
        self._id = identity
        self._place += f" ({identity})"
        self._geometry = feature.get("geometry")

    def error(self, message: str) -> InputError:
        return InputError(f"{self._place}: {message}", path=self._path)

    def text(self, key: str, default: str) -> str:
        value = self._properties.get(key, default)
        if not isinstance(value, str):
            raise self.error(f"{key!r}: expected a text, got {value!r:.40}")
        return value

    def number(self, key: str, default: float | None) -> float:
        value = self._properties.get(key, default)
        if value is None:
            raise self.error(f"{key!r} is missing: expected a number >= 0")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
            raise self.error(f"{key!r}: expected a number >= 0, got {value!r:.40}")
        return float(value)

    def flag(self, key: str) -> bool:
        value = self._properties.get(key, False)
        if not isinstance(value, bool):
            raise self.error(f"{key!r}: expected true or false, got {value!r:.40}")
        return value

    def zone(self, site: Site) -> Zone:
        return Zone(
            self._id,
            self._corners(site),
            population=self.number("population", 0.0),
            **self._shelter(),
            warn_radius_m=self.number("warn_radius_m", 100.0),
            defended=self.flag("defended"),
            name=self.text("name", self._id),
            parent=self.text("parent", ""),
        )

    def _shelter(self) -> dict[str, float]:
        """The times to shelter; the slower ones decide."""
        given = {name: self.number(name, None) for name in SHELTER_TIMES if self._properties.get(name) is not None}
        try:
            return shelter_times(**given)
        except ValueError as error:
            raise self.error(str(error)) from None

    def _corners(self, site: Site) -> NDArray[np.float64]:
        ring = self._ring()
        if len(ring) < 4:
            raise self.error(f"the ring has {len(ring)} points, expected at least 4, the last equal to the first")
        places = np.array([self._place_of(point) for point in ring])
        if (places[0] != places[-1]).any():
            raise self.error("the ring is not closed: the last point must equal the first")
        if (np.abs(places[:, 1]) > 90.0).any() or (np.abs(places[:, 0]) > 180.0).any():
            raise self.error("latitude beyond 90 or longitude beyond 180 degrees; GeoJSON puts longitude first")
        corners = self._level(places, site)
        corners = corners[:-1][(np.diff(corners, axis=0) != 0.0).any(1)]
        fault = polygon_fault(corners)
        if fault is not None:
            raise self.error(f"the polygon {fault}")
        return np.ascontiguousarray(corners)

    def _ring(self) -> list[Any]:
        geometry = self._geometry
        if not isinstance(geometry, dict) or geometry.get("type") != "Polygon":
            raise self.error("'geometry': expected a Polygon")
        rings = geometry.get("coordinates")
        if not isinstance(rings, list) or not rings or not isinstance(rings[0], list):
            raise self.error("'coordinates': expected a list of rings")
        if len(rings) > 1:
            raise self.error("the polygon has holes, expected one ring")
        return rings[0]

    def _place_of(self, point: Any) -> tuple[float, float]:
        numbers = isinstance(point, list) and 2 <= len(point) <= 3
        if not numbers or any(isinstance(v, bool) or not isinstance(v, int | float) for v in point):
            raise self.error(f"expected points [longitude, latitude], got {point!r:.40}")
        if not all(abs(v) < 1e6 for v in point):
            raise self.error(f"expected degrees, got {point!r:.40}")
        return float(point[0]), float(point[1])

    def _level(self, places: NDArray[np.float64], site: Site) -> NDArray[np.float64]:
        frame = site.latitude_rad, site.longitude_rad, site.height_m

        def to_enu(longitude_deg: NDArray[np.float64], latitude_deg: NDArray[np.float64]) -> NDArray[np.float64]:
            return geodetic_to_enu(np.deg2rad(latitude_deg), np.deg2rad(longitude_deg), site.height_m, *frame)

        enu = to_enu(places[:, 0], places[:, 1])
        if (np.linalg.norm(enu, axis=1) > FARTHEST_M).any():
            swapped = np.linalg.norm(to_enu(places[:, 1], places[:, 0]), axis=1)
            hint = "; latitude and longitude look swapped" if (swapped < FARTHEST_M).all() else ""
            raise self.error(f"more than {FARTHEST_M / 1000:.0f} km from site {site.id!r}{hint}")
        return enu[:, :2]
