"""``rampart incident``: by hand, from files and the example; answers in words and JSON; what it refuses."""

import json
import os
import sqlite3
import subprocess
import sys

import pytest

from rampart.cli.main import main

MAPPING = """schema = 1
zone = "+03:00"
ignore = ["Notes"]
[incident]
key = "ID"
site = "Where"
time = "When"
lat_deg = "Lat"
lon_deg = "Lon"
[claim]
count = "How many"
type = "What"
statement = "Text"
publisher = "Paper"
[constant.claim]
source = "press"
[values.claim.type]
UAV = "drone"
"""
HEAD = "ID,Where,When,Lat,Lon,How many,What,Text,Paper,Notes\n"
GOOD = """a,Base,2021-06-06 00:30,33.79,42.44,2,UAV,Two came.,AFP,x
a,Base,2021-06-06 00:30,33.79,42.44,>=3,UAV,Three at least.,CNN,
b,Base,2021-06-07,33.80,42.40,14,rocket,Fourteen.,,
c,Port,,33.70,42.50,unknown,rocket,"Some, it says.",,
"""


@pytest.fixture
def rampart(command, monkeypatch, tmp_path):
    """Commands on a ledger in a file."""
    monkeypatch.setenv("RAMPART_DB", str(tmp_path / "data" / "ledger.sqlite"))
    return command


