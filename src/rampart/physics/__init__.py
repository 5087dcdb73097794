"""Frames, atmosphere, drag, terrain and motion: how things move through air and what can be seen over the ground."""
