"""Sirens and their server through a mosquitto broker of its own process."""

import asyncio
import secrets
import socket
import subprocess
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from rampart.pipeline import Outputs
from rampart.records import (
    AlertStatus,
    DecisionKind,
    DetectionFlag,
    Engagements,
    Outcome,
    Phase,
    Predictions,
    Site,
    TargetClass,
    Tracks,
    Warnings,
    Zone,
    decide,
)
from rampart.serve.delivery import Dispatcher, Setting
from rampart.wire.siren import Action, Command, SigningKey, command_topic, device_topic, seal

aiomqtt = pytest.importorskip("aiomqtt")
pytest.importorskip("cryptography")
from rampart.serve.siren.broker import parse_broker  # noqa: E402
from rampart.serve.siren.device import DeviceSettings  # noqa: E402
from rampart.serve.siren.out import SirenSpec  # noqa: E402
from rampart.serve.siren.player import PlayerSettings  # noqa: E402
from rampart.serve.siren.program import ProgramSettings, SirenProgram  # noqa: E402
from rampart.serve.siren.store import MarksFile, make_keys  # noqa: E402

pytestmark = pytest.mark.counterparty
WAIT_S = 15.0
EVERY = tuple(AlertStatus)
ROOF = (("roof-1", "north"),)
SQUARE = np.array([[-100.0, 0.0], [100.0, 0.0], [100.0, 200.0], [-100.0, 200.0]])
SITE = Site("embassy", 0.58, 0.77, 34.0, zones=(Zone("north", SQUARE), Zone("south", SQUARE - [0.0, 400.0])))


class Mosquitto:
    """A broker on a port of its own, with what it forgets when it ends."""

    def __init__(self, program, folder):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.program, self.config = program, folder / "mosquitto.conf"
        self.config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n"
        )
        self.process = None

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + WAIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
                return self
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.02)

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def mosquitto(require_service, tmp_path):
    broker = Mosquitto(require_service("mosquitto"), tmp_path).start()
    yield broker
    broker.stop()


@pytest.fixture
def keys(tmp_path):
    return make_keys(tmp_path / "site.key", "embassy", EVERY)


def step(number=1, sequence=0, zone=0, phase=Phase.SHELTER, status=AlertStatus.EXERCISE, left_s=20.0):
    now_ns = time.time_ns()
    warnings = Warnings.build(
        number=[number], sequence=[sequence], zone=[zone], phase=[int(phase)], time_ns=[now_ns],
        target_class=[int(TargetClass.ROCKET)], probability=[0.4], status=[int(status)], tracks=[(3,)], reason=["down"],
        sensor_ns=[now_ns - 200_000_000], received_ns=[now_ns - 100_000_000],
        time_to_impact_s=[left_s if phase < Phase.RELEASE else float("nan")],
    )  # fmt: skip
    return Outputs(now_ns, Tracks.empty(), Predictions.empty(), warnings, Engagements.empty(), {}, None)


def silence(zone, reason, flags=DetectionFlag.NONE, warning=0):
    return decide(
        SITE, 1, time.time_ns(), DecisionKind.SILENCE, "A. Smith", reason, zones=[zone], flags=flags, warning=warning
    )


async def until(condition, seconds=WAIT_S):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@dataclass
class Siren:
    """A siren that runs in this process, and what it told."""

    program: SirenProgram
    events: list = field(default_factory=list)

    def said(self, name):
        return [fields for event, fields in self.events if event == name]

    def rings(self):
        return [fields["phase"] for fields in self.said("ring")]


