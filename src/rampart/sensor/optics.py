"""Optics: what a picture shows of a thing of some size, at some range, through some air.

- Resolution: J. Johnson, Analysis of image forming systems (1958): of every two observers one detects a target with
  1.0 cycle (two pixels) across its smallest dimension, recognises it with 4.0, identifies it with 6.4. Around these the
  probability rises as N^E / (1 + N^E), E = 2.7 + 0.7 N, N in units of the cycles for one half (target transfer
  probability function of the Night Vision Laboratory).
- Air: H. Koschmieder's law: contrast falls as exp(-3.912 R / V), to 2 % at the visibility V.
- Rain: 1.076 r^0.67 dB/km in r mm/h (M. Carbonneau and D. Wisely, 1998).
"""

from __future__ import annotations

import math

import numpy as np

DETECT_CYCLES, RECOGNISE_CYCLES, IDENTIFY_CYCLES = 1.0, 4.0, 6.4
#: Least contrast that is noticed, the one that visibility is defined by.
LEAST_CONTRAST = 0.02
#: What a camera tells apart: falling bodies (rocket, shell, mortar as one), multirotor, fixed wing, bird, aircraft.
LOOKS_OF_CLASS = np.array([0, 0, 0, 1, 2, 3, 4, -1, -1])
N_LOOKS = 5


def cycles(size_m: np.ndarray | float, range_m: np.ndarray | float, pixel_rad: float) -> np.ndarray:
    """Cycles (pairs of pixels) across a target.

    Examples
    --------
    >>> cycles(0.35, 1000.0, 35e-6).round(2).item()
    5.0
    """
    return np.asarray(np.asarray(size_m, float) / np.maximum(range_m, 1.0) / pixel_rad / 2.0)


def p_task(n_cycles: np.ndarray | float, half_cycles: float) -> np.ndarray:
    """Probability that a task is done that `half_cycles` do in every other case.

    Examples
    --------
    >>> p_task([1.0, 2.0], 1.0).round(3).tolist()
    [0.5, 0.945]
    """
    n = np.clip(np.asarray(n_cycles, float) / half_cycles, 1e-9, 20.0)
    power = n ** (2.7 + 0.7 * n)
    return np.asarray(power / (1.0 + power))


def contrast(range_m: np.ndarray | float, visibility_m: float, rain_mm_h: float) -> np.ndarray:
    """Share of a target's contrast that is left at a range.

    Examples
    --------
    >>> contrast(5000.0, 5000.0, 0.0).round(3).item()
    0.02
    """
    r = np.asarray(range_m, float)
    rain_db = 1.076 * rain_mm_h**0.67 * r / 1000.0 if rain_mm_h > 0.0 else 0.0
    return np.asarray(np.exp(-3.912 * r / visibility_m) * 10.0 ** (-0.1 * np.asarray(rain_db)))


def _accuracy_table() -> tuple[np.ndarray, np.ndarray]:
    """Separation of the looks, and the share of pictures that are then named rightly."""
    separation = np.linspace(0.0, 8.0, 161)
    z = np.linspace(-8.0, 8.0, 1601)
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    below = np.cumsum(density) * (z[1] - z[0])
    right = [
        float(np.sum(density * np.interp(z + s, z, below, 0.0, 1.0) ** (N_LOOKS - 1)) * (z[1] - z[0]))
        for s in separation
    ]
    return separation, np.maximum.accumulate(right)


_SEPARATION, _RIGHT = _accuracy_table()


def separation_of(p_recognise: np.ndarray) -> np.ndarray:
    """How far apart the looks are, in sigma, if they are recognised with this probability and else guessed."""
    p = np.asarray(p_recognise, float)
    return np.interp(p + (1.0 - p) / N_LOOKS, _RIGHT, _SEPARATION)


def scores(target_class: np.ndarray, separation: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """What a calibrated classifier says of pictures: relative likelihoods (m, 9) by TargetClass, their mean 1.

    Parameters
    ----------
    target_class : ndarray (m,) int
        TargetClass; anything that no look belongs to (clutter, unknown, false alarms) shows noise.
    separation : ndarray (m,)
        In sigma, from `separation_of`.
    noise : ndarray (m, 5)
        Normal draws.

    Notes
    -----
    Features x = s e_true + noise have the likelihood ratios exp(s x_k - s^2 / 2): the scores say exactly what the
    picture shows, no more and no less. Clutter and unknown stay at 1: a picture of nothing known.
    """
    look = LOOKS_OF_CLASS[target_class]
    x = noise + np.where(np.arange(N_LOOKS) == look[:, None], separation[:, None], 0.0)
    ln = separation[:, None] * x
    likelihood = np.exp(ln - ln.max(axis=1, keepdims=True))
    likelihood = np.maximum(likelihood / likelihood.mean(axis=1, keepdims=True), 1e-6)
    return np.where(LOOKS_OF_CLASS >= 0, likelihood[:, np.maximum(LOOKS_OF_CLASS, 0)], 1.0)
