"""The chain's own duties: the wall before `ACTUAL`, states that go out with a step, what it hands to whom."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rampart.pipeline import Chain
from rampart.records import (
    AlertStatus,
    DecisionKind,
    Detections,
    HealthState,
    Predictions,
    Result,
    SensorModel,
    Site,
    Tracks,
    Warnings,
    Zone,
    ZoneState,
    decide,
)
from rampart.warn import Warner

SECOND = 1_000_000_000
SQUARE = np.array([[-100.0, -100], [100, -100], [100, 100], [-100, 100]])
RADAR = SensorModel("r1", "radar3d", np.zeros(3), 1.0, range_sigma_m=10.0, max_range_m=5000.0)
SITE = Site("base", 0.58, 0.77, 34.0, zones=(Zone("north", SQUARE),), sensors=(RADAR,))
NONE = Detections.empty()


class Fixed:
    """A stage that says the same whatever it is shown, and keeps what that was."""

    def __init__(self, records):
        self.records, self.shown = records, []

    def step(self, now_ns, inputs):
        self.shown.append(inputs)
        return Result(self.records)

    def snapshot(self):
        return {}

    def restore(self, snapshot):
        pass


@given(
    flags=st.lists(st.integers(0, 3), min_size=1, max_size=5),
    behind=st.lists(st.lists(st.integers(1, 5), max_size=3), min_size=1, max_size=5),
    status=st.sampled_from([0, 1, 2]),
    order=st.sampled_from([None, 0, 1, 2]),
    live=st.booleans(),
)
def test_whatever_a_warner_says_actual_is_live_and_free_of_marks(flags, behind, status, order, live):
    """The warner here calls everything actual, as a faulty plug-in might."""
    n = len(flags)
    tracks = Tracks.build(n, number=np.arange(1, n + 1), flags=flags)
    said = Warnings.build(
        len(behind), tracks=[tuple(b) for b in behind], status=[status] * len(behind), decision=[1] * len(behind)
    )
    chain = Chain(SITE, Fixed(tracks), Fixed(Predictions.empty()), Fixed(said), live=live)
    decisions = None
    if order is not None:
        decisions = decide(SITE, 1, 5, DecisionKind.WARN, "A", "seen", zones=["north"], flags=order)
    out = chain.step(5, NONE, decisions=decisions)
    for row, tracks_behind in zip(out.warnings, behind, strict=True):
        marked = any(flags[t - 1] for t in tracks_behind if t <= n) or bool(order)
        if not live or marked:
            assert row.status != AlertStatus.ACTUAL
        assert row.status == status or (status == AlertStatus.ACTUAL and row.status == AlertStatus.EXERCISE)


def test_a_live_chain_has_no_engager():
    stages = [Fixed(kind.empty()) for kind in (Tracks, Predictions, Warnings, Tracks)]
    with pytest.raises(ValueError, match="a live chain has no engager"):
        Chain(SITE, *stages, live=True)


def quiet_chain():
    return Chain(SITE, Fixed(Tracks.empty()), Fixed(Predictions.empty()), Warner(SITE))


def test_a_sensor_that_falls_silent_makes_its_zones_unknown_without_any_input():
    chain = quiet_chain()
    out = chain.step(SECOND, NONE, heard=[0])
    assert [HealthState(r.state).label for r in out.health] == ["ok"]
    assert [ZoneState(r.state).label for r in out.zones] == ["quiet"]
    assert out.wake_ns == 4 * SECOND + 1
    out = chain.step(out.wake_ns, NONE, heard=[])
    assert [HealthState(r.state).label for r in out.health] == ["stale"]
    assert [ZoneState(r.state).label for r in out.zones] == ["unknown"]
    out = chain.step(6 * SECOND, NONE, heard=[0])
    assert [ZoneState(r.state).label for r in out.zones] == ["quiet"]


def test_a_restored_chain_knows_its_sensors_and_orders():
    one, two = quiet_chain(), quiet_chain()
    order = decide(SITE, 1, SECOND, DecisionKind.WARN, "A", "seen", zones=["north"])
    one.step(SECOND, NONE, decisions=order, heard=[0])
    two.restore(one.snapshot())
    for now in (3 * SECOND, 5 * SECOND, 700 * SECOND):
        a, b = one.step(now, NONE, heard=[]), two.step(now, NONE, heard=[])
        for name in ("warnings", "health", "zones"):
            assert getattr(a, name).canonical_bytes() == getattr(b, name).canonical_bytes()
        assert a.wake_ns == b.wake_ns
    assert len(a.warnings)


def test_stages_that_know_nothing_of_decisions_are_handed_the_picture_all_the_same():
    warner = Fixed(Warnings.empty())
    chain = Chain(SITE, Fixed(Tracks.empty()), Fixed(Predictions.empty()), warner)
    chain.step(SECOND, NONE)
    shown = warner.shown[0]
    assert (len(shown.decisions), shown.working) == (0, None)
    assert SimpleNamespace(**shown._asdict()).tracks is shown.tracks