@asynccontextmanager
async def siren(mosquitto, keys, tmp_path, zone="north", *, site="embassy", name="roof-1", statuses=EVERY, version="5",
                heartbeat_s=0.3, lost_s=1.5, player=None, trusted=None, key=None):  # fmt: skip
    running = Siren(None)
    settings = ProgramSettings(
        DeviceSettings(site, zone, name, frozenset(statuses), heartbeat_s=heartbeat_s, link_lost_s=lost_s, chirp_s=5.0),
        trusted or (keys.trusted,), parse_broker(mosquitto.url, version=version), player or PlayerSettings(mute=True),
        MarksFile(tmp_path / f"{name}.json"), key,
    )  # fmt: skip
    running.program = SirenProgram(settings, lambda event, fields: running.events.append((event, fields)))
    task = asyncio.create_task(running.program.run())
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def server(mosquitto, tmp_path, *, devices=(("roof-1", "north"), ("gate", "south")), live=False, **more):
    listed = [{"id": name, "zone": zone} for name, zone in devices]
    spec = SirenSpec.model_validate(
        {"id": "sirens", "kind": "siren", "url": mosquitto.url, "signing_key": "site.key", "device": listed,
         "languages": ["en"], "heartbeat_lost_s": 1.5, **more}
    )  # fmt: skip
    alarms = []
    out = spec.build(SITE, Setting(time.time_ns, live=live, folder=tmp_path))
    dispatcher = Dispatcher([out], time.time_ns, alarms.append)
    dispatcher.raised, dispatcher.channel = alarms, out.channel
    task = asyncio.create_task(dispatcher.run())
    try:
        await until(lambda: dispatcher.health() and dispatcher.health()[0].state == "up")
        yield dispatcher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def linked(*sirens):
    for one in sirens:
        await until(lambda one=one: one.said("link_up"))


def run(work):
    asyncio.run(work())


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_only_the_siren_of_the_zone_rings_and_its_acknowledgement_is_recorded(mosquitto, keys, tmp_path, version):
    async def work():
        async with (
            server(mosquitto, tmp_path, version=version) as dispatcher,
            siren(mosquitto, keys, tmp_path, version=version) as north,
            siren(mosquitto, keys, tmp_path, "south", name="gate", version=version) as south,
        ):
            await linked(north, south)
            dispatcher.tell("embassy", step())
            await until(lambda: Outcome.ACKNOWLEDGED in dispatcher.deliveries().outcome.tolist())
            dispatcher.tell("embassy", step(sequence=1, phase=Phase.RELEASE))
            await until(lambda: dispatcher.deliveries().outcome.tolist() == [Outcome.ACKNOWLEDGED] * 4)
            assert north.rings() == ["shelter", "release"]
            assert [f["why"] for f in north.said("stopped")] == ["superseded"]
            assert not south.rings()
            rows = dispatcher.deliveries()
            assert rows.peer.tolist() == ["sirens", "sirens/roof-1"] * 2
            assert rows.note.tolist() == ["roof-1 (sounds)", "sounds"] * 2
            assert (rows.acknowledged_ns >= rows.sent_ns).all()
            assert not dispatcher.alarms()
            text = north.said("ring")[0]["texts"]["en"]
            assert text["headline"].startswith("EXERCISE: Rocket attack - take shelter now - north")

    run(work)


def test_a_dead_siren_is_an_alarm_within_two_seconds(mosquitto, keys, tmp_path):
    async def work():
        async with server(mosquitto, tmp_path, heartbeat_lost_s=60.0) as dispatcher:
            dispatcher.tell("embassy", step())
            began = time.monotonic()
            await until(lambda: dispatcher.raised)
            assert time.monotonic() - began < 2.0 + 1.0  # the second is the test machine's
            assert "roof-1 did not acknowledge shelter of embassy/W1" in dispatcher.raised[0].text
            async with siren(mosquitto, keys, tmp_path) as north:
                await until(lambda: north.rings() == ["shelter"])  # what the broker kept still holds
                await linked(north)
                dispatcher.tell("embassy", step(sequence=1, phase=Phase.CANCEL))
                await until(lambda: not dispatcher.alarms())

    run(work)


async def publish(mosquitto, topic, data, *, retain=False, version="5"):
    client = parse_broker(mosquitto.url, version=version).client("somebody")
    async with client:
        await client.publish(topic, data, qos=1, retain=retain)


