"""A siren in a hostile world: whatever arrives in whatever order, it never sounds what it must not."""

from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rampart.records import AlertStatus, Phase, TargetClass
from rampart.serve.siren.bell import SECOND
from rampart.serve.siren.device import Device, DeviceSettings
from rampart.serve.siren.effects import Keep, Now, Play, Send, Stop
from rampart.serve.siren.server_time import DRIFT, MS, ServerTime
from rampart.wire.message_error import MessageError
from rampart.wire.siren import (
    Action,
    Answer,
    Command,
    Report,
    Said,
    SigningKey,
    What,
    command_topic,
    device_topic,
    seal,
    unseal,
)
from rampart.wire.siren.judge import TOLERANCE_MS

pytest.importorskip("cryptography")
ROOT = SigningKey("embassy", tuple(AlertStatus), bytes(range(32)))
DRILL = SigningKey("embassy", (AlertStatus.EXERCISE, AlertStatus.TEST), bytes(range(1, 33)))
STRANGER = SigningKey("embassy", tuple(AlertStatus), bytes(range(2, 34)))
START_MS = 1_750_000_000_000
HEARD = frozenset({AlertStatus.ACTUAL, AlertStatus.EXERCISE})
ANSWER = device_topic("embassy", "north", "roof-1", "answer")


@dataclass
class Sent:
    """A message that exists somewhere in the world, and what is true of it."""

    topic: str
    data: bytes
    command: Command
    good: bool  # signed by a key that may, for this siren, on its topic


@dataclass
class Playing:
    number: int
    started_ns: int
    until_ns: int
    command: Command = field(repr=False)


