"""Polygons on the ground, grown by a radius: how probable it is that something comes down in one or passes it."""

from .areas import Areas, is_convex
from .polygon import crosses_itself, polygon_fault

__all__ = ["Areas", "crosses_itself", "is_convex", "polygon_fault"]
