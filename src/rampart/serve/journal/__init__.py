"""Journal: every packet, step and decision of a live service on the disk; recovery and replay from it."""

from .history import History, is_journal, read_header
from .replay import Replayed, journal_header, replay_journal, set_up
from .writer import Journal, Resume

__all__ = [
    "History",
    "Journal",
    "Replayed",
    "Resume",
    "is_journal",
    "journal_header",
    "read_header",
    "replay_journal",
    "set_up",
]
