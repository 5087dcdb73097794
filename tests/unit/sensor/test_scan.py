import pytest

from rampart.errors import InputError
from rampart.sensor.scan import Schedule


def test_a_scan_is_delivered_a_delay_after_its_end():
    schedule = Schedule.from_seconds(1_000, 0.5, 0.1, 0.2)
    assert schedule.delivery_ns(0) == 1_000 + 800_000_000
    assert schedule.window_s(3) == (1.7, 2.2)


def test_times_stay_exact_over_hours():
    schedule = Schedule.from_seconds(0, 0.1, 0.05, 0.0)
    number = 36_000 * 24
    assert schedule.delivery_ns(number) == (number + 1) * 100_000_000 + 50_000_000
    assert schedule.scan_of(schedule.delivery_ns(number)) == number


def test_a_time_between_deliveries_is_refused():
    schedule = Schedule.from_seconds(0, 0.5, 0.1, 0.0)
    for now in (0, 100_000_000, 600_000_001):
        with pytest.raises(ValueError, match="no scan is delivered"):
            schedule.scan_of(now)


def test_next_delivery_comes_after_now():
    schedule = Schedule.from_seconds(0, 0.5, 0.1, 0.0)
    assert schedule.next_ns(0) == schedule.next_ns(599_999_999) == 600_000_000
    assert schedule.next_ns(600_000_000) == 1_100_000_000


def test_a_scan_without_length_is_refused():
    with pytest.raises(InputError, match="scan_period_s"):
        Schedule.from_seconds(0, 1e-12, 0.0, 0.0)