@pytest.fixture
def anywhere(command, monkeypatch, ledger_place):
    """Commands on a ledger in either database."""
    monkeypatch.setenv("RAMPART_DB", ledger_place)
    return command


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*words, code=0):
        monkeypatch.setattr(sys, "argv", ["rampart", "incident", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        assert (stopped.value.code or 0) == code, said.err
        return said.err if code == 2 else said.out

    return run


def test_the_example_then_statistics(anywhere):
    anywhere("import", "--example", "iraq-2021")
    said = json.loads(anywhere("stats", "--until", "2021-07-06", "--json"))
    assert said["schema"] == 1
    assert said["recorded"]["total"] == 11
    values = {(f["what"], f["value"]) for f in said["reported"]}
    assert {("attacks this year", 47), ("attacks by drone this year", 6)} <= values
    assert "reported by others, not counted here:\n" in anywhere("stats")
    assert len(anywhere("list").splitlines()) == 15
    assert "Ain al-Asad" in anywhere("show", 7)
    assert json.loads(anywhere("verify", "--json"))["ok"]
    assert "already" in anywhere("import", "--example", "iraq-2021", code=2)


def test_by_hand(anywhere):
    made = json.loads(
        anywhere(
            "add", "--time", "2026-01-02T03:04+03:00", "--site", "Base", "--type", "rocket", "--count", "2", "--json"
        )
    )
    assert made == {"schema": 1, "incident": 1, "claims": [1]}
    given = ("--source", "press", "--publisher", "AFP", "--statement", "Five.", "--count", "5", "--type", "rocket")
    assert json.loads(anywhere("claim", 1, *given, "--published", "2026-01-02+03:00", "--json"))["claim"] == 2
    anywhere("status", 1, "closed", "--reason", "all is known")
    said = json.loads(anywhere("show", 1, "--json"))
    assert [c["count"] for c in said["claims"]] == ["2", "5"]
    assert said["estimate"]["counts"]["rocket"]["claims"] == [1, 2]
    assert [s["status"] for s in said["statuses"]] == ["open", "closed"]
    assert anywhere("add", "--time", "unknown", "--site", "Base") == "incident 2\n"
    assert [row["time"] for row in json.loads(anywhere("list", "--json"))["incidents"]] == [
        "2026-01-02 03:04",
        "unknown",
    ]


def test_a_changed_entry_is_named_and_the_exit_code_is_one(rampart, tmp_path):
    rampart("import", "--example", "iraq-2021")
    head = json.loads(rampart("verify", "--json"))["head"]
    assert "sound: " in rampart("verify", "--head", head)
    connection = sqlite3.connect(tmp_path / "data" / "ledger.sqlite")
    connection.execute("update history set payload = replace(payload, '30 rockets', '3 rockets')")
    connection.commit()
    connection.close()
    said = rampart("verify", code=1).splitlines()
    assert said[0].startswith("entry ")
    assert said[0].endswith(" was changed")


def test_a_table_with_a_mapping(anywhere, tmp_path):
    (tmp_path / "map.toml").write_text(MAPPING)
    (tmp_path / "night.csv").write_text(HEAD + GOOD)
    said = json.loads(anywhere("import", "night.csv", "--mapping", "map.toml", "--json"))
    assert (said["incidents"], said["claims"]) == (3, 4)
    shown = json.loads(anywhere("show", 1, "--json"))
    assert [(c["publisher"], c["type"], c["count"]) for c in shown["claims"]] == [
        ("AFP", "drone", "2"), ("CNN", "drone", ">=3"),
    ]  # fmt: skip
    assert shown["time"] == "2021-06-06 00:30"


def test_a_table_with_our_names_as_csv_and_json(rampart, tmp_path):
    rows = [{"site": "Base", "time": "2021-06-06T00:30Z", "source": "press", "statement": "Two.", "count": 2}]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    (tmp_path / "rows.csv").write_text("site;time;claim.lat_deg;claim.lon_deg;source;statement\nBase;;1;2;press;x\n")
    assert rampart("import", "rows.json") == "1 incidents, 1 claims\n"
    assert rampart("import", "rows.csv") == "1 incidents, 1 claims\n"
    assert [c["lat_deg"] for c in json.loads(rampart("show", 2, "--json"))["claims"]] == [1.0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("2021-06-07,", "the 7th,", "night.csv: row 4, column 'When': 'the 7th' is no time"),
        ("2021-06-07,", "2021-06-31,", "night.csv: row 4, column 'When': '2021-06-31' is no time there is"),
        (",14,", ",several,", "night.csv: row 4, column 'How many': 'several' is no count"),
        (",14,", ",-4,", "night.csv: row 4, column 'How many': '-4' is no count"),
        ("33.80,42.40", "42.40,33.80", "night.csv: row 4, column 'Lat': lies far from the others: latitude and"),
        ("33.80,42.40", "142.4,33.80", "night.csv: row 4, column 'Lat': latitude 142.4 is outside -90 to 90"),
        ("33.80,42.40", "33.80,", "night.csv: row 4, column 'Lon': latitude without longitude"),
        (",14,rocket", ",14,comet", "night.csv: row 4, column 'What': 'comet' is not known; expected one of rocket"),
        ("b,Base", "b b,Base", "night.csv: row 4, column 'ID': 'b b': expected up to 64 letters"),
        ("b,Base", "b,", "night.csv: row 4, column 'Where': is missing"),
        ("b,Base", "a,Base", "night.csv: row 4, column 'When': is not what row 2 says of the same incident"),
        ("Fourteen.,,", "Fourteen.,", "night.csv: row 4: 9 cells, expected 10"),
        (",Notes", ",Colour", "night.csv: column 'Colour': unknown; map it"),
        (",Paper", ",Notes", "night.csv:1: column 'Notes' is there twice"),
        ("How many", "Howmany", "night.csv: column 'Howmany': unknown"),
        ('"Some', '"So"me', "night.csv:5: "),
    ],
)
def test_a_mistake_is_named_with_row_and_column_and_nothing_is_imported(rampart, tmp_path, old, new, expected):
    assert old in HEAD + GOOD
    (tmp_path / "map.toml").write_text(MAPPING)
    (tmp_path / "night.csv").write_text((HEAD + GOOD).replace(old, new))
    lines = rampart("import", "night.csv", "--mapping", "map.toml", code=2).splitlines()
    assert lines[0].startswith(f"rampart: {expected}")
    assert all(line.startswith("rampart: ") for line in lines)
    assert not (tmp_path / "data").exists()


def test_each_mistake_has_its_line(rampart, tmp_path):
    (tmp_path / "rows.json").write_text(
        '[{"site": "x", "time": "2021-06-06", "count": "several", "x": 1}, 3, {"site": []}]'
    )
    lines = rampart("import", "rows.json", code=2).splitlines()
    assert "rows.json: row 2: expected an object" in lines[0]
    assert any("column 'x': unknown; map it" in line for line in lines)
    assert any("row 1, column 'time': '2021-06-06' has no zone" in line for line in lines)
    assert any("row 1, column 'count': 'several' is no count" in line for line in lines)
    assert any("row 3, column 'site': list given" in line for line in lines)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("schema = 1", "schema = 2", "schema: 2 given, expected 1"),
        ("schema = 1", "", "schema: Field required"),
        ('site = "Where"', 'sight = "Where"', "incident.sight: unknown field; expected one of key, site"),
        ("+03:00", "Mars/Base", "zone: no time zone 'Mars/Base'"),
        ("ignore =", "ignored =", "ignored: Extra inputs"),
        ("[claim]", "[claim", "Expected ']'"),
    ],
)
def test_a_mapping_that_is_wrong(rampart, tmp_path, old, new, expected):
    (tmp_path / "map.toml").write_text(MAPPING.replace(old, new, 1))
    (tmp_path / "night.csv").write_text(HEAD + GOOD)
    said = rampart("import", "night.csv", "--mapping", "map.toml", code=2)
    assert said.startswith("rampart: map.toml: ")
    assert expected in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "Missing command"),
        (("show", 10**12), "less than or equal to 2147483647"),
        (("list",), "there is no ledger yet"),
        (("show", 1), "there is no ledger yet"),
        (("import",), "expected a file, or --example iraq-2021"),
        (("import", "--example", "mars"), "no example 'mars'"),
        (("import", "none.csv"), "none.csv: cannot be read"),
        (("import", "none.xls"), "expected a file name that ends in .csv, .json, .geojson or .toml"),
        (("import", "none.csv", "--layout", "ucdp"), "--layout: 'ucdp' is not known; expected one of acled, gtd"),
        (("import", "none.csv", "--zone", "Mars"), "--zone: no time zone 'Mars'"),
        (("import", "none.csv", "--layout", "gtd", "--mapping", "m.toml"), "expected no --mapping"),
        (("import", "--example", "iraq-2021", "--zone", "Z"), "--zone are about a file"),
        (("add", "--time", "2021-06-06", "--site", "x"), "--time: '2021-06-06' has no zone"),
        (("add", "--time", "unknown", "--site", "x", "--count", "several"), "--count: 'several' is no count"),
        (("add", "--time", "unknown", "--site", "x", "--lat-deg", "95", "--lon-deg", "3"), "--lat-deg: latitude 95"),
        (("add", "--time", "unknown", "--site", "x", "--lat-deg", "nan", "--lon-deg", "3"), "--lat-deg: 'nan'"),
        (("claim", 1, "--source", "uncle", "--statement", "x"), "--source: 'uncle' is not known"),
        (("claim", 1, "--source", "press", "--statement", "x"), "there is no ledger yet"),
        (("list", "--db", "mysql://x/y"), "expected a file, sqlite:///FILE or postgresql"),
        (("stats", "--until", "July"), "--until: 'July' is no time"),
    ],
)
def test_what_is_refused_in_one_line_leaves_nothing(rampart, tmp_path, words, expected):
    said = rampart(*words, code=2)
    assert expected in said
    assert said.startswith("rampart: ")
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_events_evidence_merge_and_split(anywhere, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"1")
    place = ("--lat-deg", 33.8, "--lon-deg", 42.4)
    for minute in (30, 33):
        anywhere("add", "--time", f"2021-07-07T12:{minute}+03:00", "--site", "Base", "--type", "rocket", *place)
    assert anywhere("event", 1, "--kind", "siren", "--time", "2021-07-07T12:31+03:00") == "event 1 of incident 1\n"
    assert anywhere("event", 1) == "event 1, siren: 2021-07-07 12:31\n"
    assert anywhere("evidence", 1, "a.jpg", "--kind", "photo").startswith("evidence 1 of incident 1: a.jpg 6b86b273")
    assert anywhere("evidence", 1, "--check", ".").endswith(", same\n")
    (tmp_path / "a.jpg").write_bytes(b"2")
    assert anywhere("evidence", 1, "--check", ".", code=1).endswith(", changed\n")
    assert "none.jpg: cannot be read" in anywhere("evidence", 2, "none.jpg", code=2)
    [pair] = json.loads(anywhere("duplicates", "--json"))["pairs"]
    assert pair["incidents"] == [1, 2]
    assert anywhere("merge", 2, 1, "--reason", "one salvo") == "incident 2 is merged into 1: claim 2\n"
    assert anywhere("split", 1, "--claim", 2, "--reason", "it was two") == "incident 3 is split from 1: claim 2\n"
    assert anywhere("duplicates").splitlines() == ["no two incidents look alike"]
    assert json.loads(anywhere("verify", "--json"))["ok"]
    for words, expected in (
        (("event", 1, "--note", "x"), "--kind is missing"),
        (("event", 1, "--kind", "bang"), "--kind: 'bang' is not known"),
        (("merge", 2, 1, "--reason", "x"), "incident 2 was merged into incident 1"),
        (("merge", 3, 1, "--reason", " "), "--reason: says nothing"),
        (("split", 1, "--reason", "x"), "nothing to split off"),
        (("apart", 1, 9, "--reason", "x"), "no incident 9"),
    ):
        assert expected in anywhere(*words, code=2)


