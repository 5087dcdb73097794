"""The files in examples/ run as the documentation shows them."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(*words: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_example_is_forgotten():
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == {
        "embassy.toml",
        "one_radar.toml",
        "read_recording.py",
        "seeds.py",
        "track_detections.py",
        "track_scene.py",
    }


def test_the_tracker_finds_the_target_among_false_alarms():
    said = run(EXAMPLES / "track_detections.py")
    assert said.count("track ") >= 1
    assert "existence 1.000" in said


@pytest.mark.compiled
def test_seeds_are_summed_up():
    said = run(EXAMPLES / "seeds.py")
    assert "15 threats" in said or "threats that needed a warning" in said


def test_a_site_file_runs_and_its_recording_is_read(tmp_path):
    run("-m", "rampart", "run", EXAMPLES / "one_radar.toml", "--seed", "3", "--out", tmp_path)
    said = run(EXAMPLES / "read_recording.py", tmp_path / "recording.mcap").splitlines()
    assert said[0] == "one-radar, seed 3"
    assert any("north: shelter" in line for line in said)


def test_a_live_site_is_sound():
    assert "live, in shadow mode" in run("-m", "rampart", "check", EXAMPLES / "embassy.toml")


def test_a_noisy_scene_is_tracked_and_plotted(tmp_path):
    said = run(EXAMPLES / "track_scene.py", tmp_path / "tracks.svg")
    assert "of 10 targets" in said
    assert float(said.split("completeness ")[1].split(",")[0]) > 0.9
    picture = (tmp_path / "tracks.svg").read_text()
    assert picture.count("<polyline") >= 20  # the truth and a track of each
    assert picture.rstrip().endswith("</svg>")
