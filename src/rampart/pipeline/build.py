"""Build: from a checked scenario to sites, chains and - for a simulation - flights and sensors."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rampart.errors import InputError
from rampart.physics.atmosphere import load_wind
from rampart.physics.environment import Environment
from rampart.physics.terrain import load_hgt
from rampart.records import Flight, Site, Zone
from rampart.registry import find

from .chain import Chain
from .path import FlightPath
from .scenario import Scenario
from .specs import SiteSpec, ZoneSpec
from .streams import Purpose, stream


@dataclass(frozen=True)
class Place:
    """A site with its environment and the parts that belong to it."""

    site: Site
    environment: Environment
    sensors: tuple[tuple[int, Any], ...]  #: position in the scenario's section, spec
    threats: tuple[tuple[int, Any], ...]
    effectors: tuple[tuple[int, Any], ...]


@dataclass(frozen=True)
class World:
    """The simulated side of one site: what flies and what looks at it. No stage of the chain ever gets it."""

    flights: tuple[Flight, ...]
    sensors: tuple[Any, ...]

    @cached_property
    def paths(self) -> tuple[FlightPath, ...]:
        """The flights as curves."""
        return tuple(FlightPath(flight) for flight in self.flights)


def build_places(scenario: Scenario) -> tuple[Place, ...]:
    """The sites of a scenario, in its order, with terrain and wind read from their files."""
    return tuple(_place(scenario, spec) for spec in scenario.parts["site"])


def _place(scenario: Scenario, spec: SiteSpec) -> Place:
    def mine(section: str) -> tuple[tuple[int, Any], ...]:
        parts = enumerate(scenario.parts[section])
        return tuple((i, _with_file(scenario, part)) for i, part in parts if part.site in (None, spec.id))

    latitude, longitude = np.deg2rad([spec.origin.lat_deg, spec.origin.lon_deg]).tolist()
    bare = Site(spec.id, latitude, longitude, spec.origin.height_m, name=spec.name or spec.id)
    sensors = mine("sensor")
    site = Site(
        spec.id,
        latitude,
        longitude,
        spec.origin.height_m,
        zones=_zones(scenario, bare, mine("zone")),
        sensors=tuple(part.model(bare) for _, part in sensors),
        name=spec.name or spec.id,
        start_ns=scenario.start_ns,
    )
    return Place(site, _environment(scenario, spec, site), sensors, mine("threat"), mine("effector"))


def _zones(scenario: Scenario, site: Site, specs: tuple[tuple[int, Any], ...]) -> tuple[Zone, ...]:
    zones = [_zone(spec) for _, spec in specs]
    if scenario.head.zones is not None:
        path = scenario.folder / scenario.head.zones
        read_zones: Any = find("zone", "geojson")
        known = {zone.id for zone in zones}
        for zone in read_zones(path, site):
            if zone.id in known:
                raise InputError(f"zone {zone.id!r}: {scenario.path} has a [[zone]] of that id already", path=path)
            zones.append(zone)
    _check_parents(scenario, zones)
    return tuple(zones)


def _zone(spec: ZoneSpec) -> Zone:
    return Zone(
        spec.id,
        np.array(spec.polygon_en_m, float),
        population=spec.population,
        warn_radius_m=spec.warn_radius_m,
        defended=spec.defended,
        name=spec.name or spec.id,
        parent=spec.parent or "",
        **spec.times(),
    )


def _check_parents(scenario: Scenario, zones: list[Zone]) -> None:
    """Every zone's parent is there, and none is its own."""
    parents = {zone.id: zone.parent for zone in zones}
    for zone in zones:
        above, seen = zone.parent, {zone.id}
        while above:
            if above not in parents:
                raise InputError(f"zone {zone.id!r}: parent {above!r}: no zone has that id", path=scenario.path)
            if above in seen:
                raise InputError(f"zone {zone.id!r}: belongs to itself by way of {above!r}", path=scenario.path)
            seen.add(above)
            above = parents[above]


def _environment(scenario: Scenario, spec: SiteSpec, site: Site) -> Environment:
    wind = load_wind(_file(scenario, spec.wind)) if spec.wind else None
    terrain = None
    if spec.terrain:
        terrain = load_hgt(
            _file(scenario, spec.terrain),
            latitude_rad=site.latitude_rad,
            longitude_rad=site.longitude_rad,
            height_m=site.height_m,
            radius_m=spec.terrain_radius_m,
        )
    return Environment.standard(latitude_rad=site.latitude_rad, height_m=site.height_m, wind=wind, terrain=terrain)


def _file(scenario: Scenario, name: str) -> Path:
    return scenario.folder / name


def _with_file(scenario: Scenario, part: Any) -> Any:
    """A part that names a file names it relative to the scenario's folder."""
    name = getattr(part, "file", None)
    return part if name is None else part.model_copy(update={"file": str(_file(scenario, name))})


def build_chain(
    scenario: Scenario, place: Place, *, engage: bool = True, live: bool = False, seed: int = 0, run: int = 0
) -> Chain:
    """The chain of one site.

    Parameters
    ----------
    scenario : Scenario
        Gives the stages' settings.
    place : Place
        The site.
    engage : bool
        Build the engager, if the scenario has effectors here. A live chain never has one.
    live : bool
        Fed by real sensors: without it no warning is ever `ACTUAL`.
    seed, run : int
        Of the run: what a simulated look errs by.
    """
    site, environment, stages = place.site, place.environment, scenario.stages
    tracker, predictor, warner = (stages[name].build(site, environment) for name in ("track", "predict", "warn"))  # type: ignore[attr-defined]
    engager = None
    if engage and not live and place.effectors and "engage" in stages:
        effectors = tuple(spec.build(site, i) for i, (_, spec) in enumerate(place.effectors))
        entity = [spec.id for spec in scenario.parts["site"]].index(site.id)
        rng = stream(seed, run, Purpose.LOOK, entity)
        engager = stages["engage"].build(site, environment, effectors, rng)  # type: ignore[attr-defined]
    return Chain(site, tracker, predictor, warner, engager, live=live)


def build_world(place: Place, *, seed: int, run: int) -> World:
    """The simulated side of one site: flights and sensors, each with a random stream of its own."""
    flights: list[Flight] = []
    for i, spec in place.threats:
        flights.extend(spec.build(place.site, place.environment, stream(seed, run, Purpose.THREAT, i)))
    sensors = tuple(
        spec.build(place.site, place.environment, index, stream(seed, run, Purpose.SENSOR, i))
        for index, (i, spec) in enumerate(place.sensors)
    )
    names = [flight.id for flight in flights]
    if len(set(names)) != len(names):
        raise InputError(f"site {place.site.id!r}: two threats would be called {max(names, key=names.count)!r}")
    return World(tuple(flights), sensors)
