"""What surrounds the state machines: the [[out]] of a site file, tones, players, supply and files."""

import asyncio
import os
import stat
import sys
import time
import wave

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.records import AlertStatus, Phase
from rampart.serve.delivery import Setting
from rampart.serve.siren.broker import parse_broker
from rampart.serve.siren.draft import SirenEncoder
from rampart.serve.siren.effects import Extend, Play
from rampart.serve.siren.out import SirenSpec
from rampart.serve.siren.player import Player, PlayerSettings, split_command
from rampart.serve.siren.store import MarksFile, local_key, make_keys, read_signing_key, read_trusted
from rampart.serve.siren.supply import parse_probe, read_system, run_probe
from rampart.serve.siren.tone import LINK_LOST, PATTERNS, RATE_HZ, tone, write_wave

from ..raid import START, outputs, warning  # noqa: TID252
from .rig import sound

pytest.importorskip("cryptography")
pytest.importorskip("aiomqtt")
SECONDS = dict.fromkeys(Phase, 9.0)


def spec(**more):
    return SirenSpec.model_validate({"id": "s", "kind": "siren", "url": "mqtt://127.0.0.1", **more})


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def test_an_out_of_a_site_file_is_built_without_a_connection(site, home):
    made = make_keys(home / "site.key", "embassy", tuple(AlertStatus))
    own = make_keys(home / "roof.key", "embassy", (AlertStatus.TEST,)).trusted.line
    devices = [{"id": "roof", "zone": "north", "public_key": own}, {"id": "gate", "zone": "south"}]
    out = spec(signing_key="site.key", device=devices, self_test="23:59").build(site, Setting(lambda: 0, folder=home))
    assert out.channel.desk.key == made
    assert out.channel.desk.settings.self_test_s == 86_340.0
    assert sorted(out.channel.desk.sirens) == ["gate", "roof"]
    assert out.channel.languages == ("en", "ar", "ckb", "es")
    # together below what a peer takes for silence, and below 2 s
    assert out.channel.desk.settings.acknowledge_s * out.channel.desk.settings.tries < out.timing.silent_s


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"signing_key": "absent.key"}, "absent.key"),
        ({"signing_key": "other.key"}, "for site 'airport'"),
        ({"signing_key": "other.key.pub"}, "private"),
        ({"url": "mqtt://elsewhere"}, "signing_key: expected"),
        ({"device": [{"id": "a", "zone": "west"}]}, "no zone 'west'"),
        ({"device": [{"id": "a", "zone": "north"}, {"id": "a", "zone": "south"}]}, "listed twice"),
        ({"device": [{"id": "a", "zone": "north", "public_key": "x"}]}, "public_key is no public key"),
        ({"languages": ["xx"]}, "languages has 'xx'"),
        ({"ca_file": "ca.pem"}, "only with mqtts"),
        ({"url": "mqtts://127.0.0.1", "ca_file": "absent.pem"}, "absent.pem"),
        ({"password_file": "absent"}, "a password without a user"),
    ],
)
def test_a_bad_one_is_one_line_that_names_what_is_wrong(site, home, more, says):
    make_keys(home / "other.key", "airport", tuple(AlertStatus))
    with pytest.raises(InputError, match=says) as caught:
        spec(**more).build(site, Setting(lambda: 0, folder=home))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "more",
    [
        {"url": "http://x"},
        {"url": "mqtt://u:p@x"},
        {"self_test": "25:00"},
        {"shelter_s": 0},
        {"shelter_s": 601},
        {"loud": True},
    ],
)
def test_keys_are_checked(more):
    with pytest.raises(ValueError):
        spec(**more)


def test_messages_of_a_warning_become_drafts_that_expire_with_the_danger(site):
    encoder = SirenEncoder(site, live=False, seconds=SECONDS)
    first, last = (
        warning(left_s=20.0),
        warning(sequence=1, phase=Phase.RELEASE, time_ns=START + 5 * 10**9, reason="down"),
    )
    (message,) = encoder.encode(outputs(first))
    assert message.topic == "rampart/v1/embassy/siren/zone/north/exercise"
    assert message.expires_ns == START + 30 * 10**9
    assert message.retain
    texts = message.extra["draft"].texts(17.3, ("en", "es"))
    assert texts["en"].spoken == "Exercise, exercise. Take shelter now. Rocket attack. north. In about 15 seconds."
    assert texts["es"].headline.startswith("SIMULACRO")
    (message,) = encoder.encode(outputs(last))
    assert message.extra["draft"].opened_ns == START
    assert message.extra["draft"].reason == "down"
    for status in AlertStatus:
        (message,) = encoder.encode(outputs(warning(number=9, status=status)))
        assert message.extra["draft"].status == max(status, AlertStatus.EXERCISE)
    (message,) = SirenEncoder(site, True, SECONDS).encode(outputs(warning(status=AlertStatus.ACTUAL)))
    assert message.extra["draft"].status is AlertStatus.ACTUAL


