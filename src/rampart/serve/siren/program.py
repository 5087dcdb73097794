"""Program: a siren that runs - a connection to the broker, the state machine, a player, and what watches over them."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from rampart.errors import InputError
from rampart.records import AlertStatus
from rampart.wire.message_error import MessageError
from rampart.wire.siren import Announcement, SigningKey, TrustedKey, What, server_topic, unseal
from rampart.wire.siren.topic import ANY
from rampart.words import Notice, compose_notice
from rampart.words import languages as known

from .broker import Broker, mqtt_library
from .device import Device, DeviceSettings
from .effects import Chirp, Effect, Event, Extend, Keep, Now, Play, SelfTest, Send, Stop
from .player import Player, PlayerSettings, choose_texts
from .store import MarksFile
from .supply import read_system, run_probe
from .tasks import end_tasks

SECOND = 1_000_000_000
#: Reports that wait for a connection; the oldest go.
_MOST_WAITING = 500
_FIRST_WAIT_S, _LAST_WAIT_S = 0.2, 5.0
#: The clocks are looked at least this often.
_TICK_S = 1.0
_SUPPLY_S = 30.0
#: A server that has not announced itself for so long may be followed by that of another site.
_SERVER_LEFT_S = 3.0

Tell = Callable[[str, dict[str, Any]], None]  #: name of an event and its fields


@dataclass(frozen=True)
class ProgramSettings:
    """What runs.

    Attributes
    ----------
    device : DeviceSettings
        Its site may be ``*``: that of the first server which the keys speak for.
    trusted : tuple of TrustedKey
        Whose commands are believed.
    broker : Broker
        Where commands come from.
    player : PlayerSettings
        How sounds are made.
    marks : MarksFile
        What outlives the program.
    key : SigningKey or None
        Of the device itself.
    probe, self_test : tuple of str
        Commands of the owner's: battery and faults; a silent test that ends with 0 if it passed.
    once : bool
        End after the first sound has ended.
    """

    device: DeviceSettings
    trusted: tuple[TrustedKey, ...]
    broker: Broker
    player: PlayerSettings
    marks: MarksFile
    key: SigningKey | None = None
    probe: tuple[str, ...] = ()
    self_test: tuple[str, ...] = ()
    once: bool = False


def read_clocks() -> Now:
    """Both clocks of this machine."""
    return Now(time.monotonic_ns(), time.time_ns())


@dataclass
class SirenProgram:
    """A siren that runs until it is cancelled, or until `ProgramSettings.once` is satisfied.

    Parameters
    ----------
    settings : ProgramSettings
        What runs.
    tell : callable
        Told of every event, at once.
    """

    settings: ProgramSettings
    tell: Tell
    device: Device | None = None
    rang: int = 0  #: sounds so far
    _outbox: deque[Send] = field(default_factory=lambda: deque(maxlen=_MOST_WAITING))
    _background: set[asyncio.Task[Any]] = field(default_factory=set)

    async def run(self) -> None:
        """Run."""
        self._wake, self._full, self._done = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._player = Player(self.settings.player, self._played)
        self._marks = self.settings.marks.read()
        if self.settings.device.site != ANY:
            self._become(self.settings.device.site)
        work = [asyncio.create_task(part) for part in (self._connect(), self._watch_clock(), self._watch_supply())]
        end = asyncio.create_task(self._done.wait())
        try:
            done, _ = await asyncio.wait([*work, end], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            if self.device is not None:
                self._apply(self.device.end(read_clocks(), "end"))
            await end_tasks([*work, end, *self._background])
            await self._player.close()

    # -- the state machine and its effects

    def _become(self, site: str) -> None:
        """Be a siren of a site."""
        s = self.settings
        settings = replace(s.device, site=site)
        self.device = Device(settings, s.trusted, read_clocks(), lambda: secrets.token_hex(12), self._marks, s.key)
        if s.marks.fault:
            self._apply(self.device.set_fault("state", s.marks.fault))
        self._wake.set()

    def _played(self, number: int, failed: str, ago_s: float) -> None:
        if self.device is not None:
            self._apply(self.device.played(read_clocks(), number, failed, ago_s))

    def _apply(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self._do(effect)
        self._wake.set()

    def _do(self, effect: Effect) -> None:
        device = self.device
        match effect:
            case Send():
                if effect.kept or (device is not None and device.connected):
                    self._outbox.append(effect)
                    self._full.set()
            case Play():
                self._player.play(effect)
            case Extend():
                self._player.extend(effect)
            case Stop():
                self._player.stop(effect.number)
            case Chirp():
                self._player.chirp()
            case Keep():
                self._marks = dict(effect.marks)
                self._later(self._keep())
            case SelfTest():
                self._later(self._test(effect.sequence))
            case Event():
                self._event(effect)

    def _event(self, event: Event) -> None:
        self.rang += event.name == "ring"
        self.tell(event.name, {**event.fields, **self._texts(event.name)})
        if event.name == "stopped" and self.settings.once and self.rang:
            self._done.set()

    def _texts(self, event: str) -> dict[str, Any]:
        """What people are to read with an event."""
        device, languages = self.device, self.settings.player.languages
        if device is None:
            return {}
        if event == "ring" and device.bell.sounding is not None:
            texts = choose_texts(device.bell.sounding.command, languages)
            return {"texts": {tag: vars(said) for tag, said in texts}}
        if event == "link_lost":
            actual = AlertStatus.ACTUAL in {status for key in self.settings.trusted for status in key.statuses}
            status = AlertStatus.ACTUAL if actual else AlertStatus.EXERCISE
            zone = device.settings.zone
            words = [compose_notice(Notice.COVERAGE_LOST, zone, status, tag) for tag in languages if tag in known()]
            return {"texts": {w.language: {"headline": w.headline, "instruction": w.instruction} for w in words}}
        return {}

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _keep(self) -> None:
        """Write the marks in a thread: a slow disk keeps no warning waiting."""
        device = self.device
        try:
            await asyncio.to_thread(self.settings.marks.write, dict(self._marks))
        except OSError as error:
            if device is not None:
                self._apply(device.set_fault("state", f"cannot be written: {error.strerror}"))
        else:
            if device is not None and "state" in device.faults:
                self._apply(device.clear_fault("state"))

    async def _test(self, sequence: int | None) -> None:
        device, settings = self.device, self.settings
        if device is None:
            return
        checks = await asyncio.to_thread(self._player.check)
        try:
            await asyncio.to_thread(settings.marks.write, dict(self._marks))
            checks["state"] = "ok"
        except OSError as error:
            checks["state"] = f"cannot be written: {error.strerror}"
        checks["clock"] = "ok" if device.link.time.now_ms(time.monotonic_ns()) is not None else "time not known"
        if settings.self_test:
            _, faults = await run_probe(settings.self_test)
            checks["own_test"] = "; ".join(f"{name}: {text}" for name, text in faults.items()) or "ok"
        self._apply(device.self_tested(sequence, checks))

    async def _watch_clock(self) -> None:
        while True:
            self._wake.clear()
            wait_s = _TICK_S
            if self.device is not None:
                self._apply_quietly(self.device.tick(read_clocks()))
                wait_s = min(wait_s, max((self.device.due_ns() - time.monotonic_ns()) / SECOND, 0.0))
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    def _apply_quietly(self, effects: Iterable[Effect]) -> None:
        """As `_apply`, without waking whoever called."""
        for effect in effects:
            self._do(effect)

    async def _watch_supply(self) -> None:
        before: set[str] = set()
        while True:
            if self.settings.probe:
                power, faults = await run_probe(self.settings.probe)
            else:
                power, faults = await asyncio.to_thread(read_system), {}
            device = self.device
            if device is not None:
                device.power = power
                for name in before - set(faults):
                    self._apply(device.clear_fault(name))
                for name, detail in faults.items():
                    self._apply(device.set_fault(name, detail))
                before = set(faults)
            await asyncio.sleep(_SUPPLY_S)

    # -- the broker

    async def _connect(self) -> None:
        """Connect, and connect again."""
        aiomqtt = mqtt_library()
        wait_s = _FIRST_WAIT_S
        while True:
            began_s = time.monotonic()
            try:
                await self._session()
                why = "closed"
            except (aiomqtt.MqttError, OSError, ValueError) as error:
                why = " ".join(str(error).split()) or type(error).__name__
            if self.device is not None:
                waiting = [send for send in self._outbox if send.kept]
                self._outbox.clear()
                self._outbox.extend(waiting)
                self._apply(self.device.was_disconnected(why))
            else:
                self.tell("disconnected", {"why": why})
            if time.monotonic() - began_s > _LAST_WAIT_S:
                wait_s = _FIRST_WAIT_S
            await asyncio.sleep(wait_s)
            wait_s = min(2.0 * wait_s, _LAST_WAIT_S)

    async def _session(self) -> None:
        """One connection, from its opening to its end. A change of site ends it, for the last will names the site."""
        s, device = self.settings, self.device
        name = f"rampart-siren-{s.device.zone}-{s.device.device}"
        if device is None:
            client = s.broker.client(name)
        else:
            client = s.broker.client(
                f"{name}-{device.settings.site}", device.presence_topic, device.presence(What.OFFLINE)
            )
        async with client:
            if s.device.site == ANY:
                await client.subscribe(server_topic("+"), qos=1)
            if device is None:
                self.tell("connected", {"waits_for": "a server"})
            else:
                await client.subscribe([(topic, 1) for topic in device.filters])
                self._apply(device.was_connected(read_clocks()))
                await client.publish(device.presence_topic, device.presence(What.ONLINE), qos=1, retain=True)
            sender = asyncio.create_task(self._send(client))
            try:
                await self._receive(client, device)
            finally:
                await end_tasks([sender])
                if device is not None:
                    await self._take_leave(client, device)

    async def _take_leave(self, client: Any, device: Device) -> None:
        """What still waits goes out, and that we are gone; as far as the connection allows."""
        with suppress(Exception):
            async with asyncio.timeout(1.0):
                while self._outbox:
                    send = self._outbox.popleft()
                    await client.publish(send.topic, send.data, qos=1)
                await client.publish(device.presence_topic, device.presence(What.OFFLINE), qos=1, retain=True)

    async def _receive(self, client: Any, device: Device | None) -> None:
        async for message in client.messages:
            topic, data = str(message.topic), bytes(message.payload or b"")
            if topic.endswith("/siren/server"):
                if not message.retain and self._hear_server(topic, data):
                    return
            elif device is not None:
                self._apply(device.hear(read_clocks(), topic, data, retained=message.retain))

    def _hear_server(self, topic: str, data: bytes) -> bool:
        """Whether a server announced itself that makes us a siren of another site."""
        device, now_s = self.device, time.monotonic()
        try:
            opened = unseal(data, self.settings.trusted)
            site = Announcement.read(opened.payload).site
            if server_topic(site) != topic or opened.key is None or not opened.key.allows(site):
                raise MessageError("not_allowed", f"the key may not speak for {site}")
        except MessageError as error:
            self.tell("refused", {"reason": error.reason, "detail": error.detail, "topic": topic})
            return False
        if device is not None and site == device.settings.site:
            self._announced_s = now_s
        if device is not None and now_s < self._announced_s + _SERVER_LEFT_S:
            return False
        if device is not None:
            self._apply(device.end(read_clocks(), "another site"))
        self._announced_s = now_s
        self._become(site)
        self.tell("site", {"site": site, "key": opened.key.id})
        return True

    _announced_s = 0.0  # when the server of our site was last heard of

    async def _send(self, client: Any) -> None:
        while True:
            self._full.clear()
            while self._outbox:
                send = self._outbox[0]
                await client.publish(send.topic, send.data, qos=1 if send.kept else 0)
                if self._outbox and self._outbox[0] is send:
                    self._outbox.popleft()
            await self._full.wait()


def check_settings(settings: ProgramSettings) -> None:
    """Refuse what cannot work, before anything is opened.

    Raises
    ------
    InputError
        In one line.
    """
    site = settings.device.site
    if site != ANY and not any(key.allows(site) for key in settings.trusted):
        known = ", ".join(sorted({key.site for key in settings.trusted}))
        raise InputError(f"no key speaks for site {site!r}; there are keys for {known}")
    if settings.device.heartbeat_s >= settings.device.link_lost_s:
        raise InputError("the link must be lost later than the next heartbeat: --link-lost above --heartbeat")
    mqtt_library()
