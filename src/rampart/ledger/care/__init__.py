"""Care of recordings: what is in them, and what must not be in them when they are shared."""

from .redact import redact_recording
from .survey import survey

__all__ = ["redact_recording", "survey"]
