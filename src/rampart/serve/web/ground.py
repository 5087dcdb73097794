"""Ground: what of a site does not move - zones, sensors, what they cover - as the page needs it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rampart.physics.terrain import line_of_sight
from rampart.pipeline import Place
from rampart.records import SensorModel, Site

#: What the drawn cover is for: a small drone or a mortar bomb, at a height where it matters.
RCS_DBSM, HEIGHT_M = -15.0, 100.0
AZIMUTHS, STEPS = 120, 60


def site_entry(place: Place) -> dict[str, Any]:
    """One site: origin, zones, sensors with their modelled cover. Angles in degrees, lengths in metres."""
    site = place.site
    return {
        "id": site.id,
        "name": site.name or site.id,
        "lat_deg": math.degrees(site.latitude_rad),
        "lon_deg": math.degrees(site.longitude_rad),
        "height_m": site.height_m,
        "terrain": not place.environment.terrain.smooth,
        "zones": [
            {
                "id": zone.id,
                "name": zone.name or zone.id,
                "polygon_en_m": np.round(zone.polygon_en, 1).tolist(),
                "warn_radius_m": zone.warn_radius_m,
                "shelter_time_s": zone.shelter_time_s,
                "population": zone.population,
                "parent": zone.parent,
            }
            for zone in site.zones
        ],
        "sensors": [_sensor_entry(place, sensor) for sensor in site.sensors],
    }


def _sensor_entry(place: Place, sensor: SensorModel) -> dict[str, Any]:
    return {
        "id": sensor.id,
        "kind": sensor.kind,
        "position_enu_m": np.round(sensor.position_enu, 1).tolist(),
        "scan_period_s": sensor.scan_period_s,
        "delay_s": sensor.delay_s,
        "cover_en_m": cover(place, sensor),
        "cover_of": {"rcs_dbsm": RCS_DBSM, "height_m": HEIGHT_M},
    }


def reach_m(sensor: SensorModel) -> float:
    """How far a sensor sees a target of `RCS_DBSM`, by its data sheet; inf if it says nothing.

    The radar equation: range goes with the fourth root of the cross-section.
    """
    reference_m = sensor.reference_range_m * 10.0 ** (RCS_DBSM / 40.0)
    return min(x for x in (sensor.max_range_m, reference_m) if not math.isnan(x))


def cover(place: Place, sensor: SensorModel) -> list[list[float]]:
    """Outline of what a sensor covers at `HEIGHT_M` above the site, over terrain; empty if its range is not known."""
    reach = reach_m(sensor)
    if not math.isfinite(reach) or reach <= 0.0:
        return []
    azimuth = np.linspace(0.0, 2.0 * math.pi, AZIMUTHS, endpoint=False)
    distance = reach * np.arange(1, STEPS + 1) / STEPS
    way = np.stack([np.sin(azimuth), np.cos(azimuth)], axis=1)
    ground = sensor.position_enu[:2] + distance[None, :, None] * way[:, None, :]
    points = np.concatenate([ground, np.full((*ground.shape[:2], 1), HEIGHT_M)], axis=2)
    seen = line_of_sight(sensor.position_enu, points.reshape(-1, 3), place.environment.terrain)
    seen = seen.reshape(AZIMUTHS, STEPS)
    first_hidden = np.where(seen.all(axis=1), STEPS, seen.argmin(axis=1))
    far = np.where(first_hidden > 0, distance[np.maximum(first_hidden - 1, 0)], 0.0)
    return np.round(sensor.position_enu[:2] + far[:, None] * way, 0).tolist()


def zone_indices(site: Site) -> dict[str, int]:
    """Zone id -> index."""
    return {zone.id: i for i, zone in enumerate(site.zones)}
