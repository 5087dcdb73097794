"""Rampart, the open C-RAM: sense, track, predict, warn, record and - in simulation only - intercept."""

__version__ = "0.1.0"
