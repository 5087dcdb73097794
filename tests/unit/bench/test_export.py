"""Scenes written to files: what stands in them is the scene, and our own command reads them."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from rampart.bench.export import SCENES, write_scenes
from rampart.bench.raid import make_raid
from rampart.bench.scenes import make_scene
from rampart.bench.stonesoup_adapter import read_scene
from rampart.errors import InputError


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.compiled
def test_same_seed_same_files(tmp_path):
    write_scenes(tmp_path / "a", ["cross_10", "raid_2r"], [3])
    write_scenes(tmp_path / "b", ["cross_10", "raid_2r"], [3])
    names = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.csv"))
    assert len(names) == 6
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_files_hold_the_scene(tmp_path):
    (folder,) = write_scenes(tmp_path, ["swarm_40"], [1])
    scene = make_scene("swarm", 40, 1)
    rows = table(folder / "detections.csv")
    assert len(rows) == len(scene.detections)
    bearing = np.pi / 2 - np.radians([float(row["azimuth_deg"]) for row in rows])
    np.testing.assert_allclose(np.exp(1j * bearing), np.exp(1j * scene.detections[:, 2]), atol=1e-9)
    assert [int(row["target"]) for row in table(folder / "answer.csv")] == scene.source.tolist()
    truth = table(folder / "truth.csv")
    np.testing.assert_allclose([float(row["up_m"]) for row in truth], scene.truth[:, 6], atol=1e-5)
    assert not (folder / "site.toml").exists()
    known = read_scene(folder)
    assert [sensor.id for sensor in known.sensors] == ["radar"]
    assert known.times_s.tolist() == list(range(60))


@pytest.mark.compiled
def test_answer_of_the_raid_has_its_biases(tmp_path):
    (folder,) = write_scenes(tmp_path, ["raid_2r"], [2])
    answer, raid = json.loads((folder / "answer.json").read_text()), make_raid(2)
    assert answer["biases"]["r2"]["clock_s"] == raid.biases["r2"].clock_s
    assert answer["targets"] == list(raid.flights)
    site = (folder / "site.toml").read_text()
    assert "threat" not in site
    assert str(raid.biases["r2"].clock_s) not in site


@pytest.mark.compiled
def test_track_command_reads_the_raid(tmp_path):
    (folder,) = write_scenes(tmp_path, ["raid_2r"], [0])
    command = [
        sys.executable, "-m", "rampart", "track", str(folder / "detections.csv"), "--site", str(folder / "site.toml"),
        "--out", str(tmp_path / "tracks.csv"), "--json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["detections"] == len(table(folder / "detections.csv"))
    assert answer["tracks"]["rows"] == len(table(tmp_path / "tracks.csv")) > 1000


def test_bad_requests_are_refused(tmp_path):
    with pytest.raises(InputError, match="no scene 'spiral'; expected some of cross_10"):
        write_scenes(tmp_path, ["spiral"])
    with pytest.raises(InputError, match="--seed -1: expected 0 or more"):
        write_scenes(tmp_path, ["cross_10"], [-1])
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_scenes(tmp_path / "file", ["cross_10"])
    assert {name for name in SCENES if name.startswith("cross")} >= {"cross_10", "cross_50", "cross_100", "cross_1000"}