def command(lives_ms=30_000, **changes):
    issued_ms = time.time_ns() // 1_000_000
    made = {
        "site": "embassy",
        "zone": "north",
        "status": AlertStatus.EXERCISE,
        "sequence": issued_ms,
        "issued_ms": issued_ms,
        "expires_ms": issued_ms + lives_ms,
        "action": Action.SOUND,
        "warning": "embassy/W1",
        "opened_ms": 1,
        "phase": Phase.SHELTER,
        "seconds": 5.0,
        **changes,
    }
    return Command(**made)


@pytest.mark.parametrize("server_up", [True, False])
def test_what_has_expired_at_the_broker_is_never_played(mosquitto, keys, tmp_path, server_up):
    topic = command_topic("embassy", "north", AlertStatus.EXERCISE)

    async def look():
        async with siren(mosquitto, keys, tmp_path) as north:
            await until(lambda: north.said("refused") if server_up else north.said("held"))
            await asyncio.sleep(1.5)
            assert not north.rings()
            if server_up:
                assert [f["reason"] for f in north.said("refused")] == ["expired"]

    async def work():
        await publish(mosquitto, topic, seal(command(lives_ms=300).payload(), keys), retain=True)
        await asyncio.sleep(0.4)
        if server_up:
            async with server(mosquitto, tmp_path, devices=()):
                await look()
        else:
            await look()

    run(work)


def test_forged_altered_and_replayed_messages_ring_nothing(mosquitto, keys, tmp_path):
    stranger = SigningKey("embassy", EVERY, secrets.token_bytes(32))
    topic = command_topic("embassy", "north", AlertStatus.EXERCISE)

    async def work():
        async with server(mosquitto, tmp_path), siren(mosquitto, keys, tmp_path) as north:
            await linked(north)
            good = seal(command(warning="embassy/W7").payload(), keys)
            later = command(issued_ms=command().issued_ms + 60_000, lives_ms=90_000)
            said = {"site": "embassy", "zone": "north", "device": "roof-1", "nonce": "x", "time_ms": 5}
            bad = {
                "unknown_key": (topic, seal(command().payload(), stranger)),
                "unsigned": (topic, seal(command().payload(), None)),
                "signature": (topic, good.replace(b"embassy/W7", b"embassy/W8")),
                "wrong_zone": (topic, seal(command(zone="south").payload(), keys)),
                "wrong_site": (topic, seal(command(site="airport").payload(), keys)),
                "wrong_status": (topic, seal(command(status=AlertStatus.TEST).payload(), keys)),
                "from_the_future": (topic, seal(later.payload(), keys)),
                "not_ours": (topic, b"\x00" * 2000),
                "too_long": (topic, b"x" * 20_000),
                "stale_answer": (
                    device_topic("embassy", "north", "roof-1", "answer"),
                    seal({"kind": "answer", **said}, keys),
                ),
            }  # fmt: skip
            for where, data in bad.values():
                await publish(mosquitto, where, data)
            await until(lambda: {f["reason"] for f in north.said("refused")} == set(bad))
            assert not north.rings()
            await publish(mosquitto, topic, good)
            await until(lambda: north.rings() == ["shelter"])
            release = command(warning="embassy/W7", revision=1, phase=Phase.RELEASE)
            await publish(mosquitto, topic, seal(release.payload(), keys))
            await until(lambda: north.rings() == ["shelter", "release"])
            await publish(mosquitto, topic, good)
            await until(lambda: north.said("refused")[-1]["reason"] == "replayed")
            assert north.rings() == ["shelter", "release"]

    run(work)


def test_exercise_sounds_only_where_it_is_enabled(mosquitto, keys, tmp_path):
    async def work():
        async with (
            server(mosquitto, tmp_path, live=True) as dispatcher,
            siren(mosquitto, keys, tmp_path, statuses=(AlertStatus.ACTUAL,)) as north,
        ):
            await linked(north)
            dispatcher.tell("embassy", step())
            await until(lambda: north.said("command"))
            assert [f["done"] for f in north.said("command")] == ["not_enabled"]
            dispatcher.tell("embassy", step(2, status=AlertStatus.ACTUAL))
            await until(lambda: north.rings() == ["shelter"])
            assert north.said("ring")[0]["status"] == "actual"
            assert "EXERCISE" not in north.said("ring")[0]["texts"]["en"]["headline"]
            await until(lambda: {"roof-1 (not_enabled)", "not_enabled"} <= set(dispatcher.deliveries().note.tolist()))

    run(work)


