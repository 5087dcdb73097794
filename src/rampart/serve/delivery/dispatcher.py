"""Dispatcher: takes what the chain says, never makes it wait, and delivers it from a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from rampart.pipeline import Outputs
from rampart.records import DecisionKind, Decisions, Deliveries, Health

from .approval import Hold
from .channel import Silence
from .cover import CoverWatch
from .encoder import STALLED_S
from .health import Alarm, OnAlarm, PeerHealth, records_of
from .log import DeliveryLog
from .message import Message, Urgency
from .out import Clock, Out
from .peer import Peer

BACKLOG = 64  #: steps without a warning that may wait to be encoded; the oldest go, warnings never
TICK_S = 1.0
PICTURES = 4  #: steps whose pictures may wait while warnings are encoded
_Job = Callable[["_Desk"], Iterable[Message]]


class Dispatcher:
    """Delivers what the chains of one process say to all their peers.

    Parameters
    ----------
    outs : sequence of Out
        The peers, any number per site.
    clock : callable
        ns UTC, the one by which the chains are stepped.
    on_alarm : callable or None
        Told of alarms as they are raised and end, in the thread of delivery; must return at once.

    Examples
    --------
    >>> import time
    >>> with Dispatcher([], time.time_ns) as dispatcher:
    ...     dispatcher.health()
    []

    Notes
    -----
    `tell` and `decide` may be called from any thread; they append to a list and return. Encoding, queues and
    sockets live on one event loop. Each peer has a desk (encoder) and a connection of its own: a peer that stalls, or
    an encoder that fails, keeps nobody else waiting.
    """

    def __init__(self, outs: Sequence[Out], clock: Clock, on_alarm: OnAlarm | None = None) -> None:
        self._clock, self._on_alarm = clock, on_alarm
        self.log = DeliveryLog()
        self.outs = tuple(outs)
        self._desks: list[_Desk] = []
        self._inbox: deque[tuple[str, bool, _Job]] = deque()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self.shed = 0  #: steps without a warning that were never encoded

    def tell(self, site: str, outputs: Outputs) -> None:
        """Take what one step of a site's chain said: each step, and one per second at least.

        A chain that is not heard of for 10 s counts as stalled, and what it said is not said again.
        """
        urgent = bool(len(outputs.warnings) or len(outputs.zones))
        self._take(site, urgent, lambda desk: desk.encode(outputs))

    def recall(self, site: str, outputs: Outputs) -> None:
        """Take what held at a site before a restart: every message of what is open, and every state, as one step.

        Encoders hear all of it, so that what follows refers to what went before; of each warning the latest message
        alone is sent again, under the name that it had.
        """
        self._take(site, True, lambda desk: desk.recall(outputs))

    def decide(self, site: str, decisions: Decisions) -> None:
        """Take what operators decided: approvals let Actual warnings out where two must agree, sirens fall silent."""
        self._take(site, True, lambda desk: desk.decide(decisions))

    def _take(self, site: str, urgent: bool, job: _Job) -> None:
        with self._lock:
            self._inbox.append((site, urgent, job))
            if len(self._inbox) > BACKLOG and not urgent:
                self._thin()
            loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # it has stopped meanwhile
                loop.call_soon_threadsafe(self._hand_out)

    def _thin(self) -> None:
        """Drop the oldest step that has no warning."""
        for i, (_, urgent, _) in enumerate(self._inbox):
            if not urgent:
                del self._inbox[i]
                self.shed += 1
                return

    def _hand_out(self) -> None:
        with self._lock:
            jobs = list(self._inbox)
            self._inbox.clear()
        for site, urgent, job in jobs:
            for desk in self._desks:
                if site == desk.out.site:
                    desk.take(urgent, job)

    async def run(self) -> None:
        """Deliver until cancelled, or `stop` is called."""
        loop = asyncio.get_running_loop()
        # names are looked up, and some handshakes made, in threads: peers that hang there must not starve the others
        loop.set_default_executor(ThreadPoolExecutor(2 * len(self.outs) + 4, thread_name_prefix="delivery"))
        self._stopping = asyncio.Event()
        self._desks = [_Desk(out, self._clock, self.log, self._on_alarm) for out in self.outs]
        with self._lock:
            self._loop = loop
        self._hand_out()
        self._ready.set()
        work = [asyncio.create_task(_lasting(desk, part)) for desk in self._desks for part in (desk.run, desk.peer.run)]
        try:
            await self._stopping.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._drain_s):
                    await asyncio.gather(*(desk.drained() for desk in self._desks))
            await asyncio.gather(*(desk.peer.leave() for desk in self._desks))
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            with self._lock:
                self._loop = None

    _drain_s = 2.0

    def start(self) -> None:
        """Run in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        try:
            asyncio.run(self.run())
        finally:
            self._ready.set()

    def stop(self, drain_s: float = 2.0) -> None:
        """Send what waits, for at most `drain_s`, and end the thread."""
        self._drain_s = drain_s
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(stopping.set)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Dispatcher:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def health(self) -> list[PeerHealth]:
        """How each peer stands, in the order of the site file."""
        return [desk.peer.health() for desk in self._desks]

    def health_records(self, now_ns: int) -> Health:
        """The same as the record that sensors have too, one row per peer: ``channel/ID``."""
        return records_of(self.health(), now_ns)

    def alarms(self) -> list[Alarm]:
        """Those that stand."""
        return [alarm for desk in self._desks for alarm in desk.peer.alarms()]

    def deliveries(self) -> Deliveries:
        """What became of each message of a warning at each peer."""
        return self.log.deliveries()


