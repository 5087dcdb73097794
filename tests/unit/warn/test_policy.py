import pytest

from rampart.records import TargetClass
from rampart.warn.danger import Danger
from rampart.warn.policy import Policy


def danger(drone, hits):
    kind = TargetClass.FIXED_WING if drone else TargetClass.ROCKET
    return Danger(1, drone, 0.95, 0.95, int(kind), 0.5, hits, 0, 0, 0, {})


@pytest.mark.parametrize(("drone", "hits", "wanted"), [(True, 5, False), (True, 6, True), (False, 3, True)])
def test_a_drone_must_be_proven_and_a_rocket_is_too_fast_to_wait_for(drone, hits, wanted):
    assert Policy().wants(danger(drone, hits), 0.9, 0.9, -1.0) is wanted
