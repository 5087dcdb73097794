"""SirenChannel: the way to the sirens of a site, through a broker. It signs what leaves and waits for each siren."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from rampart.records import AlertStatus, warning_name
from rampart.serve.delivery import Channel, ChannelError, Message, Receipt, Silence
from rampart.wire.siren import Action, Announcement, Command, command_topic, device_topic, seal, server_topic

from .broker import Broker, mqtt_library
from .desk import Desk, Publish, Settled
from .draft import SECOND, Draft
from .effects import Now
from .tasks import end_tasks

_SILENCE_S = 60.0
_MOST_OPEN = 1000


class SirenChannel(Channel):
    """A connection to the broker that the sirens of a site listen to.

    Parameters
    ----------
    broker : Broker
        Where it is.
    desk : Desk
        The protocol.
    clock : callable
        ns UTC, the one by which the chain is stepped: it says how much is left of a danger. Commands bear the time of
        this machine, so that a chain in simulated time can be heard as well.
    identifier : str
        Of this client, at the broker.
    languages : sequence of str
        Of the texts.

    Notes
    -----
    `send` returns once every siren of the zone has acknowledged, or been asked in vain as often as the desk's settings
    say; who has not is a trouble for the operator. A command is signed when it leaves: said again after a lost
    connection it has a new sequence and the time that is left then. What holds is said again on every new connection,
    for a broker may have lost what it kept.
    """

    window = 64

    def __init__(
        self,
        broker: Broker,
        desk: Desk,
        clock: Callable[[], int],
        *,
        identifier: str,
        languages: Sequence[str] = ("en",),
    ) -> None:
        self.broker, self.desk, self.languages = broker, desk, tuple(languages)
        self._clock, self._identifier = clock, identifier
        self._client: Any = None
        self._work: list[asyncio.Task[None]] = []
        self._settled: dict[int, asyncio.Future[Settled]] = {}
        self._holds: dict[str, Message] = {}  # last message by topic
        self._opened: dict[tuple[str, int], int] = {}  # warning and when the chain opened it -> when we heard, ms
        self._background: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    async def open(self) -> None:
        """Connect, listen to the sirens, and say what holds."""
        aiomqtt, site = mqtt_library(), self.desk.site
        client = self.broker.client(self._identifier)
        # The connection is made in a thread that cannot be stopped: what comes of it late must not be left open.
        opening = asyncio.ensure_future(client.__aenter__())
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(lambda task: self._drop(client, task))
            raise
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            raise ChannelError(f"{self.broker.url}: {_reason(error)}") from None
        self._client = client
        try:
            await client.subscribe([(device_topic(site, "+", "+", end), 1) for end in ("report", "presence")])
            self._work = [asyncio.create_task(self._receive()), asyncio.create_task(self._tick())]
            await self.probe()
            for message in list(self._holds.values()):
                if message.valid(self._clock()):
                    self._publish_soon(self.desk.command(read_clocks(), self._command(message)))
        except aiomqtt.MqttError as error:
            raise ChannelError(f"{self.broker.url}: {_reason(error)}") from None

    def _drop(self, client: Any, opening: asyncio.Future[Any]) -> None:
        """End a connection that came too late."""

        async def work() -> None:
            with suppress(Exception):
                await client.__aexit__(None, None, None)

        if not opening.cancelled() and opening.exception() is None:
            self._later(work())

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def send(self, message: Message) -> Receipt:
        """Command a zone, and wait for its sirens."""
        self._holds[message.topic] = message
        return await self._order(self._command(message))

    async def silence(self, order: Silence) -> None:
        """End the sound in a zone; of one warning, or whatever sounds.

        Raises
        ------
        ChannelError
            If a siren of the zone has not said that it obeys.
        """
        receipts = [await self._order(self._hush(order, status)) for status in self._sounding(order)]
        deaf = sorted({device for r in receipts for device, obeyed, _ in r.behind if not obeyed})
        if deaf:
            raise ChannelError(f"no answer from {', '.join(deaf)}")

    def _sounding(self, order: Silence) -> list[AlertStatus]:
        """In which meanings the zone was told something; in all where that is not known, as after a restart."""
        may = [s for s in AlertStatus if not (order.exercise and s == AlertStatus.ACTUAL)]
        told = [s for s in may if command_topic(self.desk.site, order.zone, s) in self._holds]
        return told or may

    def _hush(self, order: Silence, status: AlertStatus) -> Command:
        stamp = self.desk.stamp(read_clocks(), _SILENCE_S)
        # not said again on the next connection; another warning of the zone that is not meant is
        topic, warning = command_topic(self.desk.site, order.zone, status), ""
        held = self._holds.get(topic)
        opened_ms = 0 if held is None else self._opened_ms(held.extra["draft"], stamp["issued_ms"])
        if order.warning:
            warning = warning_name(self.desk.site, order.warning)
        if held is not None and warning in ("", held.extra["draft"].warning):
            del self._holds[topic]
        return Command(
            self.desk.site,
            order.zone,
            status,
            action=Action.SILENCE,
            warning=warning,
            opened_ms=opened_ms,
            reason=order.reason[:2000],
            **stamp,
        )

    async def probe(self) -> None:
        """Say that the server is there, and wait until the broker has it."""
        if self._client is None:
            raise ChannelError("not connected")
        announcement = Announcement(self.desk.site, read_clocks().wall_ns // 1_000_000)
        await self._publish(Publish(server_topic(self.desk.site), seal(announcement.payload(), self.desk.key)))

    async def lost(self) -> None:
        """Raise once the connection is gone."""
        if self._work:
            await self._work[0]

    async def close(self) -> None:
        """End the connection."""
        client, self._client = self._client, None
        await end_tasks([*self._work, *self._background])
        self._work = []
        for future in self._settled.values():
            if not future.done():
                future.set_exception(ChannelError("the connection was lost"))
                future.exception()  # whoever waits has it; if nobody does, nobody need be told
        if client is not None:
            with suppress(Exception):
                async with asyncio.timeout(1.0):
                    await client.__aexit__(None, None, None)

    def troubles(self) -> Mapping[str, str]:
        """What an operator must know, by siren."""
        return self.desk.troubles(read_clocks())

    # -- commands

    def _command(self, message: Message) -> Command:
        draft: Draft = message.extra["draft"]
        now, chain_ns = read_clocks(), self._clock()
        left_s = (draft.arrival_ns - chain_ns) / SECOND if draft.arrival_ns else math.nan
        stamp = self.desk.stamp(now, max((message.expires_ns - chain_ns) / SECOND, 0.001))
        return Command(
            self.desk.site,
            draft.zone,
            draft.status,
            action=Action.SOUND,
            warning=draft.warning,
            opened_ms=self._opened_ms(draft, stamp["issued_ms"]),
            revision=draft.revision,
            phase=draft.phase,
            target_class=draft.target_class,
            seconds=draft.seconds,
            impact_ms=stamp["issued_ms"] + max(round(1e3 * left_s), 0) if math.isfinite(left_s) else None,
            texts=draft.texts(left_s, self.languages),
            reason=draft.reason[:2000],
            **stamp,
        )

    def _opened_ms(self, draft: Draft, issued_ms: int) -> int:
        """When a warning was first heard of: a chain that starts anew, or in simulated time, uses its names again."""
        opened_ms = self._opened.setdefault((draft.warning, draft.opened_ns), issued_ms)
        while len(self._opened) > _MOST_OPEN:
            del self._opened[next(iter(self._opened))]
        return opened_ms

    async def _order(self, command: Command) -> Receipt:
        if self._client is None:
            raise ChannelError("not connected")
        future = self._settled[command.sequence] = asyncio.get_running_loop().create_future()
        try:
            outcomes = self.desk.command(read_clocks(), command)
            self._wake.set()  # it is to be said again if nobody answers
            sent_ns = self._clock()
            await self._carry(outcomes)
            settled = await future
        finally:
            self._settled.pop(command.sequence, None)
        behind = {d: (_obeyed(done), done) for d, done in sorted(settled.acknowledged.items())}
        behind |= dict.fromkeys(settled.missing, (False, "no answer"))
        whole = bool(behind) and all(obeyed for obeyed, _ in behind.values())
        by = ", ".join(f"{device} ({done})" for device, (obeyed, done) in behind.items() if obeyed)
        return Receipt(sent_ns, whole, by, tuple((device, *said) for device, said in behind.items()))

    # -- the connection

    async def _carry(self, outcomes: Iterable[Publish | Settled]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Settled):
                self._settle(outcome)
            else:
                await self._publish(outcome)

    def _settle(self, settled: Settled) -> None:
        future = self._settled.get(settled.sequence)
        if future is not None and not future.done():
            future.set_result(settled)

    def _publish_soon(self, outcomes: Iterable[Publish | Settled]) -> None:
        """Publish without waiting for the broker; a lost connection shows elsewhere."""

        async def work() -> None:
            with suppress(ChannelError):
                await self._carry(outcomes)

        self._later(work())

    async def _publish(self, publish: Publish) -> None:
        aiomqtt, client = mqtt_library(), self._client
        if client is None:
            raise ChannelError("not connected")
        properties = self.broker.expiry(publish.expires_s) if publish.expires_s is not None else None
        try:
            await client.publish(
                publish.topic, publish.data, qos=publish.qos, retain=publish.retain, properties=properties
            )
        except (aiomqtt.MqttError, ValueError) as error:
            raise ChannelError(f"{self.broker.url}: {_reason(error)}") from None

    async def _receive(self) -> None:
        aiomqtt = mqtt_library()
        try:
            async for message in self._client.messages:
                outcomes = self.desk.hear(read_clocks(), str(message.topic), bytes(message.payload or b""))
                if outcomes:
                    self._publish_soon(outcomes)
        except aiomqtt.MqttError as error:
            raise ChannelError(f"the broker closed the connection: {_reason(error)}") from None

    async def _tick(self) -> None:
        while True:
            self._wake.clear()
            if outcomes := self.desk.tick(read_clocks()):
                self._publish_soon(outcomes)
            due_ns = self.desk.due_ns()
            wait_s = 1.0 if due_ns is None else min(max((due_ns - time.monotonic_ns()) / SECOND, 0.001), 1.0)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()


def _obeyed(done: str) -> bool:
    """Whether a siren took a command as its own, though it may have had reason not to sound it."""
    return done != "failed" and not done.startswith("refused")


def read_clocks() -> Now:
    """Both clocks of this machine."""
    return Now(time.monotonic_ns(), time.time_ns())


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
