"""Look: how each sensor of a site sees a target, over a grid and along its ways to the zones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rampart.errors import InputError
from rampart.pipeline import Place
from rampart.sensor.gates import Gate
from rampart.study.zones import distance_to_polygon

from .rule import Rule
from .target import Target

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Square cells around the site's origin; their middles."""

    axis_m: Floats  #: (n,) east of the columns, and north of the rows
    cell_m: float

    @classmethod
    def of(cls, extent_m: float, cell_m: float) -> Grid:
        """The grid of an extent; a whole number of cells, the origin in the middle of one."""
        half = max(round(0.5 * extent_m / cell_m), 1)
        return cls(np.linspace(-half * cell_m, half * cell_m, 2 * half + 1), cell_m)

    @property
    def places(self) -> Floats:
        """(n * n, 2) east, north, row by row from the south."""
        east, north = np.meshgrid(self.axis_m, self.axis_m)
        return np.column_stack([east.ravel(), north.ravel()])


@dataclass(frozen=True, slots=True, eq=False)
class Aim:
    """What a target flies at: a zone, or the site's origin where a site has none."""

    id: str
    name: str
    middle_en: Floats  #: (2,)
    polygon_en: Floats | None
    radius_m: float  #: it has arrived within this distance of the polygon
    shelter_time_s: float

    def distance_m(self, points: Floats) -> Floats:
        """Of points (n, 2) from where it has arrived; 0 there."""
        if self.polygon_en is None:
            return np.asarray(np.maximum(np.linalg.norm(points - self.middle_en, axis=1) - self.radius_m, 0.0))
        return np.asarray(np.maximum(distance_to_polygon(points, self.polygon_en) - self.radius_m, 0.0))


def aims_of(place: Place) -> tuple[Aim, ...]:
    """The site's zones, else its origin."""
    if not place.site.zones:
        return (Aim("origin", "the site's origin", np.zeros(2), None, 0.0, 0.0),)
    return tuple(
        Aim(z.id, z.name or z.id, z.polygon_en.mean(axis=0), z.polygon_en, z.warn_radius_m, z.shelter_time_s)
        for z in place.site.zones
    )


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Straight level ways to every aim from every bearing.

    Way a = aim * bearings + bearing; each has nodes a cell apart, from `reach_m` out to the aim's middle.
    """

    aims: tuple[Aim, ...]
    bearing_deg: Floats  #: (b,) where it comes from
    places: Floats  #: (a, n, 2)
    heading: Floats  #: (a, 2)
    node_s: float  #: between nodes
    step_s: float  #: between moments
    last: NDArray[np.int64]  #: (a,) the last moment before it arrives
    arrival_s: Floats  #: (a,) from the start of the way

    @property
    def steps(self) -> int:
        """Moments of the longest way."""
        return int(self.last.max()) + 1


def ways_to(aims: tuple[Aim, ...], speed_ms: float, reach_m: float, spacing_m: float, bearings: int = 72) -> Ways:
    """Ways from `reach_m` out.

    Parameters
    ----------
    aims : tuple of Aim
        What they lead to.
    speed_ms : float
        Along them.
    reach_m : float
        From an aim's middle to where the ways start.
    spacing_m : float
        Of the nodes.
    bearings : int
        As many, evenly around.
    """
    bearing = np.arange(bearings, dtype=float) * (360.0 / bearings)
    out = np.column_stack([np.sin(np.radians(bearing)), np.cos(np.radians(bearing))])
    n = max(math.ceil(reach_m / spacing_m), 2)
    along = reach_m - np.arange(n + 1) * (reach_m / n)
    places = np.concatenate([aim.middle_en + out[:, None, :] * along[None, :, None] for aim in aims])
    step_s = min(1.0, spacing_m / speed_ms)
    arrival = np.concatenate([_arrival_m(aim, out, reach_m) for aim in aims]) / speed_ms
    last = np.maximum(np.ceil(arrival / step_s).astype(np.int64) - 1, 0)
    return Ways(aims, bearing, places, np.tile(-out, (len(aims), 1)), reach_m / n / speed_ms, step_s, last, arrival)


def _arrival_m(aim: Aim, out: Floats, reach_m: float) -> Floats:
    """How far along the ways (b,) from each bearing the aim's edge is, within a metre or two."""
    fine = np.arange(0.0, reach_m, min(5.0, reach_m / 100))
    arrival = np.empty(len(out))
    for b, direction in enumerate(out):
        inside = aim.distance_m(aim.middle_en + direction * (reach_m - fine)[:, None]) <= 0.0
        arrival[b] = fine[np.argmax(inside)] if inside.any() else reach_m
    return arrival


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What one sensor makes of the target."""

    id: str
    kind: str
    position_enu: Floats
    period_s: float
    map_gate: NDArray[np.int8] | None  #: (cells,) `Gate` of one look
    map_counts: Floats | None  #: (cells, 1, m)
    way_counts: Floats  #: (a, steps, m)


def see(sensor: Any, spec: Any, place: Place, target: Target, rule: Rule, ways: Ways, grid: Grid | None) -> Sight:
    """Look at every cell and along every way with one built sensor.

    Raises
    ------
    InputError
        If the sensor's kind cannot say what it would see.
    """
    if not hasattr(sensor, "visibility"):
        raise InputError(f"sensor {spec.id!r}: kind {spec.kind!r} cannot say what it would see (it has no visibility)")
    period_s, delay_s = float(sensor.scan_period_s), float(sensor.delay_s)
    gate = counts = None
    share = search_share(spec)
    if grid is not None:
        cells = grid.places
        view = _view(sensor, place, target, cells, _headings(cells, ways.aims))
        gate = np.where((view.p_detect > 0.0) & (share < 1.0), np.int8(Gate.POINTING), view.gate)
        counts = rule.counts(share * view.p_detect[:, None], period_s=period_s, delay_s=delay_s)
    a, n, _ = ways.places.shape
    view = _view(sensor, place, target, ways.places.reshape(-1, 2), np.repeat(ways.heading, n, axis=0))
    along = rule.counts(
        share * view.p_detect.reshape(a, n), period_s=period_s, delay_s=delay_s,
        node_s=ways.node_s, step_s=ways.step_s, steps=ways.steps,
    )  # fmt: skip
    return Sight(spec.id, spec.kind, np.array(spec.position_enu_m, float), period_s, gate, counts, along)


def search_share(spec: Any) -> float:
    """Share of the looks that go any one way while a sensor with a narrow field of view searches its sector.

    Visibility is that of a sensor turned to the place; nothing has told it to look there before something is seen.
    """
    width = getattr(spec, "field_of_view_deg", None)
    return 1.0 if width is None else min(1.0, float(width) / float(spec.sector_width_deg))


def _view(sensor: Any, place: Place, target: Target, en: Floats, heading: Floats) -> Any:
    position, velocity = np.empty((len(en), 3)), np.zeros((len(en), 3))
    position[:, :2] = en
    position[:, 2] = place.environment.terrain.height_at(en[:, 0], en[:, 1]) + target.height_m
    velocity[:, :2] = target.speed_ms * heading
    return sensor.visibility(position, velocity, target.flight)


def _headings(cells: Floats, aims: tuple[Aim, ...]) -> Floats:
    """From each cell towards the middle of the aim whose edge is nearest, (n, 2)."""
    nearest = np.argmin(np.stack([aim.distance_m(cells) for aim in aims]), axis=0)
    way = np.stack([aim.middle_en for aim in aims])[nearest] - cells
    return np.asarray(way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9))


def gate_name(number: int) -> str:
    """The name of a gate, as in recordings."""
    return Gate(number).label
