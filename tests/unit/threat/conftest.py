import math
from collections.abc import Callable

import numpy as np
import pytest

from rampart.physics.environment import Environment
from rampart.physics.terrain import Terrain
from rampart.records import Site


@pytest.fixture
def site() -> Site:
    return Site("s", math.radians(33.3), math.radians(44.39), 34.0)


@pytest.fixture
def environment() -> Environment:
    return Environment.standard(latitude_rad=math.radians(33.3), height_m=34.0)


@pytest.fixture
def hills() -> Environment:
    """Waves of 60 m height over a grid of 12 km."""
    axis = np.arange(-6_000.0, 6_001.0, 100.0)
    east, north = np.meshgrid(axis, axis)
    heights = 60.0 * np.sin(east / 700.0) * np.cos(north / 900.0)
    return Environment.standard(
        latitude_rad=math.radians(33.3), height_m=34.0, terrain=Terrain(heights, -6_000.0, -6_000.0, 100.0)
    )


@pytest.fixture
def dice() -> Callable[[int], np.random.Generator]:
    return lambda seed: np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
