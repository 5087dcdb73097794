"""Classify: what each class of target looks like, as likelihoods that the kernels read, and what moved a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rampart.records import TargetClass

Floats = NDArray[np.float64]
Band = tuple[float, float, float]

#: Sources of evidence, rows of what `classification._kernels.weigh` fills.
SOURCES = (
    "prior",
    "motion",
    "kinematics",
    "turn_rate",
    "drag_and_thrust",
    "rcs",
    "micro_doppler",
    "camera",
    "radio_link",
    "identity",
)


@dataclass(frozen=True, slots=True)
class ClassChange:
    """A track that is called something else than before, and why."""

    track: int
    time_ns: int
    before: str | None  #: name of the class; None when it is classified for the first time
    after: str
    probability: float  #: of the class that it is called now
    against: str  #: the class that `evidence` is measured against: the one before, or the runner-up
    #: ln likelihood ratio of `after` over `against` by source, strongest first; sources that say nothing are left out
    evidence: Mapping[str, float]


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
    prior : float
        Share among objects that a radar starts a track on.
    ln_drag : Band
        ln of subsonic drag-to-mass [m2/kg]; of no meaning for what is steered.
    p_thrust : float
        Probability that thrust has been seen.
    turning : tuple of 2 floats
        Shares of straight flight and of manoeuvres in its time; the rest it circles.
    moving : tuple of 4 floats
        Micro-Doppler: share that moves blades or wings; how often a width is found of the others; median of the width
        [m/s], one sigma of its ln.
    p_link : float
        Probability that a direction finder hears a radio link from its bearing, by right or by mistake.
    level : float
        Share of its time in level flight.
    launch_deg : Band
        Angle at which a falling body leaves the ground [deg]; of no meaning for what is steered.
    """

    speed_ms: Band
    climb_ms: Band
    height_m: Band
    rcs_dbsm: Band
    prior: float
    ln_drag: Band = (-14.0, -4.0, 1.0)
    p_thrust: float = 0.01
    turning: tuple[float, float] = (0.9, 0.08)
    moving: tuple[float, float, float, float] = (0.03, 0.02, 3.0, 0.8)
    p_link: float = 0.05
    level: float = 0.0
    launch_deg: Band = (5.0, 85.0, 6.0)

    def row(self) -> Floats:
        """The table row that kernels read, `N_FEATURES` numbers."""
        bands = (*self.speed_ms, *self.climb_ms, *self.height_m, *self.rcs_dbsm, *self.ln_drag)
        share, found, width, sigma = self.moving
        return np.array(
            [
                *bands,
                self.prior,
                self.p_thrust,
                *self.turning,
                share,
                found,
                np.log(width),
                sigma,
                self.p_link,
                self.level,
                *self.launch_deg,
            ]
        )


