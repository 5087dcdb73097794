"""Mode: whether what the chain decides leaves the house, and as what."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """How a live service runs."""

    SHADOW = "shadow"  #: decides everything, sends nothing
    EXERCISE = "exercise"  #: sends everything, marked as exercise
    ACTUAL = "actual"  #: sends everything; Actual where neither a report nor a decision behind it is marked

    @property
    def sends(self) -> bool:
        """Whether peers are told.

        >>> Mode.SHADOW.sends, Mode.ACTUAL.sends
        (False, True)
        """
        return self is not Mode.SHADOW
