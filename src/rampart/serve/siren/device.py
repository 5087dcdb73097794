"""Device: the state machine of a siren. Told what arrives and what time it is, it says what to do; it does nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rampart.records import AlertStatus, Phase
from rampart.wire.message_error import MessageError
from rampart.wire.siren import (
    Action,
    Answer,
    Command,
    Marks,
    Report,
    SigningKey,
    Topic,
    TrustedKey,
    Verdict,
    What,
    command_topic,
    device_topic,
    judge_time,
    parse_topic,
    seal,
    unseal,
)

from .bell import Bell, Change, Sounding
from .effects import Chirp, Effect, Event, Extend, Keep, Now, Play, SelfTest, Send, Stop
from .link import SECOND, SUSPECT_MS, Link, LinkState

#: A command that the clock speaks against waits this long for the server's time.
PATIENCE_NS = SECOND
_ASK_AGAIN_NS = 3 * SECOND // 10
#: Refusals for one reason are told at once, and then at most this often.
_REFUSALS_EVERY_NS = 10 * SECOND
_MOST_TOLD = 300


@dataclass(frozen=True)
class DeviceSettings:
    """What a device is and may do.

    Attributes
    ----------
    site, zone, device : str
        Where it stands, and its name.
    statuses : frozenset of AlertStatus
        What may be heard here: an exercise only where it is enabled.
    phases : frozenset of Phase
        Which phases have a sound.
    heartbeat_s, link_lost_s, chirp_s : float
        How often it asks the server; from when on the link is lost; how often it says so.
    longest_s : float
        No sound lasts longer.
    version : str
        Of the program.
    """

    site: str
    zone: str
    device: str
    statuses: frozenset[AlertStatus] = frozenset({AlertStatus.ACTUAL})
    phases: frozenset[Phase] = frozenset(Phase)
    heartbeat_s: float = 10.0
    link_lost_s: float = 30.0
    chirp_s: float = 60.0
    longest_s: float = 180.0
    version: str = ""


@dataclass(frozen=True)
class Power:
    """What is known of the supply."""

    battery_percent: float | None = None
    mains: bool | None = None


@dataclass(frozen=True)
class _Held:
    """A command that waits for the server's time."""

    command: Command
    topic: str
    retained: bool
    received_ns: int
    until_ns: int


@dataclass(frozen=True)
class _Starting:
    """A sound that the player has been asked for."""

    command: Command
    received_ns: int
    clock: str


