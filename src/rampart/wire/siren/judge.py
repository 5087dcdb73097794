"""Judge: whether a command that is signed may be acted upon now."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from .command import Command

#: How far two clocks that agree may differ, ms.
TOLERANCE_MS = 2_000


class Verdict(Enum):
    """What the clock says to a command."""

    VALID = "valid"
    EXPIRED = "expired"
    FUTURE = "from_the_future"
    UNKNOWN = "time_unknown"


def judge_time(command: Command, now_ms: float | None, *, tolerance_ms: float = TOLERANCE_MS) -> Verdict:
    """Compare a command's times with the server's time, as far as the siren knows it.

    Parameters
    ----------
    command : Command
        Signed by somebody trusted.
    now_ms : float or None
        Server's time, ms UTC; None where it is not known.
    tolerance_ms : float
        How far ahead a command may be issued. Of the expiry nothing is forgiven.

    Examples
    --------
    >>> from rampart.records import AlertStatus
    >>> from rampart.wire.siren import Action
    >>> command = Command("embassy", "north", AlertStatus.EXERCISE, 1, 10_000, 20_000, Action.SILENCE)
    >>> [judge_time(command, now).value for now in (15_000, 20_000, 7_000)]
    ['valid', 'expired', 'from_the_future']
    """
    if now_ms is None:
        return Verdict.UNKNOWN
    if now_ms >= command.expires_ms:
        return Verdict.EXPIRED
    return Verdict.FUTURE if command.issued_ms > now_ms + tolerance_ms else Verdict.VALID


class Marks:
    """The highest sequence acted upon, topic by topic. They outlive the program, so that nothing is played twice.

    Parameters
    ----------
    known : mapping of str to int
        What an earlier life of the device left. The very command at such a mark may be taken up once more: the device
        may have died while it sounded.
    """

    def __init__(self, known: Mapping[str, int] | None = None) -> None:
        self._highest = dict(known or {})
        self._resumable = dict(self._highest)

    def is_new(self, topic: str, sequence: int) -> bool:
        """Whether a command comes after all that were acted upon, or is the last one of an earlier life.

        >>> marks = Marks({"t": 7})
        >>> marks.is_new("t", 6), marks.is_new("t", 7), marks.is_new("t", 8)
        (False, True, True)
        >>> marks.pass_by("t", 7)
        >>> marks.is_new("t", 7)
        False
        """
        return sequence > self._highest.get(topic, 0) or self._resumable.get(topic) == sequence

    def is_last(self, topic: str, sequence: int) -> bool:
        """Whether a command is the one acted upon last: a copy, not a replay."""
        return self._highest.get(topic) == sequence

    def highest(self, topic: str) -> int | None:
        """The mark of a topic; None if nothing was acted upon."""
        return self._highest.get(topic)

    def pass_by(self, topic: str, sequence: int) -> None:
        """Note that a command was acted upon."""
        self._highest[topic] = max(sequence, self._highest.get(topic, 0))
        self._resumable.pop(topic, None)

    def plain(self) -> dict[str, int]:
        """The marks, to be kept."""
        return dict(self._highest)
