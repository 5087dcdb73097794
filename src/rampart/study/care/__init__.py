"""Care of recordings that needs the chain: cut, merge, verify."""

from .cut import cut_recording
from .merge import merge_recordings
from .verify import verify_recording

__all__ = ["cut_recording", "merge_recordings", "verify_recording"]
