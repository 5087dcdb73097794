"""Approvals: whether a warning may go out where two people must agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rampart.records import DecisionKind, Decisions, Phase, Row

SECOND = 1_000_000_000
#: How long an approval counts that says nothing of it [s].
VALID_S = 300.0


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word on one warning."""

    who: str
    warning: int
    channel: str  #: '' for every channel
    time_ns: int
    until_ns: int
    test: bool  #: given in an exercise or a test


class Approvals:
    """Counts who has approved which warning; the gate that a channel asks.

    Parameters
    ----------
    needed : int
        Different people who must agree; 0 lets everything out.
    valid_s : float
        How long an approval counts if it does not say so itself.

    Notes
    -----
    People are the same if their names are, whatever the case and spaces. An approval given in an exercise or a test
    never lets out a warning that is meant. The end of a warning is never kept back: who was alarmed must hear that it
    is over.

    Examples
    --------
    >>> import numpy as np
    >>> from rampart.records import Site, decide
    >>> gate = Approvals(needed=2)
    >>> for i, who in enumerate(("A. Smith", "a. smith", "B. Jones"), 1):
    ...     decision = decide(Site("base", 0, 0, 0), i, 5, DecisionKind.APPROVE, who, "seen on camera", warning=1)
    ...     gate.take(decision)
    ...     print(gate.given(1, "siren", 5), gate.may_go(1, Phase.SHELTER, "siren", 5))
    1 False
    1 False
    2 True
    """

    def __init__(self, needed: int = 2, valid_s: float = VALID_S) -> None:
        self.needed, self._valid_ns = needed, round(valid_s * SECOND)
        self._given: list[Approval] = []

    def take(self, decisions: Decisions) -> None:
        """Take note of approvals; other decisions, and those without a name or a reason, count for nothing."""
        for row in decisions:
            if row.what == DecisionKind.APPROVE and row.who.strip() and row.reason.strip() and row.warning > 0:
                self._given.append(self._approval(row))

    def _approval(self, row: Row) -> Approval:
        until = int(row.until_ns) or int(row.time_ns) + self._valid_ns
        who = " ".join(row.who.split()).casefold()
        return Approval(who, int(row.warning), str(row.channel), int(row.time_ns), until, bool(row.flags))

    def given(self, warning: int, channel: str, now_ns: int, *, meant: bool = False) -> int:
        """How many different people approve a warning for a channel at this moment.

        Parameters
        ----------
        warning : int
            Its number.
        channel : str
            Id of the channel.
        now_ns : int
            Time, ns UTC: approvals that have run out do not count.
        meant : bool
            The warning is actual: approvals given in an exercise or a test do not count.
        """
        return len(
            {
                a.who
                for a in self._given
                if a.warning == warning
                and a.channel in ("", channel)
                and a.time_ns <= now_ns < a.until_ns
                and not (meant and a.test)
            }
        )

    def may_go(self, warning: int, phase: Phase, channel: str, now_ns: int, *, meant: bool = False) -> bool:
        """Whether a message of a warning may go out; the parameters are those of `given`."""
        if phase in (Phase.RELEASE, Phase.CANCEL):
            return True
        return self.given(warning, channel, now_ns, meant=meant) >= self.needed

    def forget(self, now_ns: int) -> None:
        """Drop what has run out."""
        self._given = [a for a in self._given if a.until_ns > now_ns]

    def snapshot(self) -> dict[str, Any]:
        """The whole state as plain data."""
        fields = ("who", "warning", "channel", "time_ns", "until_ns", "test")
        return {"version": 1, "given": [[getattr(a, f) for f in fields] for a in self._given]}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        self._given = [Approval(*fields) for fields in snapshot["given"]]
