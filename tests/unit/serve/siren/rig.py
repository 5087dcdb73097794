"""A siren and its server in one test: two state machines, hand-turned clocks and a broker that is a list."""

import itertools
import json

from rampart.records import AlertStatus, Phase, TargetClass
from rampart.serve.siren.desk import Desk, DeskSettings, Publish, Settled
from rampart.serve.siren.device import Device, DeviceSettings
from rampart.serve.siren.effects import Event, Keep, Now, Play, SelfTest, Send, Stop
from rampart.serve.siren.roster import Listed
from rampart.wire.siren import Action, Command, Said, SigningKey, command_topic, seal

SECOND = 1_000_000_000
START_S = 1_750_000_000
KEY = SigningKey("embassy", tuple(AlertStatus), bytes(range(32)))
OTHER = SigningKey("embassy", tuple(AlertStatus), bytes(range(1, 33)))
ALL = frozenset(AlertStatus)


def sound(now_s, phase=Phase.SHELTER, *, status=AlertStatus.EXERCISE, sequence=None, warning="embassy/W1", revision=0,
          lives_s=30.0, seconds=20.0, zone="north", site="embassy", opened_ms=1, device="*"):  # fmt: skip
    """A command that leaves at `now_s` of the server's clock."""
    issued_ms = round(now_s * 1e3)
    return Command(
        site, zone, status, sequence if sequence is not None else max(issued_ms, 1), issued_ms,
        issued_ms + round(lives_s * 1e3), Action.SOUND, device=device, warning=warning, opened_ms=opened_ms,
        revision=revision, phase=phase, target_class=TargetClass.ROCKET, seconds=seconds,
        texts={"en": Said("head", "do", "say")},
    )  # fmt: skip


class Rig:
    """What the siren does and says goes into lists; with a desk, both talk to each other."""

    def __init__(
        self,
        statuses=ALL,
        *,
        wrong_s=0.0,
        marks=None,
        desk=True,
        trusted=(KEY.trusted,),
        phases=frozenset(Phase),
        key=None,
        listed=None,
        settings=None,
        player_fails="",
    ):
        self.s, self.wrong_s, self.server_off_s = 0.0, wrong_s, 0.0
        self.rings, self.stops, self.events, self.kept, self.tests, self.settled, self.published = (
            [],
            [],
            [],
            [],
            [],
            [],
            [],
        )
        self.reports = []
        self.server_up, self.player_fails = desk, player_fails
        counter = itertools.count()
        self.device = Device(
            DeviceSettings("embassy", "north", "roof-1", statuses, phases, version="1"), trusted, self.now,
            lambda: f"n{next(counter)}", marks, key,
        )  # fmt: skip
        listed = [Listed("roof-1", "north", key and key.trusted)] if listed is None else listed
        self.desk = Desk("embassy", KEY, listed, settings or DeskSettings(self_test_s=None), self.server)

    @property
    def now(self):
        return Now(round(self.s * SECOND), round((START_S + self.s + self.wrong_s) * SECOND))

    @property
    def server_s(self):
        return START_S + self.s + self.server_off_s

    @property
    def server(self):
        return Now(round(self.s * SECOND), round(self.server_s * SECOND))

    def connect(self):
        self.take(self.device.was_connected(self.now))

    def hear(self, command, *, retained=False, key=KEY, topic=None, data=None):
        """The broker hands a message to the siren."""
        data = data if data is not None else seal(command.payload(), key)
        topic = topic or command_topic("embassy", "north", command.status)
        self.take(self.device.hear(self.now, topic, data, retained=retained))

    def order(self, command):
        """The server sends a command."""
        self.outcomes(self.desk.command(self.server, command))

    def pass_s(self, seconds, step_s=0.1):
        for _ in range(round(seconds / step_s)):
            self.s += step_s
            self.take(self.device.tick(self.now))
            if self.server_up:
                self.outcomes(self.desk.tick(self.server))

    def take(self, effects):
        for effect in effects:
            match effect:
                case Send():
                    self.reports.append(json.loads(effect.data.split(b"\n", 1)[1]))
                    if self.server_up and self.device.connected:
                        self.outcomes(self.desk.hear(self.server, effect.topic, effect.data))
                case Play():
                    if not self.player_fails:
                        self.rings.append((effect.command.phase, effect.command.status, effect.command.sequence))
                    self.take(self.device.played(self.now, effect.number, self.player_fails))
                case Stop():
                    self.stops.append(effect.why)
                case Keep():
                    self.kept.append(effect.marks)
                case SelfTest():
                    self.tests.append(effect.sequence)
                case Event():
                    self.events.append((effect.name, effect.fields))

    def outcomes(self, outcomes):
        for outcome in outcomes:
            if isinstance(outcome, Settled):
                self.settled.append(outcome)
            elif isinstance(outcome, Publish):
                self.published.append(outcome)
                if self.device.connected:
                    self.take(self.device.hear(self.now, outcome.topic, outcome.data, retained=False))

    def trouble(self):
        """What the operator is told of the siren."""
        return "; ".join(self.desk.troubles(self.server).values())

    def refusals(self):
        return [fields["reason"] for name, fields in self.events if name == "refused"]

    def done(self):
        return [r["done"] for r in self.reports if r["what"] == "acknowledgement"]

    def said(self, name):
        return [fields for event, fields in self.events if event == name]
