"""Sight: whether a threat would be seen if it flew on - only then does its loss mean anything."""

from __future__ import annotations

import math

from rampart.records import SensorModel, Site

Vector = tuple[float, float, float]

G_MS2 = 9.80665
#: How far ahead it must still be in sight [s].
AHEAD_S = 2.0
#: Share of the range for 0 dBsm within which a small target is seen nine times in ten (-12 dBsm).
_SURE_SHARE = 0.5
#: A radial speed less than this many half widths of the Doppler notch may slip into it.
_CLEAR_OF_NOTCH = 1.5
#: Lower edges of a cover are not trusted closer than this [rad].
_EDGE_RAD = math.radians(0.5)


class Sight:
    """The sensors of a site that measure range, and where they surely see.

    Parameters
    ----------
    site : Site
        Its sensors, as their data sheets say. Where none measures range, everything counts as seen.
    """

    def __init__(self, site: Site) -> None:
        self._sensors = [(i, s) for i, s in enumerate(site.sensors) if math.isfinite(s.range_sigma_m)]

    def flying_on(self, position: Vector, velocity: Vector, *, falls: bool, working: tuple[bool, ...] | None) -> bool:
        """Whether some sensor that works would see it now and `AHEAD_S` later.

        Parameters
        ----------
        position, velocity : tuple of float
            East, north, up [m] and their rates [m/s], as of its latest detection.
        falls : bool
            Under gravity, or held up by wings or rotors.
        working : tuple of bool or None
            Which of Site.sensors work; None: all.
        """
        if not self._sensors:
            return True
        places = [_later(position, velocity, t, falls=falls) for t in (0.0, AHEAD_S)]
        return any(
            all(_sees(sensor, place, speed) for place, speed in places)
            for i, sensor in self._sensors
            if working is None or working[i]
        )


def _later(position: Vector, velocity: Vector, seconds: float, *, falls: bool) -> tuple[Vector, Vector]:
    """Place and velocity after a short time, drag left out."""
    drop = G_MS2 * seconds if falls else 0.0
    (e, n, u), (ve, vn, vu) = position, velocity
    place = (e + ve * seconds, n + vn * seconds, u + (vu - 0.5 * drop) * seconds)
    return place, (ve, vn, vu - drop)


def _sees(sensor: SensorModel, place: Vector, velocity: Vector) -> bool:
    offset = [a - float(b) for a, b in zip(place, sensor.position_enu, strict=True)]
    range_m = math.hypot(*offset)
    if not math.isfinite(range_m) or range_m <= max(sensor.min_range_m, 1.0):
        return False
    sure_m = _SURE_SHARE * sensor.reference_range_m if math.isfinite(sensor.reference_range_m) else math.inf
    elevation = math.asin(offset[2] / range_m)
    radial_ms = abs(sum(o * v for o, v in zip(offset, velocity, strict=True))) / range_m
    return (
        range_m <= min(sensor.max_range_m, sure_m)
        and sensor.min_elevation_rad + _EDGE_RAD <= elevation <= sensor.max_elevation_rad
        and radial_ms >= _CLEAR_OF_NOTCH * sensor.minimum_radial_speed_ms
    )


def same_flight(position: Vector, velocity: Vector, later: Vector, seconds: float, *, falls: bool) -> bool:
    """Whether what is seen `seconds` later can be the same thing: within 100 m and a tenth of the way.

    Examples
    --------
    >>> same_flight((0.0, 0.0, 1000.0), (200.0, 0.0, 0.0), (600.0, 0.0, 960.0), 3.0, falls=True)
    True
    """
    place, _ = _later(position, velocity, seconds, falls=falls)
    return math.dist(place, later) <= 100.0 + 0.1 * math.hypot(*velocity) * seconds
