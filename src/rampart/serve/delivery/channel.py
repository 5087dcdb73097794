"""Channel: the way to one peer. It opens, sends one message at a time, and closes; the rest is the peer's work."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from rampart.errors import RampartError

from .message import Message


class ChannelError(RampartError):
    """The connection cannot be made or is of no more use. The message is one line for the operator."""


class RefusalError(RampartError):
    """The peer does not want this message and never will; the connection is good."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of one message.

    Attributes
    ----------
    sent_ns : int
        When its bytes were handed on, ns UTC; 0 lets the peer take the time at which `send` returned.
    acknowledged : bool
        Whether the other side said that it has the message, not merely that bytes left.
    by : str
        Who said so.
    behind : tuple of (str, bool, str)
        Devices behind the peer: name, whether it acknowledged, and what it said.
    """

    sent_ns: int = 0
    acknowledged: bool = False
    by: str = ""
    behind: tuple[tuple[str, bool, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """What an operator wants to hear no longer.

    Attributes
    ----------
    zone : str
        Its id.
    warning : int
        Number of the one warning that is meant; 0 for whatever sounds.
    reason : str
        The operator's.
    exercise : bool
        Decided in an exercise or a test: leaves alone what sounds because it is meant.
    """

    zone: str
    warning: int = 0
    reason: str = ""
    exercise: bool = False


class Channel(ABC):
    """The way to one peer.

    Attributes
    ----------
    window : int
        How many `send` may be under way at once. They start in the order of the queue.
    """

    window: int = 1

    @abstractmethod
    async def open(self) -> None:
        """Make the connection.

        Raises
        ------
        ChannelError, OSError
            If there is none.
        """

    @abstractmethod
    async def send(self, message: Message) -> Receipt:
        """Hand over one message and wait until it left, or is acknowledged where the format has such a thing.

        Raises
        ------
        RefusalError
            If the peer does not want this one.
        ChannelError, OSError
            If the connection is of no more use.
        """

    async def probe(self) -> None:  # noqa: B027 - most have nothing to ask
        """Make the peer show that it is there. Returns when it has; not where nothing can be asked of it."""

    async def lost(self) -> None:
        """Return or raise once the connection is known to be gone; never, where only sending can tell."""
        await asyncio.Event().wait()

    async def leave(self) -> None:  # noqa: B027 - most have nobody to say it to
        """Before `close`, where the service stops on purpose: say so."""

    async def silence(self, order: Silence) -> None:  # noqa: B027 - most make no sound
        """End the sound in a zone; its warning goes on."""

    def troubles(self) -> Mapping[str, str]:
        """What an operator must know though the connection is good: one line each, by a name that stays the same."""
        return {}

    @abstractmethod
    async def close(self) -> None:
        """End the connection, whatever its state. Raises nothing of its own."""
