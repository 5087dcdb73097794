"""Cursor on Target: events to bytes and back, the stream they come in, and what the chain says as events."""

from .event import Event, check_event
from .feed import CotFeed
from .reader import read_event
from .stream import EventStream
from .writer import write_event

__all__ = ["CotFeed", "Event", "EventStream", "check_event", "read_event", "write_event"]
