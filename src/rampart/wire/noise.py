"""Noise: the one-sigma errors of a sensor whose reports do not say theirs."""

from dataclasses import dataclass, replace

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


#: A search radar as the built-in scenarios have it (`radar3d`).
SEARCH_RADAR = SensorNoise(10.0, float(np.radians(0.2)), float(np.radians(0.2)), 1.0, 100.0)

#: An air traffic control radar: the random errors that the EUROCONTROL standard for radar surveillance
#: (SUR.ET1.ST01.1000-STD-01-01) allows. Height: a pressure altitude taken for one above mean sea level.
AIR_TRAFFIC_RADAR = SensorNoise(70.0, float(np.radians(0.08)), float(np.radians(0.2)), 2.0, 100.0)
