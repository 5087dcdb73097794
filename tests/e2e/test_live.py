"""``rampart serve`` beside ``rampart feed``: a raid is seen, a kill is survived, bad input is one line."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
pytestmark = pytest.mark.compiled


def until(condition, within_s=120.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def rampart(*words):
    command = [sys.executable, "-m", "rampart", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


class Serving:
    """A service in a process of its own, and what it logged."""

    def __init__(self, folder, *words):
        text = (EXAMPLES / "embassy.toml").read_text().replace("127.0.0.1:8600", "127.0.0.1:0")
        (folder / "site.toml").write_text(text)
        self.state, self._log = folder / "state", folder / "log"
        command = [sys.executable, "-m", "rampart", "serve", folder / "site.toml", "--state", self.state, *words]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(list(map(str, command)), stderr=log, stdout=subprocess.DEVNULL)

    def lines(self):
        found = []
        for line in self._log.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def starts(self):
        return [line for line in self.lines() if "session" in line]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def children(pid):
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def name_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.slow
def test_a_raid_is_seen_and_a_kill_survived(tmp_path):
    with Serving(tmp_path, "--headless") as serving:
        until(serving.starts)
        (first,) = serving.starts()
        assert first["mode"] == "shadow"
        port = first["ports"]["radar"]
        with subprocess.Popen(
            [sys.executable, "-m", "rampart", "feed", "embassy-rockets", "--seed", "7", "--to", f"udp://127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as feeding:  # fmt: skip
            session = next(serving.state.glob("2*"))
            until((session / "snapshot.bin").exists)
            time.sleep(5.0)
            (core,) = [pid for pid in children(serving.process.pid) if b"receiver" not in name_of(pid)]
            os.kill(core, signal.SIGKILL)
            until(lambda: len(serving.starts()) == 2)
            second = serving.starts()[1]
            assert second["session"] == first["session"]
            assert second["ports"] == first["ports"]
            assert any("recovered from" in line["text"] for line in serving.lines())
            assert feeding.wait(300) == 0
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(60) == 0
        assert len(list(serving.state.glob("2*"))) == 1  # one session, over the kill
        again = rampart("replay", session, "--json")
        assert again.returncode == 0, again.stderr
        answer = json.loads(again.stdout)
        assert answer["matches_recording"] is True
        assert answer["gaps"] == 0
        (report,) = serving.state.glob("shadow-*.json")
        said = json.loads(report.read_text())["warnings"]
        assert said
        assert {warning["status"] for warning in said} == {"exercise"}  # all of it was marked


BAD = {
    "no such file": (["serve", "nowhere.toml"], "nowhere.toml"),
    "a scenario is no site": (["serve", EXAMPLES / "one_radar.toml"], "[[threat]] is for simulation only"),
    "no such mode": (["serve", EXAMPLES / "embassy.toml", "--mode", "loud"], "expected shadow, exercise or actual"),
    "another machine": (["feed", "embassy-rockets", "--to", "udp://192.0.2.1:8600"], "--remote sends there"),
    "unmarked to another machine": (
        ["feed", "embassy-rockets", "--to", "udp://192.0.2.1:8600", "--remote", "--unmarked"],
        "goes to this machine only",
    ),
    "no address": (["feed", "embassy-rockets", "--to", "tcp://127.0.0.1"], "expected udp://HOST[:PORT]"),
    "no category": (["feed", "embassy-rockets", "--category", "21"], "expected 15 or 48"),
    "no source": (["feed", "no-such-raid"], "no scenario and no file named"),
    "no such sensor": (["feed", "embassy-rockets", "--source", "r9=1/1"], "expected SENSOR=SAC/SIC"),
    "no journal": (["replay", EXAMPLES], "examples"),
}


def test_a_port_that_is_taken_is_one_line_not_a_loop(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as feed:
        feed.bind(("127.0.0.1", 0))
        text = (EXAMPLES / "embassy.toml").read_text()
        (tmp_path / "a.toml").write_text(text.replace(":8600", f":{feed.getsockname()[1]}"))
        done = rampart("serve", tmp_path / "a.toml", "--headless", "--no-state")
        assert done.returncode == 2
        assert "cannot listen there: Address already in use" in done.stderr
        (tmp_path / "b.toml").write_text(text.replace(":8600", ":0"))
        done = rampart("serve", tmp_path / "b.toml", "--no-state", "--port", taken.getsockname()[1])
        assert done.returncode == 2
        assert "Address already in use" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_line(what):
    words, expected = BAD[what]
    done = rampart(*words)
    assert done.returncode == 2
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
