"""Gate: the box in which a track's next detection is looked for."""

import numpy as np
import pytest

from rampart.track.constants import (
    HAS_AZIMUTH,
    HAS_ELEVATION,
    HAS_RANGE,
    N_P,
    N_S,
    N_Z,
    P_LAYER_HEIGHT,
    P_LAYER_SIGMA,
    Z_AZIMUTH,
    Z_EAST,
    Z_RANGE,
    Z_SIGMA,
    Z_TIME,
)
from rampart.track.gate._kernels import box_width

FULL = HAS_RANGE | HAS_AZIMUTH | HAS_ELEVATION


def width(range_m, *, mask=FULL, time_s=0.0, elevation=0.2):
    z, p = np.zeros(N_Z), np.zeros(N_P)
    p[P_LAYER_HEIGHT], p[P_LAYER_SIGMA] = 500.0, 500.0
    z[Z_TIME], z[Z_RANGE], z[Z_AZIMUTH] = time_s, range_m, 0.3
    z[Z_SIGMA : Z_SIGMA + 3] = 10.0, 0.0035, 0.0035
    level = range_m * np.cos(elevation)
    z[Z_EAST : Z_EAST + 3] = level * np.sin(0.3), level * np.cos(0.3), range_m * np.sin(elevation)
    return box_width(z, mask, np.zeros(N_S), p)


@pytest.mark.parametrize("mask", [FULL, HAS_RANGE | HAS_AZIMUTH])
def test_the_box_does_not_change_with_time(mask):
    assert width(3e3, mask=mask, time_s=86_400.0) == width(3e3, mask=mask)


def test_the_box_grows_with_range():
    assert width(15e3) > 3.0 * width(3e3)


def test_the_box_holds_four_sigma_of_level_position():
    rng = np.random.default_rng(3)
    for r, elevation in ((2e3, 0.05), (8e3, 0.3), (12e3, 1.2)):
        n = 4000
        errors = rng.standard_normal((3, n)) * np.array([10.0, 0.0035, 0.0035])[:, None]
        rr, az, el = r + errors[0], 0.3 + errors[1], elevation + errors[2]
        off = np.hypot(
            rr * np.cos(el) * np.sin(az) - r * np.cos(elevation) * np.sin(0.3),
            rr * np.cos(el) * np.cos(az) - r * np.cos(elevation) * np.cos(0.3),
        )
        assert off.max() < width(r, elevation=elevation)


def test_without_elevation_the_layer_of_heights_is_allowed_for():
    assert width(6e3, mask=HAS_RANGE | HAS_AZIMUTH) > width(6e3) + 150.0
