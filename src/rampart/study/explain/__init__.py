"""Explain: the gate that a threat missed, late or misclassified fell through, and what would have caught it."""

from .account import explain_record, explain_recording

__all__ = ["explain_record", "explain_recording"]
