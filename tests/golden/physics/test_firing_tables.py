"""G1 and G7 flat-fire tables of two calculator programs (not of firings)."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from rampart.physics import flight
from rampart.physics.drag import reference_coefficient
from rampart.physics.environment import Environment
from rampart.physics.path import Paths

FOOT, YARD, INCH = 0.3048, 0.9144, 0.0254


def read_rows(path: Path) -> np.ndarray:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("0;"))
    return np.array([[float(cell) for cell in line.split(";")[:9]] for line in lines[first:]])


def air(pressure_inhg: float, sound_ms: float, humidity: float = 0.78, temperature_k: float = 288.15) -> Environment:
    """Still, uniform, moist air over a flat Earth; saturation pressure by Tetens."""
    celsius = temperature_k - 273.15
    vapour = humidity * 610.78 * math.exp(17.27 * celsius / (celsius + 237.3))
    dry = pressure_inhg * 3386.389 - vapour
    density = dry / (287.055 * temperature_k) + vapour / (461.495 * temperature_k)
    here = Environment.standard(latitude_rad=0.0, gravity_ms2=9.80665, earth_radius_m=math.inf, rotation_rad_s=0.0)
    table = np.zeros_like(here.atmosphere)
    table[:, 0::2] = [density, 1.0 / sound_ms, 0.0, 0.0]
    return Environment(here.site.copy(), table, here.terrain)


def fire(
    here: Environment, shape: str, coefficient_lb_in2: float, speed_ms: float, sight_m: float, zero_m: float
) -> Callable[[float], tuple[float, float, float]]:
    """Fly with the elevation that meets the line of sight at `zero_m`; gives time, speed and drop by distance."""
    # ballistic coefficient m / (i d^2): k = Cd_ref pi / 8 per unit of it
    k = reference_coefficient(shape) * math.pi / 8.0 / (coefficient_lb_in2 * 0.45359237 / INCH**2)

    def fly(elevation: float) -> Callable[[float], tuple[float, float, float]]:
        state = [0.0, 0.0, -sight_m, speed_ms * math.cos(elevation), 0.0, speed_ms * math.sin(elevation), math.log(k)]
        flown = flight.fly(state, here, duration_s=8.0, step_s=0.02, shape=shape, to_ground=False)
        paths = Paths.pack([(flown.time_s, flown.position_enu, flown.velocity_enu)])

        def at(distance: float) -> tuple[float, float, float]:
            time = brentq(lambda t: paths.at(t)[0][0, 0] - distance, 0.0, 8.0) if distance else 0.0
            position, velocity, _ = paths.at(time)
            return time, float(np.linalg.norm(velocity)), float(position[0, 2])

        return at

    return fly(brentq(lambda angle: fly(angle)(zero_m)[2], 0.0, 0.02, xtol=1e-12))


# file, shape, ballistic coefficient lb/in2, speed ft/s, sight in, zero yd, pressure inHg, speed of sound m/s, last
# digits of the table (time s, speed ft/s: cut, not rounded, drop in). The first program's sound is that of moist air
# (virtual temperature), the second one's that of dry air, as its Mach column says.
TABLES = [
    ("be_coriolis_off.txt", "g1", 0.365, 2600.0, 2.5, 100.0, 29.53, 341.15, (1e-5, 1.0, 0.01)),
    ("g1_nowind.txt", "g1", 0.365, 2600.0, 2.5, 100.0, 29.92, 340.3, (1e-3, 0.1, 0.1)),
    ("g7_nowind.txt", "g7", 0.465, 3200.0, 3.2, 300.0, 29.92, 340.3, (1e-3, 0.1, 0.1)),
]


@pytest.mark.compiled
@pytest.mark.parametrize("table", TABLES, ids=[table[0] for table in TABLES])
def test_rows_agree(shared_data: Callable[[str], Path], table: tuple) -> None:
    name, shape, coefficient, speed, sight, zero, pressure, sound, digits = table
    rows = read_rows(shared_data(f"tables/{name}"))
    at = fire(air(pressure, sound), shape, coefficient, speed * FOOT, sight * INCH, zero * YARD)
    compared = rows[(rows[:, 0] >= 100.0) & (rows[:, 0] <= 1000.0)]
    assert len(compared) == 19
    for row in compared:
        time, ours, drop = at(row[0] * YARD)
        assert time == pytest.approx(row[8], rel=5e-4, abs=0.5 * digits[0])
        assert ours / FOOT == pytest.approx(row[5], rel=5e-4, abs=digits[1])
        assert drop / INCH == pytest.approx(row[1], rel=1e-3, abs=0.5 * digits[2])
