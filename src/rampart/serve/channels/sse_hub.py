"""Hub: what listeners to server-sent events are told, from where each left off, and when a slow one is let go."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from itertools import islice

from rampart.serve.delivery import Message, Urgency
from rampart.serve.delivery.out import Clock

BACKLOG = 2000  #: events kept for those who come back


class Listener:
    """One client: what waits for it, in octets."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.waiting_bytes = most_bytes, 0
        self.cut = False
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()

    def put(self, octets: bytes) -> None:
        """Let an event wait; a client for which too much waits is cut off."""
        if self.waiting_bytes + len(octets) > self.most_bytes:
            self.cut = True
        else:
            self._waiting.append(octets)
            self.waiting_bytes += len(octets)
        self._wake.set()

    async def take(self) -> bytes:
        """All that waits, as soon as anything does; nothing once it is cut off."""
        while not self._waiting and not self.cut:
            self._wake.clear()
            await self._wake.wait()
        octets = b"" if self.cut else b"".join(self._waiting)
        self._waiting.clear()
        self.waiting_bytes = 0
        return octets


class Hub:
    """Gives every event to every listener.

    Parameters
    ----------
    session : str
        In front of each event's id: ids of another session mean nothing.
    clock : callable
        ns UTC.
    client_bytes : int
        What may wait for one listener.
    clients : int
        How many there may be.

    Notes
    -----
    A listener that says the id of the last event it has gets those since, if they are all still there; otherwise a
    ``snapshot``: one event with everything that holds now. How the service stands is said without an id.
    """

    def __init__(self, session: str, clock: Clock, *, client_bytes: int = 1 << 20, clients: int = 50) -> None:
        self.session, self.client_bytes, self.clients = session, client_bytes, clients
        self._clock = clock
        self.listeners: set[Listener] = set()
        self.cut_off = 0  #: listeners that were too slow
        self._count = 0
        self._backlog: deque[tuple[int, bytes]] = deque(maxlen=BACKLOG)
        self._holds: OrderedDict[str, Message] = OrderedDict()

    def publish(self, message: Message) -> None:
        """Give a message to everybody, and keep it for those who come later."""
        self._count += 1
        if message.urgency != Urgency.WARNING:  # a warning is an event; how its zone stands is what holds
            self._holds.pop(message.key, None)
            self._holds[message.key] = message
            self._forget()
        octets = _event(message.topic, message.body, f"{self.session}-{self._count}")
        self._backlog.append((self._count, octets))
        self._give(octets)

    def say(self, topic: str, body: bytes) -> None:
        """Give everybody something that is of no use later."""
        self._give(_event(topic, body))

    def _give(self, octets: bytes) -> None:
        for listener in list(self.listeners):
            listener.put(octets)
            if listener.cut:
                self.cut_off += 1
                self.listeners.discard(listener)

    def _forget(self) -> None:
        """Drop pictures that have run out, oldest first."""
        now_ns = self._clock()
        for key, message in list(islice(self._holds.items(), 8)):
            if not message.valid(now_ns):
                del self._holds[key]

    def join(self, last_id: str) -> Listener:
        """A new listener, with what it missed already waiting."""
        listener = Listener(self.client_bytes)
        missed = self._since(last_id)
        if missed is None:
            missed = [self._snapshot()]
            listener.most_bytes = max(listener.most_bytes, 2 * len(missed[0]))
        for octets in missed:
            listener.put(octets)
        if not listener.cut:
            self.listeners.add(listener)
        return listener

    def _since(self, last_id: str) -> list[bytes] | None:
        """The events after one, or None if they are not all there."""
        session, _, number = last_id.rpartition("-")
        if session != self.session or not number.isascii() or not number.isdigit() or len(number) > 18:
            return None
        last, first = int(number), self._backlog[0][0] if self._backlog else self._count + 1
        if last > self._count or last < first - 1:
            return None
        return [octets for count, octets in self._backlog if count > last]

    def _snapshot(self) -> bytes:
        now_ns = self._clock()
        bodies = [message.body for message in self._holds.values() if message.valid(now_ns)]
        body = b'{"schema":1,"type":"snapshot","items":[' + b",".join(bodies) + b"]}"
        return _event("snapshot", body, f"{self.session}-{self._count}")

    def leave(self, listener: Listener) -> None:
        """A listener that has gone."""
        self.listeners.discard(listener)


def _event(topic: str, body: bytes, event_id: str = "") -> bytes:
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {topic}\ndata: ".encode() + body + b"\n\n"
