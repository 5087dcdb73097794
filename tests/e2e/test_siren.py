"""``rampart siren`` as users start it: a raid is fed, it rings, acknowledges and stops; bad arguments are one line."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import wave
from contextlib import contextmanager
from itertools import groupby

import numpy as np
import pytest

pytest.importorskip("aiomqtt")
pytest.importorskip("cryptography")
WAIT_S = 120.0
PLAYER = """
import json, os, sys, time
os.makedirs(sys.argv[1], exist_ok=True)
name = os.path.join(sys.argv[1], f"{time.time_ns()}-{os.getpid()}")
with open(name + ".part", "w") as log:
    json.dump({"argv": sys.argv[2:], "env": {k: v for k, v in os.environ.items() if "SIREN" in k}}, log)
os.rename(name + ".part", name + ".json")
if os.environ.get("RAMPART_SIREN_ACTION") != "stop":
    time.sleep(100)
"""


@pytest.fixture
def broker(require_service, tmp_path):
    """The URL of a mosquitto that ends with the test."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    (tmp_path / "m.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    program = [require_service("mosquitto"), "-c", str(tmp_path / "m.conf")]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + WAIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
            break
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.02)
    yield f"mqtt://127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture
def home(tmp_path):
    """The environment of a user who has never used a siren."""
    return {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")}


def rampart(*args, env, **more):
    command = [sys.executable, "-m", "rampart", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=550, **more)


class Siren:
    """A siren in a process of its own."""

    def __init__(self, args, env, folder, name):
        self.out = folder / f"{name}.jsonl"
        with self.out.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rampart", "siren", *map(str, args), "--device", name, "--json"],
                stdout=file, stderr=subprocess.PIPE, text=True, env=env,
            )  # fmt: skip

    def events(self, name=None):
        lines = self.out.read_text().splitlines()
        events = [json.loads(line) for line in lines if line.endswith("}")]
        return [event for event in events if name in (None, event["event"])]

    def until(self, name, count=1):
        end = time.monotonic() + WAIT_S
        while len(self.events(name)) < count:
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < end, self.events()
            time.sleep(0.05)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(WAIT_S)
        self.process.stderr.close()


@contextmanager
def sirens(*specs, env, folder):
    started = [Siren(args, env, folder, name) for name, args in specs]
    try:
        yield started
    finally:
        for siren in started:
            siren.end()


def log_of(path):
    """What the player was told, each time, in the order in which it began."""
    return [json.loads(file.read_text()) for file in sorted(path.glob("*.json"))]


@pytest.mark.counterparty
@pytest.mark.compiled
@pytest.mark.slow
def test_it_rings_when_a_simulated_raid_is_fed(broker, home, tmp_path):
    """Nothing is set up: the local key, no site, one siren in the zone of the raid and one in another."""
    player, log, waves = tmp_path / "player.py", tmp_path / "played", tmp_path / "waves"
    player.write_text(PLAYER)
    relay_log = tmp_path / "relayed"
    common = ["--broker", broker, "--sound-exercise", "--heartbeat-s", "1"]
    with sirens(
        ("roof", [*common, "--zone", "farmland-west", "--waves", waves, "--language", "es",
                  "--player", f"'{sys.executable}' '{player}' '{log}'"]),
        ("relay", [*common, "--zone", "farmland-west", "--command", f"'{sys.executable}' '{player}' '{relay_log}' on"]),
        ("deaf", ["--broker", broker, "--heartbeat-s", "1", "--zone", "farmland-west", "--mute"]),
        ("gate", [*common, "--zone", "compound", "--mute"]),
        env=home, folder=tmp_path,
    ) as (roof, relay, deaf, gate):  # fmt: skip
        for siren in (roof, relay, deaf, gate):
            siren.until("connected")
        done = rampart("exercise", "bdsc-rocket", "--seed", 1, "--speed", 5, "--to", broker, "--json", env=home)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        said = [row["phase"] for row in answer["warnings"] if row["zone"] == "farmland-west"]
        assert said[-1] == "release"
        begun = [phase for phase, _ in groupby(said)]  # an update in the same phase goes on with the sound
        for siren in (roof, relay):
            siren.until("command", len(said))
            siren.until("stopped", len(begun))
    # a phase that lasts for less than a quarter of a second at this speed has been begun, and is not called a ring
    rang = [e["phase"] for e in roof.events("ring")]
    assert rang[-2:] == ["shelter", "release"]
    assert set(rang) <= set(said)
    assert [e["phase"] for e in roof.events("stopped")] == begun
    assert {e["status"] for e in roof.events("ring")} == {"exercise"}
    assert roof.events("ring")[0]["texts"]["es"]["spoken"].startswith("Simulacro, simulacro.")
    stopped = [(e["phase"], e["why"]) for e in roof.events("stopped")]
    assert stopped[:-1] == [(phase, "superseded") for phase in begun[:-1]]
    assert stopped[-1][0] == "release"
    assert roof.events()[-1] == {**roof.events()[-1], "event": "ended", "rang": len(rang)}
    assert not deaf.events("ring")
    assert {e["done"] for e in deaf.events("command")} == {"not_enabled"}
    assert not gate.events("ring")
    assert not gate.events("command")
    (peer,) = [p for p in answer["peers"] if p["kind"] == "siren"]
    assert peer["acknowledged"] == peer["messages"] == len(answer["warnings"])

    played = log_of(log)
    assert [row["argv"][0].rpartition("/")[2] for row in played][-2:] == [
        "shelter-exercise.wav",
        "release-exercise.wav",
    ]
    relayed = [(row["env"]["RAMPART_SIREN_ACTION"], row["env"]["RAMPART_SIREN_PHASE"]) for row in log_of(relay_log)]
    assert {(action, phase) for action in ("start", "stop") for phase in ("shelter", "release")} <= set(relayed)
    assert relayed[-1] == ("stop", "release")
    first = log_of(relay_log)[0]
    assert first["argv"] == ["on"]
    assert first["env"]["RAMPART_SIREN_TEXT"].startswith("Exercise, exercise.")
    assert first["env"]["RAMPART_SIREN_STATUS"] == "exercise"
    heard_s, hz = listen(waves / "release-exercise.wav")
    assert heard_s == pytest.approx(12.0, abs=0.5)
    assert np.median(hz[20:]) == pytest.approx(440.0, abs=10.0)
    heard_s, hz = listen(waves / "shelter-exercise.wav")
    assert 5.0 < heard_s <= 60.0
    assert hz[10:].min() < 600.0 < 1100.0 < hz[10:].max()


