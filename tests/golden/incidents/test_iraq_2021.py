"""The data set of 2021 against the published figures, each where it belongs: recorded or reported."""

import pytest

from rampart.ledger.incidents import Ledger
from rampart.ledger.incidents.answers import ask, describe_incident
from rampart.ledger.incidents.dataset import read_example

#: Key -> local time, site, and what was claimed: number and type.
PUBLISHED = {
    "2021-02-mid-erbil": ("2021-02-10/2021-02-20", "Erbil", [("12", "rocket"), ("14", "rocket"), ("22", "rocket")]),
    "2021-02-balad": ("2021-02-01/2021-02-28", "Balad", [(">=4", "rocket")]),
    "2021-02-22-greenzone": ("2021-02-22", "Green Zone", [("3", "rocket")]),
    "2021-04-erbil-airport": ("2021-04-01/2021-04-30", "Erbil airport", [("1", "drone")]),
    "2021-05-08-asad": ("2021-05-08", "Ain al-Asad", [("1", "drone")]),
    "2021-06-05-bdsc": (None, "Baghdad airport", [("1", "rocket"), ("1", "rocket"), ("1", "rocket")]),
    "2021-06-06-asad": ("2021-06-06 00:30", "Ain al-Asad", [("2", "drone")]),
    "2021-06-09-airport": ("2021-06-09", "Baghdad airport", [("3", "drone")]),
    "2021-07-05-asad": ("2021-07-05 14:45", "Ain al-Asad", [("3", "rocket")]),
    "2021-07-06-embassy": (None, "Green Zone", [("1", "drone"), ("3", "drone")]),
    "2021-07-07-asad": (
        "2021-07-07 12:30/12:33",
        "Ain al-Asad",
        [("14", "rocket"), ("30", "rocket"), (">=7", "rocket")],
    ),
    "2021-07-08-greenzone": (None, "Green Zone", [("2", "rocket"), ("3", "rocket")]),
    "2021-08-30-kabul": ("2021-08-30", "Kabul", [("5", "rocket")]),
    "2022-01-03-airport": ("2022-01-03", "Baghdad airport", [("2", "drone")]),
    "undated-three-katyusha": (None, "unknown", [("3", "rocket")]),
}  # fmt: skip


@pytest.fixture
def iraq(ledger_place):
    ledger = Ledger(ledger_place)
    ledger.add(*read_example("iraq-2021"), now_ns=0)
    return ledger


def test_times_places_and_counts_are_those_that_were_published(iraq):
    numbers = {row["key"]: row["id"] for row in iraq.incidents()}
    assert numbers.keys() == PUBLISHED.keys()
    for key, (time, site, told) in PUBLISHED.items():
        found = describe_incident(iraq, numbers[key])
        assert found["site"] == site
        assert time in (None, found["time"])
        assert [(c["count"], c["type"]) for c in found["claims"] if c["count"]] == told
    assert describe_incident(iraq, numbers["undated-three-katyusha"])["time"] is None


def test_published_totals_are_reported_and_never_recorded(iraq):
    said = ask(iraq, until="2021-07-06", trace=True)
    figures = [(f["what"], f["value"], f["as_of"], f["publisher"]) for f in said["reported"]]
    assert figures[:2] == [
        ("attacks this year", 39, "2021-06-06", "AFP"), ("attacks with rockets this year", 14, "2021-06-06", "AFP"),
    ]  # fmt: skip
    assert [figure[:3] for figure in figures[2:]] == [
        ("attacks this year", 47, "2021-07-06"), ("attacks by drone this year", 6, "2021-07-06"),
    ]  # fmt: skip
    recorded = said["recorded"]
    assert (recorded["total"], recorded["by_type"]) == (11, {"drone": 5, "rocket": 6})
    assert recorded["by_month"] == {
        "2021-02": 3, "2021-04": 1, "2021-05": 1, "2021-06": 3, "2021-07": 2, "unknown": 1,
    }  # fmt: skip
    assert recorded["claimed"]["incidents"] == 1
