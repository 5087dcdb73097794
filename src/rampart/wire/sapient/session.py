"""SapientSession: our side of a connection: who is registered, what is acknowledged, which tasks are declined."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rampart.wire.instant import SECOND_NS

from .feed import SapientFeed
from .reply import AlertReply, ErrorReport, RegistrationReply, TaskOrder, read_reply

_REMEMBERED = 4096  #: alerts whose acknowledgement is waited for
DECLINED = "Rampart reports and warns; it takes no tasks"


@dataclass
class Reaction:
    """What follows from a message of the other side.

    Attributes
    ----------
    messages : list
        To be sent.
    registered : bool or None
        Whether our registration was taken; None if the message says nothing of it.
    acknowledged : list of (int, str)
        Numbers of warnings and what was done with them: ``accepted``, ``rejected``, ``cancelled``.
    errors : list of str
        Why the other side refused something.
    reply : AlertReply, ErrorReport or None
        What it said of a message of ours, as it said it.
    """

    messages: list[Any] = field(default_factory=list)
    registered: bool | None = None
    acknowledged: list[tuple[int, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    reply: AlertReply | ErrorReport | None = None


class SapientSession:
    """What is said on one connection, without the connection.

    Parameters
    ----------
    feed : SapientFeed
        Makes our messages.

    Notes
    -----
    Two requests are met, since every node must: to register and to say its status. Every other task is rejected with a
    reason, and a task for another node is not answered.
    """

    def __init__(self, feed: SapientFeed) -> None:
        self.feed = feed
        self._alerts: dict[str, int] = {}
        self._said: tuple[int, ...] | None = None  # condition in the last status report of this connection
        self._next_ns = 0

    def open(self, now_ns: int) -> list[Any]:
        """What is sent first on a connection."""
        self._said, self._next_ns = None, now_ns
        return [self.feed.registration(now_ns)]

    def due(self, now_ns: int) -> list[Any]:
        """The status report, if it is time for one or something has changed."""
        condition = self.feed.condition
        if now_ns < self._next_ns and condition == self._said:
            return []
        unchanged, self._said = condition == self._said, condition
        self._next_ns = now_ns + round(self.feed.status_interval_s * SECOND_NS)
        return [self.feed.status(now_ns, unchanged=unchanged)]

    def remember(self, number: int) -> None:
        """An alert of that warning was sent."""
        self._alerts.pop(self.feed.alert_id(number), None)
        self._alerts[self.feed.alert_id(number)] = number
        while len(self._alerts) > _REMEMBERED:
            del self._alerts[next(iter(self._alerts))]

    def receive(self, message: Any, now_ns: int) -> Reaction:
        """React to a message of the other side.

        Parameters
        ----------
        message : protobuf message
            As `read_message` gives it.
        now_ns : int
            ns UTC.
        """
        reply = read_reply(message)
        if message.destination_id and message.destination_id != self.feed.node_id:
            return Reaction()
        if isinstance(reply, RegistrationReply):
            return Reaction(registered=reply.accepted, errors=list(reply.reasons) if not reply.accepted else [])
        if isinstance(reply, AlertReply):
            number = self._alerts.get(reply.alert_id)
            return Reaction(acknowledged=[] if number is None else [(number, reply.status)], reply=reply)
        if isinstance(reply, ErrorReport):
            return Reaction(errors=list(reply.texts) or ["no reason given"], reply=reply)
        return self._task(reply, now_ns) if isinstance(reply, TaskOrder) else Reaction()

    def _task(self, order: TaskOrder, now_ns: int) -> Reaction:
        asked = order.request.strip().lower() if order.command == "request" and order.control == "start" else ""
        answers = {"registration": self.feed.registration, "status": self.feed.status}
        accepted = asked in answers
        reason = f"{asked} follows" if accepted else DECLINED
        ack = self.feed.task_ack(order.task_id, order.sender, now_ns, accepted=accepted, reason=reason)
        return Reaction([ack, answers[asked](now_ns)] if accepted else [ack])