async def _lasting(desk: _Desk, part: Callable[[], Awaitable[None]]) -> None:
    """Keep a part of delivery going whatever becomes of it: its fault is an alarm, not its end."""
    while True:
        try:
            await part()
        except Exception as error:
            desk.peer.fault(error)
        await asyncio.sleep(TICK_S)


class _Desk:
    """Where the messages of one peer are written: its encoder, and what waits for it."""

    def __init__(self, out: Out, clock: Clock, log: DeliveryLog, on_alarm: OnAlarm | None) -> None:
        self.out, self._clock = out, clock
        self.peer = Peer(out, clock, log, on_alarm)
        self.hold = Hold(out.id, out.approvals, log)
        self._cover = CoverWatch()
        self._jobs: deque[tuple[bool, _Job]] = deque()
        self._pictures: deque[Iterator[Message]] = deque()  # jobs of which only pictures are left: they can wait
        self._wake = asyncio.Event()
        self._busy = False

    def take(self, urgent: bool, job: _Job) -> None:
        if not urgent and self._jobs and not self._jobs[-1][0]:
            self._jobs.pop()  # only pictures: the newer one will do
        self._jobs.append((urgent, job))
        self._wake.set()

    def encode(self, outputs: Outputs) -> Iterable[Message]:
        encoder = self.out.encoder
        encoder.stepped_ns = max(encoder.stepped_ns, outputs.now_ns)
        for cover in self._cover.step(outputs):  # before the pictures, which may be a while
            yield from encoder.notice(cover.notice, cover.zone, cover.now_ns, cover.status)
        yield from encoder.encode(outputs)

    def recall(self, outputs: Outputs) -> Iterable[Message]:
        latest = {(message.urgency, message.key): message for message in self.encode(outputs)}
        return list(latest.values())

    def tick(self) -> Iterable[Message]:
        encoder, now_ns = self.out.encoder, self._clock()
        yield from encoder.tick(now_ns)
        if now_ns - encoder.stepped_ns < STALLED_S * 1e9:  # what nobody vouches for is not said again
            for cover in self._cover.tick(now_ns):
                yield from encoder.notice(cover.notice, cover.zone, cover.now_ns, cover.status)

    def decide(self, decisions: Decisions) -> Iterable[Message]:
        for row in decisions:
            if row.what == DecisionKind.SILENCE:
                for zone in row.zones:
                    self.peer.silence(Silence(self.out.zones[zone], int(row.warning), str(row.reason), bool(row.flags)))
        yield from self.hold.decide(decisions, self._clock())

    async def run(self) -> None:
        ticking = asyncio.create_task(self._tick())
        try:
            while True:
                while self._jobs or self._pictures:
                    self._busy = True
                    if self._jobs and len(self._pictures) < PICTURES:
                        _, job = self._jobs.popleft()
                        await self._work(job)
                    else:
                        await self._go_on(self._pictures.popleft(), pictures=True)
                self._busy = False
                self._wake.clear()
                await self._wake.wait()
        finally:
            ticking.cancel()

    async def _tick(self) -> None:
        while True:
            self.take(True, _Desk.tick)
            await asyncio.sleep(TICK_S)

    async def _work(self, job: _Job) -> None:
        """Encode; pictures wait for jobs that have come meanwhile."""
        try:
            messages = iter(job(self))
        except Exception as error:  # an encoder's fault is no other peer's
            self.peer.fault(error)
        else:
            await self._go_on(messages, pictures=False)

    async def _go_on(self, messages: Iterator[Message], *, pictures: bool) -> None:
        """Encode one message at a time: others work between two."""
        try:
            for message in messages:
                for free in self.hold.pass_through(message, self._clock()):
                    self.peer.put(free)
                if message.bulletin is not None:
                    self.peer.written()
                await asyncio.sleep(0)
                if message.urgency == Urgency.PICTURE and (self._jobs or not pictures):
                    put = self._pictures.appendleft if pictures else self._pictures.append
                    put(messages)
                    return
        except Exception as error:  # an encoder's fault is no other peer's
            self.peer.fault(error)

    async def drained(self) -> None:
        while self._jobs or self._busy:
            await asyncio.sleep(0.01)
        await self.peer.drained()

    def __repr__(self) -> str:
        return f"_Desk({self.out.id})"
