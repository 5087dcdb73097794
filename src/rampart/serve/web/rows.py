"""Rows: tracks and predictions as the API gives them. Units in the names, nothing that is not known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rampart.records import Mode, PredictionKind, Row, TargetClass, TrackStatus, track_name

from .picture import SitePicture


def number(value: float, digits: int = 2) -> float | None:
    """A figure, rounded; None where there is none.

    >>> number(1.23456), number(float("nan"))
    (1.23, None)
    """
    value = float(value)
    return round(value, digits) if math.isfinite(value) else None


def _vector(values: np.ndarray, digits: int = 1) -> list[float | None] | None:
    return [number(v, digits) for v in values] if np.isfinite(values).any() else None


def track_rows(picture: SitePicture) -> list[dict[str, Any]]:
    """Tracks of the latest step that are shown."""
    tracks, _ = picture.rows()
    return [_track(picture, row) for row in tracks.take(np.flatnonzero(tracks.shown))]


def _track(picture: SitePicture, row: Row) -> dict[str, Any]:
    site = picture.site
    return {
        "id": track_name(site.id, int(row.number)),
        "site": site.id,
        "time_ns": int(row.time_ns),
        "status": TrackStatus(int(row.status)).label,
        "position_enu_m": _vector(row.state[:3]),
        "velocity_enu_ms": _vector(row.state[3:]),
        "position_covariance_m2": np.round(row.covariance[:3, :3], 2).tolist(),
        "existence": number(row.existence, 4),
        "class": {TargetClass(i).label: number(p, 4) for i, p in enumerate(row.class_probability.tolist())},
        "mode": Mode(int(row.mode_probability.argmax())).label,
        "first_ns": int(row.first_ns),
        "updated_ns": int(row.updated_ns),
        "sensors": [s.id for i, s in enumerate(site.sensors) if int(row.sensors) >> i & 1],
        "identity": str(row.identity),
        "simulated": bool(int(row.flags)),
    }


def prediction_rows(picture: SitePicture) -> list[dict[str, Any]]:
    """Predictions of the latest step."""
    _, predictions = picture.rows()
    return [_prediction(picture, row) for row in predictions]


def _prediction(picture: SitePicture, row: Row) -> dict[str, Any]:
    known = bool(np.isfinite(row.launch_enu).all())
    return {
        "track": track_name(picture.site.id, int(row.track)),
        "site": picture.site.id,
        "kind": PredictionKind(int(row.kind)).label,
        "time_ns": int(row.time_ns),
        "weight": number(row.weight, 4),
        "impact_enu_m": _vector(row.impact_enu),
        "impact_covariance_m2": _matrix(row.impact_covariance),
        "impact_ns": int(row.impact_ns) or None,
        "impact_sigma_s": number(row.impact_sigma_s),
        "ellipse": {
            "probability": number(row.ellipse_probability),
            "semi_major_m": number(row.ellipse_major_m, 1),
            "semi_minor_m": number(row.ellipse_minor_m, 1),
            "azimuth_deg": number(math.degrees(row.ellipse_azimuth_rad), 1),
        },
        "launch_enu_m": _vector(row.launch_enu) if known else None,
        "launch_covariance_m2": _matrix(row.launch_covariance) if known else None,
        "launch_ns": int(row.launch_ns) if known else None,
        "zone": picture.site.zones[int(row.asset)].id if int(row.asset) >= 0 else None,
        "time_to_zone_s": number(row.time_to_asset_s),
    }


def _matrix(values: np.ndarray) -> list[list[float]] | None:
    return np.round(values, 2).tolist() if np.isfinite(values).all() else None