# -- tones


def strongest_hz(samples):
    parts = samples[: len(samples) // 2205 * 2205].reshape(-1, 2205)
    return np.abs(np.fft.rfft(parts * np.hanning(2205), axis=1)).argmax(axis=1) * 10.0


def test_each_phase_has_a_sound_of_its_own_and_the_length_it_is_asked_for(tmp_path):
    heard = {}
    for name in PATTERNS:
        samples = tone(name, 7.3)
        assert len(samples) == round(7.3 * RATE_HZ)
        assert np.abs(samples).max() <= (0.11 if name == LINK_LOST else 0.81) * 32767
        heard[name] = {round(hz) for hz in strongest_hz(samples)}
    assert {660, 880} <= heard["prepare"]
    assert heard["release"] == {440}
    assert {880, 660, 440} <= heard["cancel"]
    assert min(heard["shelter"]) < 560 < 1140 < max(heard["shelter"])
    assert max(heard[LINK_LOST]) == 2000
    write_wave(tmp_path / "x.wav", tone("shelter", 2.0))
    with wave.open(str(tmp_path / "x.wav")) as file:
        assert (file.getframerate(), file.getnframes(), file.getsampwidth()) == (RATE_HZ, 2 * RATE_HZ, 2)


def test_an_exercise_is_led_in_by_pips_and_what_is_meant_is_not():
    actual, exercise, test = (tone("release", 3.0, status) for status in AlertStatus)
    assert strongest_hz(actual)[0] == 440.0
    assert strongest_hz(exercise)[[0, 2, 4]].tolist() == [1000.0] * 3
    assert strongest_hz(test)[0] == 1000.0
    assert strongest_hz(test)[8] == 440.0


# -- players

RECORD = """
import os, sys, time
with open(sys.argv[1], "a") as log:
    log.write(" ".join([os.environ.get("RAMPART_SIREN_ACTION", ""), *sys.argv[3:], sys.stdin.read()]).strip() + chr(10))
time.sleep(float(sys.argv[2]))
sys.exit(int(float(sys.argv[2]) < 0.15 and os.environ.get("FAILS", "0")))
"""


@pytest.fixture
def program(tmp_path):
    (tmp_path / "record.py").write_text(RECORD)
    log = tmp_path / "log"
    return lambda seconds, *more: (sys.executable, str(tmp_path / "record.py"), str(log), str(seconds), *more), log


def play(settings, seconds, *, stop=True, extend=None):
    """Play for so long; what the player said of it."""
    said = []

    async def work():
        player = Player(settings, lambda number, failed, ago_s: said.append((number, failed)))
        player.play(Play(1, sound(1000.0), 20.0))
        await asyncio.sleep(seconds / 2)
        if extend is not None:
            player.extend(Extend(1, extend, 20.0))
        await asyncio.sleep(seconds / 2)
        if stop:
            player.stop(1)
        await player.close()

    asyncio.run(work())
    return said


def test_a_command_is_told_to_start_and_to_stop_and_does_not_outlive_the_sound(program):
    argv, log = program
    began = time.monotonic()
    assert play(PlayerSettings(command=argv(60, "on")), 2.0) == [(1, "")]
    assert log.read_text().splitlines() == ["start on", "stop on"]
    assert time.monotonic() - began < 30.0


def test_a_player_that_fails_is_told_of(program, monkeypatch):
    argv, _ = program
    monkeypatch.setenv("FAILS", "1")
    # one that takes its time to fail is first taken for playing
    assert (1, "the player ended with 1") in play(PlayerSettings(wave=argv(0)), 4.0)
    assert play(PlayerSettings(), 0.2) == [(1, "no program that plays waves")]
    assert play(PlayerSettings(wave=("/no/such/program",)), 0.2)[0][1].startswith("cannot be run")


def test_tone_and_voice_take_turns(program, tmp_path):
    argv, log = program
    settings = PlayerSettings(wave=argv(0.2), voice=argv(0.2, "{language}"), languages=("en",), folder=tmp_path / "w")
    play(settings, 3.0)
    lines = log.read_text().splitlines()
    assert lines[0].endswith("shelter-exercise.wav")
    assert lines[1] == "en say"
    with wave.open(str(tmp_path / "w" / "shelter-exercise.wav")) as file:
        assert file.getnframes() == 6 * RATE_HZ


def test_an_argument_vector_is_split_and_no_shell_sees_it():
    assert split_command("echo 'a; rm -rf x' $HOME", "--command")[1:] == ("a; rm -rf x", "$HOME")
    for bad in ("", "echo '", "no-such-program-here"):
        with pytest.raises(InputError, match="--command"):
            split_command(bad, "--command")


def test_the_silent_check_plays_nothing(program, tmp_path):
    argv, log = program
    checks = Player(PlayerSettings(wave=argv(0), voice=("/no/such",), folder=tmp_path), lambda *_: None).check()
    assert checks == {"voice": "there is no program '/no/such'", "player": "ok", "wave": "ok"}
    assert not log.exists()


# -- supply


def test_supply_as_linux_tells_it(tmp_path):
    assert read_system(tmp_path / "absent") == parse_probe([])[0]
    for name, values in {"BAT0": {"type": "Battery", "capacity": "63"}, "AC": {"type": "Mains", "online": "0"}}.items():
        (tmp_path / name).mkdir()
        for key, value in values.items():
            (tmp_path / name / key).write_text(value + "\n")
    power = read_system(tmp_path)
    assert (power.battery_percent, power.mains) == (63.0, False)


def test_a_probe_that_fails_is_itself_a_fault():
    def probe(code):
        return asyncio.run(run_probe((sys.executable, "-c", code)))

    power, faults = probe("print('battery_percent 41'); print('mains on'); print('fault horn coil open'); print('?')")
    assert (power.battery_percent, power.mains, faults) == (41.0, True, {"horn": "coil open"})
    assert probe("raise SystemExit(3)")[1] == {"probe": "ended with 3"}
    assert probe("print('battery_percent nan'); print('battery_percent 900')")[0].battery_percent is None
    assert asyncio.run(run_probe(("/no/such",)))[1]["probe"].startswith("cannot be run")


# -- files


def test_marks_are_replaced_as_a_whole_and_bad_ones_are_told_of(tmp_path):
    file = MarksFile(tmp_path / "state" / "m.json")
    assert file.read() == {}
    assert not file.fault
    file.write({"t": 5})
    file.write({"t": 6})
    assert MarksFile(file.path).read() == {"t": 6}
    assert [p.name for p in file.path.parent.iterdir()] == ["m.json"]
    for bad in ("", "{", "[]", '{"marks": 3}', '{"marks": {"t": "x"}}'):
        file.path.write_text(bad)
        again = MarksFile(file.path)
        assert again.read() == {}
        assert "cannot be read" in again.fault


def test_keys_are_written_once_and_for_their_owner(home):
    key = make_keys(home / "k" / "site.key", "embassy", (AlertStatus.TEST,))
    assert read_signing_key(home / "k" / "site.key") == key
    assert read_trusted(home / "k" / "site.key.pub") == (key.trusted,)
    if os.name == "posix":
        assert stat.S_IMODE((home / "k" / "site.key").stat().st_mode) == 0o600
    with pytest.raises(InputError, match="already"):
        make_keys(home / "k" / "site.key", "embassy", (AlertStatus.TEST,))
    for bad in (home, home / "absent", home / "k"):
        with pytest.raises(InputError):
            read_signing_key(bad)
    (home / "long").write_bytes(b"x" * 70_000)
    with pytest.raises(InputError, match="too long"):
        read_trusted(home / "long")


def test_the_local_key_is_made_once_and_never_means_it(home):
    key = local_key()
    assert local_key() == key
    assert key.trusted.allows("anywhere", AlertStatus.EXERCISE)
    assert not key.trusted.allows("anywhere", AlertStatus.ACTUAL)


def test_brokers():
    assert parse_broker("mqtt://[::1]").local
    assert parse_broker("mqtts://broker.example").port == 8883
    assert parse_broker("mqtts://broker.example").tls.check_hostname
    for bad in ("", "x", "mqtt://", "mqtt://a/b", "mqtt://a:x", "mqtt://u@a", "ws://a", "mqtt://a?b=c"):
        with pytest.raises(InputError, match="expected mqtt://HOST"):
            parse_broker(bad)
