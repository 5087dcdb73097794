"""Dice: independent random streams by name, whose state can be saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class Dice:
    """Independent streams spawned from one generator.

    A stream of its own for each purpose: a change in what one of them draws leaves the others as they were.

    Parameters
    ----------
    rng : numpy.random.Generator
        Parent; nothing is drawn from it.
    names : tuple of str
        One stream each, in this order.
    """

    def __init__(self, rng: np.random.Generator, names: tuple[str, ...]) -> None:
        self._streams = dict(zip(names, rng.spawn(len(names)), strict=True))

    def __getitem__(self, name: str) -> np.random.Generator:
        return self._streams[name]

    def snapshot(self) -> dict[str, Any]:
        """State of each stream's bit generator, plain data."""
        return {name: stream.bit_generator.state for name, stream in self._streams.items()}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take up a state that `snapshot` gave."""
        for name, stream in self._streams.items():
            stream.bit_generator.state = snapshot[name]
