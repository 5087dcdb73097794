"""Route: a flight along waypoints at a height above the ground; turns as tight as the bank allows, hover, dive."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from rampart.errors import InputError
from rampart.physics.terrain import Terrain

#: Spacing of the knots [s].
STEP_S = 0.25
#: How hard a hovering craft brakes and speeds up [m/s2].
BRAKE_MS2 = 3.0
_G = 9.80665


def turn_radius_m(speed_ms: float, bank_rad: float) -> float:
    """Radius of a level, coordinated turn: v^2 / (g tan bank).

    >>> round(turn_radius_m(50.0, math.radians(30.0)))
    442
    """
    return speed_ms**2 / (_G * math.tan(bank_rad))


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A level line of straights and arcs, by distance flown."""

    distance_m: np.ndarray  #: (n,) of the joints, from 0
    point_en: np.ndarray  #: (n, 2) joints
    heading_rad: np.ndarray  #: (n,) clockwise from north, at the joint
    curvature: np.ndarray  #: (n,) of the piece after the joint, 1/m, positive to the right

    @classmethod
    def through(cls, waypoints_en: np.ndarray, radius_m: float) -> Course:
        """Straights between waypoints (n, 2), each corner cut by an arc of radius `radius_m`.

        Raises
        ------
        InputError
            If two waypoints are too near for the turns.
        """
        legs = np.diff(waypoints_en, axis=0)
        length = np.linalg.norm(legs, axis=1)
        if not (length > 0.0).all():
            raise InputError(f"waypoint {int(np.argmin(length)) + 2} stands where the one before it stands")
        heading = np.arctan2(legs[:, 0], legs[:, 1])
        turn = (np.diff(heading) + math.pi) % (2.0 * math.pi) - math.pi
        cut = np.concatenate([[0.0], radius_m * np.tan(np.abs(turn) / 2.0), [0.0]])
        for i, leg in enumerate(length):
            if cut[i] + cut[i + 1] > leg:
                raise InputError(
                    f"waypoints {i + 1} and {i + 2} are {leg:.0f} m apart, too near for turns of {radius_m:.0f} m"
                    " radius; expected more room, less speed or more bank"
                )
        points, distance, headings, curvature = [waypoints_en[0]], [0.0], [heading[0]], [0.0]
        for i, angle in enumerate(turn):
            direction = legs[i] / length[i]
            points.append(waypoints_en[i + 1] - cut[i + 1] * direction)
            points.append(waypoints_en[i + 1] + cut[i + 1] * legs[i + 1] / length[i + 1])
            distance.append(distance[-1] + float(np.linalg.norm(points[-2] - points[-3])))
            distance.append(distance[-1] + radius_m * abs(angle))
            headings += [heading[i], heading[i + 1]]
            curvature += [math.copysign(1.0 / radius_m, angle), 0.0]
        distance.append(distance[-1] + float(np.linalg.norm(waypoints_en[-1] - points[-1])))
        points.append(waypoints_en[-1])
        return cls(
            np.array(distance), np.array(points), np.array([*headings, heading[-1]]), np.array([*curvature, 0.0])
        )

    @property
    def length_m(self) -> float:
        """Whole length."""
        return float(self.distance_m[-1])

    def at(self, distance_m: np.ndarray) -> np.ndarray:
        """Points (n, 2) at distances flown (n,)."""
        i = np.clip(np.searchsorted(self.distance_m, distance_m, side="right") - 1, 0, len(self.distance_m) - 1)
        s, c, h = distance_m - self.distance_m[i], self.curvature[i], self.heading_rad[i]
        # chord of an arc: its direction is the middle heading, its length s sinc(s c / 2)
        middle, chord = h + 0.5 * s * c, s * np.sinc(0.5 * s * c / math.pi)
        return np.asarray(self.point_en[i] + chord[:, None] * np.stack([np.sin(middle), np.cos(middle)], axis=1))


