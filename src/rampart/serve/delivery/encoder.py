"""Encoder: what one peer is told of what the chain said."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from rampart.pipeline import Outputs
from rampart.records import AlertStatus
from rampart.words import Notice

from .message import Message

STALLED_S = 10.0  #: a chain that has not been heard of for so long vouches for nothing


class Encoder(ABC):
    """Turns the steps of one site's chain into messages for one peer. It reads no clock and opens nothing.

    Methods may be generators: whoever asks lets others work between two messages.

    Attributes
    ----------
    stepped_ns : int
        When the chain was last heard of, ns UTC; 0 before. Set by the dispatcher: what nobody vouches for any more is
        not said again.
    """

    stepped_ns: int = 0

    @abstractmethod
    def encode(self, outputs: Outputs) -> Iterable[Message]:
        """The messages of one step, the most urgent first."""

    def notice(self, notice: Notice, zone: int, now_ns: int, status: AlertStatus) -> Iterable[Message]:
        """The messages that say that a zone (index into Site.zones) is no longer, or again, watched.

        For formats that have words of their own for it: the states of zones in `Outputs.zones` say the same.
        """
        return ()

    def tick(self, now_ns: int) -> Iterator[Message]:
        """Asked once per second, and once at the start: what holds without anything new."""
        return iter(())
