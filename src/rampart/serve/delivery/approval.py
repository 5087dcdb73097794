"""Hold: keeps Actual warnings of one peer back until enough people have approved them."""

from __future__ import annotations

from collections.abc import Iterator

from rampart.records import AlertStatus, Decisions, Outcome
from rampart.warn.approval import Approvals

from .bulletin import Bulletin
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
    Only Actual warnings are held; who counts as different, and for how long, is `rampart.warn.approval`'s to say. Once
    let out, a warning's later messages pass, its release or cancel too. A warning that ends unapproved is never heard
    of: what was not said need not be taken back.
    """

    def __init__(self, peer: str, approvals: int, log: DeliveryLog) -> None:
        self.peer, self.approvals, self._log = peer, approvals, log
        self._gate = Approvals(approvals)
        self._waiting: dict[int, list[Message]] = {}  # by number of the warning
        self._out: set[int] = set()  # warnings that were let out

    @property
    def waiting(self) -> tuple[int, ...]:
        """Numbers of the warnings that are held."""
        return tuple(self._waiting)

    def pass_through(self, message: Message, now_ns: int) -> list[Message]:
        """The messages that may go now: this one, or none."""
        bulletin = message.bulletin
        if self.approvals < 2 or bulletin is None or bulletin.status != AlertStatus.ACTUAL:
            return [message]
        if bulletin.number not in self._out and not bulletin.closing and self._agreed(bulletin, now_ns):
            self._out.add(bulletin.number)
        if bulletin.number in self._out:
            return [message]
        if bulletin.closing:
            self._end([*self._waiting.pop(bulletin.number, ()), message])
        else:
            self._keep(bulletin, message, now_ns)
        return []

    def _agreed(self, bulletin: Bulletin, now_ns: int) -> bool:
        return self._gate.may_go(bulletin.number, bulletin.phase, self.peer, now_ns, meant=True)

    def _keep(self, bulletin: Bulletin, message: Message, now_ns: int) -> None:
        self._waiting.setdefault(bulletin.number, []).append(message)
        if message.urgency == Urgency.WARNING:
            missing = self.approvals - self._gate.given(bulletin.number, self.peer, now_ns, meant=True)
            self._log.waiting(bulletin, self.peer, f"waits for approval by {missing} more")

    def _end(self, held: list[Message]) -> None:
        for message in held:
            if message.bulletin is not None and message.urgency == Urgency.WARNING:
                self._log.ended(message.bulletin, self.peer, Outcome.SUPERSEDED, "ended before it was approved")

    def decide(self, decisions: Decisions, now_ns: int) -> Iterator[Message]:
        """Take what operators decided; the messages that may go with it."""
        self._gate.forget(now_ns)
        self._gate.take(decisions)
        for number in list(self._waiting):
            first = self._waiting[number][0].bulletin
            if first is not None and self._agreed(first, now_ns):
                self._out.add(number)
                yield from self._waiting.pop(number)
