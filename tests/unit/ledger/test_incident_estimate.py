"""Claims to estimates: what can be worked out by hand, and what must hold for any claims."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rampart.errors import InputError
from rampart.ledger.incidents import ClaimDraft, IncidentDraft, Ledger, parse_count, parse_span
from rampart.ledger.incidents.answers import ask, describe_incident
from rampart.ledger.incidents.dataset import read_example
from rampart.ledger.incidents.estimate import (
    choice_distribution,
    count_distribution,
    estimate_counts,
    estimate_incident,
    interval,
    mean,
    sum_summary,
)
from rampart.ledger.incidents.fields import RELIABILITY, TYPES


def claim(number, count, source="press", publisher=None, type_="rocket", outcome=None, confidence=None):
    said = parse_count(count)
    return {
        "id": number, "source": source, "publisher": publisher, "type": type_, "outcome": outcome,
        "confidence": confidence, "count_low": None if said is None else said.low,
        "count_high": None if said is None else said.high,
    }  # fmt: skip


def test_one_claim_is_believed_as_far_as_its_source():
    p = count_distribution(((14, 14, 0.7),))
    prior = 1 / (15 * 16)
    assert p[14] == pytest.approx(0.7 + 0.3 * prior, abs=1e-4)


def test_a_contradiction_is_what_the_description_says():
    a, b = 0.7, 0.3
    p = count_distribution(((14, 14, a), (30, 30, b)))
    weights = np.array([a * (1 - b), (1 - a) * b, (1 - a) * (1 - b)])
    both = np.array([p[14], p[30], 1 - p[14] - p[30]])
    assert both == pytest.approx(weights / weights.sum(), abs=0.005)


def test_at_least_moves_mass_up_and_says_nothing_of_where():
    before, after = count_distribution(()), count_distribution(((4, None, 0.7),))
    above = before[4:].sum()
    weights = np.array([(1 - above) * 0.3 * above, above * (0.7 + 0.3 * above)])
    assert [after[:4].sum(), after[4:].sum()] == pytest.approx(weights / weights.sum())
    assert after[4:] / after[4] == pytest.approx(before[4:] / before[4])


counts = st.integers(0, 60)
claims = st.lists(
    st.tuples(counts, st.one_of(st.none(), st.integers(0, 30)), st.floats(0.01, 0.99)).map(
        lambda c: (c[0], None if c[1] is None else c[0] + c[1], c[2])
    ),
    max_size=6,
)


@given(claims)
def test_a_distribution_is_one_and_does_not_depend_on_the_order(told):
    p = count_distribution(tuple(told))
    assert p.sum() == pytest.approx(1.0)
    assert (p >= 0).all()
    assert p == pytest.approx(count_distribution(tuple(reversed(told))))
    low, high = interval(p)
    assert low <= high
    assert p[low : high + 1].sum() >= 0.9 - 1e-9


@given(claims, st.integers(0, 60), st.floats(0.5, 0.99))
def test_one_more_source_for_a_number_never_makes_it_less_likely(told, number, r):
    before = count_distribution((*told, (number, number, 0.01)))
    assert count_distribution((*told, (number, number, r)))[number] >= before[number] - 1e-12


def test_sums_are_exact_and_agree_with_counting_them_out():
    p, q = np.array([0.2, 0.8]), np.array([0.0, 0.5, 0.5])
    total = np.convolve(np.convolve(p, p), q)
    assert sum_summary({1: (p, 2), 2: (q, 1)}) == {
        "mean": pytest.approx(mean(total)), "low": interval(total)[0], "high": interval(total)[1],
    }  # fmt: skip
    many = sum_summary({1: (count_distribution(((3, 3, 0.7),)), 40_000)})
    assert many["low"] < many["mean"] < many["high"]


def test_beyond_the_exact_sums_the_interval_goes_on_where_they_end(monkeypatch):
    parts = {1: (count_distribution(((3, 3, 0.7),)), 900), 2: (np.array([0.3, 0.7]), 100)}
    exact = sum_summary(parts)
    monkeypatch.setattr("rampart.ledger.incidents.estimate.EXACT_SUM", 0)
    near = sum_summary(parts)
    assert near["mean"] == exact["mean"]
    assert near["high"] == pytest.approx(exact["high"], rel=0.03)
    assert near["low"] == pytest.approx(exact["low"], rel=0.03)


def test_of_one_publisher_the_last_counts_and_the_others_are_named():
    told = [
        claim(1, "3", publisher="AFP"),
        claim(2, "5", publisher="AFP"),
        claim(3, "5", publisher="CNN"),
        claim(4, ""),
    ]
    found = estimate_counts(told)["rocket"]
    assert (found.claims, found.superseded) == ((2, 3), (1,))
    assert found.p == pytest.approx(count_distribution(((5, 5, 0.7), (5, 5, 0.7))))


def test_a_publisher_that_corrects_itself_is_believed_once():
    told = [
        claim(1, "1", publisher="AFP", type_="drone"),
        claim(2, "1", publisher="AFP", type_="rocket", outcome="landed"),
    ]
    found = estimate_incident(told)
    assert (found["type"]["likeliest"], found["type"]["claims"]) == ("rocket", [2])
    assert found["counts"].keys() == {"drone", "rocket"}
    assert found["outcome"]["p"]["landed"] == pytest.approx(0.8)


def test_confidence_stands_in_for_the_source():
    assert estimate_counts([claim(1, "3", confidence=0.2)])["rocket"].p[3] == pytest.approx(0.24, abs=0.02)


def test_a_type_is_as_likely_as_its_sources():
    found = estimate_incident([claim(1, "1", type_="drone"), claim(2, "1", source="witness", type_="rocket")])
    drone, rocket = (found["type"]["p"][kind] for kind in ("drone", "rocket"))
    k = len(TYPES)
    a, b = RELIABILITY["press"], RELIABILITY["witness"]
    assert drone / rocket == pytest.approx(
        (a + (1 - a) / k) * (1 - b) / k / ((1 - a) / k * (b + (1 - b) / k)), rel=1e-3
    )
    assert found["type"]["claims"] == [1, 2]
    assert found["outcome"] is None
    assert choice_distribution((), TYPES).sum() == pytest.approx(1.0)


@pytest.fixture
def iraq(ledger_place):
    ledger = Ledger(ledger_place)
    ledger.add(*read_example("iraq-2021"), now_ns=0)
    return ledger


def test_recorded_and_reported_are_never_mixed(iraq):
    said = ask(iraq, until="2021-07-06")
    recorded = said["recorded"]
    assert (recorded["total"], recorded["certain"], recorded["undated"]) == (11, 10, 1)
    assert recorded["by_type"] == {"drone": 5, "rocket": 6}
    for name in ("by_type", "by_site", "by_month", "by_time_of_day", "by_status"):
        assert sum(recorded[name].values()) == recorded["total"]
    figures = {(f["what"], f["value"], f["as_of"]): f["claim_id"] for f in said["reported"]}
    assert {("attacks this year", 47, "2021-07-06"), ("attacks by drone this year", 6, "2021-07-06")} <= set(figures)
    told = {c["id"]: c for c in iraq.claims()}
    assert all(told[number]["incident_id"] is None for number in figures.values())
    used = {n for kind in recorded["weapons"].values() for n in kind["claims"]} | set(recorded["outcome"]["claims"])
    assert used
    assert not used & set(figures.values())


def test_every_conflict_of_the_note_is_kept(iraq):
    number = {row["key"]: row["id"] for row in iraq.incidents()}
    counts = {
        key: [(c["type"], c["count"]) for c in describe_incident(iraq, number[key])["claims"] if c["count"]]
        for key in number
    }
    assert counts["2021-02-mid-erbil"] == [("rocket", "12"), ("rocket", "14"), ("rocket", "22")]
    assert counts["2021-07-07-asad"] == [("rocket", "14"), ("rocket", "30"), ("rocket", ">=7")]
    assert counts["2021-07-06-embassy"] == [("drone", "1"), ("drone", "3")]
    outcomes = [c["outcome"] for c in describe_incident(iraq, number["2021-06-05-bdsc"])["claims"]]
    assert outcomes == ["landed", "landed", "intercepted"]
    assert describe_incident(iraq, number["undated-three-katyusha"])["time"] is None


def test_filters(iraq):
    total = ask(iraq)["recorded"]["total"]
    assert total == len(iraq.incidents()) == 15
    by_type = [ask(iraq, kind=kind)["recorded"]["total"] for kind in ("rocket", "drone", "mortar")]
    assert by_type == [9, 6, 0]
    assert ask(iraq, site="ain al-asad")["recorded"]["total"] == 4
    june = ask(iraq, since="2021-06-01T00:00+03:00", until="2021-06-30")["recorded"]
    assert (june["total"], june["certain"]) == (4, 3)
    assert ask(iraq, until="2021-06-30")["reported"] == [f for f in ask(iraq)["reported"] if f["as_of"] < "2021-07"]
    part = ask(iraq, since="2021-02-15", until="2021-02-20")["recorded"]
    assert (part["total"], part["certain"]) == (3, 0)  # mid-February, February and the undated one
    for wrong in ({"until": "soon"}, {"since": "unknown"}, {"kind": "comet"}):
        with pytest.raises(InputError):
            ask(iraq, **wrong)


def test_an_empty_ledger_has_statistics(ledger_place):
    ledger = Ledger(ledger_place)
    ledger.add([], now_ns=0)
    said = ask(ledger)
    assert said["recorded"]["total"] == 0
    assert said["reported"] == []
    ledger.add([IncidentDraft(site="x", time=parse_span("2021-01+03:00"))], now_ns=0)
    assert ask(ledger)["recorded"]["by_type"] == {"unknown": 1}
    assert ClaimDraft("press", "x").row()["count_low"] is None
