"""Triangulation: tracks from bearings of several places."""
