"""Friendly: tracks that simulated effectors must not hit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rampart.records import TargetClass, Tracks, TrackStatus

_AIRCRAFT = int(TargetClass.AIRCRAFT)
_MULTIROTOR, _FIXED_WING = int(TargetClass.MULTIROTOR), int(TargetClass.FIXED_WING)
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
    classes, names, status = tracks.class_probability.tolist(), tracks.identity.tolist(), tracks.status.tolist()
    friendly = [
        i
        for i, p in enumerate(classes)
        if (p[_AIRCRAFT] >= 0.5 or (names[i] and p[_MULTIROTOR] + p[_FIXED_WING] >= 0.5))
        and _CONFIRMED <= status[i] <= _COASTED
    ]
    out = np.empty((len(friendly), 7))
    if friendly:
        out[:, :6] = tracks.state[friendly, :6]
        out[:, 6] = (tracks.time_ns[friendly] - start_ns) * 1e-9
    return out
