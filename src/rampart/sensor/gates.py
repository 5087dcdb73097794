"""Gates: the named reasons why a sensor did not report something that flew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rampart.records.names import Named
from rampart.records.slots import swift


class Gate(Named):
    """What became of one flight in one scan. The first gate that refuses, in this order, gives its name."""

    ABSENT = -1  #: not launched yet, already down, or destroyed
    DETECTED = 0
    RANGE = 1  #: nearer than the minimum or further than the maximum range
    HORIZON = 2  #: below the horizon of the round Earth (4/3 rule)
    MASK = 3  #: behind terrain
    BEAM = 4  #: outside the cover in elevation or azimuth
    SILENT = 5  #: emits nothing that a direction finder could hear
    NOTCH = 6  #: radial speed below the minimum: taken for ground clutter
    SNR = 7  #: too weak: range, radar cross-section or a fade
    CELL = 8  #: in one resolution cell with something stronger
    CHANCE = 9  #: in view, but not picked out (cameras and direction finders)
    POINTING = 10  #: the camera looked elsewhere, or was still turning
    LIGHT = 11  #: hidden by night, haze or rain
    PIXELS = 12  #: too small in the picture
    NOISE = 13  #: drowned in wind and background noise


@swift
@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """What one scan made of every flight: diagnostics for recordings and the referee, never for the chain.

    Rows are the flights of the sky, in its order.
    """

    gate: np.ndarray  #: (n,) int8, `Gate`
    time_s: np.ndarray  #: (n,) when the sensor looked its way, seconds since run start; nan if absent
    range_m: np.ndarray  #: (n,) true slant range; nan if absent
    snr: np.ndarray  #: (n,) mean signal to noise ratio by the range law; nan if absent or not a radar

    @property
    def snr_db(self) -> np.ndarray:
        """The same in dB."""
        with np.errstate(divide="ignore"):
            return 10.0 * np.log10(self.snr)


def count_gates(looks: Looks) -> dict[str, int]:
    """How many flights each gate took, by name.

    Examples
    --------
    >>> nothing = np.full(3, np.nan)
    >>> count_gates(Looks(np.array([0, 6, 6], np.int8), nothing, nothing, nothing))
    {'detected': 1, 'notch': 2}
    """
    numbers, counts = np.unique(looks.gate, return_counts=True)
    return {Gate(int(g)).label: int(c) for g, c in zip(numbers, counts, strict=True)}
