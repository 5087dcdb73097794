"""Rampart, the open C-RAM: sense, track, predict, warn, record and - in simulation only - intercept.

The names below are imported when first used, so that ``import rampart`` stays light:

>>> import rampart
>>> scenario = rampart.load("bdsc-rocket")
>>> rampart.run(scenario, seed=1).summary["scenario"]
'bdsc-rocket'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import InputError, RampartError

if TYPE_CHECKING:
    from .pipeline import Scenario, load
    from .records import Detections, Predictions, SensorModel, Site, Tracks, Warnings, Zone
    from .study import StudyResult, run_study
    from .study.run import Run, run
    from .track import Tracker

__version__ = "0.1.0"

__all__ = [
    "Detections",
    "InputError",
    "Predictions",
    "RampartError",
    "Run",
    "Scenario",
    "SensorModel",
    "Site",
    "StudyResult",
    "Tracker",
    "Tracks",
    "Warnings",
    "Zone",
    "load",
    "run",
    "run_study",
]

_ROOMS = {
    "pipeline": ("Scenario", "load"),
    "records": ("Detections", "Predictions", "SensorModel", "Site", "Tracks", "Warnings", "Zone"),
    "study": ("Run", "StudyResult", "run", "run_study"),
    "track": ("Tracker",),
}


def __getattr__(name: str) -> Any:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(f"rampart.{room}"), name)
    raise AttributeError(f"module 'rampart' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
