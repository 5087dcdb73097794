"""Polygons on the ground, grown by a radius: how probable it is that something comes down in one or passes it."""

from .areas import Areas, is_convex

__all__ = ["Areas", "is_convex"]
