"""What happened: recordings (write, read, verify), digests and reports."""

from .digest import OutputDigest
from .files import plain, write_json, write_text
from .playback import Batch, Contents, RecordingReader
from .recording import RecordingWriter
from .run_record import Collector, Gates, Recorder, RunRecord, Step, make_header

__all__ = [
    "Batch",
    "Collector",
    "Contents",
    "Gates",
    "OutputDigest",
    "Recorder",
    "RecordingReader",
    "RecordingWriter",
    "RunRecord",
    "Step",
    "make_header",
    "plain",
    "write_json",
    "write_text",
]
