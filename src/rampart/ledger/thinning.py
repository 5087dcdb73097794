"""Truth with fewer knots: a flight that a recording keeps and a report draws."""

import dataclasses

import numpy as np

from rampart.records import Flight

#: How far the thinned flight may pass from a knot that was left out [m].
TOLERANCE_M = 0.25


def hermite(
    t0: float, t1: float, p0: np.ndarray, p1: np.ndarray, v0: np.ndarray, v1: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """Positions (n, 3) [m] at `times` (n,) [s] on the cubic Hermite curve between two knots."""
    h = t1 - t0
    s = ((times - t0) / h)[:, None]
    return (
        (1 + 2 * s) * (1 - s) ** 2 * p0 + s * (1 - s) ** 2 * h * v0 + s**2 * (3 - 2 * s) * p1 + s**2 * (s - 1) * h * v1
    )


def thin_flight(flight: Flight, tolerance_m: float = TOLERANCE_M) -> Flight:
    """The same flight through fewer of its knots.

    Parameters
    ----------
    flight : Flight
        First and last knot are kept.
    tolerance_m : float
        No knot that is left out lies further than this from the thinned flight [m].

    Notes
    -----
    Method: split at the knot furthest off until none is too far (Douglas and Peucker 1973, with cubic Hermite
    pieces in place of chords).
    """
    t, p, v = flight.time_s, flight.position_enu, flight.velocity_enu
    keep = np.zeros(len(t), dtype=bool)
    keep[[0, -1]] = True
    pieces = [(0, len(t) - 1)]
    while pieces:
        a, b = pieces.pop()
        if b - a < 2:
            continue
        inside = slice(a + 1, b)
        gap = p[inside] - hermite(t[a], t[b], p[a], p[b], v[a], v[b], t[inside])
        off = np.sqrt((gap * gap).sum(axis=1))
        worst = int(off.argmax())
        if off[worst] > tolerance_m:
            middle = a + 1 + worst
            keep[middle] = True
            pieces += [(a, middle), (middle, b)]
    return dataclasses.replace(flight, time_s=t[keep], position_enu=p[keep], velocity_enu=v[keep])


def positions_at(flight: Flight, times: np.ndarray) -> np.ndarray:
    """Where a flight is, (n, 3) east, north, up [m], at `times` (n,) [s]; nan before its start and after its end.

    Examples
    --------
    >>> line = Flight("b-1", "b", "s", "bird", False, False, np.array([0.0, 10.0]),
    ...               np.array([[0.0, 0, 50], [100, 0, 50]]), np.array([[10.0, 0, 0], [10, 0, 0]]), -20.0)
    >>> positions_at(line, np.array([2.5, 11.0])).tolist()
    [[25.0, 0.0, 50.0], [nan, nan, nan]]
    """
    t, p, v = flight.time_s, flight.position_enu, flight.velocity_enu
    a = np.clip(np.searchsorted(t, times, side="right") - 1, 0, len(t) - 2)
    h = (t[a + 1] - t[a])[:, None]
    s = (times - t[a])[:, None] / h
    out: np.ndarray = (
        (1 + 2 * s) * (1 - s) ** 2 * p[a]
        + s * (1 - s) ** 2 * h * v[a]
        + s**2 * (3 - 2 * s) * p[a + 1]
        + s**2 * (s - 1) * h * v[a + 1]
    )
    out[(times < t[0]) | (times > t[-1])] = np.nan
    return out
