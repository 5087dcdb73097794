"""Compiled clutter map: false alarms of each sensor by cells of range and azimuth, learned from what became of nothing.

A detection that no track took and that started none while it waited was a false alarm. Its cell counts it; the rate of
a cell is the mean of a gamma distribution (Poisson counts with a conjugate prior), old counts fading away. The prior
spreads what the sensor's data sheet states evenly over its cells.
"""

import math

import numpy as np

from rampart.physics._jit import kernel, leaf
from rampart.track.constants import (
    C_CELLS,
    C_ECHOES,
    C_EXPOSURE,
    C_NOMINAL,
    C_TIME,
    CLUTTER_AZIMUTHS,
    CLUTTER_RANGES,
    S_EAST,
    S_MAX_RANGE,
    S_MIN_RANGE,
    S_PERIOD,
    Z_EAST,
)

# Range over which clutter is spread where a sensor states no end [m]
OPEN_RANGE_M = 20e3
# False alarms per scan of a sensor that states none
UNKNOWN_RATE = 0.5
# Scans that the prior of a cell is worth
PRIOR_SCANS = 30.0
# Scans after which a count has faded to 1 / e
MEMORY_SCANS = 150.0


@leaf
def far_range(sensor):
    """Range up to which a sensor's false alarms are spread [m]."""
    return sensor[S_MAX_RANGE] if sensor[S_MAX_RANGE] < 1e8 else OPEN_RANGE_M


@leaf
def cell_of(z, sensor):
    """Cell of a detection; -1 where it has no place."""
    if z[Z_EAST] != z[Z_EAST]:
        return -1
    dx, dy, dz = z[Z_EAST] - sensor[S_EAST], z[Z_EAST + 1] - sensor[S_EAST + 1], z[Z_EAST + 2] - sensor[S_EAST + 2]
    share = (math.sqrt(dx * dx + dy * dy + dz * dz) - sensor[S_MIN_RANGE]) / (far_range(sensor) - sensor[S_MIN_RANGE])
    ring = int(min(max(share, 0.0) * CLUTTER_RANGES, CLUTTER_RANGES - 1.0))
    turn = 0.5 + math.atan2(dx, dy) / (2.0 * math.pi)
    sector = int(min(max(turn, 0.0) * CLUTTER_AZIMUTHS, CLUTTER_AZIMUTHS - 1.0))
    return C_CELLS + ring * CLUTTER_AZIMUTHS + sector


@leaf
def stated_rate(clutter):
    """False alarms per scan as the sensor's data sheet has it."""
    return clutter[C_NOMINAL] if clutter[C_NOMINAL] > 0.0 else UNKNOWN_RATE


@kernel
def clutter_rates(z, sensor, clutter):
    """False alarms per scan, if all cells were as that of each detection: (m,)."""
    cells = CLUTTER_RANGES * CLUTTER_AZIMUTHS
    rates, stated = np.empty(len(z)), stated_rate(clutter)
    for j in range(len(z)):
        cell = cell_of(z[j], sensor)
        rates[j] = stated
        if cell >= 0:
            counted = clutter[cell] * cells
            rates[j] = (PRIOR_SCANS * stated + counted) / (PRIOR_SCANS + clutter[C_EXPOSURE])
    return rates


@leaf
def age_clutter(t, sensor, clutter):
    """Let a sensor's counts fade up to the time t of its latest look, which is counted as seen."""
    scans = 1.0
    if clutter[C_EXPOSURE] > 0.0:
        scans = min(max((t - clutter[C_TIME]) / sensor[S_PERIOD], 0.0), 1.0)
    keep = math.exp(-scans / MEMORY_SCANS)
    clutter[C_TIME] = t
    clutter[C_EXPOSURE] = keep * clutter[C_EXPOSURE] + scans
    for k in range(C_CELLS, C_ECHOES):
        clutter[k] *= keep


@leaf
def count_false(z, sensor, clutter):
    """Count a detection that became of nothing."""
    cell = cell_of(z, sensor)
    if cell >= 0:
        clutter[cell] += 1.0
