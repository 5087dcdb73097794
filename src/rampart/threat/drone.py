"""Drones that are a threat: multirotors and fixed-wing craft on waypoints, over or onto a target."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from rampart.errors import InputError
from rampart.physics.environment import Environment
from rampart.records import Fate, Flight, Site
from rampart.records.spec import NonNegative, Number, Path2, Positive, Vector2

from .raid import RaidSpec
from .route import Course, height_profile, hover_profile, smooth_knots, turn_radius_m
from .signature import draw_rcs, draw_tip_speed

Bank = Annotated[Number, Field(gt=0, lt=80)]
Dive = Annotated[Number, Field(gt=0, lt=90)]


class _DroneSpec(RaidSpec):
    """Keys of both kinds. Without `waypoints_en_m` a drone comes straight, from `distance_m` off at its bearing."""

    target_en_m: Vector2 | None = None  #: the point it reaches at `arrival_s`, give or take `spread_m`
    waypoints_en_m: Annotated[Path2, Field(min_length=1)] | None = None  #: on the way; without target, the last is it
    distance_m: Positive = 6_000.0  #: where it comes from, if no waypoint says so
    speed_ms: Positive  #: over the ground, level
    height_above_ground_m: Positive  #: of its level flight
    bank_deg: Bank = 30.0  #: limits turns
    dive: bool = False  #: onto the target; else it flies on over it
    dive_angle_deg: Dive  #: below the horizontal
    exit_distance_m: Positive | None = None  #: how far it flies on, default as far as it came
    hover_s: NonNegative = 0.0  #: stops once on its way
    hover_distance_m: Positive = 800.0  #: this far along the course before the target
    emits: bool  #: has a radio link that a direction finder hears

    kind_: ClassVar[str]

    @model_validator(mode="after")
    def _check_target(self) -> _DroneSpec:
        if self.target_en_m is None and self.waypoints_en_m is None:
            raise ValueError("expected target_en_m or waypoints_en_m")
        if self.target_en_m is None and self.waypoints_en_m is not None and len(self.waypoints_en_m) < 2:
            raise ValueError("expected at least 2 waypoints_en_m, or a target_en_m")
        return self

    def build(self, site: Site, environment: Environment, rng: np.random.Generator) -> tuple[Flight, ...]:
        """The drones of the raid; three draws each.

        Raises
        ------
        InputError
            If waypoints are too near for the turns, or hovering has no room.
        """
        try:
            return tuple(self._drone(i, site, environment, rng) for i in range(self.count))
        except InputError as error:
            raise InputError(f"threat {self.id!r}: {error}") from None

    def _waypoints(self, i: int, rng: np.random.Generator) -> np.ndarray:
        """Points (n, 2) up to the target of drone i."""
        given = [np.array(p) for p in self.waypoints_en_m or ()]
        middle = given.pop() if self.target_en_m is None else np.array(self.target_en_m)
        target = self.end_point(rng, (float(middle[0]), float(middle[1])))
        if not given:
            bearing = self.bearing_of(i)
            given = [target + self.distance_m * np.array([math.sin(bearing), math.cos(bearing)])]
        return np.array([*given, target])

    def _drone(self, i: int, site: Site, environment: Environment, rng: np.random.Generator) -> Flight:
        time_s, position = self._path(self._waypoints(i, rng), environment)
        time_s = self.arrival_of(i) + time_s
        return Flight(
            id=self.name(i),
            part=self.id,
            site=site.id,
            kind=self.kind_,
            threat=True,
            ballistic=False,
            time_s=time_s,
            position_enu=position,
            velocity_enu=smooth_knots(time_s, position),
            rcs_dbsm=draw_rcs(rng, self.kind_, self.rcs_dbsm),
            swerling=self.swerling,
            tip_speed_ms=draw_tip_speed(rng, self.kind_),
            emits=self.emits,
            fate=Fate.IMPACT if self.dive else Fate.DEPARTED,
        )

    def _path(self, waypoints: np.ndarray, environment: Environment) -> tuple[np.ndarray, np.ndarray]:
        """Times (0 at the target) and positions (n, 3)."""
        radius = turn_radius_m(self.speed_ms, math.radians(self.bank_deg))
        length = Course.through(waypoints, radius).length_m
        if not self.dive:
            way = waypoints[-1] - waypoints[-2]
            beyond = length if self.exit_distance_m is None else self.exit_distance_m
            waypoints = np.concatenate([waypoints, [waypoints[-1] + beyond * way / np.linalg.norm(way)]])
        course = Course.through(waypoints, radius)
        time_s, distance = hover_profile(course.length_m, self.speed_ms, length - self.hover_distance_m, self.hover_s)
        dive = math.radians(self.dive_angle_deg) if self.dive else None
        up = height_profile(course, distance, environment.terrain, self.height_above_ground_m, dive)
        arrival = time_s[-1] - (course.length_m - length) / self.speed_ms
        return time_s - arrival, np.column_stack([course.at(distance), up])


class MultirotorSpec(_DroneSpec):
    """``kind = "multirotor"``: slow, low, may hover; its radio link can be heard.

    Examples
    --------
    >>> spec = MultirotorSpec(id="q", kind="multirotor", arrival_s=90.0, target_en_m=[0.0, 0.0], dive=True)
    >>> here = Environment.standard(latitude_rad=0.58)
    >>> [flight] = spec.build(Site("s", 0.58, 0.77, 0.0), here, np.random.Generator(np.random.Philox(1)))
    >>> flight.end_s, flight.position_enu[-1].round(6).tolist()
    (90.0, [0.0, 0.0, 0.0])
    """

    kind: Literal["multirotor"]
    speed_ms: Positive = 18.0
    height_above_ground_m: Positive = 80.0
    dive_angle_deg: Dive = 45.0
    emits: bool = True

    kind_: ClassVar[str] = "multirotor"


class FixedWingSpec(_DroneSpec):
    """``kind = "fixed_wing"``: faster, further, silent."""

    kind: Literal["fixed_wing"]
    speed_ms: Positive = 45.0
    height_above_ground_m: Positive = 150.0
    dive_angle_deg: Dive = 25.0
    emits: bool = False

    kind_: ClassVar[str] = "fixed_wing"

    @model_validator(mode="after")
    def _check_hover(self) -> FixedWingSpec:
        if self.hover_s > 0.0:
            raise ValueError("expected no hover_s: a fixed-wing craft cannot hover")
        return self
