"""LoggedFlight: a flight of somebody else's program, as a log of places."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LoggedFlight:
    """Where a body was, from launch to the ground.

    Attributes
    ----------
    time_s, latitude_deg, longitude_deg, height_m : ndarray (n,)
        Geodetic, WGS-84; the last row lies on the ground.
    burnout_s : float
        End of the thrust; 0 for what is thrown.
    kind : str
        ``rocket`` or ``shell``.
    ln_drag : float
        Ln of drag-to-mass [m2/kg] if it is known, else nan.
    """

    time_s: Floats
    latitude_deg: Floats
    longitude_deg: Floats
    height_m: Floats
    burnout_s: float
    kind: str
    ln_drag: float = float("nan")

    def write(self, path: Path) -> None:
        """As a CSV that the `recorded` kind reads."""
        rows = np.column_stack([self.time_s, self.latitude_deg, self.longitude_deg, self.height_m])
        header = "time_s,latitude_deg,longitude_deg,height_m"
        np.savetxt(path, rows, delimiter=",", header=header, comments="", fmt=("%.6f", "%.12f", "%.12f", "%.6f"))
