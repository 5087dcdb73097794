"""State: all tracks and waiting detections of a tracker in arrays that grow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .constants import N_CLUTTER, N_FIT, N_MODES, N_REAL, N_STATE, N_WHOLE, N_Z, N_ZI
from .gate._kernels import N_ASIDE

_FIRST = 64


class State:
    """Tracks (first `tracks` rows) and single detections that may start one (first `seeds` rows).

    Parameters
    ----------
    sensors : int
        How many sensors look at the tracks.

    Notes
    -----
    Columns are listed in `rampart.track.constants`. Scratch space lives beside the state, so that a step allocates
    nothing that grows with the number of tracks.
    """

    def __init__(self, sensors: int) -> None:
        self._tracks = {
            "x": np.zeros((_FIRST, N_MODES, N_STATE)),
            "P": np.zeros((_FIRST, N_MODES, N_STATE, N_STATE)),
            "real": np.zeros((_FIRST, N_REAL)),
            "whole": np.zeros((_FIRST, N_WHOLE), np.int64),
            "look": np.zeros((_FIRST, sensors)),
            "fit": np.zeros((_FIRST, N_FIT)),
        }
        self._no_tracks = {name: a[:0].copy() for name, a in self._tracks.items()}
        self._seeds = {"seed": np.zeros((_FIRST, N_Z)), "seed_i": np.zeros((_FIRST, N_ZI), np.int64)}
        self.counts = np.array([0, 0, 1], np.int64)
        self.clutter = np.zeros((sensors, N_CLUTTER))
        self._scratch()
        self.make_pairs(8 * _FIRST)

    def _scratch(self) -> None:
        room = len(self._tracks["x"])
        self.work = (
            np.empty((room, N_MODES, N_STATE)),
            np.empty((room, N_MODES, N_STATE, N_STATE)),
            np.empty((room, N_MODES)),
            np.empty((room, N_ASIDE)),
        )
        self.arrays = (*self._tracks.values(), *self._seeds.values())

    def make_pairs(self, room: int) -> None:
        """Make room for pairs of track and detection."""
        self.pairs = (np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room))

    @property
    def tracks(self) -> int:
        """Rows of tracks in use, those deleted in the latest scan among them."""
        return int(self.counts[0])

    def reserve(self, more: int, pairs: int = 0) -> None:
        """Make room for `more` new tracks and single detections, and for so many pairs of each track there is."""
        tracks, waiting, _ = self.counts.tolist()
        if tracks + more > len(self._tracks["x"]):
            self._tracks = {name: _grow(a, tracks + more) for name, a in self._tracks.items()}
            self._scratch()
        if waiting + more > len(self._seeds["seed"]):
            self._seeds = {name: _grow(a, waiting + more) for name, a in self._seeds.items()}
            self._scratch()
        if pairs * max(tracks, more) > len(self.pairs[0]):
            self.make_pairs(2 * pairs * max(tracks, more))

    def save(self) -> dict[str, np.ndarray]:
        """Copies of all rows in use."""
        n, k, _ = self.counts.tolist()
        saved = {name: a[:n].copy() for name, a in self._tracks.items()} if n else self._no_tracks.copy()
        for name, a in self._seeds.items():
            saved[name] = a[:k].copy()
        saved["counts"], saved["clutter"] = self.counts.copy(), self.clutter.copy()
        return saved

    def load(self, saved: Mapping[str, Any]) -> None:
        """Take up what `save` gave."""
        self.counts[:], self.clutter[:] = 0, saved["clutter"]
        self.reserve(max(int(saved["counts"][0]), int(saved["counts"][1])))
        self.counts[:] = saved["counts"]
        for group in (self._tracks, self._seeds):
            for name, array in group.items():
                array[: len(saved[name])] = saved[name]


def _grow(array: np.ndarray, need: int) -> np.ndarray:
    bigger = np.zeros((max(2 * len(array), need), *array.shape[1:]), array.dtype)
    bigger[: len(array)] = array
    return bigger
