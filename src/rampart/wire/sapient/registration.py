"""Registration: who we are, what our reports hold, and that we take no tasks."""

from __future__ import annotations

from typing import Any

from .schema import ICD_VERSION
from .taxonomy import definition

MODE = "Default"
#: What `track_info` and `object_info` of a detection may hold, and in which unit.
TRACK_INFO = {
    "name": "text",
    "status": "ACTUAL, EXERCISE or TEST",
    "class": "text",
    "class_probability": "probability",
    "sensors": "identifiers",
    "state_covariance_enu": "m and m/s: upper triangle by rows of east, north, up and their rates",
}
OBJECT_INFO = {"rcs": "dBsm", "launch_point": "latitude and longitude in degrees, error in metres"}


def registration(name: str, short_name: str, datum: str, version: str, status_interval_s: float) -> dict[str, Any]:
    """The content of a Registration.

    Parameters
    ----------
    name, short_name : str
        For people.
    datum : str
        Of heights, e.g. ``"LOCATION_DATUM_WGS84_G"``.
    version : str
        Of Rampart.
    status_interval_s : float
        How often we say that we are there.
    """
    place = {"location_units": "LOCATION_COORDINATE_SYSTEM_LAT_LNG_DEG_M", "location_datum": datum}
    return {
        "node_definition": [{"node_type": "NODE_TYPE_FUSION_NODE", "node_sub_type": ["Tracking and impact warning"]}],
        "icd_version": ICD_VERSION,
        "name": name,
        "short_name": short_name,
        "capabilities": [
            {"category": "Fusion", "type": "Tracks with class and predicted impact"},
            {"category": "Warning", "type": "Alerts by zone"},
        ],
        "status_definition": {
            "status_interval": _seconds(status_interval_s),
            "location_definition": place,
            "status_report": [
                {"category": "STATUS_REPORT_CATEGORY_STATUS", "type": "Zones without cover", "on_change": True}
            ],
        },
        "mode_definition": [
            {
                "mode_name": MODE,
                "mode_type": "MODE_TYPE_DEFAULT",
                "settle_time": _seconds(0.0),
                "scan_type": "SCAN_TYPE_FIXED",
                "tracking_type": "TRACKING_TYPE_TRACK",
                "detection_definition": [_detections(place, datum)],
                "task": {
                    "concurrent_tasks": 0,
                    "region_definition": {"region_type": ["REGION_TYPE_AREA_OF_INTEREST"], "region_area": [place]},
                },
            }
        ],
        "config_data": [{"manufacturer": "Rampart", "model": "rampart", "software_version": version}],
    }


def _detections(place: dict[str, Any], datum: str) -> dict[str, Any]:
    reports = [
        {"category": f"DETECTION_REPORT_CATEGORY_{category}", "type": name, "units": units, "on_change": False}
        for category, table in (("TRACK", TRACK_INFO), ("OBJECT", OBJECT_INFO))
        for name, units in table.items()
    ]
    metres = {"east_north_rate_units": "SPEED_UNITS_MS", "up_rate_units": "SPEED_UNITS_MS"}
    return {
        "location_type": place,
        "detection_report": reports,
        "detection_class_definition": [definition()],
        "velocity_type": {"enu_velocity_units": metres, "location_datum": datum},
        "geometric_error": {"type": "Standard Deviation", "units": "as the value", "variation_type": "per report"},
    }


def _seconds(value: float) -> dict[str, Any]:
    return {"units": "TIME_UNITS_SECONDS", "value": value}
