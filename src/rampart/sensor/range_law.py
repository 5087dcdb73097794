"""The range law of a radar: from one calibration point to signal, detection probability and noise at any range.

A data sheet states the range at which a target of 0 dBsm (1 m2) is seen with probability 0.9. With the Swerling case 1
that these figures mean, one look and the false-alarm probability of a cell, that fixes the signal to noise ratio there:

    Pd = Pfa ^ (1 / (1 + S))      so      S_ref = ln Pfa / ln 0.9 - 1

(P. Swerling, "Probability of detection for fluctuating targets", RAND RM-1217, 1954; M. A. Richards, Fundamentals of
Radar Signal Processing, chapter 6). Elsewhere the radar equation gives S = S_ref (R_ref / R)^4 sigma, sigma in m2.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import ncx2

Floats = NDArray[np.float64]

#: Detection probability that a reference range is stated for.
P_DETECT_REFERENCE = 0.9


def reference_snr(p_false_alarm: float) -> float:
    """Signal to noise ratio at the reference range, as a factor.

    Parameters
    ----------
    p_false_alarm : float
        Of one resolution cell in one look.

    Examples
    --------
    >>> round(10 * math.log10(reference_snr(1e-6)), 2)
    21.14
    """
    return math.log(p_false_alarm) / math.log(P_DETECT_REFERENCE) - 1.0


def snr_at(range_m: ArrayLike, rcs_dbsm: ArrayLike, reference_range_m: float, p_false_alarm: float) -> Floats:
    """Mean signal to noise ratio, as a factor, of targets at ranges `range_m`.

    Examples
    --------
    >>> near, far = snr_at([6000.0, 12000.0], 0.0, 12000.0, 1e-6)
    >>> round(near / far)
    16
    """
    ratio = reference_range_m / np.asarray(range_m, dtype=float)
    return np.asarray(reference_snr(p_false_alarm) * ratio**4 * 10.0 ** (np.asarray(rcs_dbsm, dtype=float) / 10.0))


def range_factor(rcs_db: ArrayLike) -> Floats:
    """How much further a radar sees for a change of radar cross-section in dB: R / R0 = 10^(dB / 40).

    Examples
    --------
    >>> range_factor([-10.0, -15.0, -20.0, -30.0]).round(3).tolist()
    [0.562, 0.422, 0.316, 0.178]
    """
    return np.asarray(10.0 ** (np.asarray(rcs_db, dtype=float) / 40.0))


def p_detect(snr: ArrayLike, swerling: int, p_false_alarm: float) -> Floats:
    """Detection probability of one look at a mean signal to noise ratio.

    Parameters
    ----------
    snr : array_like
        As a factor, not in dB.
    swerling : int
        0 (steady) to 4. One coherent look per scan: cases 1 and 2 agree, and so do 3 and 4.
    p_false_alarm : float
        Of one cell.

    Notes
    -----
    Case 0: Marcum's Q function, as the tail of a non-central chi-square. Cases 1, 2: Pfa^(1 / (1 + S)). Cases 3, 4:
    (1 + 2 T S / (2 + S)^2) exp(-2 T / (2 + S)) with T = -ln Pfa (Richards, chapter 6, one sample).

    Examples
    --------
    >>> round(float(p_detect(reference_snr(1e-6), 1, 1e-6)), 6)
    0.9
    """
    s, threshold = np.asarray(snr, dtype=float), -math.log(p_false_alarm)
    if swerling == 0:
        return np.asarray(ncx2.sf(2.0 * threshold, 2, 2.0 * s))
    if swerling in (1, 2):
        return np.asarray(np.exp(-threshold / (1.0 + s)))
    return np.asarray((1.0 + 2.0 * threshold * s / (2.0 + s) ** 2) * np.exp(-2.0 * threshold / (2.0 + s)))
