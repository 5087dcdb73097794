"""Ballistic kinds: rocket, shell, mortar bomb. Made backwards from where they come down.

A round is given by where, when, from which direction and how steeply it comes down, by its drag and its time of flight.
Its arrival speed is then found such that the flight, integrated back in time, is on the ground when that time is over.
Nothing here solves for a firing direction: the launch point is whatever the flight back in time leads to.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field
from scipy.optimize import brentq

from rampart.errors import InputError
from rampart.physics import flight as motion
from rampart.physics.environment import Environment
from rampart.records import Fate, Flight, Site
from rampart.records.spec import NonNegative, Positive, Share, Vector2

from . import _kernels
from .raid import RaidSpec
from .signature import draw_rcs

#: Spacing of a flight's knots: the cubic between them is then within a millimetre of the flight.
STEP_S = 0.05
_LEAST_STEP_S = 1e-5
_ANGLES = 3  # tried at a time for the shallowest: most flights have one of the first
#: Arrival speeds tried for it, as shares of that without air
_SHARES = np.linspace(0.2, 1.1, 46)
_STRIDE = 7  # of speeds that are tried first
#: Faster than this at launch or burnout is none of our generic kinds.
TOP_SPEED_MS = 1200.0
#: Speed at which a rocket leaves its rail: the boost starts with it.
RAIL_SPEED_MS = 30.0

_Angle = Annotated[float, Field(gt=0.0, lt=90.0)]


def _interval(value: object) -> object:
    """One number stands for an interval without width."""
    pair = tuple(value) if isinstance(value, list | tuple) else (value, value)
    if len(pair) != 2 or any(isinstance(v, bool) or not isinstance(v, int | float) for v in pair):
        raise ValueError("expected a number or a list of two: lowest and highest")
    if not pair[0] <= pair[1]:
        raise ValueError("expected the lowest first, then the highest")
    return tuple(float(v) for v in pair)


Angles = Annotated[tuple[_Angle, _Angle], BeforeValidator(_interval)]
Drags = Annotated[tuple[Positive, Positive], BeforeValidator(_interval)]
Seconds = Annotated[tuple[NonNegative, NonNegative], BeforeValidator(_interval)]
Flown = Annotated[Positive, Field(ge=3.0, le=150.0)]


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """How one round comes down."""

    impact_enu: np.ndarray  #: (3,) on the ground [m]
    from_bearing_rad: float  #: clockwise from north, as seen from the impact point
    angle_rad: float  #: of the path below the horizontal at impact
    time_of_flight_s: float
    thrust_s: float  #: length of the boost after launch; 0 without
    drag_m2_per_kg: float

    def state(self, speed_ms: float) -> np.ndarray:
        """State (7,) at impact: position, velocity, ln of the drag-to-mass ratio."""
        return self.states(np.array([speed_ms]), self.angle_rad)[0]

    def states(self, speed_ms: np.ndarray, angle_rad: float) -> np.ndarray:
        """States (n, 7) at impact for many speeds (n,) [m/s] at one angle."""
        level = speed_ms * math.cos(angle_rad)
        rows = np.empty((len(speed_ms), 7))
        rows[:, :3] = self.impact_enu
        rows[:, 3] = -level * math.sin(self.from_bearing_rad)
        rows[:, 4] = -level * math.cos(self.from_bearing_rad)
        rows[:, 5] = -speed_ms * math.sin(angle_rad)
        rows[:, 6] = math.log(self.drag_m2_per_kg)
        return rows


class _NoFlightError(Exception):
    """No arrival speed gives the time of flight asked for."""


def fly_back(arrival: Arrival, environment: Environment, shape: str) -> motion.Flight:
    """The flight that comes down as `arrival` says, times counted from the impact (so below zero).

    Parameters
    ----------
    arrival : Arrival
        Where, how and after what time of flight.
    environment : Environment
        Air, gravity and ground.
    shape : str
        Drag shape.

    Returns
    -------
    rampart.physics.flight.Flight
        From the ground to the impact; a knot lies on the burnout.

    Raises
    ------
    InputError
        If no flight of that length comes down at that angle with less than 1,200 m/s anywhere on it.

    Notes
    -----
    Method: the time that a flight back to the ground takes rises with the arrival speed, so Brent's method finds that
    speed. With a boost its acceleration, along the velocity and constant, is found inside that search, such that the
    flight back ends with the speed at which a rocket leaves its rail.
    """
    back = _Back(arrival, environment, shape)
    try:
        flown = back.boosted() if arrival.thrust_s > 0.0 else back.coasted()
    except _NoFlightError:
        raise InputError(
            f"time_of_flight_s near {arrival.time_of_flight_s:.1f} with an arrival at"
            f" {math.degrees(arrival.angle_rad):.0f} deg has no flight; expected another time of flight, angle or drag"
        ) from None
    return _distinct(flown)


def _distinct(flown: motion.Flight) -> motion.Flight:
    """Without the inner knots that all but coincide with another: a whole step may end just above the ground."""
    apart = np.diff(flown.time_s) > _LEAST_STEP_S
    if apart.all():
        return flown
    keep = np.ones(len(flown.time_s), bool)
    keep[1:-1] = apart[1:] & apart[:-1]
    return motion.Flight(flown.time_s[keep], flown.position_enu[keep], flown.velocity_enu[keep], flown.status)


def shallowest_angle(arrival: Arrival, environment: Environment, shape: str, top_speed_ms: float) -> float:
    """The smallest arrival angle (whole 5 degrees, in rad) that needs no speed above `top_speed_ms`; nan if none does.

    Drag bends long flights down: a long time of flight and a shallow arrival do not go together. `arrival` gives place,
    direction, drag and time of flight; its angle and boost do not count.

    Notes
    -----
    Coarse flights back in time, over angles and arrival speeds, a few angles at a time; between speeds linear.
    """
    angles = np.radians(np.arange(30.0, 86.0, 5.0)).tolist()
    for k in range(0, len(angles), _ANGLES):
        some = angles[k : k + _ANGLES]
        fan = _Fan(arrival, some, _SHARES, 1.2 * arrival.time_of_flight_s + 5.0, environment, shape)
        for row, late in enumerate(fan.first_late()):
            if late == 0 or fan.time_s[row, late] == np.inf:
                continue
            pair = fan.time_s[row, late - 1 : late + 1], [fan.top_ms(row, late - 1), fan.top_ms(row, late)]
            if np.interp(arrival.time_of_flight_s, *pair) < top_speed_ms:
                return some[row]
    return math.nan


class _Fan:
    """Coarse flights back from one arrival, over angles and rising arrival speeds. Few of them need to be flown.

    Parameters
    ----------
    arrival : Arrival
        Gives place, direction, drag and time of flight.
    angles_rad : list of float
        At impact; a row each.
    shares : ndarray (speeds,)
        Arrival speeds, rising, as shares of that without air.
    limit_s : float
        A flight that is not down by then is longer than this.
    environment, shape
        As in `fly_back`.
    """

    def __init__(
        self,
        arrival: Arrival,
        angles_rad: list[float],
        shares: np.ndarray,
        limit_s: float,
        environment: Environment,
        shape: str,
    ) -> None:
        self._longest_s, self._limit_s = arrival.time_of_flight_s, limit_s
        self._environment, self._shape = environment, shape
        self.speeds = [_vacuum_speed(arrival, angle) * shares for angle in angles_rad]
        self._states = np.array([arrival.states(s, a) for s, a in zip(self.speeds, angles_rad, strict=True)])
        self._start_ms = np.zeros((*self._states.shape[:2], 3))
        self.time_s = np.full(self._states.shape[:2], np.nan)  #: of flight; inf without a landing, nan if not flown

    def first_late(self) -> list[int]:
        """First speed of each row whose flight is as long as asked for, or longer; 0 where that is none, or the first.

        The time of a flight back rises with the arrival speed: so a few speeds are tried first, then those between.
        """
        rows, speeds = len(self.speeds), len(self.speeds[0])
        rough = [*range(0, speeds - 1, _STRIDE), speeds - 1]
        found = [0] * rows
        tried = self._fly([(row, k) for row in range(rows) for k in rough]).reshape(rows, -1).tolist()
        for row, times in enumerate(tried):
            found[row] = next((k for k, time_s in zip(rough, times, strict=True) if time_s >= self._longest_s), 0)
        below = [_STRIDE * ((end - 1) // _STRIDE) for end in found]  # the one tried before, which is not late
        between = [(row, k) for row, end in enumerate(found) if end for k in range(below[row] + 1, end)]
        if between:
            for (row, k), time_s in zip(between, self._fly(between).tolist(), strict=True):
                if time_s >= self._longest_s:
                    found[row] = min(found[row], k)
        return found

    def top_ms(self, row: int, k: int) -> float:
        """The higher of the speeds at both ends of a flight."""
        return max(float(np.linalg.norm(v)) for v in (self._start_ms[row, k], self._states[row, k, 3:6]))

    def _fly(self, which: list[tuple[int, int]]) -> np.ndarray:
        """Fly some of them; returns their times."""
        at = tuple(np.array(which).T)
        landings = motion.fly_to_ground(
            self._states[at], self._environment, shape=self._shape, step_s=1.0, backward=True, max_time_s=self._limit_s
        )
        self.time_s[at] = time_s = np.where(landings.landed, -landings.time_s, np.inf)
        self._start_ms[at] = landings.velocity_enu
        return time_s


def _at_angle(arrival: Arrival, angle_rad: float) -> Arrival:
    return replace(arrival, angle_rad=float(angle_rad))


def _vacuum_speed(arrival: Arrival, angle_rad: float) -> float:
    """Arrival speed over a plane without air; with drag the arrival is slower."""
    return 9.81 * arrival.time_of_flight_s / (2.0 * math.sin(angle_rad))


class _Back:
    """Flights back in time from one arrival, for any arrival speed."""

    def __init__(self, arrival: Arrival, environment: Environment, shape: str) -> None:
        self.arrival, self.environment, self.shape = arrival, environment, shape

    def _fly(self, state: np.ndarray, duration_s: float, *, ground: bool, thrust_ms2: float = 0.0) -> motion.Flight:
        return motion.fly(
            state,
            self.environment,
            duration_s=duration_s,
            step_s=STEP_S,
            shape=self.shape,
            backward=True,
            to_ground=ground,
            thrust_ms2=thrust_ms2,
        )

    def coasted(self) -> motion.Flight:
        """A flight without boost."""
        arrival = self.arrival
        limit = arrival.time_of_flight_s + 5.0

        def excess(speed: float) -> float:
            landing = motion.fly_to_ground(
                arrival.state(speed)[None, :],
                self.environment,
                shape=self.shape,
                step_s=STEP_S,
                backward=True,
                max_time_s=limit,
            )
            # not down in time, or so fast back in time that it left the numbers: too fast in any case
            return -float(landing.time_s[0]) - arrival.time_of_flight_s if landing.landed[0] else 5.0

        speed = self._root(excess)
        flown = self._fly(arrival.state(speed), limit, ground=True)
        self._check(flown)
        return flown

    def boosted(self) -> motion.Flight:
        """A flight with boost: coast back to the burnout, then the boost back to the ground."""
        arrival, arrays = self.arrival, self.environment.arrays(self.shape)
        coast_s = arrival.time_of_flight_s - arrival.thrust_s
        if not coast_s > 0.0:  # nor would the boost fit into its room
            raise _NoFlightError
        room = (math.floor(arrival.time_of_flight_s / STEP_S) + 3, 7)
        boost = np.empty(room)
        tried: dict[float, tuple[np.ndarray, float]] = {}  # speed -> the coast and the acceleration of its boost

        def height(speed: float) -> float:
            coast = np.empty(room)
            height_m, count, thrust = _kernels.launch_height(
                arrival.state(speed), STEP_S, coast_s, arrival.thrust_s, RAIL_SPEED_MS, TOP_SPEED_MS,
                *arrays, coast, boost,
            )  # fmt: skip
            tried[speed] = coast[:count], thrust
            return float(height_m)

        coast, thrust = tried[self._root(height)]
        # the search met the ground to a micrometre; the last step may end on it a moment earlier or later
        burnout = np.append(coast[-1, 1:], math.log(arrival.drag_m2_per_kg))
        launch = self._fly(burnout, arrival.thrust_s + 0.1, ground=True, thrust_ms2=thrust)
        coast = coast[::-1]
        flown = motion.Flight(
            np.concatenate([launch.time_s[:-1] + coast[0, 0], coast[:, 0]]),
            np.concatenate([launch.position_enu[:-1], coast[:, 1:4]]),
            np.concatenate([launch.velocity_enu[:-1], coast[:, 4:7]]),
            launch.status,
        )
        self._check(flown)
        return flown

    def _root(self, function: Callable[[float], float]) -> float:
        """The arrival speed at which a rising function is zero."""
        known = cache(function)  # bracket, search and check ask for the same speeds again
        low = high = self._guess()
        for _ in range(60):
            if known(low) < 0.0:
                break
            low *= 0.97
        for _ in range(60):
            if known(high) > 0.0:
                break
            high *= 1.03
        else:
            raise _NoFlightError
        speed = float(brentq(known, low, high, xtol=1e-10, rtol=1e-14))
        # where no flight is slow enough the function jumps through zero
        if abs(known(speed)) > 1e-3:
            raise _NoFlightError
        return speed

    def _guess(self) -> float:
        """About the arrival speed of a flight without boost, from one batch of coarse flights."""
        arrival = self.arrival
        shares, limit_s = np.linspace(0.1, 1.3, 49), arrival.time_of_flight_s + 5.0
        fan = _Fan(arrival, [arrival.angle_rad], shares, limit_s, self.environment, self.shape)
        late = fan.first_late()[0]
        if late == 0:
            raise _NoFlightError
        return float(fan.speeds[0][late - 1])

    def _check(self, flown: motion.Flight) -> None:
        if flown.status != motion.LANDED or not _slow(flown):
            raise _NoFlightError


def _slow(flown: motion.Flight) -> bool:
    # component by component first: back in time a falling body can leave all bounds
    fastest = float(np.abs(flown.velocity_enu).max())
    if not fastest < TOP_SPEED_MS:
        return False
    return 3.0 * fastest * fastest < TOP_SPEED_MS**2 or bool(
        np.linalg.norm(flown.velocity_enu, axis=1).max() < TOP_SPEED_MS
    )


class _BallisticSpec(RaidSpec):
    """Keys of all ballistic kinds. An interval is one number or two: each round is drawn uniformly from it."""

    impact_en_m: Vector2  #: where they come down, give or take `spread_m`
    time_of_flight_s: Flown  #: middle value; each round is drawn within `time_of_flight_spread` of it
    time_of_flight_spread: Share = 0.02  #: as a share, uniform to both sides
    bearing_spread_deg: NonNegative = 1.0  #: one sigma of the direction they come from
    #: of the path below the horizontal at impact; where not given: the kind's usual angles, from the least on that
    #: needs no speed above the kind's; if that is steeper than all of them, up to 10 degrees more than it
    arrival_angle_deg: Angles | None = None
    drag_m2_per_kg: Drags  #: drag-to-mass ratio, see `rampart.physics.drag`
    thrust_s: Seconds = (0.0, 0.0)  #: length of the boost
    drag_shape: Literal["g1", "g7", "sphere"] = "g1"  #: standard drag curve over Mach number

    kind_: ClassVar[str]
    usual_angle_deg: ClassVar[tuple[float, float]]
    top_speed_ms: ClassVar[float]

    def build(self, site: Site, environment: Environment, rng: np.random.Generator) -> tuple[Flight, ...]:
        """The rounds of the raid, each with the same number of draws.

        Raises
        ------
        InputError
            If a round has no flight with these numbers.
        """
        return tuple(self._round(i, site, environment, rng) for i in range(self.count))

    def _arrival(self, i: int, environment: Environment, rng: np.random.Generator) -> Arrival:
        east, north = self.end_point(rng, self.impact_en_m)
        u = rng.uniform(size=4)
        bearing = self.bearing_of(i) + math.radians(self.bearing_spread_deg) * float(rng.standard_normal())
        flown = self.time_of_flight_s * (1.0 + self.time_of_flight_spread * (2.0 * u[0] - 1.0))
        bare = Arrival(
            np.array([east, north, float(environment.terrain.height_at(east, north))]),
            bearing,
            math.nan,
            flown,
            min(_within(self.thrust_s, u[2]), 0.5 * flown),
            _within(self.drag_m2_per_kg, u[3]),
        )
        if self.arrival_angle_deg is not None:
            return _at_angle(bare, math.radians(_within(self.arrival_angle_deg, u[1])))
        return self._usual_arrival(bare, environment, u[1])

    def _usual_arrival(self, bare: Arrival, environment: Environment, u: float) -> Arrival:
        """An arrival angle that suits the time of flight; a flight too long for its drag gets the kind's least drag."""
        for arrival in (bare, replace(bare, drag_m2_per_kg=self.drag_m2_per_kg[0])):
            least = math.degrees(shallowest_angle(arrival, environment, self.drag_shape, self.top_speed_ms))
            if not math.isnan(least):
                low = max(self.usual_angle_deg[0], least)
                high = min(max(self.usual_angle_deg[1], low + 10.0), 85.0)
                return _at_angle(arrival, math.radians(_within((low, high), u)))
        raise InputError(
            f"threat {self.id!r}: time_of_flight_s = {self.time_of_flight_s:g} is too long for this kind;"
            " expected a shorter one, or less drag_m2_per_kg"
        )

    def _round(self, i: int, site: Site, environment: Environment, rng: np.random.Generator) -> Flight:
        arrival = self._arrival(i, environment, rng)
        rcs = draw_rcs(rng, self.kind_, self.rcs_dbsm)
        try:
            flown = fly_back(arrival, environment, self.drag_shape)
        except InputError as error:
            raise InputError(f"threat {self.id!r}: {error}") from None
        when = self.arrival_of(i)
        burnout = when - arrival.time_of_flight_s + arrival.thrust_s if arrival.thrust_s > 0.0 else math.nan
        return Flight(
            id=self.name(i),
            part=self.id,
            site=site.id,
            kind=self.kind_,
            threat=True,
            ballistic=True,
            time_s=when + flown.time_s,
            position_enu=flown.position_enu,
            velocity_enu=flown.velocity_enu,
            rcs_dbsm=rcs,
            swerling=self.swerling,
            burnout_s=burnout,
            ln_drag=math.log(arrival.drag_m2_per_kg),
            fate=Fate.IMPACT,
        )


