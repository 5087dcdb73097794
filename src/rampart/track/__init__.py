"""Track: detections in, tracks out. `Tracker` is the stage, `TrackerSpec` its table in a scenario."""

from .settings import TrackerSpec
from .tracker import Tracker

__all__ = ["Tracker", "TrackerSpec"]
