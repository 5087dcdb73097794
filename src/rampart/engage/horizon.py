"""Horizon: shots that follow those that can leave now, so that what can wait, waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from .battery import SECOND, Battery

Floats = NDArray[np.float64]
Find = Callable[[list[tuple[int, int]]], Floats]

_MOST_TURNS = 8  # shots of each channel that are looked ahead to
LATER = 0.98  # share of a later shot's chance that counts: a bird in the hand


class Problem(NamedTuple):
    """An assignment that was solved, for who wants to know what it cost."""

    chance: Floats  #: (shots, threats)
    value: Floats  #: (threats,)
    limit: NDArray[np.int64]  #: (threats,)
    threat: NDArray[np.int64]  #: (shots,) as chosen; -1 for none


class Horizon:
    """Shots that each channel could fire after those of this moment.

    Parameters
    ----------
    battery : Battery
        What is there to fire with.
    seconds : float
        How far ahead.

    Notes
    -----
    Rolling horizon: all shots up to the horizon share in one assignment, only those that can leave now are ordered, and
    the next event asks again with what is known then. A channel is taken to be bound as long as its shots at this
    moment's targets bind it on average.
    """

    def __init__(self, battery: Battery, seconds: float) -> None:
        self._battery, self._span_ns = battery, round(seconds * SECOND)

    def later(self, now_ns: int, able: list[tuple[int, int]], shots: Floats, order: list[int], find: Find) -> Floats:
        """Chances of later shots at the targets in order, (shots, targets).

        Parameters
        ----------
        now_ns : int
            Time of the step; channels that are free now are not counted before their next shot.
        able : list of (int, int)
            Effectors with rounds, and when each can be ordered to fire.
        shots : ndarray, shape (targets, effectors, 8)
            Their first ones.
        order : list of int
            Targets.
        find : callable
            First shots of effectors at other times, as `Engager.find_shots`.
        """
        battery, end_ns = self._battery, now_ns + self._span_ns
        left = {j: battery.rounds[j] // battery.effectors[j].rounds_per_engagement for j, _ in able}
        chances: list[Floats] = []
        for turn in range(_MOST_TURNS):
            if turn:
                shots = find(able)
            following = []
            for k, (j, at) in enumerate(able):
                effector = battery.effectors[j]
                channels = effector.channels if turn else sum(t <= at for t in battery.free_ns[j])
                channels = min(channels, left[j])
                left[j] -= channels
                if turn or at > now_ns:
                    chances += [LATER * np.nan_to_num(shots[order, k, _kernels.CHANCE])] * channels
                bound_s = self.bound_s(j, shots[:, k])
                next_ns = at + round((bound_s + effector.response_s) * SECOND)
                if left[j] > 0 and bound_s > 0.0 and next_ns <= end_ns:
                    following.append((j, next_ns))
            able = following
            if not able:
                break
        return np.array(chances).reshape(-1, len(order))

    def bound_s(self, effector: int, shots: Floats) -> float:
        """How long an effector's first shots (targets, 8) bind a channel on average [s]; 0 if there are none."""
        flight = shots[:, _kernels.INTERCEPT] - shots[:, _kernels.FIRE]
        flight = flight[np.isfinite(flight)]
        return self._battery.effectors[effector].bound_s(float(flight.mean())) if len(flight) else 0.0
