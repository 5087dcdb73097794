"""Effects: what the state machine of a device wants done. It does nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rampart.wire.siren import Command


@dataclass(frozen=True)
class Now:
    """The two clocks of a device: one that only runs forward, and the one that somebody set."""

    steady_ns: int
    wall_ns: int


@dataclass(frozen=True)
class Send:
    """Publish a message; `kept` ones wait for a connection, others are worth nothing later."""

    topic: str
    data: bytes
    kept: bool = True


@dataclass(frozen=True)
class Play:
    """Sound a phase until it is stopped."""

    number: int
    command: Command
    seconds: float


@dataclass(frozen=True)
class Extend:
    """What sounds goes on, with a newer text."""

    number: int
    command: Command
    seconds: float


@dataclass(frozen=True)
class Stop:
    """End a sound."""

    number: int
    why: str


@dataclass(frozen=True)
class Chirp:
    """Give the tone of a lost link, which is not that of a threat."""


@dataclass(frozen=True)
class Keep:
    """Write the marks to disk; nothing waits for it."""

    marks: Mapping[str, int]


@dataclass(frozen=True)
class SelfTest:
    """Check everything that can be checked in silence."""

    sequence: int | None


@dataclass(frozen=True)
class Event:
    """Something to tell whoever watches the program."""

    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)


Effect = Send | Play | Extend | Stop | Chirp | Keep | SelfTest | Event
