"""US Standard Atmosphere 1976 beside ussa1976, 0 to 30 km."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from rampart.physics.atmosphere import standard_atmosphere


def test_agrees_with_ussa1976(shared_data: Callable[[str], Path]) -> None:
    rows = np.loadtxt(shared_data("usstd76/usstd76_0_30km.csv"), delimiter=",", skiprows=1)
    temperature, pressure, density, sound = standard_atmosphere(rows[:, 0])
    assert len(rows) == 31
    np.testing.assert_allclose(temperature, rows[:, 2], rtol=1e-8)
    np.testing.assert_allclose(pressure, rows[:, 3], rtol=1e-7)
    np.testing.assert_allclose(density, rows[:, 4], rtol=1e-7)
    np.testing.assert_allclose(sound, rows[:, 5], rtol=2e-8)