class SirenWorld(RuleBasedStateMachine):
    """The siren, its server, and somebody who keeps every message, changes some, and sends them again."""

    @initialize(wrong_ms=st.integers(-(10**9), 10**9), statuses=st.sets(st.sampled_from(sorted(HEARD))))
    def begin(self, wrong_ms, statuses):
        self.steady_ns, self.wrong_ms, self.count = 10**12, wrong_ms, 0
        self.statuses, self.world, self.marks = frozenset(statuses), [], {}
        self.highest, self.resumable, self.playing = {}, {}, None
        self.nonces = []
        self.boot()

    def boot(self):
        self.device = Device(
            DeviceSettings("embassy", "north", "roof-1", self.statuses, longest_s=60.0), (ROOT.trusted, DRILL.trusted),
            self.now(), self.nonce, self.marks,
        )  # fmt: skip
        self.resumable, self.playing, self.live = dict(self.marks), None, set()

    def nonce(self):
        self.count += 1
        return f"n{self.count}"

    def now(self):
        return Now(self.steady_ns, max(self.steady_ns + (START_MS + self.wrong_ms) * MS, 0))

    @property
    def server_ms(self):
        return START_MS + self.steady_ns // MS

    # -- what happens

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 7.0, 31.0, 400.0]))
    def time_passes(self, seconds):
        end = self.steady_ns + round(seconds * SECOND)
        while self.steady_ns < end:
            self.steady_ns = min(max(self.device.due_ns(), self.steady_ns + MS), end)
            self.do(self.device.tick(self.now()), None)

    @rule(answered=st.booleans())
    def comes_to_the_broker(self, answered):
        self.do(self.device.was_connected(self.now()), None)
        if answered:
            self.server_answers(late=False)

    @rule()
    def loses_the_broker(self):
        self.do(self.device.was_disconnected("gone"), None)

    @rule()
    def restarts(self):
        self.boot()

    @precondition(lambda self: self.nonces)
    @rule(late=st.booleans())
    def server_answers(self, late):
        nonce = self.nonces[0 if late else -1]
        answer = Answer("embassy", "north", "roof-1", nonce, self.server_ms)
        self.do(self.device.hear(self.now(), ANSWER, seal(answer.payload(), ROOT), retained=False), None)

    @precondition(lambda self: self.nonces)
    @rule(off_ms=st.integers(-(10**8), 10**8), whose=st.sampled_from(["stranger", "nobody", "guess"]))
    def somebody_else_answers(self, off_ms, whose):
        nonce = "guess" if whose == "guess" else self.nonces[-1]
        answer = Answer("embassy", "north", "roof-1", nonce, max(self.server_ms + off_ms, 0))
        key = {"stranger": STRANGER, "nobody": None, "guess": ROOT}[whose]
        before = self.device.link.time.now_ms(self.steady_ns)
        self.do(self.device.hear(self.now(), ANSWER, seal(answer.payload(), key), retained=False), None)
        assert self.device.link.time.now_ms(self.steady_ns) == before

    @rule(
        phase=st.sampled_from(list(Phase)), status=st.sampled_from(list(AlertStatus)), revision=st.integers(0, 3),
        seconds=st.sampled_from([1.0, 20.0, 500.0]), lives_ms=st.sampled_from([500, 20_000, 3_600_000]),
        warning=st.sampled_from(["embassy/W1", "embassy/W2"]), drill=st.booleans(),
        way=st.sampled_from(["live", "live", "retained", "withheld"]),
    )  # fmt: skip
    def the_server_commands(self, phase, status, revision, seconds, lives_ms, warning, drill, way):
        key = DRILL if drill and status != AlertStatus.ACTUAL else ROOT
        command = self.command(phase, status, revision, seconds, lives_ms, warning)
        self.send(command, key, command_topic("embassy", "north", status), way, good=True)

    @rule(
        wrong=st.sampled_from(["key", "unsigned", "scope", "zone", "topic", "future"]),
        way=st.sampled_from(["live", "retained"]),
    )
    def somebody_commands_what_they_must_not(self, wrong, way):
        status = AlertStatus.ACTUAL if wrong == "scope" else AlertStatus.EXERCISE
        early_ms = 60_000 if wrong == "future" else 0
        command = self.command(
            Phase.SHELTER,
            status,
            0,
            20.0,
            20_000,
            f"embassy/X{self.count}",
            "south" if wrong == "zone" else "north",
            early_ms,
        )
        key = {"key": STRANGER, "unsigned": None, "scope": DRILL}.get(wrong, ROOT)
        topic = command_topic("embassy", "north", AlertStatus.TEST if wrong == "topic" else status)
        self.send(command, key, topic, way, good=wrong == "future")

    def command(self, phase, status, revision, seconds, lives_ms, warning, zone="north", early_ms=0):
        self.count += 1
        issued_ms = self.server_ms + early_ms
        return Command(
            "embassy",
            zone,
            status,
            1_000_000 + self.count,
            issued_ms,
            issued_ms + lives_ms,
            Action.SOUND,
            warning=warning,
            opened_ms=1,
            revision=revision,
            phase=phase,
            target_class=TargetClass.ROCKET,
            seconds=seconds,
            texts={"en": Said("h", "i", "s")},
        )

    def send(self, command, key, topic, way, *, good):
        sent = Sent(topic, seal(command.payload(), key), command, good)
        self.world.append(sent)
        if way != "withheld":
            self.arrive(sent, way == "retained")

    @precondition(lambda self: self.world)
    @rule(which=st.integers(0, 10**6), retained=st.booleans())
    def an_old_message_comes_again(self, which, retained):
        self.arrive(self.world[which % len(self.world)], retained)

    @precondition(lambda self: self.world)
    @rule(which=st.integers(0, 10**6), at=st.integers(0, 10**6), bit=st.integers(0, 7))
    def a_touched_message_comes(self, which, at, bit):
        sent = self.world[which % len(self.world)]
        data = bytearray(sent.data)
        data[at % len(data)] ^= 1 << bit
        before = self.device.refused
        self.do(
            self.device.hear(self.now(), sent.topic, bytes(data), retained=False),
            Sent(sent.topic, b"", sent.command, False),
        )
        assert self.device.refused == before + 1

    # -- what must hold

    def arrive(self, sent, retained):
        if not retained:
            self.live.add((sent.topic, sent.command.sequence))
        self.do(self.device.hear(self.now(), sent.topic, sent.data, retained=retained), sent)

    def do(self, effects, cause):
        for effect in effects:
            if isinstance(effect, Send):
                report = Report.read(unseal(effect.data, [], allow_unsigned=True).payload)
                if report.what is What.HEARTBEAT:
                    self.nonces.append(report.data["nonce"])
            elif isinstance(effect, Play):
                self.check(effect)
                self.do(self.device.played(self.now(), effect.number), None)
            elif isinstance(effect, Stop):
                assert self.playing is not None
                assert self.playing.number == effect.number
                self.playing = None
            elif isinstance(effect, Keep):
                self.marks = dict(effect.marks)

    def check(self, play):
        """A sound begins: was there a message that asked for it, and may it sound now?"""
        command, topic = play.command, command_topic("embassy", "north", play.command.status)
        (sent,) = [s for s in self.world if s.command == command and s.topic == topic and s.good][:1]
        assert sent.command.status in self.statuses
        assert self.playing is None  # the one before was stopped
        last = self.highest.get(topic, 0)
        assert command.sequence > last or (command.sequence == last and self.resumable.get(topic) == last)
        self.resumable.pop(topic, None)
        self.highest[topic] = command.sequence
        # by a clock that is right: never what has expired or is from the future; without one, only what came live
        if self.device.link.time.now_ms(self.steady_ns) is None:
            assert (topic, command.sequence) in self.live
        else:
            off_ms = self.device.link.time.error_ms(self.steady_ns) + 1.0
            assert self.server_ms < command.expires_ms + off_ms
            assert self.server_ms >= command.issued_ms - TOLERANCE_MS - off_ms
        assert 0 <= play.seconds <= min(command.seconds, 60.0)
        until_ns = self.steady_ns + round(play.seconds * SECOND)
        self.playing = Playing(play.number, self.steady_ns, until_ns, command)

    @invariant()
    def nothing_sounds_longer_than_it_may(self):
        if hasattr(self, "playing") and self.playing is not None:
            assert self.device.bell.sounding is not None
            assert self.steady_ns <= self.device.bell.sounding.until_ns
            assert self.device.bell.sounding.until_ns <= self.steady_ns + 60 * SECOND

    @invariant()
    def it_wants_to_be_asked_again(self):
        if hasattr(self, "device"):
            assert self.device.due_ns() < self.steady_ns + 3601 * SECOND


