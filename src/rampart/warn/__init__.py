"""Warning: from tracks and predictions to what is said to the people of each zone."""

from .approval import Approvals
from .danger import Danger, assess
from .geojson import read_zones
from .policy import Alert, Policy, Threat
from .raids import Raid, group_raids
from .spec import WarnerSpec
from .warner import Warner

__all__ = [
    "Alert",
    "Approvals",
    "Danger",
    "Policy",
    "Raid",
    "Threat",
    "Warner",
    "WarnerSpec",
    "assess",
    "group_raids",
    "read_zones",
]