#: Generic bands, wide on purpose.
#:
#: Speeds, climbs, heights: mortar bombs leave at 70 to 330 m/s and stay subsonic, rockets reach 200 to 700 m/s, shells
#: 200 to 900 m/s and fall no slower than about 150 m/s (R. L. McCoy, Modern Exterior Ballistics, 1999), and how high
#: or steep they go follows from that, so climb and height tell falling bodies from others but not apart; small
#: multirotors fly 0 to 22 m/s, fixed-wing drones from 18 m/s on, most of both low and level; birds 8 to 20 m/s air
#: speed, most of them 10 to 16 (Alerstam et al. 2007, PLoS Biology 5:e197), mostly below some hundred metres; aircraft
#: 50 to 280 m/s, climbing up to about 25 m/s, gliders and helicopters from 20 m/s on. Radar cross-section: small
#: drones -19 to -8 dBsm (IEICE Communications Express, 2020), birds -35 to -25 dBsm, aircraft 2 to 30 m2 (M. I.
#: Skolnik, Introduction to Radar Systems, 3rd ed., chapters 2 and 7), bodies of 0.06 to 0.2 m diameter -20 to -5 dBsm.
#: Drag-to-mass Cd S / (2 m) of a body, from calibre and mass with a subsonic drag coefficient of 0.12 to 0.16: bombs
#: of 60 to 120 mm and 1.4 to 14 kg 5.5e-5 to 1.4e-4 m2/kg, shells of 76 to 203 mm and 6 to 95 kg 2e-5 to 5e-5, rockets
#: with their empty motor and blunter base 3e-5 to 3e-4. Mortars fire above 45 degrees, guns up to about 70, rockets up
#: to about 60: drag makes the angle look steeper late in flight, and the shoulder allows for that.
#: Turn rates: birds wander, and circle when they soar; shares are our assumption. Micro-Doppler: tips of small rotors
#: and propellers 50 to 100 m/s (of propellers less when seen along the axis), wing tips 3 to 12 m/s (from beats of 3
#: to 15 Hz: Bruderer et al. 2010, Ibis 152:272), a quarter of birds soaring. Links, and the edges of drones' bands:
#: assumption.
LOOKS: Mapping[TargetClass, Look] = {
    TargetClass.ROCKET: Look(
        (60.0, 700.0, 40.0),
        (0.0, 400.0, 50.0),
        (0.0, 8e3, 500.0),
        (-15.0, -3.0, 2.0),
        0.15,
        (-10.3, -8.0, 0.4),
        0.5,
        launch_deg=(20.0, 60.0, 6.0),
    ),
    TargetClass.SHELL: Look(
        (140.0, 450.0, 40.0),
        (0.0, 400.0, 50.0),
        (0.0, 8e3, 500.0),
        (-22.0, -11.0, 2.0),
        0.07,
        (-10.8, -9.9, 0.3),
        launch_deg=(15.0, 70.0, 6.0),
    ),
    TargetClass.MORTAR: Look(
        (60.0, 200.0, 40.0),
        (0.0, 400.0, 50.0),
        (0.0, 8e3, 500.0),
        (-22.0, -11.0, 2.0),
        0.07,
        (-9.8, -8.9, 0.3),
        launch_deg=(45.0, 85.0, 6.0),
    ),
    TargetClass.MULTIROTOR: Look(
        (2.0, 22.0, 2.5),
        (0.0, 8.0, 3.0),
        (0.0, 200.0, 120.0),
        (-20.0, -8.0, 2.5),
        0.13,
        turning=(0.80, 0.16),
        moving=(0.97, 0.05, 60.0, 0.35),
        p_link=0.7,
        level=0.75,
    ),
    TargetClass.FIXED_WING: Look(
        (18.0, 65.0, 3.0),
        (0.0, 15.0, 5.0),
        (0.0, 400.0, 200.0),
        (-18.0, -5.0, 2.5),
        0.15,
        turning=(0.80, 0.16),
        moving=(0.95, 0.05, 45.0, 0.70),
        p_link=0.4,
        level=0.75,
    ),
    TargetClass.BIRD: Look(
        (10.0, 16.0, 2.5),
        (0.0, 3.0, 2.0),
        (0.0, 250.0, 220.0),
        (-36.0, -25.0, 2.5),
        0.20,
        turning=(0.30, 0.50),
        moving=(0.75, 0.08, 6.0, 0.45),
        level=0.65,
    ),
    TargetClass.AIRCRAFT: Look(
        (20.0, 280.0, 8.0),
        (0.0, 20.0, 6.0),
        (200.0, 13e3, 200.0),
        (0.0, 22.0, 4.0),
        0.22,
        turning=(0.75, 0.20),
        moving=(0.70, 0.10, 100.0, 0.90),
        level=0.65,
    ),
    TargetClass.CLUTTER: Look(
        (0.0, 1000.0, 100.0),
        (0.0, 500.0, 50.0),
        (0.0, 12e3, 500.0),
        (-40.0, 25.0, 5.0),
        0.01,
        turning=(0.3, 0.4),
        level=0.1,
    ),
    TargetClass.UNKNOWN: Look(
        (0.0, 1000.0, 100.0),
        (0.0, 300.0, 50.0),
        (0.0, 15e3, 500.0),
        (-40.0, 25.0, 5.0),
        0.03,
        turning=(0.4, 0.4),
        moving=(0.5, 0.2, 15.0, 1.5),
        p_link=0.3,
        level=0.3,
    ),
}


@cache
def class_table() -> Floats:
    """The likelihood table of all classes, in the order of `TargetClass`: one for all trackers, which only read it.

    Returns
    -------
    ndarray, shape (9, 28)
        Columns as in `rampart.track.classification._kernels`.

    Examples
    --------
    >>> class_table().shape
    (9, 28)
    """
    return np.array([LOOKS[kind].row() for kind in TargetClass])


def change_of(track: int, time_ns: int, probability: Floats, before: int | None, weights: Floats) -> ClassChange:
    """The change of a track to its likeliest class.

    Parameters
    ----------
    track, time_ns : int
        Its number, and when.
    probability : ndarray (9,)
        By class.
    before : int or None
        The class it was called before.
    weights : ndarray (sources, 9)
        ln likelihoods as `classification._kernels.weigh` gives them.
    """
    after = int(probability.argmax())
    others = np.where(np.arange(len(probability)) == after, -1.0, probability)
    against = int(others.argmax()) if before is None else before
    ratio = weights[:, after] - weights[:, against]
    order = np.argsort(-np.abs(ratio), kind="stable")
    evidence = {SOURCES[i]: round(float(ratio[i]), 3) for i in order if abs(ratio[i]) >= 0.01}
    name = [kind.label for kind in TargetClass]
    called = None if before is None else name[before]
    return ClassChange(track, time_ns, called, name[after], float(probability[after]), name[against], evidence)
