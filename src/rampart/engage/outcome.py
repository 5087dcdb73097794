"""Outcome: what a simulated engagement comes to. Used by the referee, who knows the truth; never by the chain."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rampart.records import Flight

from .effector import Effector


def kill_probability(effector: Effector, range_m: float, miss_m: float) -> float:
    """Probability that an engagement destroys a threat.

    Parameters
    ----------
    effector : Effector
        Its table and lethal radius.
    range_m : float
        From the effector to the planned intercept [m].
    miss_m : float
        From the planned intercept to where the threat then was [m]; nan if nothing was there.

    Notes
    -----
    The table's value times exp(-miss^2 / (2 radius^2)): the diffuse Gaussian damage function (Carleton), see Washburn
    and Kress, Combat Modeling, chapter 2. Its mean over a Gaussian miss of covariance S is the table's value times
    det(I + S / radius^2)^(-1/2), which is what the engager expects.

    Examples
    --------
    >>> from rampart.engage.effector import GunSpec
    >>> from rampart.records import Site
    >>> gun = GunSpec(id="g", kind="gun", position_enu_m=[0, 0, 0]).build(Site("base", 0.5, 0.5, 0.0), 0)
    >>> kill_probability(gun, 1000.0, 0.0), kill_probability(gun, 1000.0, float("nan"))
    (0.5, 0.0)
    """
    if math.isnan(miss_m):
        return 0.0
    return effector.chance_at(range_m) * math.exp(-0.5 * (miss_m / effector.lethal_radius_m) ** 2)


def draw_outcome(
    effector: Effector, engagement: Any, miss_m: float, rng: np.random.Generator, flight: Flight | None = None
) -> tuple[float, bool]:
    """Draw whether an engagement destroys its threat.

    Parameters
    ----------
    effector : Effector
        The one that fired.
    engagement : Row of Engagements
        As the engager decided it.
    miss_m : float
        From the planned intercept to where the threat then was [m]; nan if nothing was there.
    rng : numpy.random.Generator
        One number is drawn, whatever the probability: the streams of paired runs stay in step.
    flight : Flight or None
        What was there: an effector stops only what it affects. None asks for no more than the table.

    Returns
    -------
    probability : float
        With which the outcome was drawn.
    destroyed : bool
        Whether the threat is gone.
    """
    offset = np.asarray(engagement.intercept_enu, dtype=float) - effector.position_enu
    probability = kill_probability(effector, math.sqrt(float((offset * offset).sum())), miss_m)
    if flight is not None and not effector.affects(flight.kind, emits=flight.emits):
        probability = 0.0
    return probability, bool(rng.random() < probability)
