"""Engagement, in simulation only: generic effectors, who engages what and when, and what comes of it.

Nothing here reaches out of the process; no live service may import this room. All figures are generic.
"""

from .assignment import Assignment, assign
from .effector import DirectedEnergySpec, Effector, GunSpec, InterceptorSpec, JammerSpec
from .engager import Engager, EngagerSpec
from .outcome import draw_outcome, kill_probability

__all__ = [
    "Assignment",
    "DirectedEnergySpec",
    "Effector",
    "Engager",
    "EngagerSpec",
    "GunSpec",
    "InterceptorSpec",
    "JammerSpec",
    "assign",
    "draw_outcome",
    "kill_probability",
]
