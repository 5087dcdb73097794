"""Micro-Doppler: how far moving blades and wings spread an echo about the line of the body.

The feature is one number, the one-sided width of the spread in m/s: blade tips of small drones move at 50 to 100 m/s,
wing tips of birds at 3 to 12 m/s, rigid bodies not at all (V. C. Chen, The Micro-Doppler Effect in Radar, 2011). It is
found in a look with a probability that rises with the signal to noise ratio, as the moving parts return far less than
the body. Where none is found the width is that of the radar's own line.

Calibration: one look at full strength tells drone from bird in 96 % (10 GHz CW radar, Signals 2023, 4:337); the scatter
`LOOK_SIGMA` is set by that figure, tests/unit/sensor/test_micro_doppler.py reproduces it.
"""

from __future__ import annotations

import numpy as np

#: One sigma of ln width from look to look: aspect, dwell, estimation.
LOOK_SIGMA = 0.6
#: Width of the radar's own line where no spread is found: median [m/s] and one sigma of its ln.
LINE_MS, LINE_SIGMA = 1.0, 0.25
#: Signal to noise ratio of the whole echo at which the moving parts are found in every other look [dB], and the scale
#: of the rise: our assumption of parts 10 dB below the body.
SNR_HALF_DB, SNR_SCALE_DB = 20.0, 2.0
#: Median width of what is no target (false alarms, leaking clutter) and one sigma of its ln: our assumption.
CLUTTER_MS, CLUTTER_SIGMA = 2.0, 0.8


def p_found(snr_db: np.ndarray | float) -> np.ndarray:
    """Probability that one look finds the spread of moving parts.

    Examples
    --------
    >>> p_found([10.0, 20.0, 30.0]).round(2).tolist()
    [0.01, 0.5, 0.99]
    """
    return np.asarray(1.0 / (1.0 + np.exp(-(np.asarray(snr_db, float) - SNR_HALF_DB) / SNR_SCALE_DB)))


def width_ms(
    tip_speed_ms: np.ndarray, snr_db: np.ndarray, real: np.ndarray, u: np.ndarray, noise: np.ndarray
) -> np.ndarray:
    """The widths that reports carry.

    Parameters
    ----------
    tip_speed_ms : ndarray (m,)
        Of the blades or wings, as seen along the line of sight; nan for rigid bodies.
    snr_db : ndarray (m,)
        Of each report.
    real : ndarray (m,) of bool
        False for false alarms and clutter.
    u, noise : ndarray (m,)
        Uniform and normal draws.

    Returns
    -------
    ndarray (m,)
        One-sided width [m/s].
    """
    found = real & (u < p_found(snr_db)) & np.isfinite(tip_speed_ms)
    moving = np.where(np.isfinite(tip_speed_ms), tip_speed_ms, 1.0) * np.exp(LOOK_SIGMA * noise)
    line = LINE_MS * np.exp(LINE_SIGMA * noise)
    leaking = CLUTTER_MS * np.exp(CLUTTER_SIGMA * noise)
    return np.where(real, np.where(found, np.maximum(moving, line), line), leaking)