def test_a_service_that_is_not_live_says_nothing_as_actual(mosquitto, keys, tmp_path):
    async def work():
        async with server(mosquitto, tmp_path) as dispatcher, siren(mosquitto, keys, tmp_path) as north:
            await linked(north)
            dispatcher.tell("embassy", step(status=AlertStatus.ACTUAL))
            await until(lambda: north.rings() == ["shelter"])
            assert north.said("ring")[0]["status"] == "exercise"

    run(work)


def test_a_lost_heartbeat_alarms_at_both_ends(mosquitto, keys, tmp_path):
    async def work():
        async with siren(mosquitto, keys, tmp_path) as north:
            async with server(mosquitto, tmp_path, devices=(("roof-1", "north"),)) as dispatcher:
                await linked(north)
                await until(lambda: not dispatcher.alarms())
                async with asyncio.timeout(WAIT_S):  # the siren hears nothing more, and the server nothing of it
                    north.program.device.trusted = ()
                    while not any("no heartbeat" in alarm.text for alarm in dispatcher.raised):
                        await asyncio.sleep(0.05)
                assert north.said("link_lost")
                north.program.device.trusted = (keys.trusted,)
                await until(lambda: len(north.said("link_up")) == 2)
                await until(lambda: not dispatcher.alarms())
            await until(lambda: len(north.said("link_lost")) == 2)  # the server is gone
            assert not north.rings()
            assert north.said("link_lost")[0]["texts"]["en"]["headline"].startswith("Warnings may not come")
        async with server(mosquitto, tmp_path, devices=(("roof-1", "north"),)) as dispatcher:
            await until(lambda: any("no heartbeat" in alarm.text for alarm in dispatcher.raised))

    run(work)


def test_both_come_back_after_the_broker_and_what_holds_is_said_again(mosquitto, keys, tmp_path):
    async def work():
        async with server(mosquitto, tmp_path, devices=(("roof-1", "north"),)) as dispatcher:
            async with siren(mosquitto, keys, tmp_path) as north:
                await linked(north)
                dispatcher.tell("embassy", step(left_s=60.0))
                await until(lambda: north.rings() == ["shelter"])
                mosquitto.stop()
                await until(lambda: north.said("disconnected") and dispatcher.health()[0].state == "down")
                mosquitto.start()  # it has forgotten everything
                await until(lambda: len(north.said("connected")) == 2 and dispatcher.health()[0].state == "up")
                await until(lambda: any(f["done"] == "kept" for f in north.said("command")))
                assert north.rings() == ["shelter"]  # the same message does not sound twice
                dispatcher.tell("embassy", step(sequence=1, phase=Phase.RELEASE))
                await until(lambda: north.rings() == ["shelter", "release"])
            dispatcher.tell("embassy", step(2, left_s=60.0))
            async with siren(mosquitto, keys, tmp_path) as late:  # the marks of its earlier life are on disk
                await until(lambda: late.rings() == ["shelter"])

    run(work)


def test_silence_in_an_exercise_leaves_alone_what_is_meant(mosquitto, keys, tmp_path):
    async def work():
        async with (
            server(mosquitto, tmp_path, live=True, devices=ROOF) as dispatcher,
            siren(mosquitto, keys, tmp_path) as north,
        ):
            await linked(north)
            dispatcher.tell("embassy", step(status=AlertStatus.ACTUAL))
            await until(lambda: north.rings() == ["shelter"])
            dispatcher.decide("embassy", silence("north", "training", DetectionFlag.SIMULATED))
            dispatcher.decide("embassy", silence("north", "another one", warning=7))
            await asyncio.sleep(0.5)
            assert north.said("stopped") == []
            dispatcher.decide("embassy", silence("north", "heard by all", warning=1))
            await until(lambda: [f["why"] for f in north.said("stopped")] == ["silence"])

    run(work)


