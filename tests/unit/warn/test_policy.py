import pytest

from rampart.records import TargetClass
from rampart.warn.danger import Danger
from rampart.warn.policy import Policy


def danger(drone, hits):
    kind = TargetClass.FIXED_WING if drone else TargetClass.ROCKET
    return Danger(1, drone, 0.95, 0.95, int(kind), 0.5, hits, 0, 0, 0, {})


@pytest.mark.parametrize(
    ("hits", "unseen_s", "wanted"), [(3, 0.5, False), (3, 2.9, False), (3, 3.0, True), (5, 0.5, True)]
)
def test_a_less_likely_zone_waits_only_while_the_prediction_sharpens(hits, unseen_s, wanted):
    rocket = danger(False, hits)
    assert Policy().wants(rocket, 0.1, 0.3, 10.0, unseen_s) is wanted
    assert Policy().wants(rocket, 0.3, 0.3, 10.0, unseen_s)  # the likeliest never waits
    assert not Policy().wants(rocket, 0.05, 0.3, 10.0, unseen_s)  # what is unlikely always does
    assert Policy().wants(rocket, 0.05, 0.3, -1.0, unseen_s)  # until people must move


@pytest.mark.parametrize(("drone", "hits", "wanted"), [(True, 5, False), (True, 6, True), (False, 3, True)])
def test_a_drone_must_be_proven_and_a_rocket_is_too_fast_to_wait_for(drone, hits, wanted):
    assert Policy().wants(danger(drone, hits), 0.9, 0.9, -1.0) is wanted
