"""SapientLink: a connection to another SAPIENT node."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from contextlib import suppress
from typing import Any

from rampart.serve.delivery import Channel, ChannelError, Message, Receipt, RefusalError, Urgency
from rampart.serve.delivery.out import Clock
from rampart.wire.message_error import MessageError
from rampart.wire.sapient import AlertReply, ErrorReport, FrameStream, SapientSession, read_message, write_message

from .address import Address
from .connection import Connection, connect

BEAT_S = 0.25  #: how often it is looked whether a status report is due
OBJECTION_S = 0.3  #: how long an alert waits for an objection where the other side acknowledges none


class SapientLink(Channel):
    """Registers, says how we are, hands over detections and alerts, and declines tasks.

    Parameters
    ----------
    address : Address
        Where the other node is.
    clock : callable
        ns UTC.
    session : SapientSession
        What is said.
    tls : ssl.SSLContext or None
        With TLS, the authority and who we are.
    server_name : str or None
        Name in the other side's certificate, where it is not the host's.
    register : bool
        Whether we register, and wait until that is taken, before anything else.
    acknowledges : bool
        Whether the other side answers each alert. Then an alert waits for its answer; without, only for an objection
        (`OBJECTION_S`), which Apex gives within milliseconds.

    Notes
    -----
    What others send is read so that it never blocks; what is no message for us is counted in `heard` and passed over,
    and so is a message that breaks a rule. SAPIENT has no ping: a node that has stopped reading is known only when what
    was written no longer leaves.
    """

    window = 16

    def __init__(
        self,
        address: Address,
        clock: Clock,
        session: SapientSession,
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        register: bool = True,
        acknowledges: bool = False,
    ) -> None:
        self.address, self._clock, self.session = address, clock, session
        self._tls, self._server_name = tls, server_name
        self._register, self._acknowledges = register, acknowledges
        self.heard: Counter[str] = Counter()
        self.objections: list[str] = []  #: the latest that concerned no alert
        self._line: Connection | None = None
        self._work: list[asyncio.Task[None]] = []
        self._registered: asyncio.Future[None] | None = None
        self._answers: dict[str, asyncio.Future[AlertReply | None]] = {}  # by alert
        self._said: dict[str, bytes] = {}  # alerts that this connection has been told of

    async def open(self) -> None:
        """Connect, and register."""
        self._said.clear()
        self._line = await connect(self.address, tls=self._tls, server_name=self._server_name)
        self._work = [asyncio.create_task(self._read(self._line))]
        opening = self.session.open(self._clock())
        self._registered = None
        if self._register:
            self._registered = asyncio.get_running_loop().create_future()
            self._write(opening)
            await self._registered
        self._beat()
        self._work.append(asyncio.create_task(self._beats(self._line)))

    async def send(self, message: Message) -> Receipt:
        """Hand over a message; an alert is written anew, with the time at which it leaves."""
        line, say = self._connection(), message.extra.get("say")
        if say is None:
            line.write(message.body)
            await line.flush()
            return Receipt()
        alert = message.extra["alert"]
        if message.urgency == Urgency.STATE and self._said.get(alert) == message.body:
            return Receipt()
        self._said[alert] = message.body
        sent_ns = self._clock()
        line.write(write_message(say(sent_ns)))
        if message.extra["number"] is not None:
            self.session.remember(message.extra["number"])
        if message.urgency == Urgency.STATE:
            await line.flush()
            return Receipt(sent_ns)
        answer = await self._answer(line, alert)
        if answer is not None and answer.status == "rejected":
            raise RefusalError("; ".join(answer.reasons) or "rejected without a reason")
        return Receipt(sent_ns, acknowledged=answer is not None, by=self.address.host if answer is not None else "")

    async def _answer(self, line: Connection, alert: str) -> AlertReply | None:
        """The other side's answer to an alert; None where it gives none and does not object."""
        answer = self._answers[alert] = asyncio.get_running_loop().create_future()
        try:
            await line.flush()
            if self._acknowledges:
                return await answer
            with suppress(TimeoutError):
                async with asyncio.timeout(OBJECTION_S):
                    return await answer
            return None
        finally:
            if self._answers.get(alert) is answer:
                del self._answers[alert]

    async def probe(self) -> None:
        """See that what was written leaves."""
        await self._connection().flush()

    def _beat(self) -> None:
        """Say how we are, if it is time."""
        self._write(self.session.due(self._clock()))

    async def _beats(self, line: Connection) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            self._beat()
            await line.flush()

    def _write(self, messages: list[Any]) -> None:
        for message in messages:
            self._connection().write(write_message(message))

    async def _read(self, line: Connection) -> None:
        """Read what the other side sends until it ends, and say why."""
        stream, reason = FrameStream(), "closed the connection"
        try:
            while piece := await line.read():
                for octets in stream.feed(piece):
                    self._hear(octets)
        except MessageError as error:
            reason = f"sends what is no SAPIENT ({error})"
        except ChannelError as error:
            reason = str(error)
        self._fail(ChannelError(f"{self.address}: {reason}"))

    def _fail(self, failure: Exception) -> None:
        """Let everybody who waits know, and end the reading."""
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(failure)
        self._answers.clear()
        if self._registered is not None and not self._registered.done():
            self._registered.set_exception(failure)
        raise failure

    def _hear(self, octets: bytes) -> None:
        try:
            message = read_message(octets)
        except MessageError as error:
            self.heard[error.reason] += 1
            return
        self.heard[message.WhichOneof("content")] += 1
        now_ns = self._clock()
        reaction = self.session.receive(message, now_ns)
        self._write(reaction.messages)
        if reaction.registered is False:
            raise ChannelError(f"registration refused: {_line(reaction.errors)}")
        if reaction.registered and self._registered is not None and not self._registered.done():
            self._registered.set_result(None)
        if reaction.reply is not None:
            self._settle(reaction.reply)

    def _settle(self, reply: AlertReply | ErrorReport) -> None:
        """Hand an answer to the alert that waits for it; an objection before we are registered concerns that."""
        if isinstance(reply, AlertReply):
            answer = self._answers.get(reply.alert_id)
            if answer is not None and not answer.done():
                answer.set_result(reply)
            return
        text = _line(reply.texts)
        if self._registered is not None and not self._registered.done():
            raise ChannelError(f"registration refused: {text}")
        for alert, answer in self._answers.items():
            if alert.encode() in reply.packet and not answer.done():
                answer.set_exception(RefusalError(text))
                return
        self.objections = [*self.objections[-9:], text]

    def _connection(self) -> Connection:
        if self._line is None:
            raise ChannelError(f"{self.address}: not connected")
        return self._line

    async def lost(self) -> None:
        """Raise once the other side has closed the connection, or sends what cannot be read."""
        ended, _ = await asyncio.wait(self._work, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()

    async def leave(self) -> None:
        """Say goodbye."""
        line = self._connection()
        line.write(write_message(self.session.feed.status(self._clock(), goodbye=True)))
        line.leave()
        await line.flush()

    async def close(self) -> None:
        """End the connection; what has not left is not sent, unless we `leave`."""
        line, work = self._line, self._work
        self._line, self._work = None, []
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        for answer in self._answers.values():
            answer.cancel()
        self._answers.clear()
        if line is not None:
            await line.end()


def _line(texts: tuple[str, ...] | list[str]) -> str:
    """What the other side objects to, on one line."""
    return " ".join("; ".join(texts).split())[:300] or "no reason given"
