"""Decisions: what an operator did, checked where it is made."""

import numpy as np
import pytest

from rampart.errors import InputError
from rampart.records import DecisionKind, DetectionFlag, Phase, Site, Zone, decide

SQUARE = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])
SITE = Site("base", 0.58, 0.77, 34.0, zones=(Zone("north", SQUARE), Zone("south", SQUARE - 50.0)))


def make(what=DecisionKind.WARN, who="A. Smith", reason="seen from the tower", number=1, time_ns=5, **more):
    return decide(SITE, number, time_ns, what, who, reason, **{"zones": ["south", "north"], **more})


def test_a_decision_holds_who_what_where_when_and_why():
    row = make(who="  A.\n Smith ", phase=Phase.PREPARE, until_ns=9, flags=DetectionFlag.TEST)[0]
    assert (row.who, row.reason, row.zones) == ("A. Smith", "seen from the tower", (0, 1))
    assert (row.what, row.phase, row.time_ns, row.until_ns) == (DecisionKind.WARN, Phase.PREPARE, 5, 9)
    assert row.flags == DetectionFlag.TEST


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"who": " "}, "who is empty, expected a name"),
        ({"reason": "\n"}, "reason is empty, expected words that say why"),
        ({"reason": "x" * 501}, "reason has 501 characters, expected at most 500"),
        ({"zones": []}, "zones: none given, expected at least one to warn"),
        ({"zones": ["nort"]}, "zone 'nort': site 'base' has none of that id; expected one of north, south"),
        ({"phase": Phase.RELEASE}, "phase = release, expected prepare or shelter"),
        ({"until_ns": 5}, "until lies before the decision"),
        ({"number": 0}, "number = 0, expected 1 or more"),
        ({"what": DecisionKind.APPROVE}, "warning = 0, expected the number of the warning that is approved"),
    ],
)
def test_a_decision_that_says_too_little_is_refused(values, words):
    with pytest.raises(InputError, match=words):
        make(**values)


def test_an_approval_names_a_warning_and_needs_no_zone():
    row = make(DecisionKind.APPROVE, zones=(), warning=3, channel="siren")[0]
    assert (row.warning, row.channel, row.zones) == (3, "siren", ())


def test_what_is_decided_of_a_zone_is_decided_of_those_that_belong_to_it():
    zones = (
        Zone("town", SQUARE),
        Zone("west", SQUARE, parent="town"),
        Zone("mill", SQUARE, parent="west"),
        Zone("farm", SQUARE),
    )
    site = Site("base", 0.58, 0.77, 34.0, zones=zones)

    def chosen(*names):
        return decide(site, 1, 5, DecisionKind.CANCEL, "A. Smith", "own aircraft", zones=names)[0].zones

    assert chosen("town") == (0, 1, 2)
    assert chosen("west", "farm") == (1, 2, 3)
    assert chosen("mill") == (2,)
