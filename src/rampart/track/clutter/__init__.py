"""Clutter: how many false alarms each sensor gives, and where."""
