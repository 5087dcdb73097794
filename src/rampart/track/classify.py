"""Classify: what each class of target looks like, as likelihoods that the kernels read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rampart.records import TargetClass

Floats = NDArray[np.float64]
Band = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """What a class looks like: bands (low, high, shoulder), uniform inside, Gaussian outside.

    Parameters
    ----------
    speed_ms, climb_ms : Band
        Speed, and amount of vertical speed [m/s].
    height_m : Band
        Above ground [m].
    rcs_dbsm : Band
        Mean radar cross-section [dBsm].
    ln_drag : Band
        ln of subsonic drag-to-mass [m2/kg]; of no meaning for what is steered.
    prior : float
        Share among objects that a radar starts a track on.
    p_thrust : float
        Probability that thrust has been seen.
    """

    speed_ms: Band
    climb_ms: Band
    height_m: Band
    rcs_dbsm: Band
    prior: float
    ln_drag: Band = (-14.0, -4.0, 1.0)
    p_thrust: float = 0.01

    def row(self) -> Floats:
        """The table row that kernels read, `N_FEATURES` numbers."""
        bands = (*self.speed_ms, *self.climb_ms, *self.height_m, *self.rcs_dbsm, *self.ln_drag)
        return np.array([*bands, self.prior, self.p_thrust])


#: Generic bands, wide on purpose.
#:
#: Speeds, climbs, heights: mortar bombs leave at 70 to 330 m/s and stay subsonic, rockets reach 200 to 700 m/s, shells
#: 200 to 900 m/s and fall no slower than about 150 m/s (R. L. McCoy, Modern Exterior Ballistics, 1999); small drones
#: fly 0 to 60 m/s below 1,000 m and climb at most 10 to 15 m/s; birds 8 to 20 m/s air speed (Alerstam et al. 2007,
#: PLoS Biology 5:e197), mostly below 1,000 m; aircraft 50 to 280 m/s, climbing up to about 25 m/s. Radar cross-
#: section: small drones -19 to -8 dBsm (IEICE Communications Express, 2020), birds -35 to -25 dBsm, aircraft 2 to 30
#: m2 (M. I. Skolnik, Introduction to Radar Systems, 3rd ed., chapters 2 and 7), bodies of 0.06 to 0.2 m diameter -20
#: to -5 dBsm. Drag-to-mass Cd S / (2 m) of a body: 3e-5 to 3e-4 m2/kg from calibre and mass, rockets with their empty
#: motor light.
LOOKS: Mapping[TargetClass, Look] = {
    TargetClass.ROCKET: Look(
        (60.0, 700.0, 40.0), (0.0, 500.0, 30.0), (0.0, 8e3, 300.0), (-15.0, -3.0, 2.0), 0.15, (-10.3, -8.0, 0.4), 0.35
    ),
    TargetClass.SHELL: Look(
        (150.0, 900.0, 40.0), (0.0, 700.0, 30.0), (0.0, 12e3, 300.0), (-22.0, -11.0, 2.0), 0.06, (-10.8, -9.2, 0.3)
    ),
    TargetClass.MORTAR: Look(
        (50.0, 330.0, 30.0), (0.0, 320.0, 30.0), (0.0, 5e3, 300.0), (-22.0, -11.0, 2.0), 0.07, (-10.2, -8.7, 0.4)
    ),
    TargetClass.MULTIROTOR: Look((0.0, 28.0, 4.0), (0.0, 8.0, 3.0), (0.0, 500.0, 200.0), (-20.0, -8.0, 2.5), 0.13),
    TargetClass.FIXED_WING: Look((18.0, 75.0, 6.0), (0.0, 15.0, 5.0), (0.0, 1500.0, 400.0), (-18.0, -5.0, 2.5), 0.15),
    TargetClass.BIRD: Look((6.0, 20.0, 3.0), (0.0, 3.0, 2.0), (0.0, 800.0, 300.0), (-36.0, -25.0, 2.5), 0.20),
    TargetClass.AIRCRAFT: Look((55.0, 280.0, 15.0), (0.0, 20.0, 6.0), (300.0, 13e3, 300.0), (0.0, 22.0, 4.0), 0.22),
    TargetClass.CLUTTER: Look((0.0, 1000.0, 100.0), (0.0, 500.0, 50.0), (0.0, 12e3, 500.0), (-40.0, 25.0, 5.0), 0.01),
    TargetClass.UNKNOWN: Look((0.0, 1000.0, 100.0), (0.0, 300.0, 50.0), (0.0, 15e3, 500.0), (-40.0, 25.0, 5.0), 0.05),
}


def class_table() -> Floats:
    """The likelihood table of all classes, in the order of `TargetClass`.

    Returns
    -------
    ndarray, shape (9, 17)
        Columns as in `rampart.track.life._kernels`.

    Examples
    --------
    >>> class_table().shape
    (9, 17)
    """
    return np.array([LOOKS[kind].row() for kind in TargetClass])
