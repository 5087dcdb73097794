"""Times of day get the right date."""

import numpy as np
import pytest

from rampart.wire.clock import DAY_NS, nearest_day, running_days

NOON = 18_000 * DAY_NS + DAY_NS // 2


@pytest.mark.parametrize(
    ("time_of_day_s", "received_s", "expected_s"),
    [
        (43200.0, 43200.5, 43200.0),
        (86399.9921875, 86400.25, 86399.9921875),  # sent before midnight, received after it
        (0.25, 86399.5, 86400.25),  # a sender's clock that is ahead
        (0.0, 0.0, 0.0),
        (0.0, 43199.0, 0.0),
        (0.0, 43201.0, 86400.0),
    ],
)
def test_nearest_day(time_of_day_s, received_s, expected_s):
    base = 18_000 * DAY_NS
    (found,) = nearest_day(np.array([time_of_day_s]), np.array([base + round(received_s * 1e9)]))
    assert found - base == round(expected_s * 1e9)


def test_ticks_are_whole_nanoseconds():
    times = np.arange(0, 128 * 86400, 9973) / 128.0
    found = nearest_day(times, np.full(len(times), NOON))
    assert np.all((found - 18_000 * DAY_NS) % 7_812_500 == 0)


def test_days_run_on_over_midnight_and_back():
    found = running_days(np.array([86398.0, 86399.0, 1.0, 86399.5, 2.0]), 3 * DAY_NS + 5)
    assert (found / 1e9 - 3 * 86400).tolist() == [86398.0, 86399.0, 86401.0, 86399.5, 86402.0]
    assert len(running_days(np.array([]), 0)) == 0
