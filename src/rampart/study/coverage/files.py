"""Files: a coverage written as coverage.json, .geojson, .csv and .png."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.ledger import plain, write_json, write_text
from rampart.physics.geodesy import enu_to_geodetic
from rampart.records import Site

from .contour import Polygon, contour
from .plan import ALL, Coverage, Floats

JSON, GEOJSON, CSV, PNG = "coverage.json", "coverage.geojson", "coverage.csv", "coverage.png"


def answer(cover: Coverage, files: list[str]) -> dict[str, Any]:
    """What ``rampart coverage --json`` prints, schema 1.

    Parameters
    ----------
    cover : Coverage
        What was computed.
    files : list of str
        Names of the files written.
    """
    target, rule = cover.target, cover.rule
    return {
        "schema": 1,
        "site": cover.place.site.id,
        "kind": target.kind,
        "height_m": target.height_m,
        "speed_ms": round(target.speed_ms, 3),
        "rcs_dbsm": round(target.flight.rcs_dbsm, 2),
        "seen": {"p": rule.p_seen, "detections": rule.detections, "within_s": rule.within_s},
        "extent_km": round(2.0 * float(cover.grid.axis_m[-1]) / 1000.0, 3),
        "cell_m": cover.grid.cell_m,
        "sensors": {**{s.id: _sensor(cover, s.id, s) for s in cover.sights}, ALL: _sensor(cover, ALL, None)},
        "zones": {aim.id: _zone(cover, z) for z, aim in enumerate(cover.ways.aims)},
        "notes": cover.notes(),
        "files": files,
    }


def _sensor(cover: Coverage, name: str, sight: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "area_km2": round(cover.area_km2(name), 3),
        "seconds_before_arrival_min": round(float(cover.seconds[name].min()), 1),
    }
    if sight is not None:
        entry |= {"kind": sight.kind, "gates": cover.gates(sight)}
    return entry


def _zone(cover: Coverage, z: int) -> dict[str, Any]:
    seconds = cover.seconds[ALL][z]
    worst = int(np.argmin(seconds))
    aim = cover.ways.aims[z]
    return {
        "seconds_before_arrival_min": round(float(seconds[worst]), 1),
        "worst_bearing_deg": float(cover.ways.bearing_deg[worst]),
        "seconds_before_arrival_median": round(float(np.median(seconds)), 1),
        "shelter_time_s": aim.shelter_time_s,
        "bearings_too_late": int((seconds < aim.shelter_time_s).sum()),
        "bearings": len(seconds),
        "by_bearing": {
            "bearing_deg": cover.ways.bearing_deg.tolist(),
            "seconds": np.round(seconds, 1).tolist(),
        },
    }


def geojson(cover: Coverage) -> dict[str, Any]:
    """The coverage as polygons, WGS-84, one feature per sensor and one for the mix (RFC 7946)."""
    features = []
    for name, field in cover.p_seen.items():
        polygons = contour(field, cover.rule.p_seen, cover.grid.axis_m)
        features.append(
            {
                "type": "Feature",
                "id": name,
                "properties": {
                    "sensor": name,
                    "kind": cover.target.kind,
                    "height_m": cover.target.height_m,
                    "p_seen": cover.rule.p_seen,
                    "area_km2": round(cover.area_km2(name), 3),
                },
                "geometry": {
                    "type": "MultiPolygon",
                    "coordinates": [_degrees(polygon, cover.place.site) for polygon in polygons],
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}


def _degrees(polygon: Polygon, site: Site) -> list[list[list[float]]]:
    rings = []
    for ring in polygon:
        plane = np.column_stack([ring, np.zeros(len(ring))])
        latitude, longitude, _ = enu_to_geodetic(plane, site.latitude_rad, site.longitude_rad, site.height_m)
        rings.append(np.round(np.degrees(np.column_stack([longitude, latitude])), 7).tolist())
    return rings


def table(cover: Coverage) -> str:
    """Seconds before arrival by zone and bearing, a column per sensor, as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["zone", "from_bearing_deg", *(f"{name}_s" for name in cover.seconds)])
    for z, aim in enumerate(cover.ways.aims):
        for b, bearing in enumerate(cover.ways.bearing_deg):
            rows.writerow([aim.id, f"{bearing:g}", *(f"{s[z, b]:.1f}" for s in cover.seconds.values())])
    return text.getvalue()


def write_coverage(
    cover: Coverage, folder: Path, more: dict[str, Any] | None = None, added: Sequence[tuple[str, Floats]] = ()
) -> dict[str, Any]:
    """Write all files into a folder; each is there whole or not at all, coverage.json last.

    Parameters
    ----------
    cover : Coverage
        What was computed.
    folder : pathlib.Path
        Where to.
    more : dict or None
        Further keys of the answer.
    added : sequence of (str, ndarray)
        Names and places, (3,) [m], of sensors to mark in the picture as additions.

    Returns
    -------
    dict
        The answer as written.
    """
    from .picture import draw

    said = answer(cover, [PNG, GEOJSON, CSV, JSON]) | (more or {})
    picture = draw(cover, added)
    write_text(folder / GEOJSON, json.dumps(plain(geojson(cover)), allow_nan=False) + "\n")
    write_text(folder / CSV, table(cover))
    write_bytes(folder / PNG, picture)
    write_json(folder / JSON, said)
    return said


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise InputError(f"cannot write: {error.strerror}", path=path) from None
