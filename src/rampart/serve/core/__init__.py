"""Core: the chain of each site, stepped as reports come in, by a clock that is handed in."""

from .clock import Clock, PacedClock, wall_clock
from .site_core import CoreHealth, SiteCore, StepNote, Worked

__all__ = ["Clock", "CoreHealth", "PacedClock", "SiteCore", "StepNote", "Worked", "wall_clock"]
