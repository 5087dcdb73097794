"""Upkeep of one track: what a detection, or a look without one, does to its modes, existence and status."""
