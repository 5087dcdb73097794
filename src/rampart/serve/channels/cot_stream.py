"""CotStream: a connection to a TAK server, by TCP or TLS."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import Counter, deque
from contextlib import suppress

from rampart.serve.delivery import Channel, ChannelError, Message, Receipt, Urgency
from rampart.serve.delivery.out import Clock
from rampart.wire.cot import Event, EventStream, write_event
from rampart.wire.message_error import MessageError

from .address import Address
from .connection import Connection, connect

LARGEST = 1 << 20  #: octets of an event of others; it is passed over
PING_STALE_NS = 10_000_000_000
_PONG = re.compile(rb"""^<event[^>]*\stype\s*=\s*["']t-x-c-t-r["']""")


class CotStream(Channel):
    """Writes events to a TAK server and reads what it sends.

    Parameters
    ----------
    address : Address
        Where the server is.
    clock : callable
        ns UTC.
    name : str
        The uid of our pings.
    tls : ssl.SSLContext or None
        With TLS, the authority and who we are.
    server_name : str or None
        Name in the server's certificate, where it is not the host's.
    ping : bool
        Whether the server answers pings (``t-x-c-t``). Then it is asked every half second, and after each warning: its
        answer comes after it has read the warning, and counts as the acknowledgement.

    Notes
    -----
    What others send through the server is read so that it never blocks, counted in `heard` and passed over.
    An offer of protobuf (``t-x-takp-v``) is not taken up: the server goes on in XML.
    """

    window = 64

    def __init__(
        self,
        address: Address,
        clock: Clock,
        *,
        name: str,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        ping: bool = True,
    ) -> None:
        self.address, self._clock, self._name = address, clock, name
        self._tls, self._server_name, self._ping = tls, server_name, ping
        self.heard: Counter[str] = Counter()
        self._line: Connection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._pongs: deque[asyncio.Future[None]] = deque()
        self._said: dict[str, bytes] = {}  # warnings that this connection has been told of

    async def open(self) -> None:
        """Connect; where the server answers pings, it must answer one."""
        self._said.clear()
        self._line = await connect(self.address, tls=self._tls, server_name=self._server_name)
        self._reading = asyncio.create_task(self._read(self._line))
        await self.probe()

    async def send(self, message: Message) -> Receipt:
        """Write an event; a warning waits for the server's answer to a ping behind it."""
        if message.urgency == Urgency.STATE and self._said.get(message.key) == message.body:
            return Receipt()
        if message.urgency != Urgency.PICTURE:
            self._said[message.key] = message.body
        line = self._connection()
        line.write(message.body)
        sent_ns = self._clock()
        if message.urgency != Urgency.WARNING or not self._ping:
            await line.flush()
            return Receipt(sent_ns)
        await self._ask(line)
        return Receipt(sent_ns, acknowledged=True, by=self.address.host)

    async def probe(self) -> None:
        """Ask for an answer; where there is none to be had, see that what was written leaves."""
        line = self._connection()
        if self._ping:
            await self._ask(line)
        else:
            await line.flush()

    async def _ask(self, line: Connection) -> None:
        """Send a ping and wait until as many answers as pings have come."""
        now_ns = self._clock()
        ping = Event(self._name, "t-x-c-t", "m-g", now_ns, now_ns, now_ns + PING_STALE_NS, 0.0, 0.0)
        answer = asyncio.get_running_loop().create_future()
        self._pongs.append(answer)
        line.write(write_event(ping) + b"\n")
        try:
            await line.flush()
            await answer
        except asyncio.CancelledError:
            answer.cancel()  # its answer may still come: it keeps its place in the row
            raise

    async def _read(self, line: Connection) -> None:
        """Read what the server sends until it ends, and say why."""
        stream, reason = EventStream(max_bytes=LARGEST), "closed the connection"
        try:
            while piece := await line.read():
                for octets in stream.feed(piece):
                    self._hear(octets)
        except MessageError as error:
            reason = f"sends what is no Cursor on Target ({error})"
        except ChannelError as error:
            reason = str(error)
        failure = ChannelError(f"{self.address}: {reason}")
        for answer in self._pongs:
            if not answer.done():
                answer.set_exception(failure)
        self._pongs.clear()
        raise failure

    def _hear(self, octets: bytes) -> None:
        if not _PONG.match(octets):
            self.heard["event"] += 1
            return
        self.heard["pong"] += 1
        if self._pongs:
            answer = self._pongs.popleft()
            if not answer.done():
                answer.set_result(None)

    def _connection(self) -> Connection:
        if self._line is None:
            raise ChannelError(f"{self.address}: not connected")
        if self._reading is not None and self._reading.done() and not self._reading.cancelled():
            self._reading.result()
        return self._line

    async def lost(self) -> None:
        """Raise once the server has closed the connection, or sends what cannot be read."""
        if self._reading is not None:
            await asyncio.wait([self._reading])
            self._reading.result()

    async def leave(self) -> None:
        """Let what was written leave: nobody will say it again."""
        self._connection().leave()

    async def close(self) -> None:
        """End the connection; what has not left is not sent, unless we `leave`."""
        line, reading = self._line, self._reading
        self._line = self._reading = None
        if reading is not None:
            reading.cancel()
            with suppress(asyncio.CancelledError, ChannelError):
                await reading
        for answer in self._pongs:
            answer.cancel()
        self._pongs.clear()
        if line is not None:
            await line.end()
