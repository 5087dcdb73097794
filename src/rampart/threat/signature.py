"""Signature: how large each kind looks to a radar. Generic bands of published figures, not of named objects.

Sources: five common small drones have a mean of -8.1 to -19.1 dBsm at 24 GHz (IEICE Communications Express, 2020);
aircraft from a light single to an airliner 1 to 40 m2, a bird 0.01 m2 and less (M. I. Skolnik, Introduction to Radar
Systems, chapter 2). Rockets, shells, mortar bombs: our assumption for bodies 0.06 to 0.2 m thick, seen from anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

#: Mean radar cross-section by kind: lowest and highest [dBsm].
RCS_DBSM: Mapping[str, tuple[float, float]] = {
    "rocket": (-13.0, -5.0),
    "shell": (-20.0, -12.0),
    "mortar": (-20.0, -12.0),
    "multirotor": (-19.1, -8.1),
    "fixed_wing": (-17.0, -7.0),
    "civil_drone": (-19.1, -8.1),
    "bird": (-35.0, -25.0),
    "aircraft": (5.0, 15.0),
    "recorded": (-10.0, -10.0),
}


def draw_rcs(rng: np.random.Generator, kind: str, given_dbsm: float | None) -> float:
    """Mean radar cross-section of one object [dBsm]: as given, or uniform in its kind's band.

    One draw is taken either way, so that naming a value leaves the rest of the raid as it was.

    Examples
    --------
    >>> from numpy.random import Generator, Philox
    >>> -19.1 <= draw_rcs(Generator(Philox(1)), "multirotor", None) <= -8.1
    True
    """
    low, high = RCS_DBSM[kind]
    drawn = low + (high - low) * float(rng.random())
    return drawn if given_dbsm is None else given_dbsm


#: Speed of blade or wing tips by kind: median [m/s] and one sigma of its ln. Rotors of small drones, 0.24 m across at
#: 80 to 110 turns a second, have 60 to 85 m/s; propellers of fixed-wing craft turn about as fast. Wings: 2 f A b with
#: beats of 3 to 15 Hz (Bruderer et al. 2010, Ibis 152:272), 1 to 1.8 rad of stroke and 0.2 to 0.6 m of half span.
#: Aircraft: the propeller or fan. Spread and medians of drones and aircraft are assumptions about that.
TIP_SPEED_MS: Mapping[str, tuple[float, float]] = {
    "multirotor": (65.0, 0.25),
    "fixed_wing": (75.0, 0.30),
    "civil_drone": (65.0, 0.25),
    "bird": (6.0, 0.40),
    "aircraft": (200.0, 0.25),
}


def draw_tip_speed(rng: np.random.Generator, kind: str) -> float:
    """Speed of the blade or wing tips of one object [m/s]; nan for kinds that have none.

    The draw comes from a stream spawned for it: what else is drawn from `rng` stays as it was.

    Examples
    --------
    >>> from numpy.random import Generator, Philox, SeedSequence
    >>> draw_tip_speed(Generator(Philox(SeedSequence(1))), "rocket")
    nan
    """
    if kind not in TIP_SPEED_MS:
        return math.nan
    median, sigma = TIP_SPEED_MS[kind]
    return median * math.exp(sigma * float(rng.spawn(1)[0].standard_normal()))
