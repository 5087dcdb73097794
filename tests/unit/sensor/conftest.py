import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rampart.physics.environment import Environment
from rampart.records import Flight, Site
from rampart.sensor.radar import Radar3DSpec
from rampart.sensor.sky import Sky


@pytest.fixture
def site() -> Site:
    return Site("s", math.radians(33.3), math.radians(44.39), 34.0, start_ns=1_600_000_000_000_000_000)


@pytest.fixture
def environment() -> Environment:
    return Environment.standard(latitude_rad=math.radians(33.3), height_m=34.0)


@pytest.fixture
def dice() -> Callable[[int], np.random.Generator]:
    return lambda seed: np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))


@pytest.fixture
def straight() -> Callable[..., Flight]:
    """A straight flight of 100 s from a position at a velocity."""

    def make(position: Any, velocity: Any, **values: Any) -> Flight:
        time = np.array([0.0, 100.0])
        start, v = np.array(position, float), np.array(velocity, float)
        values = {"id": "a-1", "part": "a", "kind": "rocket", "rcs_dbsm": 0.0, **values}
        return Flight(
            site="s",
            threat=True,
            ballistic=False,
            time_s=time,
            position_enu=start + time[:, None] * v,
            velocity_enu=np.stack([v, v]),
            **values,
        )

    return make


@pytest.fixture
def radar(site: Site, environment: Environment, dice: Callable[[int], np.random.Generator]) -> Callable[..., Any]:
    """A radar at the origin without false alarms, unless keys say otherwise."""

    def make(seed: int = 1, spec: Any = Radar3DSpec, environment: Environment = environment, **keys: Any) -> Any:
        kind = {"kind": "radar3d" if spec is Radar3DSpec else "radar2d"}
        keys = {"position_enu_m": [0.0, 0.0, 10.0], "false_alarms_per_scan": 0.0, **kind, **keys}
        return spec(id="r", **keys).build(site, environment, 0, dice(seed))

    return make


@pytest.fixture
def scan() -> Callable[..., Any]:
    """The result of one scan of a sensor over flights."""

    def run(sensor: Any, *flights: Flight, number: int = 0) -> Any:
        return sensor.step(sensor.schedule.delivery_ns(number), Sky.build(flights))

    return run
