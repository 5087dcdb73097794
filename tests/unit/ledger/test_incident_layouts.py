"""Tables of others: rows made up by us in the column layouts of ACLED and GTD, and GeoJSON; what they do not say."""
# ruff: noqa: E501

import csv
import io
import json

import pytest

from rampart.ledger.incidents import Ledger
from rampart.ledger.incidents.answers import ask, describe_incident
from rampart.ledger.incidents.rows import read_file

ACLED = """event_id_cnty,event_date,year,time_precision,disorder_type,event_type,sub_event_type,actor1,location,latitude,longitude,geo_precision,source,source_scale,notes,fatalities
IRQ1,07 July 2021,2021,1,Political violence,Explosions/Remote violence,Shelling/artillery/missile attack,Unknown,Al Baghdadi,33.8500,42.5500,2,Paper A; Agency B,National,Made up: rockets fell near a base.,0
IRQ2,2021-07-08,2021,2,Political violence,Explosions/Remote violence,Air/drone strike,Unknown,Erbil,36.1900,44.0100,1,Paper A,National,Made up: a drone.,0
IRQ3,09-07-2021,2021,3,Demonstrations,Protests,Peaceful protest,Protesters,Erbil,36.1900,44.0100,1,Paper A,National,Made up: a march.,0
IRQ4,09-07-2021,2021,3,Political violence,Explosions/Remote violence,Air/drone strike,Unknown,Erbil,36.1900,44.0100,3,Paper C,National,Made up: some time in July.,0
"""
GTD = """eventid,iyear,imonth,iday,country_txt,provstate,city,latitude,longitude,specificity,summary,attacktype1_txt,weapsubtype1_txt,weapsubtype2_txt,gname,claimed,scite1
201507070001,2015,7,7,Iraq,Anbar,Town,33.1,43.1,1,Made up: projectiles hit a base.,Bombing/Explosion,"Projectile (rockets, mortars, RPGs, etc.)",,Group X,1,"Paper A, 8 July 2015"
201507000002,2015,7,0,Iraq,Anbar,Unknown,33.2,43.2,3,Made up: mortars in July.,Bombing/Explosion,Unknown Explosive Type,"Projectile (rockets, mortars, RPGs, etc.)",Unknown,0,Paper B
201500000003,2015,0,0,Iraq,Anbar,Town,,,5,,Bombing/Explosion,"Projectile (rockets, mortars, RPGs, etc.)",,Group X,-9,
201507070004,2015,7,7,Iraq,Anbar,Town,33.1,43.1,1,Made up: a car.,Bombing/Explosion,Vehicle,,Group X,1,Paper A
"""


@pytest.fixture
def load(tmp_path):
    """Reads a text as a file; gives the ledger, the mistakes and the rows left out."""

    def read(name, text, **given):
        path = tmp_path / name
        path.write_text(text)
        mistakes, others = [], []
        drafts = read_file(path, None, mistakes.append, leave_out=others.append, **given)
        ledger = Ledger(str(tmp_path / "l.sqlite"))
        if not mistakes:
            ledger.add(*drafts, now_ns=0)
        return ledger, [line.removeprefix(f"{path}: ") for line in mistakes], others

    return read


def test_acled(load):
    ledger, mistakes, others = load("a.csv", ACLED, layout="acled", zone="Asia/Baghdad")
    assert (mistakes, others) == ([], [4])
    first, second, third = (describe_incident(ledger, number) for number in (1, 2, 3))
    assert (first["key"], first["site"], first["time"], first["radius_m"]) == (
        "acled-IRQ1", "Al Baghdadi", "2021-07-07", 25_000.0,
    )  # fmt: skip
    assert (second["time"], third["time"]) == ("2021-07-05/2021-07-11", "2021-07-01/2021-07-31")
    [claim] = first["claims"]
    assert (claim["source"], claim["publisher"], claim["reference"]) == ("press", "Paper A; Agency B", "ACLED IRQ1")
    assert (claim["count"], claim["type"], claim["outcome"], claim["attribution"]) == (None, None, None, None)
    assert ask(ledger)["recorded"]["by_type"] == {"unknown": 3}


def test_gtd(load):
    ledger, mistakes, others = load("g.csv", GTD, layout="gtd", zone="+03:00")
    assert (mistakes, others) == ([], [5])
    first, second, third = (describe_incident(ledger, number) for number in (1, 2, 3))
    assert [(c["source"], c["attribution"]) for c in first["claims"]] == [
        ("press", "Group X"), ("claiming_group", "Group X"),
    ]  # fmt: skip
    assert first["claims"][0]["reference"] == "Paper A, 8 July 2015"
    assert (second["site"], second["time"], second["radius_m"]) == ("Anbar", "2015-07-01/2015-07-31", 100_000.0)
    assert [c["attribution"] for c in second["claims"]] == [None]
    assert (third["time"], third["lat_deg"]) == ("2015-01-01/2015-12-31", None)
    claimed = ask(ledger)["recorded"]["claimed"]
    assert (claimed["incidents"], claimed["claims"]) == (1, [2])


