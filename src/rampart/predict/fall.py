"""Fall of a stone: from the end of a meteor's light through the winds to the ground, with an ellipse."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rampart.physics import geodesy
from rampart.physics.atmosphere import WindProfile
from rampart.physics.drag import reference_coefficient
from rampart.physics.environment import Environment
from rampart.physics.flight import fly_to_ground

from .confidence import Ellipse, ellipse, sigmas_of

Floats = NDArray[np.float64]

#: Runge-Kutta step: a small stone that enters thick air at kilometres per second loses half its speed within seconds.
_STEP_S = 0.05
#: Divided differences reach this many sigma: what fits a normal distribution best (Norgaard et al. 2000).
_REACH = math.sqrt(3.0)


@dataclass(frozen=True)
class FallStart:
    """Where a body was last seen, how it moved, and what it is.

    Examples
    --------
    >>> stone = FallStart(0.5, 0.1, 20_000.0, 3000.0, 0.4, 1.0, mass_kg=2.0, density_kg_m3=3500.0)
    >>> round(stone.radius_m, 4)
    0.0515
    """

    latitude_rad: float
    longitude_rad: float
    height_m: float
    speed_ms: float
    zenith_rad: float  #: of the path: 0 is straight down
    azimuth_rad: float  #: of travel, clockwise from north
    mass_kg: float
    density_kg_m3: float
    drag_factor: float = 1.0  #: its drag over that of a sphere of its mass

    @property
    def radius_m(self) -> float:
        """Radius of a sphere of its mass and density."""
        return (0.75 * self.mass_kg / (math.pi * self.density_kg_m3)) ** (1.0 / 3.0)

    @property
    def ln_drag(self) -> float:
        """Ln of drag-to-mass k [m2/kg], as `rampart.physics.drag` defines it for the sphere."""
        area = math.pi * self.radius_m**2
        return math.log(self.drag_factor * reference_coefficient("sphere") * area / (2.0 * self.mass_kg))


@dataclass(frozen=True)
class FallErrors:
    """One sigma of each number of `FallStart`, and of the wind.

    Stones are no spheres: their drag is 1 to 1.6 times a sphere's, so its logarithm has a sigma of 0.3. Wind errors
    hang together over a few kilometres of height.
    """

    latitude_rad: float = 0.0
    longitude_rad: float = 0.0
    height_m: float = 0.0
    speed_ms: float = 0.0
    zenith_rad: float = 0.0
    azimuth_rad: float = 0.0
    ln_mass: float = 0.0
    ln_density: float = 0.0
    ln_drag: float = 0.3
    wind_ms: float = 3.0  #: of each component
    wind_layer_m: float = 3000.0  #: over which an error of the wind lasts


@dataclass(frozen=True, eq=False)
class Fall:
    """A predicted fall point.

    Attributes
    ----------
    latitude_rad, longitude_rad : float
        Where it lies.
    time_s : float
        From the start to the ground.
    speed_ms : float
        At the ground.
    covariance : ndarray (2, 2)
        East-north [m2].
    """

    latitude_rad: float
    longitude_rad: float
    height_m: float
    time_s: float
    speed_ms: float
    covariance: Floats

    def ellipse(self, probability: float = 0.9) -> Ellipse:
        """Ellipse of this content about the fall point."""
        return ellipse(self.covariance, probability)

    def offset_m(self, latitude_rad: float, longitude_rad: float) -> Floats:
        """East and north (2,) of a place as seen from the fall point [m]."""
        here = (self.latitude_rad, self.longitude_rad, self.height_m)
        return np.asarray(geodesy.geodetic_to_enu(latitude_rad, longitude_rad, self.height_m, *here))[:2]

    def contains(self, latitude_rad: float, longitude_rad: float, probability: float = 0.9) -> bool:
        """Whether a place lies inside the ellipse."""
        offset = self.offset_m(latitude_rad, longitude_rad)
        return bool(offset @ np.linalg.solve(self.covariance, offset) <= sigmas_of(probability) ** 2)


def predict_fall(
    start: FallStart, *, errors: FallErrors | None = None, wind: WindProfile | None = None, ground_height_m: float = 0.0
) -> Fall:
    """Predict where a body that fell dark comes down.

    Parameters
    ----------
    start : FallStart
        End of the light.
    errors : FallErrors, optional
        Sigmas, independent of each other; only those of drag and wind if left out.
    wind : WindProfile, optional
        Still air if left out.
    ground_height_m : float
        Of the plane it falls on, in the datum of the start's height.

    Returns
    -------
    Fall
        The flight of the numbers as given, and the covariance about it.

    Raises
    ------
    ValueError
        If it does not come down within half an hour.

    Notes
    -----
    A sphere's drag curve, standard air, the wind of the profile, a round and turning Earth; the frame touches the Earth
    below the start, 18 km below for Murrili. Covariance by second-order divided differences (Norgaard, Poulsen and Ravn
    2000, Automatica 36:1627) over the start and the wind, layer by layer. Checked against: tests/golden/physics.

    Examples
    --------
    >>> stone = FallStart(0.5, 0.1, 18_000.0, 3000.0, 0.4, 1.0, mass_kg=2.0, density_kg_m3=3500.0)
    >>> fall = predict_fall(stone)
    >>> bool(90.0 < fall.time_s < 110.0), fall.contains(fall.latitude_rad, fall.longitude_rad)
    (True, True)
    """
    errors = FallErrors() if errors is None else errors
    still = WindProfile.constant(0.0, 0.0)
    origin = (start.latitude_rad, start.longitude_rad, ground_height_m)
    profile = still if wind is None else wind
    middle, time_s, speed_ms = _land(start, profile, origin)
    covariance = np.zeros((2, 2))
    for plus, minus in _fan(start, errors, profile):
        above, below = _land(*plus, origin)[0], _land(*minus, origin)[0]
        slope, bend = above - below, above + below - 2.0 * middle
        covariance += np.outer(slope, slope)[:2, :2] / (4.0 * _REACH**2)
        covariance += np.outer(bend, bend)[:2, :2] * (_REACH**2 - 1.0) / (4.0 * _REACH**4)
    latitude, longitude, _ = geodesy.enu_to_geodetic(middle, *origin)
    return Fall(float(latitude), float(longitude), ground_height_m, time_s, speed_ms, covariance)


Case = tuple[FallStart, WindProfile]


def _fan(start: FallStart, errors: FallErrors, wind: WindProfile) -> list[tuple[Case, Case]]:
    """Pairs of flights, each `_REACH` sigma up and down in one number."""
    pairs: list[tuple[Case, Case]] = []
    for name in ("latitude_rad", "longitude_rad", "height_m", "speed_ms", "zenith_rad", "azimuth_rad"):
        step = _REACH * getattr(errors, name)
        if step:
            value = getattr(start, name)
            pairs.append(
                ((replace(start, **{name: value + step}), wind), (replace(start, **{name: value - step}), wind))
            )
    for name, sigma in (
        ("mass_kg", errors.ln_mass),
        ("density_kg_m3", errors.ln_density),
        ("drag_factor", errors.ln_drag),
    ):
        if sigma:
            value, ratio = getattr(start, name), math.exp(_REACH * sigma)
            pairs.append(
                ((replace(start, **{name: value * ratio}), wind), (replace(start, **{name: value / ratio}), wind))
            )
    if errors.wind_ms:
        for foot in np.arange(0.0, start.height_m, errors.wind_layer_m):
            for side in np.eye(2) * _REACH * errors.wind_ms:
                up, down = (_gust(wind, float(foot), errors.wind_layer_m, side * s) for s in (1.0, -1.0))
                pairs.append(((start, up), (start, down)))
    return pairs


def _gust(wind: WindProfile, foot_m: float, depth_m: float, extra: Floats) -> WindProfile:
    """A profile with another wind in one layer, over edges of 100 m; the lowest layer has no lower edge."""
    edge = 50.0
    lower = [] if foot_m == 0.0 else [foot_m - edge, foot_m + edge]
    nodes = np.array([*lower, foot_m + depth_m - edge, foot_m + depth_m + edge])
    share = np.array([*([] if foot_m == 0.0 else [0.0, 1.0]), 1.0, 0.0])
    height = np.unique(np.concatenate([wind.height_m, nodes]))
    east, north = wind.at(height)
    factor = np.interp(height, nodes, share)
    return WindProfile(height, east + factor * extra[0], north + factor * extra[1])


def _land(start: FallStart, wind: WindProfile, origin: tuple[float, float, float]) -> tuple[Floats, float, float]:
    """Where a start comes down in the frame of `origin` (3,), after how long, how fast."""
    here = Environment.standard(latitude_rad=origin[0], height_m=origin[2], wind=wind)
    place = geodesy.geodetic_to_enu(start.latitude_rad, start.longitude_rad, start.height_m, *origin)
    travel = geodesy.polar_to_enu(1.0, start.azimuth_rad + math.pi, 0.5 * math.pi - start.zenith_rad)
    state = np.concatenate([place, -start.speed_ms * travel, [start.ln_drag]])
    landing = fly_to_ground([state], here, shape="sphere", step_s=_STEP_S, max_time_s=1800.0)
    if not landing.landed[0]:
        raise ValueError("the body does not come down within half an hour")
    return landing.position_enu[0], float(landing.time_s[0]), float(np.linalg.norm(landing.velocity_enu[0]))
