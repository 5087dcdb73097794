"""Zones from GeoJSON: what is read, and how each mistake is named."""

import copy
import json
import math

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.physics.geodesy import enu_to_geodetic
from rampart.records import Site
from rampart.warn import read_zones

SITE = Site("base", math.radians(33.3), math.radians(44.39), 34.0)


def ring(corners, site=SITE):
    enu = np.column_stack([np.asarray(corners, float), np.zeros(len(corners))])
    latitude, longitude, _ = enu_to_geodetic(enu, site.latitude_rad, site.longitude_rad, site.height_m)
    points = np.degrees(np.column_stack([longitude, latitude])).tolist()
    return [*points, points[0]]


SQUARE = [(-100, -100), (100, -100), (100, 100), (-100, 100)]


def feature(identity="north", corners=SQUARE, **properties):
    return {
        "type": "Feature",
        "properties": {"id": identity, "shelter_time_s": 12, **properties},
        "geometry": {"type": "Polygon", "coordinates": [ring(corners)]},
    }


def written(tmp_path, *features, text=None):
    path = tmp_path / "zones.geojson"
    document = {"type": "FeatureCollection", "features": list(features)}
    path.write_text(json.dumps(document) if text is None else text, encoding="utf-8")
    return path


def test_zone_comes_out_in_the_sites_frame(tmp_path):
    path = written(
        tmp_path,
        feature(population=400, warn_radius_m=80.5, defended=True, name="North gate", colour="red"),
        feature("b"),
    )
    north, other = read_zones(path, SITE)
    assert (north.id, north.name, north.population, north.shelter_time_s) == ("north", "North gate", 400.0, 12.0)
    assert (north.warn_radius_m, north.defended) == (80.5, True)
    assert north.polygon_en == pytest.approx(np.array(SQUARE, float), abs=1e-3)
    assert (other.name, other.warn_radius_m, other.defended, other.population) == ("b", 100.0, False, 0.0)


def test_features_of_other_sites_are_left_to_them(tmp_path):
    path = written(tmp_path, feature("a", site="base"), feature("b", site="elsewhere"), feature("c"))
    assert [zone.id for zone in read_zones(path, SITE)] == ["a", "c"]


def test_id_may_stand_on_the_feature(tmp_path):
    one = feature()
    del one["properties"]["id"]
    assert read_zones(written(tmp_path, {**one, "id": "x"}), SITE)[0].id == "x"


def broken(change):
    one = copy.deepcopy(feature())
    change(one)
    return one


def swap(one):
    one["geometry"]["coordinates"] = [[[b, a] for a, b in one["geometry"]["coordinates"][0]]]


def set_ring(points):
    def change(one):
        one["geometry"]["coordinates"] = [points]

    return change


SAO_PAULO = [[-46.6, -23.5], [-46.5, -23.5], [-46.5, -23.4], [-46.6, -23.5]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f["geometry"]["coordinates"][0].pop(), "not closed"),
        (set_ring(ring(SQUARE)[:2] + ring(SQUARE)[:1]), "has 3 points, expected at least 4"),
        (set_ring(ring([(0, 0), (100, 100), (100, 0), (0, 100)])), "crosses itself"),
        (set_ring(ring([(0, 0), (100, 0), (50, 0), (50, 80)])), "crosses itself"),
        (set_ring(ring([(0, 0), (100, 0), (200, 0)])), "no area"),
        (swap, "latitude and longitude look swapped"),
        (set_ring([[100.0, 95.0]] * 4), "longitude first"),
        (set_ring(SAO_PAULO), "more than 200 km from site 'base'"),
        (set_ring([["a", 1.0]] * 4), "expected points [longitude, latitude]"),
        (set_ring([[1.0, True]] * 4), "expected points [longitude, latitude]"),
        (set_ring([[1e9, 1.0]] * 4), "expected degrees"),
        (lambda f: f["geometry"].update(type="Point"), "expected a Polygon"),
        (lambda f: f.update(geometry=None), "expected a Polygon"),
        (lambda f: f["geometry"]["coordinates"].append(ring(SQUARE)), "holes"),
        (lambda f: f["geometry"].update(coordinates=[]), "list of rings"),
        (lambda f: f["properties"].pop("shelter_time_s"), "'shelter_time_s' is missing"),
        (lambda f: f["properties"].update(shelter_time_s=-1), "expected a number >= 0, got -1"),
        (lambda f: f["properties"].update(population="many"), "'population': expected a number"),
        (lambda f: f["properties"].update(defended="yes"), "expected true or false"),
        (lambda f: f["properties"].update(name=7), "'name': expected a text"),
        (lambda f: f["properties"].update(id=7), "'id': expected a text"),
        (lambda f: f.update(type="Thing"), "expected a Feature"),
        (lambda f: f.update(properties=[1]), "'properties': expected an object"),
    ],
)
def test_mistakes_name_the_feature_and_what_was_expected(tmp_path, change, message):
    path = written(tmp_path, feature("good"), broken(change))
    with pytest.raises(InputError) as error:
        read_zones(path, SITE)
    text = str(error.value)
    assert message in text
    assert text.startswith(f"{path}: feature 2")
    assert "\n" not in text


def test_two_zones_with_one_id_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"feature 2 \(north\): another feature has the same id"):
        read_zones(written(tmp_path, feature(), feature()), SITE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{\n\n oops", ":3: not JSON"),
        ("[1, 2]", "expected a GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection"}', "'features'"),
        ('{"type": "FeatureCollection", "features": []}', "at least one Feature"),
        ('{"type": "FeatureCollection", "features": [NaN]}', "NaN is no number"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_files_that_are_no_geojson(tmp_path, text, message):
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        read_zones(written(tmp_path, text=text), SITE)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="is a directory"):
        read_zones(tmp_path, SITE)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_zones(tmp_path / "none.geojson", SITE)
    path = tmp_path / "latin.geojson"
    path.write_bytes(b'{"type": "\xe9"}')
    with pytest.raises(InputError, match="not UTF-8"):
        read_zones(path, SITE)
