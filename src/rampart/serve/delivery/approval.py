"""Hold: keeps Actual warnings of one peer back until enough people have approved them."""

from __future__ import annotations

from collections.abc import Iterator

from rampart.records import AlertStatus, Outcome

from .log import DeliveryLog
from .message import Message, Urgency


class Hold:
    """What waits for approval at one peer.

    Parameters
    ----------
    peer : str
        Id of the ``[[out]]``.
    approvals : int
        Different people who must approve; with 1 nothing is held.
    log : DeliveryLog
        Told what is held, and what ended unapproved.

    Notes
    -----
    Only Actual warnings are held. Once approved, a warning's later messages pass, its release or cancel too. A warning
    that ends unapproved is never heard of: what was not said need not be taken back.
    """

    def __init__(self, peer: str, approvals: int, log: DeliveryLog) -> None:
        self.peer, self.approvals, self._log = peer, approvals, log
        self._waiting: dict[str, list[Message]] = {}
        self._who: dict[str, set[str]] = {}
        self._approved: set[str] = set()

    @property
    def waiting(self) -> tuple[str, ...]:
        """Names of the warnings that are held."""
        return tuple(self._waiting)

    def pass_through(self, message: Message) -> list[Message]:
        """The messages that may go now: this one, or none."""
        bulletin = message.bulletin
        if self.approvals < 2 or bulletin is None or bulletin.status != AlertStatus.ACTUAL:
            return [message]
        if bulletin.name in self._approved:
            return [message]
        if not bulletin.closing:
            self._waiting.setdefault(bulletin.name, []).append(message)
            if message.urgency == Urgency.WARNING:
                missing = self.approvals - len(self._who.get(bulletin.name, ()))
                self._log.waiting(bulletin, self.peer, f"waits for approval by {missing} more")
            return []
        for held in (*self._waiting.pop(bulletin.name, ()), message):
            if held.bulletin is not None and held.urgency == Urgency.WARNING:
                self._log.ended(held.bulletin, self.peer, Outcome.SUPERSEDED, "ended before it was approved")
        return []

    def approve(self, warning: str, who: str) -> Iterator[Message]:
        """Count a person's approval; the messages that go with the last one needed."""
        self._who.setdefault(warning, set()).add(who)
        if self.approvals > 1 and len(self._who[warning]) >= self.approvals:
            self._approved.add(warning)
            yield from self._waiting.pop(warning, [])
