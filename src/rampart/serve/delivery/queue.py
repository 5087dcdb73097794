"""PeerQueue: what waits for one peer. Bounded, expiring, and after a lost connection never more than what holds now."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass

from .message import Message, Urgency

LIMIT = 1000  #: messages that may wait
AGE_S = 60.0  #: longest that a picture may wait
_SECOND_NS = 1_000_000_000


@dataclass(slots=True)
class _Item:
    order: int
    put_ns: int
    message: Message


class PeerQueue:
    """The messages that wait for one peer.

    Parameters
    ----------
    limit : int
        How many may wait.
    age_s : float
        How long a picture may.

    Notes
    -----
    **Warnings** (`Urgency.WARNING`) are handed out in the order in which they came, each of them, while they are valid.
    None is ever shed; only if more than `limit` wait do those go of which a later message of the same key waits.
    **States and pictures** are handed out once each, the newest per key. When too many wait, the oldest pictures are
    shed.

    A message that is handed out is *in flight* until `done`. `restart` is for a new connection: of each warning, the
    newest message that the peer has not acknowledged waits again (or none, if it has acknowledged a later one), and
    every state and picture that still holds.

    Everything that never left is counted in `counts`: ``expired``, ``superseded``, ``replaced``, ``shed``.
    """

    def __init__(self, limit: int = LIMIT, age_s: float = AGE_S) -> None:
        self.limit, self.age_ns = limit, round(age_s * _SECOND_NS)
        self.counts: Counter[str] = Counter()
        self.dropped: list[tuple[str, Message]] = []  #: warnings that never left, and why; the peer collects them
        self._order = 0
        self._events: OrderedDict[int, _Item] = OrderedDict()  # by order
        self._pending: tuple[OrderedDict[str, _Item], ...] = (OrderedDict(), OrderedDict())  # states, pictures
        self._held: tuple[OrderedDict[str, _Item], ...] = (OrderedDict(), OrderedDict())  # what holds now, by key
        self._flight: dict[int, _Item] = {}
        self._answered: dict[str, tuple[int, int]] = {}  # warning key -> order acknowledged, expiry

    def __len__(self) -> int:
        return len(self._events) + sum(len(lane) for lane in self._pending)

    @property
    def in_flight(self) -> int:
        """How many are handed out and not `done`."""
        return len(self._flight)

    def oldest_ns(self) -> int | None:
        """When the message that waits longest was put, ns UTC."""
        first = [list(self._events.values())[:1], *(list(lane.values())[:1] for lane in self._pending)]
        return min((items[0].put_ns for items in first if items), default=None)

    def put(self, message: Message, now_ns: int) -> None:
        """Let a message wait. Never blocks and never refuses."""
        self._order += 1
        item = _Item(self._order, now_ns, message)
        if message.urgency == Urgency.WARNING:
            self._events[item.order] = item
            if len(self._events) > self.limit:
                self._thin(now_ns)
            return
        lane = message.urgency - 1
        if self._pending[lane].pop(message.key, None) is not None:
            self.counts["replaced"] += 1
        self._pending[lane][message.key] = item
        self._held[lane].pop(message.key, None)
        self._held[lane][message.key] = item
        self._shed()

    def _thin(self, now_ns: int) -> None:
        """Drop expired warnings, and those of which a later message waits."""
        newest: dict[str, int] = {}
        for order, item in self._events.items():
            newest[item.message.key] = order
        for order, item in list(self._events.items()):
            if not item.message.valid(now_ns):
                self._drop("expired", self._events.pop(order))
            elif newest[item.message.key] != order:
                self._drop("superseded", self._events.pop(order))

    def _shed(self) -> None:
        pictures = self._pending[1]
        while pictures and len(self) > self.limit:
            key, _ = pictures.popitem(last=False)
            self._held[1].pop(key, None)
            self.counts["shed"] += 1
        while len(self._held[1]) > self.limit:
            self._held[1].popitem(last=False)

    def _drop(self, why: str, item: _Item) -> None:
        self.counts[why] += 1
        if item.message.urgency == Urgency.WARNING:
            self.dropped.append((why, item.message))

    def take(self, now_ns: int) -> Message | None:
        """The next message: warnings first, then states, then pictures; None if nothing valid waits.

        It is in flight until `done`.
        """
        while self._events:
            _, item = self._events.popitem(last=False)
            if item.message.valid(now_ns):
                return self._fly(item)
            self._drop("expired", item)
        for lane, pending in enumerate(self._pending):
            while pending:
                key, item = pending.popitem(last=False)
                if self._holds(item, now_ns):
                    return self._fly(item)
                self._drop("expired", item)
                self._held[lane].pop(key, None)
        return None

    def _fly(self, item: _Item) -> Message:
        self._flight[id(item.message)] = item
        return item.message

    def _holds(self, item: _Item, now_ns: int) -> bool:
        old = item.message.urgency == Urgency.PICTURE and now_ns - item.put_ns > self.age_ns
        return item.message.valid(now_ns) and not old

    def done(self, message: Message) -> None:
        """The peer has it, or does not want it: it is never handed out again, nor any earlier one of its warning."""
        item = self._flight.pop(id(message), None)
        if item is not None and message.urgency == Urgency.WARNING:
            order = max(item.order, self._answered.get(message.key, (0, 0))[0])
            self._answered[message.key] = order, message.expires_ns

    def restart(self, now_ns: int) -> None:
        """For a new connection: let wait what holds now, and nothing else."""
        items = sorted([*self._flight.values(), *self._events.values()], key=lambda item: item.order)
        events = [item for item in items if item.message.urgency == Urgency.WARNING]
        self._flight.clear()
        newest = {item.message.key: item.order for item in events}
        self._events.clear()
        for item in events:
            answered = self._answered.get(item.message.key, (0, 0))[0]
            if not item.message.valid(now_ns):
                self._drop("expired", item)
            elif item.order != newest[item.message.key] or item.order < answered:
                self._drop("superseded", item)
            else:
                self._events[item.order] = item
        for lane, held in enumerate(self._held):
            for key in [key for key, item in held.items() if not self._holds(item, now_ns)]:
                del held[key]
            self._pending[lane].clear()
            self._pending[lane].update(held)
        self._shed()
        self._forget(now_ns)

    def _forget(self, now_ns: int) -> None:
        """Drop the memory of warnings whose last message has expired."""
        gone = [key for key, (_, expires) in self._answered.items() if expires and now_ns >= expires]
        for key in gone:
            del self._answered[key]