def test_statistics_as_files(anywhere, tmp_path):
    anywhere("import", "--example", "iraq-2021")
    for name, begins in (("s.csv", b"part,measure,key"), ("s.json", b'{"schema": 1'), ("s.parquet", b"PAR1"),
                         ("s.svg", b"<svg"), ("s.html", b"<!DOCTYPE html>")):  # fmt: skip
        assert anywhere("stats", "--out", name) == f"{name}\n"
        assert (tmp_path / name).read_bytes().startswith(begins)
    assert anywhere("stats", "--format", "csv", "--site", "kabul").splitlines()[1] == "recorded,total,,1,,,,13,"
    assert len(anywhere("list", "--since", "2021-08-01").splitlines()) == 3
    assert "claimed by a group: 2 of 15; claims 3, 18" in anywhere("stats", "--trace")
    assert json.loads(anywhere("stats", "--status", "under_investigation", "--json"))["recorded"]["incidents"] == [6]
    for words, expected in (
        (("--out", "s.xls"), "ends in none of .csv, .json"),
        (("--format", "xls"), "--format: 'xls' is not known"),
        (("--format", "svg"), "expected --out FILE"),
        (("--format", "csv", "--json"), "are two answers"),
        (("--status", "ajar"), "--status: 'ajar' is not known"),
    ):
        assert expected in anywhere("stats", *words, code=2)


