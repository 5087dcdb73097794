"""``rampart coverage`` through the command line: the files it leaves, and what it refuses."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from rampart.cli.main import main

pytestmark = pytest.mark.compiled

SITE = """schema = 1
name = "hills"
start = 2021-07-05T21:00:00Z
duration_s = 60.0

[[site]]
id = "hills"
origin = { lat_deg = 33.5, lon_deg = 44.5, height_m = 100.0 }
terrain = "N33E044.hgt"
terrain_radius_m = 6000.0

[[sensor]]
id = "r1"
kind = "radar3d"
position_enu_m = [0.0, 0.0, 15.0]
minimum_radial_speed_ms = 5.0
"""
ASK = ("--kind", "multirotor", "--height-m", "60", "--cell-m", "200", "--extent-km", "8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tile(tmp_path, np.full((1201, 1201), 100))
    (tmp_path / "site.toml").write_text(SITE)
    return tmp_path


def write_tile(folder: Path, heights: np.ndarray, name: str = "N33E044.hgt") -> None:
    (folder / name).write_bytes(heights.astype(">i2").tobytes())


@pytest.fixture
def rampart(monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["rampart", "coverage", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        return stopped.value.code or 0, said.out, said.err

    return run


def test_it_answers_in_json_and_writes_its_files(folder, rampart):
    code, out, err = rampart("site.toml", *ASK, "--out", "cover", "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert said["schema"] == 1
    assert said["kind"] == "multirotor"
    assert said["sensors"]["all"]["area_km2"] == said["sensors"]["r1"]["area_km2"] > 10.0
    assert said["zones"]["origin"]["seconds_before_arrival_min"] > 60.0
    assert all((folder / "cover" / name).stat().st_size for name in said["files"])


def test_it_says_in_words_what_a_rocket_radar_misses(folder, rampart):
    code, out, _ = rampart("asad-drones", *ASK, "--out", "cover")
    assert code == 0
    assert "not seen because of notch" in out
    assert "from no bearing seen before arrival" in out


def test_it_names_the_cheapest_addition(folder, rampart):
    (folder / "list.toml").write_text(
        'schema = 1\n[[candidate]]\nid = "rf"\nkind = "direction_finder"\nposition_enu_m = [0.0, 0.0, 9.0]\ncost = 3\n'
    )
    code, out, _ = rampart("asad-drones", *ASK, "--out", "cover", "--candidates", "list.toml", "--json")
    cheapest = json.loads(out)["addition"]["cheapest"]
    assert code == 0
    assert cheapest["add"] == ["rf"]
    assert cheapest["cost"] == 3.0
    assert cheapest["seconds_before_arrival_min"] > 30.0


def holes(heights: np.ndarray) -> np.ndarray:
    heights[590:600, 600:610] = -32768
    return heights


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: (f / "N33E044.hgt").unlink(), ["N33E044.hgt", "cannot read the terrain tile"]),
        (lambda f: write_tile(f, holes(np.full((1201, 1201), 100))), ["N33E044.hgt", "void samples"]),
        (lambda f: write_tile(f, np.full((1201, 1201), -32768)), ["N33E044.hgt", "every sample of the tile is void"]),
        (lambda f: (f / "N33E044.hgt").write_bytes(b"\0" * 1000), ["N33E044.hgt", "1,000 bytes"]),
        (lambda f: edit(f, "lat_deg = 33.5", "lat_deg = 35.5"), ["outside this tile"]),
        (lambda f: edit(f, "15.0]", "-15.0]"), ["sensor 'r1'", "15.0 m below the ground"]),
        (lambda f: camera(f, "sector_width_deg = 0.0"), ["site.toml:16", "sector_width_deg = 0.0"]),
        (
            lambda f: camera(f, "field_of_view_deg = 0.0", "eo_ir"),
            ["site.toml:16", "field_of_view_deg = 0.0, expected greater than 0"],
        ),
        (
            lambda f: camera(f, "min_elevation_deg = 10.0\nmax_elevation_deg = 10.0"),
            ["site.toml:12: sensor 'r1': expected min_elevation_deg below max_elevation_deg"],
        ),
        (lambda f: edit(f, SITE[SITE.index("[[sensor]]") :], ""), ["site 'hills' has no [[sensor]]"]),
    ],
)
def test_bad_ground_and_bad_sensors_are_one_line(folder, rampart, change, words):
    change(folder)
    check_refused(rampart("site.toml", *ASK, "--out", "cover"), words)
    assert not (folder / "cover").exists()


def camera(folder: Path, keys: str, kind: str = "camera") -> None:
    edit(folder, '"radar3d"', f'"{kind}"')
    edit(folder, "minimum_radial_speed_ms = 5.0", keys)


def edit(folder: Path, old: str, new: str) -> None:
    text = (folder / "site.toml").read_text()
    assert old in text
    (folder / "site.toml").write_text(text.replace(old, new))


def check_refused(said, words):
    code, out, err = said
    assert code == 2, err
    assert out == ""
    assert err.count("\n") == 1
    for word in words:
        assert word in err


@pytest.mark.parametrize("kind", ["acoustic", "direction_finder", "id_receiver", "eo_ir", "camera", "radar2d"])
def test_a_sensor_of_any_kind_underground_is_one_line(folder, rampart, kind):
    edit(folder, "minimum_radial_speed_ms = 5.0", "")
    edit(folder, '"radar3d"', f'"{kind}"')
    edit(folder, "15.0]", "-15.0]")
    check_refused(rampart("site.toml", *ASK, "--out", "cover"), ["sensor 'r1'", "15.0 m below the ground"])


@pytest.mark.parametrize("text", ["", "schema = 1\n", "schema = 1\ncandidate = []\n"])
def test_an_empty_list_of_candidates_is_one_line(folder, rampart, text):
    (folder / "list.toml").write_text(text)
    check_refused(rampart("site.toml", *ASK, "--out", "cover", "--candidates", "list.toml"), ["list.toml"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("site.toml", "--kind", "unicorn", "--height-m", "30"), ["no kind 'unicorn'"]),
        (("site.toml", "--kind", "multirotor", "--height-m", "-3"), ["height_m = -3"]),
        (("site.toml", "--kind", "multirotor"), ["--height-m"]),
        (("no.toml", *ASK), ["no.toml"]),
        (("iraq-2021", *ASK), ["--site"]),
        (("site.toml", *ASK, "--site", "x"), ["no site 'x'"]),
    ],
)
def test_bad_questions_are_one_line(folder, rampart, words, said):
    check_refused(rampart(*words, "--out", "cover"), said)
