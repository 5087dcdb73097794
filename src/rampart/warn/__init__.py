"""Warning: from tracks and predictions to what is said to the people of each zone."""

from .danger import Danger, assess
from .geojson import read_zones
from .policy import Alert, Policy, Threat
from .warner import Warner, WarnerSpec

__all__ = ["Alert", "Danger", "Policy", "Threat", "Warner", "WarnerSpec", "assess", "read_zones"]
