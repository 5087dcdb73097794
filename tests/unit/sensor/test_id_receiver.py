import numpy as np
import pytest

from rampart.records import Emission, TargetClass
from rampart.sensor.gates import Gate
from rampart.sensor.id_receiver import IdReceiverSpec


@pytest.fixture
def receiver(site, environment, dice):
    def make(seed=1, **keys):
        keys = {"position_enu_m": [0.0, 0.0, 5.0], "p_detect": 1.0, **keys}
        return IdReceiverSpec(id="id", kind="id_receiver", **keys).build(site, environment, 0, dice(seed))

    return make


def test_it_hears_the_cooperative_only(receiver, straight, scan):
    flights = [
        straight([500.0, 800.0, 60.0], [0, 5, 0], kind="civil_drone", emits=True, identity="RID00001"),
        straight([5000.0, 8000.0, 2000.0], [0, 90, 0], kind="aircraft", identity="F0ABCD"),
        straight([500.0, 700.0, 60.0], [0, 5, 0], kind="multirotor", emits=True),
    ]
    result = scan(receiver(), *flights)
    assert [Gate(g) for g in result.info["gates"].gate] == [Gate.DETECTED, Gate.DETECTED, Gate.SILENT]
    found = dict(zip(result.records.identity.tolist(), result.records.emission.tolist(), strict=True))
    assert found == {"RID00001": Emission.REMOTE_ID, "F0ABCD": Emission.ADS_B}


def test_a_drones_radio_does_not_reach_as_far(receiver, straight, scan):
    far = straight([0.0, 2500.0, 60.0], [0, 5, 0], kind="civil_drone", emits=True, identity="RID00001")
    assert Gate(scan(receiver(), far).info["gates"].gate[0]) == Gate.RANGE


def test_places_are_as_good_as_the_rule_asks(receiver, straight, scan):
    """Remote ID, 14 CFR 89.310: within 100 feet in 95 %."""
    flight = straight([500.0, 800.0, 60.0], [0.0, 0.0, 0.0], kind="civil_drone", emits=True, identity="RID00001")
    places = np.concatenate([scan(receiver(seed=k), flight).records.position_enu for k in range(400)])
    away = np.hypot(places[:, 0] - 500.0, places[:, 1] - 800.0)
    assert np.quantile(away, 0.95) == pytest.approx(30.0, rel=0.1)


def test_a_message_says_what_kind_of_drone_it_is(receiver, straight, scan):
    flights = [
        straight([500.0, 800.0, 60.0], [0, 5, 0], kind="civil_drone", emits=True, identity="RID00001"),
        straight([600.0, 700.0, 60.0], [0, 25, 0], kind="fixed_wing", emits=True, identity="RID00002"),
        straight([5000.0, 8000.0, 2000.0], [0, 90, 0], kind="aircraft", identity="F0ABCD"),
    ]
    found = scan(receiver(), *flights).records
    said = dict(zip(found.identity.tolist(), found.class_hint.tolist(), strict=True))
    assert said == {
        "RID00001": TargetClass.MULTIROTOR,
        "RID00002": TargetClass.FIXED_WING,
        "F0ABCD": TargetClass.AIRCRAFT,
    }