def test_a_seal_made_by_hand(anywhere, tmp_path):
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    anywhere("import", "--example", "iraq-2021")
    anywhere("seal", "--make-key", "seal.key")
    said = json.loads(anywhere("seal", "--key", "seal.key", "--out", "s.json", "--request", "s.tsq", "--json"))
    assert (said["entries"], said["out"]) == (58, "s.json")
    assert (tmp_path / "s.tsq").stat().st_size == 59
    assert "sealed at entry 58" in anywhere("verify", "--seal", "s.json", "--public-key", "seal.key.pub")
    (tmp_path / "s.json").write_text((tmp_path / "s.json").read_text().replace('"entries": 58', '"entries": 57'))
    assert "signature does not fit" in anywhere("verify", "--seal", "s.json", code=1)
    for words, expected in (
        (("seal",), "expected one of --key FILE"),
        (("seal", "--key", "seal.key", "--out", "s.json"), "s.json: is there already"),
        (("seal", "--key", "none.key"), "none.key: cannot be read"),
        (("seal", "--stamp", "s.tsq", "--out", "s.json"), "s.tsq: is no time stamp of RFC 3161"),
        (("verify", "--public-key", "seal.key.pub"), "expected --seal FILE"),
        (("verify", "--seal", "seal.key"), "seal.key: is no seal of a ledger"),
    ):
        assert expected in anywhere(*words, code=2)


def test_other_commands_import_no_database(tmp_path):
    code = (
        "import sys, rampart, rampart.ledger, rampart.cli.main as line;"
        "line.app(['plugins'], standalone_mode=False);"
        "assert not {'sqlalchemy', 'alembic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=dict(os.environ), cwd=tmp_path)
