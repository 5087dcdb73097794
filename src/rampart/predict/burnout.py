"""Burnout: from the bare heights of a climb to when its coast began, spikes thrown out on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import median_filter

Floats = NDArray[np.float64]

#: Rows closer together than this are drawn into one [s]: altimeters smooth over longer times than that.
BIN_S = 0.05
#: Half width of the window in which speed is read off [s], and the least number of rows in it.
HALF_S, LEAST_ROWS = 0.5, 5
#: A climb that is faster than this has left its rail [m/s].
FLYING_MS = 10.0
#: A coast loses speed at least this fast: gravity, less what noise may hide of it [m/s2]. For so long [s]; where the
#: log goes on, until then [s].
COASTING_MS2, SURE_AFTER_S, LOOK_S = 6.5, 1.0, 3.0

_SPIKE_ROWS, _SPIKE_SIGMAS, _SPIKE_M = 7, 6.0, 4.0


@dataclass(frozen=True, eq=False)
class Climb:
    """A cleaned log.

    Attributes
    ----------
    time_s, height_m : ndarray (n,)
        Strictly rising times; one row per `BIN_S` at most.
    speed_ms : ndarray (n,)
        Vertical speed, by local quadratics.
    spikes : int
        Rows thrown out.
    """

    time_s: Floats
    height_m: Floats
    speed_ms: Floats
    spikes: int


def clean(time_s: ArrayLike, height_m: ArrayLike) -> Climb:
    """Throw out what is no height, merge rows of one moment, and read off the vertical speed.

    Parameters
    ----------
    time_s, height_m : array_like (n,)
        In any order; rows that are not finite are left out.

    Raises
    ------
    ValueError
        If the two differ in length or less than `LEAST_ROWS` rows are left.

    Notes
    -----
    A spike is a row that stands off the running median of seven by six robust sigmas, 4 m and two rows of the climb
    (Hampel's identifier; a steady climb is its own median, so it loses nothing).

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(0.0, 3.0, 0.1)
    >>> heights = 100.0 * t
    >>> heights[12] = 900.0
    >>> climb = clean(t, heights)
    >>> climb.spikes, climb.speed_ms.round(3)[10].item()
    (1, 100.0)
    """
    time, height = np.asarray(time_s, dtype=float), np.asarray(height_m, dtype=float)
    if time.ndim != 1 or time.shape != height.shape:
        raise ValueError(f"times of shape {time.shape} and heights of {height.shape}; expected two rows of one length")
    known = np.isfinite(time) & np.isfinite(height)
    order = np.argsort(time[known], kind="stable")
    time, height = time[known][order], height[known][order]
    time, height = _bins(time, height, 0.0)
    good = _unspiked(height)
    spikes = int((~good).sum())
    time, height = _bins(time[good], height[good], BIN_S)
    if len(time) < LEAST_ROWS:
        raise ValueError(f"{len(time)} rows of heights; expected at least {LEAST_ROWS}")
    return Climb(time, height, _speeds(time, height), spikes)


def find_burnout(climb: Climb) -> float | None:
    """When the coast of a climb began; None if it does not coast.

    Parameters
    ----------
    climb : Climb
        From before the launch, or from any time up to the coast.

    Returns
    -------
    float or None
        Time of the greatest vertical speed after which the climb slows down as only a coast does [s]. Nothing later
        than `LOOK_S` and half a window beyond it is looked at.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(0.0, 8.0, 0.1)
    >>> speed = np.where(t < 2.0, 50.0 * t, 100.0 - 15.0 * (t - 2.0))
    >>> bool(abs(find_burnout(clean(t, np.cumsum(speed) * 0.1)) - 2.0) < 0.3)
    True
    """
    time, speed = climb.time_s, climb.speed_ms
    first = np.searchsorted(time, time - SURE_AFTER_S - 1e-9)
    last = np.searchsorted(time, time + SURE_AFTER_S - 1e-9)
    for i in range(len(time)):
        if last[i] == len(time):
            return None
        peak = speed[i] >= FLYING_MS and speed[i] >= speed[first[i] : last[i] + 1].max()
        # a row that is wrong makes a peak, but no long fall after it
        if peak and _slows(climb, i, int(np.searchsorted(time, time[i] + LOOK_S + 1e-9)) - 1):
            return float(time[i])
    return None


def _slows(climb: Climb, i: int, j: int) -> bool:
    """Whether a climb slows from row i to row j as a coast does, and gains height as fast as it says meanwhile."""
    gone, speed = climb.time_s[j] - climb.time_s[i], climb.speed_ms
    gained = climb.height_m[j] - climb.height_m[i]
    return bool(speed[i] - speed[j] >= COASTING_MS2 * gone and gained >= 0.25 * (speed[i] + speed[j]) * gone)


def _unspiked(height: Floats) -> NDArray[np.bool_]:
    """Mask of the rows that are no spikes; the first and the last three are believed, as they have no two sides."""
    good = np.ones(len(height), dtype=bool)
    if len(height) <= _SPIKE_ROWS:
        return good
    off = np.abs(height - median_filter(height, _SPIKE_ROWS, mode="nearest"))
    sigma = 1.4826 * float(np.median(off))
    # a spike moves the median of its neighbours by one row of the climb
    row = median_filter(np.abs(np.gradient(height)), _SPIKE_ROWS, mode="nearest")
    good[3:-3] = (off <= np.maximum(max(_SPIKE_SIGMAS * sigma, _SPIKE_M), 2.0 * row))[3:-3]
    return good


def _bins(time: Floats, height: Floats, width_s: float) -> tuple[Floats, Floats]:
    """Mean time and median height of the rows that fall within `width_s` of the first one of their bin."""
    starts, last = [], -np.inf
    for i, t in enumerate(time.tolist()):
        if i == 0 or t - last > width_s:
            starts.append(i)
            last = t
    ends = [*starts[1:], len(time)]
    pairs = list(zip(starts, ends, strict=True)) if starts else []
    return (
        np.array([time[a:b].mean() for a, b in pairs]),
        np.array([np.median(height[a:b]) for a, b in pairs]),
    )


def _speeds(time: Floats, height: Floats) -> Floats:
    """Slope of the least-squares parabola through the rows about each one."""
    speed = np.empty(len(time))
    for i, t in enumerate(time):
        low, high = np.searchsorted(time, (t - HALF_S - 1e-9, t + HALF_S + 1e-9))
        while high - low < LEAST_ROWS:
            low, high = max(low - 1, 0), min(high + 1, len(time))
        since = time[low:high] - t
        columns = np.stack([np.ones(high - low), since, since * since], axis=1)
        speed[i] = np.linalg.lstsq(columns, height[low:high], rcond=None)[0][1]
    return speed
