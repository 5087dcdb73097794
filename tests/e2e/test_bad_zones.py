"""Zones that cannot be right, through the command line: one line with file, place and what was expected, exit 2."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from rampart.cli.main import main
from rampart.physics.geodesy import enu_to_geodetic

GOOD = (Path(__file__).resolve().parents[2] / "examples" / "one_radar.toml").read_text(encoding="utf-8")
ZONE = GOOD[GOOD.index("[[zone]]") : GOOD.index("[[sensor]]")]
BARE = GOOD.replace(ZONE, "").replace("[[site]]", 'zones = "zones.geojson"\n\n[[site]]', 1)
SQUARE = [[-100.0, -100.0], [100.0, -100.0], [100.0, 100.0], [-100.0, 100.0]]
BOW_TIE = [[-100.0, -100.0], [100.0, 100.0], [100.0, -100.0], [-100.0, 100.0]]


@pytest.fixture
def refuse(tmp_path, monkeypatch, capsys):
    """Check files that must be refused; gives the one line."""

    def run(toml, *features):
        (tmp_path / "site.toml").write_text(toml, encoding="utf-8")
        if features:
            document = {"type": "FeatureCollection", "features": list(features)}
            (tmp_path / "zones.geojson").write_text(json.dumps(document), encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        lines = set()
        for command in ("check", "run"):
            monkeypatch.setattr(sys, "argv", ["rampart", command, "site.toml"])
            with pytest.raises(SystemExit) as stopped:
                main()
            said = capsys.readouterr()
            assert (stopped.value.code, said.out, said.err.count("\n")) == (2, "", 1), said.err
            lines.add(said.err.strip())
        assert not (tmp_path / "rampart-out").exists()
        [line] = lines
        return line.removeprefix("rampart: ")

    return run


def ring(corners, *, closed=True, swapped=False):
    latitude, longitude, _ = enu_to_geodetic(
        np.column_stack([corners, np.zeros(len(corners))]), np.radians(33.3), np.radians(44.39), 34.0
    )
    points = np.degrees(np.column_stack([latitude, longitude] if swapped else [longitude, latitude])).tolist()
    return [*points, points[0]] if closed else points


def feature(corners=SQUARE, *, identity="north", closed=True, swapped=False, **properties):
    properties = {"id": identity, "shelter_time_s": 12.0, **properties}
    properties = {key: value for key, value in properties.items() if value is not None}
    geometry = {"type": "Polygon", "coordinates": [ring(corners, closed=closed, swapped=swapped)]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ([feature(BOW_TIE)], "feature 1 (north): the polygon crosses itself"),
        ([feature(closed=False)], "feature 1 (north): the ring is not closed: the last point must equal the first"),
        ([feature(swapped=True)], "latitude and longitude look swapped"),
        ([feature(shelter_time_s=None)], "feature 1 (north): 'shelter_time_s' is missing: expected a number >= 0"),
        ([feature(shelter_time_s=-1)], "feature 1 (north): 'shelter_time_s': expected a number >= 0, got -1"),
        ([feature(shelter_time_s=None, indoor_shelter_time_s=9)], "or one each for indoors and outdoors"),
        ([feature(outdoor_shelter_time_s=40)], "'shelter_time_s' = 12, expected 40 or more: some need so long"),
        ([feature(), feature()], "feature 2 (north): another feature has the same id"),
        ([feature([[0.0, 0.0], [50.0, 50.0], [100.0, 100.0]])], "feature 1 (north): the polygon has no area"),
        ([feature(population="many")], "feature 1 (north): 'population': expected a number >= 0, got 'many'"),
    ],
)
def test_geojson(refuse, features, words):
    line = refuse(BARE, *features)
    assert line.startswith("zones.geojson: ")
    assert words in line


def test_geojson_parents(refuse):
    line = refuse(BARE, feature(parent="town"))
    assert line == "site.toml: zone 'north': parent 'town': no zone has that id"
    line = refuse(BARE, feature(parent="south"), feature(identity="south", parent="north"))
    assert "belongs to itself" in line


def test_an_id_both_in_the_file_and_in_geojson(refuse):
    toml = GOOD.replace("[[site]]", 'zones = "zones.geojson"\n\n[[site]]', 1)
    line = refuse(toml, feature())
    assert line == "zones.geojson: zone 'north': site.toml has a [[zone]] of that id already"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "polygon_en_m = [[-150, 50], [150, 50], [150, 250], [-150, 250]]",
            "polygon_en_m = [[-150.0, 50.0], [150.0, 250.0], [150.0, 50.0], [-150.0, 250.0]]",
            "expected a polygon; this one crosses itself",
        ),
        (
            "polygon_en_m = [[-150, 50], [150, 50], [150, 250], [-150, 250]]",
            "polygon_en_m = [[-150.0, 50.0], [150.0, 50.0], [300.0, 50.0]]",
            "expected a polygon; this one has no area",
        ),
        ("shelter_time_s = 10.0", "shelter_time_s = -10.0", "shelter_time_s = -10.0, expected"),
        ("shelter_time_s = 10.0", "shelter_time_s = 10.0\noutdoor_shelter_time_s = 30.0", "expected 30 or more"),
        ("shelter_time_s = 10.0", 'shelter_time_s = 10.0\nparent = "town"', "parent 'town': no zone has that id"),
    ],
)
def test_zones_of_the_file_itself(refuse, old, new, words):
    assert GOOD.count(old) == 1
    line = refuse(GOOD.replace(old, new))
    assert line.startswith("site.toml:")
    assert words in line
