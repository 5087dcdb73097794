"""Service: what runs beside real sensors - chains, delivery, feeds and journal of one site file, as one object."""

from .board import Board, SiteView
from .check import Check
from .mode import Mode
from .service import Listener, Service

__all__ = ["Board", "Check", "Listener", "Mode", "Service", "SiteView"]
