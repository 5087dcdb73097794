"""The sensor watch: silence, refusal and quarantine become states, by the time that is handed in."""

import numpy as np
import pytest

from rampart.pipeline.watch import SECOND, SensorWatch, silence_limit_ns
from rampart.records import Detections, HealthState, SensorModel, Site

NONE = Detections.empty()
OK = {"status": "ok", "reason": ""}


def watch(*periods):
    sensors = tuple(SensorModel(f"r{i}", "radar3d", np.zeros(3), period) for i, period in enumerate(periods))
    return SensorWatch(Site("base", 0.58, 0.77, 34.0, sensors=sensors))


def state(rows):
    return {row.part: HealthState(row.state).label for row in rows}


def test_a_sensor_is_stale_when_silent_longer_than_three_scans_and_three_seconds():
    one = watch(0.5, 4.0)
    assert state(one.step(0, NONE, [0], [])) == {"sensor/r0": "ok", "sensor/r1": "starting"}
    assert state(one.step(SECOND, NONE, [1], [])) == {"sensor/r1": "ok"}
    assert one.wake_ns(SECOND) == 3 * SECOND + 1
    assert not len(one.step(3 * SECOND, NONE, [], []))
    stale = one.step(3 * SECOND + 1, NONE, [], [])
    assert state(stale) == {"sensor/r0": "stale"}
    assert stale[0].reason == "silent for more than 3 s"
    assert one.working == (False, True)
    assert one.wake_ns(3 * SECOND + 1) == SECOND + silence_limit_ns(4.0) + 1
    assert state(one.step(13 * SECOND + 1, NONE, [0], [])) == {"sensor/r0": "ok", "sensor/r1": "stale"}


def test_detections_are_heard_of_and_a_scan_without_any_is_no_silence():
    one = watch(1.0)
    one.step(0, Detections.build(1, sensor=[0]), [], [])
    for k in range(1, 20):
        assert not len(one.step(k * SECOND, NONE, [0], []))
    assert one.working == (True,)


def test_a_sensor_that_never_spoke_is_starting_and_then_stale():
    one = watch(1.0)
    assert state(one.step(0, NONE, [], [])) == {"sensor/r0": "starting"}
    assert one.working == (False,)
    rows = one.step(one.wake_ns(0), NONE, [], [])
    assert (state(rows), rows[0].reason) == ({"sensor/r0": "stale"}, "never heard of")


def test_without_being_told_who_reported_nobody_is_called_silent():
    one = watch(1.0)
    assert state(one.step(0, NONE, None, [])) == {"sensor/r0": "ok"}
    assert one.wake_ns(0) is None
    assert not len(one.step(10**12, NONE, None, []))
    assert one.working is None


@pytest.mark.parametrize(
    ("status", "expected", "works"),
    [("disagrees", "degraded", True), ("faulty", "faulty", False), ("quarantined", "quarantined", False)],
)
def test_what_the_tracker_thinks_is_a_state(status, expected, works):
    one = watch(1.0)
    one.step(0, NONE, [0], [OK])
    rows = one.step(SECOND, NONE, [0], [{"status": status, "reason": "2.5 times too far"}])
    assert state(rows) == {"sensor/r0": expected}
    assert rows[0].since_ns == SECOND
    assert one.working == (works,)
    assert not len(one.step(2 * SECOND, NONE, [0], [{"status": status, "reason": "2.6 times too far"}]))
    assert state(one.step(3 * SECOND, NONE, [0], [OK])) == {"sensor/r0": "ok"}


def test_a_restored_watch_goes_on_as_the_first():
    one, two = watch(0.5, 4.0), watch(0.5, 4.0)
    one.step(0, NONE, [0], [OK, OK])
    two.restore(one.snapshot())
    for now in (SECOND, 4 * SECOND, 20 * SECOND):
        a, b = one.step(now, NONE, [], [OK, OK]), two.step(now, NONE, [], [OK, OK])
        assert a.canonical_bytes() == b.canonical_bytes()
        assert (one.wake_ns(now), one.working) == (two.wake_ns(now), two.working)
    assert one.rows(now).canonical_bytes() == two.rows(now).canonical_bytes()
