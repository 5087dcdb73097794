"""Plan: the coverage of one site for one kind of target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rampart.errors import InputError
from rampart.pipeline import Place, Scenario, build_places, load
from rampart.sensor.gates import Gate

from .look import Grid, Sight, Ways, aims_of, gate_name, search_share, see, ways_to
from .rule import Rule
from .target import Target

Floats = NDArray[np.float64]
ALL = "all"  #: name of the mix of all sensors


@dataclass(frozen=True)
class Coverage:
    """Where a site's sensors see a kind of target, and how long before it arrives.

    Attributes
    ----------
    place : Place
        The site.
    target : Target
        What is looked for.
    rule : Rule
        What counts as seen.
    grid : Grid
        Cells of the map.
    ways : Ways
        To every zone from every bearing.
    sights : tuple of Sight
        One per sensor, in the order of the file.
    """

    place: Place
    target: Target
    rule: Rule
    grid: Grid
    ways: Ways
    sights: tuple[Sight, ...]

    @cached_property
    def p_seen(self) -> dict[str, Floats]:
        """Probability (n, n) that it is seen in each cell, by sensor and for the mix (``all``); rows go north."""
        n = len(self.grid.axis_m)
        maps = {s.id: self.rule.p_of([s.map_counts]).reshape(n, n) for s in self.sights if s.map_counts is not None}
        parts = [s.map_counts for s in self.sights if s.map_counts is not None]
        return {**maps, ALL: self.rule.p_of(parts).reshape(n, n)}

    @cached_property
    def seconds(self) -> dict[str, Floats]:
        """Seconds (zones, bearings) between being seen and arriving, by sensor and for the mix; 0 if never seen."""
        found = {s.id: self.seconds_of([s.way_counts]) for s in self.sights}
        return {**found, ALL: self.seconds_of([s.way_counts for s in self.sights])}

    def seconds_of(self, parts: list[Floats]) -> Floats:
        """As `seconds`, for any set of sensors."""
        return seconds_before(self.rule, self.ways, parts)

    def area_km2(self, sensor: str) -> float:
        """Of the cells in which it is seen."""
        return float((self.p_seen[sensor] >= self.rule.p_seen).sum()) * (self.grid.cell_m / 1000.0) ** 2

    def gates(self, sight: Sight) -> dict[str, float]:
        """Share of the cells that each gate of one look keeps from a sensor, the largest first."""
        if sight.map_gate is None:
            return {}
        numbers, counts = np.unique(sight.map_gate, return_counts=True)
        shares = {int(g): c / len(sight.map_gate) for g, c in zip(numbers, counts, strict=True) if g != Gate.DETECTED}
        return {gate_name(g): round(s, 4) for g, s in sorted(shares.items(), key=lambda item: -item[1])}

    def notes(self) -> list[str]:
        """What a reader must know of this answer."""
        notes = []
        specs = {spec.id: spec for _, spec in self.place.sensors}
        for s in self.sights:
            if search_share(specs[s.id]) < 1.0:
                notes.append(
                    f"{s.id} has to be turned: it counts as it searches its sector, cued by a track it sees more"
                )
            looks = self.rule.within_s / s.period_s
            if looks < self.rule.detections:
                least_s = self.rule.detections * s.period_s
                notes.append(
                    f"{s.id} looks {looks:.3g} times in {self.rule.within_s:g} s: alone it cannot give "
                    f"{self.rule.detections} detections for certain; --within-s {least_s:g} asks less"
                )
        if (self.seconds[ALL] >= self.ways.arrival_s.reshape(self.seconds[ALL].shape) - 1.0).any():
            notes.append("on some bearings it is seen from the edge of the extent on: --extent-km more tells more")
        return notes


def seconds_before(rule: Rule, ways: Ways, parts: list[Floats]) -> Floats:
    """Seconds (aims, bearings) between being seen by these sensors together and arriving; 0 if never seen."""
    shape = (len(ways.aims), len(ways.bearing_deg))
    if not parts:
        return np.zeros(shape)
    first = rule.first_seen(rule.joined(parts), ways.last)
    return np.asarray(np.where(first >= 0, ways.arrival_s - first * ways.step_s, 0.0).reshape(shape))


def plan_coverage(
    site: Scenario | str | Path,
    kind: str,
    height_m: float,
    *,
    site_id: str | None = None,
    cell_m: float = 50.0,
    extent_km: float = 20.0,
    rule: Rule | None = None,
    **signature: Any,
) -> Coverage:
    """Compute where a site's sensors see a kind of target, and how many seconds before it reaches each zone.

    Parameters
    ----------
    site : Scenario or str or pathlib.Path
        A scenario or live site, its name or file.
    kind : str
        Kind of threat, e.g. ``multirotor``.
    height_m : float
        Of its flight above the ground.
    site_id : str or None
        Which site of the file, if there are several.
    cell_m, extent_km : float
        Side of the map's cells, and of the map.
    rule : Rule or None
        What counts as seen.
    **signature : object
        ``speed_ms``, ``rcs_dbsm``, ``emits``: instead of the kind's generic ones.

    Raises
    ------
    InputError
        For an unknown kind or site, a site without sensors, terrain that cannot be used, a sensor underground.

    Notes
    -----
    On the map a target flies at the zone whose edge is nearest; along the ways to the zones, straight at the zone's
    middle from each of 72 bearings, from half the extent out. Each look goes through the gates of the simulated sensor
    (`rampart.sensor.visibility`); looks are independent.

    Examples
    --------
    >>> cover = plan_coverage("asad-drones", "fixed_wing", 150.0, cell_m=500.0)
    >>> cover.p_seen["all"].shape
    (41, 41)
    """
    scenario = site if isinstance(site, Scenario) else load(site)
    place = choose_place(build_places(scenario), site_id, scenario.path)
    if not place.sensors:
        raise InputError(f"site {place.site.id!r} has no [[sensor]]", path=scenario.path)
    target, grid, ways = setting_of(place, kind, height_m, cell_m, extent_km, **signature)
    rule = rule or Rule()
    sights = tuple(
        see(build_sensor(place, spec, i), spec, place, target, rule, ways, grid)
        for i, (_, spec) in enumerate(place.sensors)
    )
    return Coverage(place, target, rule, grid, ways, sights)


def setting_of(
    place: Place, kind: str, height_m: float, cell_m: float, extent_km: float, **signature: Any
) -> tuple[Target, Grid, Ways]:
    """What is looked for and where, checked."""
    if not (math.isfinite(cell_m) and 1.0 <= cell_m <= 5_000.0):
        raise InputError(f"cell_m = {cell_m:g}, expected 1 to 5000")
    if not (math.isfinite(extent_km) and 2.0 * cell_m <= 1000.0 * extent_km <= 200_000.0):
        raise InputError(f"extent_km = {extent_km:g}, expected at least two cells and at most 200")
    if 1000.0 * extent_km / cell_m > 4_000:
        raise InputError(f"extent_km = {extent_km:g} with cell_m = {cell_m:g}: more than 4000 x 4000 cells")
    target = Target.of(place, kind, height_m, **signature)
    ways = ways_to(aims_of(place), target.speed_ms, 500.0 * extent_km, cell_m)
    return target, Grid.of(1000.0 * extent_km, cell_m), ways


def build_sensor(place: Place, spec: Any, index: int) -> Any:
    """A sensor that draws no dice."""
    return spec.build(place.site, place.environment, index, np.random.Generator(np.random.Philox(0)))


def choose_place(places: tuple[Place, ...], site_id: str | None, path: str) -> Place:
    """The site asked for; the only one if none is."""
    names = ", ".join(place.site.id for place in places)
    if site_id is None and len(places) > 1:
        raise InputError(f"has the sites {names}; expected --site with one of them", path=path)
    for place in places:
        if site_id in (None, place.site.id):
            return place
    raise InputError(f"has no site {site_id!r}; expected one of {names}", path=path)
