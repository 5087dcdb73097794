"""Peer: one queue, one connection, and the care of both."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from rampart.errors import RampartError
from rampart.records import Outcome

from .bulletin import Bulletin
from .channel import Receipt, RefusalError, Silence
from .health import Alarm, OnAlarm, PeerHealth, PeerState
from .log import DeliveryLog
from .message import Message, Urgency
from .out import Clock, Out
from .queue import PeerQueue

FIRST_WAIT_S = 0.1  #: before the second try; doubled each time
TICK_S = 0.2  #: how often silence is looked for
BEHIND = "device/"  #: alarms of devices behind a peer start so
T = TypeVar("T")
_OUTCOME = {"expired": Outcome.EXPIRED, "superseded": Outcome.SUPERSEDED}


class Peer:
    """Keeps the connection to one peer and hands it what waits, until `run` is cancelled.

    Parameters
    ----------
    out : Out
        The way there and its times.
    clock : callable
        ns UTC.
    log : DeliveryLog
        Told what became of each message of a warning.
    on_alarm : callable or None
        Told when the peer is dead and when it is back: at most `silent_s`, a probe and a tick (2 s) after it died.
    """

    def __init__(self, out: Out, clock: Clock, log: DeliveryLog, on_alarm: OnAlarm | None = None) -> None:
        self.out, self.channel, self.timing = out, out.channel, out.timing
        self.queue = PeerQueue(out.limit, out.age_s)
        self._clock, self._log, self._on_alarm = clock, log, on_alarm
        self._wake = asyncio.Event()
        self._asked: dict[int, float] = {}  # what waits for an answer -> since, by the loop's clock
        self._tokens = itertools.count()
        self._heard_s = 0.0  # of the latest answer, by the loop's clock
        self._silent_s = 0.0  # when it was last called silent
        self._counts: Counter[str] = Counter()
        self._connections = 0
        self._unproven = False  # the last connection failed in sending: that it opens again proves nothing
        self._state, self._since_ns, self._reason = PeerState.OFF, clock(), ""
        self._alarms: dict[str, Alarm] = {}
        self._orders: set[asyncio.Task[None]] = set()

    def put(self, message: Message) -> None:
        """Let a message wait for the peer."""
        if message.bulletin is not None and message.urgency == Urgency.WARNING:
            self._log.waiting(message.bulletin, self.out.id)
        self.queue.put(message, self._clock())
        self._collect()
        self._wake.set()

    def silence(self, order: Silence) -> None:
        """End the sound in a zone, past everything that waits; an alarm says so if it does not get through."""
        task = asyncio.get_running_loop().create_task(self._silence(order))
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    async def _silence(self, order: Silence) -> None:
        what = f"silence {order.zone}"
        try:
            await self._answer(self.channel.silence(order))
        except Exception as error:
            self._raise(
                what, f"{self.out.id} ({self.out.kind}): the order to be silent in {order.zone} failed: {_words(error)}"
            )
        else:
            self._end(what)

    async def run(self) -> None:
        """Connect, hand over, and connect again."""
        self._become(PeerState.CONNECTING, "")
        watch = asyncio.create_task(self._watch())
        loop, wait_s = asyncio.get_running_loop(), FIRST_WAIT_S
        try:
            while True:
                before, began_s = self._connections, loop.time()
                reason = await self._session()
                self._become(PeerState.DOWN, reason)
                if self._connections > before and loop.time() - began_s > self.timing.back_off_s:
                    wait_s = FIRST_WAIT_S
                await asyncio.sleep(wait_s)
                wait_s = min(2.0 * wait_s, self.timing.back_off_s)
        finally:
            watch.cancel()
            self._become(PeerState.OFF, "stopped")

    async def drained(self) -> None:
        """Return once nothing waits and nothing is in flight."""
        while len(self.queue) or self.queue.in_flight:
            await asyncio.sleep(0.02)

    async def leave(self) -> None:
        """Say goodbye, if there is anybody."""
        if self._state == PeerState.UP:
            with suppress(Exception):
                async with asyncio.timeout(1.0):
                    await self.channel.leave()

    async def _session(self) -> str:
        """One connection, from its opening to its end; why it ended."""
        reasons: list[str] = []
        try:
            async with asyncio.timeout(self.timing.timeout_s):
                await self.channel.open()
            self._connections += 1
            self.queue.restart(self._clock())
            self._collect()
            if not self._unproven:
                self._become(PeerState.UP, "")
            async with asyncio.TaskGroup() as group:
                group.create_task(self._lost())
                group.create_task(self._probe())
                group.create_task(self._pump())
        except* TimeoutError as errors:
            reasons += [_words(e) or f"no answer within {self.timing.timeout_s:g} s" for e in _leaves(errors)]
        except* Exception as errors:
            reasons += [_words(e) for e in _leaves(errors)]
        finally:
            self._asked.clear()
            with suppress(Exception):
                async with asyncio.timeout(1.0):
                    await self.channel.close()
        return reasons[0] if reasons else "closed"

    async def _lost(self) -> None:
        await self.channel.lost()
        raise ConnectionError("the other side closed the connection")

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(self.timing.probe_s)
            await self._answer(self.channel.probe())
            if self._unproven and not len(self.queue) and not self.queue.in_flight:
                self._prove()

    def _prove(self) -> None:
        self._unproven = False
        self._become(PeerState.UP, "")

    async def _pump(self) -> None:
        free = asyncio.Semaphore(self.channel.window)
        async with asyncio.TaskGroup() as group:
            while True:
                await free.acquire()
                message = await self._next()
                group.create_task(self._send(message)).add_done_callback(lambda _: free.release())

    async def _next(self) -> Message:
        while True:
            message = self.queue.take(self._clock())
            self._collect()
            if message is not None:
                return message
            self._wake.clear()
            await self._wake.wait()

    async def _send(self, message: Message) -> None:
        carried = message.bulletin if message.urgency == Urgency.WARNING else None
        try:
            receipt = await self._answer(self.channel.send(message))
        except RefusalError as refusal:
            self._counts["refused"] += 1
            self.queue.done(message)
            if carried is not None:
                self._log.ended(carried, self.out.id, Outcome.REFUSED, str(refusal))
                self._raise("refused", f"{self.out.id} refused {carried.name}: {refusal}")
            return
        except Exception:
            self._counts["failed"] += 1
            self._unproven = True
            raise
        now_ns = self._clock()
        if self._unproven:
            self._prove()
        self.queue.done(message)
        self._counts["sent"] += 1
        self._counts["acknowledged"] += receipt.acknowledged
        if carried is not None:
            self._log.sent(carried, self.out.id, receipt.sent_ns or now_ns)
            self._note_devices(carried, receipt, now_ns)
            if receipt.acknowledged:
                self._log.acknowledged(carried, self.out.id, now_ns, receipt.by)
                self._end("refused")

    def _note_devices(self, carried: Bulletin, receipt: Receipt, now_ns: int) -> None:
        """Write down what each device behind the peer made of it."""
        for device, acknowledged, said in receipt.behind:
            name = f"{self.out.id}/{device}"
            self._log.sent(carried, name, receipt.sent_ns or now_ns)
            if acknowledged:
                self._log.acknowledged(carried, name, now_ns, said)

    async def _answer(self, asked: Awaitable[T]) -> T:
        """Wait for something the other side must do, so that its silence is seen."""
        token, loop = next(self._tokens), asyncio.get_running_loop()
        self._asked[token] = loop.time()
        try:
            async with asyncio.timeout(self.timing.timeout_s):
                answer = await asked
            self._heard_s = loop.time()
            return answer
        finally:
            self._asked.pop(token, None)

    def _collect(self) -> None:
        """Write down which warnings never left."""
        for why, message in self.queue.dropped:
            if message.bulletin is not None:
                self._log.ended(message.bulletin, self.out.id, _OUTCOME[why])
        self.queue.dropped.clear()

    async def _watch(self) -> None:
        """Tell the operator when an answer, or the first connection, takes too long."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            await asyncio.sleep(TICK_S)
            self._look_behind()
            silent_s = loop.time() - min(self._asked.values(), default=loop.time())
            if self._state == PeerState.CONNECTING and loop.time() - began_s > self.timing.silent_s:
                self._become(PeerState.SILENT, "does not answer")
            elif self._state == PeerState.UP and silent_s > self.timing.silent_s:
                self._silent_s = loop.time()
                self._become(PeerState.SILENT, f"has not answered for {silent_s:.1f} s")
            elif self._state == PeerState.SILENT and self._answers_again(silent_s):
                self._become(PeerState.UP, "")

    def _answers_again(self, silent_s: float) -> bool:
        """Whether it has answered since it was called silent, and owes nothing old."""
        return self._heard_s > self._silent_s > 0.0 and silent_s <= self.timing.silent_s

    def _look_behind(self) -> None:
        """Raise what troubles the devices behind the peer, and end what is over."""
        troubles = self.channel.troubles()
        for what in [w for w in self._alarms if w.startswith(BEHIND) and w.removeprefix(BEHIND) not in troubles]:
            self._end(what)
        for name, text in troubles.items():
            self._raise(f"{BEHIND}{name}", f"{self.out.id} ({self.out.kind}): {text}")

    def _become(self, state: PeerState, reason: str) -> None:
        if state == self._state:
            self._reason = reason
            return
        self._state, self._since_ns, self._reason = state, self._clock(), reason
        if state in (PeerState.SILENT, PeerState.DOWN):
            self._raise("connection", f"{self.out.id} ({self.out.kind}): {reason}")
        elif state == PeerState.UP:
            self._end("connection")

    def _raise(self, what: str, text: str) -> None:
        if what not in self._alarms:
            self._alarms[what] = Alarm(self.out.id, what, text, self._clock())
            if self._on_alarm is not None:
                self._on_alarm(self._alarms[what])

    def _end(self, what: str) -> None:
        alarm = self._alarms.pop(what, None)
        if alarm is not None and self._on_alarm is not None:
            self._on_alarm(Alarm(alarm.peer, what, alarm.text, alarm.since_ns, self._clock()))

    def written(self) -> None:
        """Its encoder works."""
        self._end("encoder")

    def fault(self, error: Exception) -> None:
        """Its encoder, or what serves it, failed: something may not have been said here."""
        self._counts["faults"] += 1
        self._raise("encoder", f"{self.out.id} ({self.out.kind}): a fault of our own: {_words(error)}")

    def alarms(self) -> list[Alarm]:
        """Those that stand."""
        return list(self._alarms.values())

    def health(self) -> PeerHealth:
        """How the peer stands now."""
        oldest_ns = self.queue.oldest_ns()
        return PeerHealth(
            self.out.id,
            self.out.kind,
            self._state,
            self._since_ns,
            self._reason,
            len(self.queue),
            self.queue.in_flight,
            max(self._clock() - oldest_ns, 0) * 1e-9 if oldest_ns is not None else 0.0,
            self._connections,
            {**self._counts, **self.queue.counts},
        )


def _leaves(error: BaseException) -> list[BaseException]:
    """The errors of a group, those of its groups too."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in _leaves(part)]
    return [error]


def _words(error: BaseException) -> str:
    """An error on one line."""
    text = " ".join(str(error).split())
    if isinstance(error, RampartError | ConnectionError | TimeoutError | OSError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
