"""Statistics over whole columns give what one incident after another gives, whatever the claims."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rampart.ledger.incidents import ClaimDraft, Count, IncidentDraft, Ledger, parse_span
from rampart.ledger.incidents.columns import Opinions
from rampart.ledger.incidents.estimate import (
    count_distribution,
    estimate_choice,
    estimate_counts,
    estimate_incident,
    likeliest,
    mean,
    sum_summary,
)
from rampart.ledger.incidents.fields import OUTCOMES, SOURCES, TYPES
from rampart.ledger.incidents.many import MOST_CLAIMS, choices, count_moments
from rampart.ledger.incidents.selection import Filter
from rampart.ledger.incidents.statistics import _claims, incident_statistics

counts = st.one_of(
    st.none(),
    st.builds(lambda low, more: Count(low, None if more is None else low + more), st.integers(0, 150),
              st.one_of(st.none(), st.just(0), st.integers(0, 40))),
)  # fmt: skip
drafts = st.builds(
    ClaimDraft,
    st.sampled_from(SOURCES),
    st.just("x"),
    publisher=st.sampled_from([None, None, "A", "B"]),
    count=counts,
    type=st.sampled_from([None, *TYPES[:3]]),
    outcome=st.sampled_from([None, *OUTCOMES]),
    confidence=st.one_of(st.none(), st.floats(0.01, 0.99)),
)
times = st.sampled_from(
    [
        None,
        *map(parse_span, ("2021-02+03:00", "2021-02-28T23:30Z", "2021-03-01T01:00+03:00", "2021-01-20Z/2021-03-02Z")),
    ]
)
incidents = st.lists(
    st.builds(
        IncidentDraft, st.sampled_from(["North", "South"]), time=times, claims=st.lists(drafts, max_size=5).map(tuple)
    ),
    max_size=8,
)


@settings(max_examples=40)
@given(incidents, st.sampled_from(["exact", "normal"]))
def test_the_figures_are_those_of_one_incident_after_another(tmp_path_factory, told, way):
    ledger = Ledger(str(tmp_path_factory.mktemp("ledger") / "l.sqlite"))
    ledger.add(told, now_ns=0)
    with pytest.MonkeyPatch.context() as patch:
        if way == "normal":
            for where in ("estimate", "statistics"):
                patch.setattr(f"rampart.ledger.incidents.{where}.EXACT_SUM", 0)
        found = incident_statistics(*ledger.columns(), Filter())["recorded"]
        about = [ledger.claims(row["id"]) for row in ledger.incidents()]
        estimates = [estimate_counts(claims) for claims in about]
        for kind in (*TYPES, "unknown"):
            mine = [each[kind] for each in estimates if kind in each]
            if not mine:
                assert kind not in found["weapons"]
                continue
            expected = sum_summary({k: (each.p, 1) for k, each in enumerate(mine)})
            weapons = found["weapons"][kind]
            assert weapons["mean"] == pytest.approx(expected["mean"], abs=2e-6)
            assert (weapons["low"], weapons["high"]) == (expected["low"], expected["high"])
            assert sorted(weapons["claims"]) == sorted(n for each in mine for n in each.claims)
        for name, words in (("type", TYPES), ("outcome", OUTCOMES)):
            known = [each for each in (estimate_choice(claims, name, words) for claims in about) if each]
            assert (found[name]["incidents"], found[name]["unknown"]) == (len(known), len(about) - len(known))
            assert sorted(found[name]["claims"]) == sorted(n for _, ids in known for n in ids)
            for k, word in enumerate(words):
                chances = [p[k] for p, _ in known]
                expected = sum_summary({i: (np.array([1 - p, p]), 1) for i, p in enumerate(chances)})
                assert found[name][word]["mean"] == pytest.approx(expected["mean"], abs=2e-6)
                assert found[name][word]["low"] == expected["low"]
                assert found[name][word]["high"] == expected["high"]
            names = [likeliest(p, words) for p, _ in known] + ["unknown"] * (len(about) - len(known))
            assert found[f"by_{name}"] == {word: names.count(word) for word in sorted(set(names))}


@given(st.lists(st.lists(st.tuples(st.integers(0, 300), st.integers(-1, 30), st.floats(0.01, 0.99)), min_size=1,
                         max_size=MOST_CLAIMS), min_size=1, max_size=6))  # fmt: skip
def test_moments_are_those_of_the_distribution(told):
    starts = np.concatenate(([0], np.cumsum([len(each) for each in told])))
    rows = [(low, -1 if more < 0 else low + more, r) for each in told for low, more, r in each]
    low, high, r = (np.array(column) for column in zip(*rows, strict=True))
    means, variances = count_moments(starts, low, high, r)
    none = np.zeros(len(low), np.int64)
    said = Opinions(none, none, none, none, none, low, high, none, r)
    for k in range(len(told)):
        p = count_distribution(_claims(said, starts[k], starts[k + 1]))
        n = np.arange(p.size)
        assert means[k] == pytest.approx(mean(p), rel=1e-8)
        assert variances[k] == pytest.approx((p * n * n).sum() - mean(p) ** 2, rel=1e-6, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0.01, 0.99)), min_size=2, max_size=7), st.randoms())
def test_equal_claims_for_two_words_tie_in_any_order(told, random):
    words = [0] * len(told) + [1] * len(told)
    r = [each[1] for each in told] * 2
    order = list(range(len(words)))
    random.shuffle(order)
    p = choices(np.zeros(len(words), np.int64), np.array(words)[order], np.array(r)[order], 1, 3)[0]
    assert p[0] == p[1] > p[2]
    assert p.sum() == pytest.approx(1.0)


def test_a_tie_is_not_decided():
    claims = [
        {"id": k, "source": "press", "publisher": None, "confidence": None, "type": kind, "outcome": None,
         "count_low": None, "count_high": None}
        for k, kind in enumerate(("drone", "rocket"))
    ]  # fmt: skip
    assert estimate_incident(claims)["type"]["likeliest"] == "unknown"
