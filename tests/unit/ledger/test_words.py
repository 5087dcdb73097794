import pytest

from rampart.ledger.words import describe_run, describe_threat, describe_totals, describe_warning, leads_of, pairs_of

from .conftest import summary_of


@pytest.fixture
def summary(flights):
    return summary_of(flights)


def test_each_threat_is_told_in_one_sentence(summary):
    assert [describe_threat(t) for t in summary["threats"]] == [
        "rocket-1: seen at 17.0 s, tracked 19.2 s, zone north warned 20.5 s before impact, intercepted",
        "rocket-2: seen at 18.5 s, tracked 20.7 s, zone north warned 22.0 s before impact, engaged once, "
        "came down in a defended zone",
        "rocket-3: seen at 20.0 s, tracked 22.2 s, no zone in danger and none warned, "
        "came down outside what is defended",
    ]


def test_a_missed_warning_is_said_loudly_and_why(summary):
    threat = {**summary["threats"][0], "needed_zones": ["north", "gate"], "warned_zones": ["north"]}
    assert describe_warning(threat) == "zone north warned 20.5 s before impact, zone gate NOT warned"
    threat |= {"warned_zones": [], "warning_lead_s": None, "observable": False}
    assert describe_warning(threat) == "zones north and gate NOT warned (it could not be seen in time)"


def test_zones_that_are_reached_one_after_another_have_their_own_leads(summary):
    threat = {**summary["threats"][0], "needed_zones": ["north", "gate"], "warned_zones": ["north", "gate"]}
    threat["pairs"] = [
        {"zone": "north", "arrival_s": 40.0, "first_warning_s": 20.0},
        {"zone": "gate", "arrival_s": 50.0, "first_warning_s": 20.0},
    ]
    assert describe_warning(threat) == "zone north warned 20.0 s and zone gate warned 30.0 s before impact"


def test_what_was_never_seen_is_said(summary):
    threat = {**summary["threats"][2], "first_detection_s": None, "confirmed_s": None, "kind": "multirotor"}
    assert describe_threat(threat).startswith("rocket-3: never seen, no zone")


def test_a_warning_without_need_is_said(summary):
    threat = {**summary["threats"][0], "needed_zones": [], "kind": "fixed_wing"}
    assert describe_warning(threat) == "zone north warned 20.5 s before arrival though not in danger"


def test_totals(summary):
    assert pairs_of(summary) == (2, 2)
    assert leads_of(summary) == [20.5, 22.0]
    assert describe_totals(summary) == (
        "3 threats, 2 of 2 zone warnings in time, 0 missed, 0 false, 1 intercepted in 2 engagements"
    )


def test_a_run_is_told_as_a_story(summary):
    assert " ".join(describe_run(summary, {"embassy": "the embassy"})) == (
        "Three rockets at the embassy. All were seen and tracked. Every zone in danger was warned, 20 to 22 seconds "
        "ahead. One was intercepted, one came down in a defended zone and one came down outside what is defended. "
        "No false warnings."
    )


def test_misses_and_false_warnings_are_not_passed_over(summary):
    summary["threats"][1] |= {"warned_zones": [], "warning_lead_s": None, "confirmed_s": None}
    summary["warnings"] |= {"false": 1, "missed": 0, "missed_all": 1, "unneeded": 2}
    told = " ".join(describe_run(summary, {"embassy": "the embassy"}))
    assert "Three of three are seen" not in told
    assert "Three of three were seen, two tracked." in told
    assert "One of two zone warnings came in time, 20 seconds ahead; one was missed" in told
    assert "one of them because the threat was not seen in time" in told
    assert "One false warning. Two warnings to a zone" in told


def test_a_run_without_score_is_told_too():
    assert describe_run({}, {}) == ["No threat flew in this run, or nobody kept score."]
