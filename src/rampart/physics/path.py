"""Flown paths, packed so that a sensor asks all of them at once where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rampart.physics import _kernels_path

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Paths:
    """Many paths one behind the other: rows ``offsets[i]:offsets[i + 1]`` belong to path i.

    Parameters
    ----------
    offsets : ndarray of int64 (m + 1,)
        First row of each path, and the number of rows.
    time_s : ndarray (rows,)
        Strictly rising inside each path.
    position_enu, velocity_enu : ndarray (rows, 3)
        [m], [m/s].

    Examples
    --------
    >>> paths = Paths.pack([([0.0, 10.0], [[0, 0, 0], [100, 0, 0]], [[10, 0, 0], [10, 0, 0]])])
    >>> position, velocity, alive = paths.at(2.5)
    >>> position.tolist(), velocity.tolist(), alive.tolist()
    ([[25.0, 0.0, 0.0]], [[10.0, 0.0, 0.0]], [True])
    """

    offsets: NDArray[np.int64]
    time_s: Floats
    position_enu: Floats
    velocity_enu: Floats

    def __post_init__(self) -> None:
        same = len(self.time_s) == len(self.position_enu) == len(self.velocity_enu) == self.offsets[-1]
        step = np.diff(self.time_s)
        if len(step):
            step[self.offsets[1:-1][(self.offsets[1:-1] > 0) & (self.offsets[1:-1] < len(self.time_s))] - 1] = 1.0
        if not same or self.offsets[0] != 0 or (np.diff(self.offsets) < 0).any() or not (step > 0.0).all():
            raise ValueError("paths need rising times and as many positions and velocities as offsets say")

    @classmethod
    def pack(cls, parts: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]]) -> Paths:
        """Put paths together, each as (time_s, position_enu, velocity_enu)."""
        times = [np.asarray(part[0], dtype=float).reshape(-1) for part in parts]
        offsets = np.concatenate([[0], np.cumsum([len(t) for t in times], dtype=np.int64)]).astype(np.int64)
        vectors = [
            np.concatenate([np.zeros((0, 3)), *(np.asarray(part[i], dtype=float).reshape(-1, 3) for part in parts)])
            for i in (1, 2)
        ]
        return cls(offsets, np.concatenate([np.zeros(0), *times]), *vectors)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def at(self, time_s: ArrayLike) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Where each path is.

        Parameters
        ----------
        time_s : float or array_like (m,)
            One time for all paths, or one for each.

        Returns
        -------
        position_enu, velocity_enu : ndarray (m, 3)
            By cubic Hermite; nan before the start and after the end of a path.
        alive : ndarray of bool (m,)
            False there.
        """
        count = len(self)
        when = np.empty(count)
        when[:] = time_s
        position, velocity, alive = np.empty((count, 3)), np.empty((count, 3)), np.empty(count, dtype=np.bool_)
        _kernels_path.interpolate(
            self.offsets, self.time_s, self.position_enu, self.velocity_enu, when, position, velocity, alive
        )
        return position, velocity, alive
