"""Counterfactual: a recording run again with something changed, and what that would have changed."""

from .answer import compare_recording
from .change import Change, read_change

__all__ = ["Change", "compare_recording", "read_change"]
