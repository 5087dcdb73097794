"""Statistics as tables and drawings: the same figures, traced, with nothing of one part in the other."""

import csv
import io
import xml.etree.ElementTree as ET

import pyarrow.parquet as pq
import pytest

from rampart.errors import InputError
from rampart.ledger.incidents import ClaimDraft, IncidentDraft, Ledger, parse_count, parse_span
from rampart.ledger.incidents.answers import ask, list_rows, statistics_words
from rampart.ledger.incidents.dataset import read_example
from rampart.ledger.incidents.export import COLUMNS, figure_rows, to_csv, write_parquet
from rampart.ledger.incidents.plot import draw_statistics, page
from rampart.ledger.incidents.selection import Filter

BY = ("by_type", "by_outcome", "by_site", "by_month", "by_time_of_day", "by_status")


@pytest.fixture(scope="module")
def iraq(tmp_path_factory):
    ledger = Ledger(str(tmp_path_factory.mktemp("iraq") / "l.sqlite"))
    ledger.add(*read_example("iraq-2021"), now_ns=0)
    return ledger


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A site that a spreadsheet would compute and a browser would run, and a time of several months."""
    ledger = Ledger(str(tmp_path_factory.mktemp("odd") / "l.sqlite"))
    claim = ClaimDraft("press", "x", count=parse_count("2"), type="drone", outcome="landed")
    sites = ("=cmd|x", "<script>alert(1)</script>")
    times = (parse_span("2021-01-20Z/2021-03-02Z"), parse_span("2021-02-03Z"))
    drafts = [IncidentDraft(site=site, time=time, claims=(claim,)) for site, time in zip(sites, times, strict=True)]
    ledger.add(drafts, now_ns=0)
    return ledger


def test_every_count_is_traced_to_as_many_incidents(iraq):
    recorded = ask(iraq, until="2021-07-06", trace=True)["recorded"]
    claims = {claim["id"]: claim for claim in iraq.claims()}
    for name in BY:
        traced = recorded["trace"][name]
        assert {key: len(behind["incidents"]) for key, behind in traced.items()} == recorded[name]
        assert sorted(n for behind in traced.values() for n in behind["incidents"]) == sorted(recorded["incidents"])
    for kind, behind in recorded["trace"]["by_type"].items():
        assert all(claims[n]["type"] for n in behind["claims"])
        assert {claims[n]["incident_id"] for n in behind["claims"]} == set(behind["incidents"]), kind
    assert "trace" not in ask(iraq)["recorded"]
    words = "\n".join(statistics_words(ask(iraq, trace=True)))
    assert "rocket: incidents 1, 2, 3, 6, 9, 11, 12, 13, 15; claims 1, 2, 3," in words


def test_months_have_bounds(odd):
    recorded = ask(odd)["recorded"]
    assert recorded["by_month"] == {"2021-02": 1, "unknown": 1}
    assert recorded["month_bounds"] == {
        "2021-01": {"low": 0, "high": 1}, "2021-02": {"low": 1, "high": 2}, "2021-03": {"low": 0, "high": 1},
    }  # fmt: skip
    assert recorded["by_month_and_type"] == {"2021-02": {"drone": 1}, "unknown": {"drone": 1}}


def test_filters_by_outcome_and_status(iraq):
    everything = ask(iraq)["recorded"]
    for name, kind in (("outcome", "by_outcome"), ("status", "by_status")):
        for word, count in everything[kind].items():
            found = ask(iraq, **{name: word})["recorded"]
            assert (found["total"], found[kind]) == (count, {word: count})
    assert [row["id"] for row in list_rows(iraq, Filter(outcome="intercepted"))] == [7, 15]
    for wrong in ({"outcome": "lost"}, {"status": "ajar"}):
        with pytest.raises(InputError, match="is not known; expected one of"):
            ask(iraq, **wrong)


def test_a_table_says_what_the_answer_says(iraq, tmp_path):
    answer = ask(iraq, trace=True)
    rows = figure_rows(answer)
    read = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert [tuple(row) for row in read] == [COLUMNS] * len(rows)
    for name in BY:
        told = {row["key"]: int(row["value"]) for row in read if row["measure"] == name}
        assert told == answer["recorded"][name]
    rockets = next(row for row in read if (row["measure"], row["key"]) == ("weapons", "rocket"))
    said = answer["recorded"]["weapons"]["rocket"]
    assert (float(rockets["value"]), int(rockets["low"]), int(rockets["high"])) == (
        said["mean"], said["low"], said["high"],
    )  # fmt: skip
    assert [int(n) for n in rockets["claim_ids"].split()] == said["claims"]
    assert [row["key"] for row in read if row["part"] == "reported"] == [f["what"] for f in answer["reported"]]
    figures = {n for row in rows if row["part"] == "reported" for n in row["claim_ids"]}
    assert not figures & {n for row in rows if row["part"] == "recorded" for n in row["claim_ids"]}
    write_parquet(rows, tmp_path / "new" / "f.parquet")
    assert pq.read_table(tmp_path / "new" / "f.parquet").to_pylist() == [
        {**row, "value": None if row["value"] is None else float(row["value"])} for row in rows
    ]
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_parquet(rows, tmp_path / "file" / "f.parquet")


def test_no_cell_is_a_formula(odd):
    read = list(csv.DictReader(io.StringIO(to_csv(figure_rows(ask(odd))))))
    assert "'=cmd|x" in {row["key"] for row in read}
    assert not any(cell.startswith(("=", "+", "@")) for row in read for cell in row.values())


@pytest.mark.parametrize("ledger", ["iraq", "odd", "empty"])
def test_drawings_are_sound_and_escape_what_people_wrote(ledger, request, tmp_path):
    if ledger == "empty":
        made = Ledger(str(tmp_path / "l.sqlite"))
        made.add([], now_ns=0)
    else:
        made = request.getfixturevalue(ledger)
    answer = ask(made)
    drawing = ET.fromstring(draw_statistics(answer))
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    words = {"".join(node.itertext()) for node in drawing.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Month", "Type", "Weapons", "Outcome", "Time of day", "Site"} <= words
    whole = page(answer, "site <b>")
    assert "<script" not in whole
    assert "site &lt;b&gt;" in whole
    for figure in answer["reported"]:
        assert figure["what"] in whole
        assert figure["what"] not in words
