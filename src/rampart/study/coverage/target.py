"""Target: one kind of thing that flies, as the planner lets it fly everywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from rampart.errors import InputError
from rampart.pipeline import Place
from rampart.records import Flight
from rampart.registry import find, kinds
from rampart.threat.signature import RCS_DBSM

#: What a kind must be told before it can be built; where it comes down does not matter here.
_REQUIRED: dict[str, Any] = {
    "arrival_s": 600.0,
    "target_en_m": (0.0, 0.0),
    "impact_en_m": (0.0, 0.0),
    "time_of_flight_s": 25.0,
}


@dataclass(frozen=True, slots=True)
class Target:
    """What is looked for."""

    kind: str
    height_m: float  #: above the ground
    speed_ms: float  #: level, over the ground
    flight: Flight  #: what it looks like: cross-section, fluctuation, radio link; its path is not used

    @classmethod
    def of(
        cls,
        place: Place,
        kind: str,
        height_m: float,
        *,
        speed_ms: float | None = None,
        rcs_dbsm: float | None = None,
        emits: bool | None = None,
    ) -> Target:
        """A target of a kind of threat.

        Parameters
        ----------
        place : Place
            The site.
        kind : str
            A kind of threat, or of what is none, that has a generic speed.
        height_m : float
            Above the ground.
        speed_ms, rcs_dbsm, emits : optional
            Instead of the kind's generic speed, the middle of its band of radar cross-sections, its radio link.

        Raises
        ------
        InputError
            For an unknown kind or a number that cannot be.
        """
        if not (math.isfinite(height_m) and 0.0 < height_m <= 30_000.0):
            raise InputError(f"height_m = {height_m:g}, expected a height above the ground between 0 and 30000")
        if speed_ms is not None and not (math.isfinite(speed_ms) and speed_ms > 0.0):
            raise InputError(f"speed_ms = {speed_ms:g}, expected a positive speed")
        if rcs_dbsm is not None and not -80.0 <= rcs_dbsm <= 80.0:
            raise InputError(f"rcs_dbsm = {rcs_dbsm:g}, expected -80 to 80")
        flight, usual_ms = _template(place, kind)
        low, high = RCS_DBSM.get(kind, (flight.rcs_dbsm,) * 2)
        flight = replace(
            flight,
            rcs_dbsm=0.5 * (low + high) if rcs_dbsm is None else rcs_dbsm,
            emits=flight.emits if emits is None else emits,
        )
        return cls(kind, height_m, usual_ms if speed_ms is None else speed_ms, flight)


def _template(place: Place, kind: str) -> tuple[Flight, float]:
    """A flight of the kind, and its usual speed."""
    known = [k for k in kinds("threat") if k != "recorded"]
    if kind not in known:
        raise InputError(f"no kind {kind!r}; expected one of {', '.join(known)}")
    spec: Any = find("threat", kind)
    keys = {name: value for name, value in _REQUIRED.items() if name in spec.model_fields}
    try:
        part = spec.model_validate({"id": "target", "kind": kind, **keys})
    except ValidationError as error:
        raise InputError(f"kind {kind!r} cannot be planned for: it needs {error.errors()[0]['loc'][-1]}") from None
    dice = np.random.Generator(np.random.Philox(0))
    flight: Flight = part.build(place.site, place.environment, dice)[0]
    along = np.median(np.linalg.norm(flight.velocity_enu, axis=1))
    return flight, float(np.mean(getattr(part, "speed_ms", along)))