SirenWorld.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestSirenWorld = SirenWorld.TestCase


@given(
    offset_ms=st.integers(0, 2**45),
    answers=st.lists(
        st.tuples(st.floats(0.0, 100.0), st.floats(0.0, 3.9), st.floats(0.0, 1.0)), min_size=1, max_size=20
    ),
)
def test_the_servers_time_is_within_what_is_claimed(offset_ms, answers):
    """Answers that are slow on one way only, at a steady clock that drifts as far as a quartz may."""
    time, steady_ns = ServerTime(), 0
    for gap_s, trip_s, share in answers:
        steady_ns += round(gap_s * SECOND)
        sent_ns, received_ns = steady_ns, steady_ns + round(trip_s * SECOND)
        stamped_ns = sent_ns + round(share * trip_s * SECOND)
        time.hear(sent_ns=sent_ns, received_ns=received_ns, server_ms=offset_ms + stamped_ns // MS)
        steady_ns = received_ns
        now_ms, error_ms = time.now_ms(steady_ns), time.error_ms(steady_ns)
        if now_ms is not None:
            assert abs(now_ms - (offset_ms + steady_ns / MS)) <= error_ms + 1.0 + DRIFT * steady_ns / MS


@given(st.binary(max_size=300))
def test_no_octets_make_it_fail(data):
    for octets in (data, b"rampart-siren-1 " + data, b"rampart-siren-1 unsigned\n" + data):
        try:
            payload = unseal(octets, [ROOT.trusted], allow_unsigned=True).payload
            Command.read(payload)
        except MessageError:
            continue


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
    st.sampled_from(["site", "texts", "seconds", "phase", "sequence", "device", "what", "faults", "nonce", "checks"]),
    st.sampled_from([Command, Answer, Report]),
)
def test_no_value_makes_a_reader_fail(value, name, kind):
    good = {
        "kind": {Command: "command", Answer: "answer", Report: "report"}[kind],
        "site": "s",
        "zone": "z",
        "device": "d",
        "status": "test",
        "sequence": 1,
        "issued_ms": 1,
        "expires_ms": 2,
        "action": "sound",
        "warning": "w",
        "opened_ms": 1,
        "revision": 0,
        "phase": "shelter",
        "class": "rocket",
        "seconds": 1.0,
        "impact_ms": None,
        "texts": {},
        "reason": "",
        "nonce": "n",
        "time_ms": 1,
        "number": 1,
        "what": "self_test",
        "passed": True,
        "checks": {},
    }
    kind.read(good)
    with suppress(MessageError):
        kind.read({**good, name: value})
