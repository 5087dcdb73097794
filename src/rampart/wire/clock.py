"""Clock: times of day on the wire, made times of the calendar. Nothing here reads a clock."""

import numpy as np

DAY_NS = 86_400_000_000_000
_TICK_NS = 7_812_500  # 1/128 s, the unit of a time of day in ASTERIX, is a whole number of nanoseconds
_TICKS_PER_S = 128.0


def nearest_day(time_of_day_s: np.ndarray, received_ns: np.ndarray) -> np.ndarray:
    """Give times of day the date that puts them nearest to their receipt.

    Parameters
    ----------
    time_of_day_s : (n,) float array
        Seconds since midnight UTC, in steps of 1/128 s; not nan.
    received_ns : (n,) int64 array
        Receipt, ns UTC.

    Returns
    -------
    (n,) int64 array
        ns UTC, within half a day of receipt.

    Examples
    --------
    >>> just_after_midnight = np.array([5 * DAY_NS + 1_000_000_000])
    >>> int(nearest_day(np.array([86399.5]), just_after_midnight)[0]) / 1e9 - 5 * 86400
    -0.5
    """
    of_day = np.rint(np.asarray(time_of_day_s) * _TICKS_PER_S).astype(np.int64) * _TICK_NS
    received = np.asarray(received_ns, np.int64)
    return of_day + (received - of_day + DAY_NS // 2) // DAY_NS * DAY_NS


def running_days(time_of_day_s: np.ndarray, start_ns: int) -> np.ndarray:
    """Give dates to times of day in the order they were recorded, without times of receipt.

    Parameters
    ----------
    time_of_day_s : (n,) float array
        Seconds since midnight UTC, in order of recording; not nan.
    start_ns : int
        ns UTC on the day of the first.

    Returns
    -------
    (n,) int64 array
        ns UTC; a step of more than half a day is a midnight.

    Examples
    --------
    >>> (running_days(np.array([86399.0, 1.0]), 0) / 1e9).tolist()
    [86399.0, 86401.0]
    """
    of_day = np.rint(np.asarray(time_of_day_s) * _TICKS_PER_S).astype(np.int64) * _TICK_NS
    steps = np.diff(of_day, prepend=of_day[:1])
    midnights = np.cumsum((steps < -DAY_NS // 2).astype(np.int64) - (steps > DAY_NS // 2))
    return of_day + start_ns // DAY_NS * DAY_NS + midnights * DAY_NS