class Device:
    """The state machine.

    Parameters
    ----------
    settings : DeviceSettings
        What it is.
    trusted : tuple of TrustedKey
        Whose commands it believes.
    now : Now
        The clocks at the start.
    nonce : callable
        See `Link`.
    marks : mapping or None
        Highest sequences of its earlier life.
    key : SigningKey or None
        Of its own, with which it signs what it reports.

    Notes
    -----
    A command is believed if it is signed by a key that speaks for the site and status, and names the topic it came on.
    It is acted upon if it comes after all before it and is valid by the server's time. If the time speaks against it,
    or is not known, the server is asked first: it may have set its clock. Without an answer, a command that the broker
    had kept is not acted upon; one that came live is, if no time is known at all: its sequence is fresh, it cannot come
    twice, and a siren that stays silent is the greater harm.
    """

    def __init__(
        self,
        settings: DeviceSettings,
        trusted: tuple[TrustedKey, ...],
        now: Now,
        nonce: Callable[[], str],
        marks: Mapping[str, int] | None = None,
        key: SigningKey | None = None,
    ) -> None:
        self.settings, self.trusted, self.key = settings, trusted, key
        self.link = Link(now.steady_ns, settings.link_lost_s, nonce)
        self.bell = Bell(settings.statuses, settings.phases, settings.longest_s)
        self.marks = Marks(marks)
        self.faults: dict[str, str] = {}
        self.power = Power()
        self.connected = False
        self.refused = 0
        self._number = now.wall_ns // 1_000_000
        self._held: dict[str, _Held] = {}
        self._starting: dict[int, _Starting] = {}
        self._said: dict[str, dict[str, Any]] = {}  # last acknowledgement by topic
        self._told: dict[str, tuple[int, int]] = {}  # refusals: reason -> told at, untold since
        self._heartbeat_ns = self._asked_ns = self._chirp_ns = now.steady_ns

    @property
    def filters(self) -> tuple[str, ...]:
        """What the device subscribes to."""
        s = self.settings
        return command_topic(s.site, s.zone), *(
            device_topic(s.site, s.zone, s.device, e) for e in ("command", "answer")
        )

    @property
    def presence_topic(self) -> str:
        """Where it says, retained, whether it is there."""
        return device_topic(self.settings.site, self.settings.zone, self.settings.device, "presence")

    def presence(self, what: What) -> bytes:
        """`ONLINE`, or the last will `OFFLINE`."""
        data = {"version": self.settings.version} if what is What.ONLINE else {}
        return self._seal(what, data)

    def was_connected(self, now: Now) -> list[Effect]:
        """The broker has taken us and our subscriptions."""
        self.connected = True
        return [Event("connected"), self._heartbeat(now)]

    def was_disconnected(self, why: str) -> list[Effect]:
        """The broker is gone."""
        self.connected = False
        return [Event("disconnected", {"why": why[:_MOST_TOLD]})]

    def hear(self, now: Now, topic: str, data: bytes, *, retained: bool) -> list[Effect]:
        """Take in a message from the broker."""
        if not data:
            return []  # a retained command was cleared: that says nothing, least of all that there is no danger
        sequence: int | None = None
        try:
            place = self._place(topic)
            opened = unseal(data, self.trusted)
            if place.end == "answer":
                return self._hear_answer(now, place, opened.payload, opened.key)
            command = Command.read(opened.payload)
            sequence = command.sequence
            self._check(command, place, opened.key)
        except MessageError as error:
            return self._refuse(now, error.reason, error.detail, topic, sequence)
        return self._sort(now, topic, command, retained)

    def tick(self, now: Now) -> list[Effect]:
        """Do what has fallen due."""
        effects: list[Effect] = []
        over = self.bell.expire(now.steady_ns)
        if over is not None:
            effects += self._stopped(now, over, "time")
        if self.connected and now.steady_ns >= self._ask_at_ns(now.steady_ns):
            effects.append(self._heartbeat(now))
        for topic, held in list(self._held.items()):
            if now.steady_ns >= held.until_ns:
                effects += self._decide_unanswered(now, topic, held)
        if self.link.state is not LinkState.LOST and now.steady_ns >= self.link.lost_at_ns:
            self.link.state, self._chirp_ns = LinkState.LOST, now.steady_ns
            silent_s = (now.steady_ns - self.link.answered_ns) / SECOND
            effects += self.set_fault("link_lost", f"no answer from the server for {silent_s:.0f} s")
            effects.append(Event("link_lost", {"seconds": round(silent_s, 1)}))
        if self.link.state is LinkState.LOST and now.steady_ns >= self._chirp_ns:
            self._chirp_ns = now.steady_ns + round(self.settings.chirp_s * SECOND)
            if self.bell.sounding is None:
                effects.append(Chirp())
        return effects

    def due_ns(self) -> int:
        """When `tick` is to be called at the latest."""
        times = [self._chirp_ns if self.link.state is LinkState.LOST else self.link.lost_at_ns]
        if self.bell.sounding is not None:
            times.append(self.bell.sounding.until_ns)
        if self.connected:
            times.append(self._ask_at_ns(self._asked_ns))
        times += [held.until_ns for held in self._held.values()]
        return min(times)

    def _ask_at_ns(self, steady_ns: int) -> int:
        """When the next heartbeat is due: soon while a command waits for its answer."""
        waits = any(held.until_ns - steady_ns <= PATIENCE_NS for held in self._held.values())
        return min(self._heartbeat_ns, self._asked_ns + _ASK_AGAIN_NS) if waits else self._heartbeat_ns

    def played(self, now: Now, number: int, failed: str = "", ago_s: float = 0.0) -> list[Effect]:
        """The player has started a sound, so many seconds ago, or could not."""
        starting = self._starting.pop(number, None)
        effects: list[Effect] = []
        if failed:
            effects += self.set_fault("player", failed)
        else:
            effects += self.clear_fault("player")
        if starting is None:
            return effects
        command, done = starting.command, "failed" if failed else "sounds"
        after_ms = max((now.steady_ns - starting.received_ns) / 1e6 - 1e3 * ago_s, 0.0)
        topic = self._topic_of(command)
        effects.append(self._acknowledge(topic, command, done, starting.clock, after_ms, failed))
        if not failed:
            shown = {"seconds": self._seconds_left(now), "after_ms": round(after_ms, 2)}
            effects.append(Event("ring", {**_shown(command), **shown}))
        return effects

    def set_fault(self, name: str, detail: str) -> list[Effect]:
        """Something is wrong: reported when it begins."""
        new = name not in self.faults
        self.faults[name] = detail[:_MOST_TOLD]
        if not new:
            return []
        data = {"fault": name, "over": False, "detail": detail[:_MOST_TOLD]}
        return [self._report(What.FAULT, data), Event("fault", {"fault": name, "detail": detail[:_MOST_TOLD]})]

    def clear_fault(self, name: str) -> list[Effect]:
        """It is no longer wrong."""
        if name not in self.faults:
            return []
        detail = self.faults.pop(name)
        return [
            self._report(What.FAULT, {"fault": name, "over": True, "detail": detail}),
            Event("fault_over", {"fault": name}),
        ]

    def self_tested(self, sequence: int | None, checks: Mapping[str, str]) -> list[Effect]:
        """The silent self-test is done; a check that passed says ``ok``, else what is wrong."""
        failed = {name: said for name, said in checks.items() if said != "ok"}
        data = {"sequence": sequence, "passed": not failed, "checks": {n: t[:_MOST_TOLD] for n, t in checks.items()}}
        effects: list[Effect] = [self._report(What.SELF_TEST, data), Event("self_test", data)]
        said = "; ".join(f"{name}: {text}" for name, text in failed.items())
        return effects + (self.set_fault("self_test", said) if failed else self.clear_fault("self_test"))

    def end(self, now: Now, why: str) -> list[Effect]:
        """The program ends: so does the sound."""
        current = self.bell.stop()
        return [] if current is None else self._stopped(now, current, why)

    # -- what arrives

    def _place(self, topic: str) -> Topic:
        place, s = parse_topic(topic), self.settings
        if place is None:
            raise MessageError("unknown_topic", topic[:100])
        for said, own, reason in ((place.site, s.site, "wrong_site"), (place.zone, s.zone, "wrong_zone")):
            if said != own:
                raise MessageError(reason, f"topic of {said}, this is {own}")
        return place

    def _check(self, command: Command, place: Topic, key: TrustedKey | None) -> None:
        """Whether a command is what its topic says, and its key may say so."""
        if command.site != self.settings.site:
            raise MessageError("wrong_site", f"for {command.site}, this is {self.settings.site}")
        if command.zone != self.settings.zone:
            raise MessageError("wrong_zone", f"for {command.zone}, this is {self.settings.zone}")
        if command.device != place.device:
            raise MessageError("wrong_device", f"for {command.device} on a topic of {place.device}")
        if place.status not in (None, command.status):
            raise MessageError("wrong_status", f"{command.status.label} on a topic of another status")
        if key is None or not key.allows(command.site, command.status):
            raise MessageError("not_allowed", f"the key may not say {command.status.label} of {command.site}")

    def _hear_answer(self, now: Now, place: Topic, payload: Mapping[str, Any], key: TrustedKey | None) -> list[Effect]:
        answer, s = Answer.read(payload), self.settings
        if (answer.site, answer.zone, answer.device) != (s.site, s.zone, s.device) or place.device != s.device:
            raise MessageError("wrong_device", f"an answer to {answer.device}")
        if key is None or not key.allows(answer.site):
            raise MessageError("not_allowed", f"the key may not speak for {answer.site}")
        silent_s = (now.steady_ns - self.link.answered_ns) / SECOND
        if not self.link.hear(answer, now.steady_ns):
            raise MessageError("stale_answer", "an answer that was not asked for, or that came too late")
        effects: list[Effect] = []
        before, self.link.state = self.link.state, LinkState.UP
        if before is not LinkState.UP:
            more = {"seconds": round(silent_s, 1)} if before is LinkState.LOST else {}
            effects.append(Event("link_up", {**more, "offset_ms": self.link.offset_ms(now.steady_ns, now.wall_ns)}))
            effects.append(self._heartbeat(now))  # so that the server knows at once that it is heard
        effects += self.clear_fault("link_lost")
        effects += self._look_at_own_clock(now)
        for topic, held in list(self._held.items()):
            verdict = judge_time(held.command, self.link.time.now_ms(now.steady_ns))
            del self._held[topic]
            effects += self._settle(now, topic, held, verdict)
        return effects

    def _look_at_own_clock(self, now: Now) -> list[Effect]:
        offset_ms = self.link.offset_ms(now.steady_ns, now.wall_ns)
        error_ms = self.link.time.error_ms(now.steady_ns) or 0.0
        if offset_ms is None or abs(offset_ms) <= SUSPECT_MS + error_ms:
            return self.clear_fault("clock_suspect")
        way = "ahead of" if offset_ms > 0 else "behind"
        return self.set_fault("clock_suspect", f"own clock {abs(offset_ms) / 1e3:.1f} s {way} the server's")

    def _sort(self, now: Now, topic: str, command: Command, retained: bool) -> list[Effect]:
        """Act, hold or refuse a command that is believed."""
        if not self.marks.is_new(topic, command.sequence):
            if self.marks.is_last(topic, command.sequence):
                return self._acknowledge_again(topic)
            return self._refuse(now, "replayed", "older than one acted upon", topic, command.sequence)
        held = self._held.get(topic)
        if held is not None and held.command.sequence >= command.sequence:
            return []
        effects: list[Effect] = []
        if held is not None:
            del self._held[topic]
            effects += self._refuse(now, "superseded", "a later command came", topic, held.command.sequence)
        new = _Held(command, topic, retained, now.steady_ns, now.steady_ns + PATIENCE_NS)
        verdict = judge_time(command, self.link.time.now_ms(now.steady_ns))
        if verdict is Verdict.VALID:
            return effects + self._act(now, new, "server")
        self._held[topic] = new
        effects.append(Event("held", {**_shown(command), "why": verdict.value}))
        return effects + ([self._heartbeat(now)] if self.connected else [])

    def _settle(self, now: Now, topic: str, held: _Held, verdict: Verdict) -> list[Effect]:
        """Act on what was held, or refuse it: the time is known now."""
        if verdict is Verdict.VALID:
            return self._act(now, held, "server")
        if verdict is Verdict.UNKNOWN:
            self._held[topic] = held
            return []
        return self._refuse(now, verdict.value, _age(held.command, self._server_ms(now)), topic, held.command.sequence)

    def _decide_unanswered(self, now: Now, topic: str, held: _Held) -> list[Effect]:
        """Nobody said what time it is."""
        verdict = judge_time(held.command, self.link.time.now_ms(now.steady_ns))
        del self._held[topic]
        if verdict is not Verdict.UNKNOWN:
            return self._settle(now, topic, held, verdict)
        if not held.retained:
            return self._act(now, held, "unknown")
        self._held[topic] = replace(held, until_ns=now.steady_ns + 3600 * SECOND)
        return []

    def _act(self, now: Now, held: _Held, clock: str) -> list[Effect]:
        command, server_ms = held.command, self.link.time.now_ms(now.steady_ns)
        self.marks.pass_by(held.topic, command.sequence)
        left_ms = command.expires_ms - (command.issued_ms if server_ms is None else server_ms)
        change = self.bell.obey(command, now.steady_ns, left_ms / 1e3, live=not held.retained)
        seen = {**_shown(command), "retained": held.retained, "done": change.done, "clock": clock}
        if server_ms is not None:
            seen["age_ms"] = round(server_ms - command.issued_ms)
        effects: list[Effect] = [Event("command", seen)]
        effects += self._carry_out(now, change, _Starting(command, held.received_ns, clock))
        if change.play is None:
            effects.append(self._acknowledge(held.topic, command, change.done, clock, 0.0))
        if command.action is Action.TEST:
            effects.append(SelfTest(command.sequence))
        effects.append(Keep(self.marks.plain()))
        return effects

    def _carry_out(self, now: Now, change: Change, starting: _Starting) -> list[Effect]:
        effects: list[Effect] = []
        if change.stop is not None:
            effects += self._stopped(now, change.stop, "silence" if change.play is None else "superseded")
        if change.extend is not None:
            effects.append(Extend(change.extend.number, change.extend.command, self._seconds_left(now)))
        if change.play is not None:
            self._starting[change.play.number] = starting
            effects.append(Play(change.play.number, change.play.command, self._seconds_left(now)))
        return effects

    def _stopped(self, now: Now, what: Sounding, why: str) -> list[Effect]:
        unheard = self._starting.pop(what.number, None)
        seconds = round((now.steady_ns - what.started_ns) / SECOND, 3)
        command = what.command
        label = "" if command.phase is None else command.phase.label
        data = {"warning": command.warning, "phase": label, "why": why, "seconds": seconds}
        effects: list[Effect] = [Stop(what.number, why), self._report(What.STOPPED, data), Event("stopped", data)]
        if unheard is not None:  # a later command came before the player had begun
            topic = self._topic_of(command)
            effects.append(self._acknowledge(topic, command, "overridden", unheard.clock, 0.0, "by a later command"))
        return effects

    # -- what is said

    def _refuse(self, now: Now, reason: str, detail: str, topic: str, sequence: int | None) -> list[Effect]:
        self.refused += 1
        told_ns, untold = self._told.get(reason, (None, 0))
        if told_ns is not None and now.steady_ns < told_ns + _REFUSALS_EVERY_NS:
            self._told[reason] = told_ns, untold + 1
            return []
        self._told[reason] = now.steady_ns, 0
        data = {
            "reason": reason,
            "detail": _plain(detail),
            "topic": _plain(topic),
            "sequence": sequence,
            "highest": self.marks.highest(topic),
            "count": untold + 1,
        }
        return [self._report(What.REFUSAL, data), Event("refused", data)]

    def _acknowledge(
        self, topic: str, command: Command, done: str, clock: str, after_ms: float, detail: str = ""
    ) -> Effect:
        self._said[topic] = {
            "sequence": command.sequence,
            "status": command.status.label,
            "action": command.action.value,
            "warning": command.warning,
            "revision": command.revision,
            "done": done,
            "after_ms": round(after_ms, 3),
            "clock": clock,
            "detail": detail[:_MOST_TOLD],
        }
        return self._report(What.ACKNOWLEDGEMENT, self._said[topic])

    def _acknowledge_again(self, topic: str) -> list[Effect]:
        """A copy: the server may not have heard us."""
        said = self._said.get(topic)
        return [] if said is None else [self._report(What.ACKNOWLEDGEMENT, said)]

    def _heartbeat(self, now: Now) -> Effect:
        self._asked_ns = now.steady_ns
        self._heartbeat_ns = now.steady_ns + round(self.settings.heartbeat_s * SECOND)
        current = self.bell.sounding
        data = {
            "nonce": self.link.ask(now.steady_ns),
            "clock_ms": max(now.wall_ns // 1_000_000, 0),
            "heard_ms": self.link.heard_ms,
            "offset_ms": self.link.offset_ms(now.steady_ns, now.wall_ns),
            "playing": "" if current is None or current.command.phase is None else current.command.phase.label,
            "faults": sorted(self.faults)[:32],
            "battery_percent": self.power.battery_percent,
            "mains": self.power.mains,
            "refused": self.refused,
            "version": self.settings.version[:32],
        }
        return self._report(What.HEARTBEAT, data, kept=False)

    def _report(self, what: What, data: Mapping[str, Any], *, kept: bool = True) -> Effect:
        s = self.settings
        return Send(device_topic(s.site, s.zone, s.device, "report"), self._seal(what, data), kept)

    def _seal(self, what: What, data: Mapping[str, Any]) -> bytes:
        s = self.settings
        self._number += 1
        return seal(Report(s.site, s.zone, s.device, self._number, what, data).payload(), self.key)

    def _topic_of(self, command: Command) -> str:
        s = self.settings
        if command.device != "*":
            return device_topic(s.site, s.zone, s.device, "command")
        return command_topic(s.site, s.zone, command.status)

    def _seconds_left(self, now: Now) -> float:
        current = self.bell.sounding
        return 0.0 if current is None else round((current.until_ns - now.steady_ns) / SECOND, 3)

    def _server_ms(self, now: Now) -> float:
        return self.link.time.now_ms(now.steady_ns) or 0.0


def _shown(command: Command) -> dict[str, Any]:
    """A command as an event tells it."""
    shown: dict[str, Any] = {
        "action": command.action.value,
        "status": command.status.label,
        "sequence": command.sequence,
        "zone": command.zone,
        "warning": command.warning,
    }
    if command.phase is not None:
        shown |= {"phase": command.phase.label, "revision": command.revision, "class": command.target_class.label}
    return shown


def _age(command: Command, server_ms: float) -> str:
    late_s, early_s = (server_ms - command.expires_ms) / 1e3, (command.issued_ms - server_ms) / 1e3
    return f"issued {early_s:.1f} s from now" if early_s > 0 else f"expired {late_s:.1f} s ago"


def _plain(text: str) -> str:
    """Text that a report may carry, whatever it came from."""
    return "".join(c if 32 <= ord(c) != 127 else "?" for c in text)[:_MOST_TOLD]
