"""What flies and is no threat: birds, friendly aircraft, civil drones. A warning of these is a false one."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from rampart.errors import InputError
from rampart.physics.environment import Environment
from rampart.records import Flight, Site
from rampart.records.spec import Count, Number, Path3, Positive, Share, Vector2

from ._kernels import wander
from .raid import Bearings, PartSpec
from .route import smooth_knots
from .signature import draw_rcs, draw_tip_speed

#: Spacing of a wanderer's knots [s].
STEP_S = 2.0
#: Wanderers turn at about this rate, and keep a turn for about this time.
TURN_SIGMA_RAD_S, TURN_TIME_S = 0.08, 12.0
#: Wing tips of a soaring bird move this much less than in flapping flight.
GLIDING_TIPS = 0.15


def _pair(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("expected a list of two: lowest and highest")
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value) or not value[0] <= value[1]:
        raise ValueError("expected two numbers, the lowest first")
    return tuple(float(v) for v in value)


Interval = Annotated[tuple[Positive, Positive], BeforeValidator(_pair)]


class _HarmlessSpec(PartSpec):
    """Keys of all three."""

    count: Count = 1  #: how many
    start_s: Number = 0.0  #: of their presence, seconds since run start
    duration_s: Annotated[Positive, Field(le=86_400)] = 3600.0  #: length of their presence

    def _flight(self, i: int, site: Site, environment: Environment, knots: np.ndarray, **values: Any) -> Flight:
        """A flight from knots (n, 4): seconds, east, north, height above ground."""
        ground = environment.terrain.height_at(knots[:, 1], knots[:, 2])
        position = np.column_stack([knots[:, 1], knots[:, 2], ground + knots[:, 3]])
        return Flight(
            id=self.name(i),
            part=self.id,
            site=site.id,
            threat=False,
            ballistic=False,
            time_s=np.ascontiguousarray(knots[:, 0]),
            position_enu=position,
            velocity_enu=smooth_knots(knots[:, 0], position),
            swerling=self.swerling,
            **values,
        )


class _WandererSpec(_HarmlessSpec):
    """Keys of what wanders about a region."""

    centre_en_m: Vector2 = (0.0, 0.0)  #: about which they wander
    radius_m: Positive = 3_000.0  #: within which they wander
    speed_ms: Interval  #: drawn between the two
    height_above_ground_m: Interval  #: drawn between the two

    def _walk(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Knots (count, k, 4) of `count` walks: seconds, east, north, height above ground."""
        steps = max(math.ceil(self.duration_s / STEP_S), 4)
        u, noise = rng.random((5, count)), rng.standard_normal((count, steps))
        middle = np.array(self.centre_en_m)
        away, bearing = self.radius_m * np.sqrt(u[0]), 2.0 * math.pi * u[1]
        start = middle + away[:, None] * np.stack([np.sin(bearing), np.cos(bearing)], axis=1)
        speed = self.speed_ms[0] + (self.speed_ms[1] - self.speed_ms[0]) * u[2]
        walk = np.empty((count, steps + 1, 4))
        walk[:, :, 0] = self.start_s + STEP_S * np.arange(steps + 1)
        place = np.empty((count, steps + 1, 2))
        heading = 2.0 * math.pi * u[3]
        wander(STEP_S, middle, self.radius_m, speed, TURN_SIGMA_RAD_S, TURN_TIME_S, start, heading, noise, place)
        walk[:, :, 1:3] = place
        walk[:, :, 3] = self._heights(u[4], rng, count, steps)
        return walk

    def _heights(self, share: np.ndarray, rng: np.random.Generator, count: int, steps: int) -> np.ndarray:
        """Heights (count, steps + 1): slow waves about one mean each, inside the interval."""
        low, high = self.height_above_ground_m
        phase, period = 2.0 * math.pi * rng.random((2, count, 1)), rng.uniform(60.0, 240.0, (2, count, 1))
        t = STEP_S * np.arange(steps + 1)
        waves = (np.sin(2.0 * math.pi * t / period + phase)).mean(axis=0)
        middle = low + (high - low) * (0.25 + 0.5 * share[:, None])
        return np.asarray(middle + 0.25 * (high - low) * waves)


