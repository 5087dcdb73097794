"""Measurement models: what a detection says of a state."""
