"""Truth: what really flew. Simulation only; no stage of the chain ever sees it."""

from dataclasses import dataclass

import numpy as np

from .names import Fate


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """One simulated object from its first to its last moment, as if never engaged.

    Between its knots a flight is the cubic Hermite curve through position and velocity
    (`rampart.physics.path.interpolate`).
    """

    id: str  #: as in summaries: the part's id and a count, e.g. ``rocket-2``
    part: str  #: id of the scenario part it came from
    site: str
    kind: str  #: rocket, shell, mortar, multirotor, fixed_wing, recorded, bird, aircraft, civil_drone
    threat: bool  #: False for birds, friendly aircraft, civil drones
    ballistic: bool  #: comes down by itself
    time_s: np.ndarray  #: (n,) seconds since run start, strictly rising
    position_enu: np.ndarray  #: (n, 3) [m]
    velocity_enu: np.ndarray  #: (n, 3) [m/s]
    rcs_dbsm: float  #: mean radar cross-section [dB over 1 m2]
    swerling: int = 1  #: fluctuation model, 0 (steady) to 4
    identity: str = ""  #: what its transponder says, "" if none
    emits: bool = False  #: has a radio link that a direction finder can hear
    tip_speed_ms: float = float("nan")  #: of rotor blades or wing tips, what spreads the echo; nan for a rigid body
    burnout_s: float = float("nan")  #: end of thrust, seconds since run start; nan without thrust
    ln_drag: float = float("nan")  #: ln of drag-to-mass [m2/kg] of ballistic kinds; nan otherwise
    fate: Fate = Fate.DEPARTED

    @property
    def start_s(self) -> float:
        """Launch, or entry into the scene."""
        return float(self.time_s[0])

    @property
    def end_s(self) -> float:
        """Impact, or exit from the scene."""
        return float(self.time_s[-1])
