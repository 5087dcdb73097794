"""Desk: the server's side of the siren protocol. Told what arrives and what time it is, it says what to publish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rampart.records import AlertStatus
from rampart.wire.message_error import MessageError
from rampart.wire.siren import (
    Action,
    Answer,
    Command,
    Report,
    SigningKey,
    Topic,
    What,
    command_topic,
    device_topic,
    parse_topic,
    seal,
    unseal,
)

from .effects import Now
from .roster import Listed, Siren

SECOND = 1_000_000_000
DAY_S = 86_400
#: Devices that are not in the site file are answered, up to so many.
_MOST_UNLISTED = 1000
#: A clock that was set back further than a week is for people to sort out.
_MOST_BACK_MS = 7 * DAY_S * 1000


@dataclass(frozen=True)
class DeskSettings:
    """Times of the server's side.

    Attributes
    ----------
    lost_s : float
        Without a heartbeat that shows that the device hears us for so long, it is lost.
    acknowledge_s, tries : float, int
        How long an acknowledgement may take before the command is said again, and how often it is said. Their product
        is when the operator is told: below 2 s, and below what a peer may take for an answer (`Timing.silent_s`).
    self_test_s : float or None
        Second of the UTC day at which every device is asked to test itself; None: never.
    low_battery : float
        Percent below which the operator is told.
    """

    lost_s: float = 30.0
    acknowledge_s: float = 0.35
    tries: int = 3
    self_test_s: float | None = 10_800.0
    low_battery: float = 20.0


@dataclass(frozen=True)
class Publish:
    """A message for the broker."""

    topic: str
    data: bytes
    retain: bool = False
    expires_s: float | None = None
    qos: int = 1


@dataclass(frozen=True)
class Settled:
    """All that will come of a command."""

    topic: str
    sequence: int  #: as `command` was given it
    acknowledged: Mapping[str, str]  #: what each device did
    missing: tuple[str, ...]
    superseded: bool = False


@dataclass
class _Waiting:
    token: int
    publish: Publish
    command: Command
    devices: set[str]
    next_ns: int
    left: int
    superseded: bool = False  # by a later command: it is not said again, but who has heard it may still say so
    done: dict[str, str] = field(default_factory=dict)


Outcome = Publish | Settled


class Desk:
    """Signs commands, counts acknowledgements, answers heartbeats and watches over the sirens of a site.

    Parameters
    ----------
    site : str
        Id of the site.
    key : SigningKey
        With which it commands.
    devices : iterable of Listed
        The sirens of the site file. If there are none, every device that reports is taken for one.
    settings : DeskSettings
        Times.
    now : Now
        The clocks at the start.
    sequence : int
        The highest that an earlier life of the server used, if it is known.
    """

    def __init__(
        self,
        site: str,
        key: SigningKey,
        devices: Iterable[Listed],
        settings: DeskSettings,
        now: Now,
        sequence: int = 0,
    ) -> None:
        self.site, self.key, self.settings = site, key, settings
        self.sirens = {d.id: Siren(d.id, d.zone, True, d.key, now.steady_ns) for d in devices}
        self.sequence = sequence
        self.bad_reports: dict[str, int] = {}  #: reports that were not believed, by reason
        self.unlisted: dict[str, Siren] = {}  #: those that report and are not in the site file
        self._open = not self.sirens
        self._waiting: dict[int, _Waiting] = {}  # by token
        self._kept: dict[str, int] = {}  # topics with a retained command -> when it expires, steady ns
        self._test_day = self._day(now)

    # -- commands

    def zone_of(self, device: str) -> str | None:
        """Where a siren stands."""
        siren = self.sirens.get(device)
        return None if siren is None else siren.zone

    def stamp(self, now: Now, lifetime_s: float) -> dict[str, Any]:
        """Sequence and times of a command that leaves now.

        The sequence is the time in ms, or one more than the last: it grows over restarts without a file to keep it in.
        """
        issued_ms = now.wall_ns // 1_000_000
        self.sequence = max(self.sequence + 1, issued_ms)
        return {
            "sequence": self.sequence,
            "issued_ms": issued_ms,
            "expires_ms": issued_ms + max(1, round(lifetime_s * 1e3)),
        }

    def command(self, now: Now, command: Command, token: int | None = None) -> list[Outcome]:
        """Send a command, and wait for the sirens that it is for."""
        whole = command.device == "*"
        topic = command_topic(self.site, command.zone, command.status) if whole else self._own(command, "command")
        lifetime_s = (command.expires_ms - command.issued_ms) / 1e3
        publish = Publish(topic, seal(command.payload(), self.key), whole, lifetime_s)
        outcomes: list[Outcome] = [publish]
        for before in self._waiting.values():
            before.superseded = before.superseded or before.publish.topic == topic
        devices = {s.id for s in self.sirens.values() if s.zone == command.zone and command.device in ("*", s.id)}
        next_ns = now.steady_ns + round(self.settings.acknowledge_s * SECOND)
        waiting = _Waiting(token or command.sequence, publish, command, devices, next_ns, self.settings.tries - 1)
        if whole:
            self._kept[topic] = now.steady_ns + round(lifetime_s * SECOND)
        if devices:
            self._waiting[waiting.token] = waiting
        else:
            outcomes.append(_settle(waiting))
        return outcomes

    def test(self, now: Now, device: str) -> list[Outcome]:
        """Ask a siren to test itself in silence."""
        siren = self.sirens[device]
        stamp = self.stamp(now, 30.0)
        return self.command(
            now, Command(self.site, siren.zone, AlertStatus.TEST, action=Action.TEST, device=device, **stamp)
        )

    def _own(self, command: Command, end: str) -> str:
        return device_topic(self.site, command.zone, command.device, end)

    # -- what time brings

    def tick(self, now: Now) -> list[Outcome]:
        """Do what has fallen due: say again, give up, clear what expired, ask for self-tests."""
        outcomes: list[Outcome] = []
        for waiting in list(self._waiting.values()):
            if now.steady_ns >= waiting.next_ns:
                outcomes += self._press(now, waiting)
        for topic, expires_ns in list(self._kept.items()):
            if now.steady_ns >= expires_ns:
                del self._kept[topic]
                outcomes.append(Publish(topic, b"", retain=True))
        if self._test_day is not None and self._day(now) != self._test_day:
            self._test_day = self._day(now)
            for device in list(self.sirens):
                outcomes += self.test(now, device)
        return outcomes

    def due_ns(self) -> int | None:
        """When `tick` is to be called at the latest; None if nothing waits."""
        return min([w.next_ns for w in self._waiting.values()] + list(self._kept.values()), default=None)

    def _press(self, now: Now, waiting: _Waiting) -> list[Outcome]:
        expired = now.wall_ns // 1_000_000 >= waiting.command.expires_ms
        if waiting.left > 0 and not expired and not waiting.superseded:
            waiting.left -= 1
            waiting.next_ns = now.steady_ns + round(self.settings.acknowledge_s * SECOND)
            return [waiting.publish]
        del self._waiting[waiting.token]
        for device in () if waiting.superseded else waiting.devices:
            self.sirens[device].unanswered = _words(waiting.command)
        return [_settle(waiting)]

    def _day(self, now: Now) -> int | None:
        at_s = self.settings.self_test_s
        return None if at_s is None else int((now.wall_ns / SECOND - at_s) // DAY_S)

    # -- what arrives

    def hear(self, now: Now, topic: str, data: bytes) -> list[Outcome]:
        """Take in what a device published."""
        place = parse_topic(topic)
        if place is None or place.site != self.site or place.end not in ("report", "presence") or not data:
            return []
        known = place.device in self.sirens or place.device in self.unlisted
        if place.end == "presence" and not known:
            return []  # the broker keeps what those said that have long gone; who is there will ask for the time
        try:
            siren = self._siren(now, place)
            report = self._read(data, place, siren)
        except MessageError as error:
            self.bad_reports[error.reason] = self.bad_reports.get(error.reason, 0) + 1
            return []
        return self._take(now, siren, report)

    def _siren(self, now: Now, place: Topic) -> Siren:
        siren = self.sirens.get(place.device) or self.unlisted.get(place.device)
        if siren is not None:
            if siren.zone != place.zone:
                raise MessageError("wrong_zone", f"{place.device} of {siren.zone} reports from {place.zone}")
            return siren
        table = self.sirens if self._open else self.unlisted
        if len(table) >= _MOST_UNLISTED:
            raise MessageError("too_many")
        siren = table[place.device] = Siren(place.device, place.zone, self._open, None, now.steady_ns)
        return siren

    def _read(self, data: bytes, place: Topic, siren: Siren) -> Report:
        trusted = [siren.key] if siren.key is not None else []
        opened = unseal(data, trusted, allow_unsigned=siren.key is None)
        report = Report.read(opened.payload)
        if (report.site, report.zone, report.device) != (place.site, place.zone, place.device):
            raise MessageError("wrong_device")
        return report

    def _take(self, now: Now, siren: Siren, report: Report) -> list[Outcome]:
        data = report.data
        if report.what is What.HEARTBEAT:
            return self._answer(now, siren, data)
        if report.what is What.ACKNOWLEDGEMENT:
            return self._acknowledged(siren, data)
        if report.what in (What.ONLINE, What.OFFLINE):
            siren.offline = report.what is What.OFFLINE
        elif report.what is What.FAULT:
            others = tuple(f for f in siren.faults if f.partition(" (")[0] != data["fault"])
            siren.faults = others if data["over"] else (*others, f"{data['fault']} ({data['detail']})")
        elif report.what is What.SELF_TEST:
            siren.self_test = data
        elif report.what is What.REFUSAL:
            return self._refused(now, siren, data)
        return []

    def _answer(self, now: Now, siren: Siren, data: Mapping[str, Any]) -> list[Outcome]:
        now_ms = now.wall_ns // 1_000_000
        heard_ms = data["heard_ms"]
        if heard_ms is not None and abs(now_ms - heard_ms) <= self.settings.lost_s * 1e3:
            siren.heard_ns, siren.offline = now.steady_ns, False
        siren.version, siren.playing, siren.offset_ms = data["version"], data["playing"], data["offset_ms"]
        siren.battery_percent, siren.mains, siren.refused = data["battery_percent"], data["mains"], data["refused"]
        known = {fault.partition(" (")[0]: fault for fault in siren.faults}
        siren.faults = tuple(known.get(fault, fault) for fault in data["faults"])
        answer = Answer(self.site, siren.zone, siren.id, data["nonce"], now_ms)
        topic = device_topic(self.site, siren.zone, siren.id, "answer")
        return [Publish(topic, seal(answer.payload(), self.key), qos=0)]

    def _acknowledged(self, siren: Siren, data: Mapping[str, Any]) -> list[Outcome]:
        for waiting in list(self._waiting.values()):
            if waiting.command.sequence == data["sequence"] and siren.id in waiting.devices:
                waiting.done[siren.id] = data["done"]
                waiting.devices.discard(siren.id)
                siren.unanswered = "" if data["done"] != "failed" else f"{_words(waiting.command)}: {data['detail']}"
                if not waiting.devices:
                    del self._waiting[waiting.token]
                    return [_settle(waiting)]
        return []

    def _refused(self, now: Now, siren: Siren, data: Mapping[str, Any]) -> list[Outcome]:
        """A command that is refused cannot be waited for; told why, the operator need not guess."""
        siren.refusal = f"{data['reason']}: {data['detail']}"
        for waiting in list(self._waiting.values()):
            if waiting.command.sequence != data["sequence"] or siren.id not in waiting.devices:
                continue
            if data["reason"] == "replayed" and self._overtake(now, data["highest"]):
                del self._waiting[waiting.token]
                command = replace(waiting.command, sequence=self.stamp(now, 1.0)["sequence"])
                return self.command(now, command, waiting.token)
            waiting.devices.discard(siren.id)
            waiting.done[siren.id] = f"refused: {data['reason']}"
            siren.unanswered = f"{_words(waiting.command)}: refused as {data['reason']}"
            if not waiting.devices:
                del self._waiting[waiting.token]
                return [_settle(waiting)]
        return []

    def _overtake(self, now: Now, highest: int | None) -> bool:
        """Go on behind the sequence that a siren has seen: our clock was set back between two lives of this server."""
        if highest is None or not self.sequence <= highest <= now.wall_ns // 1_000_000 + _MOST_BACK_MS:
            return False
        self.sequence = highest
        return True

    # -- how it stands

    def troubles(self, now: Now) -> dict[str, str]:
        """What an operator must know, by siren and cause."""
        s, said = self.settings, {}
        for siren in self.sirens.values():
            for cause, text in siren.troubles(now.steady_ns, s.lost_s, s.low_battery).items():
                said[f"{siren.id}/{cause}"] = f"{siren.id} {text}"
        for siren in self.unlisted.values():
            said[f"{siren.id}/list"] = f"{siren.id} is not in the list (zone {siren.zone})"
        return said


def _settle(waiting: _Waiting) -> Settled:
    missing = () if waiting.superseded else tuple(sorted(waiting.devices))
    return Settled(waiting.publish.topic, waiting.token, dict(waiting.done), missing, waiting.superseded)


def _words(command: Command) -> str:
    if command.action is Action.SOUND and command.phase is not None:
        return f"{command.phase.label} of {command.warning}"
    return "the self-test" if command.action is Action.TEST else "silence"
