"""Raid: how many come, when and from where. The keys that all threats share."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field

from rampart.records.spec import Count, Degrees, Identifier, NonNegative, Number, Spec, Vector2


def _bearings(value: object) -> tuple[object, ...]:
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError("expected a number or a list of at least one number")
        return tuple(value)
    return (value,)


#: One direction or several; the objects of a raid take them in turn.
Bearings = Annotated[tuple[Degrees, ...], BeforeValidator(_bearings)]
Swerling = Annotated[int, Field(ge=0, le=4)]


class PartSpec(Spec):
    """Keys of everything that flies."""

    id: Identifier
    site: Identifier | None = None
    rcs_dbsm: Number | None = None  #: mean radar cross-section; drawn from the kind's band where not given
    swerling: Swerling = 1  #: fluctuation of it

    def name(self, i: int) -> str:
        """Id of object i (0, 1, ...) of this part.

        >>> PartSpec(id="rocket").name(1)
        'rocket-2'
        """
        return f"{self.id}-{i + 1}"


class RaidSpec(PartSpec):
    """Keys of a raid: `count` objects, the first at its end point at `arrival_s`, the others `spacing_s` apart.

    Object i comes from ``from_bearing_deg[i % len]``.
    """

    count: Count = 1  #: how many
    spacing_s: NonNegative = 0.0  #: between two arrivals
    arrival_s: Number  #: of the first, seconds since run start
    from_bearing_deg: Bearings = (0.0,)  #: where they come from; several values are taken in turn
    spread_m: NonNegative = 0.0  #: end points are drawn normal about the given one, this sigma in east and in north

    def arrival_of(self, i: int) -> float:
        """When object i comes down or reaches its target, seconds since run start."""
        return self.arrival_s + i * self.spacing_s

    def bearing_of(self, i: int) -> float:
        """Where object i comes from: clockwise from north as seen from its end point [rad]."""
        return float(np.radians(self.from_bearing_deg[i % len(self.from_bearing_deg)]))

    def end_point(self, rng: np.random.Generator, middle_en: Vector2) -> np.ndarray:
        """Draw the end point (east, north) of one object [m]; two draws."""
        return np.array(middle_en) + self.spread_m * rng.standard_normal(2)
