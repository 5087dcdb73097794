"""The records that flow through the chain: frozen nouns, plural as struct-of-arrays."""

from .columns import Columns, Row, column
from .decision import Decisions, decide
from .delivery import Deliveries, Outcome
from .detection import Detections, ExternalTracks
from .health import Health, ZoneStates
from .names import (
    N_CLASSES,
    N_MODES,
    AlertStatus,
    DecisionKind,
    DetectionFlag,
    Emission,
    Fate,
    HealthState,
    Mode,
    Named,
    Phase,
    PredictionKind,
    TargetClass,
    TrackStatus,
    ZoneState,
    track_name,
    warning_name,
)
from .prediction import Predictions
from .site import SHELTER_TIMES, SensorModel, Site, Zone, shelter_times
from .stage import Picture, Result, Stage
from .track import Tracks
from .truth import Flight
from .warning import Engagements, Warnings

__all__ = [
    "N_CLASSES",
    "N_MODES",
    "SHELTER_TIMES",
    "AlertStatus",
    "Columns",
    "DecisionKind",
    "Decisions",
    "Deliveries",
    "DetectionFlag",
    "Detections",
    "Emission",
    "Engagements",
    "ExternalTracks",
    "Fate",
    "Flight",
    "Health",
    "HealthState",
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
    "ZoneState",
    "ZoneStates",
    "column",
    "decide",
    "shelter_times",
    "track_name",
    "warning_name",
]