def test_an_order_to_be_silent_that_does_not_get_through_is_an_alarm(mosquitto, keys, tmp_path):
    async def work():
        async with server(mosquitto, tmp_path, devices=ROOF) as dispatcher:
            dispatcher.decide("embassy", silence("north", "horn stuck"))
            await until(lambda: any(alarm.what == "silence north" for alarm in dispatcher.alarms()))

    run(work)


def test_silence_and_the_silent_self_test(mosquitto, keys, tmp_path):
    async def work():
        async with server(mosquitto, tmp_path, devices=ROOF) as dispatcher, siren(mosquitto, keys, tmp_path) as north:
            await linked(north)
            dispatcher.tell("embassy", step())
            await until(lambda: north.rings() == ["shelter"])
            dispatcher.decide("embassy", silence("south", "not this one"))
            dispatcher.decide("embassy", silence("north", "horn stuck"))
            await until(lambda: [f["why"] for f in north.said("stopped")] == ["silence"])
            assert dispatcher.alarms() == []
            channel = dispatcher.channel
            channel._publish_soon(channel.desk.test(_clocks(), "roof-1"))
            await until(lambda: north.said("self_test"))
            await until(lambda: channel.desk.sirens["roof-1"].self_test)
            assert channel.desk.sirens["roof-1"].self_test["passed"]
            assert north.rings() == ["shelter"]

    run(work)


def _clocks():
    from rampart.serve.siren.program import read_clocks

    return read_clocks()


def test_signed_reports_of_a_device_with_a_key_of_its_own(mosquitto, keys, tmp_path):
    own = make_keys(tmp_path / "roof-1.key", "embassy", EVERY)

    async def work():
        devices = [{"id": "roof-1", "zone": "north", "public_key": own.trusted.line}]
        async with server(mosquitto, tmp_path, devices=(), device=devices) as dispatcher:
            async with siren(mosquitto, keys, tmp_path) as mute:  # signs nothing
                await until(lambda: mute.said("connected"))
                dispatcher.tell("embassy", step())
                await until(lambda: any("did not acknowledge" in alarm.text for alarm in dispatcher.raised))
            async with siren(mosquitto, keys, tmp_path, key=own) as north:
                await linked(north)
                dispatcher.tell("embassy", step(2))
                await until(lambda: "roof-1 (sounds)" in dispatcher.deliveries().note.tolist())

    run(work)


def test_a_siren_without_a_site_follows_the_server_that_its_key_speaks_for(mosquitto, tmp_path):
    everywhere = make_keys(tmp_path / "site.key", "*", (AlertStatus.EXERCISE,))

    async def work():
        async with siren(mosquitto, everywhere, tmp_path, site="*") as north:
            await until(lambda: north.said("connected"))
            async with server(mosquitto, tmp_path, devices=()) as dispatcher:
                await linked(north)
                dispatcher.tell("embassy", step())
                await until(lambda: north.rings() == ["shelter"])

    run(work)


def test_latency_from_the_step_to_the_sound(mosquitto, keys, tmp_path):
    """No bound on the time: what is measured is printed with -s, and stands in docs/siren.md."""

    async def work():
        async with server(mosquitto, tmp_path, devices=ROOF) as dispatcher, siren(mosquitto, keys, tmp_path) as north:
            await linked(north)
            for i in range(1, 21):
                dispatcher.tell("embassy", step(2 * i))
                await until(lambda i=i: len(north.rings()) == 2 * i - 1)
                dispatcher.tell("embassy", step(2 * i, 1, phase=Phase.RELEASE))
                await until(lambda i=i: len(north.rings()) == 2 * i)
            await until(lambda: set(dispatcher.deliveries().outcome.tolist()) == {Outcome.ACKNOWLEDGED})
            rows = dispatcher.deliveries()
            heard = (rows.acknowledged_ns - rows.decided_ns)[rows.peer == "sirens/roof-1"] / 1e6
            print(f"decided to acknowledged: p50 {np.median(heard):.1f} ms, max {heard.max():.1f} ms, n {len(heard)}")
            assert len(heard) == 40

    run(work)
