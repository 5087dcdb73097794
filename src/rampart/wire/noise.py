"""Noise: the one-sigma errors of a sensor whose reports do not say theirs."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from rampart.records import SensorModel


@dataclass(frozen=True, slots=True)
class SensorNoise:
    """One sigma of each quantity a sensor measures."""

    range_m: float
    azimuth_rad: float
    elevation_rad: float
    range_rate_ms: float
    height_m: float

    @classmethod
    def of(cls, model: SensorModel, otherwise: "SensorNoise") -> "SensorNoise":
        """The data sheet of a site's sensor; `otherwise` where it is silent."""
        given = {
            "range_m": model.range_sigma_m,
            "azimuth_rad": model.azimuth_sigma_rad,
            "elevation_rad": model.elevation_sigma_rad,
            "range_rate_ms": model.range_rate_sigma_ms,
            "height_m": model.height_sigma_m,
        }
        return replace(otherwise, **{name: value for name, value in given.items() if not np.isnan(value)})


def noise_by_row(noise: Callable[[int], SensorNoise], sensor: np.ndarray) -> dict[str, np.ndarray]:
    """One sigma of each report.

    Parameters
    ----------
    noise : callable
        One sigma by sensor index.
    sensor : (n,) int array
        Sensor index of each report.

    Returns
    -------
    dict
        (n,) float arrays by the names of `SensorNoise`.

    Examples
    --------
    >>> noise_by_row(lambda i: SEARCH_RADAR, np.array([0, 0]))["range_m"].tolist()
    [10.0, 10.0]
    """
    sensors, row = np.unique(sensor, return_inverse=True)
    found = [noise(int(i)) for i in sensors]
    names = [field.name for field in fields(SensorNoise)]
    return {name: np.array([getattr(one, name) for one in found], float)[row] for name in names}


#: A search radar as the built-in scenarios have it (`radar3d`).
SEARCH_RADAR = SensorNoise(10.0, float(np.radians(0.2)), float(np.radians(0.2)), 1.0, 100.0)

#: An air traffic control radar: the random errors that the EUROCONTROL standard for radar surveillance
#: (SUR.ET1.ST01.1000-STD-01-01) allows. Height: a pressure altitude taken for one above mean sea level.
AIR_TRAFFIC_RADAR = SensorNoise(70.0, float(np.radians(0.08)), float(np.radians(0.2)), 2.0, 100.0)
