"""Visibility: with what probability one look of a sensor reports something, at many places at once, without dice.

It goes through the very gates that the simulated sensors go through (`_kernels.refusal`, `range_law.p_detect`), so a
map made of it and a Monte Carlo run agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import _kernels_view as kernels
from .gates import Gate

Land = tuple[bool, np.ndarray, np.ndarray]  #: smooth, heights, frame, as `physics.terrain` packs them

#: Below this probability of one look, what weakens it counts as the gate.
P_SEEN = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Visibility:
    """What one look of a sensor makes of a target at n places."""

    gate: np.ndarray  #: (n,) int8, the `Gate` that refuses it; `DETECTED` where one look reports it with 0.9 or more
    p_detect: np.ndarray  #: (n,) probability that one look reports it
    range_m: np.ndarray  #: (n,) slant range


def geometry(
    face: np.ndarray, land: Land, position_enu: np.ndarray, velocity_enu: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The first geometric gate at each place.

    Parameters
    ----------
    face : ndarray (10,)
        The sensor, as `_kernels` reads it.
    land : tuple
        The ground.
    position_enu, velocity_enu : ndarray (n, 3)
        Places [m] and what flies there [m/s].

    Returns
    -------
    gate : ndarray (n,)
        `Gate`, `DETECTED` where no geometric gate refuses.
    polar : ndarray (n, 4)
        Range [m], azimuth, elevation [rad], range rate [m/s].
    """
    position, velocity = (np.ascontiguousarray(a, dtype=float).reshape(-1, 3) for a in (position_enu, velocity_enu))
    gate, polar = np.empty(len(position), np.int8), np.empty((len(position), 4))
    kernels.view(face, position, velocity, *land, gate, polar)
    return gate, polar


def weaken(gate: np.ndarray, polar: np.ndarray, p_detect: np.ndarray, why: Gate) -> Visibility:
    """The visibility of places that pass the geometric gates with `p_detect` (n,), and what lowers it."""
    passed = gate == Gate.DETECTED
    p = np.where(passed, p_detect, 0.0)
    limit = np.where(passed & (p < P_SEEN), np.int8(why), gate).astype(np.int8)
    return Visibility(limit, p, polar[:, 0].copy())
