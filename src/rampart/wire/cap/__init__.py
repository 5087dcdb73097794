"""CAP 1.2, the Common Alerting Protocol of OASIS: alerts to bytes and back, and from warnings to alerts."""

from .alert import Alert, Area, Circle, Info, Pair, Reference, Resource
from .issuer import Issuer
from .reader import read_alert
from .rules import check_alert, check_references
from .series import AlertSeries
from .writer import write_alert

__all__ = [
    "Alert",
    "AlertSeries",
    "Area",
    "Circle",
    "Info",
    "Issuer",
    "Pair",
    "Reference",
    "Resource",
    "check_alert",
    "check_references",
    "read_alert",
    "write_alert",
]
