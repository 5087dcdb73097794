"""Message: bytes for one peer, with what a queue must know of them and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from .bulletin import Bulletin


class Urgency(IntEnum):
    """In which order messages leave, and which may be lost."""

    WARNING = 0  #: an event: each is handed out, in order, while it is valid; never shed
    STATE = 1  #: how something stands: the newest per key; never shed, and said again on every new connection
    PICTURE = 2  #: tracks, predictions: the newest per key; shed when the queue is full


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes
    ----------
    key : str
        What it is about: a newer state or picture with the same key takes its place, a newer warning makes it history.
    topic : str
        Where it goes: an MQTT topic, an event's name, a file's name; what the channel makes of it.
    body : bytes
        As it goes out.
    created_ns, expires_ns : int
        ns UTC; from `expires_ns` on it is handed out no more. 0: it does not expire.
    urgency : Urgency
        Its lane.
    content_type : str
        Of `body`.
    retain : bool
        Whether a broker keeps it for those who come later.
    bulletin : Bulletin or None
        The message of a warning that it carries, and whose delivery is recorded. At most one message of a bulletin per
        peer has it.
    extra : mapping
        What only the channel and the encoder of one kind understand.
    """

    key: str
    topic: str
    body: bytes
    created_ns: int
    expires_ns: int = 0
    urgency: Urgency = Urgency.PICTURE
    content_type: str = "application/json"
    retain: bool = False
    bulletin: Bulletin | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def valid(self, now_ns: int) -> bool:
        """Whether it may still be handed out."""
        return self.expires_ns == 0 or now_ns < self.expires_ns
