"""Spheres flown by JSBSim over its rotating ellipsoid, in its own standard atmosphere.

Its shipped ball has no drag, so the vehicle is written here: a sphere with the published drag curve. JSBSim does not
look for the ground: the last step is cut at it.
"""

from __future__ import annotations

import contextlib
import io
import math
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rampart.physics.drag import TOP_MACH, drag_coefficient, reference_coefficient
from rampart.physics.geodesy import ecef_to_geodetic

from .logged import LoggedFlight

Floats = NDArray[np.float64]

LATITUDE_DEG, LONGITUDE_DEG = 33.3, 44.4
FOOT_M = 0.3048
DRAG_M2KG = (4e-5, 2.5e-4)  #: drag-to-mass of the spheres: as heavy for their size as shells and rockets are
_STEP_S, _KEEP = 0.01, 5  #: of these steps one is kept
_LIFT_M = 0.5  #: above the ground at launch
_LONGEST_S = 200.0

_VEHICLE = """<?xml version="1.0"?>
<fdm_config name="sphere" version="2.0" release="ALPHA">
 <fileheader><description>A sphere with drag</description></fileheader>
 <metrics>
  <wingarea unit="M2">{area:.9f}</wingarea>
  <wingspan unit="M">{width:.9f}</wingspan>
  <chord unit="M">{width:.9f}</chord>
  <htailarea unit="M2">0</htailarea><htailarm unit="M">0</htailarm>
  <vtailarea unit="M2">0</vtailarea><vtailarm unit="M">0</vtailarm>
  <location name="AERORP" unit="M"><x>0</x><y>0</y><z>0</z></location>
  <location name="EYEPOINT" unit="M"><x>0</x><y>0</y><z>0</z></location>
  <location name="VRP" unit="M"><x>0</x><y>0</y><z>0</z></location>
 </metrics>
 <mass_balance>
  <ixx unit="KG*M2">{turning:.9f}</ixx><iyy unit="KG*M2">{turning:.9f}</iyy><izz unit="KG*M2">{turning:.9f}</izz>
  <emptywt unit="KG">{mass:.9f}</emptywt>
  <location name="CG" unit="M"><x>0</x><y>0</y><z>0</z></location>
 </mass_balance>
 <ground_reactions/><propulsion/><flight_control name="none"/>
 <aerodynamics>
  <axis name="DRAG">
   <function name="aero/force/drag">
    <product>
     <property>aero/qbar-psf</property><property>metrics/Sw-sqft</property>
     <table><independentVar lookup="row">velocities/mach</independentVar><tableData>
{table}
     </tableData></table>
    </product>
   </function>
  </axis>
 </aerodynamics>
</fdm_config>
"""


def missing() -> str | None:
    """Why these flights cannot be made, if they cannot."""
    return None if find_spec("jsbsim") else "JSBSim is not installed (make peers)"


def make_flight(seed: int, site_height_m: float) -> LoggedFlight:
    """Throw a sphere and log it to the ground, in still air.

    Parameters
    ----------
    seed : int
        Of the sphere and the throw.
    site_height_m : float
        Of the plain it is thrown from.

    Raises
    ------
    RuntimeError
        If it does not come down.
    """
    rng = np.random.default_rng((seed, 7))
    k, width = math.exp(rng.uniform(*np.log(DRAG_M2KG))), rng.uniform(0.08, 0.16)
    mass = reference_coefficient("sphere") * 0.25 * math.pi * width**2 / (2.0 * k)
    speed, rise = rng.uniform(200.0, 340.0), math.radians(rng.uniform(40.0, 65.0))
    track = _fly(width, mass, speed, rise, rng.uniform(0.0, 2.0 * math.pi), site_height_m)
    latitude, longitude, height = ecef_to_geodetic(track[:, 1:4])
    return LoggedFlight(
        track[:, 0], np.degrees(latitude), np.degrees(longitude), height, 0.0, "shell", ln_drag=math.log(k)
    )


def _fly(width: float, mass: float, speed: float, rise: float, azimuth: float, site_m: float) -> Floats:
    """Time and ECEF position (n, 4) until the ground."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        program = _load(Path(folder), width, mass)
        program["ic/lat-geod-deg"], program["ic/long-gc-deg"] = LATITUDE_DEG, LONGITUDE_DEG
        program["ic/terrain-elevation-ft"], program["ic/h-agl-ft"] = site_m / FOOT_M, _LIFT_M / FOOT_M
        program["ic/psi-true-deg"], program["ic/theta-deg"] = math.degrees(azimuth), math.degrees(rise)
        level = speed * math.cos(rise) / FOOT_M
        program["ic/vn-fps"], program["ic/ve-fps"] = level * math.cos(azimuth), level * math.sin(azimuth)
        program["ic/vd-fps"] = -speed * math.sin(rise) / FOOT_M
        program.run_ic()
        rows = [_state(program)]
        while rows[-1][4] > 0.0 and rows[-1][0] < _LONGEST_S:
            program.run()
            rows.append(_state(program))
    if rows[-1][4] > 0.0:
        raise RuntimeError(f"JSBSim's sphere is still {rows[-1][4]:.0f} m up after {rows[-1][0]:.0f} s")
    return _cut(np.array(rows))


def _cut(rows: Floats) -> Floats:
    """Every few rows of (time, x, y, z, height above ground), and the point where the last step met the ground."""
    above, below = rows[-2], rows[-1]
    landed = above + (below - above) * above[4] / (above[4] - below[4])
    kept = rows[:-1:_KEEP]
    if landed[0] - kept[-1, 0] < 0.5 * _STEP_S:
        kept = kept[:-1]
    return np.vstack([kept, landed])[:, :4]


def _load(folder: Path, width: float, mass: float) -> Any:
    """JSBSim with a sphere on board."""
    mach = np.arange(0.0, TOP_MACH + 0.01, 0.025)
    table = "\n".join(f"{m:.3f} {c:.6f}" for m, c in zip(mach, drag_coefficient("sphere", mach), strict=True))
    vehicle = folder / "aircraft" / "sphere"
    vehicle.mkdir(parents=True)
    area, turning = 0.25 * math.pi * width**2, 0.1 * mass * width**2
    (vehicle / "sphere.xml").write_text(
        _VEHICLE.format(area=area, width=width, turning=turning, mass=mass, table=table), encoding="utf-8"
    )
    jsbsim: Any = import_module("jsbsim")
    jsbsim.FGJSBBase().debug_lvl = 0
    program = jsbsim.FGFDMExec(str(folder))
    program.set_debug_level(0)
    program.set_aircraft_path("aircraft")
    if not program.load_model("sphere"):
        raise RuntimeError("JSBSim does not load the sphere")
    program.set_dt(_STEP_S)
    return program


def _state(program: Any) -> tuple[float, ...]:
    """Time [s], ECEF position [m], height above the ground [m]."""
    place = [program[f"position/ecef-{axis}-ft"] * FOOT_M for axis in "xyz"]
    return (program["simulation/sim-time-sec"], *place, program["position/h-agl-ft"] * FOOT_M)
