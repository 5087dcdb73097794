"""Cover: which zones a site's sensors watch while they work."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rampart.records import SensorModel, Site

#: Kinds that hear only what sends: they watch nothing that is silent.
_LISTENERS = ("id_receiver", "direction_finder")
#: Sensors that tell no range must be so many to find a place.
_BEARINGS = 2


class Cover:
    """Which zones are watched, given which sensors work.

    Parameters
    ----------
    site : Site
        Zones, and sensors as their data sheets say.

    Notes
    -----
    A sensor covers a zone that lies whole within its range: the lesser of `max_range_m` and `reference_range_m`, level
    distance from the sensor to the zone's furthest corner. A zone is watched by one sensor that measures range, or by
    two that measure bearings only; receivers, which hear only what sends, watch nothing. Terrain is not looked at:
    `rampart coverage` does that before a sensor is put up.
    """

    def __init__(self, site: Site) -> None:
        sensors, zones = site.sensors, site.zones
        self._covers = np.array([[_covers(s, z.polygon_en) for z in zones] for s in sensors], dtype=bool)
        self._covers = self._covers.reshape(len(sensors), len(zones))
        ranging = np.array([s.kind not in _LISTENERS and bool(np.isfinite(s.range_sigma_m)) for s in sensors], bool)
        bearing = np.array([s.kind not in _LISTENERS and not r for s, r in zip(sensors, ranging, strict=True)], bool)
        self._ranging, self._bearing = ranging, bearing
        #: (zones,) watched if every sensor works
        self.at_best = self.watched((True,) * len(sensors))

    def watched(self, working: tuple[bool, ...]) -> NDArray[np.bool_]:
        """Which zones (n,) are watched by the sensors that work."""
        works = np.array(working, dtype=bool)
        places = self._covers[works & self._ranging].any(axis=0)
        crossed = self._covers[works & self._bearing].sum(axis=0) >= _BEARINGS
        watched: NDArray[np.bool_] = places | crossed
        return watched


def _covers(sensor: SensorModel, polygon_en: NDArray[np.float64]) -> bool:
    reach_m = np.fmin(sensor.max_range_m, sensor.reference_range_m)
    return bool(np.hypot(*(polygon_en - sensor.position_enu[:2]).T).max() <= reach_m)
