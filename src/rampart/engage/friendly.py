"""Friendly: tracks that simulated effectors must not hit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rampart.records import TargetClass, Tracks, TrackStatus

_AIRCRAFT = int(TargetClass.AIRCRAFT)
_DRONES = [int(TargetClass.MULTIROTOR), int(TargetClass.FIXED_WING)]
_CONFIRMED, _COASTED = int(TrackStatus.CONFIRMED), int(TrackStatus.COASTED)


def find_friendly(tracks: Tracks, start_ns: int) -> NDArray[np.float64]:
    """Confirmed tracks that are aircraft, or drones that say who they are.

    Parameters
    ----------
    tracks : Tracks
        Of one step.
    start_ns : int
        Second 0 of kernels.

    Returns
    -------
    ndarray, shape (k, 7)
        Position [m], velocity [m/s], east, north, up; time they hold for [s].
    """
    p = tracks.class_probability
    friendly = p[:, _AIRCRAFT] >= 0.5
    named = tracks.identity != ""
    if named.any():
        friendly |= named & (p[:, _DRONES].sum(1) >= 0.5)
    if not friendly.any():
        return np.empty((0, 7))
    friendly &= (tracks.status == _CONFIRMED) | (tracks.status == _COASTED)
    out = np.empty((int(friendly.sum()), 7))
    out[:, :6] = tracks.state[friendly, :6]
    out[:, 6] = (tracks.time_ns[friendly] - start_ns) * 1e-9
    return out
