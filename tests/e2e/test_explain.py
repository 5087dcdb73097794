"""``rampart run``, then ``rampart explain``: words, JSON, page; and what it refuses."""

import json
import sys

import pytest

from rampart.cli.main import main

pytestmark = pytest.mark.compiled

LIST = """schema = 1
[[candidate]]
id = "slow"
kind = "radar3d"
position_enu_m = [0.0, 0.0, 20.0]
minimum_radial_speed_ms = 3.0
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    from rampart.pipeline import load
    from rampart.study.files import run_to_folder

    folder = tmp_path_factory.mktemp("run")
    run_to_folder(load("asad-drones", overrides=["sensor.r1.minimum_radial_speed_ms=60"]), folder, seed=3)
    return folder / "recording.mcap"


@pytest.fixture
def rampart(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["rampart", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        return stopped.value.code or 0, said.out, said.err

    return run


def test_it_answers_in_json(rampart, recording, tmp_path):
    (tmp_path / "list.toml").write_text(LIST)
    code, out, err = rampart("explain", recording, "--candidates", "list.toml", "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert said["schema"] == 1
    for threat in said["threats"]:
        assert threat["missed"]
        assert threat["gate"] == "notch"
        assert threat["gates"][0]["sensor"] == "r1"
        assert [c["sensor"] for c in threat["would_have_caught"]] == ["slow"]


def test_it_answers_in_words_and_writes_a_page(rampart, recording, tmp_path):
    code, out, _ = rampart("explain", recording, "--out", "why.html")
    assert code == 0
    assert "MISSED" in out
    assert "it fell through notch" in out
    assert (tmp_path / "why.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    "text", ["", "schema = 1\n", "schema = 1\n[[candidate]]\nid = 3\n", LIST.replace("slow", "r1")]
)
def test_a_bad_list_is_one_line(rampart, recording, tmp_path, text):
    (tmp_path / "list.toml").write_text(text)
    refused(rampart("explain", recording, "--candidates", "list.toml"))


def test_a_candidate_underground_is_one_line(rampart, recording, tmp_path):
    (tmp_path / "list.toml").write_text(LIST.replace("20.0]", "-20.0]"))
    assert "20.0 m below the ground" in refused(rampart("explain", recording, "--candidates", "list.toml"))


def test_what_is_no_recording_is_one_line(rampart, tmp_path):
    (tmp_path / "bad.mcap").write_bytes(b"nothing")
    assert "bad.mcap" in refused(rampart("explain", "bad.mcap"))
    assert "none.mcap" in refused(rampart("explain", "none.mcap"))


def test_a_page_is_html(rampart, recording):
    assert "why.pdf" in refused(rampart("explain", recording, "--out", "why.pdf"))


def refused(said):
    code, out, err = said
    assert code == 2, err
    assert out == ""
    assert err.count("\n") == 1
    return err