@pytest.mark.parametrize(
    ("layout", "old", "new", "expected"),
    [
        ("acled", "07 July 2021", "07 Juli 2021", "row 2, column 'event_date': '07 Juli 2021' is no date"),
        ("acled", "07 July 2021", "31-06-2021", "row 2, column 'event_date': '31-06-2021' is no date"),
        ("acled", "2021-07-08,2021,2", "2021-07-08,2021,4", "row 3, column 'time_precision': '4': expected a whole number"),
        ("acled", "33.8500", "133.8", "row 2, column 'latitude': latitude 133.8 is outside -90 to 90: are"),
        ("acled", "geo_precision", "geo", "column 'geo_precision': is missing from a table of layout acled"),
        ("acled", "IRQ2", "IRQ1", "row 3, column 'location': is not what row 2 says of the same incident"),
        ("gtd", "201507070001", "2015", "row 2, column 'eventid': '2015': expected 12 digits"),
        ("gtd", "2015,7,7,Iraq,Anbar,Town,33.1", "2015,2,30,Iraq,Anbar,Town,33.1", "row 2, column 'iday': 30 is no day of 2015-02"),
        ("gtd", "2015,7,0", "2015,several,0", "row 3, column 'imonth': 'several': expected a whole number from 0 to 12"),
    ],
)  # fmt: skip
def test_what_a_layout_cannot_take_is_said_with_its_own_columns(load, layout, old, new, expected):
    text = {"acled": ACLED, "gtd": GTD}[layout]
    assert old in text
    _, mistakes, _ = load("x.csv", text.replace(old, new, 1), layout=layout, zone="+03:00")
    assert any(line.startswith(expected) for line in mistakes), mistakes


def test_a_layout_without_a_zone_says_so_in_each_row(load):
    _, mistakes, _ = load("a.csv", ACLED, layout="acled")
    assert [line.split(":")[0] for line in mistakes] == [f"row {n}, column 'event_date'" for n in (2, 3, 5)]
    assert all("has no zone" in line for line in mistakes)


def test_json_in_a_layout_is_read_as_the_table_is(load):
    rows = list(csv.DictReader(io.StringIO(ACLED)))
    ledger, mistakes, others = load("a.json", json.dumps(rows), layout="acled", zone="+03:00")
    assert (mistakes, others, len(ledger.incidents())) == ([], [3], 3)


def feature(geometry, **properties):
    return {"type": "Feature", "geometry": geometry, "properties": properties}


POINT = {"type": "Point", "coordinates": [42.44, 33.79]}
SAID = {"site": "Base", "time": "2021-07-07+03:00", "source": "press", "statement": "Two.", "count": 2}


def test_geojson_is_longitude_first(load):
    document = {"type": "FeatureCollection", "features": [feature(POINT, **SAID), feature(None, **SAID)]}
    ledger, mistakes, _ = load("f.geojson", json.dumps(document))
    assert mistakes == []
    assert [(row["lat_deg"], row["lon_deg"]) for row in ledger.incidents()] == [(33.79, 42.44), (None, None)]
    assert [claim["count_low"] for claim in ledger.claims()] == [2, 2]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"geometry": {"type": "Polygon", "coordinates": []}}, "row 1, geometry: Polygon given, expected a Point or null"),
        ({"geometry": {"type": "Point", "coordinates": ["a", 1]}}, "row 1, geometry: coordinates: expected longitude"),
        ({"geometry": {"type": "Point", "coordinates": [33.0, 142.0]}}, "row 1, column 'geometry.lat_deg': latitude 142"),
        ({"type": "Point"}, "row 1: expected a Feature"),
        ({"properties": [1]}, "row 1, properties: expected an object"),
        ({"properties": {**SAID, "count": "several"}}, "row 1, column 'count': 'several' is no count"),
        ({"properties": {**SAID, "time": "2021-07-07"}}, "row 1, column 'time': '2021-07-07' has no zone"),
        ({"properties": {**SAID, "colour": "red"}}, "column 'colour': unknown; map it"),
    ],
)  # fmt: skip
def test_geojson_that_is_wrong(load, change, expected):
    document = {"type": "FeatureCollection", "features": [{**feature(POINT, **SAID), **change}]}
    _, mistakes, _ = load("f.json", json.dumps(document))
    assert mistakes[0].startswith(expected)


def test_geojson_by_a_mapping(load, tmp_path):
    mapping = tmp_path / "map.toml"
    mapping.write_text("""schema = 1
zone = "+03:00"
ignore = ["colour"]
[incident]
site = "Where"
time = "When"
[claim]
statement = "Text"
lat_deg = "geometry.lat_deg"
lon_deg = "geometry.lon_deg"
[constant.claim]
source = "press"
""")
    said = {"Where": "Base", "When": "2021-07-07", "Text": "Two.", "colour": "red"}
    path = tmp_path / "f.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature(POINT, **said)]}))
    mistakes = []
    [incident], _ = read_file(path, mapping, mistakes.append)
    assert mistakes == []
    assert (incident.claims[0].lat_deg, incident.lat_deg) == (33.79, None)