class BirdSpec(_WandererSpec):
    """``kind = "bird"``: `count` birds in flocks that wander about a region, some of them soaring.

    A soaring flock circles upwards in a thermal, glides on to the next one, and hardly beats its wings.

    Examples
    --------
    >>> spec = BirdSpec(id="b", kind="bird", count=6, flock_size=3, duration_s=60.0)
    >>> here = Environment.standard(latitude_rad=0.58)
    >>> len(spec.build(Site("s", 0.58, 0.77, 0.0), here, np.random.Generator(np.random.Philox(1))))
    6
    """

    kind: Literal["bird"]
    flock_size: Count = 4  #: birds that fly together
    flock_spacing_m: Positive = 15.0  #: one sigma of a bird's place about its flock's middle, each way
    speed_ms: Interval = (8.0, 18.0)
    height_above_ground_m: Interval = (20.0, 200.0)
    soaring_share: Share = 0.0  #: of the flocks: these circle in thermals and glide between them
    soaring_height_m: Interval = (60.0, 600.0)  #: above ground: lowest and highest of their climbs

    def build(self, site: Site, environment: Environment, rng: np.random.Generator) -> tuple[Flight, ...]:
        """The birds."""
        n = math.ceil(self.count / self.flock_size)
        flocks = self._walk(rng, n)
        soaring = round(self.soaring_share * n)
        dice = rng.spawn(1)[0]  # of its own: the flapping flocks stay as they were
        for k in range(soaring):
            flocks[k] = self._soar(dice, flocks[k])
        birds = range(self.count)
        return tuple(
            self._bird(i, flocks[i // self.flock_size], i // self.flock_size < soaring, site, environment, rng)
            for i in birds
        )

    def _soar(self, rng: np.random.Generator, walk: np.ndarray) -> np.ndarray:
        """Knots (k, 4) of a flock that climbs in thermals and glides between them, from where `walk` starts.

        Circles of 18 to 40 m radius at 8 to 13 m/s, climbing 0.8 to 3 m/s; glides at 11 to 18 m/s that lose a metre in
        10 to 16 (assumptions after C. J. Pennycuick, Modelling the Flying Bird, 2008: middling to large soaring birds).
        """
        t = walk[:, 0]
        speed, radius, climb = rng.uniform(8.0, 13.0), rng.uniform(18.0, 40.0), rng.uniform(0.8, 3.0)
        glide, ratio = rng.uniform(11.0, 18.0), rng.uniform(10.0, 16.0)
        low, high = self.soaring_height_m
        place, heading, height = walk[0, 1:3].copy(), 2.0 * math.pi * rng.random(), rng.uniform(low, high)
        side, rising = math.copysign(1.0, rng.random() - 0.5), bool(rng.random() < 0.6)
        top, bottom = rng.uniform(0.6, 1.0) * high, low
        fine = 0.5  # [s]: circles are drawn finer than the knots
        every = round(STEP_S / fine)
        out = np.empty_like(walk)
        for j in range((len(t) - 1) * every + 1):
            if j % every == 0:
                out[j // every] = t[j // every], *place, height
            if rising:
                heading += side * fine * speed / radius
                height += fine * climb
                if height >= top:
                    rising = False
                    away = np.array(self.centre_en_m) - place
                    if np.hypot(*away) > self.radius_m:
                        heading = math.atan2(*away)
            else:
                height -= fine * glide / ratio
                if height <= bottom or rng.random() < fine / 90.0:
                    rising, side, top = True, math.copysign(1.0, rng.random() - 0.5), rng.uniform(0.6, 1.0) * high
            v = speed if rising else glide
            place = place + fine * v * np.array([math.sin(heading), math.cos(heading)])
        return out

    def _bird(
        self,
        i: int,
        flock: np.ndarray,
        soars: bool,
        site: Site,
        environment: Environment,
        rng: np.random.Generator,
    ) -> Flight:
        # its place in the flock drifts round an ellipse within a few minutes
        size, phase = self.flock_spacing_m * rng.standard_normal((2, 3)), 2.0 * math.pi * rng.random(3)
        turns = 2.0 * math.pi * (flock[:, :1] - flock[0, 0]) / rng.uniform(90.0, 300.0) + phase
        knots = flock.copy()
        knots[:, 1:] += size[0] * np.sin(turns) + size[1] * np.cos(turns)
        knots[:, 3] = np.maximum(knots[:, 3], 3.0)
        tips = draw_tip_speed(rng, "bird") * (GLIDING_TIPS if soars else 1.0)
        rcs = draw_rcs(rng, "bird", self.rcs_dbsm)
        return self._flight(i, site, environment, knots, kind="bird", rcs_dbsm=rcs, tip_speed_ms=tips)


class CivilDroneSpec(_WandererSpec):
    """``kind = "civil_drone"``: a slow multirotor at work about a region, which says on its radio link who it is."""

    kind: Literal["civil_drone"]
    radius_m: Positive = 1_000.0
    speed_ms: Interval = (4.0, 10.0)
    height_above_ground_m: Interval = (30.0, 110.0)

    def build(self, site: Site, environment: Environment, rng: np.random.Generator) -> tuple[Flight, ...]:
        """The drones."""
        return tuple(
            self._flight(
                i,
                site,
                environment,
                knots,
                kind="civil_drone",
                rcs_dbsm=draw_rcs(rng, "civil_drone", self.rcs_dbsm),
                tip_speed_ms=draw_tip_speed(rng, "civil_drone"),
                emits=True,
                identity=f"RID{i + 1:05d}",
            )
            for i, knots in enumerate(self._walk(rng, self.count))
        )


class AircraftSpec(_HarmlessSpec):
    """``kind = "aircraft"``: friendly aircraft that pass, each with a transponder.

    On `route_enu_m` if given, the first at `start_s`, each other `duration_s / count` later. Else each crosses on a
    straight line, at a time drawn from the duration, with everything else drawn from the intervals.

    Examples
    --------
    >>> spec = AircraftSpec(id="a", kind="aircraft")
    >>> here = Environment.standard(latitude_rad=0.58)
    >>> [flight] = spec.build(Site("s", 0.58, 0.77, 0.0), here, np.random.Generator(np.random.Philox(1)))
    >>> flight.threat, len(flight.identity)
    (False, 6)
    """

    kind: Literal["aircraft"]
    route_enu_m: Annotated[Path3, Field(min_length=2)] | None = None  #: points it flies along; drawn where not given
    from_bearing_deg: Bearings | None = None  #: drawn where not given
    speed_ms: Interval = (60.0, 250.0)  #: over the ground, drawn for each
    height_above_ground_m: Interval = (1_000.0, 9_000.0)  #: above the site's origin, drawn for each
    passing_m: Interval = (1_000.0, 12_000.0)  #: ground distance from the origin at the nearest point
    distance_m: Positive = 30_000.0  #: of entry and exit from that point

    @model_validator(mode="after")
    def _check_route(self) -> AircraftSpec:
        route = self.route_enu_m or ()
        if any(a == b for a, b in pairwise(route)):
            raise ValueError("expected no two equal points in a row in route_enu_m")
        return self

    def build(self, site: Site, environment: Environment, rng: np.random.Generator) -> tuple[Flight, ...]:
        """The aircraft; the same number of draws for each."""
        return tuple(self._aircraft(i, site, rng) for i in range(self.count))

    def _aircraft(self, i: int, site: Site, rng: np.random.Generator) -> Flight:
        u = rng.random(6)
        speed = self.speed_ms[0] + (self.speed_ms[1] - self.speed_ms[0]) * u[0]
        points = self._line(i, u) if self.route_enu_m is None else np.array(self.route_enu_m)
        if self.route_enu_m is None:
            start = self.start_s + self.duration_s * u[1] - self.distance_m / speed
        else:
            start = self.start_s + i * self.duration_s / self.count
        legs = np.linalg.norm(np.diff(points, axis=0), axis=1)
        time_s = start + np.concatenate([[0.0], np.cumsum(legs)]) / speed
        # addresses that start with F0 are for temporary use and belong to no aircraft
        address = f"F0{int(rng.integers(0x10000)):04X}"
        if len(points) > 2:
            time_s, points = _rounded(time_s, points)
        velocity = smooth_knots(time_s, points)
        return Flight(
            id=self.name(i),
            part=self.id,
            site=site.id,
            kind="aircraft",
            threat=False,
            ballistic=False,
            time_s=time_s,
            position_enu=points,
            velocity_enu=velocity,
            rcs_dbsm=draw_rcs(rng, "aircraft", self.rcs_dbsm),
            swerling=self.swerling,
            identity=address,
            tip_speed_ms=draw_tip_speed(rng, "aircraft"),
        )

    def _line(self, i: int, u: np.ndarray) -> np.ndarray:
        """Ends (2, 3) of a straight pass."""
        bearing = 2.0 * math.pi * u[2]
        if self.from_bearing_deg is not None:
            bearing = math.radians(self.from_bearing_deg[i % len(self.from_bearing_deg)])
        along = np.array([math.sin(bearing), math.cos(bearing)])
        aside = self.passing_m[0] + (self.passing_m[1] - self.passing_m[0]) * u[3]
        nearest = math.copysign(aside, u[4] - 0.5) * np.array([along[1], -along[0]])
        height = self.height_above_ground_m[0] + (self.height_above_ground_m[1] - self.height_above_ground_m[0]) * u[5]
        ends = np.stack([nearest + self.distance_m * along, nearest - self.distance_m * along])
        return np.column_stack([ends, [height, height]])


def _rounded(time_s: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Knots every second along a polyline whose corners are rounded over about 20 s."""
    if time_s[-1] - time_s[0] > 86_400.0:
        raise InputError("route_enu_m takes more than a day to fly; expected a shorter route or more speed")
    t = np.linspace(time_s[0], time_s[-1], max(math.ceil(time_s[-1] - time_s[0]), 4) + 1)
    raw = np.column_stack([np.interp(t, time_s, points[:, j]) for j in range(3)])
    width = min(21, 2 * ((len(t) - 1) // 2) - 1)
    half = width // 2
    # mirrored through the ends, so that these stay where they are
    before, after = 2.0 * raw[0] - raw[half:0:-1], 2.0 * raw[-1] - raw[-2 : -half - 2 : -1]
    padded = np.concatenate([before, raw, after])
    kernel = np.hanning(width + 2)[1:-1]
    return t, np.column_stack([np.convolve(padded[:, j], kernel / kernel.sum(), "valid") for j in range(3)])
