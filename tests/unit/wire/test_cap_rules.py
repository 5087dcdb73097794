"""CAP: every rule that the schema misses refuses what it is for, by its own reason."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from rampart.wire.cap import Area, Circle, Pair, Reference, Resource, check_alert, check_references, write_alert
from rampart.wire.cap.rules import crosses_itself
from rampart.wire.message_error import MessageError

from .messages import SENT_NS, SQUARE, alert, info

EARLIER = Reference("rampart@embassy.invalid", "embassy.W1.9", SENT_NS)


def shaped(*polygon):
    return alert(info=(info(area=(Area("North", (tuple(polygon),)),)),))


def inside(**changes):
    return alert(info=(info(**changes),))


def placed(**changes):
    return inside(area=(replace(Area("North", (SQUARE,)), **changes),))


BROKEN = [
    ("identifier", alert(identifier="embassy W1")),
    ("identifier", alert(identifier="a,b")),
    ("identifier", alert(identifier="")),
    ("sender", alert(sender="a<b")),
    ("sender", alert(sender="a&b")),
    ("sender", alert(sender="a\u2003b")),
    ("restriction_missing", alert(scope="Restricted")),
    ("restriction_missing", alert(scope="Restricted", restriction=" ")),
    ("addresses_missing", alert(scope="Private")),
    ("references_missing", alert(msg_type="Update")),
    ("references_missing", alert(msg_type="Cancel", info=())),
    ("references_missing", alert(msg_type="Ack", info=())),
    ("note_missing", alert(msg_type="Error", references=(EARLIER,))),
    ("info_missing", alert(info=())),
    ("reference_self", alert(msg_type="Update", references=(alert().reference,))),
    ("reference_later", alert(msg_type="Update", references=(replace(EARLIER, sent_ns=SENT_NS + 10**9),))),
    ("empty_text", inside(event=" ")),
    ("empty_text", inside(parameter=(Pair("", "1"),))),
    ("empty_text", inside(event_code=(Pair(" ", "1"),))),
    ("empty_text", placed(area_desc="")),
    ("empty_text", placed(geocode=(Pair("", "1"),))),
    ("empty_text", inside(resource=(Resource("map", ""),))),
    ("resource_size", inside(resource=(Resource("map", "image/png", -1),))),
    ("expired_when_sent", inside(expires_ns=SENT_NS)),
    ("expires_before_start", inside(onset_ns=SENT_NS + 601 * 10**9)),
    ("expires_before_start", inside(effective_ns=SENT_NS + 601 * 10**9)),
    ("contradiction", inside(response_type=("AllClear", "Shelter"))),
    ("contradiction", inside(urgency="Past")),
    ("contradiction", inside(response_type=("AllClear",))),
    ("contradiction", inside(urgency="Future", certainty="Observed", response_type=())),
    ("uri_relative", inside(web="alerts/1.html")),
    ("polygon_points", shaped(*SQUARE[:2], SQUARE[0])),
    ("polygon_points", shaped()),
    ("polygon_points", shaped(*(SQUARE[:4] * 2000), SQUARE[0])),
    ("polygon_open", shaped(*SQUARE[:4])),
    ("polygon_range", shaped((91.0, 44.0), *SQUARE[1:4], (91.0, 44.0))),
    ("polygon_range", shaped((144.0, 33.0), (144.1, 33.0), (144.1, 33.1), (144.0, 33.0))),
    ("polygon_range", shaped((33.0, float("nan")), *SQUARE[1:4], (33.0, float("nan")))),
    ("polygon_crossed", shaped(SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0])),
    ("polygon_tangled", shaped(*(((33.0, 34.0)[i % 2], 44.0 + i / 5000) for i in range(4900)), (33.0, 44.0))),
    ("polygon_flat", shaped((33.0, 44.0), (33.1, 44.1), (33.2, 44.2), (33.0, 44.0))),
    ("polygon_dateline", shaped((-17.0, 179.9), (-17.0, -179.9), (-16.9, -179.9), (-17.0, 179.9))),
    ("circle_range", placed(circle=(Circle(91.0, 44.0, 1.0),))),
    ("circle_radius", placed(circle=(Circle(33.0, 44.0, -1.0),))),
    ("circle_radius", placed(circle=(Circle(33.0, 44.0, 30_000.0),))),
    ("ceiling", placed(ceiling=1000.0)),
    ("ceiling", placed(altitude=2000.0, ceiling=1000.0)),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "broken"), BROKEN)
def test_each_rule_has_its_reason(reason, broken):
    with pytest.raises(MessageError) as found:
        check_alert(broken)
    assert found.value.reason == reason
    with pytest.raises(MessageError, match=reason):
        write_alert(broken)


def test_the_message_they_are_made_from_is_good():
    check_alert(alert())
    check_alert(placed(circle=(Circle(33.0, 44.0, 0.0),), altitude=100.0, ceiling=1000.0))
    check_alert(alert(msg_type="Cancel", references=(EARLIER,), info=()))
    check_alert(inside(urgency="Past", response_type=("AllClear",), certainty="Observed"))


def test_a_swapped_polygon_is_named_as_such():
    with pytest.raises(MessageError, match="longitude first"):
        check_alert(shaped((144.0, 33.0), (144.1, 33.0), (144.1, 33.1), (144.0, 33.0)))


def test_references_resolve():
    first = alert()
    update = alert(identifier="embassy.W1.1", msg_type="Update", references=(first.reference,))
    cancel = alert(identifier="embassy.W1.2", msg_type="Cancel", references=(first.reference, update.reference))
    late = alert(identifier="embassy.W1.3", msg_type="Update", references=(update.reference,))
    check_references(update, [first])
    check_references(cancel, [first, update])
    check_references(first, [])
    with pytest.raises(MessageError, match="reference_unknown"):
        check_references(update, [])
    with pytest.raises(MessageError, match="reference_cancelled"):
        check_references(late, [first, update, cancel])


def test_sides_that_touch_do_not_cross():
    pinched = np.array([(0, 0), (2, 2), (4, 0), (4, 4), (2, 2), (0, 4), (0, 0)], dtype=float)
    assert not crosses_itself(pinched)
    bow_tie = np.array([(0, 0), (4, 4), (4, 0), (0, 4), (0, 0)], dtype=float)
    assert crosses_itself(bow_tie)


def test_crossings_are_found_as_by_comparing_all_sides():
    def side(p, q, r):
        return np.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))

    def crossed(points):
        sides = list(itertools.pairwise(points))
        return any(
            side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
            for i, (a, b) in enumerate(sides)
            for c, d in sides[i + 1 :]
        )

    dice, found = np.random.default_rng(11), 0
    for _ in range(300):
        n = int(dice.integers(3, 9))
        angle = np.sort(dice.uniform(0, 2 * np.pi, n))
        corners = dice.integers(1, 9, n)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        if dice.random() < 0.5:
            dice.shuffle(corners)
        points = np.vstack([corners.round(1), corners[:1].round(1)])
        assert crosses_itself(points) == crossed(points)
        found += crossed(points)
    assert 50 < found < 250


def test_a_zone_of_many_corners_is_taken():
    angle = np.linspace(0.0, 2.0 * np.pi, 4999)
    ring = [(33.0 + 0.1 * np.cos(t), 44.0 + 0.1 * np.sin(t)) for t in angle[:-1]]
    check_alert(shaped(*ring, ring[0]))