def _within(interval: tuple[float, float], u: float) -> float:
    return float(interval[0] + (interval[1] - interval[0]) * u)


class RocketSpec(_BallisticSpec):
    """``kind = "rocket"``: an unguided rocket with a short boost.

    Examples
    --------
    >>> spec = RocketSpec(id="r", kind="rocket", arrival_s=40.0, impact_en_m=[0.0, 150.0], time_of_flight_s=25.0)
    >>> here = Environment.standard(latitude_rad=0.58)
    >>> [flight] = spec.build(Site("s", 0.58, 0.77, 0.0), here, np.random.Generator(np.random.Philox(1)))
    >>> flight.end_s, bool(abs(flight.position_enu[-1, 2]) < 0.01)
    (40.0, True)
    """

    kind: Literal["rocket"]
    drag_m2_per_kg: Drags = (3e-5, 1.2e-4)
    thrust_s: Seconds = (1.2, 2.0)

    kind_: ClassVar[str] = "rocket"
    usual_angle_deg: ClassVar[tuple[float, float]] = (38.0, 58.0)
    top_speed_ms: ClassVar[float] = 700.0


class ShellSpec(_BallisticSpec):
    """``kind = "shell"``: an artillery shell, slender."""

    kind: Literal["shell"]
    drag_m2_per_kg: Drags = (2e-5, 5e-5)
    drag_shape: Literal["g1", "g7", "sphere"] = "g7"

    kind_: ClassVar[str] = "shell"
    usual_angle_deg: ClassVar[tuple[float, float]] = (35.0, 60.0)
    top_speed_ms: ClassVar[float] = 700.0


class MortarSpec(_BallisticSpec):
    """``kind = "mortar"``: a mortar bomb, steep and slow."""

    kind: Literal["mortar"]
    drag_m2_per_kg: Drags = (6e-5, 1.3e-4)

    kind_: ClassVar[str] = "mortar"
    usual_angle_deg: ClassVar[tuple[float, float]] = (52.0, 75.0)
    top_speed_ms: ClassVar[float] = 350.0
