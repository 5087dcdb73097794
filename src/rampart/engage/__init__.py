"""Engagement, in simulation only: generic effectors, who engages what and when, and what comes of it.

Nothing here reaches out of the process; no live service may import this room. All figures are generic.
"""

from .assignment import Assignment, assign
from .effector import Effector, GunSpec, InterceptorSpec
from .engager import Engager, EngagerSpec
from .outcome import draw_outcome, kill_probability

__all__ = [
    "Assignment",
    "Effector",
    "Engager",
    "EngagerSpec",
    "GunSpec",
    "InterceptorSpec",
    "assign",
    "draw_outcome",
    "kill_probability",
]
