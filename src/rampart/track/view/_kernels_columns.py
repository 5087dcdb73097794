# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, check-untyped-defs=False
"""Compiled copies of a track's own numbers into the columns of its record."""

import math

from rampart.physics._jit import leaf
from rampart.track.constants import (
    DETECTION,
    FIRST_NS,
    FLAGS,
    HITS,
    IDENTITY,
    NUMBER,
    RCS,
    RCS_N,
    RECEIVED_NS,
    SENSORS,
    UPDATED_NS,
)


@leaf
def write_columns(
    now_ns, whole, real, number, time_ns, hits, first_ns, updated_ns, received_ns, detection, sensors, rcs, identity,
    flags,
):  # fmt: skip
    """What each track (rows of `whole`, `real`) holds of its detections, as of time `now_ns`."""
    for i in range(len(whole)):
        row = whole[i]
        number[i], time_ns[i], hits[i] = row[NUMBER], now_ns, row[HITS]
        first_ns[i], updated_ns[i], received_ns[i] = row[FIRST_NS], row[UPDATED_NS], row[RECEIVED_NS]
        detection[i], sensors[i], identity[i], flags[i] = row[DETECTION], row[SENSORS], row[IDENTITY], row[FLAGS]
        rcs[i] = real[i, RCS] if real[i, RCS_N] > 0.0 else math.nan