def listen(path):
    """How long a wave file is, and the strongest frequency in each tenth of a second."""
    with wave.open(str(path)) as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2")
    parts = samples[: len(samples) // (rate // 10) * (rate // 10)].reshape(-1, rate // 10)
    strongest = np.abs(np.fft.rfft(parts * np.hanning(rate // 10), axis=1)).argmax(axis=1)
    return len(samples) / rate, strongest * 10.0


@pytest.mark.counterparty
def test_once_and_for_end_it_and_say_whether_it_rang(broker, home):
    done = rampart("siren", "--broker", broker, "--zone", "north", "--mute", "--once", "--for", 1.5, "--json", env=home)
    assert done.returncode == 1
    assert done.stderr == "rampart: nothing was sounded within 1.5 s\n"
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["started", "connected", "ended"]
    done = rampart("siren", "--broker", broker, "--zone", "north", "--mute", "--for", 1, env=home)
    assert done.returncode == 0
    assert "started" in done.stdout


def test_a_broker_that_is_not_there_is_tried_again_and_told_of(home):
    done = rampart("siren", "--broker", "mqtt://127.0.0.1:9", "--zone", "n", "--mute", "--for", 1.5, "--json", env=home)
    assert done.returncode == 0
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert events.count("disconnected") >= 2


def test_keys_are_made_once_and_for_their_owner_alone(home, tmp_path):
    key = tmp_path / "site.key"
    done = rampart("siren", "--make-keys", key, "--site", "embassy", "--exercise-only", "--json", env=home)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["line"] == (tmp_path / "site.key.pub").read_text().strip()
    assert " embassy exercise,test " in said["line"]
    assert key.stat().st_mode & 0o077 == 0
    before = key.read_bytes()
    done = rampart("siren", "--make-keys", key, "--site", "embassy", env=home)
    assert (done.returncode, key.read_bytes()) == (2, before)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "--zone"),
        (("--zone", "a/b"), "--zone"),
        (("--zone", "n", "--device", "#"), "--device"),
        (("--zone", "n", "--broker", "http://x"), "mqtt://"),
        (("--zone", "n", "--broker", "mqtt://u:p@x"), "mqtt://"),
        (("--zone", "n", "--broker", "mqtt://elsewhere"), "--key"),
        (("--zone", "n", "--key", "absent.pub"), "absent.pub"),
        (("--zone", "n", "--key", "bad.pub"), "bad.pub:1"),
        (("--zone", "n", "--command", "no-such-program on"), "no-such-program"),
        (("--zone", "n", "--command", "echo 'x"), "--command"),
        (("--zone", "n", "--phases", "shelter,lunch"), "--phases"),
        (("--zone", "n", "--heartbeat-s", "30", "--link-lost-s", "30"), "link"),
        (("--zone", "n", "--for", "soon"), "--for"),
        (("--zone", "n", "--mqtt", "4"), "3.1.1"),
        (("--zone", "n", "--ca-file", "x.pem"), "mqtts"),
        (("--make-keys", "x.key"), "--site"),
    ],
)
def test_bad_arguments_are_one_line(args, says, home, tmp_path):
    (tmp_path / "bad.pub").write_text("rubbish\n")
    done = rampart("siren", *args, env=home, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert not (tmp_path / "x.key").exists()
