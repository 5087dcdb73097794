"""Where a flight happens: gravity, rotation, air and ground of one site, as arrays that the kernels read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rampart.physics import geodesy
from rampart.physics.atmosphere import TABLE_FOOT_M, TABLE_STEP_M, WindProfile, atmosphere_table
from rampart.physics.constants import EARTH_ROTATION_RAD_S
from rampart.physics.drag import drag_table
from rampart.physics.terrain import Terrain

Floats = NDArray[np.float64]

# without wind the table is the same everywhere
_STILL_AIR = atmosphere_table()
_STILL_AIR.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Environment:
    """Gravity, rotation, air and ground around one site's origin.

    Parameters
    ----------
    site : ndarray (8,)
        1 / Earth radius, gravity at sea level, the Earth's rotation about north and up, origin height above sea level,
        height of the first atmosphere row, 1 / row spacing, number of row intervals.
    atmosphere : ndarray (n, 8)
        See `atmosphere.atmosphere_table`.
    terrain : Terrain
        The ground.

    Examples
    --------
    >>> here = Environment.standard(latitude_rad=0.58, height_m=34.0)
    >>> here.atmosphere.shape
    (651, 8)
    """

    site: Floats
    atmosphere: Floats
    terrain: Terrain
    frame: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame", self.terrain.frame)
        for array in (self.site, self.frame):
            array.setflags(write=False)

    @classmethod
    def standard(
        cls,
        *,
        latitude_rad: float,
        height_m: float = 0.0,
        wind: WindProfile | None = None,
        terrain: Terrain | None = None,
        gravity_ms2: float | None = None,
        earth_radius_m: float | None = None,
        rotation_rad_s: float = EARTH_ROTATION_RAD_S,
    ) -> Environment:
        """Standard atmosphere, normal gravity and the rotation of the Earth at a latitude.

        Parameters
        ----------
        latitude_rad : float
            Geodetic latitude of the origin.
        height_m : float
            Height of the origin above mean sea level.
        wind : WindProfile, optional
            Still air if left out.
        terrain : Terrain, optional
            A plane through the origin if left out.
        gravity_ms2, earth_radius_m : float, optional
            Gravity at sea level (default: WGS-84 normal gravity) and radius of the Earth (default: the best sphere at
            this latitude). `math.inf` as radius gives a flat Earth with constant gravity.
        rotation_rad_s : float
            Rotation of the Earth; 0 switches the Coriolis acceleration off.
        """
        gravity = float(geodesy.normal_gravity_ms2(latitude_rad)) if gravity_ms2 is None else gravity_ms2
        radius = float(geodesy.mean_radius_m(latitude_rad)) if earth_radius_m is None else earth_radius_m
        air = _STILL_AIR if wind is None else atmosphere_table(wind)
        north, up = rotation_rad_s * math.cos(latitude_rad), rotation_rad_s * math.sin(latitude_rad)
        rows = (TABLE_FOOT_M, 1.0 / TABLE_STEP_M, float(len(air) - 1))
        site = np.array([1.0 / radius, gravity, north, up, float(height_m), *rows])
        return cls(site, air, Terrain.flat() if terrain is None else terrain)

    def arrays(self, shape: str = "g1") -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """The arrays in the order of the kernels: site, atmosphere, drag, ground, frame."""
        return self.site, self.atmosphere, drag_table(shape), self.terrain.heights_m, self.frame

    def forces(self, shape: str = "g1") -> tuple[Floats, Floats, Floats]:
        """The first three of `arrays`: what moves a body, without the ground."""
        return self.site, self.atmosphere, drag_table(shape)