def hover_profile(length_m: float, speed_ms: float, hover_at_m: float, hover_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Times and distances of a flight at one speed that stops at `hover_at_m` for `hover_s`.

    Returns
    -------
    time_s, distance_m : ndarray (n,)
        About every `STEP_S`, from 0 to the end.
    """
    if hover_s <= 0.0:
        n = max(math.ceil(length_m / speed_ms / STEP_S), 4)
        share = np.linspace(0.0, 1.0, n + 1)
        return share * length_m / speed_ms, share * length_m
    brake_s, brake_m = speed_ms / BRAKE_MS2, 0.5 * speed_ms**2 / BRAKE_MS2
    if not brake_m <= hover_at_m <= length_m - brake_m:
        raise InputError(f"no room to brake for hover_s; expected at least {brake_m:.0f} m before and behind the place")
    cruise_s = (hover_at_m - brake_m) / speed_ms
    marks = np.cumsum([cruise_s, brake_s, hover_s, brake_s, (length_m - hover_at_m - brake_m) / speed_ms])
    n = max(math.ceil(marks[-1] / STEP_S), 4)
    t = np.linspace(0.0, marks[-1], n + 1)
    into, out = np.clip(t - marks[0], 0.0, brake_s), np.clip(t - marks[2], 0.0, brake_s)
    distance = speed_ms * np.minimum(t, marks[0]) + (speed_ms - 0.5 * BRAKE_MS2 * into) * into
    distance += 0.5 * BRAKE_MS2 * out**2 + speed_ms * np.maximum(t - marks[3], 0.0)
    distance[-1] = length_m
    return t, distance


def height_profile(
    course: Course, distance_m: np.ndarray, terrain: Terrain, height_m: float, dive_rad: float | None
) -> np.ndarray:
    """ENU up (n,) of a flight that follows the terrain `height_m` above it and, if asked, dives onto its end.

    The ground is averaged over three times the height flown, forward and back, as a craft does not follow each hump; it
    stays at least a third of its height above each.
    """
    points = course.at(distance_m)
    ground = terrain.height_at(points[:, 0], points[:, 1])
    if terrain.smooth:
        level = ground
    else:
        s = np.linspace(0.0, course.length_m, max(math.ceil(course.length_m / 30.0), 2))
        p = course.at(s)
        fine = np.asarray(terrain.height_at(p[:, 0], p[:, 1]))
        half = max(round(3.0 * height_m / 30.0), 1)
        padded = np.pad(fine, half, mode="edge")
        level = np.interp(distance_m, s, np.convolve(padded, np.full(2 * half + 1, 1.0 / (2 * half + 1)), "valid"))
    above = np.maximum(level + height_m - ground, height_m / 3.0)
    if dive_rad is not None:
        above = _dive(course.length_m - distance_m, above, height_m, dive_rad)
    return np.asarray(ground + above)


def _dive(left_m: np.ndarray, above: np.ndarray, height_m: float, dive_rad: float) -> np.ndarray:
    """Height above ground: the lower of cruise and a straight line down to the target, with a rounded corner."""
    line, corner = left_m * math.tan(dive_rad), 0.3 * height_m
    rounded = 0.5 * (above + line - np.sqrt((above - line) ** 2 + corner**2))
    # the rounding would end a little below the ground
    end = 0.5 * (above[-1] - math.hypot(above[-1], corner))
    return np.asarray(np.maximum(rounded - end * np.exp(-line / corner), 0.0))


def smooth_knots(time_s: np.ndarray, position_enu: np.ndarray) -> np.ndarray:
    """Velocities (n, 3) that make the cubics between knots one curve, continuous in acceleration.

    Examples
    --------
    >>> t = np.linspace(0.0, 1.0, 5)
    >>> smooth_knots(t, np.stack([3.0 * t, 0.0 * t, 0.0 * t], axis=1)).round(9).tolist()[2]
    [3.0, 0.0, 0.0]
    """
    return np.ascontiguousarray(CubicSpline(time_s, position_enu)(time_s, 1))
