"""The records that flow through the chain: frozen nouns, plural as struct-of-arrays."""

from .columns import Columns, Row, column
from .delivery import Deliveries, Outcome
from .detection import Detections, ExternalTracks
from .names import (
    N_CLASSES,
    N_MODES,
    AlertStatus,
    DetectionFlag,
    Emission,
    Fate,
    Mode,
    Named,
    Phase,
    PredictionKind,
    TargetClass,
    TrackStatus,
    track_name,
    warning_name,
)
from .prediction import Predictions
from .site import SensorModel, Site, Zone
from .stage import Picture, Result, Stage
from .track import Tracks
from .truth import Flight
from .warning import Engagements, Warnings

__all__ = [
    "N_CLASSES",
    "N_MODES",
    "AlertStatus",
    "Columns",
    "Deliveries",
    "DetectionFlag",
    "Detections",
    "Emission",
    "Engagements",
    "ExternalTracks",
    "Fate",
    "Flight",
    "Mode",
    "Named",
    "Outcome",
    "Phase",
    "Picture",
    "PredictionKind",
    "Predictions",
    "Result",
    "Row",
    "SensorModel",
    "Site",
    "Stage",
    "TargetClass",
    "TrackStatus",
    "Tracks",
    "Warnings",
    "Zone",
    "column",
    "track_name",
    "warning_name",
]
