"""Truth with fewer knots: a flight that a recording keeps and a report draws."""

import dataclasses

import numpy as np

from rampart.records import Flight

#: How far the thinned flight may pass from a knot that was left out [m].
TOLERANCE_M = 0.25


def _hermite(t: np.ndarray, p: np.ndarray, v: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Positions (n, 3) [m] at `times` on the cubic Hermite curve through knots at `t` [s]."""
    a = np.clip(np.searchsorted(t, times, side="right") - 1, 0, len(t) - 2)
    h = (t[a + 1] - t[a])[:, None]
    s = (times - t[a])[:, None] / h
    q = 1.0 - s
    out: np.ndarray = q * q * ((1 + 2 * s) * p[a] + s * h * v[a]) + s * s * ((3 - 2 * s) * p[a + 1] - q * h * v[a + 1])
    return out


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
    Method: each piece is split at the knot furthest off, until none is too far (Douglas and Peucker 1973, with cubic
    Hermite pieces in place of chords); all pieces at once.
    """
    t, p, v = flight.time_s, flight.position_enu, flight.velocity_enu
    keep = np.zeros(len(t), dtype=bool)
    keep[[0, -1]] = True
    while not keep.all():
        kept = np.flatnonzero(keep)
        gap = p - _hermite(t[kept], p[kept], v[kept], t)
        off = np.sqrt((gap * gap).sum(axis=1))
        off[kept] = 0.0
        worst = np.repeat(np.maximum.reduceat(off, kept[:-1]), np.diff(kept))
        split = (off[:-1] > tolerance_m) & (off[:-1] == worst)
        if not split.any():
            break
        keep[:-1] |= split
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
    out = _hermite(t, p, v, times)
    out[(times < t[0]) | (times > t[-1])] = np.nan
    return out
